/* SPDX-License-Identifier: Apache-2.0 */
/* Frames between masters: each comes back as it was, and nothing else comes through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/err.h"
#include "format/bytes.h"
#include "format/command.h"
#include "format/entry.h"
#include "journal/peer_wire.h"

enum { FRAMES_BYTES_MAX = 1 << 20, ENVELOPE_BYTES = 17 };

struct world {
	struct buf bytes;        /* what is on the wire */
	struct buf payload;      /* entries, or a piece of a checkpoint */
	struct entry last;       /* of the entries */
	struct peer_frame frame; /* decoded */
	const char *why;
	char address[RAFT_ADDRESS_BYTES_MAX + 1];
	struct raft_list list;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct world));
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	buf_finish(&w->bytes);
	buf_finish(&w->payload);
	free(w);
	return 0;
}

/* ---- making ---- */

static struct raft_id id_of(uint8_t byte)
{
	struct raft_id id;

	memset(id.bytes, byte, sizeof(id.bytes));
	return id;
}

static struct raft_members members_of(size_t count, size_t address_bytes)
{
	struct raft_members members = {.count = count};

	for (size_t i = 0; i < count; i++) {
		members.member[i].id = id_of((uint8_t)(i + 1));
		members.member[i].is_voter = i % 2 == 0;
		members.member[i].priority = (uint8_t)(255 - i);
		memset(members.member[i].address, (int)('a' + i), address_bytes);
	}
	return members;
}

static void add_entry(struct world *w, uint64_t index, uint64_t epoch, uint16_t kind,
                      struct str payload)
{
	struct entry entry = {
	        .index = index, .epoch = epoch, .kind = kind, .version = 1, .payload = payload};

	entry_encode(&entry, w->last.chain, &w->payload);
	w->last = entry;
}

static void add_list(struct world *w, uint64_t index, uint64_t epoch, size_t count)
{
	struct raft_members members = members_of(count, 9);
	struct buf payload = {0};

	raft_members_encode(&members, &payload);
	add_entry(w, index, epoch, ENTRY_members, buf_str(&payload));
	buf_finish(&payload);
}

/* The next value of a field: its least, its greatest, or one that no other field has. */
enum filling { LEAST, GREATEST, DISTINCT, FILLINGS };
struct filler {
	enum filling filling;
	uint64_t given;
};

static uint64_t next(struct filler *filler)
{
	filler->given++;
	if (filler->filling == LEAST)
		return 0;
	return filler->filling == GREATEST ? UINT64_MAX : filler->given * 0x0101010101010101u;
}

static bool next_flag(struct filler *filler)
{
	return (next(filler) & 1) != 0;
}

static enum raft_refusal next_refusal(struct filler *filler)
{
	return (enum raft_refusal)(next(filler) & UINT16_MAX);
}

static const char *address_of(struct world *w, enum filling filling)
{
	memset(w->address, 0, sizeof(w->address));
	memset(w->address, 'x',
	       filling == LEAST ? 0 : (filling == GREATEST ? RAFT_ADDRESS_BYTES_MAX : 11));
	return w->address;
}

static const struct raft_list *list_of(struct world *w, struct filler *filler)
{
	if (filler->filling == LEAST)
		return NULL;
	w->list.index = next(filler);
	w->list.members = filler->filling == GREATEST
	                          ? members_of(RAFT_MEMBERS_MAX, RAFT_ADDRESS_BYTES_MAX)
	                          : members_of(3, 14);
	return &w->list;
}

static void fill_append(struct world *w, struct filler *f, struct raft_append_message *append)
{
	append->prev = next(f) / 2;
	append->last = append->prev;
	append->prev_term = next(f);
	append->commit = next(f);
	append->number = next(f);
	append->round = next(f);
	append->sent_ms = next(f);
	append->ask_ms = next(f);
	if (f->filling == LEAST)
		return;
	add_entry(w, ++append->last, append->prev_term, ENTRY_mkdirs, STR("payload"));
	add_entry(w, ++append->last, append->prev_term, ENTRY_term, STR(""));
}

