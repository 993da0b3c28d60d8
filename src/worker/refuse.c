/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/refuse.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

enum { TEXT_BYTES_MAX = 8192 }; /* two paths and some words */

int worker_refuse(int rc, char **ret_text, const char *format, ...)
{
	char text[TEXT_BYTES_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	*ret_text = mem_strdup(str_of(text));
	return rc;
}
