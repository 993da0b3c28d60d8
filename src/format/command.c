/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a command.  Little endian; str = varint length, bytes; a list = varint count, items.
 *
 *   common header
 *     u8  presence      bit 0: client id and call id follow; other bits are zero
 *     u8  flags         enum command_flags; unknown bits are refused
 *     u8  auth          enum command_auth
 *     u64 wall_ms
 *     u64 age_ms
 *     16 bytes client_id, u32 call_id (two's complement)   if present
 *     str user, str real_user, strs groups
 *   fields of the kind, in the order of entry_kinds.def
 *     u8 u16 u32 u64; bool: u8 0 or 1; block: u64 id, u64 stamp, u64 length
 *   tagged fields, up to the end: varint tag, varint size, bytes
 *     a tag with bit 0 set must be understood; this version knows none
 */
#include "format/command.h"

#include <inttypes.h>

#include "base/cursor.h"
#include "base/err.h"

enum { PRESENT_CLIENT = 1 << 0, PRESENT_ALL = PRESENT_CLIENT };
enum { FLAGS_ALL = COMMAND_SUPERUSER | COMMAND_AT_MOST_ONCE };
enum { VERSION_NEWEST = 0 };

/* ---- encoding ---- */

static void put_u8(struct buf *buf, uint8_t value)
{
	buf_append_u8(buf, value);
}

static void put_u16(struct buf *buf, uint16_t value)
{
	buf_append_le(buf, value, 2);
}

static void put_u32(struct buf *buf, uint32_t value)
{
	buf_append_le(buf, value, 4);
}

static void put_u64(struct buf *buf, uint64_t value)
{
	buf_append_le(buf, value, 8);
}

static void put_bool(struct buf *buf, bool value)
{
	buf_append_u8(buf, value);
}

static void put_str(struct buf *buf, struct str s)
{
	buf_append_varint(buf, s.size);
	buf_append_str(buf, s);
}

static void put_strs(struct buf *buf, struct strs list)
{
	buf_append_varint(buf, list.count);
	for (size_t i = 0; i < list.count; i++)
		put_str(buf, list.items[i]);
}

static void put_u64s(struct buf *buf, struct u64s list)
{
	buf_append_varint(buf, list.count);
	for (size_t i = 0; i < list.count; i++)
		put_u64(buf, list.items[i]);
}

static void put_block(struct buf *buf, struct block block)
{
	put_u64(buf, block.id);
	put_u64(buf, block.stamp);
	put_u64(buf, block.length);
}

static void put_header(struct buf *buf, const struct command *command)
{
	put_u8(buf, command->has_client ? PRESENT_CLIENT : 0);
	put_u8(buf, command->flags);
	put_u8(buf, command->auth);
	put_u64(buf, command->wall_ms);
	put_u64(buf, command->age_ms);
	if (command->has_client) {
		buf_append(buf, command->client_id, sizeof(command->client_id));
		put_u32(buf, (uint32_t)command->call_id);
	}
	put_str(buf, command->user);
	put_str(buf, command->real_user);
	put_strs(buf, command->groups);
}

#define PUT_FIELD(type, field) put_##type(buf, fields->field);
#define ENTRY(number, name)                                                                        \
	static void put_fields_##name(struct buf *buf, const struct command_##name *fields)        \
	{                                                                                          \
		(void)buf;                                                                         \
		(void)fields;                                                                      \
		FIELDS_##name(PUT_FIELD)                                                           \
	}
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED

void command_encode(const struct command *command, struct buf *buf)
{
	put_header(buf, command);
	switch (command->kind) {
#define ENTRY(number, name)                                                                        \
	case ENTRY_##name:                                                                         \
		put_fields_##name(buf, &command->name);                                            \
		return;
#define JOURNALS(number, name)                                                                     \
	case ENTRY_##name:                                                                         \
		break;
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
	case ENTRY_NONE: break;
	}
	CHECK(!"a command has a kind");
}

/* ---- decoding ---- */

struct decoder {
	struct cursor cursor;
	struct arena *arena;
	bool out_of_memory;
};

static uint8_t get_u8(struct decoder *d)
{
	return cursor_u8(&d->cursor);
}

static uint16_t get_u16(struct decoder *d)
{
	return (uint16_t)cursor_le(&d->cursor, 2);
}

static uint32_t get_u32(struct decoder *d)
{
	return (uint32_t)cursor_le(&d->cursor, 4);
}

static uint64_t get_u64(struct decoder *d)
{
	return cursor_le(&d->cursor, 8);
}

static bool get_bool(struct decoder *d)
{
	uint8_t value = cursor_u8(&d->cursor);

	if (value > 1)
		cursor_fail(&d->cursor);
	return value == 1;
}

static struct str get_str(struct decoder *d)
{
	return cursor_bytes(&d->cursor, cursor_varint(&d->cursor));
}

/* A list's count, and room for it.  A count that cannot be true is refused before memory is taken
 * for it. */
static void *get_list(struct decoder *d, size_t item_bytes_min, size_t item_size, size_t *ret_count)
{
	uint64_t count = cursor_varint(&d->cursor);
	void *items;

	if (count > cursor_left(&d->cursor) / item_bytes_min)
		cursor_fail(&d->cursor);
	if (d->cursor.failed || count == 0)
		return NULL;
	items = arena_alloc(d->arena, count * item_size);
	if (items == NULL) {
		d->out_of_memory = true;
		cursor_fail(&d->cursor);
		return NULL;
	}
	*ret_count = count;
	return items;
}

static struct strs get_strs(struct decoder *d)
{
	struct strs list = {0};

	list.items = get_list(d, 1, sizeof(*list.items), &list.count);
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = get_str(d);
	return list;
}

static struct u64s get_u64s(struct decoder *d)
{
	struct u64s list = {0};

	list.items = get_list(d, sizeof(uint64_t), sizeof(*list.items), &list.count);
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = get_u64(d);
	return list;
}

static struct block get_block(struct decoder *d)
{
	struct block block;

	block.id = get_u64(d);
	block.stamp = get_u64(d);
	block.length = get_u64(d);
	return block;
}

static void get_header(struct decoder *d, struct command *command)
{
	uint8_t presence = get_u8(d);
	struct str client_id;

	command->flags = get_u8(d);
	command->auth = get_u8(d);
	if ((presence & ~PRESENT_ALL) != 0 || (command->flags & ~FLAGS_ALL) != 0 ||
	    command->auth > COMMAND_AUTH_TOKEN)
		cursor_fail(&d->cursor);
	command->wall_ms = get_u64(d);
	command->age_ms = get_u64(d);
	command->has_client = (presence & PRESENT_CLIENT) != 0;
	if (command->has_client) {
		client_id = cursor_bytes(&d->cursor, sizeof(command->client_id));
		if (client_id.size > 0)
			memcpy(command->client_id, client_id.data, client_id.size);
		command->call_id = (int32_t)get_u32(d);
	}
	command->user = get_str(d);
	command->real_user = get_str(d);
	command->groups = get_strs(d);
}

#define GET_FIELD(type, field) fields->field = get_##type(d);
#define ENTRY(number, name)                                                                        \
	static void get_fields_##name(struct decoder *d, struct command_##name *fields)            \
	{                                                                                          \
		(void)d;                                                                           \
		(void)fields;                                                                      \
		FIELDS_##name(GET_FIELD)                                                           \
	}
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED

static int get_fields(struct decoder *d, unsigned kind, struct command *command)
{
	switch (kind) {
#define ENTRY(number, name)                                                                        \
	case ENTRY_##name:                                                                         \
		get_fields_##name(d, &command->name);                                              \
		return 0;
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
	default: return -ERR_UNSUPPORTED;
	}
}

static int skip_tagged(struct decoder *d)
{
	while (!d->cursor.failed && cursor_left(&d->cursor) > 0) {
		uint64_t tag = cursor_varint(&d->cursor);

		get_str(d);
		if (!d->cursor.failed && (tag & 1) != 0)
			return -ERR_UNSUPPORTED;
	}
	return 0;
}

int command_decode(unsigned kind, unsigned version, struct str payload, struct arena *arena,
                   struct command *ret_command)
{
	struct decoder d = {.cursor = cursor_of(payload), .arena = arena};
	struct command command = {.kind = (enum entry_kind)kind, .version = (uint8_t)version};
	int rc;

	if (entry_kind_is_journals(kind)) {
		*ret_command = command;
		return 0;
	}
	if (version > VERSION_NEWEST)
		return -ERR_UNSUPPORTED;
	get_header(&d, &command);
	rc = get_fields(&d, kind, &command);
	if (rc == 0)
		rc = skip_tagged(&d);
	if (rc < 0)
		return rc;
	if (d.out_of_memory)
		return -ERR_NO_MEMORY;
	if (d.cursor.failed)
		return -ERR_DAMAGED;
	*ret_command = command;
	return 0;
}

/* ---- for people ---- */

static const char *const kind_names[] = {
#define ENTRY(number, name)    [number] = #name,
#define RESERVED(number, name) [number] = #name,
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
};

const char *entry_kind_name(unsigned kind)
{
	if (kind >= COUNT_OF(kind_names) || kind_names[kind] == NULL)
		return "unknown";
	return kind_names[kind];
}

bool entry_kind_is_journals(unsigned kind)
{
	switch (kind) {
#define ENTRY(number, name)
#define JOURNALS(number, name) case number:
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
		return true;
	default: return false;
	}
}

/* Bytes of the character that begins here; 0: it is not one in UTF-8. */
static size_t character_size(const uint8_t *at, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = *at < 0x80       ? 1
	              : *at >> 5 == 6  ? 2
	              : *at >> 4 == 14 ? 3
	              : *at >> 3 == 30 ? 4
	                               : 0;
	uint32_t point = size < 2 ? *at : *at & (0x7fu >> size);

	if (size > left)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if (at[i] >> 6 != 2)
			return 0;
		point = point << 6 | (at[i] & 0x3f);
	}
	if (size > 1 && (point < least[size] || point > 0x10ffff || point >> 11 == 27))
		return 0;
	return size;
}

