/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/twins.h"
#include "journal/replicated.h"

static struct journal_read *first_read(const struct replicated *replicated)
{
	return LIST_FIRST(&replicated->reads, struct journal_read, node);
}

static void end_first(struct replicated *replicated, int rc)
{
	struct journal_read *read = first_read(replicated);

	list_remove(&read->node);
	read->done(read, rc, read->index);
}

/* ---- too late ---- */

static uint64_t limit_us(const struct replicated *replicated)
{
	return replicated->options.election_max_ms * 1000;
}

/* A proof is no use while the state is being replaced, which may take minutes: the caller has
 * bounds for calls that wait, this list has none. */
static bool is_too_late(const struct replicated *replicated, const struct journal_read *read,
                        uint64_t now_us)
{
	return now_us - read->asked_us >= limit_us(replicated) &&
	       (!read->is_proven || replicated_is_loading(replicated));
}

static void limit_reached(struct io_timer *timer)
{
	struct replicated *replicated = CONTAINER_OF(timer, struct replicated, read_limit);
	uint64_t now_us = io_now_us(replicated->journal->io);

	while (!list_is_empty(&replicated->reads) &&
	       is_too_late(replicated, first_read(replicated), now_us))
		end_first(replicated, -ERR_STANDBY);
	if (!list_is_empty(&replicated->reads))
		io_timer_start(&replicated->read_limit, limit_us(replicated) / 2);
}

/* ---- the way of a read ---- */

void replicated_read_index(struct journal *journal, struct journal_read *read)
{
	struct replicated *replicated = journal->replicated;
	struct raft_event event = {.kind = RAFT_READ};

	read->ticket = read->index = 0;
	read->is_proven = false;
	if (replicated->core == NULL || journal->phase == JOURNAL_STOPPED || journal->is_closing ||
	    replicated_is_guarded(replicated)) {
		read->done(read, -ERR_STANDBY, 0);
		return;
	}
	if (journal->phase == JOURNAL_LEADING && replicated_is_alone(replicated) &&
	    journal->applied.index == journal->commit_index) {
		journal->commit.read_us = io_now_us(journal->io);
		read->done(read, 0, journal->commit_index);
		return;
	}
	read->asked_us = io_now_us(journal->io);
	if (list_is_empty(&replicated->reads))
		io_timer_start(&replicated->read_limit, limit_us(replicated));
	list_append(&replicated->reads, &read->node);
	replicated_step(replicated, &event);
}

/* Of the read that was asked for last. */
void replicated_reads_ticket(struct replicated *replicated, uint64_t ticket)
{
	LIST_LAST(&replicated->reads, struct journal_read, node)->ticket = ticket;
}

void replicated_reads_proven(struct replicated *replicated, uint64_t ticket, uint64_t index)
{
	LIST_FOR_EACH (node, &replicated->reads) {
		struct journal_read *read = CONTAINER_OF(node, struct journal_read, node);

		if (read->ticket == 0 || read->ticket > ticket)
			break; /* 0: it is being asked for in this very step */
		if (read->is_proven)
			continue;
		read->is_proven = true;
		read->index = IS_BROKEN(READ_AHEAD_OF_APPLY) ? 0 : index;
	}
}

void replicated_reads_answer(struct replicated *replicated)
{
	while (!list_is_empty(&replicated->reads) && first_read(replicated)->is_proven &&
	       !replicated_is_loading(replicated) &&
	       first_read(replicated)->index <= replicated->journal->applied.index)
		end_first(replicated, 0);
	if (list_is_empty(&replicated->reads))
		io_timer_stop(&replicated->read_limit);
}

void replicated_reads_end(struct replicated *replicated, int rc)
{
	io_timer_stop(&replicated->read_limit);
	while (!list_is_empty(&replicated->reads))
		end_first(replicated, rc);
}

void replicated_reads_init(struct replicated *replicated)
{
	list_init(&replicated->reads);
	io_timer_init(replicated->journal->io, &replicated->read_limit, limit_reached);
}
