/* SPDX-License-Identifier: Apache-2.0 */
#include "master/master.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "master/master_private.h"
#include "master/roles.h"

enum { TXID_SECONDS_BITS = 24 };

/* ---- what the journal says ---- */

static void journal_phase_changed(void *context, const struct journal_progress *progress)
{
	struct master *master = context;

	switch (progress->phase) {
	case JOURNAL_STARTING: break;
	case JOURNAL_LEADING:
		master->has_replayed = true;
		role_journal_leads(master);
		break;
	case JOURNAL_FOLLOWING:
		master->has_replayed = true;
		role_journal_follows(master);
		break;
	case JOURNAL_STOPPED: role_journal_follows(master); break;
	}
	standby_look(master);
}

static void journal_progressed(void *context, const struct journal_progress *progress)
{
	char eta[48] = "unknown";

	(void)context;
	if (progress->phase != JOURNAL_STARTING)
		return;
	if (progress->eta_ms != UINT64_MAX)
		snprintf(eta, sizeof(eta), "%" PRIu64, progress->eta_ms);
	log_event(LOG_START_PROGRESS,
	          "applied=%" PRIu64 " target=%" PRIu64 " bytes=%" PRIu64 " of=%" PRIu64
	          " elapsed_ms=%" PRIu64 " eta_ms=%s",
	          progress->applied, progress->target, progress->bytes_done, progress->bytes_total,
	          progress->elapsed_ms, eta);
}

static void journal_has_room(void *context)
{
	struct master *master = context;

	role_room(master);
	writes_room(master);
}

static void journal_failed(void *context, int rc, const char *text)
{
	struct master *master = context;

	log_event(LOG_FAILURE, "%s", text);
	if (master->options.on_failure != NULL)
		master->options.on_failure(master->options.context, rc, text);
}

static void journal_noticed(void *context, int rc, const char *text)
{
	(void)context;
	log_event(rc < 0 ? LOG_TROUBLE : LOG_NOTE, "%s", text);
}

/* ---- life ---- */

static void master_free(struct master *master)
{
	io_hook_cancel(&master->finished_hook);
	io_hook_cancel(&master->clocks_hook);
	leases_destroy(master->leases);
	workers_destroy(master->workers);
	ns_destroy(master->ns);
	buf_finish(&master->payload);
	arena_finish(&master->scratch);
	arena_finish(&master->texts);
	role_finish(master);
	ticker_finish(master);
	reclaim_finish(master);
	safe_mode_finish(master);
	standby_finish(master);
	patience_finish(master);
	machine_finish(master);
	hold_finish(&master->hold);
	master->magic = 0;
	mem_free(master);
}

static int master_init(struct master *master, const struct master_options *options)
{
	const struct workers_options workers = {.io = options->io,
	                                        .stale_ms = options->worker_stale_ms,
	                                        .dead_ms = options->worker_dead_ms};

	master->magic = MASTER_MAGIC;
	master->options = *options;
	master->io = options->io;
	io_random(master->io, &master->seed, sizeof(master->seed));
	buf_init(&master->payload);
	arena_init(&master->scratch, 0);
	arena_init(&master->texts, 0);
	hold_init(&master->hold, master->io, options->hold_ms, options->hold_calls_max,
	          options->hold_bytes_max);
	proofs_init(&master->proofs);
	in_flight_init(&master->in_flight, master->seed);
	writes_init(master);
	role_init(master);
	ticker_init(master);
	reclaim_init(master);
	safe_mode_init(master);
	standby_init(master);
	patience_init(master);
	machine_init(master);
	master->ns = ns_create(master->seed);
	master->workers = workers_create(&workers);
	master->leases = leases_create(master);
	if (master->workers == NULL || master->leases == NULL)
		return -ERR_NO_MEMORY;
	workers_set_namespace(master->workers, master->ns);
	return 0;
}

static int open_journal(struct master *master, char **ret_text)
{
	struct journal_options options = master->options.journal;
	int rc;

	options.io = master->io;
	options.folder = master->options.folder;
	options.machine = machine_of(master);
	options.context = master;
	options.on_phase = journal_phase_changed;
	options.on_progress = journal_progressed;
	options.on_room = journal_has_room;
	options.on_failure = journal_failed;
	options.on_notice = journal_noticed;
	rc = journal_open(&options, &master->journal, ret_text);
	master->proofs.journal = master->journal;
	return rc;
}

int master_create(const struct master_options *options, struct master **ret_master, char **ret_text)
{
	struct master *master = mem_zalloc(sizeof(*master));
	char *text = NULL;
	int rc;

	if (master == NULL)
		return -ERR_NO_MEMORY;
	rc = master_init(master, options);
	if (rc == 0)
		rc = open_journal(master, &text);
	if (rc < 0) {
		master_free(master);
		*ret_text = text != NULL ? text : mem_strdup(str_of(err_text(rc)));
		return rc;
	}
	*ret_master = master;
	return 0;
}

static void journal_closed(void *context)
{
	struct master *master = context;

	writes_finish(master);
	master->on_closed(master->closed_context);
}

static void close_now(struct master *master)
{
	master->is_closing = true;
	hold_release(&master->hold, HOLD_EXPIRED, master->hold.puts);
	writes_wake(master);
	workers_wait_end_all(master->workers);
	journal_close(master->journal, journal_closed, master);
}

/* Or not: then its peers will miss it after an election time-out. */
static void handed_over(struct journal_change *change, int rc, const char *text)
{
	(void)rc;
	(void)text;
	close_now(CONTAINER_OF(change, struct master, handover));
}

void master_close(struct master *master, void (*on_closed)(void *context), void *context)
{
	OBJ_CHECK(master, MASTER_MAGIC);
	CHECK(master->on_closed == NULL);
	master->on_closed = on_closed;
	master->closed_context = context;
	if (master->role != MASTER_PRIMARY) {
		close_now(master);
		return;
	}
	master->handover = (struct journal_change){
	        .kind = JOURNAL_TRANSFER, .address = "", .done = handed_over};
	journal_change(master->journal, &master->handover);
}

void master_destroy(struct master *master)
{
	if (master == NULL)
		return;
	OBJ_CHECK(master, MASTER_MAGIC);
	journal_destroy(master->journal);
	master_free(master);
}

/* ---- questions ---- */

enum master_role master_role(const struct master *master)
{
	return master->role;
}

struct namespace *master_namespace(struct master *master)
{
	return master->ns;
}

struct journal *master_journal(struct master *master)
{
	return master->journal;
}

struct workers *master_workers(struct master *master)
{
	return master->workers;
}

struct leases *master_leases(struct master *master)
{
	return master->leases;
}

uint64_t master_applied(const struct master *master)
{
	return ns_applied(master->ns);
}

const struct master_promotion *master_last_promotion(const struct master *master)
{
	return &master->promotion;
}

uint64_t master_heartbeat_txid(const struct master *master)
{
	uint64_t seconds_max = (1u << TXID_SECONDS_BITS) - 1;
	uint64_t seconds = 0;

	if (master->role == MASTER_PRIMARY)
		seconds = (io_now_us(master->io) - master->promoted_us) / (1000 * 1000);
	if (seconds > seconds_max)
		seconds = seconds_max;
	return journal_epoch(master->journal) << TXID_SECONDS_BITS | seconds;
}