/* Bytes that would break a line, a field, or the text that it stands in are written \xNN. */
static void show_bytes(struct buf *buf, struct str s)
{
	const uint8_t *bytes = (const uint8_t *)s.data;

	for (size_t i = 0; i < s.size;) {
		uint8_t c = bytes[i];
		size_t size = character_size(bytes + i, s.size - i);

		if (size == 0 || c <= ' ' || c == '\\' || c == ',' || c == 0x7f) {
			buf_append_format(buf, "\\x%02x", c);
			i++;
		} else {
			buf_append(buf, bytes + i, size);
			i += size;
		}
	}
}

static void show_u64(struct buf *buf, const char *name, uint64_t value)
{
	if (value == UINT64_MAX)
		buf_append_format(buf, " %s=-1", name);
	else
		buf_append_format(buf, " %s=%" PRIu64, name, value);
}

static void show_u8(struct buf *buf, const char *name, uint8_t value)
{
	show_u64(buf, name, value);
}

/* The only 16-bit field that is not a number is a mode. */
static void show_u16(struct buf *buf, const char *name, uint16_t value)
{
	if (strcmp(name, "mode") == 0)
		buf_append_format(buf, " mode=%04o", value);
	else
		show_u64(buf, name, value);
}

static void show_u32(struct buf *buf, const char *name, uint32_t value)
{
	show_u64(buf, name, value);
}

