/* SPDX-License-Identifier: Apache-2.0 */
#include "master/roles.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/log.h"
#include "master/master_private.h"

enum { NOOP_AGAIN_US = 50 * 1000 };

static const struct {
	const char *name;
	unsigned next;
} roles[] = {
        [MASTER_STANDBY] = {"standby", BIT(MASTER_PROMOTING)},
        [MASTER_PROMOTING] = {"promoting", BIT(MASTER_PRIMARY) | BIT(MASTER_STEPPING_DOWN)},
        [MASTER_PRIMARY] = {"primary", BIT(MASTER_STEPPING_DOWN)},
        [MASTER_STEPPING_DOWN] = {"stepping down", BIT(MASTER_STANDBY)},
};

const char *master_role_name(enum master_role role)
{
	return roles[role].name;
}

bool role_may_move(enum master_role from, enum master_role to)
{
	return (roles[from].next & BIT(to)) != 0;
}

/* What holds in a role from its first moment on. */
static void check_invariant(const struct master *master)
{
	switch (master->role) {
	case MASTER_STANDBY:
		CHECK(master->in_journal == 0);
		CHECK(list_is_empty(&master->waiting) && list_is_empty(&master->for_room));
		break;
	case MASTER_PROMOTING: CHECK(!master->noop.is_running); break;
	case MASTER_PRIMARY: CHECK(ns_applied(master->ns) >= master->noop.write.index); break;
	case MASTER_STEPPING_DOWN: break;
	}
}

void role_move(struct master *master, enum master_role to)
{
	uint64_t now_us = io_now_us(master->io);
	enum master_role from = master->role;

	CHECK(role_may_move(from, to));
	master->role = to;
	check_invariant(master);
	log_event(LOG_ROLE_CHANGED,
	          "from=%s to=%s epoch=%" PRIu64 " applied=%" PRIu64 " after_ms=%" PRIu64,
	          roles[from].name, roles[to].name, journal_epoch(master->journal),
	          ns_applied(master->ns), (now_us - master->role_since_us) / 1000);
	master->role_since_us = now_us;
	if (master->options.on_role != NULL)
		master->options.on_role(master->options.context, to);
}

/* ---- promotion ---- */

static void note_promotion_begin(struct master *master)
{
	struct journal_quorum quorum;

	journal_quorum(master->journal, &quorum);
	master->promotion = (struct master_promotion){
	        .epoch = journal_epoch(master->journal),
	        .unheard_us = quorum.primary_heard_ms_ago == UINT64_MAX
	                              ? UINT64_MAX
	                              : quorum.primary_heard_ms_ago * 1000,
	};
}

static void note_promotion_end(struct master *master)
{
	struct master_promotion *promotion = &master->promotion;

	promotion->at_wall_ms = io_wall_ms(master->io);
	promotion->promotion_us = io_now_us(master->io) - master->promoted_us;
	log_event(LOG_PROMOTED, "epoch=%" PRIu64 " unheard_ms=%" PRId64 " promotion_us=%" PRIu64,
	          promotion->epoch,
	          promotion->unheard_us == UINT64_MAX ? -1
	                                              : (int64_t)(promotion->unheard_us / 1000),
	          promotion->promotion_us);
}

static void serve(struct master *master)
{
	role_move(master, MASTER_PRIMARY);
	safe_mode_promoted(master);
	ticker_promoted(master);
	reclaim_promoted(master);
	note_promotion_end(master);
	hold_release(&master->hold, HOLD_OVER, master->hold.puts);
}

static void noop_done(struct proposal *noop, int rc)
{
	struct master *master = noop->write.master;

	if (rc < 0 || master->role != MASTER_PROMOTING)
		return; /* primacy was lost meanwhile */
	noop->write.index = noop->write.append.index;
	serve(master);
}

static void noop_again(struct io_timer *timer)
{
	role_room(CONTAINER_OF(timer, struct master, noop_again));
}

void role_init(struct master *master)
{
	proposal_init(&master->noop, master, noop_done);
	master->noop.write.command.kind = ENTRY_noop;
	io_timer_init(master->io, &master->noop_again, noop_again);
	master->role_since_us = io_now_us(master->io);
}

void role_finish(struct master *master)
{
	io_timer_stop(&master->noop_again);
	proposal_finish(&master->noop);
}

void role_room(struct master *master)
{
	int rc;

	if (master->role != MASTER_PROMOTING || master->noop.is_running)
		return;
	rc = proposal_start(&master->noop);
	/* With a full disk it serves what needs no entry.  Else on_room or on_phase brings us back,
	 * but nobody says when there is memory. */
	if (rc == -ERR_NO_SPACE)
		serve(master);
	else if (rc == -ERR_NO_MEMORY)
		io_timer_start(&master->noop_again, NOOP_AGAIN_US);
}

void role_journal_leads(struct master *master)
{
	if (master->role != MASTER_STANDBY)
		return; /* role_settled() looks again */
	note_promotion_begin(master);
	master->promoted_us = io_now_us(master->io);
	age_promote(&master->age, ns_age_ms(master->ns), master->applied_us, master->promoted_us);
	role_move(master, MASTER_PROMOTING);
	leases_promoted(master->leases);
	workers_set_primary(master->workers, true);
	role_room(master);
}

/* ---- demotion ---- */

void role_journal_follows(struct master *master)
{
	if (master->role != MASTER_PROMOTING && master->role != MASTER_PRIMARY)
		return;
	role_move(master, MASTER_STEPPING_DOWN);
	safe_mode_demoted(master);
	ticker_demoted(master);
	reclaim_demoted(master);
	leases_demoted(master->leases);
	workers_set_primary(master->workers, false);
	writes_wake(master);
	patience_look(master);
	role_settled(master);
}

void role_settled(struct master *master)
{
	struct journal_progress progress;

	if (master->role != MASTER_STEPPING_DOWN || master->in_journal > 0)
		return;
	role_move(master, MASTER_STANDBY);
	journal_progress(master->journal, &progress);
	if (progress.phase == JOURNAL_LEADING)
		role_journal_leads(master);
}
