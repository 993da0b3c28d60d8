/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/load_private.h"

#include <string.h>

#include "base/check.h"

static struct block get_block(struct cursor *c)
{
	struct block block;

	block.id = cursor_le(c, 8);
	block.stamp = cursor_le(c, 8);
	block.length = cursor_le(c, 8);
	if (block.id == 0 || block.id > INT64_MAX || block.stamp > INT64_MAX)
		cursor_fail(c);
	return block;
}

/* What a record says, before anything is interned for it. */
struct read_inode {
	struct inode inode;
	struct rights rights;
	struct file_class file_class;
	struct str holder;
	struct str machine;
	struct str workers;
	struct buf extra;
};

static void get_open(struct cursor *c, struct read_inode *read)
{
	struct str strs;

	read->inode.is_open = true;
	read->holder = get_str(c);
	read->machine = get_str(c);
	read->inode.lease = cursor_le(c, 8);
	strs = str_make(NULL, 0);
	if (get_bool(c)) {
		const uint8_t *begin = c->at;
		uint64_t count = cursor_varint(c);

		for (uint64_t i = 0; i < count && !c->failed; i++)
			get_str(c);
		strs = str_make(begin, (size_t)(c->at - begin));
	}
	read->workers = strs;
	if (cursor_left(c) > 0 || read->inode.block_count == 0)
		c->failed |= cursor_left(c) > 0 || read->workers.size > 0;
}

static int get_fields(struct cursor *c, struct read_inode *read)
{
	uint64_t tag;
	struct str body;
	struct str field;

	while (get_tagged(c, &tag, &body, &field)) {
		struct cursor open = cursor_of(body);

		if (tag == INODE_TAG_OPEN && !read->inode.is_directory && !read->inode.is_open) {
			get_open(&open, read);
			c->failed |= open.failed;
		} else if ((tag & 1) != 0) {
			return -ERR_UNSUPPORTED;
		} else {
			buf_append_str(&read->extra, field);
		}
	}
	buf_must(&read->extra);
	return 0;
}

static void get_file(struct cursor *c, struct read_inode *read)
{
	struct inode *inode = &read->inode;

	read->file_class.block_size = cursor_le(c, 8);
	read->file_class.replication = (uint16_t)cursor_le(c, 2);
	read->file_class.storage_policy = cursor_u8(c);
	inode->block_count = (uint32_t)cursor_le(c, 4);
	if (inode->block_count > BLOCKS_INLINE)
		return;
	for (uint32_t i = 0; i < inode->block_count; i++) {
		inode->blocks[i] = get_block(c);
		inode->length += inode->blocks[i].length;
	}
}

static int read_inode(struct cursor *c, struct read_inode *read)
{
	struct inode *inode = &read->inode;
	uint8_t type;

	inode->parent = cursor_le(c, 8);
	inode->id = cursor_le(c, 8);
	inode->name = get_str(c);
	type = cursor_u8(c);
	read->rights.owner = get_str(c);
	read->rights.group = get_str(c);
	read->rights.mode = (uint16_t)cursor_le(c, 2);
	inode->mtime_ms = cursor_le(c, 8);
	inode->atime_ms = cursor_le(c, 8);
	inode->is_directory = type == NS_DIRECTORY;
	if (!inode->is_directory)
		get_file(c, read);
	if (c->failed || type < NS_DIRECTORY || type > NS_FILE ||
	    (read->rights.mode & ~MODE_ALL) != 0)
		return -ERR_DAMAGED;
	return get_fields(c, read);
}

static bool is_after(struct key last, const struct inode *inode)
{
	if (inode->parent != last.parent)
		return inode->parent > last.parent;
	return str_compare(inode->name, last.name) > 0;
}

/* Its key, its id, its place below the root. */
static bool is_sound(const struct ns_load *load, const struct inode *inode)
{
	bool is_root = inode->id == NS_INODE_ROOT;
	uint64_t other;

	if (is_root != (inode->parent == 0) || is_root != (inode->name.size == 0) ||
	    (is_root && !inode->is_directory))
		return false;
	if (inode->name.size > NAME_BYTES_MAX ||
	    (inode->name.size > 0 && memchr(inode->name.data, '/', inode->name.size) != NULL))
		return false;
	if (inode->id == 0 || inode->id >= load->ns->settings.next_inode ||
	    inode->id == inode->parent || id_map_get(&load->ns->tree.of_ids, inode->id, &other))
		return false;
	return is_root || is_after(load->last_key, inode);
}

