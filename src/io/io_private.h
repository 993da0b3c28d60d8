/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of io/ share.
 *
 * A turn of the loop: libuv delivers what the kernel has (sockets, timers, signals), then the
 * mailbox delivers what other threads posted, then the hooks run until none is left; what a hook
 * ran here instead of on a thread ends last.  libuv's own timers and thread pool are not used: its
 * clock stops while the machine sleeps, and four hung name look-ups would stop everything else in
 * the pool.
 */
#ifndef HOLDFAST_IO_PRIVATE_H
#define HOLDFAST_IO_PRIVATE_H

#include "io/io.h"
#include "io/pile.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

enum { IO_READ_BYTES = 64 * 1024 };

/* An address of either family. */
union io_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct io {
	uv_loop_t loop;
	bool is_stopped;
	struct list hooks;     /* asked for, not run yet */
	struct list ran_here;  /* work that the loop has run, whose done() is due */
	struct list lingering; /* connections that nobody owns any more */

	/* timers (timer.c): a heap by due time, places counted from 1, and one timerfd */
	struct io_timer **heap;
	size_t heap_count;
	size_t heap_capacity;
	int timer_fd;
	uv_poll_t timer_poll;
	uint64_t timer_armed_us; /* when timer_fd fires; IO_TIMER_NEVER, IO_TIMER_EXPIRED */
	struct io_timer wait;    /* of io_run_once() */

	/* mailbox (mailbox.c): what other threads hand to the loop */
	struct pile tasks, works;
	atomic_bool is_asleep; /* the loop waits, or is about to: a post must wake it */
	int wake_fd;
	uv_poll_t wake_poll;

	uint8_t *read_buffer;   /* IO_READ_BYTES, shared by all connections */
	size_t lookups_pending; /* look-ups whose answer will be delivered */
	/* Of their threads, those that may still touch the loop: a post ends after its delivery. */
	atomic_size_t lookup_threads;

	/* accepting pauses, or did a moment ago (shortage.c) */
	bool is_short;
	struct io_timer shortage_over;
	void (*on_shortage)(void *context, bool is_short); /* NULL: nobody asks */
	void *shortage_context;

	struct list signals;
	char *host_name;
	char *user_name;
};

/* ---- timer.c ---- */
enum { IO_TIMER_NEVER = 0, IO_TIMER_EXPIRED = 1 };
int io_timers_init(struct io *io);
void io_timers_close(struct io *io); /* before the loop's last turn */
void io_timers_finish(struct io *io);
/* Tells the kernel about the next due time; once before each wait. */
void io_timers_arm(struct io *io);

/* ---- mailbox.c ---- */
int io_mailbox_init(struct io *io);
void io_mailbox_close(struct io *io);
void io_mailbox_finish(struct io *io);
/* True if the loop may wait: nothing was posted, and the next post will wake it. */
bool io_mailbox_may_sleep(struct io *io);
void io_mailbox_deliver(struct io *io);
/* Its end is the loop's now.  True if the loop slept until then. */
bool io_mailbox_put_work(struct io *io, struct io_work *work);
/* The calling thread, for good. */
void io_step_back(void);

/* ---- shortage.c ---- */
void io_shortage_init(struct io *io);
/* A connection could not be accepted. */
void io_shortage_met(struct io *io);

/* ---- process.c ---- */
void io_signals_close(struct io *io);

/* ---- address.c ---- */
/* Host without brackets, NUL-terminated; -ERR_INVALID if it does not fit. */
int io_address_host(const char *host, char *ret_bare, size_t size);
/* A numeric address; false if `host` is a name. */
bool io_address_parse(const char *bare, uint16_t port, union io_address *ret_address);
socklen_t io_address_size(const union io_address *address);

/* ---- lookup.c ---- */
enum { IO_LOOKUP_ADDRESSES_MAX = 8 };
struct io_lookup {
	void (*done)(struct io_lookup *lookup); /* on the loop; the look-up is freed after it */
	void *context;
	int rc;
	union io_address addresses[IO_LOOKUP_ADDRESSES_MAX];
	size_t count;
	/* private */
	struct io *io;
	struct io_task task;
	uint16_t port;
	atomic_int state;
	char host[];
};
int io_lookup_start(struct io *io, const char *bare, uint16_t port,
                    void (*done)(struct io_lookup *lookup), void *context,
                    struct io_lookup **ret_lookup);
/* Instead of waiting: done() never runs. */
void io_lookup_abandon(struct io_lookup *lookup);
/* The same on this thread, for start-up. */
int io_lookup_now(const char *bare, uint16_t port, union io_address *addresses, size_t *ret_count);

/* ---- conn.c ---- */
struct io_connecting;
struct io_sending;
struct io_lingering;

/* An idle connection is this and libuv's part of it: what is needed for a while only stands behind
 * pointers. */
struct io_conn {
	uv_tcp_t tcp;
	struct io *io;
	const struct io_conn_ops *ops; /* NULL: not started, or lingering */
	void *context;
	struct io_connecting *connecting; /* until on_connect ran */
	struct io_sending *sending;       /* while bytes are queued */
	struct io_lingering *lingering;   /* after io_conn_close_after_write() */
	struct io_hook end_hook;          /* reports end_rc */
	int end_rc;                       /* < 0: broken, nothing more is sent */
	bool is_paused;
	bool is_ended; /* on_end ran */
	bool is_closed;
	char *peer;    /* "address:port"; NULL: not connected yet */
	char *address; /* in the same memory */
};
/* Without a socket. */
int io_conn_create(struct io *io, struct io_conn **ret_conn);
void io_conn_free(struct io_conn *conn); /* when its handle is closed */
/* Ends it with rc at the end of the turn. */
void io_conn_fail(struct io_conn *conn, int rc);
/* It lingers, and all was sent. */
void io_conn_finish_lingering(struct io_conn *conn);
/* Takes the socket; closes it on failure. */
int io_conn_adopt(struct io *io, int fd, const union io_address *peer, struct io_conn **ret_conn);
/* Closes those that still linger. */
void io_conn_end_lingering(struct io *io);
int io_conn_set_peer(struct io_conn *conn, const union io_address *peer);
int io_err_from_uv(int status);

/* ---- conn_write.c ---- */
void io_conn_free_sending(struct io_conn *conn);

/* ---- connect.c ---- */
/* Stops the attempt; on_connect will not run.  True if the handle is being closed already, and the
 * connection is freed after it. */
bool io_connecting_abandon(struct io_conn *conn);

#endif
