/* SPDX-License-Identifier: Apache-2.0 */
/* What damage has cost, and what the vote record must remember of it (recovery_read.h). */
#include <inttypes.h>

#include "base/mem.h"
#include "base/twins.h"
#include "journal/recovery_private.h"
#include "journal/text.h"

static bool is_above(uint64_t epoch, uint64_t index, uint64_t other_epoch, uint64_t other_index)
{
	return epoch != other_epoch ? epoch > other_epoch : index > other_index;
}

void recovery_lost_add(struct recovery_reader *reader, char *what)
{
	struct recovery_lost *lost = &reader->lost;

	if (lost->what == NULL)
		lost->what = what;
	else
		mem_free(what);
}

void recovery_lost_up_to(struct recovery_reader *reader, uint64_t epoch, uint64_t index)
{
	struct recovery_lost *lost = &reader->lost;

	if (!is_above(epoch, index, lost->epoch, lost->index))
		return;
	lost->epoch = epoch;
	lost->index = index;
}

int recovery_lost_rest(struct recovery_reader *reader, struct segment_reader *segment,
                       enum segment_finding finding, char **ret_text)
{
	const struct segment_scan *scan = segment_reader_scan(segment);
	uint64_t epoch = scan->last.epoch, index = scan->last.index;
	int rc = 1;

	if (finding == SEGMENT_ROT || finding == SEGMENT_HOLE)
		rc = segment_reader_reach(segment, &epoch, &index, ret_text);
	if (rc == 0)
		reader->lost.is_unknown = true;
	if (rc == 1)
		recovery_lost_up_to(reader, epoch, index);
	return rc < 0 ? rc : 0;
}

int recovery_lost_segment(struct recovery_reader *reader, struct segment_id id, char **ret_text)
{
	enum segment_finding finding = SEGMENT_BATCH;
	struct segment_reader *segment;
	int rc = segment_reader_open(reader->io, reader->folder, id, reader->marker->cluster_id,
	                             &segment, ret_text);

	if (rc < 0)
		return rc;
	while (rc == 0 && finding == SEGMENT_BATCH)
		rc = segment_reader_next(segment, &finding, ret_text);
	if (rc == 0)
		rc = recovery_lost_rest(reader, segment, finding, ret_text);
	segment_reader_close(segment);
	return rc;
}

/* ---- what comes of it ---- */

/* True if the journal, as far as it is left, ends below something that was surely there. */
static bool is_less(const struct recovery_reader *reader)
{
	const struct recovery_lost *lost = &reader->lost;
	const struct entry *last = &reader->log.last;

	return is_above(lost->epoch, lost->index, last->epoch, last->index);
}

static bool is_unknown(const struct recovery_reader *reader)
{
	const struct recovery_lost *lost = &reader->lost;

	return lost->is_unknown ||
	       (lost->unread > reader->log.last.index && lost->unread > lost->index);
}

bool recovery_lost_is_hasty(const struct recovery_reader *reader)
{
	return reader->lost.rc < 0 && reader->is_tolerant &&
	       (is_unknown(reader) || is_less(reader));
}

void recovery_lost_settle(struct recovery_reader *reader, struct vote *vote)
{
	const struct recovery_lost *lost = &reader->lost;

	if (IS_BROKEN(ROT_CUT_AS_TORN))
		return;
	if (is_unknown(reader)) {
		vote->bound = VOTE_BOUND_UNKNOWN;
		vote->bound_epoch = vote->bound_index = 0;
		return;
	}
	if (!is_less(reader) || vote->bound == VOTE_BOUND_UNKNOWN ||
	    (vote->bound == VOTE_BOUND &&
	     !is_above(lost->epoch, lost->index, vote->bound_epoch, vote->bound_index)))
		return;
	vote->bound = VOTE_BOUND;
	vote->bound_epoch = lost->epoch;
	vote->bound_index = lost->index;
}

/* A master that was alone, and whom others might join (holdfast quorum allow). */
static bool names_no_other(const struct recovery_reader *reader)
{
	const struct recovery_log *log = &reader->log;

	return log->list_count > 0 && log->lists[log->list_count - 1].members.count == 1;
}

char *recovery_lost_text(const struct recovery_reader *reader, const struct vote *vote)
{
	const struct recovery_lost *lost = &reader->lost;
	const char *what = lost->what != NULL ? lost->what : "a checkpoint is bad";
	uint64_t last = reader->log.last.index;

	if ((is_unknown(reader) || is_less(reader)) && names_no_other(reader))
		return text_make("%s: %s. What followed index %" PRIu64
		                 " is dropped, and what is left of the journal names no other "
		                 "master. If others had joined since, they bring it again. If this "
		                 "one was alone it is lost, and this master does not serve: look "
		                 "for a copy of the folder, or give up what is lost with holdfast "
		                 "quorum recover",
		                 reader->folder, what, last);
	if (is_unknown(reader))
		return text_make("%s: %s. What followed index %" PRIu64
		                 " is dropped and comes again from the other masters. How much it "
		                 "was cannot be read, so this master votes for nobody until the "
		                 "primary, or all other masters, have told it",
		                 reader->folder, what, last);
	if (is_less(reader))
		return text_make("%s: %s. What followed index %" PRIu64
		                 " is dropped and comes again from the other masters. Until it "
		                 "reaches index %" PRIu64 " of epoch %" PRIu64
		                 ", this master votes only for one that has it, and does not stand",
		                 reader->folder, what, last, vote->bound_index, vote->bound_epoch);
	if (lost->what == NULL)
		return NULL;
	return text_make("%s: %s. The journal goes on after index %" PRIu64 "; nothing behind it "
	                 "was acknowledged",
	                 reader->folder, what, last);
}
