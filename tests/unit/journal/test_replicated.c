/* SPDX-License-Identifier: Apache-2.0 */
/* One real journal of three; the test speaks for the two others, over links of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "format/checkpoint.h"
#include "format/command.h"
#include "format/entry.h"
#include "journal/folder.h"
#include "journal/peer_link.h"
#include "journal/piece_pack.h"
#include "journal/vote_file.h"
#include "unit/journal/house.h"

#define CLUSTER "CID-house"

enum { ENTRIES_MAX = 32, ELECTION_MS = 200, FRAME_BYTES_MAX = 1 << 20, REQUESTS = 3 };

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
	uint64_t match;    /* as the real one says */
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
	uint64_t last;
	bool closes_when_it_fails;
};

/* ---- the fakes ---- */

static void send(struct fake *fake, struct raft_message message, struct str payload)
{
	message.from = fake->id;
	message.to = fake->world->id;
	message.history = fake->world->b.id;
	peer_link_send(fake->link, fake->world->address, &message, &payload, payload.size > 0);
}

static void on_vote(struct fake *fake, const struct raft_message *message)
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

static void on_append(struct fake *fake, const struct raft_message *message)
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

static void fill_members(const struct world *w, struct raft_members *members)
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

static void on_ask(struct fake *fake, const struct raft_message *message)
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

static void on_read(struct fake *fake, const struct raft_message *message)
{
	struct raft_message reply = {
	        .kind = RAFT_MESSAGE_READ_REPLY, .term = message->term, .read = message->read};

	reply.read.index = fake->read_index;
	if (fake->read_index > 0)
		send(fake, reply, (struct str){0});
}

static void on_message(void *context, const struct peer_message *message)
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
	case RAFT_MESSAGE_APPEND_REPLY: fake->match = message->message.append_reply.match; break;
	case RAFT_MESSAGE_VOTE: on_vote(fake, &message->message); break;
	case RAFT_MESSAGE_APPEND: on_append(fake, &message->message); break;
	case RAFT_MESSAGE_CHUNK_REPLY:
		fake->chunk_refusal = message->message.chunk_reply.refusal;
		fake->is_installed |= message->message.chunk_reply.is_installed;
		break;
	default: break;
	}
}

static void ignore_beat(void *context, struct raft_id from, const struct peer_beat *beat)
{
	(void)context;
	(void)from;
	(void)beat;
}

static void ignore_conn(void *context, struct io_conn *conn)
{
	(void)context;
	io_conn_close(conn);
}

static void draw_address(struct io *io, char *address, size_t size)
{
	struct io_listen_options options = {
	        .host = "127.0.0.1", .backlog = 1, .on_accept = ignore_conn};
	struct io_listener *listener;

	assert_int_equal(io_listen(io, &options, &listener), 0);
	snprintf(address, size, "127.0.0.1:%u", io_listener_port(listener));
	io_listener_close(listener);
}

static void fake_start(struct world *w, struct fake *fake, uint8_t id)
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

static void add_entry(struct world *w, uint64_t term, uint16_t kind, struct str payload)
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
}

static void add_members(struct world *w, uint64_t term, bool is_voter)
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
static void send_append(struct fake *fake, uint64_t term, uint64_t prev, uint64_t commit)
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
static void lead(struct fake *fake, uint64_t term, uint64_t prev)
{
	struct world *w = fake->world;

	SAY_UNTIL(w, send_append(fake, term, prev, w->last), w->house->toy.count >= w->last);
}

/* ---- the real one ---- */

static void on_failure(void *context, int rc, const char *text)
{
	struct house *house = context;
	struct world *w = *(struct world **)(house + 1);

	house_on_failure(context, rc, text);
	if (w->closes_when_it_fails)
		journal_close(house->journal, house_on_closed, house);
}

static void open_journal_of(struct world *w)
{
	char *text = NULL;

	assert_int_equal(journal_open(&w->house->options, &w->house->journal, &text), 0);
	RUN_UNTIL(w->house->io, w->house->phase == JOURNAL_FOLLOWING);
}

static void format_member(struct world *w)
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

static void fill_options(struct world *w)
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

static int setup(void **state)
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
	draw_address(w->house->io, w->address, sizeof(w->address));
	draw_address(w->house->io, w->b.address, sizeof(w->b.address));
	draw_address(w->house->io, w->c.address, sizeof(w->c.address));
	w->addresses[0] = w->address;
	w->addresses[1] = w->b.address;
	w->addresses[2] = w->c.address;
	fake_start(w, &w->b, 'b');
	fake_start(w, &w->c, 'c');
	*state = w;
	return 0;
}

