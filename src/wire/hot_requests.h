/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of ClientProtocol's hot methods.  Messages work as wire/fields.h says; all but add_block
 * decode without an arena.
 */
#ifndef HOLDFAST_WIRE_HOT_REQUESTS_H
#define HOLDFAST_WIRE_HOT_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "wire/blocks.h"
#include "wire/fields.h"

/* ---- reads ---- */

#define WIRE_GET_FILE_INFO(FIELD) FIELD(1, REQUIRED, BYTES, path)
WIRE_MESSAGE(get_file_info, WIRE_GET_FILE_INFO)

#define WIRE_GET_LISTING(FIELD)                                                                    \
	FIELD(1, REQUIRED, BYTES, path)                                                            \
	FIELD(2, REQUIRED, BYTES, start_after) /* a name; empty: from the start */                 \
	FIELD(3, REQUIRED, BOOL, need_location)
WIRE_MESSAGE(get_listing, WIRE_GET_LISTING)

#define WIRE_GET_BLOCK_LOCATIONS(FIELD)                                                            \
	FIELD(1, REQUIRED, BYTES, path)                                                            \
	FIELD(2, REQUIRED, U64, offset)                                                            \
	FIELD(3, REQUIRED, U64, length)
WIRE_MESSAGE(get_block_locations, WIRE_GET_BLOCK_LOCATIONS)

/* ---- names ---- */

/* Modes come as the client has them: some set bits above the 12 of a mode. */
#define WIRE_MKDIRS(FIELD)                                                                         \
	FIELD(1, REQUIRED, BYTES, path)                                                            \
	FIELD(2, REQUIRED, MODE, mode) /* the client's umask is in it */                           \
	FIELD(3, REQUIRED, BOOL, create_parent)                                                    \
	FIELD(4, OPTIONAL, MODE, unmasked)
WIRE_MESSAGE(mkdirs, WIRE_MKDIRS)

#define WIRE_RENAME(FIELD)                                                                         \
	FIELD(1, REQUIRED, BYTES, source)                                                          \
	FIELD(2, REQUIRED, BYTES, target)
WIRE_MESSAGE(rename, WIRE_RENAME)

#define WIRE_RENAME2(FIELD)                                                                        \
	FIELD(1, REQUIRED, BYTES, source)                                                          \
	FIELD(2, REQUIRED, BYTES, target)                                                          \
	FIELD(3, REQUIRED, BOOL, overwrite)                                                        \
	FIELD(4, SPARSE, BOOL, move_to_trash)
WIRE_MESSAGE(rename2, WIRE_RENAME2)

#define WIRE_DELETE(FIELD)                                                                         \
	FIELD(1, REQUIRED, BYTES, path)                                                            \
	FIELD(2, REQUIRED, BOOL, recursive)
WIRE_MESSAGE(delete, WIRE_DELETE)

/* ---- writing files ---- */

#define WIRE_CREATE(FIELD)                                                                         \
	FIELD(1, REQUIRED, BYTES, path)                                                            \
	FIELD(2, REQUIRED, MODE, mode)                                                             \
	FIELD(3, REQUIRED, BYTES, client_name) /* who holds the lease */                           \
	FIELD(4, REQUIRED, U32, flags)         /* bits of Hdfs__CreateFlag */                      \
	FIELD(5, REQUIRED, BOOL, create_parent)                                                    \
	FIELD(6, REQUIRED, U32, replication)                                                       \
	FIELD(7, REQUIRED, U64, block_size)                                                        \
	FIELD(9, OPTIONAL, MODE, unmasked)                                                         \
	FIELD(10, SPARSE, BYTES, ec_policy)                                                        \
	FIELD(11, SPARSE, BYTES, storage_policy)
WIRE_MESSAGE(create, WIRE_CREATE)

#define WIRE_ADD_BLOCK(FIELD)                                                                      \
	FIELD(1, REQUIRED, BYTES, path)                                                            \
	FIELD(2, REQUIRED, BYTES, client_name)                                                     \
	FIELD(3, OPTIONAL, MESSAGE(block), previous) /* with its final size */                     \
	FIELD(4, REPEATED, MESSAGE(datanode), excluded)                                            \
	FIELD(5, DEFAULTED(0), U64, file_id) /* 0: not said */                                     \
	FIELD(6, REPEATED, BYTES, favored)                                                         \
	FIELD(7, FLAGS, ENUM(add_block_flag), flags) /* BIT(Hdfs__AddBlockFlag) */
WIRE_MESSAGE(add_block, WIRE_ADD_BLOCK)

#define WIRE_COMPLETE(FIELD)                                                                       \
	FIELD(1, REQUIRED, BYTES, path)                                                            \
	FIELD(2, REQUIRED, BYTES, client_name)                                                     \
	FIELD(3, OPTIONAL, MESSAGE(block), last)                                                   \
	FIELD(4, DEFAULTED(0), U64, file_id)
WIRE_MESSAGE(complete, WIRE_COMPLETE)

#endif
