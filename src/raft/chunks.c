/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint for a peer whose next entry is not in the log any more, in pieces (Raft 7).
 *
 * Sending: one piece is on its way at a time.  The peer says up to where it has stored, and the
 * next piece begins there.  Pieces are large, and the way may be slow: a piece that is not answered
 * is not sent again, but asked for, and not before an append that left after it was answered.  Else
 * each piece would be on its way many times, and the answers to all but one bring more of them.
 *
 * Receiving: only the piece that follows is taken.  From the last piece until the checkpoint is
 * installed no entries are.
 */
#include "raft/raft_private.h"

enum { REFUSED_MS = 1000 };

/* ---- sending ---- */

void chunks_begin(struct raft *core, struct progress *peer)
{
	peer->mode = PROGRESS_CHECKPOINT;
	peer->fetch_number = 0;
	peer->inflight_count = peer->inflight_bytes = 0;
	peer->chunk_number = 0;
	peer->checkpoint = 0;
	peer->chunk_offset = peer->chunk_best = peer->chunk_end = 0;
	peer->is_chunk_out = peer->is_installing = false;
	peer->is_chunk_refused = peer->is_chunk_missed = false;
	peer->chunk_passed = 0;
	peer->chunk_ms = core->now_ms;
}

static void send(struct raft *core, struct progress *peer, struct raft_chunk_message chunk)
{
	peer->is_chunk_out = true;
	peer->is_chunk_refused = false;
	peer->chunk_passed = core->leader.number + 1;
	peer->chunk_ms = core->now_ms;
	chunk.index = peer->checkpoint;
	chunk.index_term = peer->chunk_term;
	outbox_add(core, RAFT_MESSAGE_CHUNK, peer->id)->chunk = chunk;
}

/* A piece of nothing, which asks how far the peer has got. */
static void ask(struct raft *core, struct progress *peer, uint64_t offset)
{
	send(core, peer, (struct raft_chunk_message){.offset = offset});
}

/* A full disk stays so for a while. */
static uint64_t pause_ms(const struct raft *core, const struct progress *peer)
{
	return peer->is_chunk_refused && core->options.retry_ms < REFUSED_MS
	               ? REFUSED_MS
	               : core->options.retry_ms;
}

/* It has arrived, or never will. */
static bool has_passed(const struct progress *peer)
{
	return peer->answered_number >= peer->chunk_passed;
}

/* From when the piece has arrived on: storing takes its time, too. */
void chunks_heard(struct raft *core, struct progress *peer, uint64_t number)
{
	bool had_passed = has_passed(peer);

	if (number > peer->answered_number)
		peer->answered_number = number;
	if (!had_passed && has_passed(peer))
		peer->chunk_ms = core->now_ms;
}

/* What is out was not answered in time.  A first piece of nothing would be a refused one. */
static void try_again(struct raft *core, struct progress *peer)
{
	if (peer->is_installing)
		ask(core, peer, peer->chunk_end);
	else if (peer->chunk_passed != 0 && peer->chunk_offset != 0)
		ask(core, peer, peer->chunk_offset);
	else
		peer->is_chunk_out = false;
	peer->is_chunk_missed = peer->is_chunk_out;
}

void chunks_pump(struct raft *core, struct progress *peer)
{
	if (!progress_is_heard(core, peer))
		return;
	if (peer->is_chunk_out && has_passed(peer) &&
	    core->now_ms - peer->chunk_ms >= pause_ms(core, peer))
		try_again(core, peer);
	if (peer->is_chunk_out && has_passed(peer))
		outbox_wake(core, peer->chunk_ms + pause_ms(core, peer));
	if (peer->is_chunk_out || peer->chunk_number != 0)
		return;
	peer->chunk_number = ++core->fetch_number;
	outbox_fetch_chunk(core,
	                   (struct raft_fetch_chunk){.number = peer->chunk_number,
	                                             .to = peer->id,
	                                             .index = peer->checkpoint,
	                                             .offset = peer->chunk_offset,
	                                             .bytes_max = core->options.chunk_bytes_max});
}

static struct progress *find_fetch(struct raft *core, uint64_t number)
{
	for (size_t i = 0; i < core->leader.peer_count; i++) {
		struct progress *peer = &core->leader.peers[i];

		if (peer->mode == PROGRESS_CHECKPOINT && peer->chunk_number == number)
			return peer;
	}
	return NULL;
}

void chunks_fetched(struct raft *core, const struct raft_chunk_fetched *fetched)
{
	struct progress *peer;

	if (core->role != RAFT_LEADER || fetched->number == 0)
		return;
	peer = find_fetch(core, fetched->number);
	if (peer == NULL)
		return;
	if (fetched->index == 0 || (peer->checkpoint != 0 && peer->checkpoint != fetched->index)) {
		chunks_begin(core, peer);
		peer->is_chunk_out = true; /* nothing more until the next try */
		return;
	}
	peer->chunk_number = 0;
	peer->checkpoint = fetched->index;
	peer->chunk_term = fetched->index_term;
	peer->is_chunk_missed = false;
	peer->chunk_end = fetched->is_last ? peer->chunk_offset + fetched->size : 0;
	send(core, peer,
	     (struct raft_chunk_message){.offset = peer->chunk_offset,
	                                 .size = fetched->size,
	                                 .is_last = fetched->is_last});
}

/* The peer has what it had when the piece was sent that is out: an answer to something before. */
static bool is_stale(const struct progress *peer, const struct raft_chunk_reply *reply)
{
	return peer->is_chunk_out && !peer->is_chunk_missed && !reply->is_installed &&
	       reply->refusal == RAFT_OK && reply->offset == peer->chunk_offset;
}

