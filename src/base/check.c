/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

_Noreturn void check_failed(const char *condition, const char *file, int line, const char *function)
{
	log_event(LOG_CHECK_FAILED, "%s:%d: %s: %s", file, line, function, condition);
	abort();
}

_Noreturn void fatal_damage(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_event(LOG_FATAL_DAMAGE, "%s", text);
	exit(EXIT_DAMAGE);
}
