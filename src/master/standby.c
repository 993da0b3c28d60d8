/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls at a master that is not primary.
 *
 * A known primary may be dead, and clients other than Java's give up when one master sends them to
 * another that is gone.  So a call at a standby first asks the journal for a round with the primary
 * (proofs.h).  When that fails the call is held, and the round is tried again and again: its answer
 * serves all that were held before it began.
 */
#include <inttypes.h>

#include "base/err.h"
#include "master/master_private.h"

enum { PROBE_PAUSE_US = 20 * 1000 };

/* ---- holding ---- */

bool standby_follows(const struct master *master)
{
	struct journal_progress progress;

	if (master->is_closing || master->journal == NULL || master->role == MASTER_PROMOTING)
		return false;
	journal_progress(master->journal, &progress);
	return progress.phase == JOURNAL_FOLLOWING;
}

/* A full retry table holds calls too, but those go with a tick. */
static bool may_probe(const struct master *master)
{
	return standby_follows(master) ||
	       (master_takes_calls(master) && !limits_retry_table_full(master));
}

static void probe_answered(struct proof_wait *proof, int rc)
{
	struct probe *probe = CONTAINER_OF(proof, struct probe, proof);
	struct master *master = CONTAINER_OF(probe, struct master, probe);

	probe->is_running = false;
	probe->next_us = io_now_us(master->io) + PROBE_PAUSE_US;
	if (rc == 0 && master->role != MASTER_PROMOTING) /* whose end releases all */
		hold_release(&master->hold, HOLD_PROVED, probe->puts);
	standby_look(master);
}

static void probe_begin(struct io_timer *timer)
{
	struct probe *probe = CONTAINER_OF(timer, struct probe, timer);
	struct master *master = CONTAINER_OF(probe, struct master, probe);

	if (!may_probe(master))
		return; /* standby_look() is called when that changes */
	probe->is_running = true;
	probe->puts = master->hold.puts;
	proofs_wait(&master->proofs, &probe->proof);
}

/* Not in this call: it may come out of the journal. */
void standby_look(struct master *master)
{
	struct probe *probe = &master->probe;
	uint64_t now_us = io_now_us(master->io);

	if (master->hold.count > 0 && !probe->is_running && !io_timer_is_started(&probe->timer) &&
	    may_probe(master))
		io_timer_start(&probe->timer,
		               probe->next_us > now_us ? probe->next_us - now_us : 0);
}

bool standby_hold(struct master *master, struct held *held, size_t bytes)
{
	if (master->is_closing || !hold_put(&master->hold, held, bytes))
		return false;
	standby_look(master);
	return true;
}

void standby_init(struct master *master)
{
	master->probe.proof.reached = probe_answered;
	io_timer_init(master->io, &master->probe.timer, probe_begin);
}

void standby_finish(struct master *master)
{
	io_timer_stop(&master->probe.timer);
}

/* ---- what is said ---- */

struct str hold_text(struct master *master, const struct held *held, struct arena *arena)
{
	struct journal_progress progress;

	if (master->is_closing)
		return arena_format(arena, "This master is stopping. Try again.");
	if (master->role == MASTER_PRIMARY && limits_retry_table_full(master))
		return arena_format(arena,
		                    "The retry table is full (%" PRIu64
		                    " rows): calls wait until old answers may be forgotten. "
		                    "Try again.",
		                    master->options.retry_rows_max);
	journal_progress(master->journal, &progress);
	if (progress.phase != JOURNAL_STARTING && held->due_us == 0)
		return arena_format(
		        arena,
		        "No primary master is known, and there is no room for this call "
		        "among the %zu that wait for one (%zu bytes). Try again.",
		        master->hold.count, master->hold.bytes);
	if (progress.phase != JOURNAL_STARTING)
		return arena_format(arena,
		                    "No primary master is known: this call has waited %" PRIu64
		                    " ms for one. Try again.",
		                    master->options.hold_ms);
	return arena_format(
	        arena,
	        "No primary master is known: this one is starting and has applied entry "
	        "%" PRIu64 " of %" PRIu64 ". Try again.",
	        progress.applied, progress.target);
}

bool master_find_primary(const struct master *master,
                         char ret_address[JOURNAL_ADDRESS_BYTES_MAX + 1])
{
	struct journal_quorum quorum;

	journal_quorum(master->journal, &quorum);
	for (size_t i = 0; i < quorum.count; i++) {
		const struct journal_member *member = &quorum.members[i];

		if (!member->is_primary || member->is_self || member->service_address[0] == 0)
			continue;
		memcpy(ret_address, member->service_address, sizeof(member->service_address));
		return true;
	}
	return false;
}

struct str master_standby_text(const struct master *master, const char *category,
                               struct arena *arena)
{
	char primary[JOURNAL_ADDRESS_BYTES_MAX + 1];
	bool is_known = master_find_primary(master, primary);

	/* HDFS, StandbyState.checkOperation, and then what it does not say. */
	return arena_format(arena,
	                    "Operation category %s is not supported in state standby. Visit "
	                    "https://s.apache.org/sbnn-error%s%s%s",
	                    category, is_known ? " (the primary is " : "", is_known ? primary : "",
	                    is_known ? ")" : "");
}

/* ---- questions ---- */

void master_held(const struct master *master, size_t *ret_calls, size_t *ret_bytes)
{
	*ret_calls = master->hold.count;
	*ret_bytes = master->hold.bytes;
}

/* The proof came, perhaps from another primary. */
static void prove_reached(struct proof_wait *proof, int rc)
{
	struct primacy_wait *wait = CONTAINER_OF(proof, struct primacy_wait, proof);

	wait->reached(wait, rc == 0 && !master_takes_calls(wait->master) ? -ERR_STANDBY : rc);
}

void master_prove(struct master *master, struct primacy_wait *wait)
{
	wait->master = master;
	wait->proof.reached = prove_reached;
	if (master_takes_calls(master))
		proofs_wait(&master->proofs, &wait->proof);
	else
		wait->reached(wait, -ERR_STANDBY);
}
