/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replicas of one folder: which there are, and where their files lie.
 *
 * Layout of a folder, with the names that HDFS's operators know:
 *   VERSION                                  who the folder belongs to (key=value lines)
 *   finalized/subdirX/subdirY/blk_ID         data, X and Y from the id
 *   finalized/subdirX/subdirY/blk_ID_STAMP.meta
 *   rbw/blk_ID, rbw/blk_ID_STAMP.meta        replicas being written
 * A meta file is: u16be version 1, u8 checksum type, u32be bytes of data a checksum covers, then
 * the checksums (u32be).  A replica's meta file is in place before its data file, so data without
 * meta is damage and meta without data is rubbish of a crash.
 *
 * Loop thread, but for block_store_open(), which scans the folder before anything is served, and
 * the functions of replica_file.h, which work on paths alone.
 */
#ifndef HOLDFAST_WORKER_BLOCK_STORE_H
#define HOLDFAST_WORKER_BLOCK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/str.h"
#include "io/io.h"

struct block_store;

enum block_state { /* ReplicaState on the wire */
	           BLOCK_FINALIZED = 0,
	           BLOCK_BEING_WRITTEN = 1,
	           BLOCK_WAITING_RECOVERY = 2, /* was being written when the worker died */
};

struct stored_block {
	uint64_t id;
	uint64_t stamp;
	uint64_t length; /* bytes; while being written: those that can be read */
	enum block_state state;
	uint32_t last_sum; /* being written: checksum of the chunk that `length` ends in */
};

/* Opens the folder, or makes it if there is none; locks it.  *ret_text (mem_free) says what is
 * wrong and what to do. */
int block_store_open(struct io *io, const char *folder, struct block_store **ret_store,
                     char **ret_text);
void block_store_close(struct block_store *store); /* NULL is fine */

const char *block_store_folder(const struct block_store *store);
const char *block_store_worker_uuid(const struct block_store *store);
const char *block_store_storage_uuid(const struct block_store *store);
/* Binds the folder to a cluster, once; -ERR_FOREIGN if it belongs to another. */
int block_store_bind(struct block_store *store, struct str cluster_id, uint32_t namespace_id,
                     struct str block_pool_id);
const char *block_store_pool(const struct block_store *store); /* "" while not bound */

/* NULL: there is none.  Valid until the next change. */
const struct stored_block *block_store_find(const struct block_store *store, uint64_t id);
/* -ERR_FILE_EXISTS: a replica with this id is here. */
int block_store_add(struct block_store *store, const struct stored_block *block);
/* One being written has grown, or was finalized. */
void block_store_update(struct block_store *store, const struct stored_block *block);
void block_store_remove(struct block_store *store, uint64_t id);
size_t block_store_count(const struct block_store *store);
uint64_t block_store_bytes(const struct block_store *store); /* of data */
/* In no particular order; `each` must not change the store. */
void block_store_each(const struct block_store *store,
                      void (*each)(void *context, const struct stored_block *block), void *context);

#endif
