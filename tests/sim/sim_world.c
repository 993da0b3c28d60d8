/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "sim/sim_private.h"

/* Processes are abandoned, not torn down: nobody waits for their memory.  Asked by the leak checker
 * whatever its options are. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

/* The turn that is running, for deaths in the middle of it.  One world a process. */
static struct {
	jmp_buf end;
	struct sim_machine *machine; /* NULL: no turn of a process is running */
} turn;

struct sim_machine *sim_world_running(void)
{
	return turn.machine;
}

/* ---- events ---- */

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void put_at(struct sim_world *world, struct sim_event *event, size_t at)
{
	world->heap[at] = event;
	event->place = at;
}

static void sift_up(struct sim_world *world, size_t at)
{
	struct sim_event *event = world->heap[at];

	for (; at > 0 && is_before(event, world->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put_at(world, world->heap[(at - 1) / 2], at);
	put_at(world, event, at);
}

static void sift_down(struct sim_world *world, size_t at)
{
	struct sim_event *event = world->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < world->count &&
		    is_before(world->heap[child + 1], world->heap[child]))
			child++;
		if (child >= world->count || !is_before(world->heap[child], event))
			break;
		put_at(world, world->heap[child], at);
		at = child;
	}
	put_at(world, event, at);
}

void sim_world_schedule(struct sim_world *world, struct sim_event *event, uint64_t delay_us)
{
	CHECK(!event->is_scheduled);
	event->is_scheduled = true;
	event->due_us = world->now_us + delay_us;
	event->order = world->order++;
	if (world->count == world->capacity) {
		world->capacity = world->capacity == 0 ? 256 : world->capacity * 2;
		world->heap = mem_must_realloc(world->heap, world->capacity * sizeof(*world->heap));
	}
	put_at(world, event, world->count++);
	sift_up(world, event->place);
}

static struct sim_event *take_at(struct sim_world *world, size_t at)
{
	struct sim_event *event = world->heap[at];

	if (at < --world->count) {
		put_at(world, world->heap[world->count], at);
		sift_down(world, at);
		sift_up(world, at);
	}
	event->is_scheduled = false;
	return event;
}

void sim_world_cancel(struct sim_world *world, struct sim_event *event)
{
	if (event->is_scheduled)
		take_at(world, event->place);
}

bool sim_world_step(struct sim_world *world)
{
	struct sim_event *event;

	if (world->count == 0)
		return false;
	event = take_at(world, 0);
	if (world->now_us < event->due_us)
		world->now_us = event->due_us;
	world->events++;
	sim_world_note(world, &world->now_us, sizeof(world->now_us));
	event->run(event);
	return true;
}

/* ---- world ---- */

struct sim_world *sim_world_create(uint64_t seed)
{
	struct sim_world *world = mem_must_zalloc(sizeof(*world));

	world->random = random_make(seed);
	world->now_us = 1000000;
	list_init(&world->ends);
	for (unsigned from = 0; from < SIM_MACHINES_MAX; from++) {
		for (unsigned to = 0; to < SIM_MACHINES_MAX; to++)
			world->links[from][to] = sim_link_default();
	}
	return world;
}

void sim_world_destroy(struct sim_world *world)
{
	mem_free(world->heap);
	mem_free(world);
}

struct random *sim_world_random(struct sim_world *world)
{
	return &world->random;
}

uint64_t sim_world_now_us(const struct sim_world *world)
{
	return world->now_us;
}

uint64_t sim_world_events(const struct sim_world *world)
{
	return world->events;
}

uint64_t sim_world_trace(const struct sim_world *world)
{
	return world->trace;
}

void sim_world_note(struct sim_world *world, const void *data, size_t size)
{
	world->trace = hash64(world->trace, data, size);
}

/* ---- machines and their processes ---- */

static void wake(struct sim_event *event);

struct sim_machine *sim_machine_create(struct sim_world *world, uint64_t disk_seed)
{
	struct sim_machine *machine = mem_must_zalloc(sizeof(*machine));

	CHECK(world->machine_count < SIM_MACHINES_MAX);
	world->machines[world->machine_count++] = machine;
	machine->world = world;
	machine->number = world->machine_count;
	snprintf(machine->name, sizeof(machine->name), "m%u", machine->number);
	snprintf(machine->address, sizeof(machine->address), "10.0.0.%u", machine->number);
	machine->disk = sim_disk_create(disk_seed);
	machine->wake.run = wake;
	list_init(&machine->waiting);
	return machine;
}

void sim_machine_destroy(struct sim_machine *machine)
{
	sim_disk_destroy(machine->disk);
	mem_free(machine);
}

void sim_machine_new_disk(struct sim_machine *machine, uint64_t seed)
{
	CHECK(machine->io == NULL);
	sim_disk_destroy(machine->disk);
	machine->disk = sim_disk_create(seed);
}

