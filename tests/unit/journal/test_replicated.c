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
#include "journal/piece_pack.h"
#include "unit/journal/fake_peers.h"

enum { REQUESTS = 3 };

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

static struct journal_quorum quorum_of(const struct world *w)
{
	struct journal_quorum quorum;

	journal_quorum(w->house->journal, &quorum);
	return quorum;
}

/* It hears of what is committed, and does not get it. */
static void lag_counts_until_what_the_primary_has_is_applied(void **state)
{
	enum { BEHIND_MS = 200 };
	struct world *w = *state;

	join(w);
	SAY_UNTIL(w, send_append(&w->b, 1, w->last, w->last), quorum_of(w).lag_ms < BEHIND_MS);
	SAY_UNTIL(w, send_append(&w->b, 1, w->last, w->last + 1), quorum_of(w).lag_ms >= BEHIND_MS);
	assert_in_range(quorum_of(w).primary_heard_ms_ago, 0, BEHIND_MS / 2);
	add_entry(w, 1, 10, STR("payload"));
	lead(&w->b, 1, w->last - 1);
	SAY_UNTIL(w, send_append(&w->b, 1, w->last, w->last), quorum_of(w).lag_ms < BEHIND_MS / 2);
	be_elected(w);
	assert_int_equal(quorum_of(w).lag_ms, 0);
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

/* Else it would take a heartbeat more to find out. */
static void entries_behind_one_that_differs_are_refused_at_once(void **state)
{
	struct world *w = *state;

	join(w);
	add_entry(w, 1, 10, STR("one"));
	SAY_UNTIL(w, send_append(&w->b, 1, 3, 3), w->b.match == 4);
	w->last = 3;
	w->bytes.size = w->ends[3];
	add_entry(w, 2, 10, STR("another"));
	add_entry(w, 2, 10, STR("and more"));
	SAY_UNTIL(w, send_append(&w->c, 2, 4, 3), w->c.append_refusal == RAFT_LOG_DIFFERS);
	lead(&w->c, 2, 3);
}

/* They say the same of index and epoch, so they can not both be right. */
static void entries_of_another_chain_are_not_taken_and_the_operator_hears_of_it(void **state)
{
	struct world *w = *state;

	join(w);
	w->entries[w->last].chain++;
	add_entry(w, 1, 10, STR("payload"));
	SAY_UNTIL(w, send_append(&w->b, 1, 3, 4), was_noticed(w, "one log is damaged"));
	assert_int_equal(w->house->toy.count, 3);
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

static void on_all_closed(void *context)
{
	struct house *house = context;

	house->is_closed = true;
}

/* ... and only then: until it is closed they may still be committed. */
static void who_still_waits_at_the_end_is_told_before_the_journal_is_closed(void **state)
{
	struct world *w = *state;
	struct journal_change change = {
	        .kind = JOURNAL_TRANSFER, .address = "", .done = on_changed};
	struct house_append request;

	join(w);
	be_elected(w);
	w->b.votes = w->b.acknowledges = false;
	assert_int_equal(house_append(w->house, &request, STR("perhaps")), 0);
	journal_change(w->house->journal, &change);
	journal_close(w->house->journal, on_all_closed, w->house);
	assert_int_equal(request.done_calls, 0);
	RUN_UNTIL(w->house->io, w->house->is_closed);
	assert_int_equal(request.done_calls, 1);
	assert_int_equal(request.outcome, JOURNAL_UNKNOWN);
	assert_int_equal(change.priority, 1);
	house_on_closed(w->house);
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

/* c will lack entries, which are damaged in the file of that path. */
static void have_a_checkpoint(struct world *w, char *path, size_t path_bytes)
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
}

static void have_to_send_a_checkpoint(struct world *w)
{
	w->c.lags = true;
	RUN_UNTIL(w->house->io, w->c.got_chunk);
}

static void a_checkpoint_that_rots_is_written_anew_for_who_needs_it(void **state)
{
	struct world *w = *state;
	char path[512];

	have_a_checkpoint(w, path, sizeof(path));
	house_flip(house_newest(w->house, "checkpoint-"), 16);
	house_fill(w->house, 1, 100);
	have_to_send_a_checkpoint(w);
}

static void who_lacks_entries_that_are_damaged_gets_a_checkpoint(void **state)
{
	struct world *w = *state;
	char path[512];

	have_a_checkpoint(w, path, sizeof(path));
	have_to_send_a_checkpoint(w);
	/* Most of its first 4 KiB is zeros. */
	assert_true(w->c.chunk_size > 4096 && w->c.chunk_payload_size + 3000 < w->c.chunk_size);
	buf_append_u8(&w->house->notices, 0);
	assert_non_null(strstr((char *)w->house->notices.data, path));
}

static bool has_all(struct world *w, struct raft_id id)
{
	struct journal_quorum quorum;

	journal_quorum(w->house->journal, &quorum);
	for (size_t i = 0; i < quorum.count; i++)
		if (memcmp(quorum.members[i].id, id.bytes, sizeof(id.bytes)) == 0)
			return quorum.members[i].match == quorum.last;
	return false;
}

/* What is not applied is in memory: that it rots on this disk meanwhile keeps it from nobody. */
static void uncommitted_entries_that_rot_are_still_sent(void **state)
{
	struct world *w = *state;
	struct house_append requests[3];
	struct journal_quorum quorum;

	join(w);
	w->replication.tail_bytes_max = 1;
	RUN_UNTIL(w->house->io, w->b.match >= w->last);
	house_close(w->house);
	open_journal_of(w);
	be_elected(w);
	w->c.acknowledges = true;
	house_fill(w->house, 3, 100);
	RUN_UNTIL(w->house->io, has_all(w, w->c.id));
	w->b.acknowledges = w->c.acknowledges = false;
	for (size_t i = 0; i < COUNT_OF(requests); i++)
		assert_int_equal(house_append(w->house, &requests[i], STR("unsure")), 0);
	do {
		io_run_once(w->house->io, 10);
		journal_quorum(w->house->journal, &quorum);
	} while (quorum.synced < requests[2].append.index);
	for (long block = 1; block < 40; block++)
		house_flip(house_newest(w->house, "segment-"), block * 4096 + 80);
	w->c.acknowledges = true;
	RUN_UNTIL(w->house->io, requests[2].done_calls == 1);
	for (size_t i = 0; i < COUNT_OF(requests); i++)
		assert_int_equal(requests[i].outcome, JOURNAL_COMMITTED);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(what_a_later_epoch_cut_off_is_surely_not_written),
	        TEST(lag_counts_until_what_the_primary_has_is_applied),
	        TEST(who_was_removed_may_close_when_it_is_told_so),
	        TEST(entries_behind_one_that_differs_are_refused_at_once),
	        TEST(entries_of_another_chain_are_not_taken_and_the_operator_hears_of_it),
	        TEST(appends_are_taken_again_when_a_hand_over_fails),
	        TEST(who_still_waits_at_the_end_is_told_before_the_journal_is_closed),
	        TEST(a_newcomer_with_a_lone_masters_checkpoint_waits_for_the_list_of_members),
	        TEST(a_piece_of_a_checkpoint_that_cannot_be_stored_is_refused),
	        TEST(a_checkpoint_may_come_packed),
	        TEST(a_learner_whose_admission_was_never_committed_asks_again),
	        TEST(a_checkpoint_that_rots_is_written_anew_for_who_needs_it),
	        TEST(who_lacks_entries_that_are_damaged_gets_a_checkpoint),
	        TEST(uncommitted_entries_that_rot_are_still_sent),
	        TEST(the_loop_goes_on_while_a_checkpoint_is_loaded),
	        TEST(a_read_does_not_wait_for_a_checkpoint_to_be_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
