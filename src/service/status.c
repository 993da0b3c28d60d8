/* SPDX-License-Identifier: Apache-2.0 */
#include "service/status.h"

#include "base/err.h"
#include "proto/hdfs.pb-c.h"

void status_fill(const struct ns_status *from, struct str path, struct wire_file_status *to)
{
	bool is_file = from->type == NS_FILE;

	to->type = from->type;
	to->path = path;
	to->length = from->length;
	to->mode = from->mode;
	to->owner = from->owner;
	to->group = from->group;
	to->mtime = from->mtime_ms;
	to->atime = from->atime_ms;
	to->replication = from->replication;
	to->block_size = from->block_size;
	to->file_id = from->inode;
	/* HDFS says 0 for a file. */
	to->children = is_file || from->children > INT32_MAX ? 0 : (int32_t)from->children;
	to->storage_policy = from->storage_policy;
	to->flags = from->flags;
}

struct str status_pool(const struct call *call)
{
	struct ns_identity identity = {0};

	ns_identity(call_namespace(call), &identity);
	return identity.block_pool_id;
}

struct wire_block status_block(struct str pool, const struct block *block)
{
	return (struct wire_block){
	        .pool = pool, .id = block->id, .stamp = block->stamp, .size = block->length};
}

Ha__ServiceState status_role(struct master *master)
{
	struct journal_progress progress;

	if (master_role(master) == MASTER_PRIMARY)
		return HA__SERVICE_STATE__ACTIVE;
	journal_progress(master_journal(master), &progress);
	return progress.phase == JOURNAL_STARTING ? HA__SERVICE_STATE__INITIALIZING
	                                          : HA__SERVICE_STATE__STANDBY;
}

void status_worker(const struct worker_info *from, struct wire_datanode *to)
{
	*to = (struct wire_datanode){
	        .id =
	                {
	                        .ip = from->identity.address,
	                        .host = from->identity.host,
	                        .uuid = from->identity.uuid,
	                        .transfer_port = from->identity.transfer_port,
	                        .info_port = from->identity.info_port,
	                        .ipc_port = from->identity.ipc_port,
	                        .info_secure_port = from->identity.info_secure_port,
	                },
	        .capacity = from->capacity,
	        .used = from->used,
	        .remaining = from->remaining,
	        .pool_used = from->pool_used,
	        .other_used = from->other_used,
	        .last_update = from->last_heartbeat_wall_ms,
	        .last_update_mono = from->last_heartbeat_us / 1000,
	        .transfers = from->xceivers,
	        .rack = STR("/default-rack"),
	        .admin_state = HDFS__DATANODE_INFO__ADMIN_STATE__NORMAL,
	        .last_report = from->last_report_wall_ms,
	        .last_report_mono = from->last_report_us / 1000,
	        .blocks = from->blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)from->blocks,
	};
}

unsigned status_liveness(Hdfs__DatanodeReportType type)
{
	switch (type) {
	case HDFS__DATANODE_REPORT_TYPE__ALL: return WORKER_ANY;
	case HDFS__DATANODE_REPORT_TYPE__LIVE: return WORKER_LIVE | WORKER_STALE;
	case HDFS__DATANODE_REPORT_TYPE__DEAD: return WORKER_DEAD;
	default: return 0; /* none is being decommissioned or maintained */
	}
}

/* ---- blocks ---- */

/* Room for `count` locations and their nodes. */
static struct wire_location *make_locations(struct call *call, size_t count)
{
	struct wire_location *locations = arena_alloc(
	        call_arena(call), count * (sizeof(*locations) + sizeof(struct wire_datanode)));
	struct wire_datanode *nodes = (struct wire_datanode *)(locations + count);

	for (size_t i = 0; locations != NULL && i < count; i++)
		locations[i] = (struct wire_location){.node = &nodes[i]};
	return locations;
}

static void fill_location(struct wire_location *location, const struct worker_info *worker,
                          struct str store_uuid, uint8_t storage_type)
{
	status_worker(worker, (struct wire_datanode *)location->node);
	location->storage_id = store_uuid;
	location->storage_type = storage_type;
}

