/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/journal_life.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "unit/journal/alone.h"

enum { TIME_LIMIT_US = 60 * 1000 * 1000, FORKED_RESULT_MAX = 100 };

static char said[256];

void life_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
}

_Noreturn void life_wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", said);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(FORKED_RESULT_MAX + 1);
}

int life_fork(int (*body)(void *context), void *context)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		int result = body(context);

		fflush(stdout);
		_exit(result);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	if (!WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status) > FORKED_RESULT_MAX ? -1 : WEXITSTATUS(status);
}

/* ---- what must hold ---- */

static void check_prefix(const struct history *history, const struct toy *toy)
{
	if (toy->count < history->applied_count)
		life_wrong("entries up to %zu had been applied, now there are %zu",
		           history->applied_count, toy->count);
	for (size_t i = 0; i < history->applied_count; i++) {
		if (history->applied[i] != toy->hashes[i])
			life_wrong("the entry at index %zu was another one before", i + 1);
	}
}

static void check_acked(const struct history *history, const struct toy *toy)
{
	for (size_t i = 0; i < HISTORY_MAX; i++) {
		if (history->acked[i] != 0 &&
		    (i >= toy->count || toy->hashes[i] != history->acked[i]))
			life_wrong("the entry at index %zu was acknowledged and is not there",
			           i + 1);
	}
}

/* Entry 1 is format's. */
static void check_order(const struct history *history, const struct toy *toy)
{
	size_t at = 0;

	for (size_t i = 1; i < toy->count; i++) {
		while (at < history->tried &&
		       (history->refused[at] || history->hashes[at] != toy->hashes[i]))
			at++;
		if (at == history->tried)
			life_wrong("the entry at index %zu was not appended, or not in this order",
			           i + 1);
		at++;
	}
}

static void remember_applied(struct history *history, const struct toy *toy)
{
	CHECK(toy->count <= HISTORY_MAX);
	if (toy->count < history->applied_count)
		return;
	memcpy(history->applied, toy->hashes, toy->count * sizeof(*toy->hashes));
	history->applied_count = toy->count;
}

/* ---- one process ---- */

/* In the process: lost with it. */
struct process {
	struct life *life;
	struct io *io;
	struct journal *journal;
	struct toy toy;
	struct io_timer pump;
	size_t in_flight;
	uint64_t acked;
	bool is_over;
	bool is_closing;
	bool waits_for_room;
};

struct request {
	struct journal_append append;
	struct process *process;
	uint64_t hash;
};

static void over(struct process *process, enum life_end end)
{
	process->life->end = end;
	process->is_over = true;
}

static void on_closed(void *context)
{
	struct process *process = context;

	journal_destroy(process->journal);
	if (process->life->end != LIFE_FAILED)
		process->life->end = LIFE_CLOSED;
	process->is_over = true;
}

static void close_journal(struct process *process)
{
	if (process->is_closing)
		return;
	process->is_closing = true;
	io_timer_stop(&process->pump);
	journal_stats(process->journal, &process->life->stats);
	journal_close(process->journal, on_closed, process);
}

static void append_done(struct journal_append *append, enum journal_outcome outcome)
{
	struct request *request = CONTAINER_OF(append, struct request, append);
	struct process *process = request->process;
	struct history *history = process->life->history;

	if (outcome != JOURNAL_COMMITTED)
		life_wrong("a lone master answered %d", (int)outcome);
	if (process->toy.count < append->index ||
	    process->toy.hashes[append->index - 1] != request->hash)
		life_wrong("the entry at index %" PRIu64 " was answered before it was applied",
		           append->index);
	history->acked[append->index - 1] = request->hash;
	history->acked_count++;
	process->in_flight--;
	process->acked++;
	mem_free(request);
	if (process->life->options.on_ack != NULL)
		process->life->options.on_ack(process->life->machine, process->acked);
	if (process->acked >= process->life->options.appends)
		close_journal(process);
}