static void show_bool(struct buf *buf, const char *name, bool value)
{
	buf_append_format(buf, " %s=%s", name, value ? "true" : "false");
}

static void show_str(struct buf *buf, const char *name, struct str value)
{
	buf_append_format(buf, " %s=", name);
	show_bytes(buf, value);
}

static void show_strs(struct buf *buf, const char *name, struct strs list)
{
	buf_append_format(buf, " %s=", name);
	for (size_t i = 0; i < list.count; i++) {
		if (i > 0)
			buf_append_u8(buf, ',');
		show_bytes(buf, list.items[i]);
	}
}

static void show_u64s(struct buf *buf, const char *name, struct u64s list)
{
	buf_append_format(buf, " %s=", name);
	for (size_t i = 0; i < list.count; i++)
		buf_append_format(buf, "%s%" PRIu64, i > 0 ? "," : "", list.items[i]);
}

static void show_block(struct buf *buf, const char *name, struct block block)
{
	if (block.id == 0)
		buf_append_format(buf, " %s=none", name);
	else
		buf_append_format(buf, " %s=blk_%" PRIu64 "_%" PRIu64 ":%" PRIu64, name, block.id,
		                  block.stamp, block.length);
}

#define SHOW_FIELD(type, field) show_##type(buf, #field, fields->field);
#define ENTRY(number, name)                                                                        \
	static void show_fields_##name(struct buf *buf, const struct command_##name *fields)       \
	{                                                                                          \
		(void)buf;                                                                         \
		(void)fields;                                                                      \
		FIELDS_##name(SHOW_FIELD)                                                          \
	}
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED

static void show_header(struct buf *buf, const struct command *command)
{
	if (command->user.size > 0)
		show_str(buf, "user", command->user);
	if (command->real_user.size > 0)
		show_str(buf, "real_user", command->real_user);
	if (command->groups.count > 0)
		show_strs(buf, "groups", command->groups);
	if ((command->flags & COMMAND_SUPERUSER) != 0)
		buf_append_str(buf, STR(" superuser"));
	if (command->has_client) {
		buf_append_str(buf, STR(" call="));
		for (size_t i = 0; i < sizeof(command->client_id); i++)
			buf_append_format(buf, "%02x", command->client_id[i]);
		buf_append_format(buf, ":%" PRId32, command->call_id);
	}
	show_u64(buf, "wall", command->wall_ms);
	show_u64(buf, "age", command->age_ms);
}

void command_describe(const struct command *command, struct buf *buf)
{
	buf_append_str(buf, str_of(entry_kind_name(command->kind)));
	switch (command->kind) {
#define ENTRY(number, name)                                                                        \
	case ENTRY_##name:                                                                         \
		show_fields_##name(buf, &command->name);                                           \
		break;
#define JOURNALS(number, name)                                                                     \
	case ENTRY_##name:                                                                         \
		return;
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
	case ENTRY_NONE: return;
	}
	show_header(buf, command);
}
