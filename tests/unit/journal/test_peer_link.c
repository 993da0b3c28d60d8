/* SPDX-License-Identifier: Apache-2.0 */
/* Links of one process talk over loopback; plain sockets play those that misbehave. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/command.h"
#include "format/entry.h"
#include "journal/peer_link.h"
#include "unit/io/run_until.h"

enum { NEVER_MS = 3600 * 1000, FRAME_BYTES_MAX = 4 << 20, ACCEPTED_MAX = 64 };

/* One master. */
struct side {
	struct world *world;
	struct peer_link *link; /* NULL: closed */
	char address[64];
	struct peer_link_options options;
	size_t message_count;
	uint64_t term_sum; /* of messages */
	uint64_t last_term;
	bool is_in_order; /* terms went up */
	struct raft_id last_from;
	struct buf payload; /* of the last message */
	size_t run_count;
	size_t beat_count;
	struct peer_beat last_beat;
	struct raft_id last_beat_from;
	char foreign[RAFT_ADDRESS_BYTES_MAX + 1]; /* of the last on_foreign() */
	struct buf notices;                       /* lines */
	size_t notice_count;
	int last_notice;
};

struct world {
	struct io *io;
	struct side a, b;
};

static struct raft_id id_of(uint8_t byte)
{
	struct raft_id id;

	memset(id.bytes, byte, sizeof(id.bytes));
	return id;
}

/* ---- masters ---- */

static void on_message(void *context, const struct peer_message *message)
{
	struct side *side = context;

	side->message_count++;
	side->term_sum += message->message.term;
	side->is_in_order &= message->message.term > side->last_term;
	side->last_term = message->message.term;
	side->last_from = message->message.from;
	buf_clear(&side->payload);
	buf_append_str(&side->payload, message->payload);
	if (message->message.kind == RAFT_MESSAGE_APPEND)
		side->run_count = message->message.append.run_count;
}

static void on_beat(void *context, struct raft_id from, const struct peer_beat *beat)
{
	struct side *side = context;

	side->beat_count++;
	side->last_beat_from = from;
	side->last_beat = *beat;
}

static void on_notice(void *context, int rc, const char *text)
{
	struct side *side = context;

	side->notice_count++;
	side->last_notice = rc;
	buf_append_format(&side->notices, "%s\n", text);
}

static void on_foreign(void *context, const char *address)
{
	struct side *side = context;

	snprintf(side->foreign, sizeof(side->foreign), "%s", address);
}

static bool was_told(struct side *side, const char *words)
{
	return side->notices.size > 0 &&
	       memmem(side->notices.data, side->notices.size, words, strlen(words)) != NULL;
}

static void ignore_conn(void *context, struct io_conn *conn)
{
	(void)context;
	io_conn_close(conn);
}

/* One that nobody listens at. */
static uint16_t free_port(struct io *io)
{
	struct io_listen_options options = {
	        .host = "127.0.0.1", .backlog = 1, .on_accept = ignore_conn};
	struct io_listener *listener;
	uint16_t port;

	assert_int_equal(io_listen(io, &options, &listener), 0);
	port = io_listener_port(listener);
	io_listener_close(listener);
	return port;
}

static void side_init(struct world *w, struct side *side, uint8_t id)
{
	side->world = w;
	side->is_in_order = true;
	snprintf(side->address, sizeof(side->address), "127.0.0.1:%u", free_port(w->io));
	side->options = (struct peer_link_options){.io = w->io,
	                                           .self = id_of(id),
	                                           .cluster_id = "CID-1",
	                                           .address = side->address,
	                                           .service_address = "clients:8020",
	                                           .bind_host = "127.0.0.1",
	                                           .retry_ms = 10,
	                                           .silence_ms = NEVER_MS,
	                                           .frame_bytes_max = FRAME_BYTES_MAX,
	                                           .queue_bytes_max = FRAME_BYTES_MAX,
	                                           .context = side,
	                                           .on_message = on_message,
	                                           .on_beat = on_beat,
	                                           .on_notice = on_notice,
	                                           .on_foreign = on_foreign};
}

