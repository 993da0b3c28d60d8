/* SPDX-License-Identifier: Apache-2.0 */
/* A checkpoint goes from one master's folder to another's, in pieces, whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/checkpoint_copy.h"
#include "journal/checkpoint_write.h"
#include "unit/journal/made_journal.h"

#define NAME_30 "checkpoint-00000000000000000030"
#define NAME_40 "checkpoint-00000000000000000040"

static const struct entry last_30 = {.index = 30, .epoch = 3, .chain = 33};
static const struct entry last_40 = {.index = 40, .epoch = 4, .chain = 44};

struct world {
	struct made_folder from, to;
	struct checkpoint_source *source;
	struct checkpoint_sink *sink;
	struct buf bytes; /* of checkpoint 40 */
	struct checkpoint_header header;
	struct checkpoint_footer footer;
	char *text;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	made_folder_setup(&w->from);
	made_folder_setup(&w->to);
	made_checkpoint(&w->from, &last_30, 10);
	made_checkpoint(&w->from, &last_40, 35);
	assert_int_equal(checkpoint_source_create(w->from.io, w->from.path, &w->source), 0);
	assert_int_equal(checkpoint_sink_create(w->to.io, w->to.path, &w->sink), 0);
	assert_int_equal(io_read_file(w->from.io, made_path(&w->from, NAME_40), 1 << 20, &w->bytes),
	                 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	checkpoint_source_destroy(w->source);
	checkpoint_sink_destroy(w->sink);
	made_folder_teardown(&w->from);
	made_folder_teardown(&w->to);
	buf_finish(&w->bytes);
	mem_free(w->text);
	free(w);
	return 0;
}

static int give(struct world *w, uint64_t index, uint64_t offset, size_t bytes_max,
                struct buf *piece, struct checkpoint_chunk *chunk)
{
	buf_clear(piece);
	return checkpoint_source_read(w->source, made_marker.cluster_id, index, offset, bytes_max,
	                              piece, chunk, &w->text);
}

static int finish(struct world *w, bool gives_up)
{
	atomic_bool is_given_up = gives_up;

	mem_free(w->text);
	w->text = NULL;
	return checkpoint_sink_finish(w->sink, made_marker.cluster_id, &is_given_up, &w->header,
	                              &w->footer, &w->text);
}

static bool is_there(const struct made_folder *folder, const char *name)
{
	struct io_stat stat;

	return io_stat(folder->io, made_path(folder, name), &stat) == 0;
}

/* Names in the folder that the next start would remove, and all others. */
static void assert_names(const struct made_folder *folder, size_t temporaries, size_t checkpoints)
{
	struct folder_names names;

	assert_int_equal(folder_list(folder->io, folder->path, &names), 0);
	assert_int_equal(names.temporary_count, temporaries);
	assert_int_equal(names.checkpoint_count, checkpoints);
	assert_int_equal(names.all_count, temporaries + checkpoints);
	folder_names_finish(&names);
}

static void assert_same_file(struct world *w)
{
	struct buf copy = {0};

	assert_int_equal(io_read_file(w->to.io, made_path(&w->to, NAME_40), 1 << 20, &copy), 0);
	assert_true(str_equal(buf_str(&copy), buf_str(&w->bytes)));
	buf_finish(&copy);
}

static void pieces_of_any_size_make_the_same_file(void **state)
{
	static const size_t sizes[] = {1 << 20, 4096, 1000, 333};
	struct checkpoint_chunk chunk = {0};
	struct world *w = *state;
	struct buf piece = {0};

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		uint64_t offset = 0;

		for (chunk.is_last = false; !chunk.is_last; offset += piece.size) {
			assert_int_equal(give(w, offset == 0 ? 0 : chunk.index, offset, sizes[i],
			                      &piece, &chunk),
			                 0);
			assert_int_equal(chunk.index, 40);
			assert_int_equal(chunk.epoch, 4);
			assert_int_equal(
			        checkpoint_sink_store(w->sink, 40, offset, buf_str(&piece)), 0);
			assert_names(&w->to, 1, i > 0);
		}
		assert_int_equal(finish(w, false), 0);
		assert_same_file(w);
		assert_names(&w->to, 0, 1);
		assert_int_equal(w->header.chain, 44);
		assert_int_equal(w->header.members_index, 35);
		assert_int_equal(w->footer.records, 1);
	}
	buf_finish(&piece);
}