static bool add_known_locations(struct call *call, const struct block *block,
                                struct wire_located_block *to)
{
	struct location found[WORKER_LOCATIONS_MAX];
	size_t count = workers_locate(master_workers(call_master(call)), block, call_address(call),
	                              found, COUNT_OF(found));
	struct wire_location *locations = make_locations(call, count);

	if (locations == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		fill_location(&locations[i], found[i].worker, found[i].store_uuid,
		              found[i].storage_type);
	to->locations = locations;
	to->location_count = count;
	return true;
}

/* The store with the most room. */
static const struct worker_store *roomiest(const struct worker_info *worker)
{
	const struct worker_store *best = NULL;

	for (size_t i = 0; i < worker->store_count; i++) {
		const struct worker_store *store = &worker->stores[i];

		if (!store->is_failed && (best == NULL || store->remaining > best->remaining))
			best = store;
	}
	return best;
}

static bool add_chosen_locations(struct call *call, const struct strs *uuids,
                                 struct wire_located_block *to)
{
	struct workers *workers = master_workers(call_master(call));
	struct wire_location *locations = make_locations(call, uuids->count);
	size_t count = 0;

	if (locations == NULL)
		return false;
	for (size_t i = 0; i < uuids->count; i++) {
		const struct worker_info *worker = workers_find(workers, uuids->items[i]);
		const struct worker_store *store = worker == NULL ? NULL : roomiest(worker);

		if (store != NULL)
			fill_location(&locations[count++], worker, store->uuid,
			              store->storage_type);
	}
	to->locations = locations;
	to->location_count = count;
	return true;
}

bool status_new_block(struct call *call, const struct block *block, uint64_t offset,
                      const struct strs *workers, struct wire_located_block *to)
{
	*to = (struct wire_located_block){.block = status_block(status_pool(call), block),
	                                  .offset = offset};
	return add_chosen_locations(call, workers, to);
}

static bool fill_block(struct call *call, struct str pool, const struct ns_block *from,
                       struct wire_located_block *to)
{
	*to = (struct wire_located_block){.block = status_block(pool, &from->block),
	                                  .offset = from->offset};
	if (!add_known_locations(call, &from->block, to))
		return false;
	if (to->location_count > 0 || from->is_complete)
		return true;
	return add_chosen_locations(call, &from->workers, to);
}

const struct block *status_find_missing(struct call *call, const struct ns_blocks *blocks)
{
	struct workers *workers = master_workers(call_master(call));

	for (size_t i = blocks->count; i-- > 0;) {
		const struct ns_block *block = &blocks->blocks[i];

		if (block->is_complete && workers_count_replicas(workers, &block->block) == 0)
			return &block->block;
	}
	return NULL;
}

bool status_must_refer(struct call *call, const struct ns_blocks *blocks)
{
	return master_role(call_master(call)) != MASTER_PRIMARY &&
	       status_find_missing(call, blocks) != NULL;
}

bool status_must_refer_all(struct call *call)
{
	struct workers_totals totals;

	if (master_role(call_master(call)) == MASTER_PRIMARY)
		return false;
	workers_totals(master_workers(call_master(call)), &totals);
	return totals.unlocated > 0;
}

/* Of the block that is being written: readers ask its workers, and add what they say. */
static uint64_t open_length(const struct ns_blocks *blocks)
{
	return blocks->has_last && !blocks->last.is_complete ? blocks->last.block.length : 0;
}

bool status_blocks(struct call *call, const struct ns_blocks *from, struct wire_located_blocks *to)
{
	struct str pool = status_pool(call);
	struct wire_located_block *blocks =
	        arena_alloc(call_arena(call), (from->count + 1) * sizeof(*blocks));

	if (blocks == NULL)
		return false;
	for (size_t i = 0; i < from->count; i++) {
		if (!fill_block(call, pool, &from->blocks[i], &blocks[i]))
			return false;
	}
	*to = (struct wire_located_blocks){
	        .file_length = from->status.length - open_length(from),
	        .blocks = blocks,
	        .blocks_count = from->count,
	        .is_under_construction = from->status.is_under_construction,
	        .is_last_complete = from->has_last && from->last.is_complete,
	};
	if (!from->has_last)
		return true;
	to->last = &blocks[from->count];
	return fill_block(call, pool, &from->last, &blocks[from->count]);
}
