/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of latencies in log-linear buckets: exact below 128, above that 64 buckets for each power
 * of two, so a value is known to better than 1.6 %.  Recording neither allocates nor branches much.
 * Units are the caller's (the load generator records nanoseconds).
 */
#ifndef HOLDFAST_BENCH_HIST_H
#define HOLDFAST_BENCH_HIST_H

#include <stddef.h>
#include <stdint.h>

enum {
	HIST_EXACT_BITS = 7, /* below 2^7 every value has its own bucket */
	HIST_HALF = 1 << (HIST_EXACT_BITS - 1),
	HIST_VALUE_BITS = 44, /* larger values (4.9 hours of nanoseconds) count as the largest */
	HIST_BUCKETS = (HIST_VALUE_BITS - HIST_EXACT_BITS + 2) * HIST_HALF,
};

struct hist {
	uint64_t count;
	uint64_t max; /* exact */
	uint64_t buckets[HIST_BUCKETS];
};

void hist_clear(struct hist *hist);
void hist_record(struct hist *hist, uint64_t value);
/* Smallest recorded value (rounded up to its bucket's end, never above max) that at least `percent`
 * of all recorded values do not exceed; 0 when nothing was recorded. */
uint64_t hist_percentile(const struct hist *hist, double percent);

/* The bucket of a value, and the largest value that falls into a bucket. */
size_t hist_bucket(uint64_t value);
uint64_t hist_bucket_end(size_t bucket);

#endif
