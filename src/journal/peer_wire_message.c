/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's messages, field by field, and their payloads.
 *
 * Refusals pass whatever their number, for a later release may have more of them: the core knows
 * them all as something else than RAFT_OK.
 */
#include "journal/peer_wire_private.h"

#include "base/check.h"
#include "base/err.h"
#include "base/hash.h"
#include "format/command.h"
#include "format/entry.h"

/* ---- fields ---- */

static void field_refusal(struct peer_fields *fields, enum raft_refusal *refusal)
{
	uint16_t value = (uint16_t)*refusal;

	peer_field_u16(fields, &value);
	*refusal = (enum raft_refusal)value;
}

/* NULL is written as empty and read as such. */
static void field_address(struct peer_fields *fields, const char **address,
                          struct peer_message *room)
{
	if (fields->out != NULL) {
		peer_encode_text(fields->out, *address == NULL ? "" : *address,
		                 RAFT_ADDRESS_BYTES_MAX);
		return;
	}
	room->address[0] = '\0';
	peer_field_text(fields, room->address, RAFT_ADDRESS_BYTES_MAX);
	*address = room->address;
}

static bool decode_members(struct peer_fields *fields, struct str bytes,
                           struct raft_members *members)
{
	int rc = raft_members_decode(bytes, members);

	if (rc < 0)
		peer_fields_fail(fields, rc == -ERR_UNSUPPORTED ? rc : -ERR_BAD_MESSAGE,
		                 rc == -ERR_UNSUPPORTED ? "a list of members of a later release"
		                                        : "a list of members that is none");
	return rc == 0;
}

static void encode_list(struct buf *buf, const struct raft_list *list)
{
	size_t length_at = buf->size + 8, length;

	buf_append_le(buf, list->index, 8);
	buf_append_le(buf, 0, 2);
	raft_members_encode(&list->members, buf);
	if (buf->failed)
		return;
	length = buf->size - length_at - 2;
	buf->data[length_at] = (uint8_t)length;
	buf->data[length_at + 1] = (uint8_t)(length >> 8);
}

static void field_list(struct peer_fields *fields, const struct raft_list **list,
                       struct peer_message *room)
{
	bool is_there = *list != NULL;
	struct raft_list *decoded;

	peer_field_bool(fields, &is_there);
	if (fields->out != NULL && *list != NULL)
		encode_list(fields->out, *list);
	if (fields->out != NULL || !is_there)
		return;
	decoded = &room->lists[0];
	peer_field_u64(fields, &decoded->index);
	if (decode_members(fields, cursor_bytes(&fields->in, cursor_le(&fields->in, 2)),
	                   &decoded->members))
		*list = decoded;
}

static void fields_of_append(struct peer_fields *fields, struct raft_append_message *append)
{
	peer_field_u64(fields, &append->prev);
	peer_field_u64(fields, &append->prev_term);
	peer_field_u64(fields, &append->last);
	peer_field_u64(fields, &append->commit);
	peer_field_u64(fields, &append->number);
	peer_field_u64(fields, &append->round);
	peer_field_u64(fields, &append->sent_ms);
	peer_field_u64(fields, &append->ask_ms);
}

static void fields_of_append_reply(struct peer_fields *fields, struct raft_append_reply *reply)
{
	peer_field_u64(fields, &reply->match);
	peer_field_u64(fields, &reply->number);
	peer_field_u64(fields, &reply->round);
	peer_field_u64(fields, &reply->sent_ms);
	peer_field_u64(fields, &reply->commit);
	peer_field_u32(fields, &reply->health);
	field_refusal(fields, &reply->refusal);
	peer_field_u64(fields, &reply->hint);
	peer_field_u64(fields, &reply->hint_term);
}

static void fields_of_vote(struct peer_fields *fields, struct raft_vote_message *vote)
{
	peer_field_u64(fields, &vote->asked_term);
	peer_field_u64(fields, &vote->last);
	peer_field_u64(fields, &vote->last_term);
	peer_field_bool(fields, &vote->is_pre);
	peer_field_u64(fields, &vote->transfer_term);
}

