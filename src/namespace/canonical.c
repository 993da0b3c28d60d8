/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is u8 kind, u32 size, and a body of that size.  Integers are little endian; str is a
 * varint length and bytes; strs a varint count and strs.
 *
 * 1 settings, the first record
 *     u8 has identity, str cluster id, u32 namespace id, str block pool id, u64 ctime (ms)
 *     u32 feature level, u8 safe mode
 *     u64 next inode id, next block id, next stamp, next lease number
 *     u64 age (ms), u64 lines below which retry rows are forgotten: at most once, others
 *     tagged fields
 * 2 detached, only if there are any
 *     varint count, u64 directory ids, the one reclaimed next last
 * 3 inode, in order of parent and name
 *     u64 parent (0: the root), u64 id, str name, u8 type (1 directory, 2 file)
 *     str owner, str group, u16 mode, u64 mtime, u64 atime (ms)
 *     files: u64 block size, u16 replication, u8 storage policy, u32 block count,
 *       and the blocks if there are no more than three: u64 id, u64 stamp, u64 length
 *     tagged fields:
 *       1 open (under construction): str holder, str its address, u64 lease number, u8 the last
 *         block is being written, strs its chosen workers
 * 4 blocks, right after the inode of a file with more than three; from the last run to the first
 *     u64 inode, u32 position of the first, u8 count (40, but for the last run), blocks
 * 5 rights, right after the inode of a directory, if not zero
 *     u64 directory, u64 index of the last entry that changed rights in or below it
 * 6 retry row, oldest first in each class
 *     u8 class (0 at most once, 1 others), 16 bytes client id, u32 call id, u8 entry kind,
 *     u8 error code, u16 flags, u64 inode, u64 age (ms)
 *
 * Tagged fields stand at the end: varint tag, str.  A tag with bit 0 set must be understood by
 * whoever loads the record; any other unknown one is carried through byte for byte.
 */
#include "namespace/canonical.h"

#include "base/check.h"

/* Any constant; all masters must have the same. */
static const uint64_t DIGEST_KEY = 0x484f4c4446415354;

enum { SIZE_BYTES = 4 };

/* ---- frame ---- */

static size_t begin_record(struct buf *buf, enum record_kind kind)
{
	buf_append_u8(buf, (uint8_t)kind);
	buf_append_le(buf, 0, SIZE_BYTES);
	return buf->size;
}

static void end_record(struct buf *buf, size_t body)
{
	uint32_t size = (uint32_t)(buf->size - body);

	if (!buf->failed)
		memcpy(buf->data + body - SIZE_BYTES, &size, SIZE_BYTES);
}

static void put_str(struct buf *buf, struct str s)
{
	buf_append_varint(buf, s.size);
	buf_append_str(buf, s);
}

static void put_block(struct buf *buf, const struct block *block)
{
	buf_append_le(buf, block->id, 8);
	buf_append_le(buf, block->stamp, 8);
	buf_append_le(buf, block->length, 8);
}

/* ---- records ---- */

void canonical_settings(const struct settings *settings, const struct retries *retries,
                        struct buf *buf)
{
	size_t body = begin_record(buf, RECORD_SETTINGS);

	buf_append_u8(buf, settings->has_identity);
	put_str(buf, settings->identity.cluster_id);
	buf_append_le(buf, settings->identity.namespace_id, 4);
	put_str(buf, settings->identity.block_pool_id);
	buf_append_le(buf, settings->identity.ctime_ms, 8);
	buf_append_le(buf, settings->feature_level, 4);
	buf_append_u8(buf, settings->is_safe_mode);
	buf_append_le(buf, settings->next_inode, 8);
	buf_append_le(buf, settings->next_block, 8);
	buf_append_le(buf, settings->next_stamp, 8);
	buf_append_le(buf, settings->next_lease, 8);
	buf_append_le(buf, settings->age_ms, 8);
	buf_append_le(buf, retries->queues[RETRY_AT_MOST_ONCE].line, 8);
	buf_append_le(buf, retries->queues[RETRY_OTHERS].line, 8);
	end_record(buf, body);
}

void canonical_detached(const struct detached *detached, struct buf *buf)
{
	size_t body;

	if (detached->count == 0)
		return;
	body = begin_record(buf, RECORD_DETACHED);
	buf_append_varint(buf, detached->count);
	for (size_t i = 0; i < detached->count; i++)
		buf_append_le(buf, detached->ids[i], 8);
	end_record(buf, body);
}

static void put_file(const struct namespace *ns, const struct inode *inode, struct buf *buf)
{
	struct file_class file_class = class_of(&ns->interns, inode->file_class);
	struct block few[BLOCKS_INLINE];
	struct blocks_walk walk;

	buf_append_le(buf, file_class.block_size, 8);
	buf_append_le(buf, file_class.replication, 2);
	buf_append_u8(buf, file_class.storage_policy);
	buf_append_le(buf, inode->block_count, 4);
	if (inode->block_count > BLOCKS_INLINE)
		return;
	blocks_walk_begin(&ns->tree.nodes, inode, &walk);
	for (uint32_t left = inode->block_count; left-- > 0;)
		CHECK(blocks_walk_next(&walk, &few[left]));
	for (uint32_t i = 0; i < inode->block_count; i++)
		put_block(buf, &few[i]);
}