static void fill_chunk(struct world *w, struct filler *f, struct raft_chunk_message *chunk)
{
	chunk->index = next(f);
	chunk->index_term = next(f);
	chunk->offset = next(f);
	chunk->is_last = next_flag(f);
	chunk->size = f->filling == LEAST ? 0 : 300;
	for (size_t i = 0; i < chunk->size; i++)
		buf_append_u8(&w->payload, (uint8_t)(i * 7));
}

static void fill_replies(struct filler *f, struct raft_message *message)
{
	if (message->kind == RAFT_MESSAGE_APPEND_REPLY)
		message->append_reply = (struct raft_append_reply){
		        next(f),           next(f),         next(f), next(f), next(f),
		        (uint32_t)next(f), next_refusal(f), next(f), next(f)};
	else if (message->kind == RAFT_MESSAGE_VOTE_REPLY)
		message->vote_reply =
		        (struct raft_vote_reply){next(f), next_flag(f), next_refusal(f), next(f)};
	else if (message->kind == RAFT_MESSAGE_CHUNK_REPLY)
		message->chunk_reply =
		        (struct raft_chunk_reply){next(f), next(f), next_flag(f), next_refusal(f)};
}

static struct raft_message make(struct world *w, enum raft_message_kind kind, enum filling filling)
{
	struct filler f = {.filling = filling};
	struct raft_message message = {.kind = kind,
	                               .from = id_of((uint8_t)next(&f)),
	                               .to = id_of((uint8_t)next(&f)),
	                               .history = id_of((uint8_t)next(&f)),
	                               .term = next(&f)};

	w->last = (struct entry){0};
	buf_clear(&w->payload);
	fill_replies(&f, &message);
	if (kind == RAFT_MESSAGE_APPEND)
		fill_append(w, &f, &message.append);
	else if (kind == RAFT_MESSAGE_VOTE)
		message.vote = (struct raft_vote_message){next(&f), next(&f), next(&f),
		                                          next_flag(&f), next(&f)};
	else if (kind == RAFT_MESSAGE_CHUNK)
		fill_chunk(w, &f, &message.chunk);
	else if (kind == RAFT_MESSAGE_STAND)
		message.stand = (struct raft_stand_message){next(&f), next(&f)};
	else if (kind == RAFT_MESSAGE_READ || kind == RAFT_MESSAGE_READ_REPLY)
		message.read =
		        (struct raft_read_message){next(&f), next(&f), next(&f), next_refusal(&f)};
	else if (kind == RAFT_MESSAGE_ASK)
		message.ask = (struct raft_ask_message){address_of(w, filling), next_flag(&f),
		                                        next(&f), next(&f)};
	else if (kind == RAFT_MESSAGE_ANSWER)
		message.answer = (struct raft_answer_message){address_of(w, filling),
		                                              next(&f),
		                                              next(&f),
		                                              next(&f),
		                                              next(&f),
		                                              next_flag(&f),
		                                              id_of((uint8_t)next(&f)),
		                                              list_of(w, &f)};
	else if (kind == RAFT_MESSAGE_JOIN || kind == RAFT_MESSAGE_JOIN_REPLY)
		message.join = (struct raft_join_message){address_of(w, filling), next(&f),
		                                          next_refusal(&f)};
	return message;
}

/* ---- coding ---- */

static void encode(struct world *w, const struct raft_message *message)
{
	struct str payload = buf_str(&w->payload);
	size_t part = payload.size / 3;
	struct str pieces[2] = {{payload.data, part}, {NULL, 0}};

	if (payload.size > 0)
		pieces[1] = str_make(payload.data + part, payload.size - part);
	buf_clear(&w->bytes);
	peer_wire_encode_message(message, pieces, payload.size == 0 ? 0 : 2, &w->bytes);
	buf_append_str(&w->bytes, payload);
	assert_false(w->bytes.failed);
}

/* In memory of exactly that size, so that a read past its end is noticed. */
static int decode(struct world *w, const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	int rc;

	memcpy(copy, bytes, size);
	memset(&w->frame, 0xee, sizeof(w->frame));
	w->why = NULL;
	rc = peer_wire_decode(str_make(copy, size), &w->frame, &w->why);
	if (rc < 0)
		assert_non_null(w->why);
	else if (w->frame.kind == PEER_MESSAGE)
		w->frame.message.payload.data = NULL; /* lies in what is freed now */
	free(copy);
	return rc;
}

