/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes against a message's descriptor, before protobuf-c builds anything from them.
 */
#include <limits.h>

#include "wire/grammar.h"
#include "wire/pb.h"

/* What is left of the limits at some depth of a message. */
struct room {
	unsigned levels;
	uint32_t *fields;
};

static void check_field(const ProtobufCMessageDescriptor *type, struct cursor *c, uint32_t tag,
                        uint64_t *seen, struct room room);

static uint64_t bit_of(const ProtobufCFieldDescriptor *field)
{
	CHECK(field->id < 64);
	return (uint64_t)1 << field->id;
}

static bool has_all_required(const ProtobufCMessageDescriptor *type, uint64_t seen)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];

		if (field->label == PROTOBUF_C_LABEL_REQUIRED && (seen & bit_of(field)) == 0)
			return false;
	}
	return true;
}

static bool check_message(const ProtobufCMessageDescriptor *type, struct str bytes,
                          struct room room)
{
	struct cursor c = cursor_of(bytes);
	uint64_t seen = 0;
	uint32_t tag;

	while (wire_read_tag(&c, &tag)) {
		if ((*room.fields)-- == 0)
			return false;
		check_field(type, &c, tag, &seen, room);
	}
	return !c.failed && has_all_required(type, seen);
}

static enum wire_type wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT: return WIRE_FIXED32;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE: return WIRE_FIXED64;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE: return WIRE_LENGTH;
	default: return WIRE_VARINT;
	}
}

/* One number, by itself or among packed ones. */
static void check_number(const ProtobufCFieldDescriptor *field, struct cursor *c,
                         enum wire_type wire_type)
{
	uint64_t value;

	if (wire_type != WIRE_VARINT) {
		wire_skip(c, wire_type);
		return;
	}
	value = cursor_varint(c);
	if (field->type == PROTOBUF_C_TYPE_ENUM &&
	    protobuf_c_enum_descriptor_get_value(field->descriptor, (int32_t)value) == NULL)
		cursor_fail(c);
}

static void check_packed(const ProtobufCFieldDescriptor *field, struct cursor *c,
                         enum wire_type wire_type)
{
	struct cursor numbers = cursor_of(wire_read_bytes(c));

	while (cursor_left(&numbers) > 0)
		check_number(field, &numbers, wire_type);
	if (numbers.failed)
		cursor_fail(c);
}

static void check_field(const ProtobufCMessageDescriptor *type, struct cursor *c, uint32_t tag,
                        uint64_t *seen, struct room room)
{
	const ProtobufCFieldDescriptor *field =
	        protobuf_c_message_descriptor_get_field(type, tag >> 3);
	bool is_repeated, is_repetition;
	enum wire_type wire_type;

	if (field == NULL) {
		wire_skip(c, tag);
		return;
	}
	is_repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	is_repetition = (*seen & bit_of(field)) != 0;
	*seen |= bit_of(field);
	wire_type = wire_type_of(field->type);
	if (is_repeated && wire_type != WIRE_LENGTH && (tag & 7) == WIRE_LENGTH)
		check_packed(field, c, wire_type);
	else if ((tag & 7) != (uint32_t)wire_type)
		cursor_fail(c);
	else if (wire_type != WIRE_LENGTH)
		check_number(field, c, wire_type);
	else if (field->type != PROTOBUF_C_TYPE_MESSAGE)
		wire_read_bytes(c);
	else if ((is_repetition && !is_repeated) || room.levels-- == 0 ||
	         !check_message(field->descriptor, wire_read_bytes(c), room))
		cursor_fail(c);
}

void pb_check_field(const ProtobufCMessageDescriptor *type, struct cursor *c, uint32_t tag,
                    uint64_t *seen)
{
	uint32_t fields = PB_FIELDS_MAX;

	check_field(type, c, tag, seen, (struct room){PB_DEPTH_MAX, &fields});
}

bool pb_check(const ProtobufCMessageDescriptor *type, struct str bytes)
{
	uint32_t fields = PB_FIELDS_MAX;

	return bytes.size <= INT_MAX &&
	       check_message(type, bytes, (struct room){PB_DEPTH_MAX, &fields});
}
