/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of loading share: load.c takes records and ends the load, load_inode.c reads
 * inodes and what follows them.
 */
#ifndef HOLDFAST_NAMESPACE_LOAD_PRIVATE_H
#define HOLDFAST_NAMESPACE_LOAD_PRIVATE_H

#include "base/cursor.h"
#include "namespace/canonical.h"
#include "namespace/namespace_private.h"

struct ns_load {
	struct namespace *ns;
	uint64_t last_age_ms[RETRY_CLASSES]; /* of retry rows */
	bool has_settings;
	bool has_root;
	struct key last_key; /* of the last inode; its name is ours */
	char last_name[NAME_BYTES_MAX];
	uint64_t directory;   /* the last inode, if it is a directory: a rights record may follow */
	struct inode file;    /* a file whose runs of blocks are still coming */
	uint32_t blocks_left; /* of it */
	ref_t first_chunk;    /* that has come last */
};

/* Each reads one record's body: 0, -ERR_DAMAGED, -ERR_UNSUPPORTED. */
int load_inode(struct ns_load *load, struct cursor *c);
int load_blocks(struct ns_load *load, struct cursor *c);
int load_rights(struct ns_load *load, struct cursor *c);

/* The row of a directory, made if it was not named before. */
uint32_t load_row(struct namespace *ns, uint64_t id);

static inline struct str get_str(struct cursor *c)
{
	return cursor_bytes(c, cursor_varint(c));
}

static inline bool get_bool(struct cursor *c)
{
	uint8_t value = cursor_u8(c);

	if (value > 1)
		cursor_fail(c);
	return value == 1;
}

static inline int check_ended(const struct cursor *c)
{
	return c->failed || cursor_left(c) > 0 ? -ERR_DAMAGED : 0;
}

/* One tagged field: its tag, what is in it, and all its bytes.  False: there is none. */
static inline bool get_tagged(struct cursor *c, uint64_t *ret_tag, struct str *ret_body,
                              struct str *ret_field)
{
	const uint8_t *begin = c->at;

	if (cursor_left(c) == 0)
		return false;
	*ret_tag = cursor_varint(c);
	*ret_body = get_str(c);
	*ret_field = str_make(begin, (size_t)(c->at - begin));
	return !c->failed;
}

#endif
