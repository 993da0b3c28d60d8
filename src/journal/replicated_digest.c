/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The masters compare the digests of their states: at every digest_every-th index, in beats.
 *
 * One against a majority that agrees is odd: it keeps what it has and ends, for what it would serve
 * is not what the others committed.  Where no majority says so (two masters, or one of three
 * silent), the primary goes on, and a standby that differs from it is odd (replicated_odd.h).
 */
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "journal/replicated_odd.h"
#include "journal/text.h"

enum { BEAT_US = 500 * 1000 };

static struct hash128 *own_digest(struct replicated *replicated, uint64_t index)
{
	size_t at = index / replicated->options.digest_every % REPLICATED_DIGESTS;

	return replicated->digest_indexes[at] == index ? &replicated->digests[at] : NULL;
}

void replicated_digest_note(struct replicated *replicated, uint64_t index)
{
	const struct state_machine *machine = &replicated->journal->options.machine;
	uint64_t every = replicated->options.digest_every;
	size_t at = index / every % REPLICATED_DIGESTS;

	if (index % every != 0)
		return;
	replicated->digest_indexes[at] = index;
	replicated->digests[at] = machine->digest(machine->context);
}

void replicated_digest_forget(struct replicated *replicated)
{
	memset(replicated->digest_indexes, 0, sizeof(replicated->digest_indexes));
}

/* ---- saying ---- */

/* Who is alone calls those of its configuration, too: they may be of another cluster. */
static void beat_configured(const struct replicated *replicated, const struct peer_beat *beat)
{
	const struct journal_replication *options = &replicated->options;

	for (size_t i = 0; i < options->address_count; i++)
		if (strcmp(options->addresses[i], options->address) != 0)
			peer_link_beat(replicated->link, options->addresses[i], beat);
}

static void send_beats(struct io_timer *timer)
{
	struct replicated *replicated = CONTAINER_OF(timer, struct replicated, beat);
	const struct raft_list *list = raft_members(replicated->core);
	uint64_t applied = replicated->journal->applied.index;
	uint64_t every = replicated->options.digest_every, index = applied / every * every;
	struct peer_beat beat = {.applied = applied};

	io_timer_start(timer, BEAT_US);
	for (; index > 0 && beat.digest_count < PEER_DIGESTS_MAX; index -= every) {
		const struct hash128 *digest = own_digest(replicated, index);

		if (digest == NULL)
			break;
		beat.digests[beat.digest_count++] =
		        (struct peer_digest){.index = index, .digest = *digest};
	}
	if (list != NULL && list->members.count == 1)
		beat_configured(replicated, &beat);
	for (size_t i = 0; list != NULL && i < list->members.count; i++) {
		const struct raft_member *member = &list->members.member[i];

		if (!replicated_is_self(replicated, member->id))
			peer_link_beat(replicated->link, member->address, &beat);
	}
}

/* ---- judging ---- */

static bool says(const struct peer_beat *beat, const struct peer_digest *digest)
{
	for (size_t i = 0; i < beat->digest_count; i++)
		if (beat->digests[i].index == digest->index)
			return hash128_equal(beat->digests[i].digest, digest->digest);
	return false;
}

/* Voters among the others that say `digest` of that index; their addresses go to `who`. */
static size_t find_voters(const struct replicated *replicated, const struct peer_digest *digest,
                          struct buf *who)
{
	const struct raft_list *list = raft_members(replicated->core);
	size_t count = 0;

	for (size_t i = 0; i < replicated->heard_count; i++) {
		const struct heard_beat *heard = &replicated->heard[i];
		const struct raft_member *member = raft_member_by_id(&list->members, heard->from);

		if (member == NULL || !member->is_voter || !says(&heard->beat, digest))
			continue;
		buf_append_format(who, "%s%s", count++ > 0 ? ", " : "", member->address);
	}
	return count;
}

static bool is_leader(const struct replicated *replicated, struct raft_id id)
{
	struct raft_status status;

	raft_status(replicated->core, &status);
	return raft_id_equal(status.leader, id);
}

