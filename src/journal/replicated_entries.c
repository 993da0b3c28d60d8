/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "base/err.h"
#include "base/twins.h"
#include "format/command.h"
#include "journal/replicated.h"

/* ---- appending ---- */

/* A leader serves, and takes this one in its place. */
static int admit(struct replicated *replicated, size_t size)
{
	const struct journal *journal = replicated->journal;
	const struct tail *tail = &replicated->tail;

	if (journal->phase != JOURNAL_LEADING || replicated->role != RAFT_LEADER)
		return -ERR_STANDBY;
	if (size - ENTRY_OVERHEAD_BYTES > journal->options.entry_bytes_max)
		return -ERR_TOO_LARGE;
	if (journal->commit.last.index != tail->last)
		return journal->prepare.is_out_of_room ? -ERR_NO_SPACE : -ERR_AGAIN;
	if (!raft_takes_proposals(replicated->core))
		return -ERR_AGAIN;
	if (replicated->unapplied_bytes > 0 &&
	    replicated->unapplied_bytes + size > journal->options.inflight_bytes_max)
		return -ERR_AGAIN;
	return tail_reserve(&replicated->tail, 1, size) ? 0 : -ERR_NO_MEMORY;
}

static void add(struct replicated *replicated, const struct entry *entry, struct str encoded,
                struct journal_append *append)
{
	tail_add(&replicated->tail, entry, encoded, append);
	replicated->unapplied_bytes += encoded.size;
}

int replicated_append(struct journal *journal, struct journal_append *append)
{
	struct replicated *replicated = journal->replicated;
	size_t size = entry_size(append->payload.size);
	struct entry entry;
	int rc = admit(replicated, size);

	if (rc == 0)
		rc = commit_append(&journal->commit, append);
	if (rc == -ERR_NO_SPACE && replicated_will_hand_over(replicated))
		rc = -ERR_AGAIN; /* it goes elsewhere with primacy */
	if (rc == -ERR_AGAIN || rc == -ERR_NO_SPACE)
		journal->commit.wants_room = true;
	if (rc < 0)
		return rc;
	entry = journal->commit.last;
	entry.kind = append->kind;
	append->epoch = entry.epoch;
	add(replicated, &entry, commit_newest(&journal->commit, size), append);
	replicated->proposed++;
	io_at_turn_end(journal->io, &replicated->flush);
	return 0;
}

void replicated_flush(struct replicated *replicated)
{
	struct raft_event event = {.kind = RAFT_PROPOSED, .proposed = replicated->proposed};

	if (replicated->proposed > 0)
		replicated_step(replicated, &event);
}

static void flush(struct io_hook *hook)
{
	replicated_flush(CONTAINER_OF(hook, struct replicated, flush));
}

/* ---- entries of an update ---- */

/* One of the journal's own, or the cluster's first. */
static void add_own(struct replicated *replicated, uint64_t epoch, uint16_t kind, uint8_t version,
                    struct str payload)
{
	struct entry before = tail_ends_at(&replicated->tail, replicated->tail.last);
	struct entry entry = {.index = before.index + 1,
	                      .epoch = epoch,
	                      .kind = kind,
	                      .version = version,
	                      .payload = payload};
	struct buf buf;

	buf_init(&buf);
	entry_encode(&entry, before.chain, &buf);
	if (buf.failed || !tail_reserve(&replicated->tail, 1, buf.size))
		fatal_damage("out of memory for an entry of the journal");
	add(replicated, &entry, buf_str(&buf), NULL);
	buf_finish(&buf);
}

static void add_members(struct replicated *replicated, const struct raft_append *append)
{
	struct buf payload;

	buf_init(&payload);
	raft_members_encode(append->members, &payload);
	if (payload.failed)
		fatal_damage("out of memory for a list of members");
	add_own(replicated, append->term, ENTRY_members, 1, buf_str(&payload));
	buf_finish(&payload);
}

static void add_skip(struct replicated *replicated, const struct raft_append *append)
{
	const struct journal_replication *options = &replicated->options;

	if (IS_BROKEN(IDS_TWICE))
		add_own(replicated, append->term, ENTRY_term, 1, (struct str){0});
	else
		add_own(replicated, append->term, options->skip_kind, options->skip_version,
		        options->skip_payload);
}

/* A new leader's first. */
static void add_noop(struct replicated *replicated, const struct raft_append *append)
{
	const struct journal_replication *options = &replicated->options;

	if (options->syncs_behind && options->leap_payload.size > 0 && !IS_BROKEN(IDS_TWICE))
		add_own(replicated, append->term, options->skip_kind, options->skip_version,
		        options->leap_payload);
	else
		add_own(replicated, append->term, ENTRY_term, 1, (struct str){0});
}

