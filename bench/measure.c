/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure.h"

#include <stdarg.h>
#include <string.h>

#include "bench/clock.h"

void measure_init(struct measure *measure, int server_pid, uint64_t shown_gap_ns)
{
	memset(measure, 0, sizeof(*measure));
	measure->server_pid = server_pid;
	measure->shown_gap_ns = shown_gap_ns;
}

/* Adds `sign` times what has been used up to now. */
static void add_cpu(struct measure *measure, uint64_t sign)
{
	uint64_t server_ns = 0;

	measure->own_cpu_ns += sign * clock_own_cpu_ns();
	if (measure->server_pid != 0 && clock_process_cpu_ns(measure->server_pid, &server_ns) < 0)
		measure->server_pid = 0;
	measure->server_cpu_ns += sign * server_ns;
}

void measure_begin(struct measure *measure, uint64_t now_ns)
{
	measure->is_on = true;
	measure->began_ns = measure->last_answer_ns = now_ns;
	add_cpu(measure, UINT64_C(-1));
}

void measure_end(struct measure *measure, uint64_t now_ns)
{
	if (now_ns - measure->last_answer_ns > measure->longest_gap_ns)
		measure->longest_gap_ns = now_ns - measure->last_answer_ns;
	measure->is_on = false;
	measure->ended_ns = now_ns;
	add_cpu(measure, 1);
}

/* By the monotonic clock, as that of a profile or a trace taken meanwhile. */
void measure_show_gap(const struct measure *measure, uint64_t now_ns)
{
	fprintf(stderr, "loadgen: no answer for %.1f ms until %.6f s\n",
	        (double)(now_ns - measure->last_answer_ns) / NS_PER_MS, (double)now_ns / NS_PER_S);
}

void measure_error(struct measure *measure, const char *format, ...)
{
	va_list args;

	if (measure->errors++ > 0)
		return;
	va_start(args, format);
	vsnprintf(measure->first_error, sizeof(measure->first_error), format, args);
	va_end(args);
	fprintf(stderr, "loadgen: first error: %s\n", measure->first_error);
}

static void print_string(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static double per(uint64_t amount, uint64_t count)
{
	return count == 0 ? 0 : (double)amount / (double)count;
}

void measure_print(const struct measure *measure, const char *op, uint32_t connections,
                   uint32_t inflight, FILE *out)
{
	const struct hist *latency = &measure->latency;
	uint64_t ns = measure->ended_ns - measure->began_ns;

	fprintf(out, "{\"op\": \"%s\", \"connections\": %u, \"inflight\": %u", op, connections,
	        inflight);
	fprintf(out, ", \"seconds\": %.6f", (double)ns / NS_PER_S);
	fprintf(out, ", \"ops\": %llu", (unsigned long long)measure->ops);
	fprintf(out, ", \"calls\": %llu", (unsigned long long)measure->calls);
	fprintf(out, ", \"errors\": %llu", (unsigned long long)measure->errors);
	fprintf(out, ", \"repeats\": %llu", (unsigned long long)measure->repeats);
	fprintf(out, ", \"ops_per_s\": %.1f", per(measure->ops * NS_PER_S, ns));
	fprintf(out, ", \"p50_us\": %.1f", (double)hist_percentile(latency, 50) / NS_PER_US);
	fprintf(out, ", \"p99_us\": %.1f", (double)hist_percentile(latency, 99) / NS_PER_US);
	fprintf(out, ", \"p999_us\": %.1f", (double)hist_percentile(latency, 99.9) / NS_PER_US);
	fprintf(out, ", \"max_us\": %.1f", (double)latency->max / NS_PER_US);
	fprintf(out, ", \"call_p99_us\": %.1f",
	        (double)hist_percentile(&measure->answers, 99) / NS_PER_US);
	fprintf(out, ", \"longest_gap_ms\": %.3f", (double)measure->longest_gap_ns / NS_PER_MS);
	if (measure->server_pid != 0)
		fprintf(out, ", \"server_cpu_us\": %.3f",
		        per(measure->server_cpu_ns, measure->calls) / NS_PER_US);
	fprintf(out, ", \"own_cpu_us\": %.3f",
	        per(measure->own_cpu_ns, measure->calls) / NS_PER_US);
	if (measure->errors > 0) {
		fputs(", \"first_error\": ", out);
		print_string(measure->first_error, out);
	}
	fputs("}\n", out);
}