static struct str make_payload(struct process *process, char *bytes)
{
	struct random *random = sim_world_random(process->life->world);
	size_t size = 8 + random_below(random, process->life->options.payload_max - 7);
	uint64_t id = process->life->history->tried + 1;

	memset(bytes, (int)id, size);
	memcpy(bytes, &id, sizeof(id));
	return str_make(bytes, size);
}

/* False: refused; on_room() must come when that is for lack of room. */
static bool append_one(struct process *process)
{
	struct history *history = process->life->history;
	struct request *request = mem_must_zalloc(sizeof(*request));
	char *bytes = mem_must_alloc(process->life->options.payload_max);
	struct str payload = make_payload(process, bytes);
	size_t place = history->tried++;
	int rc;

	CHECK(place < HISTORY_MAX);
	request->process = process;
	request->hash = history->hashes[place] = toy_hash(payload);
	request->append = (struct journal_append){
	        .kind = 10, .version = 1, .payload = payload, .done = append_done};
	rc = journal_append(process->journal, &request->append);
	mem_free(bytes);
	if (rc == 0) {
		process->in_flight++;
		return true;
	}
	history->refused[place] = true;
	process->life->refused_no_space += rc == -ERR_NO_SPACE;
	process->waits_for_room = rc == -ERR_AGAIN || rc == -ERR_NO_SPACE;
	mem_free(request);
	if (rc != -ERR_AGAIN && rc != -ERR_NO_SPACE && rc != -ERR_NO_MEMORY && rc != -ERR_STANDBY)
		life_wrong("an append was answered with %s", err_text(rc));
	return false;
}

static void pump(struct io_timer *timer)
{
	struct process *process = CONTAINER_OF(timer, struct process, pump);
	struct random *random = sim_world_random(process->life->world);
	size_t want = 1 + random_below(random, process->life->options.inflight);

	while (!process->is_closing && process->in_flight < want && append_one(process))
		continue;
	if (!process->is_closing && !process->waits_for_room)
		io_timer_start(timer, random_below(random, 400));
}

static void on_room(void *context)
{
	struct process *process = context;

	if (!process->waits_for_room || process->is_closing)
		return;
	process->waits_for_room = false;
	io_timer_start(&process->pump, 0);
}

static void on_phase(void *context, const struct journal_progress *progress)
{
	struct process *process = context;

	if (progress->phase != JOURNAL_LEADING)
		return;
	process->life->has_led = true;
	process->life->epoch = journal_epoch(process->journal);
	check_prefix(process->life->history, &process->toy);
	check_acked(process->life->history, &process->toy);
	check_order(process->life->history, &process->toy);
	remember_applied(process->life->history, &process->toy);
	if (process->life->options.appends == 0)
		close_journal(process);
	else
		io_timer_start(&process->pump, 0);
}

static void on_failure(void *context, int rc, const char *text)
{
	struct process *process = context;

	process->life->rc = rc;
	snprintf(process->life->text, sizeof(process->life->text), "%s", text);
	process->life->end = LIFE_FAILED;
	close_journal(process);
}

static void on_notice(void *context, int rc, const char *text)
{
	struct process *process = context;
	size_t used = strlen(process->life->notices);

	(void)rc;
	snprintf(process->life->notices + used, sizeof(process->life->notices) - used, "%s\n",
	         text);
}

/* The life's state, each time something was applied; readers may have seen it. */
static void apply(void *context, const struct journal_entry *entries, size_t count)
{
	struct process *process = CONTAINER_OF(context, struct process, toy);

	toy_apply(context, entries, count);
	remember_applied(process->life->history, &process->toy);
}