static int teardown(void **state)
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
static void join(struct world *w)
{
	format_member(w);
	fill_options(w);
	open_journal_of(w);
	add_entry(w, 1, 1, STR("first"));
	add_members(w, 1, true);
	add_entry(w, 1, ENTRY_term, (struct str){0});
	lead(&w->b, 1, 0);
}

static void be_elected(struct world *w)
{
	w->b.votes = w->b.acknowledges = true;
	RUN_UNTIL(w->house->io, w->house->phase == JOURNAL_LEADING);
}

/* ---- tests ---- */

/* Of the entries of a deposed primary that were cut, those past the end of the next one's log have
 * no other entry at their index, perhaps for ever. */
static void what_a_later_epoch_cut_off_is_surely_not_written(void **state)
{
	struct house_append requests[REQUESTS];
	struct world *w = *state;

	join(w);
	be_elected(w);
	w->b.votes = w->b.acknowledges = false;
	for (size_t i = 0; i < REQUESTS; i++)
		assert_int_equal(house_append(w->house, &requests[i], STR("lost")), 0);
	/* Entry 4 is its own first one, which b has. */
	add_entry(w, journal_epoch(w->house->journal), ENTRY_term, (struct str){0});
	add_entry(w, journal_epoch(w->house->journal) + 5, ENTRY_term, (struct str){0});
	lead(&w->c, w->entries[5].epoch, 4);
	be_elected(w);
	assert_int_equal(w->house->toy.count, 6);
	for (size_t i = 0; i < REQUESTS; i++) {
		assert_int_equal(requests[i].done_calls, 1);
		assert_int_equal(requests[i].outcome, JOURNAL_NOT_WRITTEN);
	}
}

/* ... though it hears of its removal from a message, whose connection must outlive the call. */
static void who_was_removed_may_close_when_it_is_told_so(void **state)
{
	struct world *w = *state;

	join(w);
	w->closes_when_it_fails = true;
	w->b.says_not_member = true;
	RUN_UNTIL(w->house->io, w->house->is_closed);
	w->house->journal = NULL;
	assert_int_equal(w->house->failure, -ERR_FOREIGN);
}

static void on_changed(struct journal_change *change, int rc, const char *text)
{
	(void)rc;
	(void)text;
	change->priority = 1;
}

static void appends_are_taken_again_when_a_hand_over_fails(void **state)
{
	struct world *w = *state;
	struct journal_change change = {
	        .kind = JOURNAL_TRANSFER, .address = "", .done = on_changed};
	struct house_append request;
	size_t room_calls = w->house->room_calls;

	join(w);
	be_elected(w);
	w->b.votes = false;
	journal_change(w->house->journal, &change);
	while (house_append(w->house, &request, STR("late")) == -ERR_AGAIN) {
		RUN_UNTIL(w->house->io, w->house->room_calls > room_calls);
		room_calls = w->house->room_calls;
	}
	RUN_UNTIL(w->house->io, change.priority == 1);
	RUN_UNTIL(w->house->io, request.done_calls == 1);
	assert_int_equal(request.outcome, JOURNAL_COMMITTED);
}

static void on_saved(void *context, int rc, uint64_t index)
{
	assert_int_equal(rc, 0);
	*(uint64_t *)context = index;
}

/* The checkpoint of a master that is alone, and has no list of members therefore. */
static void save_alone(struct world *w, struct buf *bytes, struct checkpoint_header *header)
{
	struct house *house = w->house;
	uint64_t index = 0;
	const char *why;

	house_format(house);
	house_open(house);
	house_fill(house, 4, 20);
	assert_int_equal(journal_checkpoint(house->journal, on_saved, &index), 0);
	RUN_UNTIL(house->io, index > 0);
	buf_init(bytes);
	assert_int_equal(
	        io_read_file(house->io, house_newest(house, "checkpoint-"), 1 << 20, bytes), 0);
	assert_int_equal(checkpoint_header_decode(bytes->data, header, &why), 0);
	house_close(house);
	snprintf(house->folder, sizeof(house->folder), "%s/journal-2", house->top);
}

/* In one piece of `size` bytes, packed if they are fewer. */
static void send_packed(struct fake *fake, const struct checkpoint_header *header, struct str bytes,
                        size_t size)
{
	send(fake,
	     (struct raft_message){.kind = RAFT_MESSAGE_CHUNK,
	                           .term = header->epoch + 1,
	                           .chunk = {.index = header->index,
	                                     .index_term = header->epoch,
	                                     .size = size,
	                                     .is_last = true}},
	     bytes);
}

