/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each peer has, and what it gets next.
 *
 *   PROBE ----accepted----> STREAM          the log does not go back so far
 *     ^-----refused-----------'    any --------------------------------> CHECKPOINT
 *     ^-------------------------------installed-----------------------------'
 *
 * What a probe sends is not sent again before something that left with it or later is answered: the
 * way may be slow, and heartbeats go the same one.
 *
 * A heartbeat is an append without entries that names the last entry sent, whatever else is on its
 * way; so a lost append shows as a refusal of the next heartbeat.  `match` only rises within a term
 * (a peer that lost entries keeps its promise by its bound); `next` may go back below it.
 */
#include <stddef.h>

#include "raft/raft_private.h"

enum {
	REST_TIMES = 4,
	REST_MS_MAX = 100, /* however far away it is */
	LEARNER_PIECE_BYTES = 512 * 1024,
};

struct progress *progress_find(struct raft *core, struct raft_id id)
{
	for (size_t i = 0; i < core->leader.peer_count; i++)
		if (raft_id_equal(core->leader.peers[i].id, id))
			return &core->leader.peers[i];
	return NULL;
}

bool progress_is_heard(const struct raft *core, const struct progress *peer)
{
	return peer->is_self || core->now_ms - peer->heard_ms < core->options.election_max_ms;
}

void progress_begin_probe(struct raft *core, struct progress *peer, uint64_t next)
{
	peer->mode = PROGRESS_PROBE;
	peer->next = peer->probe_next = next;
	peer->probe_number = core->leader.number + 1;
	peer->is_waiting = peer->is_installing = false;
	peer->fetch_number = 0;
	peer->inflight_count = peer->inflight_bytes = 0;
}

/* Nothing up to `match` needs to be sent, nor what is being fetched for it. */
static void skip_matched(struct progress *peer)
{
	if (peer->next > peer->match)
		return;
	peer->next = peer->match + 1;
	peer->fetch_number = 0;
}

/* ---- the list of peers ---- */

static void add(struct raft *core, const struct raft_member *member)
{
	struct leader *leader = &core->leader;
	struct progress *peer;

	/* Only one can be leaving at a time; an older one has had its chance. */
	if (leader->peer_count == PEERS_MAX)
		for (size_t i = 0; i < PEERS_MAX; i++)
			if (leader->peers[i].leaves_at != 0) {
				leader->peers[i] = leader->peers[--leader->peer_count];
				break;
			}
	CHECK(leader->peer_count < PEERS_MAX);
	peer = &leader->peers[leader->peer_count++];
	*peer = (struct progress){
	        .id = member->id,
	        .is_self = raft_id_equal(member->id, core->options.self),
	        .heard_ms = core->now_ms,
	        .moved_ms = core->now_ms,
	        .goal = core->log.last,
	        .goal_ms = core->now_ms,
	};
	progress_begin_probe(core, peer, core->log.last + 1);
}

void progress_follow_list(struct raft *core)
{
	const struct raft_list *list = log_list(&core->log);

	for (size_t i = 0; i < core->leader.peer_count; i++) {
		struct progress *peer = &core->leader.peers[i];

		if (raft_member_by_id(&list->members, peer->id) != NULL || peer->leaves_at != 0)
			continue;
		peer->leaves_at = list->index;
		peer->leaving_ms = core->now_ms;
		peer->is_voter = false;
	}
	for (size_t i = 0; i < list->members.count; i++) {
		const struct raft_member *member = &list->members.member[i];
		struct progress *peer = progress_find(core, member->id);

		if (peer == NULL) {
			add(core, member);
			peer = progress_find(core, member->id);
		}
		peer->leaves_at = 0;
		peer->is_voter = member->is_voter;
	}
}

void progress_reset(struct raft *core)
{
	core->leader.peer_count = 0;
	progress_follow_list(core);
}

uint64_t progress_quorum(const struct raft *core, size_t field_offset)
{
	uint64_t values[PEERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < core->leader.peer_count; i++) {
		const struct progress *peer = &core->leader.peers[i];

		if (peer->is_voter)
			values[count++] = *(const uint64_t *)(const void *)((const char *)peer +
			                                                    field_offset);
	}
	return quorum_value(values, count);
}

/* ---- sending ---- */

