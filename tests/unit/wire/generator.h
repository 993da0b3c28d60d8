/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes of a message, from its descriptor: fields in any order, edge values, fields that
 * nobody knows, fields that come twice, packed and unpacked numbers; with `faults` also missing
 * ones, wrong wire types, values outside enums, varints that are too long, lengths that lie.
 */
#ifndef HOLDFAST_TESTS_WIRE_GENERATOR_H
#define HOLDFAST_TESTS_WIRE_GENERATOR_H

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/random.h"
#include "wire/grammar.h"

struct generator {
	struct random random;
	bool faults;
};

static inline void generate_message(struct generator *g, const ProtobufCMessageDescriptor *type,
                                    struct buf *buf);

static inline bool is_fault(struct generator *g)
{
	return g->faults && random_chance(&g->random, 1, 60);
}

static inline uint64_t generate_number(struct generator *g)
{
	static const uint64_t edges[] = {
	        0,
	        1,
	        127,
	        128,
	        16383,
	        16384,
	        INT32_MAX,
	        (uint64_t)INT32_MAX + 1,
	        UINT32_MAX,
	        (uint64_t)UINT32_MAX + 1,
	        INT64_MAX,
	        (uint64_t)INT64_MAX + 1,
	        UINT64_MAX,
	        /* what Go's directory bit makes of mode 0755 */
	        0x800001ed,
	};

	if (random_chance(&g->random, 1, 2))
		return edges[random_below(&g->random, COUNT_OF(edges))];
	return random_u64(&g->random) >> random_below(&g->random, 64);
}

static inline void generate_varint(struct generator *g, uint64_t value, struct buf *buf)
{
	size_t start = buf->size;

	buf_append_varint(buf, value);
	/* More bytes than needed are allowed, up to ten. */
	if (random_chance(&g->random, 1, 20) || is_fault(g)) {
		size_t more =
		        1 + random_below(&g->random, g->faults ? 11 : 10 - (buf->size - start) + 1);

		for (size_t i = 0; i < more && (g->faults || buf->size - start < 10); i++) {
			buf->data[buf->size - 1] |= 0x80;
			buf_append_u8(buf, 0);
		}
	}
}

static inline void generate_bytes(struct generator *g, struct buf *buf)
{
	static const size_t sizes[] = {0, 1, 9, 16, 40, 127, 128, 300};
	size_t size = sizes[random_below(&g->random, COUNT_OF(sizes))];

	buf_append_varint(buf, is_fault(g) ? generate_number(g) : size);
	for (size_t i = 0; i < size; i++)
		buf_append_u8(buf, (uint8_t)random_u64(&g->random));
}

static inline enum wire_type generated_wire_type(ProtobufCType type)
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

static inline uint64_t generate_enum_value(struct generator *g, const ProtobufCEnumDescriptor *type)
{
	const ProtobufCEnumValue *value = &type->values[random_below(&g->random, type->n_values)];

	if (is_fault(g)) /* often just beside a value there is */
		return random_chance(&g->random, 1, 4)
		               ? generate_number(g)
		               : (uint64_t)value->value + 1 - 2 * random_below(&g->random, 2);
	return (uint64_t)value->value;
}

static inline void generate_field_number(struct generator *g, const ProtobufCFieldDescriptor *field,
                                         struct buf *buf)
{
	uint64_t value = field->type == PROTOBUF_C_TYPE_ENUM
	                         ? generate_enum_value(g, field->descriptor)
	                         : generate_number(g);

	switch (generated_wire_type(field->type)) {
	case WIRE_FIXED32: buf_append_le(buf, value, 4); break;
	case WIRE_FIXED64: buf_append_le(buf, value, 8); break;
	default: generate_varint(g, value, buf);
	}
}

/* A field that nobody knows. */
static inline void generate_stranger(struct generator *g, struct buf *buf)
{
	static const enum wire_type types[] = {WIRE_VARINT, WIRE_FIXED64, WIRE_LENGTH,
	                                       WIRE_FIXED32};
	uint32_t type = types[random_below(&g->random, COUNT_OF(types))];

	if (is_fault(g))
		type = (uint32_t)random_below(&g->random, 8);
	buf_append_varint(
	        buf, WIRE_TAG(is_fault(g) ? 0 : 100 + random_below(&g->random, 1 << 28), type));
	switch (type) {
	case WIRE_VARINT: generate_varint(g, generate_number(g), buf); break;
	case WIRE_FIXED64: buf_append_le(buf, random_u64(&g->random), 8); break;
	case WIRE_FIXED32: buf_append_le(buf, random_u64(&g->random), 4); break;
	default: generate_bytes(g, buf);
	}
}

static inline void generate_packed(struct generator *g, const ProtobufCFieldDescriptor *field,
                                   struct buf *buf)
{
	struct buf numbers;

	buf_init(&numbers);
	for (size_t i = random_below(&g->random, 4); i > 0; i--)
		generate_field_number(g, field, &numbers);
	buf_append_varint(buf, numbers.size);
	buf_append_str(buf, buf_str(&numbers));
	buf_finish(&numbers);
}

static inline void generate_field(struct generator *g, const ProtobufCFieldDescriptor *field,
                                  struct buf *buf)
{
	enum wire_type wire_type = generated_wire_type(field->type);
	bool is_packed = field->label == PROTOBUF_C_LABEL_REPEATED && wire_type != WIRE_LENGTH &&
	                 random_chance(&g->random, 1, 2);

	buf_append_varint(buf, WIRE_TAG(field->id, is_fault(g) ? random_below(&g->random, 6)
	                                           : is_packed ? WIRE_LENGTH
	                                                       : wire_type));
	if (is_packed) {
		generate_packed(g, field, buf);
	} else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		struct buf message;

		buf_init(&message);
		generate_message(g, field->descriptor, &message);
		buf_append_varint(buf, message.size + (is_fault(g) ? 1 : 0));
		buf_append_str(buf, buf_str(&message));
		buf_finish(&message);
	} else if (wire_type == WIRE_LENGTH) {
		generate_bytes(g, buf);
	} else {
		generate_field_number(g, field, buf);
	}
}

/* How often the field comes. */
static inline size_t generate_count(struct generator *g, const ProtobufCFieldDescriptor *field)
{
	bool may_come_twice = field->type != PROTOBUF_C_TYPE_MESSAGE || is_fault(g);

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return random_below(&g->random, 6);
	if (may_come_twice && random_chance(&g->random, 1, 15))
		return 2;
	if (field->label == PROTOBUF_C_LABEL_OPTIONAL || is_fault(g))
		return random_below(&g->random, 2);
	return 1;
}

static inline void generate_message(struct generator *g, const ProtobufCMessageDescriptor *type,
                                    struct buf *buf)
{
	unsigned first =
	        type->n_fields == 0 ? 0 : (unsigned)random_below(&g->random, type->n_fields);
	bool in_order = random_chance(&g->random, 1, 2);

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field =
		        &type->fields[in_order ? i : (first + 7 * i) % type->n_fields];

		if (!in_order && type->n_fields % 7 == 0)
			field = &type->fields[type->n_fields - 1 - i];
		for (size_t n = generate_count(g, field); n > 0; n--)
			generate_field(g, field, buf);
		if (random_chance(&g->random, 1, 10))
			generate_stranger(g, buf);
	}
}

#endif
