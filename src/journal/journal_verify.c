/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/checkpoint_read.h"
#include "journal/journal.h"
#include "journal/text.h"
#include "journal/vote_file.h"
#include "journal/walk.h"

struct verify {
	struct walk walk;
	struct buf *report;
	struct journal_verdict verdict;
	/* The segment before, as far as it was read. */
	size_t before_place;
	struct entry end;      /* last entry of it that counts */
	bool is_before_gone;   /* it was removed since the folder was listed */
	uint64_t counts_up_to; /* in the segment being read */
	/* Entry at the end of the newest good checkpoint, to be met in a segment. */
	struct entry checkpoint;
	uint64_t older;         /* the index after which segments must be there */
	bool misses_checkpoint; /* another entry was met at its index */
	bool is_of_cluster;     /* other masters have what is lost here */
};

/* One line.  Takes `text`. */
static void problem(struct verify *verify, char *text)
{
	verify->verdict.problems++;
	buf_append_format(verify->report, "%s\n", text == NULL ? "out of memory" : text);
	mem_free(text);
}

/* A line that is no problem.  Takes `text`. */
static void note(struct verify *verify, char *text)
{
	if (text != NULL)
		buf_append_format(verify->report, "%s\n", text);
	mem_free(text);
}

/* ---- checkpoints ---- */

static int read_checkpoint(const struct walk *walk, uint64_t index, struct entry *ret_entry,
                           char **ret_text)
{
	struct checkpoint_reader *reader;
	char name[FOLDER_NAME_BYTES];
	int rc = checkpoint_reader_open_index(walk->io, walk->folder, index,
	                                      walk->marker.cluster_id, &reader, ret_text);

	folder_checkpoint_name(index, name);
	if (rc < 0)
		return walk_is_gone(walk, name) ? -ERR_NO_FILE : rc;
	rc = checkpoint_reader_check(reader, /* is_given_up= */ NULL, ret_text);
	if (rc < 0 && walk_is_gone(walk, name))
		rc = -ERR_NO_FILE;
	ret_entry->index = checkpoint_reader_header(reader)->index;
	ret_entry->epoch = checkpoint_reader_header(reader)->epoch;
	ret_entry->chain = checkpoint_reader_header(reader)->chain;
	checkpoint_reader_close(reader);
	return rc;
}

static void verify_checkpoints(struct verify *verify)
{
	const struct folder_names *names = &verify->walk.names;

	for (size_t i = 0; i < names->checkpoint_count; i++) {
		struct entry entry = {0};
		char *text = NULL;
		int rc = read_checkpoint(&verify->walk, names->checkpoints[i], &entry, &text);

		if (rc == -ERR_NO_FILE) { /* for a newer one, and what lies before may be gone */
			mem_free(text);
			verify->older = names->checkpoints[i];
			continue;
		}
		verify->verdict.checkpoints++;
		if (rc < 0) {
			problem(verify, text);
			continue;
		}
		if (verify->older < verify->checkpoint.index)
			verify->older = verify->checkpoint.index;
		verify->checkpoint = entry;
		if (verify->verdict.last_mark < entry.index)
			verify->verdict.last_mark = entry.index;
	}
}

/* ---- segments ---- */

/* The entry at a checkpoint's index is that checkpoint's. */
static bool meets_checkpoint(void *context, const struct segment_scan *scan)
{
	struct verify *verify = context;
	struct cursor c = cursor_of(scan->body);
	const struct entry *checkpoint = &verify->checkpoint;
	struct entry entry;

	while (entry_next(&c, &entry) && entry.index <= verify->counts_up_to) {
		if (checkpoint->index > 0 && entry.index == checkpoint->index)
			verify->misses_checkpoint = entry.epoch != checkpoint->epoch ||
			                            entry.chain != checkpoint->chain;
		verify->end = entry;
	}
	verify->end.payload = (struct str){0};
	return true;
}

/* Its header names the segment before, or one behind that of which nothing counts. */
static bool is_next(const struct verify *verify, size_t place, const struct segment_header *header)
{
	const struct segment_id *ids = verify->walk.names.segments;

	for (size_t i = verify->before_place; verify->verdict.segments > 0 && i < place; i++)
		if (header->before_epoch == ids[i].epoch &&
		    header->before_first_index == ids[i].first_index)
			return true;
	return false;
}

/* A checkpoint that came from the primary was put in the place of all that was here. */
static bool begins_after(const struct segment_header *header, const struct entry *checkpoint)
{
	return checkpoint->index > 0 && header->before_end == checkpoint->index &&
	       header->before_end_epoch == checkpoint->epoch &&
	       header->before_end_chain == checkpoint->chain;
}

/* What a checkpoint makes needless is removed, also while this reads, and a power cut may bring one
 * of several back: what follows a gap below the older checkpoint stands for itself. */
static bool follows(struct verify *verify, size_t place, const struct segment_header *header)
{
	if (is_next(verify, place, header) && !verify->is_before_gone &&
	    header->before_end == verify->end.index &&
	    header->before_end_epoch == verify->end.epoch &&
	    header->before_end_chain == verify->end.chain)
		return true;
	verify->verdict.first_index = header->first_index;
	if (begins_after(header, &verify->checkpoint))
		verify->misses_checkpoint = false;
	return verify->is_before_gone || begins_after(header, &verify->checkpoint) ||
	       header->before_end <= verify->older;
}