static void add_first(struct replicated *replicated, const struct raft_append *append)
{
	const struct journal_replication *options = &replicated->options;

	replicated->is_forming = true;
	add_own(replicated, append->term, options->first_kind, options->first_version,
	        options->first_payload);
}

/* An append whose entry was cut, and which has come again from another leader. */
static struct journal_append *take_orphan(struct replicated *replicated, const struct entry *entry)
{
	LIST_FOR_EACH (node, &replicated->orphans) {
		struct journal_append *append = CONTAINER_OF(node, struct journal_append, node);

		if (append->index == entry->index && append->epoch == entry->epoch) {
			list_remove(node);
			return append;
		}
	}
	return NULL;
}

/* replicated_may_take() has looked at them, and made room. */
static void add_received(struct replicated *replicated, const struct raft_append *append)
{
	struct cursor c = cursor_of(replicated->receiving->payload);
	const uint8_t *at = c.at;
	struct entry entry;

	for (; replicated->tail.last < append->last && entry_next(&c, &entry); at = c.at) {
		struct entry before = tail_ends_at(&replicated->tail, replicated->tail.last);
		struct str encoded = str_make(at, (size_t)(c.at - at));
		struct cursor again = cursor_of(encoded);

		if (entry.index < append->first)
			continue;
		CHECK(entry_check(&again, &before, &entry) == ENTRY_GOOD);
		add(replicated, &entry, encoded, take_orphan(replicated, &entry));
	}
	CHECK(replicated->tail.last == append->last);
}

static void cut(struct replicated *replicated, uint64_t first)
{
	struct tail *tail = &replicated->tail;
	struct entry last = tail_ends_at(tail, first - 1);

	for (uint64_t index = first; index <= tail->last; index++) {
		struct tail_entry *entry = tail_at(tail, index);

		replicated->unapplied_bytes -= entry->size;
		if (entry->append != NULL)
			list_append(&replicated->orphans, &entry->append->node);
	}
	tail_cut(tail, first);
	commit_cut(&replicated->journal->commit, &last);
}

void replicated_take(struct replicated *replicated, const struct raft_append *append)
{
	if (append->is_cut)
		cut(replicated, append->first);
	switch (append->source) {
	case RAFT_FROM_PROPOSAL:
		replicated->proposed = 0;
		CHECK(append->last == replicated->tail.last);
		break;
	case RAFT_FROM_MESSAGE: add_received(replicated, append); break;
	case RAFT_FROM_NOOP: add_noop(replicated, append); break;
	case RAFT_FROM_RECOVERY:
		add_skip(replicated, append);
		add_members(replicated, append);
		break;
	case RAFT_FROM_FORMING: add_first(replicated, append); /* fall through */
	case RAFT_FROM_MEMBERS: add_members(replicated, append); break;
	}
	replicated->generation = append->generation;
	replicated_place(replicated);
}

void replicated_place(struct replicated *replicated)
{
	struct commit *commit = &replicated->journal->commit;
	const struct tail *tail = &replicated->tail;
	int rc = 0;

	while (rc == 0 && commit->last.index < tail->last) {
		uint64_t index = commit->last.index + 1;
		const struct tail_entry *held = tail_at(tail, index);
		const struct entry entry = {.index = index,
		                            .epoch = held->epoch,
		                            .kind = held->kind,
		                            .chain = held->chain};

		rc = commit_put(commit, &entry, str_make(held->bytes, held->size));
		/* The first one without the members would be a lone master's, after a crash. */
		if (replicated->is_forming && index == 2) {
			CHECK(rc == 0 && commit->filling->before.index == 0);
			replicated->is_forming = false;
		}
	}
}

/* ---- judging what a leader sent ---- */

/* The first entry of the message that is not here. */
static bool find_news(const struct tail *tail, struct cursor *c, struct entry *ret_entry)
{
	struct cursor start = *c;

	while (entry_next(c, ret_entry)) {
		if (ret_entry->index > tail->last ||
		    (tail_holds(tail, ret_entry->index) &&
		     tail_at(tail, ret_entry->index)->epoch != ret_entry->epoch)) {
			*c = start;
			return true;
		}
		start = *c;
	}
	return false;
}

/* Entries without a place on the disk yet get one when the next segment is ready, which is soon
 * unless there is no room for it. */
static bool may_wait(const struct replicated *replicated)
{
	const struct journal *journal = replicated->journal;

	return !journal->prepare.is_out_of_room &&
	       replicated->unapplied_bytes < journal->options.inflight_bytes_max;
}