static int decode_all(struct world *w)
{
	return decode(w, w->bytes.data, w->bytes.size);
}

/* The frame's checksum, after it was changed on purpose. */
static void put_crc(struct world *w)
{
	crc_put(w->bytes.data, w->bytes.size - buf_str(&w->payload).size, 4);
}

/* ---- comparing ---- */

#define SAME(field)    assert_true(a->field == b->field)
#define SAME_ID(field) assert_memory_equal(&a->field, &b->field, sizeof(a->field))

static void assert_same_list(const struct raft_list *a, const struct raft_list *b)
{
	if (a == NULL || b == NULL) {
		assert_ptr_equal(a, b);
		return;
	}
	SAME(index);
	SAME(members.count);
	for (size_t i = 0; i < a->members.count; i++) {
		SAME_ID(members.member[i].id);
		SAME(members.member[i].is_voter);
		SAME(members.member[i].priority);
		assert_string_equal(a->members.member[i].address, b->members.member[i].address);
	}
}

static void assert_same_reply(const struct raft_message *a, const struct raft_message *b)
{
	if (a->kind == RAFT_MESSAGE_APPEND_REPLY) {
		SAME(append_reply.match);
		SAME(append_reply.number);
		SAME(append_reply.round);
		SAME(append_reply.sent_ms);
		SAME(append_reply.commit);
		SAME(append_reply.health);
		SAME(append_reply.refusal);
		SAME(append_reply.hint);
		SAME(append_reply.hint_term);
	} else if (a->kind == RAFT_MESSAGE_VOTE_REPLY) {
		SAME(vote_reply.asked_term);
		SAME(vote_reply.is_pre);
		SAME(vote_reply.refusal);
		SAME(vote_reply.members_index);
	} else if (a->kind == RAFT_MESSAGE_CHUNK_REPLY) {
		SAME(chunk_reply.index);
		SAME(chunk_reply.offset);
		SAME(chunk_reply.is_installed);
		SAME(chunk_reply.refusal);
	}
}

static void assert_same_log(const struct raft_message *a, const struct raft_message *b)
{
	if (a->kind == RAFT_MESSAGE_APPEND) {
		SAME(append.prev);
		SAME(append.prev_term);
		SAME(append.last);
		SAME(append.commit);
		SAME(append.number);
		SAME(append.round);
		SAME(append.sent_ms);
		SAME(append.ask_ms);
	} else if (a->kind == RAFT_MESSAGE_VOTE) {
		SAME(vote.asked_term);
		SAME(vote.last);
		SAME(vote.last_term);
		SAME(vote.is_pre);
		SAME(vote.transfer_term);
	} else if (a->kind == RAFT_MESSAGE_CHUNK) {
		SAME(chunk.index);
		SAME(chunk.index_term);
		SAME(chunk.offset);
		SAME(chunk.size);
		SAME(chunk.is_last);
	} else if (a->kind == RAFT_MESSAGE_STAND) {
		SAME(stand.last);
		SAME(stand.last_term);
	}
}

static void assert_same(const struct raft_message *a, const struct raft_message *b)
{
	SAME(kind);
	SAME_ID(from);
	SAME_ID(to);
	SAME_ID(history);
	SAME(term);
	assert_null(b->to_address);
	assert_same_reply(a, b);
	assert_same_log(a, b);
	if (a->kind == RAFT_MESSAGE_READ || a->kind == RAFT_MESSAGE_READ_REPLY) {
		SAME(read.session);
		SAME(read.ticket);
		SAME(read.index);
		SAME(read.refusal);
	} else if (a->kind == RAFT_MESSAGE_ASK) {
		assert_string_equal(a->ask.address, b->ask.address);
		SAME(ask.binds);
		SAME(ask.configured_hash);
		SAME(ask.token);
	} else if (a->kind == RAFT_MESSAGE_ANSWER) {
		assert_string_equal(a->answer.address, b->answer.address);
		SAME(answer.configured_hash);
		SAME(answer.token);
		SAME(answer.last);
		SAME(answer.last_term);
		SAME(answer.is_unsure);
		SAME_ID(answer.leader);
		assert_same_list(a->answer.list, b->answer.list);
	} else if (a->kind == RAFT_MESSAGE_JOIN || a->kind == RAFT_MESSAGE_JOIN_REPLY) {
		assert_string_equal(a->join.address, b->join.address);
		SAME(join.named_hash);
		SAME(join.refusal);
	}
}

