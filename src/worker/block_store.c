/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/block_store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "worker/block_table.h"

enum {
	BLOCK_STORE_MAGIC = 0x68627374,
	PATH_MAX_BYTES = 4096,
	VERSION_BYTES_MAX = 64 << 10,
	NAME_MAX_BYTES = 256,
};

struct block_store {
	uint32_t magic;
	struct io *io;
	char *folder;
	struct io_file *lock;
	struct block_table table;
	uint64_t bytes;
	/* VERSION */
	char worker_uuid[NAME_MAX_BYTES];
	char storage_uuid[NAME_MAX_BYTES];
	char cluster_id[NAME_MAX_BYTES]; /* "": not bound yet */
	char pool[NAME_MAX_BYTES];
	uint32_t namespace_id;
};

static int refuse(int rc, char **ret_text, const char *format, ...) PRINTF_LIKE(3, 4);
static int refuse(int rc, char **ret_text, const char *format, ...)
{
	struct buf text = {0};
	char line[PATH_MAX_BYTES + 512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_append(&text, line, strlen(line) + 1);
	*ret_text = (char *)text.data;
	return rc;
}

static void path_in(const struct block_store *store, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", store->folder, name);
}

/* ---- VERSION ---- */

static void draw_uuid(struct io *io, const char *prefix, char *uuid, size_t size)
{
	uint8_t b[16];

	io_random(io, b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(uuid, size,
	         "%s%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", prefix,
	         b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
	         b[13], b[14], b[15]);
}

static int write_version(struct block_store *store)
{
	char path[PATH_MAX_BYTES];
	struct buf text = {0};
	int rc;

	buf_append_format(&text,
	                  "storageType=DATA_NODE\nlayoutVersion=-57\nstorageID=%s\n"
	                  "datanodeUuid=%s\nclusterID=%s\nnamespaceID=%u\nblockpoolID=%s\n",
	                  store->storage_uuid, store->worker_uuid, store->cluster_id,
	                  store->namespace_id, store->pool);
	path_in(store, "VERSION", path, sizeof(path));
	rc = text.failed ? -ERR_NO_MEMORY : io_replace_file(store->io, path, text.data, text.size);
	buf_finish(&text);
	return rc;
}

static void take_value(struct str line, const char *key, char *value, size_t size)
{
	size_t length = strlen(key);

	if (line.size <= length || memcmp(line.data, key, length) != 0 || line.data[length] != '=')
		return;
	snprintf(value, size, "%.*s", (int)(line.size - length - 1), line.data + length + 1);
}

static int parse_version(struct block_store *store, struct str text)
{
	char namespace_id[16] = "";

	while (text.size > 0) {
		const char *newline = memchr(text.data, '\n', text.size);
		size_t size = newline == NULL ? text.size : (size_t)(newline - text.data);
		struct str line = str_make(text.data, size);

		take_value(line, "storageID", store->storage_uuid, sizeof(store->storage_uuid));
		take_value(line, "datanodeUuid", store->worker_uuid, sizeof(store->worker_uuid));
		take_value(line, "clusterID", store->cluster_id, sizeof(store->cluster_id));
		take_value(line, "blockpoolID", store->pool, sizeof(store->pool));
		take_value(line, "namespaceID", namespace_id, sizeof(namespace_id));
		size += newline == NULL ? 0 : 1;
		text = str_make(text.data + size, text.size - size);
	}
	store->namespace_id = (uint32_t)strtoul(namespace_id, NULL, 10);
	return store->storage_uuid[0] == '\0' || store->worker_uuid[0] == '\0' ? -ERR_DAMAGED : 0;
}

static bool is_foreign_name(const char *name)
{
	return strcmp(name, "in_use.lock") != 0 && strcmp(name, "lost+found") != 0 &&
	       strcmp(name, "rbw") != 0 && strcmp(name, "finalized") != 0;
}

/* A folder without VERSION may be used only if nothing of anybody is in it. */
static int make_new(struct block_store *store, char **ret_text)
{
	char **names;
	size_t count;
	bool is_empty = true;
	int rc = io_list_folder(store->io, store->folder, &names, &count);

	if (rc < 0)
		return refuse(rc, ret_text, "%s cannot be listed: %s", store->folder, err_text(rc));
	for (size_t i = 0; i < count; i++)
		is_empty = is_empty && !is_foreign_name(names[i]);
	io_free_names(names, count);
	if (!is_empty)
		return refuse(-ERR_FOREIGN, ret_text,
		              "%s has no VERSION file, and is not empty: it belongs to something "
		              "else. Name an empty folder (dfs.datanode.data.dir).",
		              store->folder);
	draw_uuid(store->io, "", store->worker_uuid, sizeof(store->worker_uuid));
	draw_uuid(store->io, "DS-", store->storage_uuid, sizeof(store->storage_uuid));
	rc = write_version(store);
	return rc < 0 ? refuse(rc, ret_text, "%s/VERSION cannot be written: %s", store->folder,
	                       err_text(rc))
	              : 0;
}

static int read_version(struct block_store *store, char **ret_text)
{
	char path[PATH_MAX_BYTES];
	struct buf text = {0};
	int rc;

	path_in(store, "VERSION", path, sizeof(path));
	rc = io_read_file(store->io, path, VERSION_BYTES_MAX, &text);
	if (rc == -ERR_NO_FILE)
		rc = make_new(store, ret_text);
	else if (rc == 0 && parse_version(store, buf_str(&text)) < 0)
		rc = refuse(-ERR_DAMAGED, ret_text,
		            "%s is damaged: no storageID or datanodeUuid. Restore it, or name an "
		            "empty folder (dfs.datanode.data.dir).",
		            path);
	else if (rc < 0)
		rc = refuse(rc, ret_text, "%s cannot be read: %s", path, err_text(rc));
	buf_finish(&text);
	return rc;
}

int block_store_bind(struct block_store *store, struct str cluster_id, uint32_t namespace_id,
                     struct str block_pool_id)
{
	if (store->cluster_id[0] != '\0')
		return str_equal(cluster_id, str_of(store->cluster_id)) &&
		                       str_equal(block_pool_id, str_of(store->pool))
		               ? 0
		               : -ERR_FOREIGN;
	if (cluster_id.size == 0 || cluster_id.size >= NAME_MAX_BYTES || block_pool_id.size == 0 ||
	    block_pool_id.size >= NAME_MAX_BYTES)
		return -ERR_INVALID;
	snprintf(store->cluster_id, NAME_MAX_BYTES, "%.*s", STR_ARGS(cluster_id));
	snprintf(store->pool, NAME_MAX_BYTES, "%.*s", STR_ARGS(block_pool_id));
	store->namespace_id = namespace_id;
	return write_version(store);
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

static int note_meta(struct block_store *store, const char *file, uint64_t id, uint64_t stamp)
{
	struct stored_block *block = block_table_find(&store->table, id);

	if (block == NULL)
		return io_unlink(store->io, file); /* left by a crash, without data */
	block->stamp = stamp;
	return 0;
}

/* Data first, then meta, then what has no meta is left out: it cannot be checked. */
enum scan_pass { PASS_DATA, PASS_META, PASS_DROP };

static int scan_name(struct block_store *store, const char *path, const char *name,
                     enum block_state state, enum scan_pass pass)
{
	char file[PATH_MAX_BYTES + NAME_MAX_BYTES];
	const struct stored_block *block;
	uint64_t id, stamp;

	if (!parse_name(name, &id, &stamp) || (stamp != 0) != (pass == PASS_META))
		return 0;
	snprintf(file, sizeof(file), "%s/%s", path, name);
	if (pass == PASS_DATA)
		return note_data(store, file, id, state);
	if (pass == PASS_META)
		return note_meta(store, file, id, stamp);
	block = block_store_find(store, id);
	if (block != NULL && block->stamp == 0)
		block_store_remove(store, id);
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
	return rc < 0 ? refuse(rc, ret_text, "%s cannot be scanned for blocks: %s", store->folder,
	                       err_text(rc))
	              : 0;
}

/* ---- open and close ---- */

static int lock_folder(struct block_store *store, char **ret_text)
{
	char path[PATH_MAX_BYTES];
	int rc = io_mkdir(store->io, store->folder);

	if (rc < 0 && rc != -ERR_FILE_EXISTS)
		return refuse(rc, ret_text, "%s cannot be made: %s", store->folder, err_text(rc));
	path_in(store, "in_use.lock", path, sizeof(path));
	rc = io_file_open(store->io, path, IO_OPEN_WRITE | IO_OPEN_CREATE, &store->lock);
	if (rc < 0)
		return refuse(rc, ret_text, "%s cannot be opened: %s", path, err_text(rc));
	rc = io_file_lock(store->lock);
	if (rc < 0)
		return refuse(rc, ret_text, "%s is used by a running worker; stop that one first",
		              store->folder);
	return 0;
}

int block_store_open(struct io *io, const char *folder, struct block_store **ret_store,
                     char **ret_text)
{
	struct block_store *store = mem_zalloc(sizeof(*store));
	int rc;

	if (store == NULL)
		return refuse(-ERR_NO_MEMORY, ret_text, "out of memory");
	store->magic = BLOCK_STORE_MAGIC;
	store->io = io;
	store->folder = mem_strdup(str_of(folder));
	if (store->folder == NULL)
		rc = refuse(-ERR_NO_MEMORY, ret_text, "out of memory");
	else
		rc = lock_folder(store, ret_text);
	if (rc == 0)
		rc = read_version(store, ret_text);
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
	return store->worker_uuid;
}

const char *block_store_storage_uuid(const struct block_store *store)
{
	return store->storage_uuid;
}

const char *block_store_pool(const struct block_store *store)
{
	return store->pool;
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

void block_store_finalized(struct block_store *store, uint64_t id, uint64_t length)
{
	struct stored_block *block = block_table_find(&store->table, id);

	CHECK(block != NULL && block->state == BLOCK_BEING_WRITTEN);
	store->bytes += length - block->length;
	block->length = length;
	block->state = BLOCK_FINALIZED;
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
