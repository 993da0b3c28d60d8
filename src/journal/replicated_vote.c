/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/replicated_vote.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/aside.h"
#include "journal/text.h"

enum { RETRY_US = 1000 * 1000 };

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
	struct replicated *replicated = write->replicated;
	const struct journal *journal = replicated->journal;
	struct vote vote = *vote_file_vote(journal->vote);

	replicated->owes_marker |= write->binds;
	replicated->owes_vote = true;
	write->rc = 0;
	write->what = "the marker, which is to name the cluster,";
	if (replicated->owes_marker)
		write->rc = folder_write_marker(journal->io, journal->folder, &write->marker);
	if (write->rc < 0)
		return;
	replicated->owes_marker = false;
	write->what = "the vote record";
	fill(&vote, &write->vote);
	if (write->binds || !IS_BROKEN(VOTE_NOT_RECORDED))
		write->rc = vote_file_write(journal->vote, &vote);
	replicated->owes_vote = write->rc < 0;
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

static void give(struct vote_write *write)
{
	struct journal *journal = write->replicated->journal;

	write->replicated->works++;
	hang_begin(&journal->commit.hang, &write->watch, "a write of the vote record");
	io_thread_submit(journal->sync_thread, &write->work);
}

static void take_back(struct vote_write *write)
{
	hang_end(&write->replicated->journal->commit.hang, &write->watch);
	write->replicated->works--;
}

static void give_vote(struct replicated *replicated, struct vote_write *write)
{
	replicated->vote_writes++;
	commit_bar(&replicated->journal->commit, COMMIT_BARRED);
	give(write);
}

static void drop_waiting(struct replicated *replicated)
{
	io_timer_stop(&replicated->vote_retry);
	mem_free(replicated->vote_waits);
	replicated->vote_waits = NULL;
}

static void tell_lack(struct replicated *replicated, const struct vote_write *write)
{
	if (!replicated->is_vote_told)
		journal_notice(replicated->journal, write->rc,
		               text_make("%s: %s cannot be written: %s. Until it is, this master "
		                         "promises and acknowledges nothing; it goes on by itself "
		                         "when there is room: make room on this device",
		                         replicated->journal->folder, write->what,
		                         err_text(write->rc)));
	replicated->is_vote_told = true;
}

/* A newer one that is on its way has all that this one has. */
static void wait_for_room(struct replicated *replicated, struct vote_write *write)
{
	struct journal *journal = replicated->journal;

	tell_lack(replicated, write);
	if (journal->is_closing)
		commit_bar(&journal->commit, COMMIT_SHUT);
	if (journal->is_closing || replicated->vote_writes > 0) {
		mem_free(write);
		return;
	}
	replicated->vote_waits = write;
	io_timer_start(&replicated->vote_retry, RETRY_US);
}

static void written(struct replicated *replicated, struct vote_write *write)
{
	struct raft_event event = {.kind = RAFT_VOTE_SYNCED, .vote_synced = write->number};

	mem_free(write);
	if (replicated->is_vote_told)
		journal_notice(replicated->journal, 0,
		               text_make("%s: there is room again for the vote record",
		                         replicated->journal->folder));
	replicated->is_vote_told = false;
	if (replicated->vote_writes == 0)
		commit_bar(&replicated->journal->commit, COMMIT_OPEN);
	replicated_step(replicated, &event);
}

static void done(struct io_work *work)
{
	struct vote_write *write = CONTAINER_OF(work, struct vote_write, work);
	struct replicated *replicated = write->replicated;

	if (write->rc < 0 && write->rc != -ERR_NO_SPACE)
		fatal_damage("%s: %s cannot be written: %s. Nothing was promised. Check the disk, "
		             "then start again",
		             replicated->journal->folder, write->what, err_text(write->rc));
	take_back(write);
	replicated->vote_writes--;
	if (write->rc < 0)
		wait_for_room(replicated, write);
	else
		written(replicated, write);
	journal_step_close(replicated->journal);
}

static void retry(struct io_timer *timer)
{
	struct replicated *replicated = CONTAINER_OF(timer, struct replicated, vote_retry);
	struct journal *journal = replicated->journal;
	struct vote_write *write = replicated->vote_waits;

	replicated->vote_waits = NULL;
	if (!journal->is_closing) {
		give_vote(replicated, write);
		return;
	}
	mem_free(write);
	commit_bar(&journal->commit, COMMIT_SHUT);
	journal_step_close(journal);
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
	drop_waiting(replicated);
	give_vote(replicated, write);
}

void replicated_vote_init(struct replicated *replicated)
{
	io_timer_init(replicated->journal->io, &replicated->vote_retry, retry);
}

void replicated_vote_stop(struct replicated *replicated)
{
	drop_waiting(replicated);
}

/* Without it the next start is only more careful. */
static void end_done(struct io_work *work)
{
	struct vote_write *write = CONTAINER_OF(work, struct vote_write, work);
	struct replicated *replicated = write->replicated;

	take_back(write);
	mem_free(write);
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
	give(write);
	return false;
}