static bool has_window(const struct raft *core, const struct progress *peer)
{
	if (peer->mode == PROGRESS_PROBE)
		return !peer->is_waiting && peer->inflight_count == 0;
	/* It has not shown yet that it takes entries: it may have no room for them. */
	if (peer->match < peer->probe_next)
		return peer->inflight_count == 0;
	return peer->inflight_count < INFLIGHT_MAX &&
	       peer->inflight_bytes < core->options.window_bytes_max;
}

/* A learner is nobody's majority, and what it has missed is much: it gets one small piece at a
 * time, and rests after each REST_TIMES as long as that took, so that service keeps most of disks
 * and processors.  One that does not gain on the log so has no rest any more. */
static bool is_paced(const struct progress *peer)
{
	return !peer->is_voter && !peer->is_hurried;
}

static bool rests(struct raft *core, const struct progress *peer)
{
	if (!is_paced(peer))
		return false;
	if (peer->inflight_count == 0 && core->now_ms >= peer->rest_until_ms)
		return false;
	if (peer->inflight_count == 0)
		outbox_wake(core, peer->rest_until_ms);
	return true;
}

static void begin_rest(struct raft *core, struct progress *peer, uint64_t sent_ms)
{
	uint64_t rest_ms = core->now_ms > sent_ms ? (core->now_ms - sent_ms) * REST_TIMES : 0;

	peer->rest_until_ms = core->now_ms + (rest_ms < REST_MS_MAX ? rest_ms : REST_MS_MAX);
}

/* Entries prev + 1 to last, or a heartbeat. */
static void send_append(struct raft *core, struct progress *peer, uint64_t prev, uint64_t last)
{
	const struct log *log = &core->log;

	peer->told_round = core->leader.round;
	outbox_add(core, RAFT_MESSAGE_APPEND, peer->id)->append = (struct raft_append_message){
	        .prev = prev,
	        .prev_term = prev == 0 ? 0 : log_term(log, prev),
	        .last = last,
	        .commit = log->commit,
	        .number = ++core->leader.number,
	        .round = core->leader.round,
	        .sent_ms = core->now_ms,
	        .ask_ms = core->options.election_min_ms,
	};
}

static void send_heartbeat(struct raft *core, struct progress *peer)
{
	peer->beat_ms = core->now_ms;
	peer->is_waiting = false;
	send_append(core, peer, peer->mode == PROGRESS_CHECKPOINT ? 0 : peer->next - 1,
	            peer->mode == PROGRESS_CHECKPOINT ? 0 : peer->next - 1);
}

static size_t piece_bytes_max(const struct raft *core, const struct progress *peer)
{
	size_t most = core->options.append_bytes_max;

	return is_paced(peer) && most > LEARNER_PIECE_BYTES ? LEARNER_PIECE_BYTES : most;
}

static void fetch(struct raft *core, struct progress *peer)
{
	peer->fetch_number = ++core->fetch_number;
	outbox_fetch(core, (struct raft_fetch){.number = peer->fetch_number,
	                                       .first = peer->next,
	                                       .last = core->log.last,
	                                       .bytes_max = piece_bytes_max(core, peer)});
}

void progress_pump(struct raft *core, struct progress *peer)
{
	if (peer->is_self)
		return;
	if (peer->mode != PROGRESS_CHECKPOINT && peer->next - 1 < core->log.base)
		chunks_begin(core, peer);
	if (core->now_ms - peer->beat_ms >= core->options.heartbeat_ms ||
	    core->leader.round > peer->told_round)
		send_heartbeat(core, peer);
	if (peer->mode == PROGRESS_CHECKPOINT)
		chunks_pump(core, peer);
	else if (peer->next <= core->log.last && peer->fetch_number == 0 &&
	         has_window(core, peer) && !rests(core, peer))
		fetch(core, peer);
	outbox_wake(core, peer->beat_ms + core->options.heartbeat_ms);
}

/* Entries are there.  A fetch of an older leadership, or for an older `next`, matches no number. */
void progress_fetched(struct raft *core, const struct raft_fetched *fetched)
{
	struct progress *peer = NULL;
	size_t at;

	if (core->role != RAFT_LEADER)
		return;
	for (size_t i = 0; i < core->leader.peer_count; i++)
		if (core->leader.peers[i].fetch_number == fetched->number)
			peer = &core->leader.peers[i];
	if (fetched->number == 0 || peer == NULL)
		return;
	peer->fetch_number = 0;
	if (fetched->last < peer->next || fetched->last > core->log.last ||
	    peer->next <= core->log.base) {
		progress_begin_probe(core, peer, peer->next);
		peer->is_waiting = true; /* until the next heartbeat */
		return;
	}
	send_append(core, peer, peer->next - 1, fetched->last);
	at = (peer->inflight_head + peer->inflight_count++) % INFLIGHT_MAX;
	peer->inflight[at].last = fetched->last;
	peer->inflight[at].bytes = fetched->bytes;
	peer->inflight_bytes += fetched->bytes;
	if (peer->mode == PROGRESS_STREAM)
		peer->next = fetched->last + 1;
}

