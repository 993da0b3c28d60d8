/* SPDX-License-Identifier: Apache-2.0 */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

enum {
	REPORT_ROWS_MAX = 1000,
	REPORT_TEXT_SIZE = 1024, /* longer texts are cut */
	REPORT_ROWS_FIRST = 16
};

void config_report_init(struct config_report *report)
{
	*report = (struct config_report){0};
	arena_init(&report->arena, 0);
}

void config_report_finish(struct config_report *report)
{
	arena_finish(&report->arena);
	mem_free(report->rows);
	*report = (struct config_report){0};
}

static struct config_problem *add_row(struct config_report *report)
{
	if (report->count == report->capacity) {
		size_t capacity = report->capacity == 0 ? REPORT_ROWS_FIRST : 2 * report->capacity;
		struct config_problem *rows = mem_realloc(report->rows, capacity * sizeof(*rows));

		if (rows == NULL)
			return NULL;
		report->rows = rows;
		report->capacity = capacity;
	}
	return &report->rows[report->count];
}

static struct str format_place(struct arena *arena, struct str file, unsigned line)
{
	if (line == 0)
		return arena_format(arena, "%.*s", STR_ARGS(file));
	return arena_format(arena, "%.*s:%u", STR_ARGS(file), line);
}

void config_report_add(struct config_report *report, enum config_severity severity, struct str file,
                       unsigned line, const char *format, ...)
{
	char text[REPORT_TEXT_SIZE];
	struct config_problem *row;
	va_list args;

	report->severity_count[severity]++;
	if (report->count == REPORT_ROWS_MAX || report->failed)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	row = add_row(report);
	if (row == NULL) {
		report->failed = true;
		return;
	}
	row->severity = severity;
	row->place = format_place(&report->arena, file, line);
	row->text = arena_format(&report->arena, "%s", text);
	if (row->place.data == NULL || row->text.data == NULL)
		report->failed = true;
	else
		report->count++;
}

void config_report_write(const struct config_report *report, enum config_severity lowest,
                         struct buf *to)
{
	static const char *const names[] = {"note", "warning", "error"};
	size_t known = 0;

	for (size_t i = 0; i < report->count; i++) {
		const struct config_problem *row = &report->rows[i];

		if (row->severity >= lowest)
			buf_append_format(to, "%.*s: %s: %.*s\n", STR_ARGS(row->place),
			                  names[row->severity], STR_ARGS(row->text));
	}
	for (size_t i = 0; i < CONFIG_SEVERITY_COUNT; i++)
		known += report->severity_count[i];
	if (known > report->count)
		buf_append_format(to, "and %zu more\n", known - report->count);
}
