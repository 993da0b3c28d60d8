/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network keeps the contract of io.h, and breaks as TCP does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/sim_net.h"
#include "sim/sim_world.h"

enum { PORT = 19200, SECOND_US = 1000 * 1000 };

/* One side of the only connection of a test. */
struct side {
	struct sim_machine *machine;
	struct io_listener *listener;
	struct io_conn *conn;
	struct buf got;
	int connect_rc; /* 1: not known yet */
	int end_rc;     /* 1: open */
	unsigned drained;
	uint64_t got_us; /* of the last bytes, by the world's clock */
};

struct bench {
	struct sim_world *world;
	struct side server, client;
};

static struct bench *at; /* of the running test; callbacks need no more */

/* ---- sides ---- */

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct side *side = context;

	buf_append(&side->got, data, size);
	side->got_us = sim_world_now_us(at->world);
}

static void on_drained(void *context)
{
	((struct side *)context)->drained++;
}

static void on_end(void *context, int rc)
{
	struct side *side = context;

	side->end_rc = rc;
	io_conn_close(side->conn);
	side->conn = NULL;
}

static const struct io_conn_ops ops = {on_data, on_drained, on_end};

static void on_accept(void *context, struct io_conn *conn)
{
	struct side *side = context;

	side->conn = conn;
	io_conn_start(conn, &ops, side);
}

static void on_connect(void *context, int rc)
{
	struct side *side = context;

	side->connect_rc = rc;
	if (rc == 0)
		io_conn_start(side->conn, &ops, side);
}

static void step_listen(void *context)
{
	struct side *side = context;
	struct io_listen_options options = {.port = PORT, .on_accept = on_accept, .context = side};

	assert_int_equal(io_listen(sim_machine_start(side->machine), &options, &side->listener), 0);
}

static const char *host;

static void step_connect(void *context)
{
	struct side *side = context;
	struct io *io = sim_machine_is_running(side->machine) ? sim_machine_io(side->machine)
	                                                      : sim_machine_start(side->machine);

	side->connect_rc = side->end_rc = 1;
	assert_int_equal(io_connect(io, host, PORT, 2000, on_connect, side, &side->conn), 0);
}

static void run_for(uint64_t us)
{
	uint64_t end = sim_world_now_us(at->world) + us;

	while (sim_world_now_us(at->world) < end && sim_world_step(at->world))
		continue;
}

static void connect_to(const char *name)
{
	host = name;
	sim_machine_run(at->client.machine, step_connect, &at->client);
	run_for(3 * SECOND_US);
}

static struct {
	const uint8_t *data;
	size_t size;
} bytes;

static void step_write(void *context)
{
	struct side *side = context;
	struct str pieces[2] = {str_make(bytes.data, bytes.size / 3),
	                        str_make(bytes.data + bytes.size / 3, bytes.size - bytes.size / 3)};

	io_conn_write(side->conn, pieces, 2);
}

static void write_from(struct side *side, const void *data, size_t size)
{
	bytes.data = data;
	bytes.size = size;
	sim_machine_run(side->machine, step_write, side);
}

static void assert_got(struct side *side, const char *text)
{
	assert_int_equal(side->got.size, strlen(text));
	assert_memory_equal(side->got.data, text, strlen(text));
}

/* Keeps the world's clock going where nothing else would. */
static void beat(struct sim_event *event)
{
	sim_world_schedule(at->world, event, 10000);
}

static struct sim_event heart = {.run = beat};