static void start(struct side *side)
{
	char *text = NULL;

	assert_int_equal(peer_link_open(&side->options, &side->link, &text), 0);
	assert_null(text);
}

static void stop(struct side *side)
{
	peer_link_close(side->link);
	side->link = NULL;
}

static void start_both(struct world *w)
{
	start(&w->a);
	start(&w->b);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(io_create(&w->io), 0);
	side_init(w, &w->a, 1);
	side_init(w, &w->b, 2);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	stop(&w->a);
	stop(&w->b);
	buf_finish(&w->a.payload);
	buf_finish(&w->b.payload);
	buf_finish(&w->a.notices);
	buf_finish(&w->b.notices);
	io_destroy(w->io);
	free(w);
	return 0;
}

static void send_term(struct side *from, const char *address, uint64_t term)
{
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_STAND, .from = from->options.self, .term = term};

	peer_link_send(from->link, address, &message, NULL, 0);
}

static struct peer_link_status status_of(struct side *side, const char *address)
{
	struct peer_link_status status = {.heard_ms_ago = 77};

	assert_true(peer_link_status(side->link, address, &status));
	return status;
}

static bool is_connected(struct side *side, const char *address)
{
	return status_of(side, address).is_connected;
}

static void connect_both(struct world *w)
{
	start_both(w);
	send_term(&w->a, w->b.address, 1);
	send_term(&w->b, w->a.address, 1);
	RUN_UNTIL(w->io, w->a.message_count == 1 && w->b.message_count == 1 &&
	                         is_connected(&w->a, w->b.address) &&
	                         is_connected(&w->b, w->a.address));
}

/* ---- strangers ---- */

static struct sockaddr_in loopback(const char *address)
{
	unsigned long port = strtoul(strchr(address, ':') + 1, NULL, 10);