/* ---- what is good ---- */

static void every_message_comes_back_as_it_was(void **state)
{
	struct world *w = *state;

	for (unsigned kind = 0; kind < RAFT_MESSAGE_KINDS; kind++)
		for (unsigned filling = 0; filling < FILLINGS; filling++) {
			struct raft_message message = make(w, kind, filling);

			encode(w, &message);
			assert_int_equal(decode_all(w), 0);
			assert_int_equal(w->frame.kind, PEER_MESSAGE);
			assert_same(&message, &w->frame.message.message);
			assert_int_equal(w->frame.message.payload.size, w->payload.size);
		}
}

static void address_that_is_missing_comes_back_empty(void **state)
{
	struct world *w = *state;
	struct raft_message message = make(w, RAFT_MESSAGE_JOIN_REPLY, DISTINCT);

	message.join.address = NULL;
	encode(w, &message);
	assert_int_equal(decode_all(w), 0);
	assert_string_equal(w->frame.message.message.join.address, "");
}

static struct peer_hello make_hello(void)
{
	return (struct peer_hello){.features = 0x80000001, /* of a later release, too */
	                           .cluster_id = "CID-1f",
	                           .id = id_of(7),
	                           .address = "node-1:8031",
	                           .service_address = "node-1:8030"};
}

static void encode_hello(struct world *w, const struct peer_hello *hello)
{
	buf_clear(&w->bytes);
	peer_wire_encode_hello(hello, &w->bytes);
}

static void hello_comes_back_as_it_was(void **state)
{
	struct world *w = *state;
	struct peer_hello a = make_hello();

	for (int is_long = 0; is_long < 2; is_long++) {
		if (is_long) {
			memset(a.cluster_id, 'C', CLUSTER_ID_BYTES_MAX);
			memset(a.address, 'a', RAFT_ADDRESS_BYTES_MAX);
			memset(a.service_address, 's', RAFT_ADDRESS_BYTES_MAX);
		}
		encode_hello(w, &a);
		assert_int_equal(decode_all(w), 0);
		assert_int_equal(w->frame.kind, PEER_HELLO);
		assert_int_equal(w->frame.hello.version, 3);
		assert_true(w->frame.hello.features == a.features);
		assert_string_equal(w->frame.hello.cluster_id, a.cluster_id);
		assert_memory_equal(&w->frame.hello.id, &a.id, sizeof(a.id));
		assert_string_equal(w->frame.hello.address, a.address);
		assert_string_equal(w->frame.hello.service_address, a.service_address);
	}
}

static void beat_and_ping_come_back_as_they_were(void **state)
{
	struct world *w = *state;
	struct peer_beat beat = {.applied = UINT64_MAX - 1};
	struct peer_ping ping = {.sent_us = UINT64_MAX, .wall_ms = 3};

	for (; beat.digest_count <= PEER_DIGESTS_MAX; beat.digest_count++) {
		buf_clear(&w->bytes);
		peer_wire_encode_beat(&beat, &w->bytes);
		assert_int_equal(decode_all(w), 0);
		assert_int_equal(w->frame.kind, PEER_BEAT);
		assert_true(w->frame.beat.applied == beat.applied);
		assert_int_equal(w->frame.beat.digest_count, beat.digest_count);
		assert_memory_equal(w->frame.beat.digests, beat.digests,
		                    beat.digest_count * sizeof(beat.digests[0]));
		if (beat.digest_count < PEER_DIGESTS_MAX)
			beat.digests[beat.digest_count] = (struct peer_digest){
			        .index = 4096 * (beat.digest_count + 1),
			        .digest = {.low = UINT64_MAX, .high = beat.digest_count}};
	}
	buf_clear(&w->bytes);
	peer_wire_encode_ping(PEER_PONG, &ping, &w->bytes);
	assert_int_equal(decode_all(w), 0);
	assert_int_equal(w->frame.kind, PEER_PONG);
	assert_true(w->frame.ping.sent_us == ping.sent_us);
	assert_true(w->frame.ping.wall_ms == ping.wall_ms);
}

