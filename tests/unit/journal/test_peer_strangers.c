/* SPDX-License-Identifier: Apache-2.0 */
/* Who may talk to a master, and how much memory they get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/journal/peer_sides.h"

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

static void another_name_of_oneself_is_refused(void **state)
{
	struct world *w = *state;
	char alias[64];

	snprintf(alias, sizeof(alias), "127.1%s", strchr(w->a.address, ':')); /* in short */
	start(&w->a);
	send_term(&w->a, alias, 1);
	RUN_UNTIL(w->io, was_told(&w->a, "leads back to this master"));
	assert_false(was_told(&w->a, "is a copy of the other's"));
	assert_int_equal(w->a.message_count, 0);
}

static void copy_of_a_folder_is_refused_and_both_say_so(void **state)
{
	struct world *w = *state;

	w->b.options.self = w->a.options.self;
	start_both(w);
	send_term(&w->a, w->b.address, 1);
	RUN_UNTIL(w->io, was_told(&w->a, "one's folder is a copy of the other's") &&
	                         was_told(&w->b, "one's folder is a copy of the other's"));
	assert_false(was_told(&w->a, "leads back"));
	assert_int_equal(w->b.message_count, 0);
}

/* Two folders, one id: a third master would take the votes of both for one's. */
static void copy_of_a_master_that_is_heard_is_refused_elsewhere(void **state)
{
	struct world *w = *state;
	struct peer_hello hello = {.id = w->b.options.self, .address = "copy:1"};
	struct buf bytes = {0};

	connect_both(w);
	peer_wire_encode_hello(&hello, &bytes);
	encode_term(&bytes, 2, 77);
	is_cut_off_for(&w->a, &bytes);
	assert_int_equal(w->a.message_count, 1);
	assert_true(was_told(&w->a, "and copy:1 have the same member id"));
	send_term(&w->b, w->a.address, 2);
	RUN_UNTIL(w->io, w->a.message_count == 2);
	assert_int_equal(w->a.last_term, 2);
	buf_finish(&bytes);
}

/* A member of that address is this master's old self. */
static void nobody_calls_its_own_address(void **state)
{
	struct world *w = *state;
	struct peer_link_status status;

	start_both(w);
	send_term(&w->a, w->a.address, 1);
	send_term(&w->a, w->b.address, 2);
	RUN_UNTIL(w->io, w->b.message_count == 1);
	assert_false(peer_link_status(w->a.link, w->a.address, &status));
	assert_false(was_told(&w->a, "this master"));
}

static void stranger_that_speaks_otherwise_is_cut_off(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	int fd;

	start(&w->a);
	buf_append_str(&bytes, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	fd = dial_and_say(&w->a, &bytes);
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
	encode_hello(&bytes, 9, "CID-1");
	bytes.data[21] = 7; /* behind the envelope and the magic number */
	memset(bytes.data + 4, 0, 4);
	{
		uint32_t crc = crc32c(crc32c(0, bytes.data, 4), bytes.data + 8, bytes.size - 8);

		memcpy(bytes.data + 4, &crc, 4);
	}
	fd = dial_and_say(&w->a, &bytes);
	RUN_UNTIL(w->io, is_over(fd, &heard));
	assert_int_equal(peer_wire_decode(buf_str(&heard), frame, &why), 0);
	assert_int_equal(frame->kind, PEER_HELLO);
	assert_string_equal(frame->hello.address, w->a.address);
	assert_true(was_told(&w->a, "speaks version 7 of the masters' protocol, this one 3"));
	close(fd);
	free(frame);
	buf_finish(&bytes);
	buf_finish(&heard);
}

static void message_in_the_name_of_another_is_refused(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};

	start(&w->a);
	encode_hello(&bytes, 9, "CID-1");
	encode_term(&bytes, 9, 1);
	encode_term(&bytes, 8, 2);
	encode_term(&bytes, 9, 3);
	is_cut_off_for(&w->a, &bytes);
	assert_int_equal(w->a.message_count, 1);
	assert_true(was_told(&w->a, "stranger:1 sent a message in the name of another"));
	buf_finish(&bytes);
}

static void frames_before_or_besides_the_hello_are_refused(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_CHUNK, .from = id_of(9), .chunk = {.size = 8192}};
	uint8_t piece[8192] = {0};

	start(&w->a);
	encode_term(&bytes, 9, 1);
	is_cut_off_for(&w->a, &bytes);
	encode_hello(&bytes, 9, "CID-1");
	assert_true(buf_reserve(&bytes, bytes.size));
	buf_append(&bytes, bytes.data, bytes.size); /* a second one */
	is_cut_off_for(&w->a, &bytes);
	buf_clear(&bytes);
	peer_wire_encode_message(&message, &(struct str){(char *)piece, sizeof(piece)}, 1, &bytes);
	is_cut_off_for(&w->a, &bytes); /* promises more than a stranger may send */
	assert_int_equal(w->a.message_count, 0);
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