	return (struct sockaddr_in){.sin_family = AF_INET,
	                            .sin_port = htons((uint16_t)port),
	                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int dial(struct side *side)
{
	struct sockaddr_in address = loopback(side->address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Listens where `side` would; connections are made by the kernel, and never read from. */
static int listen_dumbly(struct side *side)
{
	struct sockaddr_in address = loopback(side->address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void say(int fd, const struct buf *bytes)
{
	assert_int_equal(send(fd, bytes->data, bytes->size, MSG_NOSIGNAL), bytes->size);
}

static void encode_hello(struct buf *bytes, uint8_t id, const char *cluster_id)
{
	struct peer_hello hello = {.id = id_of(id), .address = "stranger:1"};

	snprintf(hello.cluster_id, sizeof(hello.cluster_id), "%s", cluster_id);
	buf_clear(bytes);
	peer_wire_encode_hello(&hello, bytes);
}

static void encode_term(struct buf *bytes, uint8_t from, uint64_t term)
{
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_STAND, .from = id_of(from), .term = term};

	peer_wire_encode_message(&message, NULL, 0, bytes);
}

/* True when the other side has closed; what it said before is added to `heard`. */
static bool is_over(int fd, struct buf *heard)
{
	uint8_t bytes[4096];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		if (heard != NULL)
			buf_append(heard, bytes, (size_t)got);
	return got == 0 || errno != EAGAIN;
}

static bool was_answered(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
}

/* ---- messages ---- */

static void messages_travel_both_ways_in_order(void **state)
{
	enum { COUNT = 1000 };
	struct world *w = *state;

	start_both(w);
	for (uint64_t term = 1; term <= COUNT; term++) {
		send_term(&w->a, w->b.address, term);
		send_term(&w->b, w->a.address, term);
		if (term % 7 == 0)
			io_run_once(w->io, 0);
	}
	RUN_UNTIL(w->io, w->a.message_count == COUNT && w->b.message_count == COUNT);
	assert_true(w->a.is_in_order && w->b.is_in_order);
	assert_true(raft_id_equal(w->a.last_from, id_of(2)));
	assert_true(raft_id_equal(w->b.last_from, id_of(1)));
	assert_int_equal(status_of(&w->a, w->b.address).dropped, 0);
}

static void messages_of_a_turn_leave_at_its_end(void **state)
{
	struct world *w = *state;
	int listening = listen_dumbly(&w->b), fd;
	struct buf heard = {0}, one = {0};

	start(&w->a);
	send_term(&w->a, w->b.address, 1);
	RUN_UNTIL(w->io, (fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0);
	encode_term(&one, 1, 1);
	RUN_UNTIL(w->io, !is_over(fd, &heard) && heard.size > one.size); /* after our hello */
	buf_clear(&heard);
	send_term(&w->a, w->b.address, 2);
	send_term(&w->a, w->b.address, 3);
	send_term(&w->a, w->b.address, 4);
	assert_false(is_over(fd, &heard));
	assert_int_equal(heard.size, 0);
	io_run_once(w->io, 0);
	assert_false(is_over(fd, &heard));
	assert_int_equal(heard.size, 3 * one.size);
	buf_finish(&heard);
	buf_finish(&one);
	close(fd);
	close(listening);
}

static void large_append_arrives_whole(void **state)
{
	enum { ENTRIES = 9, ENTRY_BYTES = 128 << 10 };
	struct world *w = *state;
	struct buf entries = {0}, content = {0};
	struct entry before = {0};
	struct raft_message message = {.kind = RAFT_MESSAGE_APPEND,
	                               .from = id_of(1),
	                               .term = 5,
	                               .append = {.last = ENTRIES}};
	struct str pieces[3];

	start_both(w);
	for (size_t i = 0; i < ENTRY_BYTES; i++)
		buf_append_u8(&content, (uint8_t)(i * 31 >> 3));
	for (uint64_t i = 1; i <= ENTRIES; i++) {
		struct entry entry = {.index = i,
		                      .epoch = 1 + i / 4,
		                      .kind = ENTRY_mkdirs,
		                      .payload = buf_str(&content)};

		entry_encode(&entry, before.chain, &entries);
		before = entry;
	}
	pieces[0] = str_make(entries.data, 100);
	pieces[1] = str_make(entries.data + 100, 1 << 20);
	pieces[2] = str_make(entries.data + 100 + (1 << 20), entries.size - 100 - (1 << 20));
	for (size_t count = 1; count <= 3; count++) { /* the first while connecting */
		message.term++;
		peer_link_send(w->a.link, w->b.address, &message, pieces, 3);
		send_term(&w->a, w->b.address, ++message.term);
		RUN_UNTIL(w->io, w->b.message_count >= 2 * count - 1);
		assert_int_equal(w->b.run_count, 3);
		if (w->b.message_count == 2 * count - 1) {
			assert_int_equal(w->b.payload.size, entries.size);
			assert_memory_equal(w->b.payload.data, entries.data, entries.size);
		}
		RUN_UNTIL(w->io, w->b.message_count == 2 * count);
	}
	assert_true(w->b.is_in_order);
	buf_finish(&entries);
	buf_finish(&content);
}

static void message_in_single_bytes_arrives(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	int fd;

	start(&w->a);
	fd = dial(&w->a);
	encode_hello(&bytes, 9, "CID-1");
	encode_term(&bytes, 9, 41);
	encode_term(&bytes, 9, 42);
	for (size_t i = 0; i < bytes.size; i++) {
		assert_int_equal(send(fd, bytes.data + i, 1, MSG_NOSIGNAL), 1);
		io_run_once(w->io, 0);
	}
	RUN_UNTIL(w->io, w->a.message_count == 2);
	assert_int_equal(w->a.last_term, 42);
	buf_finish(&bytes);
	close(fd);
}

/* ---- coming and going ---- */

static void peer_that_came_back_is_found_again(void **state)
{
	struct world *w = *state;
	uint64_t term = 1;

	connect_both(w);
	stop(&w->b);
	RUN_UNTIL(w->io, !is_connected(&w->a, w->b.address));
	assert_true(was_told(&w->a, "is not connected any more"));
	start(&w->b);
	RUN_UNTIL(w->io, (send_term(&w->a, w->b.address, ++term), w->b.message_count > 1));
}

/* Although the next try is an hour away. */
static void hello_of_a_peer_ends_the_wait_for_the_next_try(void **state)
{
	struct world *w = *state;

	w->a.options.retry_ms = NEVER_MS;
	start(&w->a);
	send_term(&w->a, w->b.address, 1);
	RUN_UNTIL(w->io, was_told(&w->a, "cannot be reached"));
	send_term(&w->a, w->b.address, 2);
	assert_int_equal(status_of(&w->a, w->b.address).dropped, 1);
	start(&w->b);
	send_term(&w->b, w->a.address, 3);
	RUN_UNTIL(w->io, w->a.message_count == 1);
	send_term(&w->a, w->b.address, 4);
	RUN_UNTIL(w->io, w->b.message_count == 1);
	assert_int_equal(w->b.last_term, 4);
}

static void message_to_no_address_is_dropped(void **state)
{
	static const char *const addresses[] = {"",     ":",      "host:",      ":80",
	                                        "host", "host:0", "host:65536", "host:8x"};
	struct world *w = *state;

	start(&w->a);
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		send_term(&w->a, addresses[i], 1);
		assert_int_equal(status_of(&w->a, addresses[i]).dropped, 1);
	}
	assert_int_equal(w->a.notice_count, COUNT_OF(addresses));
	assert_int_equal(w->a.last_notice, -ERR_INVALID);
}

static void same_notice_comes_once(void **state)
{
	struct world *w = *state;

	w->a.options.retry_ms = 1;
	start(&w->a);
	for (int i = 0; i < 5; i++) {
		send_term(&w->a, w->b.address, 1);
		RUN_UNTIL(w->io, (send_term(&w->a, w->b.address, 1),
		                  status_of(&w->a, w->b.address).queued_bytes == 0));
	}
	assert_int_equal(w->a.notice_count, 1);
}

static void peer_that_never_reads_bounds_memory(void **state)
{
	enum { PIECE = 60 << 10, QUEUE = 1 << 20 };
	struct world *w = *state;
	int listening = listen_dumbly(&w->b);
	struct buf piece = {0};
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_CHUNK, .from = id_of(1), .chunk = {.size = PIECE}};
	struct peer_link_status status = {0};

	w->a.options.frame_bytes_max = w->a.options.queue_bytes_max = QUEUE;
	start(&w->a);
	for (size_t i = 0; i < PIECE; i++)
		buf_append_u8(&piece, (uint8_t)i);
	while (status.dropped < 100) {
		peer_link_send(w->a.link, w->b.address, &message,
		               &(struct str){(char *)piece.data, piece.size}, 1);
		io_run_once(w->io, 0);
		status = status_of(&w->a, w->b.address);
		assert_true(status.queued_bytes <= QUEUE);
	}
	assert_true(status.queued_bytes > QUEUE - 2 * PIECE); /* it was used, too */
	buf_finish(&piece);
	close(listening);
}

static void frame_above_the_limit_is_not_sent(void **state)
{
	struct world *w = *state;
	struct raft_message message = {.kind = RAFT_MESSAGE_CHUNK, .from = id_of(1)};
	struct buf piece = {0};

	connect_both(w);
	for (size_t i = 0; i < FRAME_BYTES_MAX; i++)
		buf_append_u8(&piece, 1);
	message.chunk.size = piece.size;
	peer_link_send(w->a.link, w->b.address, &message,
	               &(struct str){(char *)piece.data, piece.size}, 1);
	assert_int_equal(w->a.last_notice, -ERR_TOO_LARGE);
	send_term(&w->a, w->b.address, 7);
	RUN_UNTIL(w->io, w->b.message_count == 2);
	assert_int_equal(w->b.last_term, 7);
	buf_finish(&piece);
}

/* ---- who may talk ---- */

static void foreign_cluster_is_refused_and_both_say_so(void **state)
{
	struct world *w = *state;

	w->b.options.cluster_id = "CID-2";
	start_both(w);
	send_term(&w->a, w->b.address, 1);
	RUN_UNTIL(w->io, was_told(&w->a, "another cluster (CID-2, this one to CID-1)") &&
	                         was_told(&w->b, "another cluster (CID-1, this one to CID-2)"));
	assert_int_equal(w->a.last_notice, -ERR_FOREIGN);
	assert_string_equal(w->a.foreign, w->b.address);
	assert_string_equal(w->b.foreign,
	                    ""); /* it called nobody: whoever calls may say anything */
	assert_int_equal(w->b.message_count, 0);
	assert_false(is_connected(&w->a, w->b.address));
}

static void master_of_no_cluster_yet_may_talk(void **state)
{
	struct world *w = *state;

	w->b.options.cluster_id = "";
	connect_both(w);
	stop(&w->a);
	peer_link_bind(w->b.link, "CID-3");
	w->a.message_count = w->b.message_count = 0;
	start(&w->a);
	send_term(&w->a, w->b.address, 2);
	RUN_UNTIL(w->io, was_told(&w->b, "another cluster (CID-1, this one to CID-3)"));
	assert_int_equal(w->b.message_count, 0);
}

static void own_id_is_refused(void **state)
{
	struct world *w = *state;

	start(&w->a);
	send_term(&w->a, w->a.address, 1);
	RUN_UNTIL(w->io, was_told(&w->a, "leads back here"));
	assert_int_equal(w->a.message_count, 0);
	w->b.options.self = w->a.options.self;
	start(&w->b);
	send_term(&w->a, w->b.address, 1);
	RUN_UNTIL(w->io, was_told(&w->b, "its folder is a copy"));
	assert_int_equal(w->b.message_count, 0);
}

static void stranger_that_speaks_otherwise_is_cut_off(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	int fd;

	start(&w->a);
	fd = dial(&w->a);
	buf_append_str(&bytes, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	say(fd, &bytes);
	buf_clear(&bytes);
	RUN_UNTIL(w->io, is_over(fd, &bytes));
	assert_int_equal(bytes.size, 0);
	assert_true(was_told(&w->a, "127.0.0.1 sent bytes that are no frame"));
	close(fd);
	buf_finish(&bytes);
}

static void other_version_is_told_ours_and_cut_off(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0}, heard = {0};
	struct peer_frame *frame = calloc(1, sizeof(*frame));
	const char *why;
	int fd;

	start(&w->a);
	fd = dial(&w->a);
	encode_hello(&bytes, 9, "CID-1");
	bytes.data[21] = 7; /* behind the envelope and the magic number */
	memset(bytes.data + 4, 0, 4);
	{
		uint32_t crc = crc32c(crc32c(0, bytes.data, 4), bytes.data + 8, bytes.size - 8);

		memcpy(bytes.data + 4, &crc, 4);
	}
	say(fd, &bytes);
	RUN_UNTIL(w->io, is_over(fd, &heard));
	assert_int_equal(peer_wire_decode(buf_str(&heard), frame, &why), 0);
	assert_int_equal(frame->kind, PEER_HELLO);
	assert_string_equal(frame->hello.address, w->a.address);
	assert_true(was_told(&w->a, "speaks version 7 of the masters' protocol, this one 2"));
	close(fd);
	free(frame);
	buf_finish(&bytes);
	buf_finish(&heard);
}

static void message_in_the_name_of_another_is_refused(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	int fd;

	start(&w->a);
	fd = dial(&w->a);
	encode_hello(&bytes, 9, "CID-1");
	encode_term(&bytes, 9, 1);
	encode_term(&bytes, 8, 2);
	encode_term(&bytes, 9, 3);
	say(fd, &bytes);
	RUN_UNTIL(w->io, is_over(fd, NULL));
	assert_int_equal(w->a.message_count, 1);
	assert_true(was_told(&w->a, "stranger:1 sent a message in the name of another"));
	close(fd);
	buf_finish(&bytes);
}

static void frames_before_or_besides_the_hello_are_refused(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_CHUNK, .from = id_of(9), .chunk = {.size = 8192}};
	uint8_t piece[8192] = {0};
	int fd;

	start(&w->a);
	fd = dial(&w->a);
	encode_term(&bytes, 9, 1);
	say(fd, &bytes);
	RUN_UNTIL(w->io, is_over(fd, NULL));
	close(fd);
	fd = dial(&w->a);
	encode_hello(&bytes, 9, "CID-1");
	say(fd, &bytes);
	say(fd, &bytes); /* a second one */
	RUN_UNTIL(w->io, is_over(fd, NULL));
	close(fd);
	fd = dial(&w->a);
	buf_clear(&bytes);
	peer_wire_encode_message(&message, &(struct str){(char *)piece, sizeof(piece)}, 1, &bytes);
	say(fd, &bytes); /* promises more than a stranger may send */
	RUN_UNTIL(w->io, is_over(fd, NULL));
	assert_int_equal(w->a.message_count, 0);
	close(fd);
	buf_finish(&bytes);
}

static void connections_are_bounded(void **state)
{
	struct world *w = *state;
	int fds[ACCEPTED_MAX + 2];
	struct buf bytes = {0};

	start(&w->a);
	for (int i = 0; i < ACCEPTED_MAX + 1; i++)
		fds[i] = dial(&w->a);
	/* Nobody has said hello: the oldest went. */
	RUN_UNTIL(w->io, is_over(fds[0], NULL));
	encode_hello(&bytes, 9, "CID-1");
	for (int i = 1; i < ACCEPTED_MAX + 1; i++) {
		assert_false(is_over(fds[i], NULL));
		say(fds[i], &bytes);
		RUN_UNTIL(w->io, was_answered(fds[i]));
	}
	/* Now everybody has: the newcomer must go. */
	fds[ACCEPTED_MAX + 1] = dial(&w->a);
	RUN_UNTIL(w->io, is_over(fds[ACCEPTED_MAX + 1], NULL));
	assert_int_equal(w->a.last_notice, -ERR_BUSY);
	for (int i = 0; i < ACCEPTED_MAX + 2; i++)
		close(fds[i]);
	buf_finish(&bytes);
}

static void addresses_that_are_made_up_push_out_nobody_in_use(void **state)
{
	struct world *w = *state;
	struct peer_hello hello = {.id = id_of(9)};
	struct buf bytes = {0};

	connect_both(w);
	for (int i = 0; i < 100; i++) {
		int fd = dial(&w->a);

		snprintf(hello.address, sizeof(hello.address), "made-up-%d:1", i);
		buf_clear(&bytes);
		peer_wire_encode_hello(&hello, &bytes);
		say(fd, &bytes);
		RUN_UNTIL(w->io, was_answered(fd));
		close(fd);
	}
	assert_true(is_connected(&w->a, w->b.address));
	assert_string_equal(peer_link_address(w->a.link, id_of(2)), w->b.address);
	buf_finish(&bytes);
}

/* ---- silence ---- */

static void stranger_that_says_nothing_is_cut_off(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	int mute, slow;

	w->a.options.silence_ms = 40;
	start(&w->a);
	mute = dial(&w->a);
	slow = dial(&w->a); /* stops within its hello */
	encode_hello(&bytes, 9, "CID-1");
	bytes.size--;
	say(slow, &bytes);
	RUN_UNTIL(w->io, is_over(mute, NULL) && is_over(slow, NULL));
	close(mute);
	close(slow);
	buf_finish(&bytes);
}

static void peer_that_does_not_answer_is_cut_off(void **state)
{
	struct world *w = *state;
	int listening = listen_dumbly(&w->b);

	w->a.options.silence_ms = 40;
	start(&w->a);
	send_term(&w->a, w->b.address, 1);
	RUN_UNTIL(w->io, was_told(&w->a, "has said nothing for 40 ms"));
	close(listening);
}

static void member_that_falls_silent_is_cut_off(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	int fd;

	w->a.options.silence_ms = 40;
	start(&w->a);
	fd = dial(&w->a);
	encode_hello(&bytes, 9, "CID-1");
	say(fd, &bytes);
	RUN_UNTIL(w->io, is_over(fd, NULL));
	assert_true(was_told(&w->a, "stranger:1 has said nothing for 40 ms"));
	close(fd);
	buf_finish(&bytes);
}

/* Pings keep both connections; masters may differ in how often they ask. */
static void peers_with_nothing_to_say_stay_connected(void **state)
{
	struct world *w = *state;
	uint64_t until_us;

	w->a.options.silence_ms = 600;
	w->b.options.silence_ms = 10 * 1000;
	connect_both(w);
	until_us = io_now_us(w->io) + 900 * 1000; /* below what ends a connection without use */
	while (io_now_us(w->io) < until_us)
		io_run_once(w->io, 1);
	assert_true(is_connected(&w->a, w->b.address) && is_connected(&w->b, w->a.address));
	assert_int_equal(w->a.notice_count, 1);
	assert_int_equal(w->b.notice_count, 1);
}

static void connection_without_use_is_given_up(void **state)
{
	struct world *w = *state;

	w->a.options.silence_ms = 20;
	connect_both(w);
	RUN_UNTIL(w->io, !is_connected(&w->a, w->b.address));
	assert_false(was_told(&w->a, "nothing"));
	send_term(&w->a, w->b.address, 2);
	RUN_UNTIL(w->io, (send_term(&w->a, w->b.address, 2), w->b.message_count > 1));
}

static void loop_that_stood_still_cuts_nobody_off(void **state)
{
	struct world *w = *state;
	uint64_t until_us;

	w->a.options.silence_ms = 400;
	connect_both(w);
	until_us = io_now_us(w->io) + 600 * 1000;
	while (io_now_us(w->io) < until_us)
		;
	for (int i = 0; i < 10; i++)
		io_run_once(w->io, 1);
	assert_true(is_connected(&w->a, w->b.address));
	assert_false(was_told(&w->a, "has said nothing"));
}

/* ---- what is known ---- */

static void beat_arrives_with_its_sender(void **state)
{
	struct world *w = *state;
	struct peer_beat beat = {
	        .applied = 8200, .digest_count = 2, .digests = {{4096, {1, 2}}, {8192, {3, 4}}}};

	start_both(w);
	peer_link_beat(w->a.link, w->b.address, &beat);
	RUN_UNTIL(w->io, w->b.beat_count == 1);
	assert_true(raft_id_equal(w->b.last_beat_from, id_of(1)));
	assert_int_equal(w->b.last_beat.applied, 8200);
	assert_int_equal(w->b.last_beat.digest_count, 2);
	assert_int_equal(w->b.last_beat.digests[1].index, 8192);
	assert_int_equal(w->b.last_beat.digests[1].digest.high, 4);
}

static void what_is_known_of_a_peer_is_shown(void **state)
{
	struct world *w = *state;
	struct peer_link_status status;

	w->a.options.silence_ms = 1000;
	start_both(w);
	assert_false(peer_link_status(w->a.link, w->b.address, &status));
	assert_null(peer_link_address(w->a.link, id_of(2)));
	assert_null(peer_link_cluster(w->a.link, id_of(2)));
	send_term(&w->a, w->b.address, 1);
	status = status_of(&w->a, w->b.address);
	assert_false(status.is_connected);
	assert_null(peer_link_address(w->a.link, (struct raft_id){0}));
	assert_true(status.heard_ms_ago == UINT64_MAX);
	assert_true(raft_id_is_none(status.id));
	assert_string_equal(status.service_address, "");
	assert_true(status.queued_bytes > 0);
	RUN_UNTIL(w->io, status_of(&w->a, w->b.address).round_trip_us > 0);
	status = status_of(&w->a, w->b.address);
	assert_true(status.is_connected);
	assert_true(raft_id_equal(status.id, id_of(2)));
	assert_string_equal(status.service_address, "clients:8020");
	assert_true(status.heard_ms_ago < RUN_UNTIL_SECONDS * 1000);
	assert_true(status.skew_ms >= -(int64_t)status.round_trip_us / 1000 - 2 &&
	            status.skew_ms <= (int64_t)status.round_trip_us / 1000 + 2); /* one clock */
	assert_string_equal(peer_link_address(w->a.link, id_of(2)), w->b.address);
	assert_string_equal(peer_link_address(w->b.link, id_of(1)), w->a.address);
	assert_string_equal(peer_link_cluster(w->b.link, id_of(1)), "CID-1");
	assert_true(was_told(&w->a, "connected to the master at 127.0.0.1:"));
}

/* ---- starting ---- */

static void open_says_what_is_wrong(void **state)
{
	struct world *w = *state;
	char *text = NULL;

	start(&w->a);
	w->b.options.address = w->a.address;
	assert_int_equal(peer_link_open(&w->b.options, &w->b.link, &text), -ERR_IN_USE);
	assert_non_null(strstr(text, "cannot listen for other masters at 127.0.0.1, port"));
	mem_free(text);
	w->b.options.address = "no-port";
	assert_int_equal(peer_link_open(&w->b.options, &w->b.link, &text), -ERR_INVALID);
	assert_non_null(strstr(text, "no-port: not an address"));
	mem_free(text);
	assert_null(w->b.link);
}

/* Whichever allocation fails: later messages arrive. */
static void no_lack_of_memory_stops_it_for_good(void **state)
{
	struct world *w = *state;
	bool has_failed = true;

	for (int64_t count = 0; has_failed; count++) {
		char *text = NULL;
		uint64_t term = 0;

		assert_true(count < 1000);
		w->a.message_count = w->b.message_count = 0;
		mem_fail_after(count);
		while (w->a.link == NULL && peer_link_open(&w->a.options, &w->a.link, &text) < 0)
			mem_free(text);
		while (w->b.link == NULL && peer_link_open(&w->b.options, &w->b.link, &text) < 0)
			mem_free(text);
		while (w->a.message_count < 3 || w->b.message_count < 3) {
			send_term(&w->a, w->b.address, ++term);
			send_term(&w->b, w->a.address, term);
			io_run_once(w->io, 1);
		}
		has_failed = mem_has_failed() != 0;
		mem_fail_after(-1);
		stop(&w->a);
		stop(&w->b);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(messages_travel_both_ways_in_order),
	        TEST(messages_of_a_turn_leave_at_its_end),
	        TEST(large_append_arrives_whole),
	        TEST(message_in_single_bytes_arrives),
	        TEST(peer_that_came_back_is_found_again),
	        TEST(hello_of_a_peer_ends_the_wait_for_the_next_try),
	        TEST(message_to_no_address_is_dropped),
	        TEST(same_notice_comes_once),
	        TEST(peer_that_never_reads_bounds_memory),
	        TEST(frame_above_the_limit_is_not_sent),
	        TEST(foreign_cluster_is_refused_and_both_say_so),
	        TEST(master_of_no_cluster_yet_may_talk),
	        TEST(own_id_is_refused),
	        TEST(stranger_that_speaks_otherwise_is_cut_off),
	        TEST(other_version_is_told_ours_and_cut_off),
	        TEST(message_in_the_name_of_another_is_refused),
	        TEST(frames_before_or_besides_the_hello_are_refused),
	        TEST(connections_are_bounded),
	        TEST(addresses_that_are_made_up_push_out_nobody_in_use),
	        TEST(stranger_that_says_nothing_is_cut_off),
	        TEST(peer_that_does_not_answer_is_cut_off),
	        TEST(member_that_falls_silent_is_cut_off),
	        TEST(peers_with_nothing_to_say_stay_connected),
	        TEST(connection_without_use_is_given_up),
	        TEST(loop_that_stood_still_cuts_nobody_off),
	        TEST(beat_arrives_with_its_sender),
	        TEST(what_is_known_of_a_peer_is_shown),
	        TEST(open_says_what_is_wrong),
	        TEST(no_lack_of_memory_stops_it_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