/* By the layout in the header, byte by byte. */
static void frame_has_the_bytes_that_the_header_promises(void **state)
{
	static const uint8_t length[4] = {89}, envelope[9] = {[8] = 16 + RAFT_MESSAGE_STAND};
	static const uint8_t ids[48] = {[0] = 1, [16] = 2, [32] = 3};
	static const uint8_t numbers[24] = {8, 7, 6, 5, 4, 3, 2, 1, [8] = 9, [16] = 10};
	struct world *w = *state;
	struct raft_message message = {.kind = RAFT_MESSAGE_STAND,
	                               .from = {{1}},
	                               .to = {{2}},
	                               .history = {{3}},
	                               .term = 0x0102030405060708,
	                               .stand = {.last = 9, .last_term = 10}};
	struct buf rest = {0};
	uint32_t crc;

	buf_append(&rest, envelope, sizeof(envelope));
	buf_append(&rest, ids, sizeof(ids));
	buf_append(&rest, numbers, sizeof(numbers));
	crc = crc32c(crc32c(0, length, sizeof(length)), rest.data, rest.size);
	encode(w, &message);
	assert_int_equal(w->bytes.size, 89);
	assert_memory_equal(w->bytes.data, length, sizeof(length));
	for (int i = 0; i < 4; i++)
		assert_int_equal(w->bytes.data[4 + i], (uint8_t)(crc >> 8 * i));
	assert_memory_equal(w->bytes.data + 8, rest.data, rest.size);
	buf_finish(&rest);
}

/* ---- entries ---- */

static struct raft_message append_of(struct world *w, uint64_t prev, uint64_t prev_term)
{
	return (struct raft_message){
	        .kind = RAFT_MESSAGE_APPEND,
	        .from = id_of(1),
	        .term = 99,
	        .append = {.prev = prev, .prev_term = prev_term, .last = w->last.index}};
}

static int code_append(struct world *w, uint64_t prev, uint64_t prev_term)
{
	struct raft_message message = append_of(w, prev, prev_term);

	encode(w, &message);
	return decode_all(w);
}

static void terms_and_lists_are_read_from_the_entries(void **state)
{
	struct world *w = *state;
	const struct raft_append_message *append = &w->frame.message.message.append;
	struct raft_list four = {.index = 13, .members = members_of(4, 9)};
	struct raft_list two = {.index = 16, .members = members_of(2, 9)};

	w->last.chain = 0x1234; /* only the log can know it */
	add_entry(w, 11, 3, ENTRY_mkdirs, STR("a"));
	add_entry(w, 12, 3, ENTRY_mkdirs, STR("b"));
	add_list(w, 13, 5, 4);
	add_entry(w, 14, 5, ENTRY_term, STR(""));
	add_entry(w, 15, 8, ENTRY_term, STR(""));
	add_list(w, 16, 8, 2);
	assert_int_equal(code_append(w, 10, 3), 0);
	assert_int_equal(append->run_count, 3);
	assert_true(append->runs[0].first == 11 && append->runs[0].term == 3);
	assert_true(append->runs[1].first == 13 && append->runs[1].term == 5);
	assert_true(append->runs[2].first == 15 && append->runs[2].term == 8);
	assert_int_equal(append->list_count, 2);
	assert_same_list(&append->lists[0], &four);
	assert_same_list(&append->lists[1], &two);
}