static void check_follows(struct verify *verify, size_t place, const struct segment_header *header)
{
	char name[FOLDER_NAME_BYTES];

	if (follows(verify, place, header))
		return;
	folder_segment_name(verify->walk.names.segments[place], name);
	problem(verify, text_make("%s/%s: a hole before it: it begins at index %" PRIu64
	                          " and does not follow from the segment before it",
	                          verify->walk.folder, name, header->first_index));
}

/* A cut leaves it behind until a checkpoint has made it needless. */
static bool is_left_over(const struct verify *verify, size_t place)
{
	return walk_segment_end(&verify->walk, place) <
	       verify->walk.names.segments[place].first_index;
}

static void verify_segment(struct verify *verify, size_t place)
{
	enum segment_finding finding = SEGMENT_END;
	struct segment_reader *reader;
	struct segment_scan scan = {0};
	char *text = NULL;
	int rc = segment_reader_open(verify->walk.io, verify->walk.folder,
	                             verify->walk.names.segments[place],
	                             verify->walk.marker.cluster_id, &reader, &text);

	if (rc == 0) {
		const struct segment_header *header = segment_reader_header(reader);

		check_follows(verify, place, header);
		verify->end = (struct entry){.index = header->before_end,
		                             .epoch = header->before_end_epoch,
		                             .chain = header->before_end_chain};
		segment_reader_close(reader);
		verify->counts_up_to = walk_segment_end(&verify->walk, place);
		rc = walk_segment(&verify->walk, place, meets_checkpoint, verify, &scan, &finding,
		                  &text);
	}
	verify->is_before_gone = rc == -ERR_NO_FILE;
	if (rc == -ERR_NO_FILE) {
		mem_free(text);
		return;
	}
	verify->verdict.segments++;
	verify->before_place = place;
	if (rc < 0 || finding == SEGMENT_HOLE || finding == SEGMENT_ROT)
		problem(verify, text);
	else if (finding == SEGMENT_TORN)
		note(verify, text);
	else
		mem_free(text);
	if (rc < 0)
		return;
	if (verify->verdict.last_index < verify->end.index)
		verify->verdict.last_index = verify->end.index;
	if (verify->verdict.last_mark < scan.mark)
		verify->verdict.last_mark = scan.mark;
}

/* It may have been begun since the folder was listed. */
static bool is_there(const struct walk *walk, const char *name)
{
	CLEANUP(mem_cleanup) char *path = folder_join(walk->folder, name);
	struct io_stat stat;

	return path == NULL || io_stat(walk->io, path, &stat) == 0;
}

static void verify_vote(struct verify *verify)
{
	const struct walk *walk = &verify->walk;
	char name[FOLDER_NAME_BYTES];
	struct vote vote;
	char *text = NULL;

	if (vote_file_read(walk->io, walk->folder, &vote, &text) < 0) {
		problem(verify, text);
		return;
	}
	verify->is_of_cluster = vote_is_of_cluster(&vote);
	if (vote.bound != VOTE_NO_BOUND)
		note(verify,
		     text_make("%s: its end was damaged and dropped; this master is waiting for "
		               "the other masters to bring it again",
		               walk->folder));
	if (vote.segment_epoch == 0)
		return; /* a member without entries yet */
	folder_segment_name((struct segment_id){.epoch = vote.segment_epoch,
	                                        .first_index = vote.segment_first_index},
	                    name);
	if (!is_there(walk, name))
		problem(verify,
		        text_make(
		                "%s/%s is missing; the vote record names it as the newest segment",
		                walk->folder, name));
}

/* One of several masters may have been given a checkpoint by the primary; until something follows
 * it, what was here before stands below it or differs from it, and nothing of that counts. */
static void check_end(struct verify *verify)
{
	void (*say)(struct verify * verify, char *text) = verify->is_of_cluster ? note : problem;
	const char *folder = verify->walk.folder;
	uint64_t index = verify->checkpoint.index, last = verify->verdict.last_index;

	if (verify->misses_checkpoint)
		say(verify, text_make("%s: the checkpoint of index %" PRIu64
		                      " is of another history than the journal",
		                      folder, index));
	if (last < index)
		say(verify, text_make("%s: the journal ends at index %" PRIu64
		                      ", before the checkpoint of index %" PRIu64,
		                      folder, last, index));
}

int journal_verify(struct io *io, const char *folder, struct buf *report,
                   struct journal_verdict *ret_verdict)
{
	struct verify verify = {.report = report};
	char *text = NULL;
	int rc = walk_begin(&verify.walk, io, folder, &text);

	if (rc < 0) {
		problem(&verify, text);
		*ret_verdict = verify.verdict;
		return rc;
	}
	verify_vote(&verify);
	verify_checkpoints(&verify);
	for (size_t i = 0; i < verify.walk.names.segment_count; i++)
		if (!is_left_over(&verify, i))
			verify_segment(&verify, i);
	check_end(&verify);
	if (verify.verdict.first_index > 0)
		verify.verdict.entries = verify.verdict.last_index + 1 - verify.verdict.first_index;
	*ret_verdict = verify.verdict;
	walk_end(&verify.walk);
	return report->failed ? -ERR_NO_MEMORY : 0;
}