static void send_checkpoint(struct fake *fake, const struct checkpoint_header *header,
                            struct str bytes)
{
	send_packed(fake, header, bytes, bytes.size);
}

/* Else it would lead a cluster of its own. */
static void a_newcomer_with_a_lone_masters_checkpoint_waits_for_the_list_of_members(void **state)
{
	struct world *w = *state;
	struct checkpoint_header header;
	struct buf bytes;

	save_alone(w, &bytes, &header);
	format_member(w);
	fill_options(w);
	open_journal_of(w);
	SAY_UNTIL(w, send_checkpoint(&w->b, &header, buf_str(&bytes)), w->b.is_installed);
	assert_int_equal(w->house->toy.count, header.index);
	house_close(w->house);
	open_journal_of(w);
	assert_int_equal(w->house->toy.count, header.index);
	w->last = header.index;
	w->entries[w->last] =
	        (struct entry){.index = header.index, .epoch = header.epoch, .chain = header.chain};
	add_members(w, header.epoch + 1, true);
	lead(&w->b, header.epoch + 1, header.index);
	assert_int_equal(journal_epoch(w->house->journal), header.epoch + 1);
	buf_finish(&bytes);
}

/* Else it would be sent again and again, as fast as the network is. */
static void a_piece_of_a_checkpoint_that_cannot_be_stored_is_refused(void **state)
{
	struct world *w = *state;
	struct checkpoint_header header;
	char in_the_way[256];
	struct buf bytes;

	save_alone(w, &bytes, &header);
	format_member(w);
	fill_options(w);
	open_journal_of(w);
	snprintf(in_the_way, sizeof(in_the_way), "%s/checkpoint-%020llu.incoming.tmp",
	         w->house->folder, (unsigned long long)header.index);
	assert_int_equal(io_mkdir(w->house->io, in_the_way), 0);
	SAY_UNTIL(w, send_checkpoint(&w->b, &header, buf_str(&bytes)),
	          w->b.chunk_refusal == RAFT_NOT_STORED);
	assert_false(w->b.is_installed);
	assert_int_equal(rmdir(in_the_way), 0);
	SAY_UNTIL(w, send_checkpoint(&w->b, &header, buf_str(&bytes)), w->b.is_installed);
	buf_finish(&bytes);
}

static void a_checkpoint_may_come_packed(void **state)
{
	struct world *w = *state;
	struct checkpoint_header header;
	struct buf bytes, packed = {0};
	size_t size;

	save_alone(w, &bytes, &header);
	format_member(w);
	fill_options(w);
	open_journal_of(w);
	assert_true(piece_pack(buf_str(&bytes), 1, &packed));
	size = packed.size;
	packed.data[size - 5] ^= 1; /* its checksum */
	SAY_UNTIL(w, send_packed(&w->b, &header, buf_str(&packed), bytes.size),
	          w->b.chunk_refusal == RAFT_NOT_STORED);
	packed.data[size - 5] ^= 1;
	SAY_UNTIL(w, send_packed(&w->b, &header, buf_str(&packed), bytes.size), w->b.is_installed);
	assert_int_equal(w->house->toy.count, header.index);
	buf_finish(&packed);
	buf_finish(&bytes);
}

/* The entry that let it in is lost with the leader that wrote it. */
static void a_learner_whose_admission_was_never_committed_asks_again(void **state)
{
	struct world *w = *state;

	format_member(w);
	fill_options(w);
	open_journal_of(w);
	add_entry(w, 1, 1, STR("first"));
	add_members(w, 1, false);
	SAY_UNTIL(w, send_append(&w->b, 1, 0, 0), w->b.match >= w->last);
	w->c.knows_no_other = true;
	RUN_UNTIL(w->house->io, w->c.was_asked_in);
}

/* c lacks entries, which are damaged in the file of that path. */
static void have_to_send_a_checkpoint(struct world *w, char *path, size_t path_bytes)
{
	uint64_t saved = 0;

	join(w);
	RUN_UNTIL(w->house->io, w->b.match >= w->last);
	house_close(w->house);
	snprintf(path, path_bytes, "%s", house_newest(w->house, "segment-"));
	w->replication.tail_bytes_max = 1;
	w->replication.packs_pieces = true;
	w->replication.pack_level = 9;
	open_journal_of(w);
	be_elected(w);
	house_fill(w->house, 3, 100);
	house_flip(path, 4096 + 80);
	assert_int_equal(journal_checkpoint(w->house->journal, on_saved, &saved), 0);
	RUN_UNTIL(w->house->io, saved > 0);
	w->c.lags = true;
	RUN_UNTIL(w->house->io, w->c.got_chunk);
}

