/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start: what was found becomes durable, then it is promised on.
 */
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/twins.h"
#include "journal/replicated_odd.h"
#include "journal/replicated_vote.h"
#include "journal/text.h"

struct raft_id replicated_own_id(const struct journal *journal)
{
	struct raft_id id;

	memcpy(id.bytes, journal->marker.member, sizeof(id.bytes));
	return id;
}

/* The journal of a master that was always alone has no list of members: it is one by itself.  Who
 * belongs to another's cluster and has no list yet, or no more, gets it from there. */
static bool was_always_alone(const struct raft_start *start, struct raft_id self)
{
	return start->last > 0 && start->list_count == 0 &&
	       (raft_id_is_none(start->vote.history) || raft_id_equal(start->vote.history, self));
}

static void join_itself(struct replicated *replicated, struct raft_start *start,
                        struct raft_list *list)
{
	struct raft_member *self = &list->members.member[0];

	self->id = replicated_own_id(replicated->journal);
	self->is_voter = true;
	memcpy(self->address, replicated->options.address, strlen(replicated->options.address) + 1);
	list->members.count = 1;
	start->lists = list;
	start->list_count = 1;
}

static int create_core(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;
	const struct journal_replication *options = &replicated->options;
	const struct recovery_log *log = &journal->recovered_log;
	struct raft_list self = {0};
	struct raft_options raft = {
	        .self = replicated_own_id(journal),
	        .address = options->address,
	        .addresses = options->addresses,
	        .address_count = options->address_count,
	        .election_min_ms = options->election_min_ms,
	        .election_max_ms = options->election_max_ms,
	        .heartbeat_ms = options->heartbeat_ms,
	        .retry_ms = options->retry_ms,
	        .append_bytes_max = options->append_bytes_max,
	        .window_bytes_max = options->window_bytes_max,
	        .chunk_bytes_max = options->chunk_bytes_max,
	        .reads_by_lease = options->reads_by_lease,
	        .accepts_loss = options->syncs_behind,
	        .leave_is_needed = options->leave_is_needed,
	};
	struct raft_start start = {
	        .now_ms = replicated_now_ms(replicated),
	        .base = log->base.index,
	        .base_term = log->base.epoch,
	        .runs = log->runs,
	        .run_count = log->run_count,
	        .last = replicated->tail.last,
	        .commit = journal->commit_index,
	        .lists = log->lists,
	        .list_count = log->list_count,
	};

	io_random(journal->io, &raft.seed, sizeof(raft.seed));
	replicated_vote_read(vote_file_vote(journal->vote), &start.vote);
	if (was_always_alone(&start, raft.self))
		join_itself(replicated, &start, &self);
	if (start.vote.stands_alone)
		journal_notice(journal, 0,
		               text_make("%s: the other masters were given up: this one goes on "
		                         "alone after index %" PRIu64,
		                         journal->folder, start.last));
	return raft_create(&raft, &start, &replicated->core);
}

/* Others are configured, or are members already. */
static bool has_others(const struct replicated *replicated)
{
	return replicated->options.address_count > 0 ||
	       (raft_members(replicated->core) != NULL && !replicated_is_alone(replicated));
}

/* Alone it may stand wherever it is configured to (membership.c). */
static void tell_if_moved(const struct replicated *replicated)
{
	const char *now = replicated->options.address, *before;

	if (!replicated_is_alone(replicated))
		return;
	before = raft_members(replicated->core)->members.member[0].address;
	if (strcmp(before, now) != 0)
		journal_notice(replicated->journal, 0,
		               text_make("%s: this master, the only one of its quorum, was at %s "
		                         "and is at %s now",
		                         replicated->journal->folder, before, now));
}

/* Everything that was found is durable: it may be promised on. */
void replicated_begin(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;
	struct raft_event event = {.kind = RAFT_TICK};
	char *text = NULL;
	int rc = create_core(replicated);

	if (rc == 0)
		rc = log_reader_create(journal->io, journal->folder, &replicated->log);
	if (rc == 0)
		rc = replicated_transfer_create(replicated);
	if (rc == 0)
		rc = replicated_odd_init(replicated);
	if (rc == 0 && has_others(replicated))
		rc = replicated_peers_open(replicated, &text);
	if (rc < 0) {
		journal_fail(journal, rc, text);
		return;
	}
	tell_if_moved(replicated);
	prepare_start(&journal->prepare);
	journal_set_phase(journal, JOURNAL_FOLLOWING);
	replicated_guard_start(replicated);
	replicated_health_tell_odd(replicated);
	if (replicated->options.forms_alone)
		event.kind = RAFT_FORM;
	replicated_step(replicated, &event);
	replicated_health_start(replicated);
	replicated_digest_start(replicated);
}

/* What lay past the last mark becomes the tail; it is durable only when written again. */
static bool take_rest(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;
	struct cursor c = cursor_of(buf_str(&journal->rest));
	const uint8_t *at = c.at;
	struct entry entry;

	tail_reset(&replicated->tail, &journal->applied);
	for (; entry_next(&c, &entry); at = c.at) {
		struct str encoded = str_make(at, (size_t)(c.at - at));

		if (!tail_reserve(&replicated->tail, 1, encoded.size))
			return false;
		tail_add(&replicated->tail, &entry, encoded, NULL);
		replicated->unapplied_bytes += encoded.size;
	}
	return true;
}

/* A broken twin's way. */
static void trust_rest(struct replicated *replicated)
{
	struct entry end = tail_ends_at(&replicated->tail, replicated->tail.last);

	commit_begin(&replicated->journal->commit, &end);
	replicated_begin(replicated);
}

void replicated_recovered(struct journal *journal)
{
	struct replicated *replicated = journal->replicated;

	/* Even with nothing to write again, what follows goes into a fresh segment. */
	journal->commit.must_begin = true;
	replicated->segment_epoch = journal->recovered_log.run + 1;
	if (!take_rest(replicated))
		journal_fail(journal, -ERR_NO_MEMORY, NULL);
	else if (IS_BROKEN(READABLE_IS_DURABLE))
		trust_rest(replicated);
	else if (journal->rest.size > 0)
		journal_write_rest(journal);
	else
		replicated_begin(replicated);
}
