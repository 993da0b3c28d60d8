/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes encoders and decoders from the lists of fields of wire/fields.h.
 *
 * WIRE_CODEC(m, LIST, descriptor) defines the two public functions of m; where m is part of other
 * messages, WIRE_MESSAGE_KIND(m) in a header and WIRE_NESTED(m) make it a kind.  `descriptor` is
 * protobuf-c's of the same message; it judges the fields that the list does not name.
 *
 * Every kind has
 *   get(cursor, context, again, &value)   reads what follows the tag; again: the field came before
 *   is_set(&value)                        not zero, not empty
 *   bound(&value)                         at least the bytes that put() writes
 *   put(at, number, &value)               writes tag and value; returns the place after
 */
#ifndef HOLDFAST_WIRE_FIELDS_PRIVATE_H
#define HOLDFAST_WIRE_FIELDS_PRIVATE_H

#include "base/err.h"
#include "wire/fields.h"
#include "wire/grammar.h"
#include "wire/pb.h"

/* What the decoding of one message carries along. */
struct wire_context {
	struct arena *arena; /* may be NULL */
	bool ran_out;        /* of memory */
};

/* NULL when there is no memory. */
void *wire_allocate(struct wire_context *context, size_t size);
/* A new place at the end of an array of *count elements; array_pointer is the address of the
 * pointer to it.  NULL when there is no memory, or the array is too long. */
void *wire_append(struct wire_context *context, void *array_pointer, size_t *count, size_t size);

/* ---- kinds: numbers ---- */

enum { WIRE_NUMBER_BOUND = WIRE_TAG_BYTES_MAX + WIRE_VARINT_BYTES_MAX };

#define WIRE_NUMBER(kind, type, wire_type, GET, WRITE)                                             \
	enum { wire_of_##kind = wire_type };                                                       \
	static inline void wire_get_##kind(struct cursor *c, struct wire_context *context,         \
	                                   bool again, type *value)                                \
	{                                                                                          \
		(void)context;                                                                     \
		(void)again;                                                                       \
		*value = GET;                                                                      \
	}                                                                                          \
	static inline bool wire_is_set_##kind(const type *value)                                   \
	{                                                                                          \
		return *value != 0;                                                                \
	}                                                                                          \
	static inline size_t wire_bound_##kind(const type *value)                                  \
	{                                                                                          \
		(void)value;                                                                       \
		return WIRE_NUMBER_BOUND;                                                          \
	}                                                                                          \
	static inline uint8_t *wire_put_##kind(uint8_t *at, uint32_t number, const type *value)    \
	{                                                                                          \
		at = wire_write_tag(at, number, wire_type);                                        \
		return WRITE;                                                                      \
	}

WIRE_NUMBER(u32, uint32_t, WIRE_VARINT, (uint32_t)cursor_varint(c), wire_write_varint(at, *value))
WIRE_NUMBER(u64, uint64_t, WIRE_VARINT, cursor_varint(c), wire_write_varint(at, *value))
WIRE_NUMBER(i32, int32_t, WIRE_VARINT, (int32_t)cursor_varint(c),
            wire_write_varint(at, (uint64_t)*value))
WIRE_NUMBER(i64, int64_t, WIRE_VARINT, (int64_t)cursor_varint(c),
            wire_write_varint(at, (uint64_t)*value))
WIRE_NUMBER(i32_as_u32, int32_t, WIRE_VARINT, (int32_t)cursor_varint(c),
            wire_write_varint(at, (uint32_t)*value))
WIRE_NUMBER(zigzag32, int32_t, WIRE_VARINT, wire_unzigzag32((uint32_t)cursor_varint(c)),
            wire_write_varint(at, wire_zigzag32(*value)))
WIRE_NUMBER(sfixed32, int32_t, WIRE_FIXED32, (int32_t)cursor_le(c, 4),
            wire_write_le(at, (uint32_t)*value, 4))
WIRE_NUMBER(sfixed64, int64_t, WIRE_FIXED64, (int64_t)cursor_le(c, 8),
            wire_write_le(at, (uint64_t)*value, 8))
WIRE_NUMBER(boolean, bool, WIRE_VARINT, cursor_varint(c) != 0, wire_write_varint(at, *value))

