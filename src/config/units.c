/* SPDX-License-Identifier: Apache-2.0 */
#include "config/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"

/* A decimal number: mantissa / divisor, and what follows it. */
struct decimal {
	uint64_t mantissa;
	uint64_t divisor; /* power of ten */
	struct str unit;
};

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit byte_units[] = {
        {"", 1},
        {"b", 1},
        {"k", CONFIG_KB},
        {"kb", CONFIG_KB},
        {"m", CONFIG_MB},
        {"mb", CONFIG_MB},
        {"g", CONFIG_GB},
        {"gb", CONFIG_GB},
        {"t", CONFIG_TB},
        {"tb", CONFIG_TB},
        {"p", CONFIG_TB << 10},
        {"pb", CONFIG_TB << 10},
        {"e", CONFIG_TB << 20},
        {"eb", CONFIG_TB << 20},
};

/* Factors in nanoseconds. */
static const struct unit time_units[] = {
        {"ns", 1},
        {"us", 1000},
        {"ms", CONFIG_MS_NS},
        {"millisecond", CONFIG_MS_NS},
        {"milliseconds", CONFIG_MS_NS},
        {"s", CONFIG_SECOND_NS},
        {"sec", CONFIG_SECOND_NS},
        {"second", CONFIG_SECOND_NS},
        {"seconds", CONFIG_SECOND_NS},
        {"m", CONFIG_MINUTE_NS},
        {"min", CONFIG_MINUTE_NS},
        {"minute", CONFIG_MINUTE_NS},
        {"minutes", CONFIG_MINUTE_NS},
        {"h", 60 * CONFIG_MINUTE_NS},
        {"hr", 60 * CONFIG_MINUTE_NS},
        {"hour", 60 * CONFIG_MINUTE_NS},
        {"hours", 60 * CONFIG_MINUTE_NS},
        {"d", 24 * 60 * CONFIG_MINUTE_NS},
        {"day", 24 * 60 * CONFIG_MINUTE_NS},
        {"days", 24 * 60 * CONFIG_MINUTE_NS},
};

/* For printing: largest first. */
static const struct unit shown_bytes[] = {
        {"TB", CONFIG_TB}, {"GB", CONFIG_GB}, {"MB", CONFIG_MB}, {"KB", CONFIG_KB}};
static const struct unit shown_times[] = {{"d", CONFIG_DAY_MS},
                                          {"h", CONFIG_HOUR_MS},
                                          {"min", CONFIG_MINUTE_MS},
                                          {"s", CONFIG_SECOND_MS}};

struct str config_trim(struct str text)
{
	while (text.size > 0 && isspace((unsigned char)text.data[0])) {
		text.data++;
		text.size--;
	}
	while (text.size > 0 && isspace((unsigned char)text.data[text.size - 1]))
		text.size--;
	return text;
}

/* Reads the digits at *at; false when there are more than fit. */
static bool take_digits(struct str text, size_t *at, uint64_t *value, uint64_t *scale)
{
	for (; *at < text.size && isdigit((unsigned char)text.data[*at]); ++*at) {
		if (*value > (UINT64_MAX - 9) / 10 || *scale > UINT64_MAX / 10)
			return false;
		*value = *value * 10 + (uint64_t)(text.data[*at] - '0');
		*scale *= 10;
	}
	return true;
}

static const char *parse_decimal(struct str text, struct decimal *ret)
{
	struct decimal number = {.divisor = 1};
	uint64_t ignored = 1;
	size_t at = 0;

	if (text.size > 0 && text.data[0] == '-')
		return "is negative";
	if (text.size == 0 || !isdigit((unsigned char)text.data[0]))
		return "does not begin with a number";
	if (!take_digits(text, &at, &number.mantissa, &ignored))
		return "is too large";
	if (at < text.size && text.data[at] == '.') {
		at++;
		if (!take_digits(text, &at, &number.mantissa, &number.divisor))
			return "has too many digits";
	}
	number.unit = config_trim(str_make(text.data + at, text.size - at));
	*ret = number;
	return NULL;
}

