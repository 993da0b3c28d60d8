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

/* ---- writing a record ---- */

enum { HEAD_BYTES = 5, BLOCK_BYTES = 24, NUMBERS_BYTES_MAX = 160 };

/* Where the next byte of a record goes.  Room for the whole record is made at its beginning, so
 * nothing is asked on the way. */
struct pen {
	struct buf *buf;
	uint8_t *begin;
	uint8_t *at;
	uint8_t *end;
};

/* `bytes` is what strings and blocks of the record take at most; false: no memory. */
static bool begin_record(struct pen *pen, struct buf *buf, enum record_kind kind, size_t bytes)
{
	bytes += HEAD_BYTES + NUMBERS_BYTES_MAX;
	if (!buf_reserve(buf, bytes))
		return false;
	pen->buf = buf;
	pen->begin = buf->data + buf->size;
	pen->at = pen->begin + HEAD_BYTES;
	pen->end = pen->begin + bytes;
	pen->begin[0] = (uint8_t)kind;
	return true;
}

static void end_record(struct pen *pen)
{
	uint32_t size = (uint32_t)(pen->at - pen->begin - HEAD_BYTES);

	CHECK(pen->at <= pen->end);
	memcpy(pen->begin + 1, &size, sizeof(size));
	pen->buf->size += HEAD_BYTES + size;
}

static void put_le(struct pen *pen, uint64_t value, size_t bytes)
{
	memcpy(pen->at, &value, bytes); /* the machine is little endian, as all we build for */
	pen->at += bytes;
}

