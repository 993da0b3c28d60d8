/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block on its way to the workers.  Inside of client/.
 *
 * Bytes are cut into packets with CRC32C for each 512; a bounded number of packets is on its way
 * unacknowledged.
 */
#ifndef HOLDFAST_CLIENT_BLOCK_WRITE_H
#define HOLDFAST_CLIENT_BLOCK_WRITE_H

#include <stdint.h>

#include "base/check.h"
#include "client/client.h"
#include "wire/blocks.h"

struct block_writer;

/* Sets up the pipeline: the first location gets the bytes and hands them on to the others. */
MUST_USE int block_writer_open(struct client *client, const struct wire_located_block *block,
                               struct block_writer **ret_writer);
MUST_USE int block_writer_write(struct block_writer *writer, const void *data, size_t size);
/* Sends the rest and waits until every worker has acknowledged all of it. */
MUST_USE int block_writer_finish(struct block_writer *writer);
uint64_t block_writer_bytes(const struct block_writer *writer);
void block_writer_destroy(struct block_writer *writer); /* NULL is fine */

#endif