/* An enum whose values are the bits of `mask`. */
#define WIRE_ENUM(kind, mask)                                                                      \
	WIRE_NUMBER(kind, uint32_t, WIRE_VARINT, wire_read_enum(c, mask),                          \
	            wire_write_varint(at, *value))

static inline uint32_t wire_read_enum(struct cursor *c, uint32_t mask)
{
	uint32_t value = (uint32_t)cursor_varint(c);

	if (value >= 32 || (mask >> value & 1) == 0) {
		cursor_fail(c);
		return 0;
	}
	return value;
}

/* Enum values, packed, as bits. */
static inline void wire_get_packed(struct cursor *c,
                                   void (*get)(struct cursor *, struct wire_context *, bool,
                                               uint32_t *),
                                   uint32_t *bits)
{
	struct cursor values = cursor_of(wire_read_bytes(c));
	uint32_t value;

	while (cursor_left(&values) > 0) {
		get(&values, NULL, false, &value);
		*bits |= BIT(value);
	}
	if (values.failed)
		cursor_fail(c);
}

/* ---- kinds: bytes, and a mode in its message ---- */

enum { wire_of_bytes = WIRE_LENGTH, wire_of_mode = WIRE_LENGTH };

static inline void wire_get_bytes(struct cursor *c, struct wire_context *context, bool again,
                                  struct str *value)
{
	(void)context;
	(void)again;
	*value = wire_read_bytes(c);
}

static inline bool wire_is_set_bytes(const struct str *value)
{
	return value->size > 0;
}

static inline size_t wire_bound_bytes(const struct str *value)
{
	return WIRE_TAG_BYTES_MAX + WIRE_LENGTH_BYTES_MAX + value->size;
}

static inline uint8_t *wire_put_bytes(uint8_t *at, uint32_t number, const struct str *value)
{
	at = wire_write_tag(at, number, WIRE_LENGTH);
	return wire_write_bytes(at, *value);
}

void wire_get_mode(struct cursor *c, struct wire_context *context, bool again, uint32_t *value);

static inline size_t wire_bound_mode(const uint32_t *value)
{
	(void)value;
	return WIRE_TAG_BYTES_MAX + 1 + WIRE_NUMBER_BOUND;
}

static inline uint8_t *wire_put_mode(uint8_t *at, uint32_t number, const uint32_t *value)
{
	uint8_t *start = wire_write_tag(at, number, WIRE_LENGTH) + 1;

	at = wire_put_u32(start, 1, value);
	start[-1] = (uint8_t)(at - start);
	return at;
}

/* ---- kinds: messages ---- */

