/* SPDX-License-Identifier: Apache-2.0 */
#include "raft/raft_private.h"

struct raft_message *outbox_add(struct raft *core, enum raft_message_kind kind, struct raft_id to)
{
	struct raft_message *message;

	CHECK(core->update->message_count < MESSAGES_MAX);
	message = &core->messages[core->update->message_count++];
	memset(message, 0, sizeof(*message));
	message->kind = kind;
	message->from = core->options.self;
	message->to = to;
	message->history = core->vote.history;
	message->term = core->vote.term;
	core->update->messages = core->messages;
	core->update->what |= RAFT_SEND;
	return message;
}

void outbox_refuse(struct raft *core, enum raft_refusal refusal)
{
	core->update->refusal = refusal;
	core->update->what |= RAFT_REFUSED;
}

void outbox_refused_by(struct raft *core, struct raft_id peer, enum raft_refusal refusal)
{
	core->update->refused_by = peer;
	core->update->peer_refusal = refusal;
	core->update->what |= RAFT_REFUSED_BY;
}

void outbox_fetch(struct raft *core, struct raft_fetch fetch)
{
	CHECK(core->update->fetch_count < PEERS_MAX);
	core->fetches[core->update->fetch_count++] = fetch;
	core->update->fetches = core->fetches;
	core->update->what |= RAFT_FETCH;
}

void outbox_fetch_chunk(struct raft *core, struct raft_fetch_chunk fetch)
{
	CHECK(core->update->chunk_fetch_count < PEERS_MAX);
	core->chunk_fetches[core->update->chunk_fetch_count++] = fetch;
	core->update->chunk_fetches = core->chunk_fetches;
	core->update->what |= RAFT_FETCH_CHUNK;
}

void outbox_append(struct raft *core, enum raft_source source, uint64_t count,
                   const struct raft_members *members)
{
	struct log *log = &core->log;
	uint64_t first = log->last + 1;

	CHECK((core->update->what & RAFT_APPEND) == 0);
	log_append(log, log->last + count, core->vote.term);
	if (members != NULL) {
		log_add_list(log, log->last, members, core->now_ms);
		core->update->what |= RAFT_MEMBERS;
	}
	core->update->append = (struct raft_append){
	        .generation = log->generation,
	        .first = first,
	        .last = log->last,
	        .term = core->vote.term,
	        .source = source,
	        .members = core_members(core),
	};
	core->update->what |= RAFT_APPEND;
}

void outbox_wake(struct raft *core, uint64_t at_ms)
{
	if (at_ms < core->update->wake_ms)
		core->update->wake_ms = at_ms;
}

void outbox_commit(struct raft *core, uint64_t index)
{
	if (index <= core->log.commit)
		return;
	core->log.commit = index;
	core->update->commit = index;
	core->update->what |= RAFT_COMMIT;
}
