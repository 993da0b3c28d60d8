/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lives of a lone master: a cluster of one, with a lone master's journal.  Each life ends by a
 * kill, a power cut, a failed read, write, sync or change of names, or a clean stop; some have a
 * full or slow disk or a wall clock that jumps.  Now and then everybody rests until the master has
 * forgotten what it answered.  What is checked is said in cluster.h.
 *
 *   sim_master [--seconds T]      new seeds, each in a process of its own, for T seconds
 *   sim_master --seed S           one run; the same seed does the same, bit for bit
 *   SIM_LOG=1                     tells what happens, on standard error
 */
#include "sim/cluster.h"

static const struct cluster_plot plot = {
        .size = 1,
        .is_lone_kind = true,
        .rests = true,
        .weights = {[FAULT_KILL] = 4,
                    [FAULT_POWER_CUT] = 4,
                    [FAULT_DIE_IN_OPERATION] = 8,
                    [FAULT_CLOSE] = 2,
                    [FAULT_PAUSE] = 1,
                    [FAULT_SLOW_DISK] = 2,
                    [FAULT_FULL_DISK] = 4,
                    [FAULT_FAILING_DISK] = 8,
                    [FAULT_ROT] = 1,
                    [FAULT_ASTRAY] = 1,
                    [FAULT_CHECKPOINT] = 2,
                    [FAULT_CLOCK] = 2},
        .trouble_us = 300000,
        .longest_us = 1000000,
};

static int run(uint64_t seed)
{
	return cluster_run_plot(seed, &plot);
}

int main(int argc, char **argv)
{
	return sim_kit_main(argc, argv, run);
}
