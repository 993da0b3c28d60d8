/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_private.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

static void close_loop(struct io *io)
{
	uv_run(&io->loop, UV_RUN_DEFAULT);
	CHECK(uv_loop_close(&io->loop) == 0);
}

static int open_loop(struct io *io)
{
	int rc = io_err_from_uv(uv_loop_init(&io->loop));

	if (rc < 0)
		return rc;
	rc = io_mailbox_init(io);
	if (rc == 0) {
		rc = io_timers_init(io);
		if (rc == 0)
			return 0;
		io_mailbox_close(io);
	}
	close_loop(io);
	io_mailbox_finish(io);
	return rc;
}

int io_create(struct io **ret_io)
{
	struct io *io = mem_zalloc(sizeof(*io));
	int rc;

	if (io == NULL)
		return -ERR_NO_MEMORY;
	list_init(&io->hooks);
	list_init(&io->ran_here);
	list_init(&io->lingering);
	list_init(&io->signals);
	io->read_buffer = mem_alloc(IO_READ_BYTES);
	rc = io->read_buffer == NULL ? -ERR_NO_MEMORY : open_loop(io);
	if (rc < 0) {
		mem_free(io->read_buffer);
		mem_free(io);
		return rc;
	}
	io_timer_init(io, &io->wait, NULL);
	io_shortage_init(io);
	/* A write to a peer that is gone is an error code, not a signal. */
	signal(SIGPIPE, SIG_IGN);
	/* Waits end when they are due, not when it suits the kernel to end several together. */
	prctl(PR_SET_TIMERSLACK, 1);
	*ret_io = io;
	return 0;
}

static void run_hooks(struct io *io)
{
	while (!list_is_empty(&io->hooks)) {
		struct io_hook *hook = LIST_FIRST(&io->hooks, struct io_hook, node);

		list_remove(&hook->node);
		hook->is_queued = false;
		hook->run(hook);
	}
}

/* What waits for work that the loop has run itself goes on at once. */
static void end_work_here(struct io *io)
{
	while (!list_is_empty(&io->ran_here)) {
		struct io_work *work = LIST_FIRST(&io->ran_here, struct io_work, node);

		list_remove(&work->node);
		work->done(work);
		run_hooks(io);
	}
}

static void turn(struct io *io, bool may_wait)
{
	io_timers_arm(io);
	/* Asked for between turns. */
	if (!list_is_empty(&io->hooks) || !list_is_empty(&io->ran_here))
		may_wait = false;
	may_wait = may_wait && io_mailbox_may_sleep(io);
	uv_run(&io->loop, may_wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
	run_hooks(io);
	io_mailbox_deliver(io);
	run_hooks(io);
	end_work_here(io);
}

void io_destroy(struct io *io)
{
	if (io == NULL)
		return;
	while (io->lookups_pending > 0)
		turn(io, true);
	while (atomic_load(&io->lookup_threads) > 0)
		sched_yield();
	io_conn_end_lingering(io);
	CHECK(list_is_empty(&io->hooks) && list_is_empty(&io->ran_here));
	io_timer_stop(&io->shortage_over);
	io_timers_close(io);
	io_signals_close(io);
	io_mailbox_close(io);
	close_loop(io);
	io_timers_finish(io);
	io_mailbox_finish(io);
	mem_free(io->read_buffer);
	mem_free(io->host_name);
	mem_free(io->user_name);
	mem_free(io);
}

void io_run(struct io *io)
{
	while (!io->is_stopped)
		turn(io, true);
	io->is_stopped = false;
}

static void wait_is_over(struct io_timer *timer)
{
	(void)timer; /* being woken is all it is for */
}

void io_run_once(struct io *io, int wait_ms)
{
	if (wait_ms > 0) {
		io_timer_init(io, &io->wait, wait_is_over);
		io_timer_start(&io->wait, (uint64_t)wait_ms * 1000);
	}
	turn(io, wait_ms != 0);
	io_timer_stop(&io->wait);
}

void io_stop(struct io *io)
{
	io->is_stopped = true;
}

void io_at_turn_end(struct io *io, struct io_hook *hook)
{
	if (hook->is_queued)
		return;
	hook->is_queued = true;
	list_append(&io->hooks, &hook->node);
}
