/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what a start needs.  A read that fails is tried once more: nothing is lost by that, as it
 * would be with a write, and a master that does not start for a moment's trouble serves nobody.
 */
#ifndef HOLDFAST_JOURNAL_READ_AT_H
#define HOLDFAST_JOURNAL_READ_AT_H

#include <stddef.h>
#include <stdint.h>

#include "io/io.h"

/* As io_file_read(); *ret_text names the place. */
int read_at(struct io_file *file, const char *path, void *data, size_t size, uint64_t offset,
            size_t *ret_size, char **ret_text);

#endif
