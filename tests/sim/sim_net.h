/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network between the machines of a simulated world: TCP, as processes see it through io.h.
 *
 * Host names are "m1", "m2" ... in the order of their making, or 10.0.0.1 ...; a way from one
 * machine to another is a link of its own, so that ways can be cut in one direction.
 *
 * What a connection does
 *   order     bytes come in order and once; connections among each other in any order
 *   loss      a lost segment comes a retransmission later (200 ms, doubling), and all that
 *             follow it wait for it
 *   pace      a way that is mended carries at once what waits on it; one that becomes slow is so
 *             for what is sent from then on
 *   cut       nothing arrives; after it retransmission goes on when it is due, which may be as
 *             long again as the cut took; 15 lost in a row: -ERR_TIMEOUT.  Data may arrive while
 *             its acknowledgement cannot
 *   kill      the kernel of a process that died sends what it had taken, then the end; a reset if
 *             something came that nobody read
 *   power     nothing at all, until the machine is up again and answers what comes with a reset
 *   pause     the kernel of a paused process takes what comes until its buffer is full
 */
#ifndef HOLDFAST_TESTS_SIM_NET_H
#define HOLDFAST_TESTS_SIM_NET_H

#include <stdbool.h>
#include <stdint.h>

struct sim_machine;

struct sim_link {
	bool is_cut;
	uint32_t latency_us;
	uint32_t jitter_us;    /* added, evenly from 0 */
	uint32_t loss_ppm;     /* of segments */
	uint32_t bytes_per_ms; /* of one connection; 0: no limit */
};

/* 100 us and up to as much again. */
struct sim_link sim_link_default(void);
void sim_net_set(struct sim_machine *from, struct sim_machine *to, const struct sim_link *link);
const struct sim_link *sim_net_get(const struct sim_machine *from, const struct sim_machine *to);
void sim_net_cut(struct sim_machine *from, struct sim_machine *to, bool is_cut);

#endif
