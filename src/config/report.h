/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a load found: errors, warnings and notes, each with its place.
 *
 * An ERROR stops the start.  A WARNING is something an operator should look at.  A NOTE is good to
 * know: a property has no effect, or another name now.  The number of rows of each is bounded; more
 * are only counted.  A failed allocation while adding is kept (`failed`), and config_load() returns
 * it.
 */
#ifndef HOLDFAST_CONFIG_REPORT_H
#define HOLDFAST_CONFIG_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/str.h"

enum config_severity { CONFIG_NOTE, CONFIG_WARNING, CONFIG_ERROR, CONFIG_SEVERITY_COUNT };

struct config_problem {
	enum config_severity severity;
	struct str place; /* "file:line", "file", "-D" */
	size_t file_size; /* of the file in it */
	unsigned line;    /* 0: none */
	struct str text;  /* what is wrong, what is allowed, an example */
};

struct config_report {
	struct arena arena; /* owns the texts */
	struct config_problem *rows;
	size_t count;
	size_t capacity;
	size_t severity_count[CONFIG_SEVERITY_COUNT]; /* rows that were not kept included */
	bool failed;                                  /* memory ran out */
};

void config_report_init(struct config_report *report);
void config_report_finish(struct config_report *report);

/* `line` 0: the place is the file alone. */
void config_report_add(struct config_report *report, enum config_severity severity, struct str file,
                       unsigned line, const char *format, ...) PRINTF_LIKE(5, 6);

/* Into the order of files and lines. */
void config_report_sort(struct config_report *report);

/* One line a row ("file:line: error: text") of `lowest` and above; the errors come last, where a
 * terminal shows them. */
void config_report_write(const struct config_report *report, enum config_severity lowest,
                         struct buf *to);

#endif