static void fields_of_vote_reply(struct peer_fields *fields, struct raft_vote_reply *reply)
{
	peer_field_u64(fields, &reply->asked_term);
	peer_field_bool(fields, &reply->is_pre);
	field_refusal(fields, &reply->refusal);
	peer_field_u64(fields, &reply->members_index);
}

static void fields_of_chunk(struct peer_fields *fields, struct raft_chunk_message *chunk)
{
	uint32_t size = (uint32_t)chunk->size;

	peer_field_u64(fields, &chunk->index);
	peer_field_u64(fields, &chunk->index_term);
	peer_field_u64(fields, &chunk->offset);
	peer_field_bool(fields, &chunk->is_last);
	peer_field_u32(fields, &size);
	chunk->size = size;
}

static void fields_of_chunk_reply(struct peer_fields *fields, struct raft_chunk_reply *reply)
{
	peer_field_u64(fields, &reply->index);
	peer_field_u64(fields, &reply->offset);
	peer_field_bool(fields, &reply->is_installed);
	field_refusal(fields, &reply->refusal);
}

static void fields_of_stand(struct peer_fields *fields, struct raft_stand_message *stand)
{
	peer_field_u64(fields, &stand->last);
	peer_field_u64(fields, &stand->last_term);
}

static void fields_of_read(struct peer_fields *fields, struct raft_read_message *read)
{
	peer_field_u64(fields, &read->session);
	peer_field_u64(fields, &read->ticket);
	peer_field_u64(fields, &read->index);
	field_refusal(fields, &read->refusal);
}

static void fields_of_ask(struct peer_fields *fields, struct raft_ask_message *ask,
                          struct peer_message *room)
{
	field_address(fields, &ask->address, room);
	peer_field_bool(fields, &ask->binds);
	peer_field_u64(fields, &ask->configured_hash);
	peer_field_u64(fields, &ask->token);
}

static void fields_of_answer(struct peer_fields *fields, struct raft_answer_message *answer,
                             struct peer_message *room)
{
	field_address(fields, &answer->address, room);
	peer_field_u64(fields, &answer->configured_hash);
	peer_field_u64(fields, &answer->token);
	peer_field_u64(fields, &answer->last);
	peer_field_u64(fields, &answer->last_term);
	peer_field_bool(fields, &answer->is_unsure);
	peer_field_id(fields, &answer->leader);
	field_list(fields, &answer->list, room);
}

static void fields_of_join(struct peer_fields *fields, struct raft_join_message *join,
                           struct peer_message *room)
{
	field_address(fields, &join->address, room);
	peer_field_u64(fields, &join->named_hash);
	field_refusal(fields, &join->refusal);
}

void peer_fields_of_message(struct peer_fields *fields, struct raft_message *message,
                            struct peer_message *room)
{
	peer_field_id(fields, &message->from);
	peer_field_id(fields, &message->to);
	peer_field_id(fields, &message->history);
	peer_field_u64(fields, &message->term);
	switch (message->kind) {
	case RAFT_MESSAGE_APPEND: fields_of_append(fields, &message->append); break;
	case RAFT_MESSAGE_APPEND_REPLY:
		fields_of_append_reply(fields, &message->append_reply);
		break;
	case RAFT_MESSAGE_VOTE: fields_of_vote(fields, &message->vote); break;
	case RAFT_MESSAGE_VOTE_REPLY: fields_of_vote_reply(fields, &message->vote_reply); break;
	case RAFT_MESSAGE_CHUNK: fields_of_chunk(fields, &message->chunk); break;
	case RAFT_MESSAGE_CHUNK_REPLY: fields_of_chunk_reply(fields, &message->chunk_reply); break;
	case RAFT_MESSAGE_STAND: fields_of_stand(fields, &message->stand); break;
	case RAFT_MESSAGE_READ:
	case RAFT_MESSAGE_READ_REPLY: fields_of_read(fields, &message->read); break;
	case RAFT_MESSAGE_ASK: fields_of_ask(fields, &message->ask, room); break;
	case RAFT_MESSAGE_ANSWER: fields_of_answer(fields, &message->answer, room); break;
	case RAFT_MESSAGE_JOIN:
	case RAFT_MESSAGE_JOIN_REPLY: fields_of_join(fields, &message->join, room); break;
	case RAFT_MESSAGE_KINDS: CHECK(false);
	}
}

