/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stores of one worker: made when a heartbeat or a report first names them.
 */
#include "base/err.h"
#include "base/mem.h"
#include "master/workers_private.h"

static struct store *store_create(struct workers *workers, struct worker *worker, struct str uuid,
                                  uint8_t storage_type)
{
	struct store *store = mem_zalloc(sizeof(*store));

	if (store == NULL)
		return NULL;
	store->worker = worker;
	store->storage_type = storage_type;
	store->is_stale = workers->is_primary;
	store->uuid = mem_strdup(uuid);
	deletions_init(&store->deletions);
	if (store->uuid == NULL ||
	    store_numbers_take(&workers->numbers, store, &store->number) < 0) {
		mem_free(store->uuid);
		mem_free(store);
		return NULL;
	}
	return store;
}

/* Room for one more in both arrays. */
static int worker_reserve_store(struct worker *worker)
{
	size_t count = worker->store_count + 1;
	struct store **stores = mem_realloc(worker->stores, count * sizeof(struct store *));
	struct worker_store *figures;

	if (stores == NULL)
		return -ERR_NO_MEMORY;
	worker->stores = stores;
	figures = mem_realloc(worker->figures, count * sizeof(*figures));
	if (figures == NULL)
		return -ERR_NO_MEMORY;
	worker->figures = figures;
	worker->info.stores = figures;
	return 0;
}

void store_drop_deletions(struct workers *workers, struct store *store)
{
	workers->deletion_count -= store->deletions.count;
	deletions_clear(&store->deletions);
}

int worker_store(struct workers *workers, struct worker *worker, struct str uuid,
                 uint8_t storage_type, struct store **ret_store)
{
	struct store *store;
	int rc;

	for (size_t i = 0; i < worker->store_count; i++) {
		if (str_equal(worker->figures[i].uuid, uuid)) {
			*ret_store = worker->stores[i];
			return 0;
		}
	}
	if (!worker_is_name(uuid))
		return -ERR_ILLEGAL_ARGUMENT;
	if (worker->store_count == WORKER_STORES_MAX)
		return -ERR_TOO_LARGE;
	rc = worker_reserve_store(worker);
	if (rc < 0)
		return rc;
	store = store_create(workers, worker, uuid, storage_type);
	if (store == NULL)
		return -ERR_NO_MEMORY;
	worker->figures[worker->store_count] = (struct worker_store){
	        .uuid = str_make(store->uuid, uuid.size), .storage_type = storage_type};
	worker->stores[worker->store_count++] = store;
	worker->info.store_count = worker->store_count;
	*ret_store = store;
	return 0;
}
