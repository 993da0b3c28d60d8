/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine: event loop, timers, threads, TCP, files, clock, random numbers.
 *
 * This is a link-time seam.  src/io/ implements it over libuv and Linux; the simulator
 * (tests/sim/) implements the same functions over a simulated world, so everything above runs in
 * both unchanged.  No other folder makes a system call.
 *
 * Threads.  One thread runs the loop; every callback runs on it, never inside the call that
 * started the work.  Functions marked [any thread] may be called from elsewhere; file functions
 * block and are meant for io_thread work, or for start-up before the loop serves anybody.
 *
 * Lifetime.  Handles that open outside resources (listener, connection, file, thread) are created
 * here and closed by their owner exactly once.  Requests (timer, work, task, hook) are embedded in
 * the caller's struct and belong to the caller again when their callback runs.
 *
 * Errors are negative codes of base/err.h.
 */
#ifndef HOLDFAST_IO_IO_H
#define HOLDFAST_IO_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/str.h"

struct io;

/* ---- loop ---- */

int io_create(struct io **ret_io);
/* Everything opened through it must be closed before. */
void io_destroy(struct io *io);
/* Runs until io_stop(); a loop that was stopped may run again. */
void io_run(struct io *io);
/* One turn; waits for an event at most wait_ms (< 0: without end).  For clients that block. */
void io_run_once(struct io *io, int wait_ms);
void io_stop(struct io *io);

/* Runs once at the end of what it was asked for in, of which a turn has two: all input and timers;
 * then all work that has ended and all tasks.  So what has come in is dealt with before what other
 * threads have done.  If a hook asks for it, it runs after that hook (work that goes on in slices
 * is an io_task).  Asking again before it ran does nothing. */
struct io_hook {
	void (*run)(struct io_hook *hook);
	struct list node; /* private */
	bool is_queued;   /* private */
};
void io_at_turn_end(struct io *io, struct io_hook *hook);
/* It will not run: before its memory goes.  Idempotent. */
static inline void io_hook_cancel(struct io_hook *hook)
{
	if (!hook->is_queued)
		return;
	hook->is_queued = false;
	list_remove(&hook->node);
}

/* Runs on the loop in a later turn.  [any thread] */
struct io_task {
	void (*run)(struct io_task *task);
	struct list node; /* private */
};
void io_post(struct io *io, struct io_task *task);

/* ---- time and chance ---- */

/* Elapsed time, counted through suspend (CLOCK_BOOTTIME); read afresh each time.  [any thread] */
uint64_t io_now_us(struct io *io);
/* Wall clock, milliseconds since 1970; only for what people see.  [any thread] */
uint64_t io_wall_ms(struct io *io);
/* Random bytes fit for ids and seeds. */
void io_random(struct io *io, void *bytes, size_t size);

/* Fires once, delay_us after the start or later (resolution of some 50 us).  Start again to move.
 */
struct io_timer {
	void (*fire)(struct io_timer *timer);
	uint64_t due_us;   /* private */
	size_t heap_place; /* private; 0: not started */
	struct io *io;     /* private */
};
void io_timer_init(struct io *io, struct io_timer *timer, void (*fire)(struct io_timer *timer));
void io_timer_start(struct io_timer *timer, uint64_t delay_us);
void io_timer_stop(struct io_timer *timer); /* idempotent */
bool io_timer_is_started(const struct io_timer *timer);

/* ---- threads for work that blocks ---- */

struct io_thread;
struct io_work {
	void (*run)(struct io_work *work);  /* on the thread */
	void (*done)(struct io_work *work); /* on the loop, after run; exactly once */
	struct list node;                   /* private */
	struct io_thread *thread;           /* private */
};

/* A thread with a queue of its own; work runs in order. */
int io_thread_create(struct io *io, const char *name, struct io_thread **ret_thread);
void io_thread_submit(struct io_thread *thread, struct io_work *work);
/* The same, but work that is surely short may run right here, before this returns: handing it over
 * and back takes as long as a short sync.  done() runs later all the same.  The thread must have
 * nothing to do, and io_thread_watch() must have been called.  Nothing else on the loop goes on
 * meanwhile. */
void io_thread_run_here(struct io_thread *thread, struct io_work *work);
/* on_hang(context) runs on the thread when work that runs on the loop takes longer than hang_us
 * (give or take a quarter). */
void io_thread_watch(struct io_thread *thread, uint64_t hang_us, void (*on_hang)(void *context),
                     void *context);
/* How long the thread may spin for the next work after one whose end woke the loop, which looks at
 * once for what comes next, and after one whose end found it busy; 0 at first.  Spinning helps
 * only under load, and takes a processor from others: it doubles a lone client's latency on two
 * cores. */
