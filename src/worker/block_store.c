/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/block_store.h"

#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "worker/block_table.h"
#include "worker/refuse.h"
#include "worker/store_version.h"

enum { BLOCK_STORE_MAGIC = 0x68627374, PATH_MAX_BYTES = 4096, NAME_MAX_BYTES = 256 };

struct block_store {
	uint32_t magic;
	struct io *io;
	char *folder;
	struct io_file *lock;
	struct block_table table;
	uint64_t bytes;
	struct store_version version;
};

static void path_in(const struct block_store *store, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", store->folder, name);
}

/* ---- scan ---- */

/* "blk_ID" or "blk_ID_STAMP.meta"; stamp 0 for data. */
static bool parse_name(const char *name, uint64_t *ret_id, uint64_t *ret_stamp)
{
	unsigned long long id, stamp;
	int end = 0;

	if (sscanf(name, "blk_%llu_%llu.meta%n", &id, &stamp, &end) == 2 && end > 0 &&
	    name[end] == '\0') {
		*ret_stamp = stamp;
	} else if (sscanf(name, "blk_%llu%n", &id, &end) == 1 && name[end] == '\0') {
		*ret_stamp = 0;
	} else {
		return false;
	}
	*ret_id = id;
	return id != 0;
}

static int note_data(struct block_store *store, const char *file, uint64_t id,
                     enum block_state state)
{
	struct stored_block block = {.id = id, .state = state};
	struct io_stat stat;
	int rc = io_stat(store->io, file, &stat);

	if (rc < 0 || block_table_find(&store->table, id) != NULL)
		return rc;
	block.length = stat.size;
	return block_store_add(store, &block);
}

static int note_meta(struct block_store *store, const char *file, uint64_t id, uint64_t stamp,
                     enum block_state state)
{
	struct stored_block *block = block_table_find(&store->table, id);

	if (block == NULL)
		return io_unlink(store->io, file); /* left by a crash, without data */
	if (block->state == state && block->stamp < stamp)
		block->stamp = stamp;
	return 0;
}

/* Data whose checksums are gone.  In rbw/ it was never acknowledged; elsewhere it is left where it
 * is, for somebody to look at. */
static int drop(struct block_store *store, const char *file, uint64_t id, enum block_state state)
{
	const struct stored_block *block = block_store_find(store, id);

	if (block == NULL || block->state != state || block->stamp != 0)
		return 0;
	block_store_remove(store, id);
	if (state != BLOCK_FINALIZED)
		return io_unlink(store->io, file);
	log_event(LOG_WORKER_DISK, "%s has no checksums (.meta) beside it and is not served", file);
	return 0;
}

enum scan_pass { PASS_DATA, PASS_META, PASS_DROP };

static int scan_name(struct block_store *store, const char *path, const char *name,
                     enum block_state state, enum scan_pass pass)
{
	char file[PATH_MAX_BYTES + NAME_MAX_BYTES];
	uint64_t id, stamp;

	if (!parse_name(name, &id, &stamp) || (stamp != 0) != (pass == PASS_META))
		return 0;
	snprintf(file, sizeof(file), "%s/%s", path, name);
	switch (pass) {
	case PASS_DATA: return note_data(store, file, id, state);
	case PASS_META: return note_meta(store, file, id, stamp, state);
	case PASS_DROP: return drop(store, file, id, state);
	}
	return 0;
}

static int scan_folder(struct block_store *store, const char *path, enum block_state state)
{
	char **names;
	size_t count;
	int rc = io_list_folder(store->io, path, &names, &count);

	if (rc < 0)
		return rc;
	for (enum scan_pass pass = PASS_DATA; pass <= PASS_DROP; pass++) {
		for (size_t i = 0; rc == 0 && i < count; i++)
			rc = scan_name(store, path, names[i], state, pass);
	}
	io_free_names(names, count);
	return rc;
}

static int scan_finalized(struct block_store *store)
{
	for (unsigned one = 0; one < 32; one++) {
		for (unsigned two = 0; two < 32; two++) {
			char path[PATH_MAX_BYTES];
			int rc;

			snprintf(path, sizeof(path), "%s/finalized/subdir%u/subdir%u",
			         store->folder, one, two);
			rc = scan_folder(store, path, BLOCK_FINALIZED);
			/* A process that was killed may have moved a replica here and not synced
			 * that: what is found will be reported. */
			if (rc == 0)
				rc = io_sync_folder(store->io, path);
			if (rc < 0 && rc != -ERR_NO_FILE)
				return rc;
		}
	}
	return 0;
}

static int make_folder(struct block_store *store, const char *name)
{
	char path[PATH_MAX_BYTES];
	int rc;

	path_in(store, name, path, sizeof(path));
	rc = io_mkdir(store->io, path);
	return rc == -ERR_FILE_EXISTS ? 0 : rc;
}

static int scan(struct block_store *store, char **ret_text)
{
	char path[PATH_MAX_BYTES];
	int rc = make_folder(store, "finalized");

	if (rc == 0)
		rc = make_folder(store, "rbw");
	if (rc == 0)
		rc = io_sync_folder(store->io, store->folder);
	if (rc == 0)
		rc = scan_finalized(store);
	path_in(store, "rbw", path, sizeof(path));
	if (rc == 0)
		rc = scan_folder(store, path, BLOCK_WAITING_RECOVERY);
	return rc < 0 ? worker_refuse(rc, ret_text, "%s cannot be scanned for blocks: %s",
	                              store->folder, err_text(rc))
	              : 0;
}

