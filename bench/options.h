/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load generator's command line.
 */
#ifndef HOLDFAST_BENCH_OPTIONS_H
#define HOLDFAST_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/address.h"
#include "bench/plan.h"

enum { ADDRESSES_MAX = 16 };

struct options {
	struct address addresses[ADDRESSES_MAX];
	size_t address_count;
	bool retry;   /* repeat unanswered calls at the next address */
	bool prepare; /* make the files first */
	bool has_op;  /* measure something */
	enum op op;   /* what */
	const char *user;
	const char *base;
	uint64_t files;
	uint32_t per_dir;
	unsigned name_bytes;
	uint32_t connections;
	uint32_t inflight; /* calls of one connection */
	uint64_t duration_ns;
	uint64_t warmup_ns;
	uint64_t count;        /* operations; 0: until the duration has passed */
	uint64_t timeout_ns;   /* an answer that takes longer is an error */
	uint64_t shown_gap_ns; /* longer times without an answer are said one by one */
	int server_pid;        /* 0: unknown */
};

/* Fills *ret_options.  On a mistake says on standard error what is wrong and what would be right,
 * and returns -ERR_INVALID.  --help prints and exits. */
int options_parse(int argc, char **argv, struct options *ret_options);

#endif
