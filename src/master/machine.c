/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the journal drives: the namespace, and what its changes mean for soft state.  Primary,
 * standby and replay are one path.
 */
#include <inttypes.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/twins.h"
#include "master/master_private.h"

enum { RETIRED_LOOK_US = 100 * 1000 };

/* ---- apply ---- */

static void decode_entry(struct master *master, const struct journal_entry *entry,
                         struct command *ret_command)
{
	int rc = command_decode(entry->kind, entry->version, entry->payload, &master->scratch,
	                        ret_command);

	if (rc == -ERR_UNSUPPORTED)
		fatal_damage("entry %" PRIu64 " (kind %u, version %u) was written by a newer "
		             "holdfast; install that version on this master",
		             entry->index, entry->kind, entry->version);
	if (rc == -ERR_NO_MEMORY) /* others would apply it */
		fatal_damage("entry %" PRIu64 " cannot be read: out of memory; give this process "
		             "more",
		             entry->index);
	/* The namespace makes of it what every master makes of it: nothing. */
	if (rc < 0)
		*ret_command = (struct command){.kind = ENTRY_NONE};
}

/* What a caller handed in stands in its write until that is done, and is what the entry says. */
static bool is_callers(const struct journal_entry *entry)
{
	return entry->append != NULL && entry->append->done == write_journal_done;
}

static void alarm_senseless(const struct journal_entry *entry, const struct ns_result *result)
{
	log_event(LOG_ENTRY_SENSELESS, "index=%" PRIu64 " epoch=%" PRIu64 " kind=%s: %.*s",
	          entry->index, entry->epoch, entry_kind_name(entry->kind),
	          STR_ARGS(result->message));
}

static void apply_effects(struct master *master, const struct command *command,
                          const struct ns_result *result)
{
	workers_blocks_gone(master->workers, result->gone, result->gone_count);
	switch (command->kind) {
	case ENTRY_create:
		if (result->rc == 0)
			leases_taken(master->leases, command->create.holder);
		break;
	case ENTRY_add_block:
		workers_block_settled(master->workers, command->add_block.previous.id);
		break;
	case ENTRY_complete:
		workers_block_settled(master->workers, command->complete.last.id);
		break;
	case ENTRY_set_replication:
	case ENTRY_recover_lease:
	case ENTRY_expire_lease: workers_recount(master->workers); break;
	case ENTRY_safe_mode:
		log_event(LOG_SAFE_MODE_CHANGED, "operator=%s",
		          command->safe_mode.is_on ? "on" : "off");
		break;
	default: break;
	}
	reclaim_applied(master, result->left_to_reclaim);
}

static void apply_entry(struct master *master, const struct journal_entry *entry, uint64_t now_us)
{
	struct master_write *write = NULL;
	struct arena *arena = master->has_replayed ? &master->scratch : NULL;
	struct ns_result own, *result = &own;
	struct command *command, decoded;

	if (entry->append != NULL) {
		write = CONTAINER_OF(entry->append, struct master_write, append);
		arena = write->arena;
		result = &write->result;
	}
	if (is_callers(entry)) {
		command = &write->command;
	} else {
		arena_reset(&master->scratch);
		decode_entry(master, entry, &decoded);
		command = &decoded;
	}
	if (!entry_kind_is_journals(command->kind)) /* those have no age */
		master->applied_us = now_us;
	if (IS_BROKEN(RETRIES_NOT_REPLICATED) && write == NULL)
		command->has_client = false;
	ns_apply(master->ns, entry->index, command, arena, result);
	if (result->rc == -ERR_INTERNAL)
		alarm_senseless(entry, result);
	apply_effects(master, command, result);
	if (write != NULL)
		write_keep_status(write);
}

static void machine_apply(void *context, const struct journal_entry *entries, size_t count)
{
	struct master *master = context;
	uint64_t now_us = io_now_us(master->io);

	for (size_t i = 0; i < count; i++)
		apply_entry(master, &entries[i], now_us);
	ticker_applied(master);
	proofs_applied(&master->proofs, ns_applied(master->ns));
}

