/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long bare syncs take while several writers do them at the same time: as masters on one disk
 * do, each writes a block of its own file straight to the disk (O_DIRECT, O_DSYNC), and none begins
 * the next before all have done this one.
 */
#ifndef HOLDFAST_BENCH_SYNC_PROBE_H
#define HOLDFAST_BENCH_SYNC_PROBE_H

#include <stdint.h>

#include "bench/hist.h"

enum { SYNC_PROBE_WRITERS_MAX = 16 };

/* Files PATH.0, PATH.1, ..., which it fills first.  Adds `count` times for each writer, in
 * nanoseconds. */
int sync_probe(const char *path, uint32_t writers, uint32_t count, struct hist *hist);

#endif
