/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a write.
 *
 *   admit    a repeat of one in flight waits for it.  A standby asks the primary for its word: then
 *            it tells the call to go there, unless it is a repeat of what was done; while no
 *            primary answers the call is held
 *   judge    retry table, safe mode, the command's own check, limits.  What does not pass is
 *            judged once more, in the turn in which a proof of primacy was reached, and that is
 *            its answer; but of a call that was sent before it is proposed all the same
 *   gate     conditions on soft state: replicas reported, workers with room
 *   propose  encode, append
 *   (apply)  machine.c: its result is the answer
 *   answer   committed: the result; surely not written: from the beginning; unknown: no answer
 */
#include "base/err.h"
#include "base/log.h"
#include "base/twins.h"
#include "master/master_private.h"
#include "master/roles.h"

/* ---- answers ---- */

void write_refusal(struct master_write *write, int rc, struct str message)
{
	write->result = (struct ns_result){.rc = rc, .message = message};
}

void write_keep_status(struct master_write *write)
{
	struct ns_status *status = &write->result.status;

	if (!write->result.has_status)
		return;
	status->name = arena_copy(write->arena, status->name);
	status->owner = arena_copy(write->arena, status->owner);
	status->group = arena_copy(write->arena, status->group);
}

/* The caller has it back; then its repeats go on. */
static void write_finish(struct master_write *write)
{
	struct list repeats;
	bool is_unknown = write->is_unknown;

	list_init(&repeats);
	list_splice(&repeats, &write->repeats);
	in_flight_remove(write);
	write->done(write);
	while (!list_is_empty(&repeats)) {
		struct master_write *repeat = LIST_FIRST(&repeats, struct master_write, node);

		list_remove(&repeat->node);
		if (is_unknown) {
			repeat->is_unknown = true;
			write_refusal(repeat, -ERR_UNKNOWN_OUTCOME, (struct str){0});
			write_finish(repeat);
		} else {
			write_admit(repeat);
		}
	}
}

void writes_finish(struct master *master)
{
	while (!list_is_empty(&master->finished)) {
		struct master_write *write =
		        LIST_FIRST(&master->finished, struct master_write, node);

		list_remove(&write->node);
		write_finish(write);
	}
}

static void run_finished(struct io_hook *hook)
{
	writes_finish(CONTAINER_OF(hook, struct master, finished_hook));
}

/* write->result is the answer; done() runs at the end of the turn. */
static void write_answer(struct master_write *write)
{
	struct master *master = write->master;

	write_keep_status(write);
	write->index = ns_applied(master->ns);
	list_append(&master->finished, &write->node);
	io_at_turn_end(master->io, &master->finished_hook);
}

/* ---- at a master that is not primary ---- */

static size_t write_bytes(struct master_write *write)
{
	buf_clear(&write->master->payload);
	command_encode(&write->command, &write->master->payload);
	return sizeof(*write) + write->master->payload.size;
}

/* Surely in no journal: it waits until it can be admitted.  Not in flight meanwhile. */
static void write_hold(struct master_write *write)
{
	struct master *master = write->master;

	if (standby_hold(master, &write->held, write_bytes(write)))
		return;
	write_refusal(write, -ERR_RETRIABLE, hold_text(master, &write->held, write->arena));
	write_answer(write);
}

/* False: a block was given out with workers of which this master knows none yet. */
static bool can_be_told(struct master *master, const struct ns_result *first)
{
	for (size_t i = 0; i < first->workers.count; i++)
		if (workers_find(master->workers, first->workers.items[i]) != NULL)
			return true;
	return first->workers.count == 0;
}

/* Another master is primary and lived after the call arrived.  What was done before is answered
 * here: some clients would do it again there, under another id. */
static void write_elsewhere(struct master_write *write)
{
	struct master *master = write->master;
	struct ns_result first = {0};

	if (!standby_follows(master)) {
		write_admit(write);
		return;
	}
	/* A retry table that is not the primary's may lack it, or say something else of it. */
	write->is_unknown = journal_is_odd(master->journal) && !IS_BROKEN(ODD_SENDS_ELSEWHERE);
	if (!write->is_unknown && !IS_BROKEN(STANDBY_FOR_JOURNALED) &&
	    ns_retry_find(master->ns, &write->command, write->arena, &first)) {
		write->result = first;
		write->is_unknown = !can_be_told(master, &first);
	}
	if (write->is_unknown || !first.is_repeat)
		write_refusal(write, -ERR_STANDBY,
		              master_standby_text(master, "WRITE", write->arena));
	write_answer(write);
}

static void write_primary_answered(struct proof_wait *wait, int rc)
{
	struct master_write *write = CONTAINER_OF(wait, struct master_write, proof);

	if (rc < 0)
		write_hold(write);
	else
		write_elsewhere(write);
}