static uint64_t machine_applied(void *context)
{
	const struct master *master = context;

	return ns_applied(master->ns);
}

static struct hash128 machine_digest(void *context)
{
	const struct master *master = context;

	return ns_digest(master->ns);
}

/* ---- save ---- */

static void *machine_save_begin(void *context, uint64_t *ret_index, struct hash128 *ret_digest,
                                uint64_t *ret_records)
{
	struct master *master = context;
	struct ns_hold *hold = ns_hold(master->ns);
	struct ns_save *save = ns_save_begin(&hold);

	*ret_index = ns_save_index(save);
	*ret_digest = ns_save_digest(save);
	*ret_records = ns_save_records(save);
	return save;
}

static int machine_save_step(void *context, void *save, size_t bytes, struct buf *buf)
{
	(void)context;
	return ns_save_step(save, bytes, buf);
}

static void machine_save_end(void *context, void *save)
{
	(void)context;
	ns_save_end(save);
}

/* ---- load ---- */

/* A namespace that was replaced while somebody walks through an instant of it. */
struct retired {
	struct namespace *ns;
	struct list node;
};

static void drop_retired(struct io_timer *timer)
{
	struct master *master = CONTAINER_OF(timer, struct master, retired_timer);

	LIST_FOR_EACH_SAFE (node, &master->retired) {
		struct retired *retired = CONTAINER_OF(node, struct retired, node);

		if (ns_is_held(retired->ns))
			continue;
		list_remove(node);
		ns_destroy(retired->ns);
		mem_free(retired);
	}
	if (!list_is_empty(&master->retired))
		io_timer_start(timer, RETIRED_LOOK_US);
}

static void retire(struct master *master, struct namespace *ns)
{
	struct retired *retired = mem_must_zalloc(sizeof(*retired));

	retired->ns = ns;
	list_append(&master->retired, &retired->node);
	drop_retired(&master->retired_timer);
}

static void replace_namespace(struct master *master, struct namespace *ns)
{
	retire(master, master->ns);
	master->ns = ns;
	proofs_applied(&master->proofs, ns_applied(ns));
}

void machine_init(struct master *master)
{
	list_init(&master->retired);
	io_timer_init(master->io, &master->retired_timer, drop_retired);
}

void machine_finish(struct master *master)
{
	drop_retired(&master->retired_timer);
	CHECK(list_is_empty(&master->retired));
}

/* Nobody looks into a namespace that is being filled, on whatever thread: until it is whole an
 * empty one stands in its place, and workers wait. */
static void *machine_load_begin(void *context)
{
	struct master *master = context;

	replace_namespace(master, ns_create(master->seed));
	workers_set_namespace(master->workers, NULL);
	master->loading = ns_create(master->seed);
	return ns_load_begin(master->loading);
}

static int machine_load_step(void *context, void *load, struct str records)
{
	(void)context;
	return ns_load_step(load, records);
}

/* What was loaded, or what was there before the load: nothing. */
static void end_load(struct master *master, bool is_good)
{
	struct namespace *loaded = master->loading;

	master->loading = NULL;
	master->applied_us = io_now_us(master->io);
	if (is_good)
		replace_namespace(master, loaded);
	else
		ns_destroy(loaded);
	workers_set_namespace(master->workers, master->ns);
}

static int machine_load_end(void *context, void *load, uint64_t index, struct hash128 digest)
{
	struct master *master = context;
	int rc = ns_load_end(load, index, digest);

	end_load(master, rc == 0);
	return rc;
}

static void machine_load_cancel(void *context, void *load)
{
	ns_load_cancel(load);
	end_load(context, false);
}

struct state_machine machine_of(struct master *master)
{
	return (struct state_machine){
	        .context = master,
	        .apply = machine_apply,
	        .applied = machine_applied,
	        .digest = machine_digest,
	        .save_begin = machine_save_begin,
	        .save_step = machine_save_step,
	        .save_end = machine_save_end,
	        .load_begin = machine_load_begin,
	        .load_step = machine_load_step,
	        .load_end = machine_load_end,
	        .load_cancel = machine_load_cancel,
	};
}
