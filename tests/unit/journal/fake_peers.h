/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A house (house.h) with one real journal of three masters in it.  The test speaks for the two
 * others, b and c, over links of their own, and has the log that they would have.
 *
 *   format_member() or join() > lead() or be_elected() ...
 */
#ifndef HOLDFAST_TESTS_UNIT_JOURNAL_FAKE_PEERS_H
#define HOLDFAST_TESTS_UNIT_JOURNAL_FAKE_PEERS_H

#include "base/err.h"
#include "format/command.h"
#include "format/entry.h"
#include "journal/folder.h"
#include "journal/peer_link.h"
#include "unit/journal/house.h"

#define CLUSTER "CID-house"

enum { ENTRIES_MAX = 3 * 4096, ELECTION_MS = 200, FRAME_BYTES_MAX = 1 << 20 };

struct world;

/* A master that the test speaks for. */
struct fake {
	struct world *world;
	struct peer_link *link;
	struct raft_id id;
	char address[64];
	bool votes;           /* for whoever asks */
	bool acknowledges;    /* whatever it is sent */
	bool says_not_member; /* to whoever asks for a vote */
	bool knows_no_other;  /* whoever asks hears of a cluster of the two fakes */
	bool lags;            /* has two entries */
	bool got_chunk;
	size_t chunk_size, chunk_payload_size; /* of the last one */
	uint64_t read_index;                   /* of the proofs that it gives; 0: gives none */
	bool was_asked_in;
	uint64_t match; /* as the real one says; so is why not */
	enum raft_refusal append_refusal;
	bool is_installed; /* as the real one says; so is why not */
	enum raft_refusal chunk_refusal;
};

struct world {
	struct house *house;
	struct raft_id id; /* of the real one */
	char address[64];
	const char *addresses[3];
	struct journal_replication replication;
	struct fake b, c;
	/* The log that the fakes have: ends[i] is where entry i ends in `bytes`. */
	struct buf bytes;
	struct entry entries[ENTRIES_MAX + 1];
	size_t ends[ENTRIES_MAX + 1];
	uint64_t entry_hashes[ENTRIES_MAX + 1]; /* as the toy machine has them */
	uint64_t last;
	bool closes_when_it_fails;
};

/* ---- the fakes ---- */

static inline void send(struct fake *fake, struct raft_message message, struct str payload)
{
	message.from = fake->id;
	message.to = fake->world->id;
	message.history = fake->world->b.id;
	peer_link_send(fake->link, fake->world->address, &message, &payload, payload.size > 0);
}

static inline void on_vote(struct fake *fake, const struct raft_message *message)
{
	struct raft_message reply = {
	        .kind = RAFT_MESSAGE_VOTE_REPLY,
	        .term = message->term,
	        .vote_reply = {.asked_term = message->vote.asked_term,
	                       .is_pre = message->vote.is_pre},
	};

	if (fake->says_not_member) {
		reply.vote_reply.refusal = RAFT_NOT_MEMBER;
		reply.vote_reply.members_index = UINT32_MAX;
	}
	if (fake->votes || fake->says_not_member)
		send(fake, reply, (struct str){0});
}

static inline void on_append(struct fake *fake, const struct raft_message *message)
{
	const struct raft_append_message *append = &message->append;
	struct raft_message reply = {.kind = RAFT_MESSAGE_APPEND_REPLY,
	                             .term = message->term,
	                             .append_reply = {.match = append->last,
	                                              .number = append->number,
	                                              .round = append->round,
	                                              .sent_ms = append->sent_ms,
	                                              .commit = append->commit}};

	if (fake->lags) {
		reply.append_reply.match = 0;
		reply.append_reply.refusal = RAFT_LOG_DIFFERS;
		reply.append_reply.hint = 2;
		reply.append_reply.hint_term = 1;
	}
	if (fake->acknowledges || fake->lags)
		send(fake, reply, (struct str){0});
}

static inline void fill_members(const struct world *w, struct raft_members *members)
{
	const struct raft_id ids[] = {w->id, w->b.id, w->c.id};

	*members = (struct raft_members){.count = 3};
	for (size_t i = 0; i < 3; i++) {
		members->member[i].id = ids[i];
		members->member[i].is_voter = true;
		snprintf(members->member[i].address, sizeof(members->member[i].address), "%s",
		         w->addresses[i]);
	}
}

static inline void on_ask(struct fake *fake, const struct raft_message *message)
{
	struct raft_list list = {.index = 2};

	fill_members(fake->world, &list.members);
	list.members.member[0] = list.members.member[--list.members.count];
	if (fake->knows_no_other)
		send(fake,
		     (struct raft_message){.kind = RAFT_MESSAGE_ANSWER,
		                           .term = message->term + 1,
		                           .answer = {.address = message->ask.address,
		                                      .token = message->ask.token,
		                                      .last = 2,
		                                      .last_term = 1,
		                                      .leader = fake->id,
		                                      .list = &list}},
		     (struct str){0});
}

