/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fs_mode.h"

#include <stdlib.h>
#include <string.h>

static bool apply_octal(const char *text, uint32_t *ret_mode)
{
	const char *digits = text + (*text == '+');
	size_t length = strlen(digits);

	if (length < 3 || length > 4 || strspn(digits, "01234567") != length ||
	    (length == 4 && digits[0] > '1'))
		return false;
	*ret_mode = (uint32_t)strtoul(digits, NULL, 8);
	return true;
}

/* One clause: who, operator, what.  *at moves behind it. */
static bool apply_clause(const char **at, bool is_directory, uint32_t *mode)
{
	uint32_t who = 0, bits = 0;
	bool sticky = false;
	char operation;

	for (; strchr("ugoa", **at) != NULL && **at != '\0'; ++*at)
		who |= **at == 'u' ? 0700 : **at == 'g' ? 0070 : **at == 'o' ? 0007 : 0777;
	who = who == 0 ? 0777 : who;
	operation = **at;
	if (operation == '\0' || strchr("+-=", operation) == NULL)
		return false;
	++*at;
	for (; **at != '\0' && **at != ','; ++*at) {
		switch (**at) {
		case 'r': bits |= 0444; break;
		case 'w': bits |= 0222; break;
		case 'x': bits |= 0111; break;
		case 'X': bits |= is_directory || (*mode & 0111) ? 0111 : 0; break;
		case 't': sticky = true; break;
		default: return false;
		}
	}
	if (bits == 0 && !sticky && (*at)[-1] == operation)
		return false;
	bits &= who;
	if (operation == '+')
		*mode |= bits | (sticky ? 01000 : 0);
	else if (operation == '-')
		*mode &= ~(bits | (sticky ? 01000u : 0u));
	else
		*mode = (*mode & ~who) | bits | (sticky ? 01000 : 0);
	return true;
}

bool fs_mode_apply(const char *text, uint32_t mode, bool is_directory, uint32_t *ret_mode)
{
	if (apply_octal(text, ret_mode))
		return true;
	do {
		text += *text == ',';
		if (!apply_clause(&text, is_directory, &mode))
			return false;
	} while (*text == ',');
	*ret_mode = mode;
	return *text == '\0';
}