static void who_lacks_entries_that_are_damaged_gets_a_checkpoint(void **state)
{
	struct world *w = *state;
	char path[512];

	have_to_send_a_checkpoint(w, path, sizeof(path));
	/* Most of its first 4 KiB is zeros. */
	assert_true(w->c.chunk_size > 4096 && w->c.chunk_payload_size + 3000 < w->c.chunk_size);
	buf_append_u8(&w->house->notices, 0);
	assert_non_null(strstr((char *)w->house->notices.data, path));
}

/* ---- syncs behind the acknowledgements ---- */

enum { BLOCK = 4096, ACKNOWLEDGED = 8 };

/* Goes on in a copy of the folder, as it was then: the process was killed.  `is_crash`: so was the
 * machine. */
static void kill_it(struct world *w, bool is_crash)
{
	struct house *house = w->house;
	char command[512], copy[128];
	struct vote_file *file;
	struct vote vote;
	char *text = NULL;

	snprintf(copy, sizeof(copy), "%s/killed", house->top);
	snprintf(command, sizeof(command), "cp -r '%s' '%s'", house->folder, copy);
	assert_int_equal(system(command), 0);
	house_close(house);
	memcpy(house->folder, copy, sizeof(copy));
	assert_int_equal(vote_file_open(house->io, copy, &file, &text), 0);
	vote = *vote_file_vote(file);
	assert_true(vote.unsynced_boot != 0);
	vote.unsynced_boot += is_crash;
	assert_int_equal(vote_file_write(file, &vote), 0);
	vote_file_close(file);
}

static struct vote vote_of(struct world *w)
{
	struct vote vote;
	char *text = NULL;

	assert_int_equal(vote_file_read(w->house->io, w->house->folder, &vote, &text), 0);
	return vote;
}

/* One block with a batch each, after the first one of this segment. */
static void acknowledge_some(struct world *w)
{
	join(w);
	RUN_UNTIL(w->house->io, w->b.match >= w->last);
	house_close(w->house);
	w->replication.syncs_behind = true;
	open_journal_of(w);
	be_elected(w);
	house_fill(w->house, ACKNOWLEDGED, 100);
}

/* The device has got a later batch, and not this one. */
static void lose_a_batch(struct world *w)
{
	static const uint8_t zeros[BLOCK];
	FILE *file = fopen(house_newest(w->house, "segment-"), "r+b");

	assert_non_null(file);
	assert_int_equal(fseek(file, 4 * BLOCK, SEEK_SET), 0);
	assert_int_equal(fwrite(zeros, sizeof(zeros), 1, file), 1);
	fclose(file);
}

static bool was_noticed(struct world *w, const char *what)
{
	buf_append_u8(&w->house->notices, 0);
	w->house->notices.size--;
	return strstr((char *)w->house->notices.data, what) != NULL;
}

static void death_of_the_process_loses_nothing_that_is_not_synced(void **state)
{
	struct world *w = *state;
	uint64_t last;

	acknowledge_some(w);
	last = journal_last_index(w->house->journal);
	kill_it(w, false);
	open_journal_of(w);
	assert_int_equal(vote_of(w).bound, VOTE_NO_BOUND);
	be_elected(w);
	assert_in_range(w->house->toy.count, last, last + 1); /* and its own first entry */
	assert_false(was_noticed(w, "unsafe.flush"));
}

static void after_a_crash_of_the_machine_others_are_asked_first(void **state)
{
	struct world *w = *state;

	acknowledge_some(w);
	kill_it(w, true);
	lose_a_batch(w);
	open_journal_of(w);
	assert_true(was_noticed(w, "unsafe.flush.enabled"));
	assert_false(was_noticed(w, "hole"));
	assert_int_equal(vote_of(w).bound, VOTE_BOUND_UNKNOWN);
	/* b has led meanwhile, from where this one had acknowledged to it. */
	w->b.votes = false;
	add_entry(w, journal_epoch(w->house->journal) + 5, ENTRY_term, (struct str){0});
	lead(&w->b, w->entries[w->last].epoch, w->last - 1);
}

static void an_end_in_good_order_leaves_nothing_to_ask(void **state)
{
	struct world *w = *state;

	acknowledge_some(w);
	assert_true(vote_of(w).unsynced_boot != 0);
	house_close(w->house);
	assert_int_equal(vote_of(w).unsynced_boot, 0);
	open_journal_of(w);
	assert_int_equal(vote_of(w).bound, VOTE_NO_BOUND);
	be_elected(w);
}

