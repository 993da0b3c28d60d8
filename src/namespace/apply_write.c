/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of files that are being written, and leases (FSDirWriteFileOp, FSNamesystem).
 *
 * Only the last block of an open file can be under construction; it is as long as it has chosen
 * workers.  Whether enough workers have a block is the primary's to know: it proposes complete and
 * add_block when they do.
 */
#include "namespace/canonical.h"
#include "namespace/call.h"

#include <inttypes.h>

#include "base/check.h"

/* ---- add_block ---- */

static bool same_block(struct block a, struct block b)
{
	return a.id == b.id && a.stamp == b.stamp;
}

/* The last two blocks; id 0 where there is none. */
struct last_blocks {
	struct block last;
	struct block before;
};

static struct last_blocks last_blocks(const struct namespace *ns, const struct inode *inode)
{
	struct last_blocks blocks = {0};
	struct blocks_walk walk;

	blocks_walk_begin(&ns->tree.nodes, inode, &walk);
	if (blocks_walk_next(&walk, &blocks.last))
		blocks_walk_next(&walk, &blocks.before);
	return blocks;
}

/* `workers` is the text of the chosen ones. */
static void show_new_block(struct call *call, struct block block, uint64_t offset, uint32_t workers)
{
	call->result->block = block;
	call->result->block_offset = offset;
	call->result->workers =
	        canonical_strs_of(text_of(&call->ns->interns, workers), call->asker.arena);
	call->result->inode = call->place.inode.id;
}

/* The caller asks again for the block that it was given. */
static int answer_again(struct call *call, struct block last)
{
	const struct inode *inode = &call->place.inode;

	show_new_block(call, last, inode->length - last.length, inode->workers);
	call->changes_nothing = true;
	return 0;
}

static int refuse_previous(struct call *call, struct block previous, struct block last)
{
	struct str pool = call->ns->settings.identity.block_pool_id;
	struct buf claimed = {0};
	struct buf actual = {0};
	int rc;

	if (previous.id == 0)
		buf_append_str(&claimed, STR("null"));
	else
		buf_append_format(&claimed, "%.*s:blk_%" PRIu64 "_%" PRIu64, STR_ARGS(pool),
		                  previous.id, previous.stamp);
	if (last.id == 0)
		buf_append_str(&actual, STR("null"));
	else
		buf_append_format(&actual, "blk_%" PRIu64 "_%" PRIu64, last.id, last.stamp);
	rc = refuse(&call->asker, ERR_WRITE_REFUSED,
	            "Cannot allocate block in %.*s: passed 'previous' block %.*s does not match "
	            "actual last block in file %.*s",
	            STR_ARGS(call->place.path), STR_ARGS(buf_str(&claimed)),
	            STR_ARGS(buf_str(&actual)));
	buf_finish(&claimed);
	buf_finish(&actual);
	return rc;
}

/* Compares what the caller takes for the last block with ours; three cases as in HDFS. */
static int match_previous(struct call *call, struct block previous)
{
	const struct inode *inode = &call->place.inode;
	struct last_blocks blocks = last_blocks(call->ns, inode);
	bool is_writing = inode->workers != 0;
	bool is_full =
	        !is_writing &&
	        blocks.last.length >= class_of(&call->ns->interns, inode->file_class).block_size;

	if (same_block(previous, blocks.last))
		return 0;
	if (previous.id == 0 && blocks.last.id != 0 && is_full)
		return 0;
	if (!same_block(previous, blocks.before) || blocks.last.id == 0)
		return refuse_previous(call, previous, blocks.last);
	if (is_writing && blocks.last.length == 0)
		return answer_again(call, blocks.last);
	return refuse(&call->asker, ERR_WRITE_REFUSED,
	              "Request looked like a retry to allocate block blk_%" PRIu64 "_%" PRIu64
	              " but it already contains %" PRIu64 " bytes",
	              blocks.last.id, blocks.last.stamp, blocks.last.length);
}

static int judge_block_count(struct call *call)
{
	uint32_t count = call->place.inode.block_count;

	if (call->limits == NULL || call->limits->file_blocks_max == 0 ||
	    count < call->limits->file_blocks_max)
		return 0;
	return refuse(&call->asker, ERR_WRITE_REFUSED,
	              "File has reached the limit on maximum number of blocks "
	              "(dfs.namenode.fs-limits.max-blocks-per-file): %u >= %u",
	              count, call->limits->file_blocks_max);
}