struct sim_disk *sim_machine_disk(struct sim_machine *machine)
{
	return machine->disk;
}

struct io *sim_machine_start(struct sim_machine *machine)
{
	CHECK(machine->io == NULL);
	machine->generation++;
	machine->is_off = false;
	machine->ended = NULL;
	machine->damage[0] = '\0';
	machine->io = mem_must_zalloc(sizeof(*machine->io));
	machine->io->machine = machine;
	list_init(&machine->io->hooks);
	list_init(&machine->io->conns);
	list_init(&machine->io->listeners);
	return machine->io;
}

struct io *sim_machine_io(struct sim_machine *machine)
{
	return machine->io;
}

bool sim_machine_is_running(const struct sim_machine *machine)
{
	return machine->io != NULL;
}

const char *sim_machine_damage(const struct sim_machine *machine)
{
	return machine->damage;
}

const char *sim_machine_name(const struct sim_machine *machine)
{
	return machine->name;
}

/* The process is no more: abandoned, with whatever waits for it. */
static void end_process(struct sim_machine *machine)
{
	machine->ended = machine->io;
	machine->io = NULL;
	machine->is_paused = false;
	machine->busy_until_us = 0;
	list_init(&machine->waiting);
	sim_world_cancel(machine->world, &machine->wake);
}

void sim_machine_kill(struct sim_machine *machine, bool power_cut)
{
	if (machine->io != NULL)
		end_process(machine);
	if (machine->ended != NULL)
		sim_tcp_process_ended(machine->ended, power_cut);
	machine->ended = NULL;
	if (power_cut) {
		machine->boot++;
		machine->booted_us = machine->world->now_us;
		machine->is_off = true;
	}
	sim_disk_revive(machine->disk, power_cut);
}

/* ---- clocks ---- */

enum { MILLION = 1000000 };

uint64_t sim_clock_of(const struct sim_machine *machine, uint64_t us)
{
	return us + (uint64_t)((int64_t)us / MILLION * machine->drift_ppm +
	                       (int64_t)us % MILLION * machine->drift_ppm / MILLION);
}

uint64_t sim_clock_to_world(const struct sim_machine *machine, uint64_t us)
{
	const uint64_t roundings = 2; /* a timer never fires early by its own clock */

	return (uint64_t)((unsigned __int128)us * MILLION /
	                  (uint64_t)(MILLION + machine->drift_ppm)) +
	       (machine->drift_ppm == 0 ? 0 : roundings);
}

void sim_machine_shift_wall(struct sim_machine *machine, int64_t by_ms)
{
	machine->wall_shift_ms += by_ms;
}

void sim_machine_set_drift(struct sim_machine *machine, int64_t ppm)
{
	CHECK(machine->io == NULL); /* a clock that runs does not jump */
	machine->drift_ppm = ppm;
}

void sim_machine_set_disk_delay(struct sim_machine *machine, uint64_t delay_us)
{
	machine->disk_delay_us = delay_us;
}

void sim_machine_set_thread_delay(struct sim_machine *machine, const char *name, uint64_t delay_us)
{
	machine->slow_thread = name;
	machine->thread_delay_us = delay_us;
}

uint64_t sim_machine_ran_here(const struct sim_machine *machine)
{
	return machine->ran_here;
}

/* ---- turns ---- */

static void run_hooks(struct io *io)
{
	while (!list_is_empty(&io->hooks)) {
		struct io_hook *hook = LIST_FIRST(&io->hooks, struct io_hook, node);

		list_remove(&hook->node);
		hook->is_queued = false;
		hook->run(hook);
	}
}

/* What the loop itself did on the disk keeps it from everything else. */
static void keep_busy(struct sim_machine *machine)
{
	if (machine->io->work_us == 0)
		return;
	if (machine->busy_until_us < machine->world->now_us)
		machine->busy_until_us = machine->world->now_us;
	machine->busy_until_us += machine->io->work_us;
	machine->io->work_us = 0;
}

bool sim_machine_run(struct sim_machine *machine, void (*step)(void *context), void *context)
{
	CHECK(turn.machine == NULL && !machine->is_paused);
	turn.machine = machine;
	if (setjmp(turn.end) == 0) {
		step(context);
		run_hooks(turn.machine->io);
		sim_die_if_dead(turn.machine->io);
		keep_busy(turn.machine);
		turn.machine = NULL;
		return true;
	}
	end_process(turn.machine);
	turn.machine = NULL;
	return false;
}

void sim_die_if_dead(struct io *io)
{
	if (!sim_disk_is_dead(io->machine->disk))
		return;
	CHECK(turn.machine == io->machine);
	longjmp(turn.end, 1);
}

