/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a lone master: a quorum of one.  What is synced here is committed.
 */
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "journal/journal_private.h"

static void lead_if_ready(struct journal *journal)
{
	if (journal->phase == JOURNAL_STARTING && journal->recovery.is_over &&
	    !journal->is_closing && journal->rest.size == 0 &&
	    journal->applied.index == journal->commit.last.index)
		journal_set_phase(journal, JOURNAL_LEADING);
}

static void lone_recovered(struct journal *journal)
{
	if (journal->rest.size > 0)
		journal_write_rest(journal);
	else
		prepare_start(&journal->prepare);
	lead_if_ready(journal);
}

static int lone_append(struct journal *journal, struct journal_append *append)
{
	return journal->phase == JOURNAL_LEADING ? commit_append(&journal->commit, append)
	                                         : -ERR_STANDBY;
}

static void lone_synced(struct journal *journal, uint64_t index)
{
	journal->commit_index = index;
}

static void lone_written(struct journal *journal, struct batch *batch)
{
	journal_apply(journal, batch->entries, batch->count, &batch->last);
}

static uint64_t lone_segment_epoch(const struct journal *journal)
{
	return journal->epoch;
}

static void lone_read_index(struct journal *journal, struct journal_read *read)
{
	bool is_leading = journal->phase == JOURNAL_LEADING;

	read->done(read, is_leading ? 0 : -ERR_STANDBY, journal->commit_index);
}

static void lone_has_room(struct journal *journal)
{
	if (journal->phase == JOURNAL_STARTING && journal->rest.size > 0)
		journal_write_rest(journal);
	else
		commit_has_room(&journal->commit);
}

static void lone_quorum(const struct journal *journal, struct journal_quorum *quorum)
{
	struct journal_member *self = &quorum->members[0];

	quorum->role = journal->phase == JOURNAL_LEADING ? "leader" : "follower";
	quorum->count = 1;
	memcpy(self->id, journal->marker.member, sizeof(self->id));
	self->is_voter = self->is_self = self->is_connected = true;
	self->is_primary = journal->phase == JOURNAL_LEADING;
	self->match = quorum->synced;
}

static void lone_change(struct journal *journal, struct journal_change *change)
{
	(void)journal;
	change->rc = -ERR_UNSUPPORTED;
	change->text = "this master runs alone: there is no quorum to change";
}

const struct journal_ops journal_lone_ops = {
        .recovered = lone_recovered,
        .append = lone_append,
        .synced = lone_synced,
        .written = lone_written,
        .segment_epoch = lone_segment_epoch,
        .applied = lead_if_ready,
        .read_index = lone_read_index,
        .has_room = lone_has_room,
        .quorum = lone_quorum,
        .change = lone_change,
};
