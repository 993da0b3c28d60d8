/* SPDX-License-Identifier: Apache-2.0 */
#include "master/safe_mode.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/log.h"
#include "master/master_private.h"

enum {
	LOOK_US = 100 * 1000,
	LOCATED_PER_MILLE = 999, /* HDFS: dfs.namenode.safemode.threshold-pct */
};

/* ---- the one at start ---- */

struct reported {
	uint64_t located;
	uint64_t complete; /* blocks */
	uint64_t wanted;
};

static struct reported reported_blocks(struct master *master)
{
	struct workers_totals totals;
	struct ns_counts counts;
	uint64_t complete;

	workers_totals(master->workers, &totals);
	ns_counts(master->ns, &counts);
	complete = counts.blocks - counts.open_blocks;
	return (struct reported){.located = totals.located,
	                         .complete = complete,
	                         .wanted =
	                                 complete - complete / (1000 / (1000 - LOCATED_PER_MILLE))};
}

static bool has_reports(struct reported reported)
{
	return reported.located >= reported.wanted;
}

static void end_start(struct master *master, const char *reason)
{
	struct reported reported = reported_blocks(master);

	master->start_mode.is_on = false;
	io_timer_stop(&master->start_mode.timer);
	workers_send_deletions(master->workers, true);
	log_event(LOG_SAFE_MODE_CHANGED,
	          "start=off reason=\"%s\" located=%" PRIu64 " blocks=%" PRIu64
	          " after_ms=%" PRIu64,
	          reason, reported.located, reported.complete,
	          (io_now_us(master->io) - master->start_mode.began_us) / 1000);
}

static void look_again(struct master *master)
{
	workers_hurry(master->workers);
	io_timer_start(&master->start_mode.timer, LOOK_US);
}

/* Ends it when it may. */
static void look_at_start(struct io_timer *timer)
{
	struct start_mode *mode = CONTAINER_OF(timer, struct start_mode, timer);
	struct master *master = CONTAINER_OF(mode, struct master, start_mode);
	struct reported reported = reported_blocks(master);
	uint64_t passed_ms = (io_now_us(master->io) - mode->began_us) / 1000;

	if (reported.complete == 0)
		end_start(master, "there are no blocks");
	else if (workers_scans(master->workers) > mode->scans && has_reports(reported))
		end_start(master, "blocks are located");
	else if (!master->options.startup_safe_mode_readonly &&
	         passed_ms >= master->options.startup_safe_mode_ms)
		end_start(master, "workers had long enough to come");
	else
		look_again(master);
}

void safe_mode_init(struct master *master)
{
	io_timer_init(master->io, &master->start_mode.timer, look_at_start);
}

void safe_mode_finish(struct master *master)
{
	io_timer_stop(&master->start_mode.timer);
}

void safe_mode_promoted(struct master *master)
{
	master->start_mode.is_on = true;
	master->start_mode.began_us = io_now_us(master->io);
	master->start_mode.scans = workers_scans(master->workers);
	if (master->start_mode.scans > 0 && has_reports(reported_blocks(master))) {
		end_start(master, "blocks were located while it was a standby");
		return;
	}
	workers_recount(master->workers);
	look_at_start(&master->start_mode.timer);
	if (master->start_mode.is_on)
		log_event(LOG_SAFE_MODE_CHANGED, "start=on readonly=%s",
		          master->options.startup_safe_mode_readonly ? "true" : "false");
}

void safe_mode_demoted(struct master *master)
{
	master->start_mode.is_on = false;
	io_timer_stop(&master->start_mode.timer);
	workers_send_deletions(master->workers, false);
}

void safe_mode_end_start(struct master *master)
{
	if (master->start_mode.is_on)
		end_start(master, "the operator left it");
}

bool safe_mode_is_starting(struct master *master)
{
	return master->start_mode.is_on;
}

static bool is_readonly_start(const struct master *master)
{
	return master->start_mode.is_on && master->options.startup_safe_mode_readonly;
}

bool safe_mode_refuses(struct master *master)
{
	return ns_safe_mode(master->ns) || is_readonly_start(master);
}

/* ---- refusals ---- */

