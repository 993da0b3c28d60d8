/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks, and where their replicas are: what addBlock and getBlockLocations are made of.
 * Messages work as wire/fields.h says.
 */
#ifndef HOLDFAST_WIRE_BLOCKS_H
#define HOLDFAST_WIRE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "wire/fields.h"

/* ExtendedBlock. */
#define WIRE_BLOCK(FIELD)                                                                          \
	FIELD(1, REQUIRED, BYTES, pool)                                                            \
	FIELD(2, REQUIRED, U64, id)                                                                \
	FIELD(3, REQUIRED, U64, stamp)                                                             \
	FIELD(4, DEFAULTED(0), U64, size) /* bytes */
WIRE_MESSAGE(block, WIRE_BLOCK)

/* Token.  Clients want one with every block; an empty one will do. */
#define WIRE_TOKEN(FIELD)                                                                          \
	FIELD(1, REQUIRED, BYTES, identifier)                                                      \
	FIELD(2, REQUIRED, BYTES, password)                                                        \
	FIELD(3, REQUIRED, BYTES, kind)                                                            \
	FIELD(4, REQUIRED, BYTES, service)
WIRE_MESSAGE(token, WIRE_TOKEN)

/* DatanodeID. */
#define WIRE_DATANODE_ID(FIELD)                                                                    \
	FIELD(1, REQUIRED, BYTES, ip)                                                              \
	FIELD(2, REQUIRED, BYTES, host)                                                            \
	FIELD(3, REQUIRED, BYTES, uuid)                                                            \
	FIELD(4, REQUIRED, U32, transfer_port)                                                     \
	FIELD(5, REQUIRED, U32, info_port)                                                         \
	FIELD(6, REQUIRED, U32, ipc_port)                                                          \
	FIELD(7, DEFAULTED(0), U32, info_secure_port)
WIRE_MESSAGE(datanode_id, WIRE_DATANODE_ID)

/* DatanodeInfo.  Sizes in bytes; last_ fields in milliseconds (mono: since some start). */
#define WIRE_DATANODE(FIELD)                                                                       \
	FIELD(1, REQUIRED, MESSAGE(datanode_id), id)                                               \
	FIELD(2, DEFAULTED(0), U64, capacity)                                                      \
	FIELD(3, DEFAULTED(0), U64, used)                                                          \
	FIELD(4, DEFAULTED(0), U64, remaining)                                                     \
	FIELD(5, DEFAULTED(0), U64, pool_used)                                                     \
	FIELD(6, DEFAULTED(0), U64, last_update)                                                   \
	FIELD(7, DEFAULTED(0), U32, transfers)                                                     \
	FIELD(8, SPARSE, BYTES, rack) /* "/default-rack" */                                        \
	FIELD(9, DEFAULTED(0), U64, other_used)                                                    \
	FIELD(10, DEFAULTED(0), ENUM(admin_state),                                                 \
	      admin_state) /* Hdfs__DatanodeInfo__AdminState */                                    \
	FIELD(11, DEFAULTED(0), U64, cache_capacity)                                               \
	FIELD(12, DEFAULTED(0), U64, cache_used)                                                   \
	FIELD(13, DEFAULTED(0), U64, last_update_mono)                                             \
	FIELD(14, SPARSE, BYTES, upgrade_domain)                                                   \
	FIELD(15, DEFAULTED(0), U64, last_report)                                                  \
	FIELD(16, DEFAULTED(0), U64, last_report_mono)                                             \
	FIELD(17, DEFAULTED(0), U32, blocks)
WIRE_MESSAGE(datanode, WIRE_DATANODE)

/* One replica of a block.  LocatedBlock has parallel arrays of these; here they cannot differ in
 * length.  Decoded from arrays that do: DISK, "" and false stand for what is missing. */
struct wire_location {
	const struct wire_datanode *node;
	uint32_t storage_type; /* Hdfs__StorageType */
	struct str storage_id;
	bool is_cached;
};

/* LocatedBlock. */
struct wire_located_block {
	struct wire_block block;
	uint64_t offset; /* of its first byte in the file */
	const struct wire_location *locations;
	size_t location_count;
	bool is_corrupt; /* all replicas are */
	struct wire_token token;
};
WIRE_FUNCTIONS(located_block)

/* LocatedBlocks. */
#define WIRE_LOCATED_BLOCKS(FIELD)                                                                 \
	FIELD(1, REQUIRED, U64, file_length)                                                       \
	FIELD(2, REPEATED, MESSAGE(located_block), blocks)                                         \
	FIELD(3, REQUIRED, BOOL, is_under_construction)                                            \
	FIELD(4, SPARSE, POINTER(located_block), last)                                             \
	FIELD(5, REQUIRED, BOOL, is_last_complete)
WIRE_MESSAGE(located_blocks, WIRE_LOCATED_BLOCKS)

#endif