/* The others agree on another one. */
static _Noreturn void is_wrong(struct replicated *replicated, uint64_t index, struct str who)
{
	char *note = text_make("the state after index %" PRIu64
	                       " is not that of the other masters, which agree: %.*s",
	                       index, STR_ARGS(who));

	replicated_odd_note(replicated, note == NULL ? "" : note);
	fatal_damage("%s: the state after index %" PRIu64
	             " is not that of the other masters, which agree: %.*s. This one is wrong and "
	             "ends; keep its folder as evidence, then format it and let it join anew",
	             replicated->journal->folder, index, STR_ARGS(who));
}

static void differs(struct replicated *replicated, struct raft_id from,
                    const struct peer_digest *digest)
{
	struct journal *journal = replicated->journal;
	const struct raft_list *list = raft_members(replicated->core);
	const struct raft_member *peer = raft_member_by_id(&list->members, from);
	struct buf who = {0};
	size_t against = find_voters(replicated, digest, &who);

	/* A note that is being written would take the place of this one: then with the next beat.
	 */
	if (against > raft_voter_count(&list->members) / 2 && replicated->odd_notes == 0)
		is_wrong(replicated, digest->index, buf_str(&who));
	buf_finish(&who);
	if (replicated->is_odd || replicated->role == RAFT_LEADER || !is_leader(replicated, from))
		return;
	replicated_odd_found(replicated, digest->index,
	                     text_make("the state after index %" PRIu64 " differs from that of %s",
	                               digest->index, peer->address));
	journal_notice(journal, -ERR_DAMAGED,
	               text_make("%s: the state after index %" PRIu64
	                         " differs from that of %s, and "
	                         "no majority says who is right. This master is not promoted and "
	                         "answers no reads until the two are equal again; "
	                         "compare them with `holdfast journal digest`",
	                         journal->folder, digest->index, peer->address));
}

static void keep(struct replicated *replicated, struct raft_id from, const struct peer_beat *beat)
{
	size_t at = 0;

	while (at < replicated->heard_count && !raft_id_equal(replicated->heard[at].from, from))
		at++;
	if (at == COUNT_OF(replicated->heard))
		at = 0; /* members come and go; it is only a comparison */
	if (at == replicated->heard_count)
		replicated->heard_count++;
	replicated->heard[at] = (struct heard_beat){.from = from, .beat = *beat};
}

/* What differed once and does not any more, by a deletion perhaps, is nobody's concern. */
static const struct peer_digest *newest_known(struct replicated *replicated,
                                              const struct peer_beat *beat)
{
	const struct peer_digest *newest = NULL;

	for (size_t i = 0; i < beat->digest_count; i++) {
		const struct peer_digest *digest = &beat->digests[i];

		if (own_digest(replicated, digest->index) != NULL &&
		    (newest == NULL || newest->index < digest->index))
			newest = digest;
	}
	return newest;
}

void replicated_digest_heard(struct replicated *replicated, struct raft_id from,
                             const struct peer_beat *beat)
{
	const struct raft_list *list = raft_members(replicated->core);
	const struct peer_digest *newest;

	if (list == NULL || raft_member_by_id(&list->members, from) == NULL)
		return;
	keep(replicated, from, beat);
	newest = newest_known(replicated, beat);
	if (newest == NULL)
		return;
	if (!hash128_equal(*own_digest(replicated, newest->index), newest->digest))
		differs(replicated, from, newest);
	else if (is_leader(replicated, from))
		replicated_odd_over(replicated, newest->index);
}

void replicated_digest_init(struct replicated *replicated)
{
	io_timer_init(replicated->journal->io, &replicated->beat, send_beats);
}

void replicated_digest_start(struct replicated *replicated)
{
	io_timer_start(&replicated->beat, 0);
}

void replicated_digest_stop(struct replicated *replicated)
{
	io_timer_stop(&replicated->beat);
}
