/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.h over the simulated world.  Connections are in sim_conn.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/sim_private.h"

/* Simulated time of disk operations. */
enum {
	WRITE_US = 20,
	SYNC_US = 120,
	NAMES_US = 30,
	WORK_US_MAX = 40,
	TASK_US_MAX = 5,
	BOOT_US = 1000000
};

static struct sim_world *world_of(struct io *io)
{
	return io->machine->world;
}

static uint64_t draw_below(struct io *io, uint64_t bound)
{
	return random_below(sim_world_random(world_of(io)), bound);
}

/* ---- loop ---- */

void io_at_turn_end(struct io *io, struct io_hook *hook)
{
	if (hook->is_queued)
		return;
	hook->is_queued = true;
	list_append(&io->hooks, &hook->node);
}

struct task_event {
	struct process_event event;
	struct io_task *task;
};

static void run_task(struct process_event *event)
{
	struct task_event *task = CONTAINER_OF(event, struct task_event, event);

	task->task->run(task->task);
	mem_free(task);
}

void io_post(struct io *io, struct io_task *task)
{
	struct task_event *event = mem_must_zalloc(sizeof(*event));

	event->task = task;
	process_schedule(io, &event->event, run_task, draw_below(io, TASK_US_MAX + 1));
}

/* ---- time and chance ---- */

uint64_t io_now_us(struct io *io)
{
	const struct sim_machine *machine = io->machine;
	uint64_t now_us = sim_world_now_us(machine->world);

	if (now_us < machine->busy_until_us)
		now_us = machine->busy_until_us;
	return BOOT_US + sim_clock_of(machine, now_us - machine->booted_us + io->work_us);
}

uint64_t io_wall_ms(struct io *io)
{
	const uint64_t epoch_ms = 1790000000000u;

	struct sim_world *world = world_of(io);

	return (uint64_t)((int64_t)(epoch_ms + (sim_world_now_us(world) + io->work_us) / 1000) +
	                  io->machine->wall_shift_ms);
}

void io_random(struct io *io, void *bytes, size_t size)
{
	uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)random_u64(sim_world_random(world_of(io)));
}

struct timer_event {
	struct process_event event;
	struct io_timer *timer;
};

static void fire_timer(struct process_event *base)
{
	struct timer_event *event = CONTAINER_OF(base, struct timer_event, event);
	struct io_timer *timer = event->timer;

	mem_free(event);
	timer->heap_place = 0;
	timer->fire(timer);
}

void io_timer_init(struct io *io, struct io_timer *timer, void (*fire)(struct io_timer *timer))
{
	*timer = (struct io_timer){.fire = fire, .io = io};
}

void io_timer_stop(struct io_timer *timer)
{
	struct timer_event *event = (struct timer_event *)(uintptr_t)timer->heap_place;

	timer->heap_place = 0;
	if (event == NULL)
		return;
	process_cancel(&event->event);
	mem_free(event);
}

void io_timer_start(struct io_timer *timer, uint64_t delay_us)
{
	struct timer_event *event = mem_must_zalloc(sizeof(*event));

	io_timer_stop(timer);
	timer->heap_place = (size_t)(uintptr_t)event;
	event->timer = timer;
	process_schedule(timer->io, &event->event, fire_timer,
	                 sim_clock_to_world(timer->io->machine, delay_us));
}

bool io_timer_is_started(const struct io_timer *timer)
{
	return timer->heap_place != 0;
}

/* ---- threads: one event runs the work, a later one tells ---- */

struct io_thread {
	struct io *io;
	const char *name;
	struct list queue;
	struct process_event event;
	struct io_work *running;
	bool is_busy;
	uint64_t hang_us; /* io_thread_watch() */
	void (*on_hang)(void *context);
	void *hang_context;
};

static void thread_next(struct io_thread *thread);

static void thread_tell(struct process_event *event)
{
	struct io_thread *thread = CONTAINER_OF(event, struct io_thread, event);
	struct io_work *work = thread->running;

	thread->running = NULL;
	thread->is_busy = false;
	thread_next(thread);
	work->done(work);
}

static uint64_t thread_delay_us(const struct io_thread *thread)
{
	const struct sim_machine *machine = thread->io->machine;
	bool is_slow =
	        machine->slow_thread != NULL && strcmp(thread->name, machine->slow_thread) == 0;

	return is_slow ? machine->thread_delay_us : 0;
}

static void thread_run(struct process_event *event)
{
	struct io_thread *thread = CONTAINER_OF(event, struct io_thread, event);
	struct io *io = thread->io;
	uint64_t took_us;

	io->work_us = 0;
	thread->running->run(thread->running);
	took_us = io->work_us + thread_delay_us(thread);
	io->work_us = 0;
	sim_die_if_dead(io);
	thread->event.is_of_thread = false;
	process_schedule(io, event, thread_tell, took_us + draw_below(io, WORK_US_MAX));
}

