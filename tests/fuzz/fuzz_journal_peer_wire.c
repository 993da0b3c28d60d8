/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames between masters from any bytes.  If the last byte is odd, length and checksums of the
 * frame are put right before, so that what lies behind them is reached.  What is good must encode
 * to the same bytes.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "format/bytes.h"
#include "journal/peer_wire.h"

enum { PAYLOAD_AT = 8, PAYLOAD_CRC_AT = 12, KIND_AT = 16, ENVELOPE_BYTES = 17 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_right(uint8_t *bytes, size_t size)
{
	struct cursor c = cursor_make(bytes + PAYLOAD_AT, 4);
	size_t payload = (size_t)cursor_le(&c, 4) % (size - ENVELOPE_BYTES + 1);
	uint32_t crc = 0;
	uint8_t *at = bytes;

	if (bytes[KIND_AT] == PEER_MESSAGE + RAFT_MESSAGE_CHUNK)
		crc = crc32c(0, bytes + size - payload, payload);
	put_le(&at, size, 4);
	at = bytes + PAYLOAD_AT;
	put_le(&at, payload, 4);
	put_le(&at, crc, 4);
	crc_put(bytes, size - payload, 4);
}

static void must_encode_the_same(const struct peer_frame *frame, struct str bytes)
{
	struct buf again;

	buf_init(&again);
	switch (frame->kind) {
	case PEER_HELLO: peer_wire_encode_hello(&frame->hello, &again); break;
	case PEER_BEAT: peer_wire_encode_beat(&frame->beat, &again); break;
	case PEER_PING:
	case PEER_PONG: peer_wire_encode_ping(frame->kind, &frame->ping, &again); break;
	case PEER_MESSAGE:
		peer_wire_encode_message(&frame->message.message, &frame->message.payload, 1,
		                         &again);
		buf_append_str(&again, frame->message.payload);
		break;
	}
	CHECK(str_equal(bytes, buf_str(&again)));
	buf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct peer_frame frame; /* large */
	uint8_t *copy = mem_must_alloc(size + 1);
	const char *why = NULL;

	memcpy(copy, data, size);
	if (size >= ENVELOPE_BYTES && (data[size - 1] & 1))
		put_right(copy, size);
	if (peer_wire_decode(str_make(copy, size), &frame, &why) == 0)
		must_encode_the_same(&frame, str_make(copy, size));
	else
		CHECK(why != NULL);
	mem_free(copy);
	return 0;
}
