/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What many threads hand to one, without a lock: a thread of low priority that is put aside while
 * it holds one would stop those that should not wait for it.
 *
 * Whoever is put aside between two steps here holds up nobody.  All operations are sequentially
 * consistent: a flag set before pile_is_empty(), and looked at after pile_put(), misses nothing.
 */
#ifndef HOLDFAST_IO_PILE_H
#define HOLDFAST_IO_PILE_H

#include <stdatomic.h>

#include "base/list.h"

struct pile {
	_Atomic(struct list *) top; /* the newest; `next` of each is the one before; NULL: none */
};

static inline void pile_put(struct pile *pile, struct list *node)
{
	node->next = atomic_load(&pile->top);
	while (!atomic_compare_exchange_weak(&pile->top, &node->next, node))
		;
}

static inline bool pile_is_empty(struct pile *pile)
{
	return atomic_load(&pile->top) == NULL;
}

/* All of it, to the end of `to`, oldest first. */
static inline void pile_take(struct pile *pile, struct list *to)
{
	struct list *node = atomic_exchange(&pile->top, NULL), *end = to->prev;

	while (node != NULL) {
		struct list *older = node->next;

		list_insert_after(end, node);
		node = older;
	}
}

#endif
