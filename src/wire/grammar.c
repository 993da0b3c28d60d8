/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/grammar.h"

uint32_t wire_read_varint32_slow(struct cursor *c)
{
	uint32_t value = 0;

	for (unsigned shift = 0; shift < 32; shift += 7) {
		uint8_t byte = cursor_u8(c);

		if (c->failed)
			return 0;
		if (shift == 28 && byte > 0xf)
			break;
		value |= (uint32_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	cursor_fail(c);
	return 0;
}

void wire_skip(struct cursor *c, uint32_t tag)
{
	switch (tag & 7) {
	case WIRE_VARINT: cursor_varint(c); break;
	case WIRE_FIXED64: cursor_bytes(c, 8); break;
	case WIRE_LENGTH: wire_read_bytes(c); break;
	case WIRE_FIXED32: cursor_bytes(c, 4); break;
	default: cursor_fail(c);
	}
}