static void write_leave_hold(struct held *held, enum hold_end end)
{
	struct master_write *write = CONTAINER_OF(held, struct master_write, held);

	switch (end) {
	case HOLD_OVER: write_admit(write); break;
	case HOLD_PROVED: write_elsewhere(write); break;
	case HOLD_EXPIRED:
		write_refusal(write, -ERR_RETRIABLE, hold_text(write->master, held, write->arena));
		write_answer(write);
		break;
	}
}

static void write_withdraw(struct master_write *write)
{
	struct list repeats;

	list_init(&repeats);
	list_splice(&repeats, &write->repeats);
	in_flight_remove(write);
	write_hold(write);
	while (!list_is_empty(&repeats)) {
		struct master_write *repeat = LIST_FIRST(&repeats, struct master_write, node);

		list_remove(&repeat->node);
		write_hold(repeat);
	}
}

/* ---- admit ---- */

void write_admit(struct master_write *write)
{
	struct master *master = write->master;
	struct list *bucket = in_flight_bucket(&master->in_flight, &write->command);
	struct master_write *original = in_flight_find(bucket, &write->command);

	if (original != NULL) {
		gate_count_time(write);
		list_append(&original->repeats, &write->node);
	} else if (master_takes_calls(master)) {
		in_flight_add(bucket, write);
		write_judge(write, false);
	} else if (standby_follows(master) && IS_BROKEN(STANDBY_UNASKED)) {
		write_elsewhere(write);
	} else if (standby_follows(master)) {
		write->proof.reached = write_primary_answered;
		proofs_wait(&master->proofs, &write->proof);
	} else {
		write_hold(write);
	}
}

void master_write(struct master *master, struct master_write *write)
{
	OBJ_CHECK(master, MASTER_MAGIC);
	write->master = master;
	write->result = (struct ns_result){0};
	write->is_unknown = false;
	write->index = 0;
	write->give_up_us = 0;
	write->waits_from = 0;
	write->has_tried_expiry = false;
	write->held = (struct held){.leave = write_leave_hold};
	write->append.done = write_journal_done;
	list_init(&write->node);
	list_init(&write->in_flight);
	list_init(&write->repeats);
	write_admit(write);
}

/* ---- judge ---- */

static void write_proved(struct proof_wait *wait, int rc)
{
	struct master_write *write = CONTAINER_OF(wait, struct master_write, proof);

	if (rc < 0)
		write_withdraw(write);
	else
		write_judge(write, true);
}

/* write->result would be the answer; it needs a proof that began after the call arrived. */
static void write_answer_proved(struct master_write *write, bool is_proved)
{
	if (is_proved) {
		write_answer(write);
		return;
	}
	write->proof.reached = write_proved;
	proofs_wait(&write->master->proofs, &write->proof);
}

/* True: it is to be proposed.  Else write->result answers it. */
static bool write_passes(struct master_write *write)
{
	struct master *master = write->master;

	if (safe_mode_refuse(write))
		return false;
	write->result = (struct ns_result){0};
	ns_check(master->ns, &write->command, &master->options.limits, write->arena,
	         &write->result);
	if (write->result.rc < 0 || write->result.is_repeat || write->result.changes_nothing)
		return false;
	return !limits_refuse_growth(write);
}

/* True: apply refuses it, or it changes nothing, and no soft state was to be waited for. */
static bool is_for_apply_to_refuse(struct master_write *write)
{
	struct ns_result result = {0};

	if (write->command.kind == ENTRY_complete || write->command.kind == ENTRY_add_block)
		return false;
	ns_check(write->master->ns, &write->command, /* limits= */ NULL, write->arena, &result);
	return result.rc < 0 || result.changes_nothing;
}

/* A copy that was sent earlier may lie in a connection which the caller gave up, in a network that
 * is cut, and come when this answer was taken and what it rests on has changed.  Only a row of the
 * retry table keeps that copy from being carried out then. */
static bool must_be_kept(struct master_write *write)
{
	const struct ns_result *result = &write->result;

	return write->is_retried && write->command.has_client && !result->is_repeat &&
	       (result->rc == 0 || err_action(result->rc) == ERR_ACTION_FAIL) &&
	       is_for_apply_to_refuse(write);
}

static void write_propose(struct master_write *write, bool is_proved);

void write_judge(struct master_write *write, bool is_proved)
{
	struct master *master = write->master;
	enum gate gate;

	if (!master_takes_calls(master)) {
		write_withdraw(write);
		return;
	}
	if (write->is_alive != NULL && !write->is_alive(write)) {
		write_refusal(write, -ERR_CLOSED, (struct str){0});
		write_answer(write);
		return;
	}
	if (write_passes(write)) {
		gate = gate_replicas(write);
	} else {
		gate = gate_chosen(write);
		if (gate == GATE_SHUT)
			gate = gate_lease(write);
		if (gate == GATE_SHUT && must_be_kept(write))
			gate = GATE_OPEN;
	}
	switch (gate) {
	case GATE_OPEN: write_propose(write, is_proved); break;
	case GATE_WAIT: break;
	case GATE_SHUT: write_answer_proved(write, is_proved); break;
	}
}

