/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and overrides into the map, weakest first.
 */
#include "base/err.h"
#include "config/private.h"
#include "config/readers.h"

/* Weakest first. */
static const struct {
	const char *name;
	bool is_xml;
} file_kinds[] = {
        {"core-site.xml", true},
        {"hdfs-site.xml", true},
        {"alluxio-site.properties", false},
};

/* The folders to look into, weakest first. */
struct folders {
	const char *paths[2];
	size_t count;
	size_t file_count; /* files found so far, in all of them */
};

static void add_folder(struct folders *folders, const char *path)
{
	if (path == NULL || path[0] == '\0')
		return;
	if (folders->count == 1 && strcmp(folders->paths[0], path) == 0)
		return;
	folders->paths[folders->count++] = path;
}

static struct folders find_folders(const struct config_sources *sources)
{
	const struct config_reader *reader = &sources->reader;
	struct folders folders = {0};

	if (sources->conf_dir != NULL) {
		add_folder(&folders, sources->conf_dir);
	} else {
		add_folder(&folders, reader->get_env(reader->context, "HADOOP_CONF_DIR"));
		add_folder(&folders, reader->get_env(reader->context, "ALLUXIO_CONF_DIR"));
	}
	return folders;
}

static int read_file(struct config_map *map, const struct config_reader *reader, bool is_xml,
                     struct str path, struct folders *folders, struct config_report *report)
{
	struct buf text = {0};
	int rc = reader->read_file(reader->context, path.data, &text);

	if (rc == -ERR_NO_MEMORY || text.failed) {
		rc = -ERR_NO_MEMORY;
	} else if (rc == -ERR_NO_FILE) {
		rc = 0;
	} else if (rc < 0) {
		config_report_add(report, CONFIG_ERROR, path, 0, "can not be read: %s",
		                  err_text(rc));
		folders->file_count++;
		rc = 0;
	} else {
		folders->file_count++;
		if (text.size > CONFIG_FILE_BYTES_MAX)
			config_report_add(report, CONFIG_ERROR, path, 0, "is larger than 4MB");
		else if (is_xml)
			rc = config_read_xml(map, reader, path, buf_str(&text), report);
		else
			rc = config_read_properties(map, path, buf_str(&text), report);
	}
	buf_finish(&text);
	return rc;
}

static int read_files(struct config_map *map, const struct config_sources *sources,
                      struct folders *folders, struct config_report *report)
{
	for (size_t i = 0; i < COUNT_OF(file_kinds); i++) {
		for (size_t k = 0; k < folders->count; k++) {
			struct str path = arena_format(&map->arena, "%s/%s", folders->paths[k],
			                               file_kinds[i].name);
			int rc;

			if (path.data == NULL)
				return -ERR_NO_MEMORY;
			rc = read_file(map, &sources->reader, file_kinds[i].is_xml, path, folders,
			               report);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int read_xml_file(struct config_map *map, const struct config_sources *sources,
                         struct folders *folders, struct config_report *report)
{
	struct str path = arena_format(&map->arena, "%s", sources->xml_file);
	size_t before = folders->file_count;
	int rc = path.data == NULL ? -ERR_NO_MEMORY
	                           : read_file(map, &sources->reader, /* is_xml: */ true, path,
	                                       folders, report);

	if (rc == 0 && folders->file_count == before)
		config_report_add(report, CONFIG_ERROR, path, 0, "nothing was read from it");
	return rc;
}

/* A folder that was named is expected to hold something. */
static void report_no_files(const struct config_sources *sources, const struct folders *folders,
                            struct config_report *report)
{
	enum config_severity severity = sources->conf_dir != NULL ? CONFIG_ERROR : CONFIG_WARNING;

	if (sources->conf_dir != NULL && folders->count == 0)
		config_report_add(report, severity, STR("--conf"), 0, "names no folder");
	for (size_t i = 0; i < folders->count; i++)
		config_report_add(report, severity, str_of(folders->paths[i]), 0,
		                  "none of core-site.xml, hdfs-site.xml and "
		                  "alluxio-site.properties is there");
}

static int set_override(struct config_map *map, const char *text, struct config_report *report)
{
	struct config_place place = {.file = STR("-D")};
	const char *equals = strchr(text, '=');

	if (equals == NULL) {
		config_report_add(report, CONFIG_ERROR, place.file, 0,
		                  "\"%.200s\" is not key=value, as in -D dfs.replication=2", text);
		return 0;
	}
	return config_map_set(map, &place, str_make(text, (size_t)(equals - text)),
	                      str_of(equals + 1), /* is_final: */ false, report);
}

int config_read_sources(struct config_map *map, const struct config_sources *sources,
                        struct config_report *report)
{
	struct folders folders = find_folders(sources);
	int rc = read_files(map, sources, &folders, report);

	if (rc == 0 && sources->xml_file != NULL)
		rc = read_xml_file(map, sources, &folders, report);
	if (rc == 0 && folders.file_count == 0)
		report_no_files(sources, &folders, report);
	for (size_t i = 0; rc == 0 && i < sources->override_count; i++)
		rc = set_override(map, sources->overrides[i], report);
	return rc;
}