static struct str start_tip(struct master *master, struct arena *arena)
{
	struct reported reported = reported_blocks(master);

	return arena_format(arena,
	                    "It waits for the workers' reports: %" PRIu64 " of %" PRIu64
	                    " blocks are located, %" PRIu64 " are wanted. It ends by itself.",
	                    reported.located, reported.complete, reported.wanted);
}

struct str safe_mode_text(struct master *master, struct str what, struct arena *arena)
{
	struct str tip = STR("It was turned on manually. Use \"hdfs dfsadmin -safemode leave\" to "
	                     "turn safe mode off.");

	if (!ns_safe_mode(master->ns))
		tip = start_tip(master, arena);
	return arena_format(arena, "%.*s. Name node is in safe mode.\n%.*s NamenodeHostName:%s",
	                    STR_ARGS(what), STR_ARGS(tip), io_host_name(master->io));
}

/* HDFS, FSNamesystem.checkNameNodeSafeMode: what each call cannot do. */
static struct str what_cannot(const struct command *c, struct arena *arena)
{
	switch (c->kind) {
	case ENTRY_mkdirs:
		return arena_format(arena, "Cannot create directory %.*s",
		                    STR_ARGS(c->mkdirs.path));
	case ENTRY_create:
		return arena_format(arena, "Cannot create file%.*s", STR_ARGS(c->create.path));
	case ENTRY_add_block:
		return arena_format(arena, "Cannot add block to %.*s", STR_ARGS(c->add_block.path));
	case ENTRY_abandon_block:
		return arena_format(arena,
		                    "Cannot abandon block blk_%" PRIu64 "_%" PRIu64 " for file%.*s",
		                    c->abandon_block.block.id, c->abandon_block.block.stamp,
		                    STR_ARGS(c->abandon_block.path));
	case ENTRY_complete:
		return arena_format(arena, "Cannot complete file %.*s", STR_ARGS(c->complete.path));
	case ENTRY_rename:
		return arena_format(arena, "Cannot rename %.*s", STR_ARGS(c->rename.source));
	case ENTRY_rename2:
		return arena_format(arena, "Cannot rename %.*s", STR_ARGS(c->rename2.source));
	case ENTRY_delete:
		return arena_format(arena, "Cannot delete %.*s", STR_ARGS(c->delete.path));
	case ENTRY_set_permission:
		return arena_format(arena, "Cannot set permission for %.*s",
		                    STR_ARGS(c->set_permission.path));
	case ENTRY_set_owner:
		return arena_format(arena, "Cannot set owner for %.*s",
		                    STR_ARGS(c->set_owner.path));
	case ENTRY_set_times:
		return arena_format(arena, "Cannot set times %.*s", STR_ARGS(c->set_times.path));
	case ENTRY_set_replication:
		return arena_format(arena, "Cannot set replication for %.*s",
		                    STR_ARGS(c->set_replication.path));
	case ENTRY_recover_lease:
		return arena_format(arena, "Cannot recover the lease of %.*s",
		                    STR_ARGS(c->recover_lease.path));
	case ENTRY_fsync:
		return arena_format(arena, "Cannot fsync file %.*s", STR_ARGS(c->fsync.path));
	case ENTRY_new_stamp:
		return arena_format(arena, "Cannot get a new GS for block blk_%" PRIu64 "_%" PRIu64,
		                    c->new_stamp.block.id, c->new_stamp.block.stamp);
	default: return arena_format(arena, "Cannot do %s", entry_kind_name(c->kind));
	}
}

bool safe_mode_refuse(struct master_write *write)
{
	struct master *master = write->master;
	struct ns_result first = {0};

	if (!safe_mode_refuses(master) || write->command.kind == ENTRY_safe_mode)
		return false;
	/* What was done before is still answered. */
	if (ns_retry_find(master->ns, &write->command, write->arena, &first))
		return false;
	write_refusal(
	        write, ns_safe_mode(master->ns) ? -ERR_SAFE_MODE : -ERR_RETRIABLE,
	        safe_mode_text(master, what_cannot(&write->command, write->arena), write->arena));
	return true;
}
