/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole clusters of one, three or five masters on simulated machines: the real consensus core,
 * journal, namespace and master; clock, network and disks are the simulator's.
 *
 *   sim_cluster [--seconds T]      new seeds, each in a process of its own, for T seconds
 *   sim_cluster --seed S           one run; the same seed does the same, bit for bit
 *   SIM_LOG=1                      tells what happens, on standard error
 *   SIM_MASTERS=N                  always as many; 0: one with a lone master's journal
 *   SIM_BEHIND=1                   three and more acknowledge before they sync
 */
#include "sim/cluster.h"

int main(int argc, char **argv)
{
	return sim_kit_main(argc, argv, cluster_run);
}
