/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive doubly linked list: a head and the nodes inside the members.
 */
#ifndef HOLDFAST_BASE_LIST_H
#define HOLDFAST_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_insert_after(struct list *at, struct list *node)
{
	node->next = at->next;
	node->prev = at;
	at->next->prev = node;
	at->next = node;
}

static inline void list_append(struct list *list, struct list *node)
{
	list_insert_after(list->prev, node);
}

static inline void list_prepend(struct list *list, struct list *node)
{
	list_insert_after(list, node);
}

/* The node may be removed again, or inserted anywhere. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Moves all nodes of `from` to the end of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define LIST_FIRST(list, type, field) CONTAINER_OF((list)->next, type, field)
#define LIST_LAST(list, type, field)  CONTAINER_OF((list)->prev, type, field)
#define LIST_FOR_EACH(node, head)                                                                  \
	for (struct list *node = (head)->next; node != (head); node = node->next)
/* The current node may be removed. */
#define LIST_FOR_EACH_SAFE(node, head)                                                             \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head);          \
	     node = node##_next, node##_next = node->next)

#endif
