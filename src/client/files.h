/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents of files: reads and writes whole streams through the workers.
 *
 * Every packet is checked against its checksums.  A read goes on with the next location when a
 * worker fails, and asks for locations again when none is left.  A write keeps a lease renewed
 * while it is open; a worker that fails while a block is set up is replaced by another, one that
 * fails in the middle of a block ends the write.
 */
#ifndef HOLDFAST_CLIENT_FILES_H
#define HOLDFAST_CLIENT_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/str.h"
#include "client/client.h"
#include "wire/blocks.h"

/* ---- reading ---- */

/* Takes the next bytes; a negative code ends the read and is returned. */
typedef int file_sink_fn(void *context, const uint8_t *data, size_t size);

struct file_range {
	uint64_t offset;
	uint64_t length; /* UINT64_MAX: up to the end of the file */
	bool unchecked;  /* takes what does not match its checksums, too */
};

MUST_USE int file_read(struct client *client, struct str path, const struct file_range *range,
                       file_sink_fn *sink, void *context);

/* All blocks of a file in order. */
typedef int file_block_fn(void *context, const struct wire_located_block *block);
MUST_USE int file_locate(struct client *client, struct str path, file_block_fn *each,
                         void *context);

/* ---- writing ---- */

struct file_writer;

struct file_writer_options {
	bool overwrite;
	bool create_parent;
	uint16_t replication;
	uint64_t block_size;
	uint32_t mode; /* has the umask in it already */
};

MUST_USE int file_writer_open(struct client *client, struct str path,
                              const struct file_writer_options *options,
                              struct file_writer **ret_writer);
MUST_USE int file_writer_write(struct file_writer *writer, const void *data, size_t size);
/* Finishes the last block and the file; frees the writer in any case. */
MUST_USE int file_writer_close(struct file_writer *writer);
/* Frees the writer and leaves the file unfinished. */
void file_writer_abort(struct file_writer *writer); /* NULL is fine */

#endif
