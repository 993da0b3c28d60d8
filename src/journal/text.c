/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

char *text_make(const char *format, ...)
{
	va_list args;
	char *text;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = mem_alloc((size_t)size + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

char *text_of_error(const char *path, const char *what, int rc)
{
	return text_make("%s: cannot %s: %s", path, what, err_text(rc));
}
