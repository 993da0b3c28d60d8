/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/glob.h"

#include <string.h>

#include "cli/site.h"

/* Whether c is in the class that begins behind its bracket; *at moves behind the closing one. */
static bool class_has(const char **at, char c)
{
	const char *p = *at;
	bool negated = *p == '^' || *p == '!', found = false;

	p += negated;
	while (*p != '\0' && *p != ']') {
		char low = *p == '\\' && p[1] != '\0' ? *++p : *p;
		char high = low;

		p++;
		if (p[0] == '-' && p[1] != '\0' && p[1] != ']') {
			high = p[1];
			p += 2;
		}
		found = found || (c >= low && c <= high);
	}
	*at = *p == ']' ? p + 1 : p;
	return found != negated;
}

bool glob_matches(struct str name, const char *pattern)
{
	size_t at = 0, star_at = 0;
	const char *star = NULL;

	for (;;) {
		const char *p = pattern;
		bool fits = false;

		if (*p == '*') {
			star = ++pattern;
			star_at = at;
			continue;
		}
		if (at == name.size && *p == '\0')
			return true;
		if (at < name.size && *p != '\0') {
			if (*p == '?') {
				fits = true;
				p++;
			} else if (*p == '[') {
				p++;
				fits = class_has(&p, name.data[at]);
			} else {
				p += *p == '\\' && p[1] != '\0';
				fits = *p++ == name.data[at];
			}
		}
		if (fits) {
			pattern = p;
			at++;
		} else if (star != NULL && star_at < name.size) {
			pattern = star;
			at = ++star_at;
		} else {
			return false;
		}
	}
}

bool glob_is_pattern(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (strchr("*?[{", *text) != NULL)
			return true;
	}
	return false;
}

/* ---- {a,b} ---- */

/* Behind the letter or the escaped letter at p. */
static const char *next_letter(const char *p)
{
	return p + (*p == '\\' && p[1] != '\0' ? 2 : 1);
}

static const char *group_open(const char *text)
{
	while (*text != '\0' && *text != '{')
		text = next_letter(text);
	return *text == '{' ? text : NULL;
}

/* The closing brace of the group that opens at `open`; NULL: there is none. */
static const char *group_close(const char *open)
{
	int depth = 0;

	for (const char *p = open; *p != '\0'; p = next_letter(p)) {
		depth += (*p == '{') - (*p == '}');
		if (depth == 0)
			return p;
	}
	return NULL;
}

/* Hadoop tells names by {...}: an empty alternative that would be all of a name tells none. */
static bool is_empty_name(const char *text, const char *open, struct str alternative,
                          const char *close)
{
	return alternative.size == 0 && (open == text || open[-1] == '/') &&
	       (close[1] == '/' || close[1] == '\0');
}

int glob_alternatives(struct arena *arena, const char *text,
                      int (*each)(void *context, const char *text), void *context)
{
	const char *open = group_open(text);
	const char *close = open == NULL ? NULL : group_close(open);
	const char *from;
	int depth = 0, rc = 0;

	if (close == NULL)
		return each(context, text);
	from = open + 1;
	for (const char *p = from; rc == 0 && p <= close; p = next_letter(p)) {
		if (depth == 0 && (*p == ',' || p == close)) {
			struct str middle = str_make(from, (size_t)(p - from));
			struct str one = cli_text(arena, "%.*s%.*s%s", (int)(open - text), text,
			                          STR_ARGS(middle), close + 1);

			if (!is_empty_name(text, open, middle, close))
				rc = glob_alternatives(arena, one.data, each, context);
			from = p + 1;
		}
		depth += (*p == '{') - (*p == '}');
	}
	return rc;
}

/* Behind a class that begins at the bracket; NULL: it has no end.  As Hadoop has it the first
 * closing bracket ends it. */
static const char *class_end(const char *p)
{
	while (*p != '\0' && *p != ']')
		p = next_letter(p);
	return *p == '\0' ? NULL : p + 1;
}

/* A range that goes backwards; NULL: none does. */
static const char *backward_range(const char *p, const char *end)
{
	for (p++; p + 3 < end; p++) {
		if (*p == '\\')
			p++;
		else if (p[1] == '-' && p[2] < p[0])
			return p;
	}
	return NULL;
}

/* As the expression that Hadoop makes of it. */
static struct str as_expression(struct arena *arena, const char *text)
{
	struct str out = {.data = "", .size = 0};

	for (; *text != '\0'; text++) {
		const char *before = *text == '*' ? "." : *text == '.' ? "\\" : "";

		out = cli_text(arena, "%.*s%s%c", STR_ARGS(out), before,
		               *text == '?' ? '.' : *text);
	}
	return out;
}

static bool class_problem(struct arena *arena, const char *open, const char *end,
                          struct str *ret_text)
{
	const char *range = backward_range(open, end);

	if (end == open + 2 && class_end(end) == NULL)
		*ret_text = cli_text(arena, "missing closing ]: `%.*s`",
		                     STR_ARGS(as_expression(arena, open)));
	else if (range != NULL)
		*ret_text = cli_text(arena, "invalid character class range: `%.*s`", 3, range);
	else
		return false;
	return true;
}

bool glob_problem(struct arena *arena, const char *text, struct str *ret_text)
{
	const char *what = NULL;

	for (const char *p = text; what == NULL && *p != '\0';) {
		const char *end = *p == '[' ? class_end(p) : next_letter(p);

		if (*p == '{' && group_close(p) == NULL)
			what = "Unclosed group";
		else if (end == NULL)
			what = "Unclosed character class";
		else if (*p == '\\' && p[1] == '\0')
			what = "Missing escaped character";
		else if (*p == '[' && class_problem(arena, p, end, ret_text))
			return true;
		p = end;
	}
	if (what != NULL)
		*ret_text = cli_text(arena, "%s at pos %zu: `%s`", what, strlen(text), text);
	return what != NULL;
}