int plan_add_block(struct call *call)
{
	const struct command_add_block *fields = &call->command->add_block;
	struct settings *settings = &call->ns->settings;
	int rc = find_open_file(call, fields->inode, fields->path, fields->holder);

	if (rc < 0)
		return rc;
	if (settings->next_block >= INT64_MAX || settings->next_stamp >= INT64_MAX ||
	    call->place.inode.block_count == UINT32_MAX || fields->previous.length > INT64_MAX)
		return refuse(&call->asker, ERR_INTERNAL, "a block that makes no sense");
	rc = match_previous(call, fields->previous);
	if (rc < 0 || call->changes_nothing)
		return rc;
	return judge_block_count(call);
}

void commit_add_block(struct call *call)
{
	const struct command_add_block *fields = &call->command->add_block;
	struct namespace *ns = call->ns;
	struct inode_change change;
	struct block block;
	uint64_t offset;

	CHECK(inode_change_begin(ns, call->place.inode.id, &change));
	if (fields->previous.id != 0 && change.inode.workers != 0)
		blocks_set_last(&ns->tree.nodes, &change.inode, fields->previous);
	offset = change.inode.length;
	block = (struct block){.id = ns->settings.next_block++, .stamp = ns->settings.next_stamp++};
	blocks_append(&ns->tree.nodes, &change.inode, block);
	canonical_strs(fields->workers, &ns->scratch);
	buf_must(&ns->scratch);
	inode_set_text(ns, &change.inode.workers, buf_str(&ns->scratch));
	buf_clear(&ns->scratch);
	id_map_set(&ns->of_blocks, block.id, change.inode.id);
	inode_change_end(ns, &change);
	show_new_block(call, block, offset, change.inode.workers);
}

/* ---- abandon_block ---- */

int plan_abandon_block(struct call *call)
{
	const struct command_abandon_block *fields = &call->command->abandon_block;
	int rc = find_open_file(call, fields->inode, fields->path, fields->holder);

	if (rc < 0)
		return rc;
	call->result->inode = call->place.inode.id;
	call->changes_nothing =
	        last_blocks(call->ns, &call->place.inode).last.id != fields->block.id ||
	        fields->block.id == 0;
	return 0;
}

void commit_abandon_block(struct call *call)
{
	struct namespace *ns = call->ns;
	struct inode_change change;
	struct block last;

	CHECK(inode_change_begin(ns, call->place.inode.id, &change));
	last = blocks_last(&ns->tree.nodes, &change.inode);
	report_gone_block(call, last);
	id_map_remove(&ns->of_blocks, last.id);
	blocks_remove_last(&ns->tree.nodes, &change.inode);
	inode_set_text(ns, &change.inode.workers, (struct str){0});
	inode_change_end(ns, &change);
}

/* ---- complete ---- */

static int check_last(struct call *call, struct block claimed, struct block last)
{
	if (claimed.stamp != last.stamp)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Commit block with mismatching GS. NN has blk_%" PRIu64 "_%" PRIu64
		              ", client submits blk_%" PRIu64 "_%" PRIu64,
		              last.id, last.stamp, claimed.id, claimed.stamp);
	if (claimed.id != last.id)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Trying to commit inconsistent block: id = %" PRIu64
		              ", expected id = %" PRIu64,
		              claimed.id, last.id);
	if (claimed.length > INT64_MAX)
		return refuse(&call->asker, ERR_INTERNAL, "a block that makes no sense");
	return 0;
}

int plan_complete(struct call *call)
{
	const struct command_complete *fields = &call->command->complete;
	const struct inode *inode = &call->place.inode;
	struct block last;
	int rc = find_file(call, fields->inode, fields->path);

	if (rc < 0)
		return rc;
	last = call->place.exists ? last_blocks(call->ns, inode).last : (struct block){0};
	if (call->place.exists && !inode->is_directory && !inode->is_open &&
	    same_block(last, fields->last)) { /* closed already, and the answer got lost */
		call->result->value = true;
		call->result->inode = inode->id;
		call->changes_nothing = true;
		return 0;
	}
	rc = check_is_open_by(call, fields->inode, fields->holder);
	if (rc < 0)
		return rc;
	call->result->inode = inode->id;
	if (inode->workers != 0 && fields->last.id == 0)
		call->changes_nothing = true; /* how long it is was not said: ask again */
	else if (inode->workers != 0)
		rc = check_last(call, fields->last, last);
	return rc;
}

void commit_complete(struct call *call)
{
	close_file(call, call->result->inode, &call->command->complete.last);
	call->result->value = true;
}

/* ---- fsync ---- */

/* The block itself was durable before its writer was given it, so there is only its length to keep.
 * One that is complete has its length already. */
