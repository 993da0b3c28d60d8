/* SPDX-License-Identifier: Apache-2.0 */
/* A state that is not the primary's; c is silent, so no majority says who is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "journal/checkpoint_write.h"
#include "unit/journal/fake_peers.h"

enum { TERM = 1, EVERY = 4096, BATCH = 512 };

/* b leads, and has all entries up to `last`. */
static void lead_in_term(struct world *w, uint64_t term, uint64_t last)
{
	while (w->last < last) {
		uint64_t prev = w->last;

		while (w->last < last && w->last < prev + BATCH)
			add_entry(w, term, 10, STR("payload"));
		lead(&w->b, term, prev);
	}
}

static void lead_up_to(struct world *w, uint64_t last)
{
	lead_in_term(w, TERM, last);
}

static bool is_noted(struct world *w)
{
	return house_count(w->house, FOLDER_ODD) > 0;
}

/* b says of its state after `index` that it is the real one's, or another. */
static void say_digest(struct world *w, uint64_t index, struct hash128 digest)
{
	struct peer_beat beat = {.applied = w->last,
	                         .digest_count = 1,
	                         .digests = {{.index = index, .digest = digest}}};

	send_append(&w->b, w->entries[w->last].epoch, w->last, w->last); /* it leads still */
	peer_link_beat(w->b.link, w->address, &beat);
}

/* As the state after the entries that the fakes have must be. */
static struct hash128 right_digest(const struct world *w, uint64_t index)
{
	struct toy right = {0};
	struct hash128 digest;

	for (uint64_t i = 1; i <= index; i++)
		toy_add(&right, w->entry_hashes[i]);
	digest = right.digest;
	toy_clear(&right);
	return digest;
}

static struct hash128 wrong_digest(const struct world *w, uint64_t index)
{
	return hash128_add(right_digest(w, index), (struct hash128){.low = 1});
}

static void does_not_stand(struct world *w)
{
	uint64_t until_us = io_now_us(w->house->io) + 5 * ELECTION_MS * 1000;

	w->b.votes = w->b.acknowledges = w->c.votes = true;
	while (io_now_us(w->house->io) < until_us) {
		io_run_once(w->house->io, 20);
		assert_int_not_equal(w->house->phase, JOURNAL_LEADING);
	}
	w->b.votes = w->b.acknowledges = w->c.votes = false;
}

static void become_odd(struct world *w)
{
	join(w);
	lead_up_to(w, EVERY);
	SAY_UNTIL(w, say_digest(w, EVERY, wrong_digest(w, EVERY)),
	          journal_is_odd(w->house->journal));
	RUN_UNTIL(w->house->io, is_noted(w));
}

static void who_differs_from_the_primary_does_not_stand(void **state)
{
	struct world *w = *state;

	become_odd(w);
	assert_true(was_noticed(w, "differs from that of"));
	does_not_stand(w);
}

/* Else a restart would make a primary of it. */
static void a_restart_does_not_forget_it(void **state)
{
	struct world *w = *state;

	become_odd(w);
	RUN_UNTIL(w->house->io, w->b.match >= w->last);
	house_close(w->house);
	open_journal_of(w);
	assert_true(journal_is_odd(w->house->journal));
	assert_true(was_noticed(w, "an earlier run of this master noted"));
	does_not_stand(w);
}

static void equal_again_it_is_forgotten(void **state)
{
	struct world *w = *state;

	become_odd(w);
	RUN_UNTIL(w->house->io, w->b.match >= w->last);
	house_close(w->house);
	open_journal_of(w);
	lead(&w->b, TERM, w->last - 1);
	lead_up_to(w, 2 * EVERY);
	SAY_UNTIL(w, say_digest(w, 2 * EVERY, right_digest(w, 2 * EVERY)),
	          !journal_is_odd(w->house->journal));
	RUN_UNTIL(w->house->io, !is_noted(w));
	be_elected(w);
}

static void a_note_that_stays_is_told_of(void **state)
{
	struct world *w = *state;
	char path[300];

	become_odd(w);
	snprintf(path, sizeof(path), "%s/" FOLDER_ODD, w->house->folder);
	assert_int_equal(io_unlink(w->house->io, path), 0);
	assert_int_equal(io_mkdir(w->house->io, path), 0);
	lead_up_to(w, 2 * EVERY);
	SAY_UNTIL(w, say_digest(w, 2 * EVERY, right_digest(w, 2 * EVERY)),
	          !journal_is_odd(w->house->journal));
	RUN_UNTIL(w->house->io, was_noticed(w, FOLDER_ODD " cannot be removed"));
	assert_int_equal(io_rmdir(w->house->io, path), 0);
}

