/* SPDX-License-Identifier: Apache-2.0 */
/* What simulations of a master share: its journal's folder, its usual options. */
#ifndef HOLDFAST_TESTS_SIM_KIT_H
#define HOLDFAST_TESTS_SIM_KIT_H

#include "master/master.h"
#include "sim/sim_world.h"

#define SIM_KIT_FOLDER "/journal"

/* A sync that takes longer is a failed disk's. */
enum { SIM_KIT_HANG_MS = 2000 };

/* Small sizes, so that segments and checkpoints come often.  Callbacks are the caller's. */
struct master_options sim_kit_options(struct io *io);

/* Runs seeds, each in a process of its own, for some seconds, and every 16th a second time: the
 * line that it prints must be the same; or the one seed of --seed.  `run` returns an exit status.
 * For main(). */
int sim_kit_main(int argc, char **argv, int (*run)(uint64_t seed));

#endif
