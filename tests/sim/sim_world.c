/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_world.h"

#include <setjmp.h>
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

struct sim_world {
	struct random random;
	uint64_t now_us;
	uint64_t order; /* of the next event scheduled */
	uint64_t events;
	uint64_t trace;
	struct sim_event **heap; /* by due_us, then order */
	size_t count;
	size_t capacity;
};

/* The turn that is running, for deaths in the middle of it.  One world a process. */
static struct {
	jmp_buf end;
	struct sim_machine *machine; /* NULL: no turn of a process is running */
} turn;

/* ---- events ---- */

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void sift_up(struct sim_world *world, size_t at)
{
	while (at > 0 && is_before(world->heap[at], world->heap[(at - 1) / 2])) {
		struct sim_event *parent = world->heap[(at - 1) / 2];

		world->heap[(at - 1) / 2] = world->heap[at];
		world->heap[at] = parent;
		at = (at - 1) / 2;
	}
}

static void sift_down(struct sim_world *world, size_t at)
{
	for (;;) {
		size_t least = at;
		struct sim_event *moved = world->heap[at];

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < world->count;
		     child++) {
			if (is_before(world->heap[child], world->heap[least]))
				least = child;
		}
		if (least == at)
			return;
		world->heap[at] = world->heap[least];
		world->heap[least] = moved;
		at = least;
	}
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
	world->heap[world->count++] = event;
	sift_up(world, world->count - 1);
}

static struct sim_event *take_at(struct sim_world *world, size_t at)
{
	struct sim_event *event = world->heap[at];

	world->heap[at] = world->heap[--world->count];
	if (at < world->count) {
		sift_down(world, at);
		sift_up(world, at);
	}
	event->is_scheduled = false;
	return event;
}

void sim_world_cancel(struct sim_world *world, struct sim_event *event)
{
	for (size_t i = 0; event->is_scheduled && i < world->count; i++) {
		if (world->heap[i] == event)
			take_at(world, i);
	}
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

struct sim_machine *sim_machine_create(struct sim_world *world, uint64_t disk_seed)
{
	struct sim_machine *machine = mem_must_zalloc(sizeof(*machine));

	machine->world = world;
	machine->disk = sim_disk_create(disk_seed);
	return machine;
}

void sim_machine_destroy(struct sim_machine *machine)
{
	sim_disk_destroy(machine->disk);
	mem_free(machine);
}

struct sim_disk *sim_machine_disk(struct sim_machine *machine)
{
	return machine->disk;
}

struct io *sim_machine_start(struct sim_machine *machine)
{
	CHECK(machine->io == NULL);
	machine->generation++;
	machine->damage[0] = '\0';
	machine->io = mem_must_zalloc(sizeof(*machine->io));
	machine->io->machine = machine;
	list_init(&machine->io->hooks);
	list_init(&machine->io->timers);
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

void sim_machine_kill(struct sim_machine *machine, bool power_cut)
{
	machine->io = NULL; /* abandoned */
	sim_disk_revive(machine->disk, power_cut);
}

void sim_machine_shift_wall(struct sim_machine *machine, int64_t by_ms)
{
	machine->wall_shift_ms += by_ms;
}

static void run_hooks(struct io *io)
{
	while (!list_is_empty(&io->hooks)) {
		struct io_hook *hook = LIST_FIRST(&io->hooks, struct io_hook, node);

		list_remove(&hook->node);
		hook->is_queued = false;
		hook->run(hook);
	}
}

bool sim_machine_run(struct sim_machine *machine, void (*step)(void *context), void *context)
{
	CHECK(turn.machine == NULL);
	turn.machine = machine;
	if (setjmp(turn.end) == 0) {
		step(context);
		run_hooks(turn.machine->io);
		sim_die_if_dead(turn.machine->io);
		/* What the loop itself did on the disk kept it from everything else. */
		turn.machine->world->now_us += turn.machine->io->work_us;
		turn.machine->io->work_us = 0;
		turn.machine = NULL;
		return true;
	}
	turn.machine->io = NULL; /* abandoned */
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

static void dispatch(struct sim_event *base)
{
	struct process_event *event = CONTAINER_OF(base, struct process_event, event);
	struct sim_machine *machine = event->io->machine;

	if (machine->io == event->io && machine->generation == event->generation)
		sim_machine_run(machine, run_process_event, event);
}

void process_schedule(struct io *io, struct process_event *event,
                      void (*run)(struct process_event *event), uint64_t delay_us)
{
	event->event.run = dispatch;
	event->io = io;
	event->generation = io->machine->generation;
	event->run = run;
	sim_world_schedule(io->machine->world, &event->event, delay_us);
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
