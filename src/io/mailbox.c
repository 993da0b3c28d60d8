/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From other threads to the loop, without locks (pile.h).
 *
 * Waking a loop that is awake costs a system call on both sides for nothing, so a post wakes it
 * only if is_asleep is set.  No wake-up is lost: the loop sets the flag and then looks into the
 * piles; a post puts its node there and then looks at the flag.
 *
 * An eventfd of our own wakes it.  uv_async_send() does so before it marks that it is through, and
 * the loop, once awake, waits for that mark: a thread of low priority, which the loop itself had
 * put aside, was waited for through many turns of everybody else.
 */
#include "io/io_private.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"

/* The turn delivers after libuv's part. */
static void on_wake(uv_poll_t *poll, int status, int events)
{
	struct io *io = poll->data;
	uint64_t count;

	(void)status;
	(void)events;
	(void)!read(io->wake_fd, &count,
	            sizeof(count)); /* fails if somebody's write is yet to come */
}

void io_mailbox_finish(struct io *io)
{
	if (io->wake_fd >= 0)
		close(io->wake_fd);
	io->wake_fd = -1;
}

int io_mailbox_init(struct io *io)
{
	int rc;

	io->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (io->wake_fd < 0)
		return err_from_errno(errno);
	rc = uv_poll_init(&io->loop, &io->wake_poll, io->wake_fd);
	if (rc < 0) {
		io_mailbox_finish(io);
		return io_err_from_uv(rc);
	}
	io->wake_poll.data = io;
	uv_poll_start(&io->wake_poll, UV_READABLE, on_wake);
	return 0;
}

void io_mailbox_close(struct io *io)
{
	CHECK(pile_is_empty(&io->tasks) && pile_is_empty(&io->works));
	uv_close((uv_handle_t *)&io->wake_poll, NULL);
}

/* True: it woke the loop. */
static bool put(struct io *io, struct pile *to, struct list *node)
{
	pile_put(to, node);
	if (!atomic_load(&io->is_asleep) || !atomic_exchange(&io->is_asleep, false))
		return false;
	CHECK(eventfd_write(io->wake_fd, 1) == 0);
	return true;
}

void io_post(struct io *io, struct io_task *task)
{
	put(io, &io->tasks, &task->node);
}

bool io_mailbox_put_work(struct io *io, struct io_work *work)
{
	return put(io, &io->works, &work->node);
}

bool io_mailbox_may_sleep(struct io *io)
{
	bool is_empty;

	atomic_store(&io->is_asleep, true);
	is_empty = pile_is_empty(&io->tasks) && pile_is_empty(&io->works);
	if (!is_empty)
		atomic_store(&io->is_asleep, false);
	return is_empty;
}

void io_mailbox_deliver(struct io *io)
{
	struct list tasks, works;

	list_init(&tasks);
	list_init(&works);
	atomic_store(&io->is_asleep, false);
	pile_take(&io->works, &works);
	pile_take(&io->tasks, &tasks);
	while (!list_is_empty(&works)) {
		struct io_work *work = LIST_FIRST(&works, struct io_work, node);

		list_remove(&work->node);
		work->done(work);
	}
	while (!list_is_empty(&tasks)) {
		struct io_task *task = LIST_FIRST(&tasks, struct io_task, node);

		list_remove(&task->node);
		task->run(task);
	}
}