static void a_newest_one_with_a_bad_header_is_passed_over(void **state)
{
	struct checkpoint_chunk chunk;
	struct world *w = *state;
	struct buf piece = {0};

	made_write(&w->from, NAME_40, "garbage", 7);
	assert_int_equal(give(w, 0, 0, 100, &piece, &chunk), 0);
	assert_int_equal(chunk.index, 30);
	assert_int_equal(piece.size, 100);
	assert_int_equal(give(w, 40, 0, 100, &piece, &chunk), -ERR_DAMAGED);
	assert_non_null(strstr(w->text, NAME_40));
	buf_finish(&piece);
}

static void one_that_is_being_sent_may_be_removed(void **state)
{
	struct checkpoint_chunk chunk;
	struct world *w = *state;
	struct buf piece = {0};

	assert_int_equal(give(w, 0, 0, 100, &piece, &chunk), 0);
	made_remove(&w->from, NAME_40);
	assert_int_equal(give(w, 40, 100, 1 << 20, &piece, &chunk), 0);
	assert_true(chunk.is_last);
	assert_int_equal(piece.size, w->bytes.size - 100);
	assert_memory_equal(piece.data, w->bytes.data + 100, piece.size);
	assert_int_equal(give(w, 40, 100, 1 << 20, &piece, &chunk), -ERR_NO_FILE);
	assert_int_equal(give(w, 0, 0, 100, &piece, &chunk), 0);
	assert_int_equal(chunk.index, 30);
	made_remove(&w->from, NAME_30);
	assert_int_equal(give(w, 0, 0, 100, &piece, &chunk), -ERR_NO_FILE);
	assert_null(w->text);
	buf_finish(&piece);
}

/* Removing makes a large file shorter first. */
static void one_that_is_being_sent_stays_whole_when_it_is_removed(void **state)
{
	enum { HEAD = 100, TAIL = 1000 };
	const struct segment_id none = {0};
	struct checkpoint_chunk chunk;
	struct world *w = *state;
	struct buf piece = {0};
	uint64_t removed, size = 9 << 20;

	assert_int_equal(truncate(made_path(&w->from, NAME_40), (off_t)size), 0);
	assert_int_equal(give(w, 0, 0, HEAD, &piece, &chunk), 0);
	assert_int_equal(chunk.index, 40);
	assert_int_equal(checkpoint_clean(w->from.io, w->from.path, 60, 50, none, &removed), 0);
	assert_int_equal(access(made_path(&w->from, NAME_30), F_OK), -1);
	assert_int_equal(access(made_path(&w->from, NAME_40), F_OK), -1);
	buf_clear(&piece);
	assert_int_equal(give(w, 40, size - TAIL, 2 * TAIL, &piece, &chunk), 0);
	assert_int_equal(piece.size, TAIL);
	assert_true(chunk.is_last);
	buf_finish(&piece);
}

static void nothing_is_behind_the_end(void **state)
{
	struct checkpoint_chunk chunk;
	struct world *w = *state;
	struct buf piece = {0};

	assert_int_equal(give(w, 40, w->bytes.size, 100, &piece, &chunk), -ERR_NO_FILE);
	assert_int_equal(give(w, 40, UINT64_MAX, 100, &piece, &chunk), -ERR_NO_FILE);
	buf_finish(&piece);
}

static struct str part(const struct world *w, size_t from, size_t to)
{
	return str_make(w->bytes.data + from, to - from);
}

static void a_piece_that_does_not_follow_is_refused_and_all_begins_anew(void **state)
{
	struct world *w = *state;

	assert_int_equal(checkpoint_sink_store(w->sink, 40, 100, part(w, 100, 200)), -ERR_INVALID);
	assert_int_equal(checkpoint_sink_store(w->sink, 40, 0, part(w, 0, 100)), 0);
	assert_int_equal(checkpoint_sink_store(w->sink, 40, 200, part(w, 200, 300)), -ERR_INVALID);
	assert_names(&w->to, 0, 0);
	assert_int_equal(checkpoint_sink_store(w->sink, 40, 0, part(w, 0, 100)), 0);
	assert_int_equal(checkpoint_sink_store(w->sink, 30, 100, part(w, 100, 200)), -ERR_INVALID);
	assert_int_equal(finish(w, false), -ERR_INVALID);
	/* One that begins drops the one before. */
	assert_int_equal(checkpoint_sink_store(w->sink, 30, 0, part(w, 0, 100)), 0);
	assert_int_equal(checkpoint_sink_store(w->sink, 40, 0, part(w, 0, 100)), 0);
	assert_names(&w->to, 1, 0);
	assert_int_equal(checkpoint_sink_store(w->sink, 40, 100, part(w, 100, w->bytes.size)), 0);
	assert_int_equal(finish(w, false), 0);
	assert_same_file(w);
}

