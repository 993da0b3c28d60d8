/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of tests/sim/: the process behind struct io. */
#ifndef HOLDFAST_TESTS_SIM_PRIVATE_H
#define HOLDFAST_TESTS_SIM_PRIVATE_H

#include <setjmp.h>

#include "sim/sim_world.h"

struct io {
	struct sim_machine *machine;
	struct list hooks;  /* asked for in this turn */
	struct list timers; /* struct timer_event */
	uint64_t work_us;   /* simulated time that the running work has taken */
	bool is_stopped;
};

struct sim_machine {
	struct sim_world *world;
	struct sim_disk *disk;
	struct io *io;       /* NULL: no process */
	uint64_t generation; /* of the process */
	int64_t wall_shift_ms;
	bool power_cut; /* how the process that just ended was ended */
	char damage[1024];
};

/* An event of a process; forgotten when the process ends before it is due. */
struct process_event {
	struct sim_event event;
	struct io *io;
	uint64_t generation;
	void (*run)(struct process_event *event);
};
void process_schedule(struct io *io, struct process_event *event,
                      void (*run)(struct process_event *event), uint64_t delay_us);

/* Ends the running turn at once if the process has died (does not return then). */
void sim_die_if_dead(struct io *io);

#endif
