/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void keep(void *context, enum log_level level, const char *line)
{
	(void)level;
	snprintf(context, 256, "%s", line);
}

static uint64_t at_the_epoch(void *context)
{
	(void)context;
	return 1234;
}

static void an_event_is_one_line_whatever_its_text_holds(void **state)
{
	char line[256] = "";

	(void)state;
	log_set_sink(keep, line);
	log_set_clock(at_the_epoch, NULL);
	log_event(LOG_NOTE, "name=%s", "a\nforged line\r\tb");
	log_set_sink(NULL, NULL);
	log_set_clock(NULL, NULL);
	assert_string_equal(line, "1970-01-01T00:00:01.234Z INFO  NOTE name=a forged line  b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_event_is_one_line_whatever_its_text_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