static void put_varint(struct pen *pen, uint64_t value)
{
	while (value >= 0x80) {
		*pen->at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*pen->at++ = (uint8_t)value;
}

static void put_bytes(struct pen *pen, struct str s)
{
	if (s.size > 0)
		memcpy(pen->at, s.data, s.size);
	pen->at += s.size;
}

static void put_str(struct pen *pen, struct str s)
{
	put_varint(pen, s.size);
	put_bytes(pen, s);
}

static void put_block(struct pen *pen, const struct block *block)
{
	put_le(pen, block->id, 8);
	put_le(pen, block->stamp, 8);
	put_le(pen, block->length, 8);
}

/* ---- records ---- */

void canonical_settings(const struct settings *settings, const struct retries *retries,
                        struct buf *buf)
{
	const struct ns_identity *identity = &settings->identity;
	struct pen pen;

	if (!begin_record(&pen, buf, RECORD_SETTINGS,
	                  identity->cluster_id.size + identity->block_pool_id.size +
	                          settings->extra.size))
		return;
	put_le(&pen, settings->has_identity, 1);
	put_str(&pen, identity->cluster_id);
	put_le(&pen, identity->namespace_id, 4);
	put_str(&pen, identity->block_pool_id);
	put_le(&pen, identity->ctime_ms, 8);
	put_le(&pen, settings->feature_level, 4);
	put_le(&pen, settings->is_safe_mode, 1);
	put_le(&pen, settings->next_inode, 8);
	put_le(&pen, settings->next_block, 8);
	put_le(&pen, settings->next_stamp, 8);
	put_le(&pen, settings->next_lease, 8);
	put_le(&pen, settings->age_ms, 8);
	put_le(&pen, retries->queues[RETRY_AT_MOST_ONCE].line, 8);
	put_le(&pen, retries->queues[RETRY_OTHERS].line, 8);
	put_bytes(&pen, buf_str(&settings->extra));
	end_record(&pen);
}

void canonical_detached(const struct detached *detached, struct buf *buf)
{
	struct pen pen;

	if (detached->count == 0 ||
	    !begin_record(&pen, buf, RECORD_DETACHED, detached->count * sizeof(uint64_t)))
		return;
	put_varint(&pen, detached->count);
	for (size_t i = 0; i < detached->count; i++)
		put_le(&pen, detached->ids[i], 8);
	end_record(&pen);
}

static void put_file(const struct namespace *ns, const struct inode *inode, struct pen *pen)
{
	struct file_class file_class = class_of(&ns->interns, inode->file_class);
	struct block few[BLOCKS_INLINE];
	struct blocks_walk walk;

	put_le(pen, file_class.block_size, 8);
	put_le(pen, file_class.replication, 2);
	put_le(pen, file_class.storage_policy, 1);
	put_le(pen, inode->block_count, 4);
	if (inode->block_count > BLOCKS_INLINE)
		return;
	blocks_walk_begin(&ns->tree.nodes, inode, &walk);
	for (uint32_t left = inode->block_count; left-- > 0;)
		CHECK(blocks_walk_next(&walk, &few[left]));
	for (uint32_t i = 0; i < inode->block_count; i++)
		put_block(pen, &few[i]);
}

static void put_open(const struct namespace *ns, const struct inode *inode, struct pen *pen)
{
	struct str holder = text_of(&ns->interns, inode->holder);
	struct str machine = text_of(&ns->interns, inode->machine);
	struct str workers = text_of(&ns->interns, inode->workers);

	put_varint(pen, INODE_TAG_OPEN);
	put_varint(pen, varint_size(holder.size) + holder.size + varint_size(machine.size) +
	                        machine.size + 8 + 1 + workers.size);
	put_str(pen, holder);
	put_str(pen, machine);
	put_le(pen, inode->lease, 8);
	put_le(pen, inode->workers != 0, 1);
	put_bytes(pen, workers);
}

/* Of all its strings and blocks. */
static size_t inode_bytes(const struct namespace *ns, const struct inode *inode,
                          const struct rights *rights)
{
	size_t bytes = inode->name.size + rights->owner.size + rights->group.size +
	               BLOCKS_INLINE * BLOCK_BYTES;

	if (inode->is_open)
		bytes += text_of(&ns->interns, inode->holder).size +
		         text_of(&ns->interns, inode->machine).size +
		         text_of(&ns->interns, inode->workers).size;
	return bytes + text_of(&ns->interns, inode->extra).size;
}

void canonical_inode(const struct namespace *ns, const struct inode *inode, struct buf *buf)
{
	struct rights rights = rights_of(&ns->interns, inode->rights);
	struct pen pen;

	if (!begin_record(&pen, buf, RECORD_INODE, inode_bytes(ns, inode, &rights)))
		return;
	put_le(&pen, inode->parent, 8);
	put_le(&pen, inode->id, 8);
	put_str(&pen, inode->name);
	put_le(&pen, inode->is_directory ? NS_DIRECTORY : NS_FILE, 1);
	put_str(&pen, rights.owner);
	put_str(&pen, rights.group);
	put_le(&pen, rights.mode, 2);
	put_le(&pen, inode->mtime_ms, 8);
	put_le(&pen, inode->atime_ms, 8);
	if (!inode->is_directory)
		put_file(ns, inode, &pen);
	if (inode->is_open)
		put_open(ns, inode, &pen);
	put_bytes(&pen, text_of(&ns->interns, inode->extra));
	end_record(&pen);
}

void canonical_blocks(uint64_t inode, const struct blocks_run *run, struct buf *buf)
{
	struct pen pen;

	if (!begin_record(&pen, buf, RECORD_BLOCKS, (size_t)run->count * BLOCK_BYTES))
		return;
	put_le(&pen, inode, 8);
	put_le(&pen, run->first, 4);
	put_le(&pen, run->count, 1);
	for (uint32_t i = 0; i < run->count; i++)
		put_block(&pen, &run->blocks[i]);
	end_record(&pen);
}

void canonical_rights(uint64_t directory, uint64_t rights_index, struct buf *buf)
{
	struct pen pen;

	if (rights_index == 0 || !begin_record(&pen, buf, RECORD_RIGHTS, 0))
		return;
	put_le(&pen, directory, 8);
	put_le(&pen, rights_index, 8);
	end_record(&pen);
}

void canonical_retry(const struct retry_row *row, struct buf *buf)
{
	struct pen pen;

	if (!begin_record(&pen, buf, RECORD_RETRY, 0))
		return;
	put_le(&pen, row->which, 1);
	put_bytes(&pen, str_make(row->client_id, sizeof(row->client_id)));
	put_le(&pen, (uint32_t)row->call_id, 4);
	put_le(&pen, row->kind, 1);
	put_le(&pen, row->rc, 1);
	put_le(&pen, row->flags, 2);
	put_le(&pen, row->inode, 8);
	put_le(&pen, row->age_ms, 8);
	end_record(&pen);
}

void canonical_strs(struct strs list, struct buf *buf)
{
	buf_append_varint(buf, list.count);
	for (size_t i = 0; i < list.count; i++) {
		buf_append_varint(buf, list.items[i].size);
		buf_append_str(buf, list.items[i]);
	}
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
