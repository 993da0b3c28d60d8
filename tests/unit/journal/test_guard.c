/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a lone master, started with other masters in its list: whose is it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/journal/fake_peers.h"

static size_t times_led;

static void count_leading(void *context, const struct journal_progress *progress)
{
	times_led += progress->phase == JOURNAL_LEADING;
	house_on_phase(context, progress);
}

/* Another cluster's if its id is not the fakes'. */
static void open_lone(struct world *w, const char *cluster_id)
{
	struct journal_format_options format = {.io = w->house->io,
	                                        .folder = w->house->folder,
	                                        .cluster_id = str_of(cluster_id),
	                                        .kind = 1,
	                                        .version = 1,
	                                        .payload = STR("entry one")};
	char *text = NULL;

	assert_int_equal(journal_format(&format, &text), 0);
	mem_free(text);
	fill_options(w);
	times_led = 0;
	w->house->options.on_phase = count_leading;
	open_journal_of(w);
}

static void silence(struct fake *fake)
{
	peer_link_close(fake->link);
	fake->link = NULL;
}

static void on_read_done(struct journal_read *read, int rc, uint64_t index)
{
	(void)index;
	assert_int_equal(rc, -ERR_STANDBY);
	read->done = NULL;
}

static void it_answers_nobody_while_others_are_silent_but_not_for_ever(void **state)
{
	struct world *w = *state;
	struct journal_read read = {.done = on_read_done};
	struct house_append request;
	uint64_t began_us = io_now_us(w->house->io);

	silence(&w->b);
	silence(&w->c);
	open_lone(w, CLUSTER);
	journal_read_index(w->house->journal, &read);
	assert_null(read.done);
	assert_int_equal(house_append(w->house, &request, STR("early")), -ERR_STANDBY);
	RUN_UNTIL(w->house->io, w->house->phase == JOURNAL_LEADING);
	assert_true(io_now_us(w->house->io) - began_us >= 1000 * 1000);
	house_fill(w->house, 1, 20);
}

static void it_serves_when_all_others_have_said_that_they_are_no_strangers(void **state)
{
	struct world *w = *state;

	open_lone(w, CLUSTER);
	RUN_UNTIL(w->house->io, w->house->phase == JOURNAL_LEADING);
	assert_true(was_noticed(w, w->b.address) && was_noticed(w, w->c.address));
	house_fill(w->house, 1, 20);
}

static void among_another_cluster_it_serves_not_for_a_moment(void **state)
{
	struct world *w = *state;

	open_lone(w, "CID-lone");
	RUN_UNTIL(w->house->io, w->house->failure != 0);
	assert_int_equal(w->house->failure, -ERR_FOREIGN);
	assert_int_equal(times_led, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(it_answers_nobody_while_others_are_silent_but_not_for_ever),
	        TEST(it_serves_when_all_others_have_said_that_they_are_no_strangers),
	        TEST(among_another_cluster_it_serves_not_for_a_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
