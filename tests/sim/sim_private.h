/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of tests/sim/: the world, and the process behind struct io. */
#ifndef HOLDFAST_TESTS_SIM_PRIVATE_H
#define HOLDFAST_TESTS_SIM_PRIVATE_H

#include <setjmp.h>

#include "base/list.h"
#include "base/random.h"
#include "sim/sim_net.h"
#include "sim/sim_world.h"

struct sim_world {
	struct random random;
	uint64_t now_us;
	uint64_t order; /* of the next event scheduled */
	uint64_t events;
	uint64_t trace;
	struct sim_event **heap; /* by due_us, then order */
	size_t count;
	size_t capacity;
	struct sim_machine *machines[SIM_MACHINES_MAX];
	unsigned machine_count;
	struct sim_link links[SIM_MACHINES_MAX][SIM_MACHINES_MAX]; /* from, to */
	struct list ends;                                          /* sockets */
};

struct io {
	struct sim_machine *machine;
	struct list hooks; /* asked for in this turn */
	struct list conns; /* struct io_conn */
	struct list listeners;
	uint64_t work_us; /* simulated time that the running work has taken */
	bool is_stopped;
};

struct sim_machine {
	struct sim_world *world;
	unsigned number; /* from 1 */
	char name[16];
	char address[16];
	struct sim_disk *disk;
	struct io *io;       /* NULL: no process */
	struct io *ended;    /* the process that ended by itself, until sim_machine_kill() */
	uint64_t generation; /* of the process */
	uint64_t boot;       /* counts power cuts */
	uint64_t booted_us;
	bool is_off; /* from a power cut until the next process starts */
	int64_t wall_shift_ms;
	int64_t drift_ppm;
	uint64_t disk_delay_us;
	const char *slow_thread; /* NULL: none */
	uint64_t thread_delay_us;
	uint64_t ran_here; /* works of a thread that the loop did itself */
	/* Events of the process that were due while it could not run. */
	bool is_paused;
	uint64_t busy_until_us; /* the loop was kept by what it did itself */
	struct list waiting;    /* struct process_event */
	struct sim_event wake;
	char damage[1024];
};

/* An event of a process; forgotten when the process ends before it is due. */
struct process_event {
	struct sim_event event;
	struct list node; /* while it waits */
	bool is_waiting;
	bool is_of_thread; /* goes on while the loop is busy */
	struct io *io;
	uint64_t generation;
	void (*run)(struct process_event *event);
};
void process_schedule(struct io *io, struct process_event *event,
                      void (*run)(struct process_event *event), uint64_t delay_us);
void process_cancel(struct process_event *event);
/* What the machine's clock counts in `us` of the world's, and the other way round. */
uint64_t sim_clock_to_world(const struct sim_machine *machine, uint64_t us);
uint64_t sim_clock_of(const struct sim_machine *machine, uint64_t us);

/* Ends the running turn at once if the process has died (does not return then). */
void sim_die_if_dead(struct io *io);

/* ---- sim_tcp.c: the kernels' side of connections ---- */

struct sim_tcp_end; /* a socket */
struct sim_syn;     /* an attempt to connect */

/* What a process has of a connection. */
struct io_conn {
	struct io *io;
	struct list node;
	struct sim_tcp_end *end; /* NULL: not connected */
	struct sim_syn *syn;     /* while connecting */
	const struct io_conn_ops *ops;
	void *context;
	void (*on_connect)(void *context, int rc); /* NULL: it ran */
	int connect_rc;
	void (*on_accept)(void *context, struct io_conn *conn); /* NULL: it ran */
	struct process_event ready;                             /* there is something to look at */
	struct process_event timeout;
	struct buf queue; /* not taken by the kernel */
	bool is_ready, is_paused, is_ended, is_failed, is_lingering;
	bool is_connect_over;
	bool *is_gone; /* set when it is freed under a caller's hands */
	char peer[32];
	char peer_address[16];
};

/* Something changed for the process. */
void sim_conn_wake(struct io_conn *conn);
/* NULL: nobody listens there. */
struct io_listener *sim_listener_find(struct sim_machine *machine, uint16_t port);
/* A connection came in. */
void sim_listener_accept(struct io_listener *listener, struct sim_tcp_end *end,
                         const struct sim_machine *from, unsigned port);

void sim_tcp_attach(struct sim_tcp_end *end, struct io_conn *conn);
struct sim_syn *sim_tcp_connect(struct io_conn *conn, struct sim_machine *to, uint16_t port);
void sim_syn_abandon(struct sim_syn *syn);
/* Takes bytes into the kernel; how many. */
size_t sim_tcp_write(struct sim_tcp_end *end, const uint8_t *data, size_t size);
size_t sim_tcp_readable(const struct sim_tcp_end *end);
size_t sim_tcp_read(struct sim_tcp_end *end, uint8_t *data, size_t size);
/* 1: open; 0: the peer has finished; < 0: broken. */
int sim_tcp_state(const struct sim_tcp_end *end);
/* The process lets go of it. */
void sim_tcp_close(struct sim_tcp_end *end, bool by_reset);
/* All sockets of a process that ended. */
void sim_tcp_process_ended(struct io *io, bool power_cut);

#endif
