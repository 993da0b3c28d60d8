/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From other threads to the loop.
 *
 * Waking a loop that is awake costs a system call on both sides for nothing, so a post wakes it
 * only if is_asleep is set.  No wake-up is lost: the loop sets the flag and then looks into the
 * lists under mail_lock; a post puts its node in under mail_lock and then looks at the flag.
 * Whichever has the lock second sees the other's doing.
 */
#include "io/io_private.h"

#include "base/check.h"

static void on_wake(uv_async_t *wake)
{
	(void)wake; /* the turn delivers after libuv's part */
}

int io_mailbox_init(struct io *io)
{
	list_init(&io->tasks);
	list_init(&io->works);
	CHECK(pthread_mutex_init(&io->mail_lock, NULL) == 0);
	return io_err_from_uv(uv_async_init(&io->loop, &io->wake, on_wake));
}

void io_mailbox_close(struct io *io)
{
	CHECK(list_is_empty(&io->tasks) && list_is_empty(&io->works));
	uv_close((uv_handle_t *)&io->wake, NULL);
}

void io_mailbox_finish(struct io *io)
{
	pthread_mutex_destroy(&io->mail_lock);
}

static void put(struct io *io, struct list *to, struct list *node)
{
	pthread_mutex_lock(&io->mail_lock);
	list_append(to, node);
	pthread_mutex_unlock(&io->mail_lock);
	if (atomic_load(&io->is_asleep) && atomic_exchange(&io->is_asleep, false))
		uv_async_send(&io->wake);
}

void io_post(struct io *io, struct io_task *task)
{
	put(io, &io->tasks, &task->node);
}

void io_mailbox_put_work(struct io *io, struct io_work *work)
{
	put(io, &io->works, &work->node);
}

bool io_mailbox_may_sleep(struct io *io)
{
	bool is_empty;

	atomic_store(&io->is_asleep, true);
	pthread_mutex_lock(&io->mail_lock);
	is_empty = list_is_empty(&io->tasks) && list_is_empty(&io->works);
	pthread_mutex_unlock(&io->mail_lock);
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
	pthread_mutex_lock(&io->mail_lock);
	list_splice(&works, &io->works);
	list_splice(&tasks, &io->tasks);
	pthread_mutex_unlock(&io->mail_lock);
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
