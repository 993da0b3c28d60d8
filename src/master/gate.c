/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on soft state, which are looked at before a write is proposed and never in apply.
 */
#include "base/err.h"
#include "master/master_private.h"

enum { WORKERS_LOOK_US = 50 * 1000 };

/* ---- replicas reported: complete, add_block ---- */

static const struct ns_caller everybody = {.is_superuser = true};

/* The file that a command names by inode or path; false: there is none. */
static bool find_file(struct master *master, struct str path, uint64_t inode,
                      struct ns_blocks *ret_blocks)
{
	struct ns_lookup lookup = {.path = path, .caller = &everybody};

	arena_reset(&master->scratch);
	if (inode == 0) {
		ns_lookup(master->ns, &lookup, 1, &master->scratch);
		if (lookup.rc < 0)
			return false;
		inode = lookup.status.inode;
	}
	return ns_inode_blocks(master->ns, inode, &master->scratch, ret_blocks);
}

static size_t replicas_wanted(const struct master *master, const struct ns_blocks *file)
{
	size_t wanted = master->options.replication_min;

	return wanted < file->status.replication ? wanted : file->status.replication;
}

/* HDFS, FSDirWriteFileOp.completeFile: every block has its replicas.  All but the last two were
 * waited for when the block after the next was added. */
static bool complete_lacks(struct master_write *write, struct block *ret_block, size_t *ret_wanted)
{
	const struct command_complete *complete = &write->command.complete;
	struct master *master = write->master;
	struct ns_blocks file;

	if (!find_file(master, complete->path, complete->inode, &file))
		return false;
	*ret_wanted = replicas_wanted(master, &file);
	for (size_t i = file.count > 2 ? file.count - 2 : 0; i < file.count; i++) {
		struct block block = file.blocks[i].block;

		if (block.id == complete->last.id)
			block.stamp = complete->last.stamp;
		*ret_block = block;
		if (workers_count_replicas(master->workers, &block) < *ret_wanted)
			return true;
	}
	return false;
}

/* HDFS, FSDirWriteFileOp.validateAddBlock: the block before `previous` has its replicas. */
static bool add_block_lacks(struct master_write *write, struct block *ret_block, size_t *ret_wanted)
{
	const struct command_add_block *add = &write->command.add_block;
	struct master *master = write->master;
	struct ns_blocks file;

	if (add->previous.id == 0 || !find_file(master, add->path, add->inode, &file))
		return false;
	*ret_wanted = replicas_wanted(master, &file);
	for (size_t i = file.count; i-- > 1;) {
		if (file.blocks[i].block.id != add->previous.id)
			continue;
		*ret_block = file.blocks[i - 1].block;
		return workers_count_replicas(master->workers, ret_block) < *ret_wanted;
	}
	return false;
}

static void replicas_waited(struct replica_wait *wait, bool is_reached)
{
	struct master_write *write = CONTAINER_OF(wait, struct master_write, replicas);

	(void)is_reached; /* judged afresh either way */
	list_remove(&write->node);
	write_judge(write, false);
}

static void not_replicated(struct master_write *write)
{
	write->result = (struct ns_result){0};
	if (write->command.kind == ENTRY_add_block)
		write_refusal(write, -ERR_NOT_REPLICATED_YET,
		              arena_format(write->arena, "Not replicated yet: %.*s",
		                           STR_ARGS(write->command.add_block.path)));
}

void gate_count_time(struct master_write *write)
{
	const struct master *master = write->master;

	if (write->give_up_us == 0)
		write->give_up_us = io_now_us(master->io) + master->options.replica_wait_ms * 1000;
}

enum gate gate_replicas(struct master_write *write)
{
	struct master *master = write->master;
	struct block block;
	uint64_t now_us;
	size_t wanted;
	bool lacks;

	switch (write->command.kind) {
	case ENTRY_complete: lacks = complete_lacks(write, &block, &wanted); break;
	case ENTRY_add_block: lacks = add_block_lacks(write, &block, &wanted); break;
	default: return GATE_OPEN;
	}
	if (!lacks)
		return GATE_OPEN;
	now_us = io_now_us(master->io);
	gate_count_time(write);
	if (now_us >= write->give_up_us) {
		not_replicated(write);
		return GATE_SHUT;
	}
	write->replicas.done = replicas_waited;
	write->replicas.block = block;
	write->replicas.count = wanted;
	list_append(&master->waiting, &write->node);
	workers_wait(master->workers, &write->replicas, write->give_up_us - now_us);
	return GATE_WAIT;
}

