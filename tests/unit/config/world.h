/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine made of literals: files and environment for config_load(), and short ways to ask what
 * came of it.
 */
#ifndef HOLDFAST_TESTS_UNIT_CONFIG_WORLD_H
#define HOLDFAST_TESTS_UNIT_CONFIG_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

#define XML(properties)   "<configuration>\n" properties "</configuration>\n"
#define PROP(name, value) "<property><name>" name "</name><value>" value "</value></property>\n"
#define FINAL_PROP(name, value)                                                                    \
	"<property><name>" name "</name><value>" value "</value><final>true</final></property>\n"

enum { WORLD_PAIRS_MAX = 16 };

struct world_pair {
	const char *name;
	const char *text;
	size_t size;
	int error; /* what reading it gives instead, negative; 0: the text */
};

struct world {
	struct world_pair files[WORLD_PAIRS_MAX];
	size_t file_count;
	struct world_pair env[WORLD_PAIRS_MAX];
	size_t env_count;
	const char *overrides[WORLD_PAIRS_MAX];
	size_t override_count;
	const char *conf_dir;
	const char *nameservice;
	const char *namenode;
	/* what came of it */
	struct config *config;
	struct config_report report;
	struct buf text;
};

static inline int world_read_file(void *context, const char *path, struct buf *to)
{
	const struct world *world = context;

	for (size_t i = 0; i < world->file_count; i++) {
		const struct world_pair *file = &world->files[i];

		if (strcmp(file->name, path) != 0)
			continue;
		buf_append(to, file->text, file->size);
		return file->error;
	}
	return -ERR_NO_FILE;
}

static inline const char *world_get_env(void *context, const char *name)
{
	const struct world *world = context;

	for (size_t i = 0; i < world->env_count; i++) {
		if (strcmp(world->env[i].name, name) == 0)
			return world->env[i].text;
	}
	return NULL;
}

static inline void world_add_file(struct world *world, const char *path, const char *text)
{
	world->files[world->file_count++] =
	        (struct world_pair){.name = path, .text = text, .size = strlen(text)};
}

static inline void world_add_env(struct world *world, const char *name, const char *text)
{
	world->env[world->env_count++] = (struct world_pair){.name = name, .text = text};
}

static inline void world_add_override(struct world *world, const char *text)
{
	world->overrides[world->override_count++] = text;
}

/* Leaves config and report in the world. */
static inline int world_load(struct world *world)
{
	struct config_sources sources = {
	        .reader = {world_read_file, world_get_env, world},
	        .conf_dir = world->conf_dir,
	        .overrides = world->overrides,
	        .override_count = world->override_count,
	        .nameservice = world->nameservice,
	        .namenode = world->namenode,
	};

	config_report_init(&world->report);
	return config_load(&sources, &world->config, &world->report);
}

static inline void world_finish(struct world *world)
{
	config_destroy(world->config);
	config_report_finish(&world->report);
	buf_finish(&world->text);
	*world = (struct world){0};
}

/* The report as text, NUL-terminated. */
static inline const char *world_report(struct world *world)
{
	buf_clear(&world->text);
	config_report_write(&world->report, CONFIG_NOTE, &world->text);
	buf_append_u8(&world->text, '\0');
	return (const char *)world->text.data;
}

static inline void world_must_load(struct world *world)
{
	int rc = world_load(world);

	if (rc != 0)
		fail_msg("refused with %d:\n%s", rc, world_report(world));
}

/* The load fails, and some line of the report has `text` in it. */
static inline void world_must_refuse(struct world *world, const char *text)
{
	int rc = world_load(world);
	const char *report = world_report(world);

	if (rc != -ERR_INVALID || strstr(report, text) == NULL)
		fail_msg("expected to be refused with '%s'; got %d:\n%s", text, rc, report);
	assert_null(world->config);
}

static inline void world_must_report(struct world *world, const char *text)
{
	const char *report = world_report(world);

	if (strstr(report, text) == NULL)
		fail_msg("expected '%s' in the report:\n%s", text, report);
}

#define assert_str_is(actual, expected)                                                            \
	do {                                                                                       \
		struct str str_ = (actual);                                                        \
		if (!str_equal(str_, str_of(expected)))                                            \
			fail_msg("expected '%s', got '%.*s'", (expected), STR_ARGS(str_));         \
	} while (0)

#endif