bool replicated_may_take(struct replicated *replicated, const struct peer_message *message)
{
	const struct raft_append_message *append = &message->message.append;
	struct tail *tail = &replicated->tail;
	struct cursor c = cursor_of(message->payload);
	struct entry first, before;

	if (message->message.term < replicated->journal->epoch || !find_news(tail, &c, &first))
		return true;
	if (replicated->journal->commit.last.index < tail->last && !may_wait(replicated))
		return false; /* no room for what came before */
	if (first.index > tail->last + 1)
		return true; /* the core will ask for what is missing */
	before = tail_ends_at(tail, first.index - 1);
	if (before.index == append->prev && before.epoch != append->prev_term)
		return true; /* the core will say where the logs agree */
	if (entry_check(&c, &before, &first) != ENTRY_GOOD) {
		replicated_notice(replicated, RAFT_CONFLICTS_WITH_COMMITTED, "this master");
		return false;
	}
	return tail_reserve(tail, append->last - first.index + 1, message->payload.size);
}

/* ---- applying ---- */

/* One that was cut is surely not written when another is applied at its index, or when one of a
 * later epoch is applied before it: along a log epochs never fall, so it cannot follow any more. */
static bool is_decided(const struct journal_append *append, const struct entry *applied)
{
	return append->index <= applied->index || append->epoch < applied->epoch;
}

static void end_orphans(struct replicated *replicated, const struct entry *applied)
{
	struct list *node = replicated->orphans.next;

	while (node != &replicated->orphans) {
		struct journal_append *append = CONTAINER_OF(node, struct journal_append, node);

		node = node->next;
		if (!is_decided(append, applied) && !IS_BROKEN(NOT_WRITTEN_AT_CUT))
			continue;
		list_remove(&append->node);
		append->done(append, JOURNAL_NOT_WRITTEN);
	}
}

/* A slice of what is committed.  True: there is more. */
bool replicated_apply(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;
	struct tail *tail = &replicated->tail;
	uint64_t commit = journal->commit_index, index = journal->applied.index + 1;
	size_t count = 0, bytes = 0;
	struct entry last;

	if (IS_BROKEN(NOT_WRITTEN_AT_CUT))
		end_orphans(replicated, &journal->applied);
	if (replicated->is_applying || replicated_is_loading(replicated) || index > commit)
		return false;
	for (; index <= commit && count < COUNT_OF(replicated->slice) &&
	       bytes < REPLICATED_SLICE_BYTES;
	     index++) {
		struct tail_entry *entry = tail_at(tail, index);

		tail_decode(tail, index, &replicated->slice[count++]);
		entry->append = NULL; /* is answered once, however often this is applied */
		bytes += entry->size;
		if (index % replicated->options.digest_every == 0) {
			index++;
			break;
		}
	}
	last = tail_ends_at(tail, index - 1);
	replicated->is_applying = true;
	replicated->unapplied_bytes -= bytes;
	journal_apply(journal, replicated->slice, count, &last);
	replicated->is_applying = false;
	replicated_digest_note(replicated, last.index);
	end_orphans(replicated, &last);
	tail_trim(tail,
	          last.index < journal->commit.submitted.index ? last.index
	                                                       : journal->commit.submitted.index,
	          replicated_is_alone(replicated) ? 0 : replicated->options.tail_bytes_max);
	commit_mark_later(&journal->commit);
	commit_has_room(&journal->commit);
	return journal->applied.index < journal->commit_index;
}

/* ---- life ---- */

void replicated_entries_init(struct replicated *replicated)
{
	tail_init(&replicated->tail, &(struct entry){0});
	list_init(&replicated->orphans);
	replicated->flush.run = flush;
}

void replicated_entries_end(struct replicated *replicated)
{
	struct tail *tail = &replicated->tail;

	for (uint64_t index = tail->first; index <= tail->last; index++) {
		struct tail_entry *entry = tail_at(tail, index);

		if (entry->append != NULL)
			list_append(&replicated->orphans, &entry->append->node);
		entry->append = NULL;
	}
	while (!list_is_empty(&replicated->orphans)) {
		struct journal_append *append =
		        LIST_FIRST(&replicated->orphans, struct journal_append, node);

		list_remove(&append->node);
		append->done(append, JOURNAL_UNKNOWN);
	}
}

void replicated_entries_finish(struct replicated *replicated)
{
	replicated_entries_end(replicated);
	io_hook_cancel(&replicated->flush);
	tail_finish(&replicated->tail);
}
