/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An inner node of the tree: children in key order, and between any two a separator: a key above
 * everything left of it and not above anything right of it.
 *
 *   header | entries (child, separator's place) ->    free    <- separators |
 *
 * Separators are cut to what tells two neighbours apart.  The first entry has none.
 */
#ifndef HOLDFAST_NAMESPACE_INNER_H
#define HOLDFAST_NAMESPACE_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/str.h"
#include "namespace/node.h"

struct inner_entry {
	uint16_t child_low; /* a ref in two halves keeps the entry at 6 bytes */
	uint16_t child_high;
	uint16_t separator; /* offset in the node; 0: none */
};

struct inner {
	struct node node;
	uint16_t heap;
	uint16_t waste;
	struct inner_entry entries[];
};
static_assert(sizeof(struct inner) == 16, "header");

/* A key, or the beginning of one. */
struct key {
	uint64_t parent;
	struct str name;
};

void inner_init(struct inner *inner);
ref_t inner_child(const struct inner *inner, unsigned at);
void inner_set_child(struct inner *inner, unsigned at, ref_t child);
struct key inner_separator(const struct inner *inner, unsigned at); /* at > 0 */
/* The entry under which the key is, if anywhere. */
unsigned inner_find(const struct inner *inner, uint64_t parent, struct str name);
/* The same; quicker for what comes last, as most new things do: directories get greater ids, and
 * names are mostly made in order. */
unsigned inner_find_new(const struct inner *inner, uint64_t parent, struct str name);

bool inner_has_room(const struct inner *inner, struct key separator);
/* Needs room.  The separator of an entry at 0 is not kept. */
void inner_insert(struct inner *inner, unsigned at, ref_t child, struct key separator);
void inner_remove(struct inner *inner, unsigned at);
/* Moves the entries from `at` on to the empty node `right`; *ret_separator parts the two nodes and
 * points into `inner` until that changes. */
void inner_split(struct inner *inner, unsigned at, struct inner *right, struct key *ret_separator);
/* Where to split so that both halves have about the same size. */
unsigned inner_middle(const struct inner *inner);
/* Bytes when packed. */
size_t inner_bytes_used(const struct inner *inner);
/* Moves all entries of `right` behind those of `inner`, which has room; `separator` parts them. */
void inner_merge(struct inner *inner, const struct inner *right, struct key separator);

/* The shortest key that is above `left` and not above `right`; points into `right`. */
struct key separator_between(struct key left, struct key right);

#endif
