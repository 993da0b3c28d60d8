/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/prepare.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "journal/journal_private.h"
#include "journal/text.h"

enum {
	PIECE_BYTES = 256 * 1024,
	FIRST_BYTES = 1 << 20,
	GROWTH = 4,
	RETRY_US = 1000 * 1000,
	PAUSE_STEPS = 3,          /* a pause is so many times as long as the step before it, ... */
	PAUSE_US_MAX = 10 * 1000, /* ... and not longer than this */
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- on the thread ---- */

static int look_for_room(struct prepare *prepare)
{
	struct io_space space;
	int rc = io_space(prepare->journal->io, prepare->journal->folder, &space);

	if (rc < 0)
		return rc;
	return space.available < prepare->room_bytes ? -ERR_NO_SPACE : 0;
}

static void make_piece(struct prepare *prepare)
{
	if (prepare->making == NULL) {
		prepare->rc = look_for_room(prepare);
		if (prepare->rc == 0)
			prepare->rc = segment_writer_create(
			        prepare->journal->io, prepare->journal->folder, prepare->count,
			        prepare->file_bytes, prepare->journal->commit.behind.thread != NULL,
			        &prepare->making);
		if (prepare->rc < 0)
			return;
	}
	prepare->rc = segment_writer_zero(prepare->making, &prepare->zeros);
	if (prepare->rc < 0) {
		segment_writer_destroy(prepare->making);
		prepare->making = NULL;
	}
}

static void run_step(struct io_work *work)
{
	struct prepare *prepare = CONTAINER_OF(work, struct prepare, work);
	struct io *io = prepare->journal->io;
	uint64_t began_us = io_now_us(io);

	make_piece(prepare);
	prepare->step_us = io_now_us(io) - began_us;
}

/* ---- on the loop ---- */

/* What is asked for must be there with as much again, so that trying does not fill the device;
 * without what is vital nothing else goes on here. */
static void step(struct prepare *prepare)
{
	prepare->is_busy = true;
	prepare->room_bytes = prepare->is_vital ? prepare->file_bytes : 2 * prepare->file_bytes;
	io_thread_submit(prepare->journal->work_thread, &prepare->work);
}

static bool is_lack(int rc)
{
	return rc == -ERR_NO_SPACE || rc == -ERR_NO_MEMORY || rc == -ERR_NO_DESCRIPTORS;
}

static uint64_t least_bytes(const struct prepare *prepare)
{
	uint64_t usual = smaller(FIRST_BYTES, prepare->journal->options.segment_bytes);

	if (prepare->is_vital || usual < prepare->bytes_least)
		return prepare->bytes_least;
	return usual;
}

static void tell_lack(const struct prepare *prepare)
{
	journal_notice(prepare->journal, prepare->rc,
	               text_make("%s: no room for the next segment: %s. %s until %" PRIu64
	                         " KiB are free; make room on this device",
	                         prepare->journal->folder, err_text(prepare->rc),
	                         prepare->is_vital
	                                 ? "What was written last must be written again before "
	                                   "this master serves, which waits"
	                                 : "When the newest one is full changes are refused,",
	                         (prepare->room_bytes + 1023) / 1024));
}

static void out_of_room(struct prepare *prepare)
{
	uint64_t least = least_bytes(prepare);

	if (prepare->file_bytes > least) {
		prepare->file_bytes = least;
		step(prepare);
		return;
	}
	io_timer_start(&prepare->retry, RETRY_US);
	if (prepare->is_out_of_room)
		return;
	prepare->is_out_of_room = true;
	tell_lack(prepare);
	journal_has_room(prepare->journal); /* who waits is told -ERR_NO_SPACE now */
}

static void pause_is_over(struct io_timer *timer)
{
	step(CONTAINER_OF(timer, struct prepare, pause));
}

static void step_later(struct prepare *prepare)
{
	if (prepare->is_awaited)
		step(prepare);
	else
		io_timer_start(&prepare->pause,
		               smaller(prepare->step_us * PAUSE_STEPS, PAUSE_US_MAX));
}

static void made(struct prepare *prepare)
{
	prepare->is_awaited = false;
	prepare->ready = prepare->making;
	prepare->making = NULL;
	prepare->count++;
	prepare->file_bytes = smaller(prepare->ready->header.file_bytes * GROWTH,
	                              prepare->journal->options.segment_bytes);
	if (prepare->is_out_of_room) {
		prepare->is_out_of_room = false;
		journal_notice(prepare->journal, 0,
		               text_make("%s: there is room again, changes are taken",
		                         prepare->journal->folder));
	}
	journal_has_room(prepare->journal);
}

static void step_done(struct io_work *work)
{
	struct prepare *prepare = CONTAINER_OF(work, struct prepare, work);

	prepare->is_busy = false;
	if (prepare->is_stopped)
		journal_step_close(prepare->journal);
	else if (prepare->rc == 1)
		step_later(prepare);
	else if (prepare->rc == 0)
		made(prepare);
	else if (is_lack(prepare->rc))
		out_of_room(prepare);
	else
		fatal_damage("%s: the next segment of the journal cannot be prepared: %s. Check "
		             "%s, then start again; everything acknowledged is durable",
		             prepare->journal->folder, err_text(prepare->rc),
		             prepare->rc == -ERR_TOO_LARGE ? "the limit of file sizes (ulimit -f)"
		                                           : "the disk");
}

static void retry(struct io_timer *timer)
{
	prepare_start(CONTAINER_OF(timer, struct prepare, retry));
}

int prepare_init(struct prepare *prepare, struct journal *journal)
{
	*prepare = (struct prepare){
	        .journal = journal,
	        .work = {.run = run_step, .done = step_done},
	        .file_bytes = smaller(FIRST_BYTES, journal->options.segment_bytes),
	};
	io_timer_init(journal->io, &prepare->retry, retry);
	io_timer_init(journal->io, &prepare->pause, pause_is_over);
	if (!pages_resize(&prepare->zeros, PIECE_BYTES))
		return -ERR_NO_MEMORY;
	memset(prepare->zeros.data, 0, prepare->zeros.size);
	return 0;
}

void prepare_start(struct prepare *prepare)
{
	if (prepare->is_busy || prepare->ready != NULL || prepare->is_stopped)
		return;
	io_timer_stop(&prepare->retry);
	io_timer_stop(&prepare->pause);
	if (prepare->file_bytes < prepare->bytes_least)
		prepare->file_bytes = prepare->bytes_least;
	step(prepare);
}

void prepare_stop(struct prepare *prepare)
{
	prepare->is_stopped = true;
	io_timer_stop(&prepare->retry);
	io_timer_stop(&prepare->pause);
}

void prepare_finish(struct prepare *prepare)
{
	segment_writer_destroy(prepare->making);
	segment_writer_destroy(prepare->ready);
	pages_finish(&prepare->zeros);
}

int prepare_take(struct prepare *prepare, size_t size, struct segment_writer **ret_writer)
{
	/* Header, the batch, a block of zeros. */
	uint64_t bytes = size + 2 * (uint64_t)SEGMENT_BLOCK_BYTES;

	if (prepare->bytes_least < bytes)
		prepare->bytes_least = bytes;
	if (prepare->ready != NULL && prepare->ready->header.file_bytes < bytes) {
		segment_writer_destroy(prepare->ready);
		prepare->ready = NULL;
	}
	if (prepare->ready == NULL) {
		if (prepare->is_out_of_room)
			return -ERR_NO_SPACE;
		prepare->is_awaited = true;
		prepare_start(prepare);
		return -ERR_AGAIN;
	}
	*ret_writer = prepare->ready;
	prepare->ready = NULL;
	prepare_start(prepare);
	return 0;
}