static void run_process_event(void *context)
{
	struct process_event *event = context;

	event->run(event);
}

static bool is_busy(const struct sim_machine *machine)
{
	return machine->busy_until_us > machine->world->now_us;
}

static void wake_later(struct sim_machine *machine)
{
	uint64_t now_us = machine->world->now_us;

	if (!machine->wake.is_scheduled)
		sim_world_schedule(machine->world, &machine->wake,
		                   is_busy(machine) ? machine->busy_until_us - now_us : 0);
}

static void dispatch(struct sim_event *base)
{
	struct process_event *event = CONTAINER_OF(base, struct process_event, event);
	struct sim_machine *machine = event->io->machine;

	if (machine->io != event->io || machine->generation != event->generation)
		return;
	if (machine->is_paused || (is_busy(machine) && !event->is_of_thread)) {
		event->is_waiting = true;
		list_append(&machine->waiting, &event->node);
		if (!machine->is_paused)
			wake_later(machine);
		return;
	}
	sim_machine_run(machine, run_process_event, event);
}

/* In the order in which they came, but beginning anywhere: nobody promises a loop more. */
static void run_waiting(void *context)
{
	struct sim_machine *machine = context;
	struct list waiting;
	uint64_t count = 0;

	LIST_FOR_EACH (node, &machine->waiting)
		count++;
	for (uint64_t skip = random_below(&machine->world->random, count); skip > 0; skip--) {
		struct list *first = machine->waiting.next;

		list_remove(first);
		list_append(&machine->waiting, first);
	}
	list_init(&waiting);
	list_splice(&waiting, &machine->waiting);
	while (!list_is_empty(&waiting)) {
		struct process_event *event = LIST_FIRST(&waiting, struct process_event, node);

		list_remove(&event->node);
		event->is_waiting = false;
		event->run(event);
	}
}

static void wake(struct sim_event *event)
{
	struct sim_machine *machine = CONTAINER_OF(event, struct sim_machine, wake);

	if (machine->is_paused || list_is_empty(&machine->waiting))
		return;
	if (is_busy(machine))
		wake_later(machine);
	else
		sim_machine_run(machine, run_waiting, machine);
}

void sim_machine_pause(struct sim_machine *machine)
{
	CHECK(machine->io != NULL);
	machine->is_paused = true;
}

void sim_machine_resume(struct sim_machine *machine)
{
	if (!machine->is_paused)
		return;
	machine->is_paused = false;
	LIST_FOR_EACH_SAFE (node, &machine->waiting) {
		struct process_event *event = CONTAINER_OF(node, struct process_event, node);

		if (!event->is_of_thread)
			continue;
		list_remove(&event->node);
		event->is_waiting = false;
		sim_world_schedule(machine->world, &event->event, 0);
	}
	wake_later(machine);
}

bool sim_machine_is_paused(const struct sim_machine *machine)
{
	return machine->is_paused;
}

void process_schedule(struct io *io, struct process_event *event,
                      void (*run)(struct process_event *event), uint64_t delay_us)
{
	CHECK(!event->is_waiting);
	event->event.run = dispatch;
	event->io = io;
	event->generation = io->machine->generation;
	event->run = run;
	sim_world_schedule(io->machine->world, &event->event, delay_us);
}

void process_cancel(struct process_event *event)
{
	if (event->is_waiting)
		list_remove(&event->node);
	event->is_waiting = false;
	if (event->io != NULL)
		sim_world_cancel(event->io->machine->world, &event->event);
}

struct post {
	struct process_event event;
	void (*run)(void *context);
	void *context;
};

static void run_post(struct process_event *event)
{
	struct post *post = CONTAINER_OF(event, struct post, event);
	void (*run)(void *context) = post->run;
	void *context = post->context;

	mem_free(post);
	run(context);
}

void sim_machine_post(struct sim_machine *machine, void (*run)(void *context), void *context,
                      uint64_t delay_us)
{
	struct post *post = mem_must_zalloc(sizeof(*post));

	post->run = run;
	post->context = context;
	process_schedule(machine->io, &post->event, run_post, delay_us);
}

/* ---- in place of base/check.c ---- */

_Noreturn void check_failed(const char *condition, const char *file, int line, const char *function)
{
	fprintf(stderr, "%s:%d: %s: %s\n", file, line, function, condition);
	abort();
}

_Noreturn void fatal_damage(const char *format, ...)
{
	struct sim_machine *machine = turn.machine;
	va_list args;

	va_start(args, format);
	if (machine == NULL) {
		vfprintf(stderr, format, args);
		abort();
	}
	vsnprintf(machine->damage, sizeof(machine->damage), format, args);
	va_end(args);
	longjmp(turn.end, 1);
}