static void entries_that_do_not_follow_are_refused(void **state)
{
	struct world *w = *state;

	add_entry(w, 11, 3, ENTRY_mkdirs, STR("a"));
	add_entry(w, 13, 3, ENTRY_mkdirs, STR("b"));
	assert_int_equal(code_append(w, 10, 3), -ERR_BAD_MESSAGE); /* a hole */
	buf_clear(&w->payload);
	add_entry(w, 11, 3, ENTRY_mkdirs, STR("a"));
	w->last.chain ^= 1;
	add_entry(w, 12, 3, ENTRY_mkdirs, STR("b"));
	assert_int_equal(code_append(w, 10, 3), -ERR_BAD_MESSAGE); /* another chain */
	buf_clear(&w->payload);
	add_entry(w, 11, 3, ENTRY_mkdirs, STR("a"));
	add_entry(w, 12, 2, ENTRY_mkdirs, STR("b"));
	assert_int_equal(code_append(w, 10, 3), -ERR_BAD_MESSAGE); /* terms go back */
	buf_clear(&w->payload);
	add_entry(w, 11, 3, ENTRY_mkdirs, STR("a"));
	assert_int_equal(code_append(w, 10, 4), -ERR_BAD_MESSAGE); /* below the one before */
	assert_int_equal(code_append(w, 9, 3), -ERR_BAD_MESSAGE);  /* not the next */
	assert_int_equal(code_append(w, 10, 3), 0);
	buf_clear(&w->payload);
	w->last.chain = 1;
	add_entry(w, 1, 3, ENTRY_mkdirs, STR("a"));
	assert_int_equal(code_append(w, 0, 0), -ERR_BAD_MESSAGE); /* before entry 1 it is 0 */
}

static void other_entries_than_the_message_names_are_refused(void **state)
{
	struct world *w = *state;
	struct raft_message message;

	add_entry(w, 11, 3, ENTRY_mkdirs, STR("a"));
	add_entry(w, 12, 3, ENTRY_mkdirs, STR("b"));
	message = append_of(w, 10, 3);
	for (uint64_t last = 9; last <= 14; last++) {
		message.append.last = last;
		encode(w, &message);
		assert_int_equal(decode_all(w), last == 12 ? 0 : -ERR_BAD_MESSAGE);
	}
	buf_clear(&w->payload);
	message.append.last = 12;
	encode(w, &message);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
	message.append.last = 9;
	encode(w, &message);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
	message.append.prev = message.append.last = UINT64_MAX;
	encode(w, &message);
	assert_int_equal(decode_all(w), 0);
	w->last = (struct entry){0};
	add_entry(w, 0, 3, ENTRY_mkdirs, STR("past the greatest index"));
	message.append.last = 0;
	encode(w, &message);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
}

static void more_terms_than_one_message_may_have_are_refused(void **state)
{
	struct world *w = *state;

	for (uint64_t i = 1; i <= PEER_RUNS_MAX; i++)
		add_entry(w, i, i, ENTRY_term, STR(""));
	assert_int_equal(code_append(w, 0, 0), 0);
	assert_int_equal(w->frame.message.message.append.run_count, PEER_RUNS_MAX);
	add_entry(w, PEER_RUNS_MAX + 1, PEER_RUNS_MAX + 1, ENTRY_term, STR(""));
	assert_int_equal(code_append(w, 0, 0), -ERR_TOO_LARGE);
}

static void more_lists_than_one_message_may_have_are_refused(void **state)
{
	struct world *w = *state;

	for (uint64_t i = 1; i <= PEER_LISTS_MAX; i++)
		add_list(w, i, 1, 3);
	assert_int_equal(code_append(w, 0, 0), 0);
	assert_int_equal(w->frame.message.message.append.list_count, PEER_LISTS_MAX);
	add_list(w, PEER_LISTS_MAX + 1, 1, 3);
	assert_int_equal(code_append(w, 0, 0), -ERR_TOO_LARGE);
}

static void list_of_members_that_is_none_is_refused(void **state)
{
	struct world *w = *state;

	add_entry(w, 1, 1, ENTRY_members, STR("\1\1"));
	assert_int_equal(code_append(w, 0, 0), -ERR_BAD_MESSAGE);
	buf_clear(&w->payload);
	w->last = (struct entry){0};
	add_entry(w, 1, 1, ENTRY_members, STR("\2 of a later release"));
	assert_int_equal(code_append(w, 0, 0), -ERR_UNSUPPORTED);
}

/* ---- what is bad ---- */

static void assert_no_part_comes_through(struct world *w)
{
	size_t whole = w->bytes.size, size;

	for (size_t part = 0; part < whole; part++) {
		assert_true(decode(w, w->bytes.data, part) < 0);
		assert_int_equal(peer_wire_frame_size(str_make(w->bytes.data, part),
		                                      FRAMES_BYTES_MAX, &size),
		                 0);
		assert_int_equal(size, part < 16 ? 0 : whole);
	}
	buf_append_u8(&w->bytes, 0);
	assert_true(decode_all(w) < 0); /* more than the frame is no frame either */
	w->bytes.size = whole;
}

