/* SPDX-License-Identifier: Apache-2.0 */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
	REPORT_ROWS_MAX = 1000,  /* of one severity: notes leave room for errors */
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

	if (++report->severity_count[severity] > REPORT_ROWS_MAX || report->failed)
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
	row->file_size = file.size;
	row->line = line;
	row->place = format_place(&report->arena, file, line);
	row->text = arena_format(&report->arena, "%s", text);
	if (row->place.data == NULL || row->text.data == NULL)
		report->failed = true;
	else
		report->count++;
}

static int compare_rows(const void *left, const void *right)
{
	const struct config_problem *a = left;
	const struct config_problem *b = right;
	int order = str_compare(str_make(a->place.data, a->file_size),
	                        str_make(b->place.data, b->file_size));

	if (order == 0)
		order = (a->line > b->line) - (a->line < b->line);
	return order != 0 ? order : str_compare(a->text, b->text);
}

void config_report_sort(struct config_report *report)
{
	if (report->count > 0)
		qsort(report->rows, report->count, sizeof(*report->rows), compare_rows);
}

static void write_severity(const struct config_report *report, enum config_severity severity,
                           struct buf *to)
{
	static const char *const names[] = {"note", "warning", "error"};

	for (size_t i = 0; i < report->count; i++) {
		const struct config_problem *row = &report->rows[i];

		if (row->severity == severity)
			buf_append_format(to, "%.*s: %s: %.*s\n", STR_ARGS(row->place),
			                  names[severity], STR_ARGS(row->text));
	}
}

void config_report_write(const struct config_report *report, enum config_severity lowest,
                         struct buf *to)
{
	size_t found = 0;

	for (enum config_severity severity = 0; severity < CONFIG_SEVERITY_COUNT; severity++) {
		found += report->severity_count[severity];
		if (severity >= lowest)
			write_severity(report, severity, to);
	}
	if (found > report->count)
		buf_append_format(to, "and %zu more\n", found - report->count);
}