/* ---- answers ---- */

static void free_inflight(struct progress *peer)
{
	while (peer->inflight_count > 0 &&
	       peer->inflight[peer->inflight_head].last <= peer->match) {
		peer->inflight_bytes -= peer->inflight[peer->inflight_head].bytes;
		peer->inflight_head = (peer->inflight_head + 1) % INFLIGHT_MAX;
		peer->inflight_count--;
	}
}

static void refused(struct raft *core, struct progress *peer, const struct raft_append_reply *reply)
{
	const struct log *log = &core->log;
	uint64_t index = reply->hint;

	if (reply->refusal != RAFT_LOG_DIFFERS) {
		outbox_refused_by(core, peer->id, reply->refusal);
		return;
	}
	if (reply->number < peer->probe_number || peer->mode == PROGRESS_CHECKPOINT)
		return;
	if (index >= log->base)
		index = log_agreement(log, index, reply->hint_term);
	progress_begin_probe(core, peer, index + 1);
}

/* Behind what the probe sent, should that still be on its way: if it is lost, a heartbeat shows it,
 * at once. */
static void begin_stream(struct progress *peer)
{
	peer->mode = PROGRESS_STREAM;
	if (peer->inflight_count == 0)
		return;
	peer->next = peer->inflight[peer->inflight_head].last + 1;
	peer->beat_ms = 0;
}

static void accepted(struct raft *core, struct progress *peer,
                     const struct raft_append_reply *reply)
{
	uint64_t match = reply->match < core->log.last ? reply->match : core->log.last;

	if (match > peer->match || match == core->log.last)
		peer->moved_ms = core->now_ms;
	if (match > peer->match) {
		peer->match = match;
		begin_rest(core, peer, reply->sent_ms);
	}
	free_inflight(peer);
	if (peer->mode == PROGRESS_PROBE && reply->number >= peer->probe_number)
		begin_stream(peer);
	else if (peer->mode == PROGRESS_CHECKPOINT && peer->match >= core->log.base)
		progress_begin_probe(core, peer, peer->match + 1);
	if (peer->mode == PROGRESS_STREAM)
		skip_matched(peer);
}

bool progress_is_caught_up(const struct raft *core, const struct progress *peer)
{
	return peer->is_caught_up && core->now_ms - peer->goal_ms < core->options.election_min_ms;
}

static void note_catch_up(struct raft *core, struct progress *peer)
{
	uint64_t took_ms;

	if (peer->is_voter || peer->match < peer->goal)
		return;
	took_ms = core->now_ms - peer->goal_ms;
	peer->is_caught_up = took_ms < core->options.election_min_ms;
	peer->is_hurried |=
	        !peer->is_caught_up && peer->round_ms != 0 && took_ms > peer->round_ms / 4 * 3;
	peer->round_ms = took_ms;
	peer->goal = core->log.last;
	peer->goal_ms = core->now_ms;
}

void progress_reply(struct raft *core, const struct raft_message *message)
{
	const struct raft_append_reply *reply = &message->append_reply;
	struct progress *peer = progress_find(core, message->from);
	uint64_t sent_ms = IS_TWIN(core, LEASE_FROM_REPLY) ? core->now_ms : reply->sent_ms;

	if (core->role != RAFT_LEADER || message->term != core->vote.term || peer == NULL ||
	    reply->number > core->leader.number)
		return;
	peer->heard_ms = core->now_ms;
	peer->health = reply->health;
	peer->commit = reply->commit;
	chunks_heard(core, peer, reply->number);
	if (reply->round > peer->answered_round && reply->round <= core->leader.round)
		peer->answered_round = reply->round;
	if (sent_ms > peer->answered_sent_ms && sent_ms <= core->now_ms)
		peer->answered_sent_ms = sent_ms;
	if (reply->refusal != RAFT_OK)
		refused(core, peer, reply);
	else
		accepted(core, peer, reply);
	note_catch_up(core, peer);
}