/* They were equal before they differed. */
static void an_older_comparison_forgives_nothing(void **state)
{
	struct world *w = *state;

	join(w);
	lead_up_to(w, 2 * EVERY);
	SAY_UNTIL(w, say_digest(w, 2 * EVERY, wrong_digest(w, 2 * EVERY)),
	          journal_is_odd(w->house->journal));
	for (int i = 0; i < 10; i++) {
		say_digest(w, EVERY, right_digest(w, EVERY));
		io_run_once(w->house->io, 20);
		assert_true(journal_is_odd(w->house->journal));
	}
}

/* The beats still say of an older index that it was another. */
static void what_differs_no_more_is_not_brought_up_again(void **state)
{
	struct world *w = *state;
	struct peer_beat beat = {.digest_count = 2};

	join(w);
	lead_up_to(w, 2 * EVERY);
	RUN_UNTIL(w->house->io, w->b.match >= 2 * EVERY);
	beat.applied = w->last;
	beat.digests[0] = (struct peer_digest){2 * EVERY, right_digest(w, 2 * EVERY)};
	beat.digests[1] = (struct peer_digest){EVERY, wrong_digest(w, EVERY)};
	for (int i = 0; i < 10; i++) {
		send_append(&w->b, w->entries[w->last].epoch, w->last, w->last);
		peer_link_beat(w->b.link, w->address, &beat);
		io_run_once(w->house->io, 20);
		assert_false(journal_is_odd(w->house->journal));
	}
}

static void on_saved(void *context, int rc, uint64_t index)
{
	assert_int_equal(rc, 0);
	*(uint64_t *)context = index;
}

/* Memory went bad after the checkpoint. */
static void its_checkpoint_is_loaded_again_once(void **state)
{
	struct world *w = *state;
	uint64_t saved = 0;

	join(w);
	lead_up_to(w, 1000);
	RUN_UNTIL(w->house->io, w->b.match >= 1000);
	assert_int_equal(journal_checkpoint(w->house->journal, on_saved, &saved), 0);
	RUN_UNTIL(w->house->io, saved > 0);
	lead_up_to(w, 2000);
	w->house->toy.digest.low++;
	lead_up_to(w, EVERY);
	SAY_UNTIL(w, say_digest(w, EVERY, right_digest(w, EVERY)), w->house->toy.loads > 0);
	SAY_UNTIL(w, say_digest(w, EVERY, right_digest(w, EVERY)),
	          !journal_is_odd(w->house->journal));
	assert_int_equal(w->house->toy.loads, 1);
	assert_int_equal(w->house->toy.count, EVERY);
	assert_true(hash128_equal(w->house->toy.digest, right_digest(w, EVERY)));
	RUN_UNTIL(w->house->io, !is_noted(w));
	/* The next time it is not tried again. */
	w->house->toy.digest.low++;
	lead_up_to(w, 2 * EVERY);
	SAY_UNTIL(w, say_digest(w, 2 * EVERY, right_digest(w, 2 * EVERY)),
	          journal_is_odd(w->house->journal));
	RUN_UNTIL(w->house->io, is_noted(w));
	assert_int_equal(w->house->toy.loads, 1);
}

/* Who appended them waits no more, and may be gone. */
static void what_was_appended_here_is_not_answered_again_when_it_is_applied_again(void **state)
{
	struct world *w = *state;
	struct house_append request;
	uint64_t saved = 0, term;

	join(w);
	RUN_UNTIL(w->house->io, w->b.match >= w->last);
	assert_int_equal(journal_checkpoint(w->house->journal, on_saved, &saved), 0);
	RUN_UNTIL(w->house->io, saved > 0);
	be_elected(w);
	term = journal_epoch(w->house->journal);
	assert_int_equal(house_append(w->house, &request, STR("payload")), 0);
	RUN_UNTIL(w->house->io, request.done_calls == 1);
	add_entry(w, term, ENTRY_term, (struct str){0});
	add_entry(w, term, 10, STR("payload"));
	lead_in_term(w, term + 1, EVERY);
	SAY_UNTIL(w, say_digest(w, EVERY, wrong_digest(w, EVERY)), w->house->toy.loads > 0);
	RUN_UNTIL(w->house->io, w->house->toy.count == EVERY);
	assert_int_equal(request.done_calls, 1);
}

/* The state after `index`, as a piece of a checkpoint from b. */
static void send_right_state(struct world *w, uint64_t index, struct str file)
{
	send(&w->b,
	     (struct raft_message){.kind = RAFT_MESSAGE_CHUNK,
	                           .term = TERM,
	                           .chunk = {.index = index,
	                                     .index_term = TERM,
	                                     .size = file.size,
	                                     .is_last = true}},
	     file);
}