void chunks_reply(struct raft *core, const struct raft_message *message)
{
	const struct raft_chunk_reply *reply = &message->chunk_reply;
	struct progress *peer = progress_find(core, message->from);

	if (core->role != RAFT_LEADER || message->term != core->vote.term || peer == NULL)
		return;
	peer->heard_ms = core->now_ms;
	if (reply->refusal != RAFT_OK)
		outbox_refused_by(core, peer->id, reply->refusal);
	if (peer->mode != PROGRESS_CHECKPOINT || reply->index != peer->checkpoint ||
	    is_stale(peer, reply))
		return;
	if (reply->refusal == RAFT_BAD_CHECKPOINT) { /* the host sees to another one */
		chunks_begin(core, peer);
		peer->is_chunk_out = true;
		return;
	}
	if (reply->is_installed || reply->offset > peer->chunk_best) {
		peer->moved_ms = core->now_ms;
		peer->chunk_best = reply->offset;
	}
	if (reply->is_installed) {
		progress_begin_probe(core, peer, reply->index + 1);
		return;
	}
	/* While it installs it answers nothing, and is asked now and then. */
	peer->is_installing = reply->refusal == RAFT_OK && peer->chunk_end != 0 &&
	                      reply->offset == peer->chunk_end;
	if (!peer->is_installing)
		peer->chunk_offset = reply->offset;
	peer->chunk_number = peer->chunk_passed = 0;
	peer->is_chunk_refused = reply->refusal != RAFT_OK;
	peer->is_chunk_missed = false;
	peer->is_chunk_out = peer->is_chunk_refused || peer->is_installing;
}

/* ---- receiving ---- */

static void reply(struct raft *core, struct raft_id to, uint64_t index, enum raft_refusal refusal)
{
	const struct follower *follower = &core->follower;

	if (!vote_can_speak(core))
		return;
	outbox_add(core, RAFT_MESSAGE_CHUNK_REPLY, to)->chunk_reply = (struct raft_chunk_reply){
	        .index = index,
	        .offset = follower->checkpoint == index ? follower->chunk_stored : 0,
	        .is_installed = core->log.commit >= index,
	        .refusal = refusal,
	};
}

void chunks_received(struct raft *core, const struct raft_message *message)
{
	const struct raft_chunk_message *chunk = &message->chunk;
	struct follower *follower = &core->follower;
	const struct log *log = &core->log;

	follower_heard(core, message);
	if (follower->is_storing || follower->is_installing)
		return;
	if (chunk->index <= log->commit || chunk->index_term > message->term) {
		reply(core, message->from, chunk->index,
		      chunk->index <= log->commit ? RAFT_OK : RAFT_MALFORMED);
		return;
	}
	if (chunk->offset == 0) {
		follower->checkpoint = chunk->index;
		follower->checkpoint_term = chunk->index_term;
		follower->chunk_stored = 0;
	}
	if (chunk->index != follower->checkpoint ||
	    chunk->index_term != follower->checkpoint_term ||
	    chunk->offset != follower->chunk_stored) {
		reply(core, message->from, chunk->index, RAFT_OK);
		return;
	}
	follower->is_storing = true;
	follower->is_installing = chunk->is_last;
	core->update->store = (struct raft_store){
	        .index = chunk->index,
	        .index_term = chunk->index_term,
	        .offset = chunk->offset,
	        .is_last = chunk->is_last,
	        .keeps_log = log_holds(log, chunk->index) &&
	                     log_term(log, chunk->index) == chunk->index_term,
	};
	core->update->what |= RAFT_STORE;
}

void chunks_stored(struct raft *core, uint64_t index, uint64_t offset)
{
	struct follower *follower = &core->follower;

	if (!follower->is_storing || index != follower->checkpoint)
		return;
	follower->is_storing = false;
	follower->chunk_stored = offset;
	if (offset == 0) {
		follower->checkpoint = 0;
		follower->is_installing = false;
	}
	/* A refusal is not tried again at once: a full disk stays so for a while. */
	if (!raft_id_is_none(core->leader_id) && core->role == RAFT_FOLLOWER)
		reply(core, core->leader_id, index, offset == 0 ? RAFT_NOT_STORED : RAFT_OK);
}

void chunks_installed(struct raft *core, const struct raft_installed *installed)
{
	struct follower *follower = &core->follower;
	struct log *log = &core->log;
	uint64_t index = installed->index, term = installed->index_term;
	uint64_t wanted = follower->checkpoint;
	bool has_leader = !raft_id_is_none(core->leader_id) && core->role == RAFT_FOLLOWER;

	follower->is_storing = follower->is_installing = false;
	follower->checkpoint = follower->chunk_stored = 0;
	if (installed->is_damaged && has_leader)
		reply(core, core->leader_id, wanted, RAFT_BAD_CHECKPOINT);
	if (index <= log->commit)
		return;
	if (log_holds(log, index) && log_term(log, index) == term) {
		/* The checkpoint is durable, and so is what it stands for. */
		if (log->synced < index)
			log->synced = index;
		outbox_commit(core, index);
	} else {
		log_reset(log, index, term, installed->list);
		core->update->what |= RAFT_MEMBERS;
		core->update->commit = index;
		core->update->what |= RAFT_COMMIT;
	}
	if (follower->matched < index)
		follower->matched = index;
	follower->owes_reply = true;
	if (has_leader)
		reply(core, core->leader_id, index, RAFT_OK);
}
