/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated world: one order of events, everything drawn from one seed.
 *
 * A machine has a disk and a clock and runs at most one process at a time; the process gets a
 * struct io, whose functions (src/io/io.h) are implemented here: src/io/ is not linked.  Work on
 * threads runs as one event, and its done() as a later one; disk operations take simulated time.
 * While a process is paused, or its loop is kept by a disk operation of its own, what comes for it
 * waits, and then comes in one turn.  Machines talk over the network of sim_net.h.
 *
 * A process ends by sim_process_kill(), by a fault of its disk in the middle of an operation, or by
 * fatal_damage(); whatever it had on the way is forgotten, and its memory is left behind (runs are
 * short and in processes of their own).
 */
#ifndef HOLDFAST_TESTS_SIM_WORLD_H
#define HOLDFAST_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "io/io.h"
#include "sim/sim_disk.h"

struct sim_world;
struct sim_machine;

struct sim_world *sim_world_create(uint64_t seed);
void sim_world_destroy(struct sim_world *world);
struct random *sim_world_random(struct sim_world *world);
uint64_t sim_world_now_us(const struct sim_world *world);
uint64_t sim_world_events(const struct sim_world *world); /* dispatched so far */
/* A hash of everything that happened: same seed, same trace. */
uint64_t sim_world_trace(const struct sim_world *world);
/* Adds to the trace. */
void sim_world_note(struct sim_world *world, const void *data, size_t size);

/* The next event and the end of its turn.  False: nothing is going to happen any more. */
bool sim_world_step(struct sim_world *world);
/* Whose turn it is; NULL: nobody's. */
struct sim_machine *sim_world_running(void);

/* Calls back at a time from now, outside of any process (the test's own clients). */
struct sim_event {
	void (*run)(struct sim_event *event);
	uint64_t due_us;   /* private */
	uint64_t order;    /* private */
	size_t place;      /* private */
	bool is_scheduled; /* private */
};
void sim_world_schedule(struct sim_world *world, struct sim_event *event, uint64_t delay_us);
void sim_world_cancel(struct sim_world *world, struct sim_event *event);

enum { SIM_MACHINES_MAX = 16 };

struct sim_machine *sim_machine_create(struct sim_world *world, uint64_t disk_seed);
void sim_machine_destroy(struct sim_machine *machine);
struct sim_disk *sim_machine_disk(struct sim_machine *machine);
/* The disk is replaced by an empty one; no process may run. */
void sim_machine_new_disk(struct sim_machine *machine, uint64_t seed);

/* Starts a process (none may run).  Call it at the beginning of a step of sim_machine_run(). */
struct io *sim_machine_start(struct sim_machine *machine);
struct io *sim_machine_io(struct sim_machine *machine);
/* "m1", "m2", ... */
const char *sim_machine_name(const struct sim_machine *machine);
/* Runs `step` as a turn of the machine's process, which may die in it.  False: it did. */
bool sim_machine_run(struct sim_machine *machine, void (*step)(void *context), void *context);
bool sim_machine_is_running(const struct sim_machine *machine);
/* Why the last process ended by fatal_damage(); "" if it did not. */
const char *sim_machine_damage(const struct sim_machine *machine);
/* kill -9, or a power cut. */
void sim_machine_kill(struct sim_machine *machine, bool power_cut);
/* Calls `run` in a turn of the process that runs now; never, if that one has ended before.  It
 * waits while the process is paused. */
void sim_machine_post(struct sim_machine *machine, void (*run)(void *context), void *context,
                      uint64_t delay_us);
/* SIGSTOP and SIGCONT. */
void sim_machine_pause(struct sim_machine *machine);
void sim_machine_resume(struct sim_machine *machine);
bool sim_machine_is_paused(const struct sim_machine *machine);
/* Lets the wall clock jump. */
void sim_machine_shift_wall(struct sim_machine *machine, int64_t by_ms);
/* How much faster its clock runs than the world's, in millionths. */
void sim_machine_set_drift(struct sim_machine *machine, int64_t ppm);
/* How often its loops did a thread's work themselves. */
uint64_t sim_machine_ran_here(const struct sim_machine *machine);
/* Of each write and sync. */
void sim_machine_set_disk_delay(struct sim_machine *machine, uint64_t delay_us);
/* Of each work of the threads of this name (borrowed), and of no other. */
void sim_machine_set_thread_delay(struct sim_machine *machine, const char *name, uint64_t delay_us);

#endif
