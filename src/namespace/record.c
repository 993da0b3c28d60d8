/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a record.
 *   u8 form     bit 0 directory, 1 id of 8 bytes, 2 mtime of 8 bytes, 3 blocks of 24 bytes,
 *               4 open, 5 extra, 6-7 width of atime
 *   u8 blocks   how many stand here; CHAINED: in a chain
 *   u8 name length
 *   id          5 bytes, or 8
 *   name
 *   mtime       5 bytes, milliseconds since TIME_BASE_MS, or 8 bytes since 1970
 *   atime       0: as mtime for files, zero for directories; 1: u16, 2: u32 milliseconds before
 *               mtime; 3: u64
 *   varint rights
 *   files: varint class, blocks (id 5, stamp 5, length 4 bytes; or 8 each),
 *          or varint count, varint length, u32 chain
 *   if open: varint holder, machine, workers, lease
 *   if extra: varint text
 */
#include "namespace/record.h"

#include <string.h>

#include "base/check.h"

enum {
	FORM_DIRECTORY = 1 << 0,
	FORM_WIDE_ID = 1 << 1,
	FORM_WIDE_MTIME = 1 << 2,
	FORM_WIDE_BLOCKS = 1 << 3,
	FORM_OPEN = 1 << 4,
	FORM_EXTRA = 1 << 5,
	FORM_ATIME_SHIFT = 6,
};

enum { ATIME_DEFAULT, ATIME_U16, ATIME_U32, ATIME_U64 };
static const uint8_t atime_sizes[] = {0, 2, 4, 8};

enum {
	CHAINED = BLOCKS_INLINE + 1,
	AT_FORM = 0,
	AT_BLOCKS = 1,
	AT_NAME_LENGTH = 2,
	AT_ID = 3,
	NARROW_BYTES = 5,
	BLOCK_NARROW_BYTES = 14,
	BLOCK_WIDE_BYTES = 24,
};

static const uint64_t TIME_BASE_MS = 1500000000000; /* 2017 */
static const uint64_t NARROW_END = 1ull << 40;

/* ---- numbers ---- */

static uint8_t *put_le(uint8_t *at, uint64_t value, size_t bytes)
{
	memcpy(at, &value, bytes); /* the machine is little endian, as all we build for */
	return at + bytes;
}

static uint64_t get_le(const uint8_t **at, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, *at, bytes);
	*at += bytes;
	return value;
}