static void thread_next(struct io_thread *thread)
{
	if (thread->is_busy || list_is_empty(&thread->queue))
		return;
	thread->is_busy = true;
	thread->running = LIST_FIRST(&thread->queue, struct io_work, node);
	list_remove(&thread->running->node);
	thread->event.is_of_thread = true;
	process_schedule(thread->io, &thread->event, thread_run,
	                 draw_below(thread->io, WORK_US_MAX + thread->io->machine->disk_delay_us));
}

int io_thread_create(struct io *io, const char *name, struct io_thread **ret_thread)
{
	struct io_thread *thread = mem_alloc(sizeof(*thread));

	if (thread == NULL)
		return -ERR_NO_MEMORY;
	*thread = (struct io_thread){.io = io, .name = name, .event = {.is_of_thread = true}};
	list_init(&thread->queue);
	*ret_thread = thread;
	return 0;
}

void io_thread_submit(struct io_thread *thread, struct io_work *work)
{
	work->thread = thread;
	list_append(&thread->queue, &work->node);
	thread_next(thread);
}

/* Now and then as if the loop had not done it: both orders may come. */
void io_thread_run_here(struct io_thread *thread, struct io_work *work)
{
	struct io *io = thread->io;
	uint64_t before_us = io->work_us, took_us;

	CHECK(!thread->is_busy && list_is_empty(&thread->queue) && thread->on_hang != NULL);
	if (random_chance(sim_world_random(world_of(io)), 1, 8)) {
		io_thread_submit(thread, work);
		return;
	}
	thread->is_busy = true;
	thread->running = work;
	work->thread = thread;
	work->run(work);
	sim_die_if_dead(io);
	took_us = io->work_us - before_us;
	if (took_us > thread->hang_us + draw_below(io, thread->hang_us / 4 + 1))
		thread->on_hang(thread->hang_context);
	io->machine->ran_here++;
	thread->event.is_of_thread = false;
	process_schedule(io, &thread->event, thread_tell, io->work_us);
}

void io_thread_watch(struct io_thread *thread, uint64_t hang_us, void (*on_hang)(void *context),
                     void *context)
{
	thread->hang_us = hang_us;
	thread->on_hang = on_hang;
	thread->hang_context = context;
}

void io_thread_set_spin(struct io_thread *thread, unsigned woken_us, unsigned busy_us)
{
	(void)thread;
	(void)woken_us;
	(void)busy_us;
}

void io_thread_step_back(struct io_thread *thread)
{
	(void)thread;
}

void io_give_way(void)
{
}

void io_thread_destroy(struct io_thread *thread)
{
	CHECK(!thread->is_busy && list_is_empty(&thread->queue));
	mem_free(thread);
}

/* ---- files ---- */

struct io_file {
	struct io *io;
	struct sim_inode *inode;
	bool is_dsync;
	bool is_direct;
	bool has_lock;
};

/* The result of a disk operation that took `us`; the turn ends here if the process died in it. */
static int took(struct io *io, uint64_t us, int rc)
{
	sim_die_if_dead(io);
	if (us >= SYNC_US)
		us += io->machine->disk_delay_us;
	io->work_us += us + draw_below(io, us / 2 + 1);
	return rc;
}

int io_file_open(struct io *io, const char *path, unsigned flags, struct io_file **ret_file)
{
	struct io_file *file = mem_zalloc(sizeof(*file));
	int rc;

	if (file == NULL)
		return -ERR_NO_MEMORY;
	rc = took(io, NAMES_US, sim_disk_open(io->machine->disk, path, flags, &file->inode));
	if (rc < 0) {
		mem_free(file);
		return rc;
	}
	file->io = io;
	file->is_dsync = flags & IO_OPEN_DSYNC;
	file->is_direct = flags & IO_OPEN_DIRECT;
	*ret_file = file;
	return 0;
}

void io_file_close(struct io_file *file)
{
	if (file == NULL)
		return;
	sim_inode_close(file->io->machine->disk, file->inode, file->has_lock);
	mem_free(file);
}

bool io_file_is_direct(const struct io_file *file)
{
	return file->is_direct;
}

int io_file_write(struct io_file *file, const void *data, size_t size, uint64_t offset)
{
	if (file->is_direct)
		CHECK(size % IO_BLOCK_BYTES == 0 && offset % IO_BLOCK_BYTES == 0 &&
		      (uintptr_t)data % IO_BLOCK_BYTES == 0);
	return took(file->io, file->is_dsync ? SYNC_US : WRITE_US,
	            sim_inode_write(file->io->machine->disk, file->inode, data, size, offset,
	                            file->is_dsync));
}