/* ---- workers for a new block: add_block ---- */

/* After a start workers have not registered yet, and no client comes again when it is told that
 * there are none.  GATE_SHUT: they had long enough to come. */
static enum gate wait_for_workers(struct master_write *write)
{
	struct master *master = write->master;
	uint64_t end_us = master->promoted_us + master->options.workers_come_ms * 1000;
	uint64_t now_us = io_now_us(master->io);

	if (now_us >= end_us)
		return GATE_SHUT;
	write->replicas = (struct replica_wait){.done = replicas_waited, .count = 1};
	list_append(&master->waiting, &write->node);
	workers_wait(master->workers, &write->replicas,
	             end_us - now_us < WORKERS_LOOK_US ? end_us - now_us : WORKERS_LOOK_US);
	return GATE_WAIT;
}

static bool has_any_room(struct master *master)
{
	struct workers_totals totals;

	workers_totals(master->workers, &totals);
	return totals.remaining > 0;
}

static struct str placement_text(struct master_write *write, struct str path, size_t excluded)
{
	struct workers_totals totals;

	workers_totals(write->master->workers, &totals);
	return arena_format(write->arena,
	                    "File %.*s could only be written to 0 of the %u minReplication nodes. "
	                    "There are %u datanode(s) running and %zu node(s) are excluded in this "
	                    "operation.",
	                    STR_ARGS(path), write->master->options.replication_min,
	                    totals.live + totals.stale, excluded);
}

enum gate gate_placement(struct master_write *write)
{
	static const struct placement anywhere;
	const struct worker_info *chosen[WORKER_PLACEMENTS_MAX];
	struct command_add_block *add = &write->command.add_block;
	const struct placement *placement = write->placement;
	struct master *master = write->master;
	struct ns_blocks file;
	struct str *names;
	size_t count;

	if (write->command.kind != ENTRY_add_block)
		return GATE_OPEN;
	if (placement == NULL)
		placement = &anywhere;
	if (!find_file(master, add->path, add->inode, &file))
		return GATE_OPEN; /* apply says what is wrong */
	count = workers_place(master->workers, placement, file.status.block_size,
	                      file.status.replication, chosen);
	if (count < replicas_wanted(master, &file)) {
		if (!has_any_room(master) && wait_for_workers(write) == GATE_WAIT)
			return GATE_WAIT;
		write_refusal(write, -ERR_WRITE_REFUSED,
		              placement_text(write, add->path, placement->excluded_count));
		return GATE_SHUT;
	}
	names = arena_alloc(write->arena, count * sizeof(*names));
	if (names == NULL) {
		write_refusal(write, -ERR_NO_MEMORY, (struct str){0});
		return GATE_SHUT;
	}
	for (size_t i = 0; i < count; i++) {
		names[i] = arena_copy(write->arena, chosen[i]->identity.uuid);
		if (names[i].data == NULL) {
			write_refusal(write, -ERR_NO_MEMORY, (struct str){0});
			return GATE_SHUT;
		}
	}
	add->workers = (struct strs){.items = names, .count = count};
	return GATE_OPEN;
}

enum gate gate_chosen(struct master_write *write)
{
	const struct strs *chosen = &write->result.workers;

	if (write->command.kind != ENTRY_add_block || write->result.rc < 0)
		return GATE_SHUT;
	for (size_t i = 0; i < chosen->count; i++)
		if (workers_find(write->master->workers, chosen->items[i]) != NULL)
			return GATE_SHUT;
	return chosen->count == 0 ? GATE_SHUT : wait_for_workers(write);
}

/* ---- another client's lease: create ---- */

static void lease_tried(void *context)
{
	write_judge(context, false);
}

enum gate gate_lease(struct master_write *write)
{
	const struct command_create *create = &write->command.create;
	struct master *master = write->master;
	struct ns_blocks file;
	struct ns_lease lease;

	if (write->command.kind != ENTRY_create || write->result.rc != -ERR_BEING_CREATED ||
	    write->has_tried_expiry || !find_file(master, create->path, 0, &file) ||
	    !ns_find_lease(master->ns, file.status.inode, &lease) ||
	    str_equal(lease.holder, create->holder) ||
	    !leases_is_past_soft_limit(master->leases, lease.holder))
		return GATE_SHUT;
	write->has_tried_expiry = true;
	return leases_expire(master->leases, &lease, lease_tried, write) == 0 ? GATE_WAIT
	                                                                      : GATE_SHUT;
}