/* Rot is rot, and told apart, as long as the machine is up. */
static void what_is_missing_without_a_crash_is_damage(void **state)
{
	struct world *w = *state;

	acknowledge_some(w);
	kill_it(w, false);
	lose_a_batch(w);
	open_journal_of(w);
	assert_int_equal(vote_of(w).bound, VOTE_BOUND);
	assert_true(vote_of(w).bound_index > w->house->toy.count);
}

static int save_one_record(void *context, void *save, size_t bytes, struct buf *buf)
{
	(void)bytes;
	return toy_save_step(context, save, sizeof(uint64_t), buf);
}

/* A large state on a slow machine: each record takes half an election time-out. */
static int load_slowly(void *context, void *load, struct str records)
{
	struct house *house = CONTAINER_OF((struct toy *)context, struct house, toy);
	uint64_t until_us = io_now_us(house->io) + ELECTION_MS * 1000 / 2;

	while (io_now_us(house->io) < until_us)
		continue;
	return toy_load_step(context, load, records);
}

static void on_read_done(struct journal_read *read, int rc, uint64_t index)
{
	(void)index;
	assert_int_equal(rc, -ERR_STANDBY);
	read->done = NULL;
}

static void a_read_does_not_wait_for_a_checkpoint_to_be_loaded(void **state)
{
	struct world *w = *state;
	struct journal_read read = {.done = on_read_done};
	struct checkpoint_header header;
	struct buf bytes;

	w->house->options.machine.save_step = save_one_record;
	w->house->options.machine.load_step = load_slowly;
	save_alone(w, &bytes, &header);
	format_member(w);
	fill_options(w);
	open_journal_of(w);
	w->b.read_index = header.index + 1;
	SAY_UNTIL(w, send_checkpoint(&w->b, &header, buf_str(&bytes)),
	          atomic_load(&w->house->toy.load_steps) > 0);
	journal_read_index(w->house->journal, &read);
	RUN_UNTIL(w->house->io, read.done == NULL);
	buf_finish(&bytes);
}

/* Each record is loaded only when the loop has seen that it is being loaded. */
struct slow_load {
	atomic_size_t begun, allowed;
};

static int load_when_allowed(void *context, void *load, struct str records)
{
	struct house *house = CONTAINER_OF((struct toy *)context, struct house, toy);
	struct slow_load *slow = house->test;
	uint64_t give_up_us = io_now_us(house->io) + 5 * 1000 * 1000;
	size_t number = atomic_fetch_add(&slow->begun, 1) + 1;

	while (atomic_load(&slow->allowed) < number)
		CHECK(io_now_us(house->io) < give_up_us);
	return toy_load_step(context, load, records);
}

static void the_loop_goes_on_while_a_checkpoint_is_loaded(void **state)
{
	struct world *w = *state;
	struct slow_load slow = {0};
	struct checkpoint_header header;
	struct buf bytes;

	w->house->options.machine.load_step = load_when_allowed;
	w->house->test = &slow;
	save_alone(w, &bytes, &header);
	format_member(w);
	fill_options(w);
	open_journal_of(w);
	w->b.read_index = header.index + 1;
	SAY_UNTIL(w, send_checkpoint(&w->b, &header, buf_str(&bytes)),
	          atomic_load(&slow.begun) == 1);
	assert_int_equal(w->house->toy.count, 0);
	atomic_store(&slow.allowed, SIZE_MAX);
	SAY_UNTIL(w, send_checkpoint(&w->b, &header, buf_str(&bytes)), w->house->toy.loads == 1);
	assert_int_equal(w->house->toy.count, header.index);
	buf_finish(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(what_a_later_epoch_cut_off_is_surely_not_written,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(who_was_removed_may_close_when_it_is_told_so, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(appends_are_taken_again_when_a_hand_over_fails,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_newcomer_with_a_lone_masters_checkpoint_waits_for_the_list_of_members,
	                setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_piece_of_a_checkpoint_that_cannot_be_stored_is_refused, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_checkpoint_may_come_packed, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_learner_whose_admission_was_never_committed_asks_again, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                who_lacks_entries_that_are_damaged_gets_a_checkpoint, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_loop_goes_on_while_a_checkpoint_is_loaded,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                death_of_the_process_loses_nothing_that_is_not_synced, setup, teardown),
	        cmocka_unit_test_setup_teardown(after_a_crash_of_the_machine_others_are_asked_first,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(an_end_in_good_order_leaves_nothing_to_ask, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(what_is_missing_without_a_crash_is_damage, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_read_does_not_wait_for_a_checkpoint_to_be_loaded,
	                                        setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
