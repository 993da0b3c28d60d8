/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fs_mode.h"

#include <stdlib.h>
#include <string.h>

static const char *skip(const char *at, const char *letters)
{
	return at + strspn(at, letters);
}

/* [+] [0|1] three digits */
static bool apply_octal(const char *text, uint32_t *ret_mode)
{
	const char *start = skip(text, " ");
	const char *digits = start + (*start == '+');
	size_t length = strspn(digits, "01234567");

	if (*skip(digits + length, " ") != '\0' || length < 3 || length > 4 ||
	    (length == 4 && digits[0] > '1'))
		return false;
	*ret_mode = (uint32_t)strtoul(digits, NULL, 8);
	return true;
}

static uint32_t bits_of_who(const char *from, const char *to)
{
	uint32_t bits = from == to ? 0777 : 0;

	for (; from < to; from++)
		bits |= *from == 'u' ? 0700 : *from == 'g' ? 0070 : *from == 'o' ? 0007 : 0777;
	return bits;
}

static uint32_t bits_of_what(const char *from, const char *to, bool may_execute)
{
	uint32_t bits = 0;

	for (; from < to; from++) {
		switch (*from) {
		case 'r': bits |= 0444; break;
		case 'w': bits |= 0222; break;
		case 'x': bits |= 0111; break;
		case 'X': bits |= may_execute ? 0111 : 0; break;
		case 't': bits |= 01000; break;
		default: break;
		}
	}
	return bits;
}

/* One clause: who, operators of which the last counts, what.  *at moves behind it. */
static bool apply_clause(const char **at, bool is_directory, uint32_t *mode)
{
	const char *who_end = skip(*at, "ugoa");
	const char *operators_end = skip(who_end, "+-=");
	const char *what_end = skip(operators_end, "rwxXt");
	uint32_t who = bits_of_who(*at, who_end);
	uint32_t what = bits_of_what(operators_end, what_end, is_directory || (*mode & 0111) != 0) &
	                (who | 01000);

	if (operators_end == who_end || what_end == operators_end)
		return false;
	switch (operators_end[-1]) {
	case '+': *mode |= what; break;
	case '-': *mode &= ~what; break;
	default: *mode = (*mode & ~who) | what; break;
	}
	*at = skip(what_end, ", ");
	return true;
}

bool fs_mode_apply(const char *text, uint32_t mode, bool is_directory, uint32_t *ret_mode)
{
	if (apply_octal(text, ret_mode))
		return true;
	text = skip(text, " ");
	do {
		if (!apply_clause(&text, is_directory, &mode))
			return false;
	} while (*text != '\0');
	*ret_mode = mode;
	return true;
}
