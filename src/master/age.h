/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's elapsed time, by which replicated state expires.
 *
 * At promotion the base is the age of the last applied entry plus what has passed here since that
 * entry was applied; from then on an entry's age is base + what has passed since promotion, and
 * never less than the age before it.  A wall clock that jumps changes nothing.
 */
#ifndef HOLDFAST_MASTER_AGE_H
#define HOLDFAST_MASTER_AGE_H

#include <stdint.h>

struct age {
	uint64_t base_ms;
	uint64_t promoted_us; /* io_now_us */
	uint64_t last_ms;     /* greatest age given to an entry */
};

static inline void age_promote(struct age *age, uint64_t applied_age_ms, uint64_t applied_us,
                               uint64_t now_us)
{
	age->base_ms = applied_age_ms + (now_us - applied_us) / 1000;
	age->promoted_us = now_us;
	age->last_ms = applied_age_ms;
}

/* now_us may have been read earlier in the turn of the promotion. */
static inline uint64_t age_now_ms(const struct age *age, uint64_t now_us)
{
	uint64_t passed_us = now_us > age->promoted_us ? now_us - age->promoted_us : 0;
	uint64_t now_ms = age->base_ms + passed_us / 1000;

	return now_ms > age->last_ms ? now_ms : age->last_ms;
}

/* For an entry about to be appended. */
static inline uint64_t age_next_ms(struct age *age, uint64_t now_us)
{
	age->last_ms = age_now_ms(age, now_us);
	return age->last_ms;
}

#endif