int io_file_read(struct io_file *file, void *data, size_t size, uint64_t offset, size_t *ret_size)
{
	return sim_inode_read(file->io->machine->disk, file->inode, data, size, offset, ret_size);
}

int io_file_sync(struct io_file *file)
{
	return took(file->io, SYNC_US, sim_inode_sync(file->io->machine->disk, file->inode));
}

int io_file_size(struct io_file *file, uint64_t *ret_size)
{
	*ret_size = sim_inode_size(file->inode);
	return 0;
}

int io_file_truncate(struct io_file *file, uint64_t size)
{
	return took(file->io, NAMES_US,
	            sim_inode_truncate(file->io->machine->disk, file->inode, size));
}

void io_file_drop_cache(struct io_file *file)
{
	(void)file; /* what is not durable stays in the cache: dirty pages are never dropped */
}

void io_file_read_nothing_ahead(struct io_file *file)
{
	(void)file;
}

int io_file_lock(struct io_file *file)
{
	int rc = sim_inode_lock(file->inode);

	file->has_lock = rc == 0;
	return rc;
}

int io_stat(struct io *io, const char *path, struct io_stat *ret_stat)
{
	return sim_disk_stat(io->machine->disk, path, ret_stat);
}

int io_mkdir(struct io *io, const char *path)
{
	return took(io, NAMES_US, sim_disk_mkdir(io->machine->disk, path));
}

int io_rename(struct io *io, const char *from, const char *to)
{
	return took(io, NAMES_US, sim_disk_rename(io->machine->disk, from, to));
}

int io_unlink(struct io *io, const char *path)
{
	return took(io, NAMES_US, sim_disk_unlink(io->machine->disk, path));
}

int io_rmdir(struct io *io, const char *path)
{
	return took(io, NAMES_US, sim_disk_rmdir(io->machine->disk, path));
}

int io_sync_folder(struct io *io, const char *path)
{
	return took(io, SYNC_US, sim_disk_sync_folder(io->machine->disk, path));
}

int io_list_folder(struct io *io, const char *path, char ***ret_names, size_t *ret_count)
{
	return sim_disk_list(io->machine->disk, path, ret_names, ret_count);
}

void io_free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(names[i]);
	mem_free(names);
}

int io_space(struct io *io, const char *path, struct io_space *ret_space)
{
	(void)path;
	return sim_disk_space(io->machine->disk, ret_space);
}

/* A new one after each power cut. */
static int read_boot_id(const struct io *io, struct buf *buf)
{
	buf_append_format(buf, "%s-%" PRIu64 "\n", io->machine->name, io->machine->boot);
	return 0;
}

int io_read_file(struct io *io, const char *path, size_t size_max, struct buf *buf)
{
	struct io_file *file;
	uint64_t size;
	size_t got;
	int rc;

	if (strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
		return read_boot_id(io, buf);
	rc = io_file_open(io, path, IO_OPEN_READ, &file);
	if (rc < 0)
		return rc;
	size = sim_inode_size(file->inode);
	if (size > size_max)
		rc = -ERR_TOO_LARGE;
	else if (!buf_reserve(buf, (size_t)size))
		rc = -ERR_NO_MEMORY;
	else
		rc = io_file_read(file, buf->data + buf->size, (size_t)size, 0, &got);
	if (rc == 0)
		buf->size += got;
	io_file_close(file);
	return rc;
}

int io_replace_file(struct io *io, const char *path, const void *data, size_t size)
{
	const char *slash = strrchr(path, '/');
	char temporary[4096], folder[4096];
	struct io_file *file;
	int rc;

	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	rc = io_file_open(io, temporary, IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_TRUNCATE, &file);
	if (rc < 0)
		return rc;
	rc = io_file_write(file, data, size, 0);
	if (rc == 0)
		rc = io_file_sync(file);
	io_file_close(file);
	if (rc == 0)
		rc = io_rename(io, temporary, path);
	if (rc == 0)
		rc = io_sync_folder(io, folder);
	if (rc < 0)
		io_unlink(io, temporary);
	return rc;
}

/* ---- the process ---- */

const char *io_host_name(struct io *io)
{
	return io->machine->name;
}

const char *io_user_name(struct io *io)
{
	(void)io;
	return "root";
}

int io_process_id(struct io *io)
{
	return (int)io->machine->generation;
}

uint64_t io_process_memory(struct io *io)
{
	(void)io;
	return 0;
}
