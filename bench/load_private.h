/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insides of load.h: lanes and slots (lane.c), time and the beginning and end of runs (load.c).
 */
#ifndef HOLDFAST_BENCH_LOAD_PRIVATE_H
#define HOLDFAST_BENCH_LOAD_PRIVATE_H

#include "bench/client.h"
#include "bench/load.h"
#include "bench/stand_in.h"

/* One call in flight. */
struct slot {
	struct task task;
	uint64_t began_ns; /* its operation */
	uint64_t first_ns; /* its call was begun ... */
	uint64_t sent_ns;  /* ... and sent for the last time */
	int32_t call_id;
	int32_t repeats; /* of sending it; -1: not sent yet */
	bool is_busy;
};

/* One connection. */
struct lane {
	struct client client; /* first: epoll's data points to it */
	struct load *load;
	struct slot *slots;
	uint32_t busy;          /* slots */
	size_t address;         /* that it is connected to */
	unsigned moves;         /* since the last right answer */
	uint64_t connect_at_ns; /* when closed: time for the next try; UINT64_MAX: given up */
};

struct load {
	const struct options *options;
	int epoll_fd;
	struct lane *lanes;
	uint64_t pause_ns;   /* before a second move in a row */
	uint64_t tick_at_ns; /* next look at what is late */
	uint64_t busy;       /* slots of all lanes */
	bool is_issuing;     /* new operations are begun */
	int signal_fd;       /* told to end; -1: told already */
	struct plan *plan;
	struct measure *measure;
	struct buf request;        /* scratch for one request message */
	struct stand_in *stand_in; /* NULL unless files with blocks are made */
	struct waiting *waiting;   /* operations that go on after the next report; one a slot */
	size_t waiting_count;
};

/* An operation whose block the stand-in must report. */
struct waiting {
	struct lane *lane;
	struct slot *slot;
};

/* Takes the slot's next operation, if there is one, and queues its first call. */
void lane_begin_operation(struct lane *lane, struct slot *slot, uint64_t now);
/* The operation is over, whatever came of it; the slot begins another. */
void lane_end_operation(struct lane *lane, struct slot *slot, uint64_t now);

/* The next call of the slot's operation. */
void lane_begin_call(struct lane *lane, struct slot *slot, uint64_t now);

void lane_connect(struct lane *lane, uint64_t now);
/* The socket is ready. */
void lane_on_event(struct lane *lane, uint32_t events);
/* The connection cannot be used any more. */
void lane_lost(struct lane *lane, int rc, uint64_t now);

#endif