/* Of one width or the other; each has a load of its own, for this is the hottest of all. */
static uint64_t get_number(const uint8_t **at, bool is_wide)
{
	uint32_t low;
	uint64_t value;

	if (is_wide)
		return get_le(at, 8);
	memcpy(&low, *at, sizeof(low));
	value = low | (uint64_t)(*at)[sizeof(low)] << 32;
	*at += NARROW_BYTES;
	return value;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static uint64_t get_varint(const uint8_t **at)
{
	uint64_t value = 0;
	unsigned shift = 0;

	for (;; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
}

static void skip_varint(const uint8_t **at)
{
	while (*(*at)++ >= 0x80)
		continue;
}

/* ---- encoding ---- */

static bool blocks_are_wide(const struct inode *inode)
{
	for (uint32_t i = 0; i < inode->block_count; i++) {
		const struct block *block = &inode->blocks[i];

		if (block->id >= NARROW_END || block->stamp >= NARROW_END ||
		    block->length > UINT32_MAX)
			return true;
	}
	return false;
}

static unsigned atime_width(const struct inode *inode)
{
	uint64_t before = inode->mtime_ms - inode->atime_ms;

	if (inode->atime_ms == (inode->is_directory ? 0 : inode->mtime_ms))
		return ATIME_DEFAULT;
	if (inode->atime_ms > inode->mtime_ms || before > UINT32_MAX)
		return ATIME_U64;
	return before > UINT16_MAX ? ATIME_U32 : ATIME_U16;
}

static uint8_t form_of(const struct inode *inode)
{
	uint8_t form = (uint8_t)(atime_width(inode) << FORM_ATIME_SHIFT);

	if (inode->is_directory)
		form |= FORM_DIRECTORY;
	if (inode->id >= NARROW_END)
		form |= FORM_WIDE_ID;
	if (inode->mtime_ms < TIME_BASE_MS || inode->mtime_ms - TIME_BASE_MS >= NARROW_END)
		form |= FORM_WIDE_MTIME;
	if (inode->chain == 0 && blocks_are_wide(inode))
		form |= FORM_WIDE_BLOCKS;
	if (inode->is_open)
		form |= FORM_OPEN;
	if (inode->extra != 0)
		form |= FORM_EXTRA;
	return form;
}

static uint8_t *put_atime(uint8_t *at, const struct inode *inode, unsigned width)
{
	uint64_t value = width == ATIME_U64 ? inode->atime_ms : inode->mtime_ms - inode->atime_ms;

	return put_le(at, value, atime_sizes[width]);
}

static uint8_t *put_blocks(uint8_t *at, const struct inode *inode, bool is_wide)
{
	if (inode->chain != 0) {
		at = put_varint(at, inode->block_count);
		at = put_varint(at, inode->length);
		return put_le(at, inode->chain, sizeof(inode->chain));
	}
	for (uint32_t i = 0; i < inode->block_count; i++) {
		const struct block *block = &inode->blocks[i];

		at = put_le(at, block->id, is_wide ? 8 : NARROW_BYTES);
		at = put_le(at, block->stamp, is_wide ? 8 : NARROW_BYTES);
		at = put_le(at, block->length, is_wide ? 8 : 4);
	}
	return at;
}

size_t record_encode(const struct inode *inode, uint8_t *bytes)
{
	uint8_t form = form_of(inode);
	uint8_t *at = bytes;

	CHECK(inode->name.size <= NAME_BYTES_MAX);
	CHECK(inode->chain != 0 || inode->block_count <= BLOCKS_INLINE);
	*at++ = form;
	*at++ = inode->chain != 0 ? CHAINED : (uint8_t)inode->block_count;
	*at++ = (uint8_t)inode->name.size;
	at = put_le(at, inode->id, (form & FORM_WIDE_ID) != 0 ? 8 : NARROW_BYTES);
	if (inode->name.size > 0)
		memcpy(at, inode->name.data, inode->name.size);
	at += inode->name.size;
	if ((form & FORM_WIDE_MTIME) != 0)
		at = put_le(at, inode->mtime_ms, 8);
	else
		at = put_le(at, inode->mtime_ms - TIME_BASE_MS, NARROW_BYTES);
	at = put_atime(at, inode, form >> FORM_ATIME_SHIFT);
	at = put_varint(at, inode->rights);
	if (!inode->is_directory) {
		at = put_varint(at, inode->file_class);
		at = put_blocks(at, inode, (form & FORM_WIDE_BLOCKS) != 0);
	}
	if (inode->is_open) {
		at = put_varint(at, inode->holder);
		at = put_varint(at, inode->machine);
		at = put_varint(at, inode->workers);
		at = put_varint(at, inode->lease);
	}
	if (inode->extra != 0)
		at = put_varint(at, inode->extra);
	CHECK(at - bytes <= RECORD_BYTES_MAX);
	return (size_t)(at - bytes);
}

/* ---- decoding ---- */

static size_t id_size(uint8_t form)
{
	return (form & FORM_WIDE_ID) != 0 ? 8 : NARROW_BYTES;
}

static uint64_t get_mtime(const uint8_t **at, uint8_t form)
{
	bool is_wide = (form & FORM_WIDE_MTIME) != 0;

	return get_number(at, is_wide) + (is_wide ? 0 : TIME_BASE_MS);
}

static uint64_t get_atime(const uint8_t **at, uint8_t form, uint64_t mtime_ms)
{
	switch (form >> FORM_ATIME_SHIFT) {
	case ATIME_DEFAULT: return (form & FORM_DIRECTORY) != 0 ? 0 : mtime_ms;
	case ATIME_U16: return mtime_ms - get_le(at, 2);
	case ATIME_U32: return mtime_ms - get_le(at, 4);
	default: return get_le(at, 8);
	}
}

static void get_blocks(const uint8_t **at, uint8_t form, uint8_t blocks, struct inode *inode)
{
	bool is_wide = (form & FORM_WIDE_BLOCKS) != 0;

	if (blocks == CHAINED) {
		inode->block_count = (uint32_t)get_varint(at);
		inode->length = get_varint(at);
		inode->chain = (ref_t)get_le(at, sizeof(inode->chain));
		return;
	}
	inode->block_count = blocks;
	for (uint32_t i = 0; i < blocks; i++) {
		inode->blocks[i].id = get_number(at, is_wide);
		inode->blocks[i].stamp = get_number(at, is_wide);
		inode->blocks[i].length = is_wide ? get_le(at, 8) : get_le(at, 4);
		inode->length += inode->blocks[i].length;
	}
}

static void get_open(const uint8_t **at, struct inode *inode)
{
	inode->is_open = true;
	inode->holder = (uint32_t)get_varint(at);
	inode->machine = (uint32_t)get_varint(at);
	inode->workers = (uint32_t)get_varint(at);
	inode->lease = get_varint(at);
}

/* What a record may not have.  Blocks that are not there are left as they are. */
static void clear_rest(struct inode *inode)
{
	inode->extra = 0;
	inode->is_open = false;
	inode->file_class = 0;
	inode->block_count = 0;
	inode->length = 0;
	inode->chain = 0;
	inode->holder = 0;
	inode->machine = 0;
	inode->workers = 0;
	inode->lease = 0;
}

void record_decode(const uint8_t *bytes, uint64_t parent, struct inode *ret_inode)
{
	uint8_t form = bytes[AT_FORM];
	const uint8_t *at = bytes + AT_ID;
	struct inode *inode = ret_inode;

	clear_rest(inode);
	inode->parent = parent;
	inode->is_directory = (form & FORM_DIRECTORY) != 0;
	inode->id = get_number(&at, (form & FORM_WIDE_ID) != 0);
	inode->name = str_make(at, bytes[AT_NAME_LENGTH]);
	at += bytes[AT_NAME_LENGTH];
	inode->mtime_ms = get_mtime(&at, form);
	inode->atime_ms = get_atime(&at, form, inode->mtime_ms);
	inode->rights = (uint32_t)get_varint(&at);
	if (!inode->is_directory) {
		inode->file_class = (uint32_t)get_varint(&at);
		get_blocks(&at, form, bytes[AT_BLOCKS], inode);
	}
	if ((form & FORM_OPEN) != 0)
		get_open(&at, inode);
	if ((form & FORM_EXTRA) != 0)
		inode->extra = (uint32_t)get_varint(&at);
}

size_t record_size(const uint8_t *bytes)
{
	uint8_t form = bytes[AT_FORM];
	const uint8_t *at = bytes + AT_ID + id_size(form) + bytes[AT_NAME_LENGTH];

	at += (form & FORM_WIDE_MTIME) != 0 ? 8 : NARROW_BYTES;
	at += atime_sizes[form >> FORM_ATIME_SHIFT];
	skip_varint(&at);
	if ((form & FORM_DIRECTORY) == 0) {
		skip_varint(&at);
		if (bytes[AT_BLOCKS] == CHAINED) {
			skip_varint(&at);
			skip_varint(&at);
			at += sizeof(ref_t);
		} else {
			at += bytes[AT_BLOCKS] * ((form & FORM_WIDE_BLOCKS) != 0
			                                  ? BLOCK_WIDE_BYTES
			                                  : BLOCK_NARROW_BYTES);
		}
	}
	if ((form & FORM_OPEN) != 0)
		for (int i = 0; i < 4; i++)
			skip_varint(&at);
	if ((form & FORM_EXTRA) != 0)
		skip_varint(&at);
	return (size_t)(at - bytes);
}

struct str record_name(const uint8_t *bytes)
{
	return str_make(bytes + AT_ID + id_size(bytes[AT_FORM]), bytes[AT_NAME_LENGTH]);
}

uint64_t record_id(const uint8_t *bytes)
{
	const uint8_t *at = bytes + AT_ID;

	return get_number(&at, (bytes[AT_FORM] & FORM_WIDE_ID) != 0);
}