void io_thread_set_spin(struct io_thread *thread, unsigned woken_us, unsigned busy_us);
/* For good, from its next work on: the thread leaves the processors to whoever wants them. */
void io_thread_step_back(struct io_thread *thread);
/* [any thread] Sleeps for a moment.  For long work of a thread that has stepped back, every
 * millisecond or so: a processor that runs dry takes over who waits at another one. */
void io_give_way(void);
/* Waits for the work in the queue; its done() callbacks still run later on the loop. */
void io_thread_destroy(struct io_thread *thread);

/* ---- TCP ---- */

struct io_listener;
struct io_conn;

struct io_conn_ops {
	/* Bytes came in; they are valid during the call.  May close the connection. */
	void (*on_data)(void *context, const uint8_t *data, size_t size);
	/* Everything queued was handed to the kernel (only after a write that had to queue). */
	void (*on_drained)(void *context);
	/* The peer closed, or an error (rc < 0).  Last callback; the owner closes. */
	void (*on_end)(void *context, int rc);
};

struct io_listen_options {
	const char *host; /* name or address, "[::1]" too; NULL: all addresses */
	uint16_t port;    /* 0: any, see io_listener_port() */
	int backlog;
	/* A new connection, which now belongs to the callee (io_conn_start or io_conn_close). */
	void (*on_accept)(void *context, struct io_conn *conn);
	void *context;
};

/* Out of descriptors: accepting pauses and goes on by itself; nobody spins, nobody else stops. */
int io_listen(struct io *io, const struct io_listen_options *options,
              struct io_listener **ret_listener);
uint16_t io_listener_port(const struct io_listener *listener);
void io_listener_close(struct io_listener *listener);

/* Connections wait unaccepted, for want of descriptors (or of memory for sockets). */
bool io_is_short(const struct io *io);
/* Tells when that begins, and when it has not been so for some seconds: twice an episode, however
 * often accepting pauses within it. */
void io_on_shortage(struct io *io, void (*changed)(void *context, bool is_short), void *context);
/* How many descriptors this process may have. */
uint64_t io_descriptors_max(const struct io *io);

/* Names are looked up afresh, beside the loop.  on_connect runs once, with rc 0 or an error; the
 * connection is the caller's from the start and may be closed at any time (then nothing runs). */
int io_connect(struct io *io, const char *host, uint16_t port, unsigned timeout_ms,
               void (*on_connect)(void *context, int rc), void *context, struct io_conn **ret_conn);

/* Begins to read.  No buffer is held while nothing is buffered. */
void io_conn_start(struct io_conn *conn, const struct io_conn_ops *ops, void *context);
/* Stops and resumes reading: backpressure towards the peer. */
void io_conn_pause(struct io_conn *conn);
void io_conn_resume(struct io_conn *conn);
/* Sends the pieces in order with one writev; what the kernel does not take now is copied and
 * queued.  An error is reported by on_end. */
void io_conn_write(struct io_conn *conn, const struct str *pieces, size_t count);
/* False if the peer closed or reset the connection, even behind bytes that were not read yet: for
 * connections that are paused, which nothing else would tell. */
bool io_conn_is_open(const struct io_conn *conn);
/* Bytes queued in this process. */
size_t io_conn_queued(const struct io_conn *conn);
/* "address:port" of the other side; [address]:port for IPv6. */
const char *io_conn_peer(const struct io_conn *conn);
/* The other side's address alone. */
const char *io_conn_peer_address(const struct io_conn *conn);
/* What is queued is dropped; no callback runs after this. */
void io_conn_close(struct io_conn *conn);
/* Closes when what is queued was sent, or after linger_ms.  No callback runs after this. */
void io_conn_close_after_write(struct io_conn *conn, unsigned linger_ms);

/* ---- files: these block  [any thread] ---- */

struct io_file;

enum io_open_flags {
	IO_OPEN_READ = 1 << 0,
	IO_OPEN_WRITE = 1 << 1,     /* implies READ */
	IO_OPEN_CREATE = 1 << 2,    /* make it if it is not there */
	IO_OPEN_EXCLUSIVE = 1 << 3, /* with CREATE: it must not be there (-ERR_FILE_EXISTS) */
	IO_OPEN_TRUNCATE = 1 << 4,
	IO_OPEN_DIRECT = 1 << 5, /* past the page cache where the folder can (else ignored):
	                            memory, size and offset in multiples of IO_BLOCK_BYTES */
	IO_OPEN_DSYNC = 1 << 6,  /* each write is durable when it returns */
	IO_OPEN_APPEND = 1 << 7, /* each write goes to the end, whatever its offset says */
};
enum { IO_BLOCK_BYTES = 4096 };

