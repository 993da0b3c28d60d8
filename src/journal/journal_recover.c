/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quorum of one out of one of several masters, when the majority is gone for ever.
 *
 * What makes the others foreign is a new history in the vote record: a master of another history is
 * neither asked nor obeyed nor counted (raft/step.c).  The rest is the next start's work: the
 * record says that this master is alone from the end of its journal on, so it leads, and writes
 * that into the journal as any list of members is written.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/folder.h"
#include "journal/journal.h"
#include "journal/text.h"
#include "journal/vote_file.h"

/* Why there is nothing to be done here; NULL. */
static const char *unfit(const struct vote *vote, const struct journal_verdict *verdict)
{
	if (!vote_is_of_cluster(vote))
		return "this master was always alone, and starts without others as it is";
	if (vote->is_removed)
		return "this master was taken out of the quorum before; take one that was in it";
	if (vote->stands_alone)
		return "this was done already, and the master was not started since: start it";
	if (verdict->last_index == 0)
		return "there is no entry in it: take another master's folder";
	return NULL;
}

static void tell(const char *folder, const struct vote *vote, const struct journal_verdict *verdict,
                 struct buf *report)
{
	uint64_t mark = verdict->last_mark, last = verdict->last_index;

	buf_append_format(report,
	                  "%s: entries up to index %" PRIu64 ", epoch %" PRIu64 "\n"
	                  "  kept:      all of them; up to index %" PRIu64 " they are surely "
	                  "committed%s\n"
	                  "  lost:      whatever the other masters acknowledged after index "
	                  "%" PRIu64 "\n",
	                  folder, last, vote->term, mark,
	                  mark < last ? ", those behind it perhaps were never acknowledged" : "",
	                  last);
	if (vote->bound == VOTE_BOUND)
		buf_append_format(report,
		                  "  lost too:  what damage has cost this master, up to index "
		                  "%" PRIu64 " of epoch %" PRIu64 "\n",
		                  vote->bound_index, vote->bound_epoch);
	if (vote->bound == VOTE_BOUND_UNKNOWN)
		buf_append_format(report, "  lost too:  what damage has cost this master; how much "
		                          "that was cannot be read\n");
	buf_append_format(report, "Take the master whose epoch, then index, is the greatest of all "
	                          "that are left.\n");
}

/* Beside the folder, in which every name has a meaning. */
static int keep_copy(struct io *io, const char *folder, char **ret_copy)
{
	CLEANUP(mem_cleanup) char *path = folder_join(folder, FOLDER_VOTE);
	char *copy = text_make("%s.vote-before-recover-%" PRIu64, folder, io_wall_ms(io));
	struct buf bytes = {0};
	int rc = -ERR_NO_MEMORY;

	if (path != NULL && copy != NULL)
		rc = io_read_file(io, path, (size_t)VOTE_SLOTS * VOTE_SLOT_BYTES, &bytes);
	if (rc == 0)
		rc = io_replace_file(io, copy, bytes.data, bytes.size);
	buf_finish(&bytes);
	if (rc < 0)
		mem_free(copy);
	else
		*ret_copy = copy;
	return rc;
}

static int rewrite(struct io *io, const char *folder, char **ret_text)
{
	uint64_t now_s = io_wall_ms(io) / 1000;
	struct vote_file *file;
	struct vote vote;
	int rc = vote_file_open(io, folder, &file, ret_text);

	if (rc < 0)
		return rc;
	vote = *vote_file_vote(file);
	/* Above whatever the others were elected for, so that workers obey none of them. */
	vote.term = vote.term + 1 > now_s ? vote.term + 1 : now_s;
	memset(vote.voted_for, 0, sizeof(vote.voted_for));
	if (!IS_BROKEN(RECOVERED_HISTORY))
		io_random(io, vote.history, sizeof(vote.history));
	vote.bound = VOTE_NO_BOUND;
	vote.bound_epoch = vote.bound_index = 0;
	vote.stands_alone = true;
	rc = vote_file_write(file, &vote);
	vote_file_close(file);
	if (rc < 0)
		*ret_text = text_of_error(folder, "write the vote record", rc);
	return rc;
}

static int recover(struct io *io, const char *folder, bool is_unsafe, struct buf *report,
                   char **ret_text)
{
	CLEANUP(mem_cleanup) char *copy = NULL;
	struct journal_verdict verdict = {0};
	struct vote vote;
	int rc = vote_file_read(io, folder, &vote, ret_text);

	if (rc == 0)
		rc = journal_verify(io, folder, report, &verdict);
	if (rc < 0)
		return rc;
	if (verdict.problems > 0) {
		*ret_text = text_make("%s: the journal is damaged; take another master's folder",
		                      folder);
		return -ERR_DAMAGED;
	}
	if (unfit(&vote, &verdict) != NULL) {
		*ret_text = text_make("%s: %s", folder, unfit(&vote, &verdict));
		return -ERR_INVALID;
	}
	tell(folder, &vote, &verdict, report);
	if (!is_unsafe)
		return -ERR_WRITE_REFUSED;
	rc = keep_copy(io, folder, &copy);
	if (rc < 0) {
		*ret_text = text_of_error(folder, "copy the vote record", rc);
		return rc;
	}
	buf_append_format(report, "The vote record as it was is kept as %s\n", copy);
	return rewrite(io, folder, ret_text);
}

int journal_recover(struct io *io, const char *folder, bool is_unsafe, struct buf *report,
                    char **ret_text)
{
	struct marker marker;
	struct io_file *lock;
	int rc = folder_read_marker(io, folder, &marker, ret_text);

	if (rc == 0)
		rc = folder_lock(io, folder, &lock, ret_text);
	if (rc < 0)
		return rc;
	rc = recover(io, folder, is_unsafe, report, ret_text);
	io_file_close(lock);
	return rc;
}