/* ---- payloads ---- */

/* Takes the next entry.  `is_chain_known`: else only the log can judge its chain hash. */
static bool take_entry(struct peer_fields *fields, struct cursor *c, const struct entry *before,
                       bool is_chain_known, struct entry *ret_entry)
{
	enum entry_finding finding = entry_check(c, before, ret_entry);

	if (finding == ENTRY_FOREIGN && !is_chain_known && entry_next(c, ret_entry) &&
	    ret_entry->epoch >= before->epoch)
		finding = ENTRY_GOOD;
	if (finding == ENTRY_BAD)
		peer_fields_fail(fields, -ERR_DAMAGED, "an entry with a wrong length or checksum");
	else if (finding != ENTRY_GOOD)
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "an entry that does not follow");
	return finding == ENTRY_GOOD;
}

/* Notes what the core must know of an entry. */
static bool note_entry(struct peer_fields *fields, const struct entry *entry,
                       struct peer_message *room)
{
	struct raft_append_message *append = &room->message.append;
	struct raft_list *list;

	if (append->run_count == 0 || room->runs[append->run_count - 1].term != entry->epoch) {
		if (append->run_count == PEER_RUNS_MAX) {
			peer_fields_fail(fields, -ERR_TOO_LARGE, "entries of too many terms");
			return false;
		}
		room->runs[append->run_count++] =
		        (struct raft_run){.first = entry->index, .term = entry->epoch};
	}
	if (entry->kind != ENTRY_members)
		return true;
	if (append->list_count == PEER_LISTS_MAX) {
		peer_fields_fail(fields, -ERR_TOO_LARGE, "too many lists of members");
		return false;
	}
	list = &room->lists[append->list_count++];
	list->index = entry->index;
	return decode_members(fields, entry->payload, &list->members);
}

static void decode_entries(struct peer_fields *fields, struct str payload,
                           struct peer_message *room)
{
	struct raft_append_message *append = &room->message.append;
	struct entry entry = {.index = append->prev, .epoch = append->prev_term};
	struct cursor c = cursor_of(payload);

	append->runs = room->runs;
	append->lists = room->lists;
	while (cursor_left(&c) > 0) {
		struct entry before = entry;
		bool is_chain_known = before.index != append->prev || before.index == 0;

		if (!take_entry(fields, &c, &before, is_chain_known, &entry) ||
		    !note_entry(fields, &entry, room))
			return;
	}
	if (entry.index != append->last || append->last < append->prev)
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "other entries than it says");
}

/* What it claims to unpack to is bounded before anybody makes room for it. */
static void judge_piece(struct peer_fields *fields, struct str payload, size_t size)
{
	if (payload.size > size || size > PEER_PIECE_BYTES_MAX)
		peer_fields_fail(fields, -ERR_BAD_MESSAGE,
		                 "a piece of a checkpoint of a size that cannot be");
}

void peer_decode_payload(struct peer_fields *fields, struct str payload, uint32_t payload_crc,
                         struct peer_message *message)
{
	enum raft_message_kind kind = message->message.kind;
	bool is_chunk = kind == RAFT_MESSAGE_CHUNK;

	message->payload = payload;
	if (payload_crc != (is_chunk ? crc32c(0, payload.data, payload.size) : 0))
		peer_fields_fail(fields, -ERR_DAMAGED, "a payload with a wrong checksum");
	else if (is_chunk)
		judge_piece(fields, payload, message->message.chunk.size);
	else if (kind == RAFT_MESSAGE_APPEND)
		decode_entries(fields, payload, message);
	else if (payload.size > 0)
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "a payload where none belongs");
}