int io_file_open(struct io *io, const char *path, unsigned flags, struct io_file **ret_file);
void io_file_close(struct io_file *file); /* NULL is fine */
bool io_file_is_direct(const struct io_file *file);
/* All of it or an error. */
int io_file_write(struct io_file *file, const void *data, size_t size, uint64_t offset);
int io_file_read(struct io_file *file, void *data, size_t size, uint64_t offset,
                 size_t *ret_size);     /* fewer bytes only at the end of the file */
int io_file_sync(struct io_file *file); /* data and what is needed to read it (fdatasync) */
int io_file_size(struct io_file *file, uint64_t *ret_size);
int io_file_truncate(struct io_file *file, uint64_t size);
/* Drops the file's clean pages, so that the next read comes from the device. */
void io_file_drop_cache(struct io_file *file);
/* Only what is asked for is read: what the kernel reads ahead is megabytes, which the device does
 * before anything that others wait for. */
void io_file_read_nothing_ahead(struct io_file *file);
/* Exclusive lock held until close; -ERR_IN_USE when another process has it.  The file can be read
 * all the same, so the holder may write there who it is. */
int io_file_lock(struct io_file *file);

enum io_kind { IO_KIND_FILE, IO_KIND_FOLDER, IO_KIND_OTHER };
struct io_stat {
	enum io_kind kind;
	uint64_t size;
	uint64_t mtime_ms;
};
int io_stat(struct io *io, const char *path, struct io_stat *ret_stat);
int io_mkdir(struct io *io, const char *path); /* -ERR_FILE_EXISTS if it is there */
int io_rename(struct io *io, const char *from, const char *to);
int io_unlink(struct io *io, const char *path);
int io_rmdir(struct io *io, const char *path);
int io_sync_folder(struct io *io, const char *path);
/* Names in byte order, without "." and "..".  Frees *ret_names with io_free_names. */
int io_list_folder(struct io *io, const char *path, char ***ret_names, size_t *ret_count);
void io_free_names(char **names, size_t count);
/* What copies may keep of a file. */
enum { IO_OWNER_BYTES = 256 };
struct io_attributes {
	uint32_t mode; /* permission bits */
	uint64_t mtime_ms, atime_ms;
	char owner[IO_OWNER_BYTES]; /* names; numbers where the machine knows no name */
	char group[IO_OWNER_BYTES];
};
int io_attributes(struct io *io, const char *path, struct io_attributes *ret_attributes);
/* Mode and times. */
int io_set_attributes(struct io *io, const char *path, const struct io_attributes *attributes);
/* Owner and group.  *ret_unknown: "user" or "group" if the machine does not know that name, NULL if
 * it is something else that failed. */
int io_set_owner(struct io *io, const char *path, const struct io_attributes *attributes,
                 const char **ret_unknown);
int io_current_folder(struct io *io, struct buf *buf); /* appended */
struct io_space {
	uint64_t capacity; /* bytes */
	uint64_t available;
};
int io_space(struct io *io, const char *path, struct io_space *ret_space);
/* Whole file into buf (appended); -ERR_TOO_LARGE above size_max. */
int io_read_file(struct io *io, const char *path, size_t size_max, struct buf *buf);
/* Writes a temporary file beside it, syncs, renames, syncs the folder: old or new, never neither.
 */
int io_replace_file(struct io *io, const char *path, const void *data, size_t size);

/* ---- the process ---- */

/* Calls back on the loop; one handler a signal.  SIGHUP that is ignored, as nohup has it, stays so.
 */
int io_on_signal(struct io *io, int number, void (*handler)(void *context, int number),
                 void *context);
const char *io_host_name(struct io *io); /* never NULL */
/* What this host's name resolves to; 127.0.0.1 if it does not.  Blocks. */
enum { IO_HOST_ADDRESS_BYTES = 46 };
void io_host_address(struct io *io, char ret_address[IO_HOST_ADDRESS_BYTES]);
const char *io_user_name(struct io *io); /* effective user of the process */
/* Groups of a user by the machine's data base, comma separated, primary group first; -ERR_NOT_FOUND
 * if it does not know the user.  Blocks. */
int io_user_groups(struct io *io, const char *user, struct buf *buf);
int io_process_id(struct io *io);
/* What ps shows, up to 15 letters: operators and their scripts look for processes by name. */
void io_set_process_name(struct io *io, const char *name);
/* Goes on as that program (found by PATH unless it has a slash) with these arguments; argv[0] is
 * what ps shows, argv ends with NULL.  Returns only if it cannot. */
int io_become(const char *program, char *const *argv);
/* The same for this very program. */
int io_become_self(char *const *argv);
/* Resident memory of this process in bytes. */
uint64_t io_process_memory(struct io *io);
const char *io_environment(struct io *io, const char *name); /* NULL: not set */
/* Before there are threads: names the folder that lies beside the one this program was called from
 * (of a link: where the link lies), if there is one and the variable is not set. */
void io_environment_beside(const char *variable, const char *folder);

#endif
