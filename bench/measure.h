/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one run saw.  Errors count from the first call on; everything else only inside the measured
 * window, between measure_begin() and measure_end().
 */
#ifndef HOLDFAST_BENCH_MEASURE_H
#define HOLDFAST_BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/check.h"
#include "bench/hist.h"

struct measure {
	struct hist latency; /* of operations, ns */
	struct hist answers; /* of single calls, from their first sending on, ns */
	uint64_t ops;        /* ended well */
	uint64_t calls;      /* answered well */
	uint64_t errors;     /* answers that were wrong, refused, or never came */
	uint64_t repeats;    /* calls sent again, with --retry */
	uint64_t began_ns, ended_ns;
	uint64_t last_answer_ns, longest_gap_ns;
	uint64_t own_cpu_ns; /* in the window */
	uint64_t server_cpu_ns;
	uint64_t shown_gap_ns; /* longer gaps are said on standard error */
	int server_pid;        /* 0: unknown, or it has ended */
	bool is_on;
	char first_error[256];
};

void measure_init(struct measure *measure, int server_pid, uint64_t shown_gap_ns);
void measure_begin(struct measure *measure, uint64_t now_ns);
void measure_end(struct measure *measure, uint64_t now_ns);
/* Nothing was answered from last_answer_ns until now. */
void measure_show_gap(const struct measure *measure, uint64_t now_ns);

/* A right answer came, to a call that was begun then. */
static inline void measure_answer(struct measure *measure, uint64_t began_ns, uint64_t now_ns)
{
	if (!measure->is_on)
		return;
	measure->calls++;
	hist_record(&measure->answers, now_ns - began_ns);
	if (now_ns - measure->last_answer_ns > measure->longest_gap_ns)
		measure->longest_gap_ns = now_ns - measure->last_answer_ns;
	if (now_ns - measure->last_answer_ns > measure->shown_gap_ns)
		measure_show_gap(measure, now_ns);
	measure->last_answer_ns = now_ns;
}

/* An operation ended well. */
static inline void measure_op(struct measure *measure, uint64_t latency_ns)
{
	if (!measure->is_on)
		return;
	measure->ops++;
	hist_record(&measure->latency, latency_ns);
}

/* Keeps the first text and says it on standard error. */
void measure_error(struct measure *measure, const char *format, ...) PRINTF_LIKE(2, 3);

/* One line of JSON. */
void measure_print(const struct measure *measure, const char *op, uint32_t connections,
                   uint32_t inflight, FILE *out);

#endif