static inline void on_read(struct fake *fake, const struct raft_message *message)
{
	struct raft_message reply = {
	        .kind = RAFT_MESSAGE_READ_REPLY, .term = message->term, .read = message->read};

	reply.read.index = fake->read_index;
	if (fake->read_index > 0)
		send(fake, reply, (struct str){0});
}

static inline void on_message(void *context, const struct peer_message *message)
{
	struct fake *fake = context;

	switch (message->message.kind) {
	case RAFT_MESSAGE_ASK: on_ask(fake, &message->message); break;
	case RAFT_MESSAGE_READ: on_read(fake, &message->message); break;
	case RAFT_MESSAGE_CHUNK:
		fake->got_chunk = true;
		fake->chunk_size = message->message.chunk.size;
		fake->chunk_payload_size = message->payload.size;
		break;
	case RAFT_MESSAGE_JOIN: fake->was_asked_in = true; break;
	case RAFT_MESSAGE_APPEND_REPLY:
		fake->match = message->message.append_reply.match;
		fake->append_refusal = message->message.append_reply.refusal;
		break;
	case RAFT_MESSAGE_VOTE: on_vote(fake, &message->message); break;
	case RAFT_MESSAGE_APPEND: on_append(fake, &message->message); break;
	case RAFT_MESSAGE_CHUNK_REPLY:
		fake->chunk_refusal = message->message.chunk_reply.refusal;
		fake->is_installed |= message->message.chunk_reply.is_installed;
		break;
	default: break;
	}
}

static inline void ignore_beat(void *context, struct raft_id from, const struct peer_beat *beat)
{
	(void)context;
	(void)from;
	(void)beat;
}

static inline void ignore_conn(void *context, struct io_conn *conn)
{
	(void)context;
	io_conn_close(conn);
}

static inline void draw_address(struct io *io, char *address, size_t size)
{
	struct io_listen_options options = {
	        .host = "127.0.0.1", .backlog = 1, .on_accept = ignore_conn};
	struct io_listener *listener;

	assert_int_equal(io_listen(io, &options, &listener), 0);
	snprintf(address, size, "127.0.0.1:%u", io_listener_port(listener));
	io_listener_close(listener);
}

static inline void fake_start(struct world *w, struct fake *fake, uint8_t id)
{
	struct peer_link_options options = {.io = w->house->io,
	                                    .cluster_id = CLUSTER,
	                                    .address = fake->address,
	                                    .service_address = "",
	                                    .bind_host = "127.0.0.1",
	                                    .retry_ms = 10,
	                                    .silence_ms = 60 * 1000,
	                                    .frame_bytes_max = FRAME_BYTES_MAX,
	                                    .queue_bytes_max = FRAME_BYTES_MAX,
	                                    .context = fake,
	                                    .on_message = on_message,
	                                    .on_beat = ignore_beat};
	char *text = NULL;

	fake->world = w;
	memset(fake->id.bytes, id, sizeof(fake->id.bytes));
	options.self = fake->id;
	assert_int_equal(peer_link_open(&options, &fake->link, &text), 0);
}

/* ---- their log ---- */

static inline void add_entry(struct world *w, uint64_t term, uint16_t kind, struct str payload)
{
	struct entry *entry = &w->entries[w->last + 1];

	assert_true(w->last < ENTRIES_MAX);
	*entry = (struct entry){.index = w->last + 1,
	                        .epoch = term,
	                        .kind = kind,
	                        .version = 1,
	                        .payload = payload};
	entry_encode(entry, w->entries[w->last].chain, &w->bytes);
	w->ends[++w->last] = w->bytes.size;
	w->entry_hashes[w->last] = toy_hash(payload);
}

static inline void add_members(struct world *w, uint64_t term, bool is_voter)
{
	struct raft_members members;
	struct buf payload;

	fill_members(w, &members);
	members.member[0].is_voter = is_voter;
	buf_init(&payload);
	raft_members_encode(&members, &payload);
	add_entry(w, term, ENTRY_members, buf_str(&payload));
	buf_finish(&payload);
}

/* Entries after `prev`, as the leader of `term`. */
static inline void send_append(struct fake *fake, uint64_t term, uint64_t prev, uint64_t commit)
{
	struct world *w = fake->world;
	struct str entries = str_make(w->bytes.data + w->ends[prev], w->bytes.size - w->ends[prev]);

	send(fake,
	     (struct raft_message){.kind = RAFT_MESSAGE_APPEND,
	                           .term = term,
	                           .append = {.prev = prev,
	                                      .prev_term = w->entries[prev].epoch,
	                                      .last = w->last,
	                                      .commit = commit,
	                                      .number = 1}},
	     entries);
}

