/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long bare syncs take while several writers do them at the same time: as masters on one disk
 * do, each writes a block of its own file straight to the disk (O_DIRECT, O_DSYNC), and none begins
 * the next before all have done this one.  With pauses it shows what others are in for, and hardly
 * disturbs them.
 */
#ifndef HOLDFAST_BENCH_SYNC_PROBE_H
#define HOLDFAST_BENCH_SYNC_PROBE_H

#include <stdint.h>

#include "bench/hist.h"

enum { SYNC_PROBE_WRITERS_MAX = 16 };

struct sync_probe_options {
	const char *path; /* files PATH.0, PATH.1, ..., filled first if they are not there */
	uint32_t writers;
	uint32_t count;    /* of each writer */
	uint32_t pause_us; /* before each */
};

/* Adds all times, in nanoseconds. */
int sync_probe(const struct sync_probe_options *options, struct hist *hist);

#endif