static const struct unit *find_unit(const struct unit *units, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(units[i].name) == name.size &&
		    strncasecmp(units[i].name, name.data, name.size) == 0)
			return &units[i];
	}
	return NULL;
}

static const char *scale(const struct decimal *number, int64_t factor, int64_t divisor,
                         int64_t *ret_value)
{
	unsigned __int128 value = (unsigned __int128)number->mantissa * (uint64_t)factor;

	value /= number->divisor;
	value /= (uint64_t)divisor;
	if (value > INT64_MAX)
		return "is too large";
	*ret_value = (int64_t)value;
	return NULL;
}

const char *config_parse_bytes(struct str text, int64_t *ret_bytes)
{
	struct decimal number;
	const char *why = parse_decimal(config_trim(text), &number);
	const struct unit *unit;

	if (why != NULL)
		return why;
	unit = find_unit(byte_units, COUNT_OF(byte_units), number.unit);
	if (unit == NULL)
		return "has an unknown unit (B, KB, MB, GB, TB)";
	return scale(&number, unit->factor, 1, ret_bytes);
}

const char *config_parse_duration(struct str text, int64_t unit_ns, int64_t *ret_ms)
{
	struct decimal number;
	const char *why = parse_decimal(config_trim(text), &number);
	int64_t factor = unit_ns;
	int64_t ms;

	if (why != NULL)
		return why;
	if (number.unit.size > 0) {
		const struct unit *unit = find_unit(time_units, COUNT_OF(time_units), number.unit);

		if (unit == NULL)
			return "has an unknown unit (ms, s, min, h, d)";
		factor = unit->factor;
	}
	why = scale(&number, factor, CONFIG_MS_NS, &ms);
	if (why != NULL)
		return why;
	if (ms == 0 && number.mantissa != 0)
		return "is shorter than a millisecond";
	*ret_ms = ms;
	return NULL;
}

/* One clause of letters into *mode; where it ends, or NULL if it is none. */
static const char *parse_clause(const char *at, const char *end, int64_t *mode)
{
	static const char who[] = "ugo", which[] = "xwr";
	int64_t masks = 0, bits = 0;

	for (; at < end && strchr("ugoa", *at) != NULL; at++) {
		const char *letter = strchr(who, *at);

		masks |= letter == NULL ? 0111 : INT64_C(0100) >> (3 * (letter - who));
	}
	if (at == end || (*at != '=' && *at != '+'))
		return NULL;
	for (at++; at < end && strchr(which, *at) != NULL; at++)
		bits |= INT64_C(1) << (strchr(which, *at) - which);
	*mode |= (masks == 0 ? 0111 : masks) * bits;
	return at;
}

const char *config_parse_mode(struct str text, int64_t *ret_mode)
{
	const char *at = text.data, *end = text.data + text.size;
	int64_t mode = 0;

	for (;;) {
		at = parse_clause(at, end, &mode);
		if (at == NULL || (at < end && *at != ','))
			return "is neither octal nor clauses like u=rwx,g=rx,o=";
		if (at == end)
			break;
		at++;
	}
	*ret_mode = mode;
	return NULL;
}

static void format_largest(int64_t value, const struct unit *units, size_t count,
                           const char *smallest, struct buf *to)
{
	for (size_t i = 0; i < count; i++) {
		if (value != 0 && value % units[i].factor == 0) {
			buf_append_format(to, "%" PRId64 "%s", value / units[i].factor,
			                  units[i].name);
			return;
		}
	}
	buf_append_format(to, "%" PRId64 "%s", value, value == 0 ? "" : smallest);
}

void config_format_bytes(int64_t bytes, struct buf *to)
{
	format_largest(bytes, shown_bytes, COUNT_OF(shown_bytes), "B", to);
}

void config_format_duration(int64_t ms, struct buf *to)
{
	format_largest(ms, shown_times, COUNT_OF(shown_times), "ms", to);
}