static void assert_no_flipped_bit_comes_through(struct world *w)
{
	for (size_t bit = 0; bit < 8 * w->bytes.size; bit++) {
		w->bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(decode_all(w) < 0);
		w->bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(decode_all(w), 0);
}

static void parts_of_frames_and_flipped_bits_are_refused(void **state)
{
	struct world *w = *state;
	struct peer_hello hello = make_hello();
	struct peer_beat beat = {.digest_count = 2};

	for (unsigned kind = 0; kind < RAFT_MESSAGE_KINDS; kind++) {
		struct raft_message message = make(w, kind, DISTINCT);

		encode(w, &message);
		assert_no_part_comes_through(w);
		assert_no_flipped_bit_comes_through(w);
	}
	encode_hello(w, &hello);
	assert_no_part_comes_through(w);
	assert_no_flipped_bit_comes_through(w);
	buf_clear(&w->bytes);
	peer_wire_encode_beat(&beat, &w->bytes);
	assert_no_part_comes_through(w);
	assert_no_flipped_bit_comes_through(w);
}

/* With good checksums: whatever one byte of the head is changed to, the frame is refused, or has
 * only one way to be written. */
static void changed_bytes_with_good_checksums_do_no_harm(void **state)
{
	struct world *w = *state;
	struct buf again = {0};

	for (unsigned kind = 0; kind < RAFT_MESSAGE_KINDS; kind++) {
		struct raft_message message = make(w, kind, DISTINCT);
		size_t head;

		encode(w, &message);
		head = w->bytes.size - w->payload.size;
		for (size_t at = ENVELOPE_BYTES; at < head; at++) {
			uint8_t was = w->bytes.data[at];

			for (unsigned value = 0; value < 256; value += 3) {
				w->bytes.data[at] = (uint8_t)value;
				put_crc(w);
				if (decode_all(w) < 0)
					continue;
				buf_clear(&again);
				peer_wire_encode_message(
				        &w->frame.message.message,
				        &(struct str){(char *)w->payload.data, w->payload.size}, 1,
				        &again);
				assert_int_equal(again.size, head);
				assert_memory_equal(again.data, w->bytes.data, head);
			}
			w->bytes.data[at] = was;
		}
	}
	buf_finish(&again);
}

static void put_kind(struct world *w, uint8_t kind)
{
	w->bytes.data[16] = kind;
	put_crc(w);
}

static void kinds_that_are_unknown_here_are_said_to_be(void **state)
{
	struct world *w = *state;
	struct raft_message message = make(w, RAFT_MESSAGE_STAND, DISTINCT);

	encode(w, &message);
	put_kind(w, 0);
	assert_int_equal(decode_all(w), -ERR_UNSUPPORTED);
	put_kind(w, PEER_MESSAGE - 1);
	assert_int_equal(decode_all(w), -ERR_UNSUPPORTED);
	put_kind(w, PEER_MESSAGE + RAFT_MESSAGE_KINDS);
	assert_int_equal(decode_all(w), -ERR_UNSUPPORTED);
	put_kind(w, 255);
	assert_int_equal(decode_all(w), -ERR_UNSUPPORTED);
}

static void hello_of_another_version_says_which(void **state)
{
	struct world *w = *state;
	struct peer_hello hello = make_hello();

	encode_hello(w, &hello);
	buf_append(&w->bytes, "fields of then", 14);
	w->bytes.data[0] = (uint8_t)w->bytes.size;
	w->bytes.data[ENVELOPE_BYTES + 4] = 7;
	put_crc(w);
	assert_int_equal(decode_all(w), -ERR_PROTOCOL_VERSION);
	assert_int_equal(w->frame.hello.version, 7);
}

static void hello_that_makes_no_sense_is_refused(void **state)
{
	struct world *w = *state;
	struct peer_hello good = make_hello(), hello = good;

	hello.id = (struct raft_id){0};
	encode_hello(w, &hello);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
	hello = good;
	hello.address[0] = '\0';
	encode_hello(w, &hello);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
	hello = good;
	hello.address[3] = '\n'; /* it would stand in logs */
	encode_hello(w, &hello);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
	hello = good;
	hello.service_address[3] = ' ';
	encode_hello(w, &hello);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
	encode_hello(w, &good);
	w->bytes.data[ENVELOPE_BYTES] ^= 1; /* magic */
	put_crc(w);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
	hello = good;
	hello.cluster_id[0] = hello.service_address[0] = '\0';
	encode_hello(w, &hello);
	assert_int_equal(decode_all(w), 0);
}

static void payload_of_a_message_that_has_none_is_refused(void **state)
{
	struct world *w = *state;
	struct raft_message message = make(w, RAFT_MESSAGE_STAND, DISTINCT);

	encode(w, &message);
	buf_append_u8(&w->bytes, 0);
	w->bytes.data[0]++;
	w->bytes.data[8]++;
	crc_put(w->bytes.data, w->bytes.size - 1, 4);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
}

static int code_piece(struct world *w, size_t unpacked, size_t packed)
{
	struct raft_message message = make(w, RAFT_MESSAGE_CHUNK, DISTINCT);

	message.chunk.size = unpacked;
	w->payload.size = packed;
	encode(w, &message);
	return decode_all(w);
}

static void piece_that_comes_packed_says_its_size(void **state)
{
	struct world *w = *state;

	assert_int_equal(code_piece(w, PEER_PIECE_BYTES_MAX, 300), 0);
	assert_int_equal(w->frame.message.message.chunk.size, PEER_PIECE_BYTES_MAX);
	assert_int_equal(w->frame.message.payload.size, 300);
	assert_int_equal(code_piece(w, PEER_PIECE_BYTES_MAX + 1, 300), -ERR_BAD_MESSAGE);
	assert_int_equal(code_piece(w, UINT32_MAX, 300), -ERR_BAD_MESSAGE);
}

static void piece_larger_than_it_says_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(code_piece(w, 300, 300), 0);
	w->bytes.data[w->bytes.size - 300 - 4]--; /* the last of the fields: 300 = 0x12c */
	put_crc(w);
	assert_int_equal(decode_all(w), -ERR_BAD_MESSAGE);
}