static void note_key(struct ns_load *load, const struct inode *inode)
{
	if (inode->name.size > 0)
		memcpy(load->last_name, inode->name.data, inode->name.size);
	load->last_key = (struct key){inode->parent, str_make(load->last_name, inode->name.size)};
}

static void take_uses(struct namespace *ns, struct read_inode *read)
{
	struct inode *inode = &read->inode;

	inode->rights = rights_take(&ns->interns, read->rights);
	if (!inode->is_directory)
		inode->file_class = class_take(&ns->interns, read->file_class);
	inode->holder = text_take(&ns->interns, read->holder);
	inode->machine = text_take(&ns->interns, read->machine);
	inode->workers = text_take(&ns->interns, read->workers);
	inode->extra = text_take(&ns->interns, buf_str(&read->extra));
}

/* Counts the file in its directory only; load_end() carries the sums up. */
static void keep_file(struct ns_load *load, const struct inode *inode)
{
	struct namespace *ns = load->ns;
	struct counts counts;

	inode_keep(ns, inode, /* spot= */ NULL);
	counts = inode_counts(ns, inode);
	counts_add(&dir_at(&ns->dirs, load_row(ns, inode->parent))->below, &counts);
}

static int keep_directory(struct ns_load *load, const struct inode *inode)
{
	struct namespace *ns = load->ns;
	uint32_t row = load_row(ns, inode->id);
	struct dir *dir = dir_at(&ns->dirs, row);

	if (dir->rights != 0 || dir->is_detached)
		return -ERR_DAMAGED;
	dir->rights = inode->rights;
	inode_keep(ns, inode, /* spot= */ NULL);
	load->directory = inode->id;
	load->has_root |= inode->id == NS_INODE_ROOT;
	if (inode->parent != 0)
		dir->parent = load_row(ns, inode->parent);
	return 0;
}

static int keep_inode(struct ns_load *load, struct read_inode *read)
{
	struct namespace *ns = load->ns;
	struct inode *inode = &read->inode;

	if (!is_sound(load, inode))
		return -ERR_DAMAGED;
	take_uses(ns, read);
	note_key(load, inode);
	if (inode->parent != 0)
		dir_at(&ns->dirs, load_row(ns, inode->parent))->children++;
	if (inode->is_directory)
		return keep_directory(load, inode);
	if (inode->block_count <= BLOCKS_INLINE) {
		keep_file(load, inode);
		return 0;
	}
	load->file = *inode;
	load->file.name = load->last_key.name;
	load->blocks_left = inode->block_count;
	load->first_chunk = 0;
	return 0;
}

int load_inode(struct ns_load *load, struct cursor *c)
{
	struct read_inode read = {0};
	int rc = read_inode(c, &read);

	load->directory = 0;
	if (rc == 0)
		rc = check_ended(c);
	if (rc == 0)
		rc = keep_inode(load, &read);
	buf_finish(&read.extra);
	return rc;
}

int load_blocks(struct ns_load *load, struct cursor *c)
{
	struct block blocks[CHUNK_BLOCKS];
	struct blocks_run run = {.blocks = blocks};
	uint64_t inode = cursor_le(c, 8);

	run.first = (uint32_t)cursor_le(c, 4);
	run.count = cursor_u8(c);
	if (c->failed || run.count > CHUNK_BLOCKS || inode != load->file.id ||
	    run.count > load->blocks_left || run.first != load->blocks_left - run.count)
		return -ERR_DAMAGED;
	for (uint32_t i = 0; i < run.count; i++)
		blocks[i] = get_block(c);
	if (check_ended(c) < 0 ||
	    !blocks_prepend(&load->ns->tree.nodes, &load->file, &load->first_chunk, &run))
		return -ERR_DAMAGED;
	load->blocks_left -= run.count;
	if (load->blocks_left == 0)
		keep_file(load, &load->file);
	return 0;
}

int load_rights(struct ns_load *load, struct cursor *c)
{
	struct namespace *ns = load->ns;
	uint64_t directory = cursor_le(c, 8);
	uint64_t index = cursor_le(c, 8);
	struct dir *dir;

	if (check_ended(c) < 0 || directory == 0 || directory != load->directory || index == 0 ||
	    index >= UINT64_MAX)
		return -ERR_DAMAGED;
	dir = dir_at(&ns->dirs, dirs_find(&ns->dirs, directory));
	if (dir->rights_index != 0)
		return -ERR_DAMAGED;
	dir->rights_index = index;
	canonical_rights(directory, index, &ns->scratch);
	ns->digest = hash128_add(ns->digest, canonical_scratch_hash(ns));
	return 0;
}
