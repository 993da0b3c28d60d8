/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/hist.h"

#include <string.h>

#include "base/check.h"

void hist_clear(struct hist *hist)
{
	memset(hist, 0, sizeof(*hist));
}

size_t hist_bucket(uint64_t value)
{
	const uint64_t largest = (UINT64_C(1) << HIST_VALUE_BITS) - 1;
	unsigned shift;

	if (value > largest)
		value = largest;
	if (value < 2 * HIST_HALF)
		return value;
	shift = 64 - HIST_EXACT_BITS - (unsigned)__builtin_clzll(value);
	return (size_t)shift * HIST_HALF + (value >> shift);
}

uint64_t hist_bucket_end(size_t bucket)
{
	size_t shift;

	CHECK(bucket < HIST_BUCKETS);
	if (bucket < 2 * HIST_HALF)
		return bucket;
	shift = bucket / HIST_HALF - 1;
	return ((uint64_t)(bucket - shift * HIST_HALF + 1) << shift) - 1;
}

void hist_record(struct hist *hist, uint64_t value)
{
	hist->count++;
	if (value > hist->max)
		hist->max = value;
	hist->buckets[hist_bucket(value)]++;
}

uint64_t hist_percentile(const struct hist *hist, double percent)
{
	double wanted = (double)hist->count * percent / 100;
	uint64_t seen = 0;

	if (hist->count == 0)
		return 0;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		seen += hist->buckets[i];
		if (seen > 0 && (double)seen >= wanted)
			return hist_bucket_end(i) < hist->max ? hist_bucket_end(i) : hist->max;
	}
	return hist->max;
}
