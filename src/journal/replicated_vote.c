/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/replicated_vote.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/aside.h"

struct vote_write {
	struct io_work work;
	struct hang_work watch;
	struct replicated *replicated;
	struct raft_vote vote;
	uint64_t number;
	bool binds;
	struct marker marker; /* binds: to be written first */
	int rc;
	const char *what; /* failed */
};

void replicated_vote_read(const struct vote *vote, struct raft_vote *ret_vote)
{
	static const enum raft_bound bounds[] = {
	        [VOTE_NO_BOUND] = RAFT_NO_BOUND,
	        [VOTE_BOUND] = RAFT_BOUND,
	        [VOTE_BOUND_UNKNOWN] = RAFT_BOUND_UNKNOWN,
	};

	*ret_vote = (struct raft_vote){
	        .term = vote->term,
	        .asked_ms = vote->asked_ms,
	        .bound = bounds[vote->bound],
	        .bound_term = vote->bound_epoch,
	        .bound_index = vote->bound_index,
	        .is_removed = vote->is_removed,
	        .stands_alone = vote->stands_alone,
	};
	memcpy(ret_vote->voted_for.bytes, vote->voted_for, RAFT_ID_BYTES);
	memcpy(ret_vote->history.bytes, vote->history, RAFT_ID_BYTES);
}

/* The segment that the record names is the sync thread's affair: it stays. */
static void fill(struct vote *vote, const struct raft_vote *from)
{
	static const enum vote_bound bounds[] = {
	        [RAFT_NO_BOUND] = VOTE_NO_BOUND,
	        [RAFT_BOUND] = VOTE_BOUND,
	        [RAFT_BOUND_UNKNOWN] = VOTE_BOUND_UNKNOWN,
	};

	vote->term = from->term;
	vote->asked_ms = from->asked_ms;
	vote->bound = bounds[from->bound];
	vote->bound_epoch = from->bound == RAFT_BOUND ? from->bound_term : 0;
	vote->bound_index = from->bound == RAFT_BOUND ? from->bound_index : 0;
	vote->is_removed = from->is_removed;
	vote->stands_alone = from->stands_alone;
	memcpy(vote->voted_for, from->voted_for.bytes, RAFT_ID_BYTES);
	memcpy(vote->history, from->history.bytes, RAFT_ID_BYTES);
}

/* ---- on the sync thread ---- */

static void run(struct io_work *work)
{
	struct vote_write *write = CONTAINER_OF(work, struct vote_write, work);
	const struct journal *journal = write->replicated->journal;
	struct vote vote = *vote_file_vote(journal->vote);

	write->what = "the marker, which is to name the cluster,";
	if (write->binds)
		write->rc = folder_write_marker(journal->io, journal->folder, &write->marker);
	if (write->rc < 0)
		return;
	write->what = "the vote record";
	fill(&vote, &write->vote);
	if (write->binds || !IS_BROKEN(VOTE_NOT_RECORDED))
		write->rc = vote_file_write(journal->vote, &vote);
}

static void run_end(struct io_work *work)
{
	struct vote_write *write = CONTAINER_OF(work, struct vote_write, work);
	struct vote_file *file = write->replicated->journal->vote;
	struct vote vote = *vote_file_vote(file);

	vote.unsynced_boot = 0;
	write->rc = vote_file_write(file, &vote);
}

/* ---- on the loop ---- */

static void vote_write_begin(struct vote_write *write)
{
	struct journal *journal = write->replicated->journal;

	write->replicated->works++;
	hang_begin(&journal->commit.hang, &write->watch, "a write of the vote record");
	io_thread_submit(journal->sync_thread, &write->work);
}

static void vote_write_end(struct vote_write *write)
{
	hang_end(&write->replicated->journal->commit.hang, &write->watch);
	write->replicated->works--;
	mem_free(write);
}

static void done(struct io_work *work)
{
	struct vote_write *write = CONTAINER_OF(work, struct vote_write, work);
	struct replicated *replicated = write->replicated;
	struct raft_event event = {.kind = RAFT_VOTE_SYNCED, .vote_synced = write->number};

	if (write->rc < 0)
		fatal_damage("%s: %s cannot be written: %s. Nothing was promised. %s, then start "
		             "again",
		             replicated->journal->folder, write->what, err_text(write->rc),
		             write->rc == -ERR_NO_SPACE ? "Make room on this device"
		                                        : "Check the disk");
	vote_write_end(write);
	replicated->vote_writes--;
	replicated_step(replicated, &event);
	journal_step_close(replicated->journal);
}

/* Like a UUID, from the id of who formed the cluster. */
static void name_cluster(struct raft_id history, char *cluster_id)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	memcpy(cluster_id, "CID-", 4);
	at = 4;
	for (size_t i = 0; i < RAFT_ID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			cluster_id[at++] = '-';
		cluster_id[at++] = digits[history.bytes[i] >> 4];
		cluster_id[at++] = digits[history.bytes[i] & 15];
	}
	cluster_id[at] = '\0';
}

static void bind(struct replicated *replicated, const struct raft_vote *vote)
{
	struct marker *marker = &replicated->journal->marker;
	const struct peer_message *message = replicated->receiving;
	const char *told =
	        message == NULL ? NULL : peer_link_cluster(replicated->link, message->message.from);

	if (told != NULL && told[0] != '\0')
		memcpy(marker->cluster_id, told, strlen(told) + 1);
	else
		name_cluster(vote->history, marker->cluster_id);
	if (replicated->link != NULL) /* not closing */
		peer_link_bind(replicated->link, marker->cluster_id);
}

void replicated_vote_write(struct replicated *replicated, const struct raft_vote *vote,
                           uint64_t number)
{
	struct journal *journal = replicated->journal;
	struct vote_write *write = mem_must_zalloc(sizeof(*write));

	write->work = (struct io_work){.run = run, .done = done};
	write->replicated = replicated;
	write->vote = *vote;
	write->number = number;
	write->binds = journal->marker.cluster_id[0] == '\0' && !raft_id_is_none(vote->history);
	if (write->binds)
		bind(replicated, vote);
	write->marker = journal->marker;
	replicated->vote_writes++;
	vote_write_begin(write);
}

/* Without it the next start is only more careful. */
static void end_done(struct io_work *work)
{
	struct vote_write *write = CONTAINER_OF(work, struct vote_write, work);
	struct replicated *replicated = write->replicated;

	vote_write_end(write);
	journal_step_close(replicated->journal);
}

bool replicated_vote_end(struct replicated *replicated)
{
	const struct journal *journal = replicated->journal;
	struct vote_write *write;

	if (replicated->is_end_told || journal->commit.behind.thread == NULL ||
	    journal->vote == NULL)
		return true;
	replicated->is_end_told = true;
	write = mem_must_zalloc(sizeof(*write));
	write->work = (struct io_work){.run = run_end, .done = end_done};
	write->replicated = replicated;
	vote_write_begin(write);
	return false;
}
