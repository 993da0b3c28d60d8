/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of frames between masters.  Each frame's fields are listed once, in a function that walks
 * them either way: encoding writes the values, decoding sets them.
 */
#ifndef HOLDFAST_JOURNAL_PEER_WIRE_PRIVATE_H
#define HOLDFAST_JOURNAL_PEER_WIRE_PRIVATE_H

#include <stdbool.h>

#include "base/cursor.h"
#include "journal/peer_wire.h"

/* What is wrong is kept as it was found first. */
struct peer_fields {
	struct buf *out;  /* NULL: decoding */
	struct cursor in; /* failed: what it gives is zero from here on */
	int rc;
	const char *why;
};

void peer_fields_fail(struct peer_fields *fields, int rc, const char *why);

void peer_field_u16(struct peer_fields *fields, uint16_t *value);
void peer_field_u32(struct peer_fields *fields, uint32_t *value);
void peer_field_u64(struct peer_fields *fields, uint64_t *value);
void peer_field_bool(struct peer_fields *fields, bool *value);
void peer_field_id(struct peer_fields *fields, struct raft_id *id);
void peer_encode_text(struct buf *buf, const char *text, size_t bytes_max);
/* `text` has room for bytes_max and a NUL; it is printable and has no spaces. */
void peer_field_text(struct peer_fields *fields, char *text, size_t bytes_max);

/* Decoding: `room` takes what the message points to. */
void peer_fields_of_message(struct peer_fields *fields, struct raft_message *message,
                            struct peer_message *room);
/* Judges the payload of a message whose fields are known. */
void peer_decode_payload(struct peer_fields *fields, struct str payload, uint32_t payload_crc,
                         struct peer_message *message);

#endif