/* Sends as much as is taken while the loop turns; false: cut off. */
static bool pour(struct world *w, int fd, const struct buf *bytes)
{
	for (size_t sent = 0; sent < bytes->size;) {
		ssize_t taken = send(fd, bytes->data + sent, bytes->size - sent,
		                     MSG_NOSIGNAL | MSG_DONTWAIT);

		if (taken < 0 && errno != EAGAIN)
			return false;
		sent += taken < 0 ? 0 : (size_t)taken;
		io_run_once(w->io, 1);
	}
	return true;
}

static void unfinished_messages_of_all_are_bounded_and_the_slowest_goes(void **state)
{
	enum { STRANGERS = 12, PIECE_BYTES = 3 << 20 };
	struct world *w = *state;
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_CHUNK, .from = id_of(9), .chunk = {.size = PIECE_BYTES}};
	char *piece = calloc(1, PIECE_BYTES);
	struct buf bytes = {0};
	int fds[STRANGERS];

	connect_both(w);
	encode_hello(&bytes, 9, "CID-1");
	peer_wire_encode_message(&message, &(struct str){piece, PIECE_BYTES}, 1, &bytes);
	buf_append(&bytes, piece, PIECE_BYTES - 1);
	for (int i = 0; i < STRANGERS; i++) {
		fds[i] = dial(&w->a);
		assert_true(pour(w, fds[i], &bytes));
	}
	/* Of at most FRAME_BYTES_MAX each four may stay, those that came last. */
	for (int i = 0; i < STRANGERS - 4; i++)
		RUN_UNTIL(w->io, is_over(fds[i], NULL));
	assert_false(is_over(fds[STRANGERS - 1], NULL));
	assert_true(was_told(&w->a, "in the middle of a message"));
	/* Who ends what it begins is heard all the while. */
	send_term(&w->b, w->a.address, 2);
	RUN_UNTIL(w->io, w->a.message_count == 2);
	for (int i = 0; i < STRANGERS; i++)
		close(fds[i]);
	free(piece);
	buf_finish(&bytes);
}

static void addresses_that_are_made_up_push_out_nobody_in_use(void **state)
{
	struct world *w = *state;
	struct peer_hello hello = {0};
	struct buf bytes = {0};

	connect_both(w);
	for (int i = 0; i < 100; i++) {
		hello.id = id_of((uint8_t)(10 + i));
		snprintf(hello.address, sizeof(hello.address), "made-up-%d:1", i);
		buf_clear(&bytes);
		peer_wire_encode_hello(&hello, &bytes);
		is_answered_for(&w->a, &bytes);
	}
	assert_true(is_connected(&w->a, w->b.address));
	assert_string_equal(peer_link_address(w->a.link, id_of(2)), w->b.address);
	buf_finish(&bytes);
}

static void features_are_those_of_the_hello(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	int fd;

	connect_both(w);
	assert_int_equal(peer_link_features(w->a.link, id_of(2)), PEER_FEATURES);
	encode_hello(&bytes, 9, "CID-1"); /* has none */
	fd = dial_and_say(&w->a, &bytes);
	RUN_UNTIL(w->io, was_answered(fd));
	assert_int_equal(peer_link_features(w->a.link, id_of(9)), 0);
	assert_int_equal(peer_link_features(w->a.link, id_of(8)), 0);
	close(fd);
	buf_finish(&bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(foreign_cluster_is_refused_and_both_say_so),
	        TEST(master_of_no_cluster_yet_may_talk),
	        TEST(another_name_of_oneself_is_refused),
	        TEST(copy_of_a_folder_is_refused_and_both_say_so),
	        TEST(copy_of_a_master_that_is_heard_is_refused_elsewhere),
	        TEST(nobody_calls_its_own_address),
	        TEST(stranger_that_speaks_otherwise_is_cut_off),
	        TEST(other_version_is_told_ours_and_cut_off),
	        TEST(message_in_the_name_of_another_is_refused),
	        TEST(frames_before_or_besides_the_hello_are_refused),
	        TEST(connections_are_bounded),
	        TEST(unfinished_messages_of_all_are_bounded_and_the_slowest_goes),
	        TEST(addresses_that_are_made_up_push_out_nobody_in_use),
	        TEST(features_are_those_of_the_hello),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
