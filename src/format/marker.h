/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The marker: the file by which a folder is known to hold a journal.  Only `format` writes it, last
 * of all.  A folder without it is absent (perhaps its disk is not mounted), never empty.
 *
 * Text, so that a person who finds the folder knows what it is:
 *   holdfast journal 1
 *   cluster CID-...  (-: one of several masters, which has not joined a cluster yet)
 *   member 32 hexadecimal digits
 *   created milliseconds since 1970
 *   check CRC32C of the lines above, 8 hexadecimal digits
 */
#ifndef HOLDFAST_FORMAT_MARKER_H
#define HOLDFAST_FORMAT_MARKER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "format/segment.h"
#include "format/vote.h"

enum { MARKER_BYTES_MAX = 1024 };

struct marker {
	char cluster_id[CLUSTER_ID_BYTES_MAX + 1]; /* printable, no spaces; empty: none yet */
	uint8_t member[MEMBER_ID_BYTES];
	uint64_t created_ms;
};

/* True for what may stand in a marker, and so in every file of the journal. */
bool cluster_id_is_valid(struct str id);

void marker_encode(const struct marker *marker, struct buf *buf);
/* -ERR_DAMAGED; -ERR_UNSUPPORTED: by a later release. */
int marker_decode(struct str text, struct marker *ret_marker);

#endif
