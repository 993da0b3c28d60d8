/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/blocks.h"

#include "proto/hdfs.pb-c.h"
#include "wire/kinds_private.h"

WIRE_CODEC(block, WIRE_BLOCK, hdfs__extended_block__descriptor)
WIRE_NESTED(block)
WIRE_CODEC(token, WIRE_TOKEN, hdfs__token__descriptor)
WIRE_NESTED(token)
WIRE_CODEC(datanode_id, WIRE_DATANODE_ID, hdfs__datanode_id__descriptor)
WIRE_NESTED(datanode_id)
WIRE_CODEC(datanode, WIRE_DATANODE, hdfs__datanode_info__descriptor)
WIRE_NESTED(datanode)

/* ---- LocatedBlock: parallel arrays on the wire, one array of locations here ---- */

enum located_block_field {
	LOCATED_BLOCK = 1,
	LOCATED_OFFSET = 2,
	LOCATED_NODE = 3, /* repeated, as are the other three of a location */
	LOCATED_CORRUPT = 4,
	LOCATED_TOKEN = 5,
	LOCATED_CACHED = 6, /* packed */
	LOCATED_STORAGE_TYPE = 7,
	LOCATED_STORAGE_ID = 8,
};

/* The locations read so far: how many of each part, and room for the longest. */
struct parts {
	struct wire_location *locations;
	size_t count;
	size_t nodes, cached, storage_types, storage_ids;
};

/* The location that the next value of a part belongs to; NULL: no memory. */
static struct wire_location *next_location(struct parts *parts, size_t *part,
                                           struct wire_context *context, struct cursor *c)
{
	if (*part == parts->count) {
		struct wire_location *location =
		        wire_append(context, &parts->locations, &parts->count, sizeof(*location));

		if (location == NULL) {
			cursor_fail(c);
			return NULL;
		}
		*location = (struct wire_location){.storage_type = HDFS__STORAGE_TYPE__DISK};
	}
	return &parts->locations[(*part)++];
}

static void read_node(struct parts *parts, struct wire_context *context, struct cursor *c)
{
	struct wire_location *location = next_location(parts, &parts->nodes, context, c);

	if (location != NULL)
		wire_get_pointer_datanode(c, context, false, &location->node);
}

static void read_cached(struct parts *parts, struct wire_context *context, struct cursor *c)
{
	struct wire_location *location = next_location(parts, &parts->cached, context, c);

	if (location != NULL)
		location->is_cached = cursor_varint(c) != 0;
}

static void read_storage_type(struct parts *parts, struct wire_context *context, struct cursor *c)
{
	struct wire_location *location = next_location(parts, &parts->storage_types, context, c);

	if (location != NULL)
		wire_get_storage_type(c, context, false, &location->storage_type);
}

static void read_storage_id(struct parts *parts, struct wire_context *context, struct cursor *c)
{
	struct wire_location *location = next_location(parts, &parts->storage_ids, context, c);

	if (location != NULL)
		location->storage_id = wire_read_bytes(c);
}

static void read_packed(struct parts *parts, struct wire_context *context, struct cursor *c,
                        void (*read)(struct parts *, struct wire_context *, struct cursor *))
{
	struct cursor values = cursor_of(wire_read_bytes(c));

	while (cursor_left(&values) > 0)
		read(parts, context, &values);
	if (values.failed)
		cursor_fail(c);
}