static void put_open(const struct namespace *ns, const struct inode *inode, struct buf *buf)
{
	struct str holder = text_of(&ns->interns, inode->holder);
	struct str machine = text_of(&ns->interns, inode->machine);
	struct str workers = text_of(&ns->interns, inode->workers);
	size_t size = varint_size(holder.size) + holder.size + varint_size(machine.size) +
	              machine.size + 8 + 1 + workers.size;

	buf_append_varint(buf, INODE_TAG_OPEN);
	buf_append_varint(buf, size);
	put_str(buf, holder);
	put_str(buf, machine);
	buf_append_le(buf, inode->lease, 8);
	buf_append_u8(buf, inode->workers != 0);
	buf_append_str(buf, workers);
}

void canonical_inode(const struct namespace *ns, const struct inode *inode, struct buf *buf)
{
	struct rights rights = rights_of(&ns->interns, inode->rights);
	size_t body = begin_record(buf, RECORD_INODE);

	buf_append_le(buf, inode->parent, 8);
	buf_append_le(buf, inode->id, 8);
	put_str(buf, inode->name);
	buf_append_u8(buf, inode->is_directory ? NS_DIRECTORY : NS_FILE);
	put_str(buf, rights.owner);
	put_str(buf, rights.group);
	buf_append_le(buf, rights.mode, 2);
	buf_append_le(buf, inode->mtime_ms, 8);
	buf_append_le(buf, inode->atime_ms, 8);
	if (!inode->is_directory)
		put_file(ns, inode, buf);
	if (inode->is_open)
		put_open(ns, inode, buf);
	buf_append_str(buf, text_of(&ns->interns, inode->extra));
	end_record(buf, body);
}

void canonical_blocks(uint64_t inode, const struct blocks_run *run, struct buf *buf)
{
	size_t body = begin_record(buf, RECORD_BLOCKS);

	buf_append_le(buf, inode, 8);
	buf_append_le(buf, run->first, 4);
	buf_append_u8(buf, (uint8_t)run->count);
	for (uint32_t i = 0; i < run->count; i++)
		put_block(buf, &run->blocks[i]);
	end_record(buf, body);
}

void canonical_rights(uint64_t directory, uint64_t rights_index, struct buf *buf)
{
	size_t body;

	if (rights_index == 0)
		return;
	body = begin_record(buf, RECORD_RIGHTS);
	buf_append_le(buf, directory, 8);
	buf_append_le(buf, rights_index, 8);
	end_record(buf, body);
}

void canonical_retry(const struct retry_row *row, struct buf *buf)
{
	size_t body = begin_record(buf, RECORD_RETRY);

	buf_append_u8(buf, (uint8_t)row->class);
	buf_append(buf, row->client_id, sizeof(row->client_id));
	buf_append_le(buf, (uint32_t)row->call_id, 4);
	buf_append_u8(buf, row->kind);
	buf_append_u8(buf, row->rc);
	buf_append_le(buf, row->flags, 2);
	buf_append_le(buf, row->inode, 8);
	buf_append_le(buf, row->age_ms, 8);
	end_record(buf, body);
}

void canonical_strs(struct strs list, struct buf *buf)
{
	buf_append_varint(buf, list.count);
	for (size_t i = 0; i < list.count; i++)
		put_str(buf, list.items[i]);
}

struct strs canonical_strs_of(struct str text, struct arena *arena)
{
	struct strs list = {0};
	struct cursor cursor;
	uint64_t count;

	if (text.size == 0 || arena == NULL)
		return list;
	cursor = cursor_of(arena_copy(arena, text));
	count = cursor_varint(&cursor);
	if (count <= text.size)
		list.items = arena_alloc(arena, count * sizeof(*list.items));
	if (cursor.failed || list.items == NULL)
		return (struct strs){0};
	for (list.count = 0; list.count < count; list.count++)
		list.items[list.count] = cursor_bytes(&cursor, cursor_varint(&cursor));
	return list;
}

/* ---- shares of the digest ---- */

struct hash128 canonical_hash(struct str record)
{
	return hash128(DIGEST_KEY, record.data, record.size);
}

struct hash128 canonical_scratch_hash(struct namespace *ns)
{
	struct hash128 hash;

	buf_must(&ns->scratch);
	hash = ns->scratch.size == 0 ? (struct hash128){0} : canonical_hash(buf_str(&ns->scratch));
	buf_clear(&ns->scratch);
	return hash;
}

struct hash128 canonical_inode_hash(struct namespace *ns, const struct inode *inode, uint32_t run)
{
	ref_t chunk = inode->chain;
	uint32_t left = inode->block_count;
	struct blocks_run blocks;
	struct hash128 hash;

	canonical_inode(ns, inode, &ns->scratch);
	hash = canonical_scratch_hash(ns);
	if (inode->block_count <= BLOCKS_INLINE)
		return hash;
	while (blocks_run_next(&ns->tree.nodes, &chunk, &left, &blocks) &&
	       blocks.first / CHUNK_BLOCKS >= run) {
		canonical_blocks(inode->id, &blocks, &ns->scratch);
		hash = hash128_add(hash, canonical_scratch_hash(ns));
	}
	return hash;
}
