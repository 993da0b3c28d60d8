/* SPDX-License-Identifier: Apache-2.0 */
/* One file of bytes as the whole configuration: refused with a reason, or loaded and asked. */
#ifndef HOLDFAST_TESTS_FUZZ_CONFIG_H
#define HOLDFAST_TESTS_FUZZ_CONFIG_H

#include "base/check.h"
#include "base/err.h"
#include "config/commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_file {
	const char *path;
	struct str text;
};

static int fuzz_read_file(void *context, const char *path, struct buf *to)
{
	const struct fuzz_file *file = context;

	if (strcmp(path, file->path) != 0)
		return -ERR_NO_FILE;
	buf_append_str(to, file->text);
	return 0;
}

static const char *fuzz_get_env(void *context, const char *name)
{
	(void)context;
	return name[0] == 'U' ? "u" : NULL;
}

static void fuzz_load(const char *path, const uint8_t *data, size_t size)
{
	struct fuzz_file file = {.path = path, .text = str_make(data, size)};
	struct config_sources sources = {.reader = {fuzz_read_file, fuzz_get_env, &file},
	                                 .conf_dir = "/c"};
	struct config *config = NULL;
	struct config_report report;
	struct buf text = {0};
	int rc;

	config_report_init(&report);
	rc = config_load(&sources, &config, &report);
	CHECK((rc == 0) == (config != NULL));
	CHECK((rc == 0) == (report.severity_count[CONFIG_ERROR] == 0));
	if (rc == 0)
		config_list(config, &text);
	CHECK(config_check(&report, &text) == (rc == 0));
	buf_finish(&text);
	config_destroy(config);
	config_report_finish(&report);
}

#endif