static void start(void *context)
{
	struct process *process = context;
	struct life *life = process->life;
	struct journal_options options = {
	        .io = process->io,
	        .folder = LIFE_FOLDER,
	        .machine = toy_machine(&process->toy),
	        .segment_bytes = life->options.segment_bytes,
	        .checkpoint_entries = life->options.checkpoint_entries,
	        .inflight_bytes_max = 1 << 20,
	        .entry_bytes_max = 1 << 16,
	        .batch_bytes_max = 16 << 10,
	        .sync_hang_ms = 10000,
	        .replication = &alone_replication,
	        .keep_segments = life->options.keep_segments,
	        .context = process,
	        .on_phase = on_phase,
	        .on_room = on_room,
	        .on_failure = on_failure,
	        .on_notice = on_notice,
	};
	char *text = NULL;
	int rc;

	options.machine.apply = apply;
	io_timer_init(process->io, &process->pump, pump);
	mem_fail_after(life->options.fail_allocation);
	rc = journal_open(&options, &process->journal, &text);
	if (rc == 0)
		return;
	life->rc = rc;
	snprintf(life->text, sizeof(life->text), "%s", text == NULL ? err_text(rc) : text);
	mem_free(text);
	over(process, LIFE_FAILED);
}

enum life_end life_run(struct life *life)
{
	struct process *process = mem_must_zalloc(sizeof(*process));
	struct sim_world *world = life->world;
	uint64_t limit = life->options.time_limit_us;

	life->end = LIFE_STUCK;
	life->rc = 0;
	life->text[0] = life->notices[0] = '\0';
	life->has_led = false;
	life->refused_no_space = 0;
	process->life = life;
	process->io = life->io = sim_machine_start(life->machine);
	limit = sim_world_now_us(world) + (limit == 0 ? TIME_LIMIT_US : limit);
	sim_machine_run(life->machine, start, process);
	while (!process->is_over && sim_machine_is_running(life->machine) &&
	       sim_world_now_us(world) < limit && sim_world_step(world))
		continue;
	mem_fail_after(-1);
	if (!sim_machine_is_running(life->machine)) {
		const char *damage = sim_machine_damage(life->machine);

		life->end = damage[0] == '\0' ? LIFE_DIED : LIFE_DAMAGED;
		snprintf(life->text, sizeof(life->text), "%s", damage);
	}
	return life->end;
}

/* ---- around lives ---- */

static void format(void *context)
{
	struct life *life = context;
	struct journal_format_options options = {.io = life->io,
	                                         .folder = LIFE_FOLDER,
	                                         .cluster_id = STR("CID-sim"),
	                                         .kind = 1,
	                                         .version = 1,
	                                         .payload = STR("entry one")};
	char *text = NULL;
	int rc = io_mkdir(life->io, "/data");

	if (rc == 0 || rc == -ERR_FILE_EXISTS)
		rc = io_sync_folder(life->io, "");
	if (rc == 0)
		rc = journal_format(&options, &text);
	life->rc = rc;
	snprintf(life->text, sizeof(life->text), "%s", text == NULL ? err_text(rc) : text);
	mem_free(text);
}

enum life_end life_try_format(struct life *life)
{
	life->io = sim_machine_start(life->machine);
	if (!sim_machine_run(life->machine, format, life))
		return LIFE_DIED;
	return life->rc < 0 ? LIFE_FAILED : LIFE_CLOSED;
}

void life_format(struct life *life)
{
	if (life_try_format(life) != LIFE_CLOSED)
		life_wrong("format: %s", life->text);
	sim_machine_kill(life->machine, /* power_cut: */ true);
}

static void verify(void *context)
{
	struct life *life = context;
	struct journal_verdict verdict;
	struct buf report;
	int rc;

	buf_init(&report);
	rc = journal_verify(life->io, LIFE_FOLDER, &report, &verdict);
	if (rc < 0 || verdict.problems > 0)
		life_wrong("verify: %.*s", STR_ARGS(buf_str(&report)));
	buf_finish(&report);
}

void life_verify(struct life *life)
{
	life->io = sim_machine_start(life->machine);
	CHECK(sim_machine_run(life->machine, verify, life));
	sim_machine_kill(life->machine, /* power_cut: */ false);
}
