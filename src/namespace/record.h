/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An inode, and its bytes in a leaf of the tree.
 *
 * struct inode is a decoded copy: cheap to make, free to change, valid as long as the leaf it was
 * read from is not changed (its name points there).  The bytes in a leaf are this process's own:
 * they name interned things by number and never leave it.  What goes to disk and into the digest is
 * the canonical form (canonical.h).
 *
 * A file's first blocks stand in its record; from BLOCKS_INLINE + 1 on all of them stand in a chain
 * of chunks (blocks.h) and the record names the last one.
 */
#ifndef HOLDFAST_NAMESPACE_RECORD_H
#define HOLDFAST_NAMESPACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "format/command.h"
#include "namespace/slab.h"

enum {
	NAME_BYTES_MAX = 255, /* a byte says how long a name is */
	BLOCKS_INLINE = 3,
	RECORD_BYTES_MAX = 420, /* two of the longest fit into a leaf */
};

struct inode {
	uint64_t id;
	uint64_t parent; /* id of the directory it is in; 0: the root */
	struct str name;
	uint64_t mtime_ms;
	uint64_t atime_ms;
	uint32_t rights; /* intern.h */
	uint32_t extra;  /* text: tagged fields of a later version, carried through; 0: none */
	bool is_directory;

	/* files */
	bool is_open; /* under construction; holder and what follows it mean something */
	uint32_t file_class;
	uint32_t block_count;
	uint64_t length; /* sum of the blocks' */
	struct block blocks[BLOCKS_INLINE];
	ref_t chain;      /* last chunk; 0: blocks stand above */
	uint32_t holder;  /* text: lease holder */
	uint32_t machine; /* text: its address */
	uint32_t workers; /* text: strs of command.h, the last block's chosen workers */
	uint64_t lease;   /* number of the lease */
};

/* Returns the size; at most RECORD_BYTES_MAX. */
size_t record_encode(const struct inode *inode, uint8_t *bytes);
/* `parent` is not part of the record. */
void record_decode(const uint8_t *bytes, uint64_t parent, struct inode *ret_inode);
size_t record_size(const uint8_t *bytes);
struct str record_name(const uint8_t *bytes);
uint64_t record_id(const uint8_t *bytes);

#endif