static void frame_size_is_bounded(void **state)
{
	struct world *w = *state;
	struct raft_message message = make(w, RAFT_MESSAGE_CHUNK, DISTINCT);
	struct str http = STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), bytes;
	size_t size = 77;

	encode(w, &message);
	bytes = buf_str(&w->bytes);
	assert_int_equal(peer_wire_frame_size(bytes, bytes.size, &size), 0);
	assert_int_equal(size, bytes.size);
	size = 77;
	assert_int_equal(peer_wire_frame_size(bytes, bytes.size - 1, &size), -ERR_TOO_LARGE);
	assert_int_equal(peer_wire_frame_size(http, FRAMES_BYTES_MAX, &size), -ERR_BAD_MESSAGE);
	assert_int_equal(size, 77);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(every_message_comes_back_as_it_was),
	        TEST(address_that_is_missing_comes_back_empty),
	        TEST(hello_comes_back_as_it_was),
	        TEST(beat_and_ping_come_back_as_they_were),
	        TEST(frame_has_the_bytes_that_the_header_promises),
	        TEST(terms_and_lists_are_read_from_the_entries),
	        TEST(entries_that_do_not_follow_are_refused),
	        TEST(other_entries_than_the_message_names_are_refused),
	        TEST(more_terms_than_one_message_may_have_are_refused),
	        TEST(more_lists_than_one_message_may_have_are_refused),
	        TEST(list_of_members_that_is_none_is_refused),
	        TEST(parts_of_frames_and_flipped_bits_are_refused),
	        TEST(changed_bytes_with_good_checksums_do_no_harm),
	        TEST(kinds_that_are_unknown_here_are_said_to_be),
	        TEST(hello_of_another_version_says_which),
	        TEST(hello_that_makes_no_sense_is_refused),
	        TEST(payload_of_a_message_that_has_none_is_refused),
	        TEST(piece_that_comes_packed_says_its_size),
	        TEST(piece_larger_than_it_says_is_refused),
	        TEST(frame_size_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