static int set_up(void **state)
{
	struct bench *bench = mem_must_zalloc(sizeof(*bench));

	(void)state;
	at = bench;
	bench->world = sim_world_create(7);
	bench->server = (struct side){.machine = sim_machine_create(bench->world, 1), .end_rc = 1};
	bench->client = (struct side){.machine = sim_machine_create(bench->world, 2), .end_rc = 1};
	sim_machine_run(bench->server.machine, step_listen, &bench->server);
	heart = (struct sim_event){.run = beat};
	sim_world_schedule(bench->world, &heart, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_finish(&at->server.got);
	buf_finish(&at->client.got);
	sim_machine_destroy(at->server.machine);
	sim_machine_destroy(at->client.machine);
	sim_world_destroy(at->world);
	mem_free(at);
	return 0;
}

static void cut_both(bool is_cut)
{
	sim_net_cut(at->client.machine, at->server.machine, is_cut);
	sim_net_cut(at->server.machine, at->client.machine, is_cut);
}

/* ---- connecting ---- */

static void both_names_of_a_machine_reach_it(void **state)
{
	(void)state;
	connect_to("10.0.0.1");
	assert_int_equal(at->client.connect_rc, 0);
	assert_non_null(at->server.conn);
	assert_string_equal(io_conn_peer_address(at->server.conn), "10.0.0.2");
	assert_string_equal(io_conn_peer(at->client.conn), "10.0.0.1:19200");
}

static void an_unknown_host_is_told(void **state)
{
	(void)state;
	connect_to("m3");
	assert_int_equal(at->client.connect_rc, -ERR_NO_HOST);
}

static void a_machine_without_the_process_refuses(void **state)
{
	(void)state;
	sim_machine_kill(at->server.machine, false);
	connect_to("m1");
	assert_int_equal(at->client.connect_rc, -ERR_REFUSED);
}

static void a_machine_without_power_is_silent(void **state)
{
	(void)state;
	sim_machine_kill(at->server.machine, true);
	connect_to("m1");
	assert_int_equal(at->client.connect_rc, -ERR_TIMEOUT);
}

static void a_way_cut_in_either_direction_cannot_connect(void **state)
{
	(void)state;
	sim_net_cut(at->client.machine, at->server.machine, true);
	connect_to("m1");
	assert_int_equal(at->client.connect_rc, -ERR_TIMEOUT);
	sim_net_cut(at->client.machine, at->server.machine, false);
	sim_net_cut(at->server.machine, at->client.machine, true);
	connect_to("m1");
	assert_int_equal(at->client.connect_rc, -ERR_TIMEOUT);
}

/* ---- bytes ---- */

static void bytes_come_in_order_and_once_though_segments_are_lost(void **state)
{
	struct sim_link link = {.latency_us = 300, .jitter_us = 5000, .loss_ppm = 200000};
	struct buf sent = {0};

	(void)state;
	connect_to("m1");
	sim_net_set(at->client.machine, at->server.machine, &link);
	sim_net_set(at->server.machine, at->client.machine, &link);
	for (unsigned i = 0; i < 300; i++) {
		uint8_t data[3000];

		for (size_t k = 0; k < sizeof(data); k++)
			data[k] = (uint8_t)random_u64(sim_world_random(at->world));
		buf_append(&sent, data, 1 + i * 9);
		write_from(&at->client, data, 1 + i * 9);
		run_for(500);
	}
	run_for(600 * (uint64_t)SECOND_US);
	assert_int_equal(at->server.got.size, sent.size);
	assert_memory_equal(at->server.got.data, sent.data, sent.size);
	buf_finish(&sent);
}

static void who_does_not_read_holds_the_writer_up(void **state)
{
	static const uint8_t data[200000];

	(void)state;
	connect_to("m1");
	io_conn_pause(at->server.conn);
	for (unsigned i = 0; i < 10; i++) {
		write_from(&at->client, data, sizeof(data));
		run_for(SECOND_US);
	}
	assert_true(io_conn_queued(at->client.conn) > 1000000);
	assert_int_equal(at->server.got.size, 0);
	assert_int_equal(at->client.drained, 0);
	io_conn_resume(at->server.conn);
	run_for(SECOND_US);
	assert_int_equal(at->server.got.size, 2000000);
	assert_int_equal(io_conn_queued(at->client.conn), 0);
	assert_int_equal(at->client.drained, 1);
}

static void a_slow_way_takes_its_time(void **state)
{
	struct sim_link link = {.latency_us = 100, .bytes_per_ms = 100};
	static const uint8_t data[100000];
	uint64_t begin_us;

	(void)state;
	connect_to("m1");
	sim_net_set(at->client.machine, at->server.machine, &link);
	begin_us = sim_world_now_us(at->world);
	write_from(&at->client, data, sizeof(data));
	run_for(2 * SECOND_US);
	assert_int_equal(at->server.got.size, sizeof(data));
	assert_in_range(at->server.got_us - begin_us, SECOND_US, SECOND_US + 10000);
}

static void what_waits_on_a_slow_way_hurries_when_it_is_mended(void **state)
{
	struct sim_link slow = {.latency_us = 100, .bytes_per_ms = 1}, fast = {.latency_us = 100};
	static const uint8_t data[100000];

	(void)state;
	connect_to("m1");
	sim_net_set(at->client.machine, at->server.machine, &slow);
	write_from(&at->client, data, sizeof(data));
	run_for(SECOND_US);
	assert_int_equal(at->server.got.size, 0);
	sim_net_set(at->client.machine, at->server.machine, &fast);
	run_for(SECOND_US / 1000);
	assert_int_equal(at->server.got.size, sizeof(data));
}

/* ---- ends ---- */

static void a_killed_process_sends_what_it_had_written_and_the_end(void **state)
{
	(void)state;
	connect_to("m1");
	write_from(&at->client, "last words", 10);
	sim_machine_kill(at->client.machine, false);
	run_for(SECOND_US);
	assert_got(&at->server, "last words");
	assert_int_equal(at->server.end_rc, 0);
}

static void what_a_killed_process_had_not_read_comes_back_as_a_reset(void **state)
{
	(void)state;
	connect_to("m1");
	io_conn_pause(at->server.conn);
	write_from(&at->client, "unread", 6);
	run_for(SECOND_US);
	sim_machine_kill(at->server.machine, false);
	run_for(SECOND_US);
	assert_int_equal(at->client.end_rc, -ERR_CLOSED);
}

static void a_power_cut_is_noticed_by_sending_and_only_when_it_is_back(void **state)
{
	(void)state;
	connect_to("m1");
	sim_machine_kill(at->server.machine, true);
	write_from(&at->client, "hello?", 6);
	run_for(5 * SECOND_US);
	assert_int_equal(at->client.end_rc, 1);
	assert_true(io_conn_is_open(at->client.conn));
	sim_machine_run(at->server.machine, step_listen, &at->server);
	run_for(5 * SECOND_US);
	assert_int_equal(at->client.end_rc, -ERR_CLOSED);
}

static void a_cut_way_goes_on_where_it_was(void **state)
{
	(void)state;
	connect_to("m1");
	cut_both(true);
	write_from(&at->client, "patience", 8);
	run_for(10 * SECOND_US);
	assert_int_equal(at->server.got.size, 0);
	cut_both(false);
	run_for(13 * SECOND_US);
	assert_got(&at->server, "patience");
	assert_int_equal(at->client.end_rc, 1);
}

static void a_way_cut_for_long_is_given_up(void **state)
{
	(void)state;
	connect_to("m1");
	cut_both(true);
	write_from(&at->client, "patience", 8);
	run_for(1200 * (uint64_t)SECOND_US);
	assert_int_equal(at->client.end_rc, -ERR_TIMEOUT);
	assert_int_equal(at->server.end_rc, 1); /* it has nothing to send */
}

static void a_way_cut_backwards_brings_data_and_no_news_of_it(void **state)
{
	(void)state;
	connect_to("m1");
	sim_net_cut(at->server.machine, at->client.machine, true);
	write_from(&at->client, "there", 5);
	write_from(&at->server, "and back", 8);
	run_for(SECOND_US);
	assert_got(&at->server, "there");
	assert_int_equal(at->client.got.size, 0);
	sim_net_cut(at->server.machine, at->client.machine, false);
	run_for(3 * SECOND_US);
	assert_got(&at->client, "and back");
}

/* ---- processes and clocks ---- */

static uint64_t fired_us;

static void fire(struct io_timer *timer)
{
	(void)timer;
	fired_us = sim_world_now_us(at->world);
}

static struct io_timer timer;

static void step_timer(void *context)
{
	struct side *side = context;
	struct io *io = sim_machine_is_running(side->machine) ? sim_machine_io(side->machine)
	                                                      : sim_machine_start(side->machine);

	fired_us = 0;
	io_timer_init(io, &timer, fire);
	io_timer_start(&timer, 10 * SECOND_US);
}

static void a_paused_process_gets_all_at_once_when_it_goes_on(void **state)
{
	uint64_t resumed_us;

	(void)state;
	connect_to("m1");
	sim_machine_run(at->server.machine, step_timer, &at->server);
	sim_machine_pause(at->server.machine);
	write_from(&at->client, "one", 3);
	run_for(20 * SECOND_US);
	write_from(&at->client, "two", 3);
	run_for(10 * SECOND_US);
	assert_int_equal(at->server.got.size, 0);
	assert_int_equal(fired_us, 0);
	resumed_us = sim_world_now_us(at->world);
	sim_machine_resume(at->server.machine);
	run_for(SECOND_US);
	assert_got(&at->server, "onetwo");
	assert_int_equal(at->server.got_us, resumed_us);
	assert_int_equal(fired_us, resumed_us);
}

static void a_fast_clock_fires_early(void **state)
{
	uint64_t begin_us = sim_world_now_us(at->world);

	(void)state;
	sim_machine_set_drift(at->client.machine, 50000);
	sim_machine_run(at->client.machine, step_timer, &at->client);
	run_for(11 * SECOND_US);
	assert_in_range(fired_us - begin_us, 9520000, 9530000);
}

static void a_clock_counts_from_the_last_power_cut(void **state)
{
	uint64_t before_us;

	(void)state;
	run_for(100 * SECOND_US);
	before_us = io_now_us(sim_machine_io(at->server.machine));
	sim_machine_kill(at->server.machine, false);
	sim_machine_run(at->server.machine, step_listen, &at->server);
	assert_true(io_now_us(sim_machine_io(at->server.machine)) >= before_us);
	sim_machine_kill(at->server.machine, true);
	sim_machine_run(at->server.machine, step_listen, &at->server);
	assert_true(io_now_us(sim_machine_io(at->server.machine)) < before_us);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(both_names_of_a_machine_reach_it),
	        TEST(an_unknown_host_is_told),
	        TEST(a_machine_without_the_process_refuses),
	        TEST(a_machine_without_power_is_silent),
	        TEST(a_way_cut_in_either_direction_cannot_connect),
	        TEST(bytes_come_in_order_and_once_though_segments_are_lost),
	        TEST(who_does_not_read_holds_the_writer_up),
	        TEST(a_slow_way_takes_its_time),
	        TEST(what_waits_on_a_slow_way_hurries_when_it_is_mended),
	        TEST(a_killed_process_sends_what_it_had_written_and_the_end),
	        TEST(what_a_killed_process_had_not_read_comes_back_as_a_reset),
	        TEST(a_power_cut_is_noticed_by_sending_and_only_when_it_is_back),
	        TEST(a_cut_way_goes_on_where_it_was),
	        TEST(a_way_cut_for_long_is_given_up),
	        TEST(a_way_cut_backwards_brings_data_and_no_news_of_it),
	        TEST(a_paused_process_gets_all_at_once_when_it_goes_on),
	        TEST(a_fast_clock_fires_early),
	        TEST(a_clock_counts_from_the_last_power_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