/* ---- open and close ---- */

static int lock_folder(struct block_store *store, char **ret_text)
{
	char path[PATH_MAX_BYTES];
	int rc = io_mkdir(store->io, store->folder);

	if (rc < 0 && rc != -ERR_FILE_EXISTS)
		return worker_refuse(rc, ret_text, "%s cannot be made: %s", store->folder,
		                     err_text(rc));
	/* The folder's own name must be durable before anything in it is reported. */
	path_in(store, "..", path, sizeof(path));
	rc = io_sync_folder(store->io, path);
	/* Who may not look into the parent, or write there, did not make it. */
	if (rc < 0 && rc != -ERR_ACCESS && rc != -ERR_READ_ONLY)
		return worker_refuse(rc, ret_text, "%s cannot be synced: %s", path, err_text(rc));
	path_in(store, "in_use.lock", path, sizeof(path));
	rc = io_file_open(store->io, path, IO_OPEN_WRITE | IO_OPEN_CREATE, &store->lock);
	if (rc < 0)
		return worker_refuse(rc, ret_text, "%s cannot be opened: %s", path, err_text(rc));
	rc = io_file_lock(store->lock);
	if (rc < 0)
		return worker_refuse(rc, ret_text,
		                     "%s is used by a running worker; stop that one first",
		                     store->folder);
	return 0;
}

int block_store_open(struct io *io, const char *folder, struct block_store **ret_store,
                     char **ret_text)
{
	struct block_store *store = mem_zalloc(sizeof(*store));
	int rc;

	if (store == NULL)
		return worker_refuse(-ERR_NO_MEMORY, ret_text, "out of memory");
	store->magic = BLOCK_STORE_MAGIC;
	store->io = io;
	store->folder = mem_strdup(str_of(folder));
	if (store->folder == NULL)
		rc = worker_refuse(-ERR_NO_MEMORY, ret_text, "out of memory");
	else
		rc = lock_folder(store, ret_text);
	if (rc == 0)
		rc = store_version_load(io, folder, &store->version, ret_text);
	if (rc == 0)
		rc = scan(store, ret_text);
	if (rc < 0) {
		block_store_close(store);
		return rc;
	}
	*ret_store = store;
	return 0;
}

void block_store_close(struct block_store *store)
{
	if (store == NULL)
		return;
	OBJ_CHECK(store, BLOCK_STORE_MAGIC);
	io_file_close(store->lock);
	block_table_finish(&store->table);
	mem_free(store->folder);
	store->magic = 0;
	mem_free(store);
}

/* ---- what is there ---- */

const char *block_store_folder(const struct block_store *store)
{
	return store->folder;
}

const char *block_store_worker_uuid(const struct block_store *store)
{
	return store->version.worker_uuid;
}

const char *block_store_storage_uuid(const struct block_store *store)
{
	return store->version.storage_uuid;
}

const char *block_store_pool(const struct block_store *store)
{
	return store->version.pool;
}

int block_store_bind(struct block_store *store, struct str cluster_id, uint32_t namespace_id,
                     struct str block_pool_id)
{
	struct store_version version = store->version;
	int rc;

	if (version.cluster_id[0] != '\0')
		return str_equal(cluster_id, str_of(version.cluster_id)) &&
		                       str_equal(block_pool_id, str_of(version.pool))
		               ? 0
		               : -ERR_FOREIGN;
	if (cluster_id.size == 0 || cluster_id.size >= STORE_NAME_BYTES ||
	    block_pool_id.size == 0 || block_pool_id.size >= STORE_NAME_BYTES)
		return -ERR_INVALID;
	snprintf(version.cluster_id, STORE_NAME_BYTES, "%.*s", STR_ARGS(cluster_id));
	snprintf(version.pool, STORE_NAME_BYTES, "%.*s", STR_ARGS(block_pool_id));
	version.namespace_id = namespace_id;
	rc = store_version_save(store->io, store->folder, &version);
	if (rc == 0)
		store->version = version;
	return rc;
}

const struct stored_block *block_store_find(const struct block_store *store, uint64_t id)
{
	return block_table_find(&store->table, id);
}

int block_store_add(struct block_store *store, const struct stored_block *block)
{
	int rc;

	if (block->id == 0)
		return -ERR_INVALID;
	if (block_table_find(&store->table, block->id) != NULL)
		return -ERR_FILE_EXISTS;
	rc = block_table_add(&store->table, block);
	if (rc == 0)
		store->bytes += block->length;
	return rc;
}

void block_store_update(struct block_store *store, const struct stored_block *block)
{
	struct stored_block *stored = block_table_find(&store->table, block->id);

	CHECK(stored != NULL && stored->state == BLOCK_BEING_WRITTEN);
	CHECK(block->length >= stored->length);
	store->bytes += block->length - stored->length;
	*stored = *block;
}

void block_store_remove(struct block_store *store, uint64_t id)
{
	const struct stored_block *block = block_table_find(&store->table, id);

	if (block == NULL)
		return;
	store->bytes -= block->length;
	block_table_remove(&store->table, id);
}

size_t block_store_count(const struct block_store *store)
{
	return store->table.count;
}

uint64_t block_store_bytes(const struct block_store *store)
{
	return store->bytes;
}

void block_store_each(const struct block_store *store,
                      void (*each)(void *context, const struct stored_block *block), void *context)
{
	for (size_t i = 0; i < store->table.capacity; i++) {
		if (store->table.slots[i].id != 0)
			each(context, &store->table.slots[i]);
	}
}
