/* SPDX-License-Identifier: Apache-2.0 */
/* Who says nothing for long is cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/journal/peer_sides.h"

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
	/* Each time anew: on a busy machine the connection itself may take longer. */
	RUN_UNTIL(w->io, (send_term(&w->a, w->b.address, 1),
	                  was_told(&w->a, "has said nothing for 40 ms")));
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

static void stand_still(struct world *w, uint64_t ms)
{
	uint64_t until_us = io_now_us(w->io) + ms * 1000;

	while (io_now_us(w->io) < until_us)
		;
}

static void loop_that_stood_still_cuts_nobody_off(void **state)
{
	struct world *w = *state;

	w->a.options.silence_ms = 400;
	connect_both(w);
	stand_still(w, 600);
	for (int i = 0; i < 10; i++)
		io_run_once(w->io, 1);
	assert_true(is_connected(&w->a, w->b.address));
	assert_false(was_told(&w->a, "has said nothing"));
}

/* It has little time and is late again and again, if never by much. */
static void loop_that_is_always_late_cuts_nobody_off(void **state)
{
	struct peer_ping ping = {.sent_us = 1};
	struct world *w = *state;
	struct buf bytes = {0};
	int fd;

	w->a.options.silence_ms = 400;
	start(&w->a);
	fd = dial(&w->a);
	encode_hello(&bytes, 9, "CID-1");
	for (int i = 0; i < 3; i++) {
		say(fd, &bytes);
		for (int turn = 0; turn < 3; turn++) {
			io_run_once(w->io, 1);
			stand_still(w, 150);
		}
		buf_clear(&bytes);
		peer_wire_encode_ping(PEER_PING, &ping, &bytes);
	}
	assert_false(was_told(&w->a, "has said nothing"));
	close(fd);
	buf_finish(&bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(stranger_that_says_nothing_is_cut_off),
	        TEST(peer_that_does_not_answer_is_cut_off),
	        TEST(member_that_falls_silent_is_cut_off),
	        TEST(peers_with_nothing_to_say_stay_connected),
	        TEST(connection_without_use_is_given_up),
	        TEST(loop_that_stood_still_cuts_nobody_off),
	        TEST(loop_that_is_always_late_cuts_nobody_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
