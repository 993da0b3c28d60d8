/* SPDX-License-Identifier: Apache-2.0 */
#include "format/entry.h"

#include "base/hash.h"
#include "format/bytes.h"

enum { CRC_AT = 4, CHAINED_FROM = 8 };

static uint64_t chain_of(const uint8_t *entry, size_t length, uint64_t chain_before)
{
	return hash64(chain_before, entry + CHAINED_FROM,
	              length - ENTRY_CHAIN_BYTES - CHAINED_FROM);
}

void entry_encode(struct entry *entry, uint64_t chain_before, struct buf *buf)
{
	size_t length = entry_size(entry->payload.size);
	uint8_t *bytes, *at;

	if (!buf_reserve(buf, length))
		return;
	bytes = at = buf->data + buf->size;
	put_le(&at, length, 4);
	put_le(&at, 0, 4);
	put_le(&at, entry->index, 8);
	put_le(&at, entry->epoch, 8);
	put_le(&at, entry->kind, 2);
	put_le(&at, entry->version, 1);
	put_le(&at, 0, 1);
	if (entry->payload.size > 0)
		put_bytes(&at, entry->payload.data, entry->payload.size);
	entry->chain = chain_of(bytes, length, chain_before);
	put_le(&at, entry->chain, ENTRY_CHAIN_BYTES);
	crc_put(bytes, length, CRC_AT);
	buf->size += length;
}

/* Fields of the entry at the cursor, unchecked but within bounds; `ret_zero` is the byte that must
 * be zero. */
static bool take(struct cursor *bytes, struct entry *ret_entry, uint8_t *ret_zero)
{
	size_t left = cursor_left(bytes);
	struct cursor at = *bytes;
	size_t length = (size_t)cursor_le(&at, 4);

	if (at.failed || length < ENTRY_OVERHEAD_BYTES || length > left)
		return false;
	cursor_le(&at, 4);
	ret_entry->index = cursor_le(&at, 8);
	ret_entry->epoch = cursor_le(&at, 8);
	ret_entry->kind = (uint16_t)cursor_le(&at, 2);
	ret_entry->version = cursor_u8(&at);
	*ret_zero = cursor_u8(&at);
	ret_entry->payload = cursor_bytes(&at, length - ENTRY_OVERHEAD_BYTES);
	ret_entry->chain = cursor_le(&at, ENTRY_CHAIN_BYTES);
	bytes->at += length;
	return true;
}

bool entry_next(struct cursor *bytes, struct entry *ret_entry)
{
	uint8_t zero;

	return take(bytes, ret_entry, &zero);
}

enum entry_finding entry_check(struct cursor *bytes, const struct entry *before,
                               struct entry *ret_entry)
{
	const uint8_t *start = bytes->at;
	struct cursor after = *bytes;
	struct entry entry;
	uint8_t zero;
	size_t length;

	if (!take(&after, &entry, &zero))
		return ENTRY_BAD;
	length = (size_t)(after.at - start);
	if (zero != 0 || !crc_holds(start, length, CRC_AT))
		return ENTRY_BAD;
	if (entry.index != before->index + 1)
		return ENTRY_HOLE;
	if (entry.epoch < before->epoch || entry.chain != chain_of(start, length, before->chain))
		return ENTRY_FOREIGN;
	*bytes = after;
	*ret_entry = entry;
	return ENTRY_GOOD;
}
