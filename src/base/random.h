/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded random numbers (SplitMix64): same seed, same numbers, on every machine.  Seeds come from
 * io_random() in real processes and from the test's seed in simulations.
 */
#ifndef HOLDFAST_BASE_RANDOM_H
#define HOLDFAST_BASE_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state;
};

static inline struct random random_make(uint64_t seed)
{
	return (struct random){.state = seed};
}

static inline uint64_t random_u64(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Uniform in [0, bound); bound > 0. */
static inline uint64_t random_below(struct random *random, uint64_t bound)
{
	return (uint64_t)((unsigned __int128)random_u64(random) * bound >> 64);
}

/* True `numerator` times out of `denominator`. */
static inline int random_chance(struct random *random, uint64_t numerator, uint64_t denominator)
{
	return random_below(random, denominator) < numerator;
}

#endif