/* Says it again and again, for connections have to be made first. */
#define SAY_UNTIL(w, say, condition)                                                               \
	do {                                                                                       \
		uint64_t until_us = io_now_us((w)->house->io) + RUN_UNTIL_SECONDS * 1000000ull;    \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (io_now_us((w)->house->io) > until_us)                                  \
				fail_msg("never became true: %s", #condition);                     \
			say;                                                                       \
			io_run_once((w)->house->io, 20);                                           \
		}                                                                                  \
	} while (0)

/* Until it has applied all of it. */
static inline void lead(struct fake *fake, uint64_t term, uint64_t prev)
{
	struct world *w = fake->world;

	SAY_UNTIL(w, send_append(fake, term, prev, w->last), w->house->toy.count >= w->last);
}

/* ---- the real one ---- */

static inline void on_failure(void *context, int rc, const char *text)
{
	struct house *house = context;
	struct world *w = *(struct world **)(house + 1);

	house_on_failure(context, rc, text);
	if (w->closes_when_it_fails)
		journal_close(house->journal, house_on_closed, house);
}

static inline void open_journal_of(struct world *w)
{
	char *text = NULL;

	assert_int_equal(journal_open(&w->house->options, &w->house->journal, &text), 0);
	RUN_UNTIL(w->house->io, w->house->phase == JOURNAL_FOLLOWING);
}

static inline void format_member(struct world *w)
{
	struct journal_format_options options = {
	        .io = w->house->io, .folder = w->house->folder, .is_member = true};
	struct marker marker;
	char *text = NULL;

	assert_int_equal(journal_format(&options, &text), 0);
	mem_free(text);
	assert_int_equal(folder_read_marker(w->house->io, w->house->folder, &marker, &text), 0);
	memcpy(w->id.bytes, marker.member, sizeof(w->id.bytes));
}

static inline void fill_options(struct world *w)
{
	w->replication = (struct journal_replication){
	        .address = w->address,
	        .service_address = "",
	        .addresses = w->addresses,
	        .address_count = 3,
	        .bind_host = "127.0.0.1",
	        .election_min_ms = ELECTION_MS,
	        .clock_skew_max_ms = 10000,
	        .election_max_ms = ELECTION_MS + ELECTION_MS / 2,
	        .heartbeat_ms = ELECTION_MS / 10,
	        .retry_ms = 20,
	        .silence_ms = 60 * 1000,
	        .message_bytes_max = FRAME_BYTES_MAX,
	        .append_bytes_max = 64 << 10,
	        .window_bytes_max = 256 << 10,
	        .chunk_bytes_max = 16 << 10,
	        .tail_bytes_max = 1 << 20,
	        .first_kind = 1,
	        .first_version = 1,
	};
	w->house->options.replication = &w->replication;
	w->house->options.on_failure = on_failure;
}

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	void *house;

	house_setup(&house);
	/* The house knows its world. */
	w->house = realloc(house, sizeof(struct house) + sizeof(w));
	*(struct world **)(w->house + 1) = w;
	w->house->options.machine = toy_machine(&w->house->toy);
	w->house->options.folder = w->house->folder;
	w->house->options.context = w->house;
	buf_init(&w->bytes);
	/* Each listens before the next is drawn: nobody listens at what is drawn. */
	draw_address(w->house->io, w->b.address, sizeof(w->b.address));
	fake_start(w, &w->b, 'b');
	draw_address(w->house->io, w->c.address, sizeof(w->c.address));
	fake_start(w, &w->c, 'c');
	draw_address(w->house->io, w->address, sizeof(w->address));
	w->addresses[0] = w->address;
	w->addresses[1] = w->b.address;
	w->addresses[2] = w->c.address;
	*state = w;
	return 0;
}

static inline int teardown(void **state)
{
	struct world *w = *state;
	void *house = w->house;

	house_close(house);
	peer_link_close(w->b.link);
	peer_link_close(w->c.link);
	house_teardown(&house);
	buf_finish(&w->bytes);
	free(w);
	return 0;
}

/* A voter beside the two, in term 1. */
static inline void join(struct world *w)
{
	format_member(w);
	fill_options(w);
	open_journal_of(w);
	add_entry(w, 1, 1, STR("first"));
	add_members(w, 1, true);
	add_entry(w, 1, ENTRY_term, (struct str){0});
	lead(&w->b, 1, 0);
}

static inline void be_elected(struct world *w)
{
	w->b.votes = w->b.acknowledges = true;
	RUN_UNTIL(w->house->io, w->house->phase == JOURNAL_LEADING);
}

static inline bool was_noticed(struct world *w, const char *what)
{
	buf_append_u8(&w->house->notices, 0);
	w->house->notices.size--;
	return strstr((char *)w->house->notices.data, what) != NULL;
}

#endif