static void read_located_field(struct cursor *c, uint32_t tag, struct wire_context *context,
                               struct wire_located_block *m, struct parts *parts, uint64_t *seen)
{
	switch (tag) {
	case WIRE_TAG(LOCATED_BLOCK, WIRE_LENGTH):
		wire_get_block(c, context, wire_see(seen, LOCATED_BLOCK), &m->block);
		break;
	case WIRE_TAG(LOCATED_OFFSET, WIRE_VARINT):
		wire_get_u64(c, context, wire_see(seen, LOCATED_OFFSET), &m->offset);
		break;
	case WIRE_TAG(LOCATED_NODE, WIRE_LENGTH): read_node(parts, context, c); break;
	case WIRE_TAG(LOCATED_CORRUPT, WIRE_VARINT):
		wire_get_boolean(c, context, wire_see(seen, LOCATED_CORRUPT), &m->is_corrupt);
		break;
	case WIRE_TAG(LOCATED_TOKEN, WIRE_LENGTH):
		wire_get_token(c, context, wire_see(seen, LOCATED_TOKEN), &m->token);
		break;
	case WIRE_TAG(LOCATED_CACHED, WIRE_VARINT): read_cached(parts, context, c); break;
	case WIRE_TAG(LOCATED_CACHED, WIRE_LENGTH):
		read_packed(parts, context, c, read_cached);
		break;
	case WIRE_TAG(LOCATED_STORAGE_TYPE, WIRE_VARINT):
		read_storage_type(parts, context, c);
		break;
	case WIRE_TAG(LOCATED_STORAGE_TYPE, WIRE_LENGTH):
		read_packed(parts, context, c, read_storage_type);
		break;
	case WIRE_TAG(LOCATED_STORAGE_ID, WIRE_LENGTH): read_storage_id(parts, context, c); break;
	default: pb_check_field(&hdfs__located_block__descriptor, c, tag, seen);
	}
}

static bool read_located_block(struct cursor c, struct wire_context *context,
                               struct wire_located_block *m)
{
	const uint64_t needed = BIT(LOCATED_BLOCK) | BIT(LOCATED_OFFSET) | BIT(LOCATED_CORRUPT) |
	                        BIT(LOCATED_TOKEN);
	struct parts parts = {0};
	uint64_t seen = 0;
	uint32_t tag;

	while (wire_read_tag(&c, &tag))
		read_located_field(&c, tag, context, m, &parts, &seen);
	m->locations = parts.locations;
	m->location_count = parts.nodes;
	return !c.failed && (seen & needed) == needed;
}

static size_t bound_located_block(const struct wire_located_block *m)
{
	size_t size = wire_bound_block(&m->block) + wire_bound_token(&m->token) +
	              2 * WIRE_NUMBER_BOUND + WIRE_TAG_BYTES_MAX + WIRE_LENGTH_BYTES_MAX;

	for (size_t i = 0; i < m->location_count; i++)
		size += wire_bound_datanode(m->locations[i].node) + 2 * WIRE_NUMBER_BOUND +
		        wire_bound_bytes(&m->locations[i].storage_id);
	return size;
}

static uint8_t *write_located_block(uint8_t *at, const struct wire_located_block *m)
{
	at = wire_put_block(at, LOCATED_BLOCK, &m->block);
	at = wire_put_u64(at, LOCATED_OFFSET, &m->offset);
	for (size_t i = 0; i < m->location_count; i++)
		at = wire_put_datanode(at, LOCATED_NODE, m->locations[i].node);
	at = wire_put_boolean(at, LOCATED_CORRUPT, &m->is_corrupt);
	at = wire_put_token(at, LOCATED_TOKEN, &m->token);
	if (m->location_count > 0) {
		at = wire_write_tag(at, LOCATED_CACHED, WIRE_LENGTH);
		at = wire_write_varint(at, m->location_count);
	}
	for (size_t i = 0; i < m->location_count; i++)
		*at++ = m->locations[i].is_cached;
	for (size_t i = 0; i < m->location_count; i++)
		at = wire_put_storage_type(at, LOCATED_STORAGE_TYPE, &m->locations[i].storage_type);
	for (size_t i = 0; i < m->location_count; i++)
		at = wire_put_bytes(at, LOCATED_STORAGE_ID, &m->locations[i].storage_id);
	return at;
}

WIRE_PUBLIC(located_block)
WIRE_NESTED(located_block)
WIRE_CODEC(located_blocks, WIRE_LOCATED_BLOCKS, hdfs__located_blocks__descriptor)
WIRE_NESTED(located_blocks)