/* ---- propose ---- */

static void turn_is_over(struct io_hook *hook)
{
	CONTAINER_OF(hook, struct master, clocks_hook)->has_clocks = false;
}

/* Once for all that is proposed in a turn. */
static void read_clocks(struct master *master)
{
	if (master->has_clocks)
		return;
	master->has_clocks = true;
	master->turn_wall_ms = io_wall_ms(master->io);
	master->turn_us = io_now_us(master->io);
	io_at_turn_end(master->io, &master->clocks_hook);
}

int write_append(struct master_write *write)
{
	struct master *master = write->master;
	struct command *command = &write->command;
	int rc;

	read_clocks(master);
	command->wall_ms = master->turn_wall_ms;
	command->age_ms = age_next_ms(&master->age, master->turn_us);
	buf_clear(&master->payload);
	command_encode(command, &master->payload);
	if (master->payload.failed)
		return -ERR_NO_MEMORY;
	write->append.kind = command->kind;
	write->append.version = command->version;
	write->append.payload = buf_str(&master->payload);
	rc = journal_append(master->journal, &write->append);
	if (rc == 0)
		master->in_journal++;
	return rc;
}

static void say_no_space(struct master *master)
{
	if (master->has_no_space)
		return;
	master->has_no_space = true;
	log_event(LOG_ROOM_REFUSED, "folder=%s", master->options.folder);
}

static struct str append_text(struct master_write *write, int rc)
{
	switch (rc) {
	case -ERR_NO_SPACE:
		return arena_format(write->arena,
		                    "The disk of the master's journal is full: changes are refused "
		                    "until there is room, reads go on.");
	case -ERR_TOO_LARGE:
		return arena_format(write->arena,
		                    "The change takes %zu bytes in the journal, which is more than "
		                    "an entry may have (%zu).",
		                    write->append.payload.size,
		                    write->master->options.journal.entry_bytes_max);
	default: return str_of(err_text(rc));
	}
}

static void write_propose(struct master_write *write, bool is_proved)
{
	struct master *master = write->master;
	enum gate gate;
	int rc;

	if (write->command.has_client && limits_retry_table_full(master)) {
		ticker_hurry(master);
		write_withdraw(write);
		return;
	}
	gate = gate_placement(write);
	if (gate == GATE_SHUT)
		write_answer_proved(write, is_proved);
	if (gate != GATE_OPEN)
		return;
	rc = write_append(write);
	switch (rc) {
	case 0: break;
	case -ERR_AGAIN: list_append(&master->for_room, &write->node); break;
	case -ERR_STANDBY: write_withdraw(write); break;
	case -ERR_NO_SPACE:
		say_no_space(master);
		/* fall through */
	default:
		write_refusal(write, rc, append_text(write, rc));
		write_answer_proved(write, is_proved);
	}
}

void writes_room(struct master *master)
{
	struct list waiting;

	if (master->has_no_space) {
		master->has_no_space = false;
		log_event(LOG_ROOM_AGAIN, "folder=%s", master->options.folder);
	}
	list_init(&waiting);
	list_splice(&waiting, &master->for_room);
	/* When one has to wait again, so have those behind it. */
	while (!list_is_empty(&waiting) && list_is_empty(&master->for_room)) {
		struct master_write *write = LIST_FIRST(&waiting, struct master_write, node);

		list_remove(&write->node);
		write_judge(write, false);
	}
	list_splice(&master->for_room, &waiting);
}

void writes_wake(struct master *master)
{
	while (!list_is_empty(&master->waiting)) {
		struct master_write *write =
		        LIST_FIRST(&master->waiting, struct master_write, node);

		list_remove(&write->node);
		workers_wait_cancel(&write->replicas);
		write_judge(write, false);
	}
	writes_room(master);
}

void writes_init(struct master *master)
{
	list_init(&master->waiting);
	list_init(&master->for_room);
	list_init(&master->finished);
	master->finished_hook.run = run_finished;
	master->clocks_hook.run = turn_is_over;
}

/* ---- the journal's word ---- */

void write_journal_done(struct journal_append *append, enum journal_outcome outcome)
{
	struct master_write *write = CONTAINER_OF(append, struct master_write, append);
	struct master *master = write->master;

	master->in_journal--;
	switch (outcome) {
	case JOURNAL_COMMITTED:
		write->index = append->index;
		write_finish(write);
		break;
	case JOURNAL_NOT_WRITTEN: write_withdraw(write); break;
	case JOURNAL_UNKNOWN:
		write->is_unknown = true;
		write_refusal(write, -ERR_UNKNOWN_OUTCOME, (struct str){0});
		write_finish(write);
		break;
	}
	role_settled(master);
}