static void what_came_changed_or_cut_is_not_taken(void **state)
{
	struct world *w = *state;

	for (size_t at = 0; at < w->bytes.size; at += at < 4096 ? 61 : 1) {
		w->bytes.data[at] ^= 4;
		assert_int_equal(checkpoint_sink_store(w->sink, 40, 0, part(w, 0, w->bytes.size)),
		                 0);
		w->bytes.data[at] ^= 4;
		assert_int_equal(finish(w, false), -ERR_DAMAGED);
		assert_non_null(w->text);
		assert_names(&w->to, 0, 0);
	}
	for (size_t size = 1; size < w->bytes.size; size += 37) {
		assert_int_equal(checkpoint_sink_store(w->sink, 40, 0, part(w, 0, size)), 0);
		assert_int_equal(finish(w, false), -ERR_DAMAGED);
		assert_names(&w->to, 0, 0);
	}
}

static void another_index_or_cluster_is_not_taken(void **state)
{
	atomic_bool is_given_up = false;
	struct world *w = *state;

	assert_int_equal(checkpoint_sink_store(w->sink, 41, 0, part(w, 0, w->bytes.size)), 0);
	assert_int_equal(finish(w, false), -ERR_DAMAGED);
	assert_int_equal(checkpoint_sink_store(w->sink, 40, 0, part(w, 0, w->bytes.size)), 0);
	mem_free(w->text);
	w->text = NULL;
	assert_int_equal(
	        checkpoint_sink_finish(w->sink, "CID-other", &is_given_up, NULL, NULL, &w->text),
	        -ERR_FOREIGN);
	assert_names(&w->to, 0, 0);
}

static void giving_up_keeps_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(checkpoint_sink_store(w->sink, 40, 0, part(w, 0, w->bytes.size)), 0);
	assert_int_equal(finish(w, true), -ERR_CLOSED);
	assert_false(is_there(&w->to, NAME_40));
	assert_int_equal(checkpoint_sink_store(w->sink, 40, 0, part(w, 0, 10)), 0);
	checkpoint_sink_destroy(w->sink);
	w->sink = NULL;
	assert_names(&w->to, 0, 0);
}

static void lack_of_memory_is_said_everywhere(void **state)
{
	struct checkpoint_chunk chunk;
	struct world *w = *state;
	struct buf piece = {0};
	int rc = -1;

	for (int n = 0; rc < 0; n++) {
		mem_free(w->text);
		w->text = NULL;
		buf_finish(&piece);
		mem_fail_after(n);
		rc = give(w, 0, 0, 1 << 20, &piece, &chunk);
		mem_fail_after(-1);
		assert_true(rc == 0 || rc == -ERR_NO_MEMORY);
	}
	rc = -1;
	for (int n = 0; rc < 0; n++) {
		mem_free(w->text);
		w->text = NULL;
		mem_fail_after(n);
		rc = checkpoint_sink_store(w->sink, 40, 0, buf_str(&piece));
		mem_fail_after(-1);
		assert_true(rc == 0 || rc == -ERR_NO_MEMORY);
	}
	assert_int_equal(finish(w, false), 0);
	buf_finish(&piece);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_WORLD(pieces_of_any_size_make_the_same_file),
	        IN_WORLD(a_newest_one_with_a_bad_header_is_passed_over),
	        IN_WORLD(one_that_is_being_sent_may_be_removed),
	        IN_WORLD(one_that_is_being_sent_stays_whole_when_it_is_removed),
	        IN_WORLD(nothing_is_behind_the_end),
	        IN_WORLD(a_piece_that_does_not_follow_is_refused_and_all_begins_anew),
	        IN_WORLD(what_came_changed_or_cut_is_not_taken),
	        IN_WORLD(another_index_or_cluster_is_not_taken),
	        IN_WORLD(giving_up_keeps_nothing),
	        IN_WORLD(lack_of_memory_is_said_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
