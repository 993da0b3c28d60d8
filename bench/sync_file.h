/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable half of the echo server: what a round of calls must at least write.  The records of
 * one round go into one pwrite(), padded to whole blocks of 4 KB, which is durable when it returns:
 * O_DSYNC, past the kernel's cache (O_DIRECT) where the file system can, as masters write, too.
 *
 * The file has its full size and is filled with zeros before anything is measured, and is written
 * in a ring: so no sync has to write metadata, and no round waits for space to be prepared.
 */
#ifndef HOLDFAST_BENCH_SYNC_FILE_H
#define HOLDFAST_BENCH_SYNC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
	SYNC_BLOCK_BYTES = 4096,
	SYNC_ROUND_BYTES_MAX = 1 << 20,
	SYNC_FILE_BYTES = 256 << 20,
};

struct sync_file {
	int fd;
	uint64_t offset; /* of the next round */
	uint8_t *round;  /* records of this round */
	size_t round_bytes;
};

/* Makes the file (an old one is overwritten). */
int sync_file_open(struct sync_file *file, const char *path);
void sync_file_close(struct sync_file *file);
/* Adds a record of a change with this request message.  False: no room, sync first. */
bool sync_file_add(struct sync_file *file, struct str message);
/* Makes the round durable and begins the next one. */
int sync_file_sync(struct sync_file *file);

#endif