/* Declares message m as a kind, and pointers to it; WIRE_NESTED(m) defines what is declared. */
#define WIRE_MESSAGE_KIND(m)                                                                       \
	enum { wire_of_##m = WIRE_LENGTH, wire_of_pointer_##m = WIRE_LENGTH };                     \
	void wire_get_##m(struct cursor *c, struct wire_context *context, bool again,              \
	                  struct wire_##m *value);                                                 \
	size_t wire_bound_##m(const struct wire_##m *value);                                       \
	uint8_t *wire_put_##m(uint8_t *at, uint32_t number, const struct wire_##m *value);         \
	void wire_get_pointer_##m(struct cursor *c, struct wire_context *context, bool again,      \
	                          const struct wire_##m **value);                                  \
	static inline bool wire_is_set_pointer_##m(const struct wire_##m *const *value)            \
	{                                                                                          \
		return *value != NULL;                                                             \
	}                                                                                          \
	static inline size_t wire_bound_pointer_##m(const struct wire_##m *const *value)           \
	{                                                                                          \
		return *value == NULL ? 0 : wire_bound_##m(*value);                                \
	}                                                                                          \
	static inline uint8_t *wire_put_pointer_##m(uint8_t *at, uint32_t number,                  \
	                                            const struct wire_##m *const *value)           \
	{                                                                                          \
		return wire_put_##m(at, number, *value);                                           \
	}

/* ---- from a kind's name in a list to its functions ---- */

#define WIRE_KIND_U32           u32
#define WIRE_KIND_U64           u64
#define WIRE_KIND_I32           i32
#define WIRE_KIND_I64           i64
#define WIRE_KIND_I32_AS_U32    i32_as_u32
#define WIRE_KIND_ZIGZAG32      zigzag32
#define WIRE_KIND_SFIXED32      sfixed32
#define WIRE_KIND_SFIXED64      sfixed64
#define WIRE_KIND_BOOL          boolean
#define WIRE_KIND_BYTES         bytes
#define WIRE_KIND_MODE          mode
#define WIRE_KIND_ENUM(name)    name
#define WIRE_KIND_MESSAGE(name) name
#define WIRE_KIND_POINTER(name) pointer_##name

#define WIRE_JOIN_(a, b)  a##b
#define WIRE_JOIN(a, b)   WIRE_JOIN_(a, b)
#define WIRE_OF(kind)     WIRE_JOIN(wire_of_, WIRE_KIND_##kind)
#define WIRE_GET(kind)    WIRE_JOIN(wire_get_, WIRE_KIND_##kind)
#define WIRE_IS_SET(kind) WIRE_JOIN(wire_is_set_, WIRE_KIND_##kind)
#define WIRE_BOUND(kind)  WIRE_JOIN(wire_bound_, WIRE_KIND_##kind)
#define WIRE_PUT(kind)    WIRE_JOIN(wire_put_, WIRE_KIND_##kind)

/* ---- labels: reading, one case of the switch over tags ---- */

/* Marks the field as seen; true if it was already. */
static inline bool wire_see(uint64_t *seen, unsigned number)
{
	bool again = (*seen >> number & 1) != 0;

	*seen |= (uint64_t)1 << number;
	return again;
}

/* What is called out of line gets a copy, so that the cursor itself may live in registers. */
#define WIRE_TAKE(kind, again, place)                                                              \
	do {                                                                                       \
		struct cursor copy = c;                                                            \
                                                                                                   \
		WIRE_GET(kind)(&copy, context, again, place);                                      \
		c = copy;                                                                          \
	} while (0)

#define WIRE_TAKE_STRANGER(descriptor)                                                             \
	do {                                                                                       \
		struct cursor copy = c;                                                            \
		uint64_t copy_of_seen = seen;                                                      \
                                                                                                   \
		pb_check_field(&(descriptor), &copy, tag, &copy_of_seen);                          \
		seen = copy_of_seen;                                                               \
		c = copy;                                                                          \
	} while (0)

#define WIRE_CASE(number, label, kind, name) WIRE_CASE_##label(number, kind, name)
#define WIRE_CASE_REQUIRED(number, kind, name)                                                     \
	case WIRE_TAG(number, WIRE_OF(kind)):                                                      \
		WIRE_TAKE(kind, wire_see(&seen, number), &m->name);                                \
		break;
#define WIRE_CASE_DEFAULTED(value) WIRE_CASE_REQUIRED
#define WIRE_CASE_SPARSE           WIRE_CASE_REQUIRED
#define WIRE_CASE_OPTIONAL(number, kind, name)                                                     \
	case WIRE_TAG(number, WIRE_OF(kind)):                                                      \
		WIRE_TAKE(kind, wire_see(&seen, number), &m->name);                                \
		m->has_##name = true;                                                              \
		break;
#define WIRE_CASE_REPEATED(number, kind, name)                                                     \
	case WIRE_TAG(number, WIRE_OF(kind)): {                                                    \
		WIRE_TYPE_##kind *place =                                                          \
		        wire_append(context, &m->name, &m->name##_count, sizeof(*m->name));        \
		if (place == NULL)                                                                 \
			cursor_fail(&c);                                                           \
		else                                                                               \
			WIRE_TAKE(kind, false, place);                                             \
		break;                                                                             \
	}
#define WIRE_CASE_FLAGS(number, kind, name)                                                        \
	case WIRE_TAG(number, WIRE_VARINT): {                                                      \
		uint32_t value;                                                                    \
                                                                                                   \
		WIRE_TAKE(kind, false, &value);                                                    \
		m->name |= BIT(value);                                                             \
		break;                                                                             \
	}                                                                                          \
	case WIRE_TAG(number, WIRE_LENGTH):                                                        \
		wire_get_packed(&c, WIRE_GET(kind), &m->name);                                     \
		break;

#define WIRE_ZERO(number, label, kind, name) WIRE_ZERO_##label(kind, name)
#define WIRE_ZERO_REQUIRED(kind, name)       m->name = (WIRE_TYPE_##kind){0};
#define WIRE_ZERO_OPTIONAL(kind, name)                                                             \
	m->name = (WIRE_TYPE_##kind){0};                                                           \
	m->has_##name = false;
#define WIRE_ZERO_DEFAULTED(value) WIRE_ZERO_REQUIRED
#define WIRE_ZERO_SPARSE           WIRE_ZERO_REQUIRED
#define WIRE_ZERO_FLAGS            WIRE_ZERO_REQUIRED
#define WIRE_ZERO_REPEATED(kind, name)                                                             \
	m->name = NULL;                                                                            \
	m->name##_count = 0;

#define WIRE_DEFAULT(number, label, kind, name) (void)(m->name WIRE_DEFAULT_##label);
#define WIRE_DEFAULT_REQUIRED
#define WIRE_DEFAULT_OPTIONAL
#define WIRE_DEFAULT_DEFAULTED(value) = (value)
#define WIRE_DEFAULT_SPARSE
#define WIRE_DEFAULT_REPEATED
#define WIRE_DEFAULT_FLAGS

#define WIRE_NEED(number, label, kind, name) WIRE_NEED_##label(number)
#define WIRE_NEED_REQUIRED(number)           | (uint64_t)1 << (number)
#define WIRE_NEED_OPTIONAL(number)
#define WIRE_NEED_DEFAULTED(value) WIRE_NEED_OPTIONAL
#define WIRE_NEED_SPARSE(number)
#define WIRE_NEED_REPEATED(number)
#define WIRE_NEED_FLAGS(number)

/* ---- labels: writing ---- */

#define WIRE_SIZE(number, label, kind, name) WIRE_SIZE_##label(kind, name)
#define WIRE_SIZE_REQUIRED(kind, name)       size += WIRE_BOUND(kind)(&m->name);
#define WIRE_SIZE_DEFAULTED(value)           WIRE_SIZE_REQUIRED
#define WIRE_SIZE_SPARSE                     WIRE_SIZE_REQUIRED
#define WIRE_SIZE_OPTIONAL(kind, name)                                                             \
	if (m->has_##name)                                                                         \
		size += WIRE_BOUND(kind)(&m->name);
#define WIRE_SIZE_REPEATED(kind, name)                                                             \
	for (size_t i = 0; i < m->name##_count; i++)                                               \
		size += WIRE_BOUND(kind)(&m->name[i]);
#define WIRE_SIZE_FLAGS(kind, name) size += 32 * WIRE_BOUND(kind)(&m->name);

#define WIRE_WRITE(number, label, kind, name)   WIRE_WRITE_##label(number, kind, name)
#define WIRE_WRITE_REQUIRED(number, kind, name) at = WIRE_PUT(kind)(at, number, &m->name);
#define WIRE_WRITE_DEFAULTED(value)             WIRE_WRITE_REQUIRED
#define WIRE_WRITE_OPTIONAL(number, kind, name)                                                    \
	if (m->has_##name)                                                                         \
		at = WIRE_PUT(kind)(at, number, &m->name);
#define WIRE_WRITE_SPARSE(number, kind, name)                                                      \
	if (WIRE_IS_SET(kind)(&m->name))                                                           \
		at = WIRE_PUT(kind)(at, number, &m->name);
#define WIRE_WRITE_REPEATED(number, kind, name)                                                    \
	for (size_t i = 0; i < m->name##_count; i++)                                               \
		at = WIRE_PUT(kind)(at, number, &m->name[i]);
#define WIRE_WRITE_FLAGS(number, kind, name)                                                       \
	for (uint32_t value = 0; value < 32; value++) {                                            \
		if ((m->name & BIT(value)) != 0)                                                   \
			at = WIRE_PUT(kind)(at, number, &value);                                   \
	}

/* ---- the functions of a message ---- */

/* read_m, bound_m and write_m from the list. */
#define WIRE_BODY(name, LIST, descriptor)                                                          \
	static bool read_##name(struct cursor c, struct wire_context *context,                     \
	                        struct wire_##name *m)                                             \
	{                                                                                          \
		const uint64_t needed = 0 LIST(WIRE_NEED);                                         \
		uint64_t seen = 0;                                                                 \
		uint32_t tag;                                                                      \
                                                                                                   \
		LIST(WIRE_ZERO)                                                                    \
		LIST(WIRE_DEFAULT)                                                                 \
		while (wire_read_tag(&c, &tag)) {                                                  \
			switch (tag) {                                                             \
				LIST(WIRE_CASE)                                                    \
			default: WIRE_TAKE_STRANGER(descriptor);                                   \
			}                                                                          \
		}                                                                                  \
		(void)context;                                                                     \
		return !c.failed && (seen & needed) == needed;                                     \
	}                                                                                          \
	static size_t bound_##name(const struct wire_##name *m)                                    \
	{                                                                                          \
		size_t size = 0;                                                                   \
                                                                                                   \
		LIST(WIRE_SIZE)                                                                    \
		return size;                                                                       \
	}                                                                                          \
	static uint8_t *write_##name(uint8_t *at, const struct wire_##name *m)                     \
	{                                                                                          \
		LIST(WIRE_WRITE)                                                                   \
		return at;                                                                         \
	}

/* The public ones. */
#define WIRE_PUBLIC(name)                                                                          \
	int wire_##name##_decode(struct str bytes, struct arena *arena,                            \
	                         struct wire_##name *ret_message)                                  \
	{                                                                                          \
		struct wire_context context = {.arena = arena};                                    \
		struct wire_##name message;                                                        \
                                                                                                   \
		if (!read_##name(cursor_of(bytes), &context, &message))                            \
			return context.ran_out ? -ERR_NO_MEMORY : -ERR_INVALID;                    \
		*ret_message = message;                                                            \
		return 0;                                                                          \
	}                                                                                          \
	void wire_##name##_encode(struct buf *buf, const struct wire_##name *message)              \
	{                                                                                          \
		size_t bound = bound_##name(message);                                              \
		uint8_t *start;                                                                    \
                                                                                                   \
		if (bound == 0 || !buf_reserve(buf, bound))                                        \
			return;                                                                    \
		start = buf->data + buf->size;                                                     \
		buf->size += (size_t)(write_##name(start, message) - start);                       \
	}

/* Those that make it a kind. */
#define WIRE_NESTED(name)                                                                          \
	void wire_get_##name(struct cursor *c, struct wire_context *context, bool again,           \
	                     struct wire_##name *value)                                            \
	{                                                                                          \
		struct str body = wire_read_bytes(c);                                              \
                                                                                                   \
		if (again || c->failed || !read_##name(cursor_of(body), context, value))           \
			cursor_fail(c);                                                            \
	}                                                                                          \
	void wire_get_pointer_##name(struct cursor *c, struct wire_context *context, bool again,   \
	                             const struct wire_##name **value)                             \
	{                                                                                          \
		struct wire_##name *m = wire_allocate(context, sizeof(*m));                        \
                                                                                                   \
		*value = m;                                                                        \
		if (m == NULL)                                                                     \
			cursor_fail(c);                                                            \
		else                                                                               \
			wire_get_##name(c, context, again, m);                                     \
	}                                                                                          \
	size_t wire_bound_##name(const struct wire_##name *value)                                  \
	{                                                                                          \
		return WIRE_TAG_BYTES_MAX + WIRE_LENGTH_BYTES_MAX + bound_##name(value);           \
	}                                                                                          \
	uint8_t *wire_put_##name(uint8_t *at, uint32_t number, const struct wire_##name *value)    \
	{                                                                                          \
		uint8_t *start = wire_write_tag(at, number, WIRE_LENGTH) + 1;                      \
                                                                                                   \
		return wire_close(start, write_##name(start, value));                              \
	}

#define WIRE_CODEC(name, LIST, descriptor)                                                         \
	WIRE_BODY(name, LIST, descriptor)                                                          \
	WIRE_PUBLIC(name)

#endif