static void save_right_state(struct world *w, uint64_t index, struct buf *ret_file)
{
	struct checkpoint_header header = {.index = index,
	                                   .epoch = TERM,
	                                   .chain = w->entries[index].chain,
	                                   .members_index = 2};
	struct checkpoint_writer *writer;
	struct raft_members members;
	struct buf list = {0};
	atomic_bool is_given_up = false;
	char path[300], *text = NULL;

	fill_members(w, &members);
	raft_members_encode(&members, &list);
	header.members_bytes = (uint32_t)list.size;
	memcpy(header.members, list.data, list.size);
	buf_finish(&list);
	snprintf(header.cluster_id, sizeof(header.cluster_id), CLUSTER);
	snprintf(path, sizeof(path), "%s/checkpoint-%020llu", w->house->top,
	         (unsigned long long)index);
	assert_int_equal(checkpoint_writer_create(w->house->io, w->house->top, &header, &writer),
	                 0);
	assert_int_equal(checkpoint_writer_add(
	                         writer, str_make(&w->entry_hashes[1], index * sizeof(uint64_t))),
	                 0);
	assert_int_equal(checkpoint_writer_finish(writer, index, right_digest(w, index),
	                                          &is_given_up, &text),
	                 0);
	checkpoint_writer_destroy(writer);
	buf_init(ret_file);
	assert_int_equal(io_read_file(w->house->io, path, 1 << 20, ret_file), 0);
}

/* Both others agree on what this one had wrong before it got all from the primary. */
static void a_state_that_was_replaced_is_not_compared_any_more(void **state)
{
	struct world *w = *state;
	struct peer_beat beat = {.digest_count = 1};
	struct buf file;

	join(w);
	w->house->toy.digest.low++;
	lead_up_to(w, EVERY);
	SAY_UNTIL(w, say_digest(w, EVERY, right_digest(w, EVERY)),
	          journal_is_odd(w->house->journal));
	while (w->last < EVERY + 10)
		add_entry(w, TERM, 10, STR("payload"));
	save_right_state(w, w->last, &file);
	SAY_UNTIL(w, send_right_state(w, w->last, buf_str(&file)), w->b.is_installed);
	beat.digests[0] = (struct peer_digest){.index = EVERY, .digest = right_digest(w, EVERY)};
	for (int i = 0; i < 20; i++) {
		peer_link_beat(w->c.link, w->address, &beat);
		say_digest(w, EVERY, right_digest(w, EVERY));
		io_run_once(w->house->io, 20);
	}
	lead_up_to(w, 2 * EVERY);
	SAY_UNTIL(w, say_digest(w, 2 * EVERY, right_digest(w, 2 * EVERY)),
	          !journal_is_odd(w->house->journal));
	buf_finish(&file);
}

/* Without a look for leaks: what is wrong ends in the middle of its work. */
static void leave(void)
{
	_exit(EXIT_DAMAGE);
}

/* b says so, and c while the note of that is being written. */
static void be_found_wrong(struct world *parent)
{
	struct peer_beat beat = {.digest_count = 1};
	struct world *w;
	void *state;

	log_set_level(LOG_LEVEL_ERROR + 1);
	alarm(60);
	atexit(leave);
	setup(&state);
	w = state;
	rmdir(w->house->top);
	memcpy(w->house->folder, parent->house->folder, sizeof(w->house->folder));
	join(w);
	lead_up_to(w, EVERY);
	beat.digests[0] = (struct peer_digest){.index = EVERY, .digest = wrong_digest(w, EVERY)};
	for (;;) {
		say_digest(w, EVERY, wrong_digest(w, EVERY));
		if (journal_is_odd(w->house->journal))
			peer_link_beat(w->c.link, w->address, &beat);
		io_run_once(w->house->io, 20);
	}
}

static void who_differs_from_a_majority_ends_and_its_note_names_them(void **state)
{
	struct world *w = *state;
	char path[300], *names;
	struct buf note;
	int status;
	pid_t child = fork();

	if (child == 0)
		be_found_wrong(w);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_DAMAGE);
	snprintf(path, sizeof(path), "%s/" FOLDER_ODD, w->house->folder);
	buf_init(&note);
	assert_int_equal(io_read_file(w->house->io, path, sizeof(path), &note), 0);
	buf_append_u8(&note, 0);
	assert_non_null(strstr((char *)note.data, "after index 4096 "));
	names = strstr((char *)note.data, "which agree: ");
	assert_non_null(names);
	assert_non_null(strchr(names, ',')); /* both */
	buf_finish(&note);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(who_differs_from_the_primary_does_not_stand),
	        TEST(a_restart_does_not_forget_it),
	        TEST(who_differs_from_a_majority_ends_and_its_note_names_them),
	        TEST(equal_again_it_is_forgotten),
	        TEST(a_note_that_stays_is_told_of),
	        TEST(an_older_comparison_forgives_nothing),
	        TEST(what_differs_no_more_is_not_brought_up_again),
	        TEST(its_checkpoint_is_loaded_again_once),
	        TEST(what_was_appended_here_is_not_answered_again_when_it_is_applied_again),
	        TEST(a_state_that_was_replaced_is_not_compared_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
