/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leaf: records of neighbouring keys (parent, name), in order.
 *
 *   header | groups | slots ->      free      <- records |
 *
 * A group is a parent and its first slot: records of one directory stand together, and its id is
 * said once.  A slot is where a record begins (10 bits) and a fingerprint of its name (6 bits).
 * Records are laid from the end towards the slots; holes of removed ones are `waste` until the leaf
 * is packed again.  A leaf takes 1 to 16 granules and moves when it grows.
 */
#ifndef HOLDFAST_NAMESPACE_LEAF_H
#define HOLDFAST_NAMESPACE_LEAF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/str.h"
#include "namespace/node.h"

enum { LEAF_BYTES_MAX = GRANULES_MAX * GRANULE_BYTES };

struct leaf {
	struct node node;
	uint32_t number; /* of the leaf, in every version and place */
	uint16_t heap;   /* where records begin */
	uint16_t waste;  /* bytes among them that belong to none */
	uint8_t groups;
	uint8_t run;      /* inserts so far that each came right after the one before */
	uint8_t run_slot; /* where the last one went */
	uint8_t unused;
};
static_assert(sizeof(struct leaf) == 24, "groups follow at once");

struct leaf_place {
	unsigned group; /* its group, or where a new group would stand */
	unsigned slot;  /* its slot, or where it would stand */
	bool has_group; /* false: the parent has no group here */
};

/* Makes an empty leaf of a node just allocated. */
void leaf_init(struct leaf *leaf, uint32_t number);
/* Fingerprint of a name, as it stands in a slot. */
uint16_t leaf_fingerprint(struct str name);

/* Slots that may have the name, by fingerprint: the first one from *slot on, which begins as 0.
 * False: no more, and then the key is not here. */
bool leaf_candidate(const struct leaf *leaf, uint64_t parent, uint16_t fingerprint, unsigned *slot);
/* Where the key is or would stand, by order; true: it is there. */
bool leaf_place(const struct leaf *leaf, uint64_t parent, struct str name,
                struct leaf_place *ret_place);
/* By inode id; false: not here. */
bool leaf_find_id(const struct leaf *leaf, uint64_t id, unsigned *ret_slot);

uint8_t *leaf_record(const struct leaf *leaf, unsigned slot);
/* Parent of the record in `slot`. */
uint64_t leaf_parent(const struct leaf *leaf, unsigned slot);
/* The first slot behind those of the same parent. */
unsigned leaf_group_end(const struct leaf *leaf, unsigned slot);

/* Bytes a record takes beside what is there. */
size_t leaf_bytes_for(const struct leaf_place *place, size_t record_bytes);
size_t leaf_bytes_free(const struct leaf *leaf); /* without packing */
size_t leaf_bytes_used(const struct leaf *leaf); /* when packed */

/* There must be leaf_bytes_for() free. */
void leaf_insert(struct leaf *leaf, const struct leaf_place *place, uint64_t parent,
                 uint16_t fingerprint, const uint8_t *record, size_t record_bytes);
void leaf_remove(struct leaf *leaf, const struct leaf_place *place);
/* Copies records [from, to) behind the last one of `to_leaf`, which has room. */
void leaf_append(struct leaf *to_leaf, const struct leaf *leaf, unsigned from, unsigned to);
/* Makes `leaf`, an empty one of another size, a copy of `from`, which has no holes. */
void leaf_copy(struct leaf *leaf, const struct leaf *from);
/* Closes the holes. */
void leaf_pack(struct leaf *leaf);

#endif
