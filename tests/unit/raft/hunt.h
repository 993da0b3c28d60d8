/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each broken twin lives.  Most are found by chaos soon; for the others a plot, with times
 * and roles drawn from the seed, leads to the place.  The same grounds must not break a good core.
 */
#ifndef HOLDFAST_TESTS_UNIT_RAFT_HUNT_H
#define HOLDFAST_TESTS_UNIT_RAFT_HUNT_H

#include "unit/raft/fixture.h"

/* Runs the twin's ground with that seed, the bug in it or not.  True: no rule was broken; else
 * `failure` (FX_FAILURE_BYTES) says which. */
bool hunt_run(int twin, uint64_t seed, bool is_broken, char *failure);
/* One that is known to find it. */
uint64_t hunt_seed(int twin);
const char *hunt_name(int twin);
const char *hunt_text(int twin);

#endif
