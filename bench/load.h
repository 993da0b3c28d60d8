/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps calls in flight: one thread, one epoll, any number of connections ("lanes") with the same
 * number of calls in flight ("slots") each.  A slot's next call goes out as soon as its last was
 * answered; all calls that one read gives rise to leave in one write.  Nothing is allocated for a
 * call.
 *
 * Call ids count from 0 on each connection, slot s taking s, s + slots, s + 2 * slots, ...
 *
 * A call without an answer for options.timeout_ns is an error.  Without options.retry its
 * connection, or one that breaks, is given up with all its calls.  With options.retry the calls
 * outlive the connection: when one has no answer for REPEAT_AFTER_MS, when the master says that it
 * is a standby, or when the connection breaks, the lane moves to the next address and repeats all
 * its calls under the same client and call ids.  A move that follows another without an answer
 * between them waits a little, so that masters are not flooded.
 *
 * SIGTERM and SIGINT end a run before its time, as if it were over; a second one ends the process.
 */
#ifndef HOLDFAST_BENCH_LOAD_H
#define HOLDFAST_BENCH_LOAD_H

#include "bench/measure.h"
#include "bench/options.h"
#include "bench/plan.h"

enum { REPEAT_AFTER_MS = 200 };

struct load;

/* Connects; returns when every connection stands, or -ERR_TIMEOUT after options.timeout_ns.
 * Keeps `options` and `measure`, which takes what happens from now on. */
int load_create(const struct options *options, struct measure *measure, struct load **ret_load);
/* Makes a stand-in for a worker, which OP_BLOCKS needs. */
int load_add_stand_in(struct load *load, struct str *ret_pool);
void load_destroy(struct load *load);

/* Runs until the plan has no more operations, or for warm-up and duration (0: no end), and until
 * every call was answered or given up. */
void load_run(struct load *load, struct plan *plan, uint64_t warmup_ns, uint64_t duration_ns);

#endif
