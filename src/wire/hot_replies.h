/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of ClientProtocol's hot methods.  Messages work as wire/fields.h says.
 *
 *   reply           methods
 *   status_reply    getFileInfo, getFileLinkInfo, getLocatedFileInfo, create
 *   listing_reply   getListing
 *   blocks_reply    getBlockLocations
 *   block_reply     addBlock, getAdditionalDatanode, updateBlockForPipeline
 *   bool_reply      mkdirs, rename, delete, complete, setReplication, truncate, recoverLease,
 *                   isFileClosed, setSafeMode
 * rename2's reply is empty: nothing is appended.
 */
#ifndef HOLDFAST_WIRE_HOT_REPLIES_H
#define HOLDFAST_WIRE_HOT_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "wire/blocks.h"
#include "wire/fields.h"

/* HdfsFileStatus.  Times in milliseconds since 1970. */
#define WIRE_FILE_STATUS(FIELD)                                                                    \
	FIELD(1, REQUIRED, ENUM(file_type), type) /* Hdfs__FileStatus__FileType */                 \
	FIELD(2, REQUIRED, BYTES, path) /* name in a listing; empty for the path asked for */      \
	FIELD(3, REQUIRED, U64, length)                                                            \
	FIELD(4, REQUIRED, MODE, mode)                                                             \
	FIELD(5, REQUIRED, BYTES, owner)                                                           \
	FIELD(6, REQUIRED, BYTES, group)                                                           \
	FIELD(7, REQUIRED, U64, mtime)                                                             \
	FIELD(8, REQUIRED, U64, atime)                                                             \
	FIELD(9, SPARSE, BYTES, symlink)                                                           \
	FIELD(10, DEFAULTED(0), U32, replication)                                                  \
	FIELD(11, DEFAULTED(0), U64, block_size)                                                   \
	FIELD(12, SPARSE, POINTER(located_blocks), locations)                                      \
	FIELD(13, DEFAULTED(0), U64, file_id)                                                      \
	FIELD(14, DEFAULTED(-1), I32, children) /* -1: not said */                                 \
	FIELD(16, DEFAULTED(0), U32, storage_policy)                                               \
	FIELD(18, DEFAULTED(0), U32, flags) /* bits of Hdfs__FileStatus__Flags */
WIRE_MESSAGE(file_status, WIRE_FILE_STATUS)

/* has_status false: there is no such file. */
#define WIRE_STATUS_REPLY(FIELD) FIELD(1, OPTIONAL, MESSAGE(file_status), status)
WIRE_MESSAGE(status_reply, WIRE_STATUS_REPLY)

/* has_blocks is always true from a master. */
#define WIRE_BLOCKS_REPLY(FIELD) FIELD(1, OPTIONAL, MESSAGE(located_blocks), blocks)
WIRE_MESSAGE(blocks_reply, WIRE_BLOCKS_REPLY)

#define WIRE_BLOCK_REPLY(FIELD) FIELD(1, REQUIRED, MESSAGE(located_block), block)
WIRE_MESSAGE(block_reply, WIRE_BLOCK_REPLY)

#define WIRE_BOOL_REPLY(FIELD) FIELD(1, REQUIRED, BOOL, result)
WIRE_MESSAGE(bool_reply, WIRE_BOOL_REPLY)

/* DirectoryListing. */
#define WIRE_LISTING(FIELD)                                                                        \
	FIELD(1, REPEATED, MESSAGE(file_status), entries)                                          \
	FIELD(2, REQUIRED, U32, remaining) /* entries after these */
WIRE_MESSAGE(listing, WIRE_LISTING)

/* has_listing false: there is no such directory. */
#define WIRE_LISTING_REPLY(FIELD) FIELD(1, OPTIONAL, MESSAGE(listing), listing)
WIRE_MESSAGE(listing_reply, WIRE_LISTING_REPLY)

/* ---- a listing_reply written as its entries come, in one pass ---- */

/* The listing's length stands in four bytes (a padded varint), filled in at the end. */
struct wire_listing_writer {
	struct buf *buf;
	size_t start; /* of the listing */
};

void wire_listing_begin(struct wire_listing_writer *writer, struct buf *buf);
void wire_listing_add(struct wire_listing_writer *writer, const struct wire_file_status *entry);
void wire_listing_end(struct wire_listing_writer *writer, uint32_t remaining);

#endif
