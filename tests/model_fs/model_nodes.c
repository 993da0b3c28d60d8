/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fs/model_fs_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void *model_grown(void *items, size_t count, size_t size)
{
	void *bigger = realloc(items, (count + 1) * size);

	CHECK(bigger != NULL);
	return bigger;
}

char *model_copy_of(const char *bytes, size_t size)
{
	char *copy = malloc(size + 1);

	CHECK(copy != NULL);
	if (size > 0)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

char *model_text(struct str s)
{
	return model_copy_of(s.data, s.size);
}

char *model_again(const char *s)
{
	return s == NULL ? NULL : model_copy_of(s, strlen(s));
}

void model_set_text(char **field, const char *value)
{
	char *copy = model_again(value);

	free(*field);
	*field = copy;
}

bool model_same(struct str s, const char *t)
{
	return s.size == strlen(t) && memcmp(s.data, t, s.size) == 0;
}

struct model_node *model_new_node(bool is_directory, const char *name)
{
	struct model_node *node = calloc(1, sizeof(*node));

	CHECK(node != NULL);
	node->is_directory = is_directory;
	node->name = model_again(name);
	return node;
}

void model_free_node(struct model_node *node)
{
	for (size_t i = 0; i < node->child_count; i++)
		model_free_node(node->children[i]);
	free(node->children);
	free(node->blocks);
	free(node->name);
	free(node->owner);
	free(node->group);
	free(node->holder);
	free(node->machine);
	free(node);
}

struct model_node *model_copy_node(const struct model_node *from, struct model_node *parent)
{
	struct model_node *node = model_new_node(from->is_directory, from->name);
	struct model_node fields = *from;

	fields.parent = parent;
	fields.name = node->name;
	fields.owner = model_again(from->owner);
	fields.group = model_again(from->group);
	fields.holder = model_again(from->holder);
	fields.machine = model_again(from->machine);
	fields.children = NULL;
	fields.blocks = NULL;
	*node = fields;
	for (size_t i = 0; i < from->child_count; i++) {
		node->children = model_grown(node->children, i, sizeof(*node->children));
		node->children[i] = model_copy_node(from->children[i], node);
	}
	for (size_t i = 0; i < from->block_count; i++) {
		node->blocks = model_grown(node->blocks, i, sizeof(*node->blocks));
		node->blocks[i] = from->blocks[i];
	}
	return node;
}

struct model_node *model_child_of(const struct model_node *node, const char *name)
{
	for (size_t i = 0; i < node->child_count; i++)
		if (strcmp(node->children[i]->name, name) == 0)
			return node->children[i];
	return NULL;
}

/* strcmp() compares as unsigned bytes, as HDFS sorts. */
void model_link_node(struct model_node *parent, struct model_node *node)
{
	size_t at = parent->child_count;

	parent->children = model_grown(parent->children, at, sizeof(*parent->children));
	for (; at > 0 && strcmp(parent->children[at - 1]->name, node->name) > 0; at--)
		parent->children[at] = parent->children[at - 1];
	parent->children[at] = node;
	parent->child_count++;
	node->parent = parent;
}

void model_unlink_node(struct model_node *node)
{
	struct model_node *parent = node->parent;
	size_t at = 0;

	while (parent->children[at] != node)
		at++;
	for (; at + 1 < parent->child_count; at++)
		parent->children[at] = parent->children[at + 1];
	parent->child_count--;
	node->parent = NULL;
}

struct model_node *model_find_id(struct model_node *node, uint64_t id)
{
	struct model_node *found = node->id == id ? node : NULL;

	for (size_t i = 0; found == NULL && i < node->child_count; i++)
		found = model_find_id(node->children[i], id);
	return found;
}

bool model_is_at_or_below(const struct model_node *node, const struct model_node *top)
{
	while (node != NULL && node != top)
		node = node->parent;
	return node != NULL;
}
