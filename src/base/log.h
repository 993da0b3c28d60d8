/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for people: one line an event, every event a row of log_events.def with an explanation.
 *
 * A line: time (UTC, milliseconds), level, event, text.  The sink is the only global of the
 * program.  Any thread may log.  No secrets in logs.
 */
#ifndef HOLDFAST_BASE_LOG_H
#define HOLDFAST_BASE_LOG_H

#include <stdint.h>

#include "base/check.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

enum log_event {
#define LOG_EVENT(name, level, explanation) LOG_##name,
#include "base/log_events.def"
#undef LOG_EVENT
	LOG_EVENT_COUNT
};

/* Exit status of a process that stopped because something is damaged (systemd: do not restart). */
enum { EXIT_DAMAGE = 3 };

/* Takes one finished line without its newline.  Called under the log's lock. */
typedef void log_sink_fn(void *context, enum log_level level, const char *line);

/* Replaces the sink (standard error at first) and the lowest level that is written. */
void log_set_sink(log_sink_fn *sink, void *context);
void log_set_level(enum log_level lowest);
/* Wall clock for the time column in milliseconds since 1970; NULL: the machine's. */
void log_set_clock(uint64_t (*wall_ms)(void *context), void *context);

void log_event(enum log_event event, const char *format, ...) PRINTF_LIKE(2, 3);

const char *log_event_name(enum log_event event);
const char *log_event_explanation(enum log_event event);

#endif