int plan_fsync(struct call *call)
{
	const struct command_fsync *fields = &call->command->fsync;
	const struct inode *inode = &call->place.inode;
	int rc = find_open_file(call, fields->inode, fields->path, fields->holder);

	if (rc < 0)
		return rc;
	if (fields->length > INT64_MAX && fields->length != UINT64_MAX)
		return refuse(&call->asker, ERR_INTERNAL, "a block that makes no sense");
	call->result->inode = inode->id;
	call->changes_nothing = fields->length == UINT64_MAX || inode->workers == 0 ||
	                        blocks_last(&call->ns->tree.nodes, inode).length == fields->length;
	return 0;
}

void commit_fsync(struct call *call)
{
	struct namespace *ns = call->ns;
	struct inode_change change;
	struct block last;

	CHECK(inode_change_begin(ns, call->place.inode.id, &change));
	last = blocks_last(&ns->tree.nodes, &change.inode);
	last.length = call->command->fsync.length;
	blocks_set_last(&ns->tree.nodes, &change.inode, last);
	inode_change_end(ns, &change);
}

/* ---- leases ---- */

/* A block under construction needs the workers' word on its length: that is recovery, which goes by
 * entries of its own. */
static int plan_close(struct call *call)
{
	call->result->inode = call->place.inode.id;
	call->result->value = can_close(&call->place.inode);
	call->changes_nothing = !call->result->value;
	return 0;
}

int plan_recover_lease(struct call *call)
{
	static const struct wanted write_self = {.self = MAY_WRITE};
	const struct place *place = &call->place;
	int rc = call_find(call, call->command->recover_lease.path, false);

	if (rc < 0)
		return rc;
	if (!place->exists)
		return refuse(&call->asker, ERR_NOT_FOUND, "File does not exist: %.*s",
		              STR_ARGS(place->path));
	if (place->inode.is_directory)
		return refuse(&call->asker, ERR_IS_DIRECTORY, "Path is not a file: %.*s",
		              STR_ARGS(place->path));
	if (!place->inode.is_open) {
		call->result->value = true;
		call->result->inode = place->inode.id;
		call->changes_nothing = true;
		return 0;
	}
	rc = check_rights(call->ns, &call->asker, place, &write_self);
	return rc < 0 ? rc : plan_close(call);
}

void commit_recover_lease(struct call *call)
{
	close_file(call, call->result->inode, NULL);
}

int plan_expire_lease(struct call *call)
{
	const struct command_expire_lease *fields = &call->command->expire_lease;
	const struct inode *inode = &call->place.inode;

	find_file(call, fields->inode, (struct str){0});
	if (fields->inode == 0 || !call->place.exists || !inode->is_open ||
	    inode->lease != fields->lease_number ||
	    !str_equal(text_of(&call->ns->interns, inode->holder), fields->holder)) {
		call->changes_nothing = true;
		return 0;
	}
	return plan_close(call);
}

void commit_expire_lease(struct call *call)
{
	close_file(call, call->result->inode, NULL);
}

/* ---- new_stamp ---- */

int plan_new_stamp(struct call *call)
{
	const struct command_new_stamp *fields = &call->command->new_stamp;
	struct namespace *ns = call->ns;
	struct str pool = ns->settings.identity.block_pool_id;
	const struct inode *inode = &call->place.inode;
	struct block block = fields->block;
	uint64_t id = 0;

	id_map_get(&ns->of_blocks, block.id, &id);
	if (id != 0)
		find_file(call, id, (struct str){0});
	if (id == 0 || !call->place.exists)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "%.*s:blk_%" PRIu64 "_%" PRIu64 " does not exist.", STR_ARGS(pool),
		              block.id, block.stamp);
	if (inode->workers == 0 || blocks_last(&ns->tree.nodes, inode).id != block.id)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Unexpected BlockUCState: %.*s:blk_%" PRIu64 "_%" PRIu64
		              " is COMPLETE but not UNDER_CONSTRUCTION",
		              STR_ARGS(pool), block.id, block.stamp);
	if (!str_equal(text_of(&ns->interns, inode->holder), fields->holder))
		return refuse(&call->asker, ERR_LEASE_EXPIRED,
		              "Lease mismatch: %.*s:blk_%" PRIu64 "_%" PRIu64
		              " is accessed by a non lease holder %.*s",
		              STR_ARGS(pool), block.id, block.stamp, STR_ARGS(fields->holder));
	if (ns->settings.next_stamp >= NS_ID_MAX)
		return refuse(&call->asker, ERR_INTERNAL, "stamps are used up");
	return 0;
}

void commit_new_stamp(struct call *call)
{
	struct namespace *ns = call->ns;
	const struct inode *inode = &call->place.inode;
	struct block last = blocks_last(&ns->tree.nodes, inode);

	last.stamp = ns->settings.next_stamp++;
	show_new_block(call, last, inode->length - last.length, inode->workers);
}
