/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { LOG_LINE_MAX = 4096 };

static const struct {
	const char *name;
	enum log_level level;
	const char *explanation;
} events[] = {
#define LOG_EVENT(name, level, explanation) {#name, LOG_LEVEL_##level, explanation},
#include "base/log_events.def"
#undef LOG_EVENT
};

static const char *const level_names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

static void write_to_stderr(void *context, enum log_level level, const char *line)
{
	(void)context;
	(void)level;
	fprintf(stderr, "%s\n", line);
}

static uint64_t machine_wall_ms(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static log_sink_fn *sink = write_to_stderr;
static void *sink_context;
static uint64_t (*clock_ms)(void *context) = machine_wall_ms;
static void *clock_context;
static enum log_level lowest_level = LOG_LEVEL_INFO;

void log_set_sink(log_sink_fn *new_sink, void *context)
{
	pthread_mutex_lock(&lock);
	sink = new_sink == NULL ? write_to_stderr : new_sink;
	sink_context = context;
	pthread_mutex_unlock(&lock);
}

void log_set_level(enum log_level lowest)
{
	lowest_level = lowest;
}

void log_set_clock(uint64_t (*wall_ms)(void *context), void *context)
{
	pthread_mutex_lock(&lock);
	clock_ms = wall_ms == NULL ? machine_wall_ms : wall_ms;
	clock_context = context;
	pthread_mutex_unlock(&lock);
}

static int format_head(char *line, size_t size, enum log_event event)
{
	uint64_t now_ms = clock_ms(clock_context);
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	return snprintf(line, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ %-5s %s ",
	                utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
	                utc.tm_sec, (unsigned)(now_ms % 1000), level_names[events[event].level],
	                events[event].name);
}

/* Names and texts from outside may hold anything; an event stays one line. */
static void keep_one_line(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ')
			*text = ' ';
	}
}

void log_event(enum log_event event, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	va_list args;
	int head;

	if (events[event].level < lowest_level)
		return;
	pthread_mutex_lock(&lock);
	head = format_head(line, sizeof(line), event);
	va_start(args, format);
	vsnprintf(line + head, sizeof(line) - (size_t)head, format, args);
	va_end(args);
	keep_one_line(line + head);
	sink(sink_context, events[event].level, line);
	pthread_mutex_unlock(&lock);
}

const char *log_event_name(enum log_event event)
{
	return events[event].name;
}

const char *log_event_explanation(enum log_event event)
{
	return events[event].explanation;
}
