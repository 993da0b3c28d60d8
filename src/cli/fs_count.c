/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count: what a directory holds, in columns that do not depend on the contents.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/fs.h"

enum { COUNT_Q, COUNT_H, COUNT_V, COUNT_U, COUNT_X, COUNT_E, COUNT_S, COUNT_T };

enum column_group {
	GROUP_QUOTAS = BIT(0),
	GROUP_COUNTS = BIT(1),
	GROUP_POLICY = BIT(2),
	GROUP_SNAPSHOTS = BIT(3),
};

struct count {
	unsigned groups;   /* what is shown */
	const char *types; /* quotas of storage types instead: "SSD,DISK"; NULL: no */
	bool human;
};

struct row {
	const struct count *count;
	const struct fs_item *item;
	const Hdfs__ContentSummary *summary;
};

/* ---- cells ---- */

static const char *quota_text(uint64_t quota, bool human, char text[FS_SIZE_BYTES])
{
	return quota > INT64_MAX ? "none" : fs_size_text(quota, human, text);
}

static const char *rest_text(uint64_t quota, uint64_t used, bool human, char text[FS_SIZE_BYTES])
{
	if (quota > INT64_MAX)
		return "inf";
	if (used <= quota)
		return fs_size_text(quota - used, human, text);
	text[0] = '-';
	snprintf(text + 1, FS_SIZE_BYTES - 1, "%llu", (unsigned long long)(used - quota));
	return text;
}

static const char *quota(const struct row *row, char text[FS_SIZE_BYTES])
{
	return quota_text(row->summary->quota, row->count->human, text);
}

static const char *rest_of_quota(const struct row *row, char text[FS_SIZE_BYTES])
{
	return rest_text(row->summary->quota,
	                 row->summary->file_count + row->summary->directory_count,
	                 row->count->human, text);
}

static const char *space_quota(const struct row *row, char text[FS_SIZE_BYTES])
{
	return quota_text(row->summary->space_quota, row->count->human, text);
}

static const char *rest_of_space(const struct row *row, char text[FS_SIZE_BYTES])
{
	return rest_text(row->summary->space_quota, row->summary->space_consumed, row->count->human,
	                 text);
}

static const char *directories(const struct row *row, char text[FS_SIZE_BYTES])
{
	return fs_size_text(row->summary->directory_count, row->count->human, text);
}

static const char *files(const struct row *row, char text[FS_SIZE_BYTES])
{
	return fs_size_text(row->summary->file_count, row->count->human, text);
}

static const char *length(const struct row *row, char text[FS_SIZE_BYTES])
{
	return fs_size_text(row->summary->length, row->count->human, text);
}

static const char *policy(const struct row *row, char text[FS_SIZE_BYTES])
{
	(void)text;
	return shell_is_directory(&row->item->status) ? "EC:" : "Replicated";
}

/* There are no snapshots. */
static const char *nothing(const struct row *row, char text[FS_SIZE_BYTES])
{
	return fs_size_text(0, row->count->human, text);
}

/* ---- columns ---- */

static const struct column {
	enum column_group group;
	int width;
	const char *title;
	const char *(*cell)(const struct row *row, char text[FS_SIZE_BYTES]);
} columns[] = {
        {GROUP_QUOTAS, 12, "QUOTA", quota},
        {GROUP_QUOTAS, 15, "REM_QUOTA", rest_of_quota},
        {GROUP_QUOTAS, 15, "SPACE_QUOTA", space_quota},
        {GROUP_QUOTAS, 15, "REM_SPACE_QUOTA", rest_of_space},
        {GROUP_COUNTS, 12, "DIR_COUNT", directories},
        {GROUP_COUNTS, 12, "FILE_COUNT", files},
        {GROUP_COUNTS, 18, "CONTENT_SIZE", length},
        {GROUP_POLICY, 20, "ERASURECODING_POLICY", policy},
        {GROUP_SNAPSHOTS, 18, "SNAPSHOT_LENGTH", nothing},
        {GROUP_SNAPSHOTS, 24, "SNAPSHOT_FILE_COUNT", nothing},
        {GROUP_SNAPSHOTS, 24, "SNAPSHOT_DIR_COUNT", nothing},
        {GROUP_SNAPSHOTS, 28, "SNAPSHOT_SPACE_CONSUMED", nothing},
};

static const char all_types[] = "SSD,DISK,ARCHIVE,PROVIDED,NVDIMM";

/* Two columns for each storage type; quotas by type are not supported, so none is ever set. */
static void print_types(const struct count *count, bool is_heading)
{
	const char *types = count->types == NULL ? "" : count->types;

	while (*types != '\0') {
		int size = (int)strcspn(types, ",");
		char title[32], rest[40];

		snprintf(title, sizeof(title), "%.*s_QUOTA", size, types);
		for (char *letter = title; *letter != '\0'; letter++)
			*letter = (char)toupper((unsigned char)*letter);
		snprintf(rest, sizeof(rest), "REM_%s", title);
		printf("%14s %18s ", is_heading ? title : "none", is_heading ? rest : "inf");
		types += size;
		types += *types == ',';
	}
}

static void print_line(const struct count *count, const struct row *row, struct str name)
{
	char text[FS_SIZE_BYTES];

	print_types(count, row == NULL);
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		const struct column *column = &columns[i];

		if (count->groups & column->group)
			printf("%*s ", column->width,
			       row == NULL ? column->title : column->cell(row, text));
	}
	printf("%.*s\n", STR_ARGS(name));
}

/* ---- the command ---- */

static void count_item(struct shell *shell, const struct fs_item *item, void *context)
{
	struct row row = {.count = context, .item = item};
	int rc = client_content_summary(shell->client, item->at.path, &shell->arena, &row.summary);

	if (rc < 0)
		fs_call_error(shell, rc, item->at.text);
	else
		print_line(row.count, &row, item->at.text);
}

static bool is_type(const char *name, size_t length)
{
	for (const char *at = all_types; *at != '\0'; at += *at == ',') {
		size_t size = strcspn(at, ",");

		if (size == length && strncasecmp(name, at, size) == 0)
			return true;
		at += size;
	}
	return false;
}

/* NULL: one is unknown, which was printed. */
static const char *parse_types(struct shell *shell, const char *given)
{
	if (given[0] == '\0' || strcasecmp(given, "all") == 0)
		return all_types;
	for (const char *at = given; *at != '\0'; at += *at == ',') {
		size_t size = strcspn(at, ",");

		if (!is_type(at, size)) {
			fs_usage_error(shell,
			               "No enum constant org.apache.hadoop.fs.StorageType.%.*s",
			               (int)size, at);
			return NULL;
		}
		at += size;
	}
	return given;
}

int fs_count(struct shell *shell, const struct fs_options *options)
{
	bool quotas_only = fs_has(options, COUNT_U),
	     quotas = fs_has(options, COUNT_Q) || quotas_only;
	bool by_type = quotas && fs_has(options, COUNT_T);
	struct count count = {
	        .groups = (quotas && !by_type ? GROUP_QUOTAS : 0) |
	                  (!quotas_only && !by_type ? GROUP_COUNTS : 0) |
	                  (fs_has(options, COUNT_E) ? GROUP_POLICY : 0) |
	                  (fs_has(options, COUNT_S) ? GROUP_SNAPSHOTS : 0),
	        .human = fs_has(options, COUNT_H),
	};

	if (by_type) {
		count.types = parse_types(shell, options->values[COUNT_T]);
		if (count.types == NULL)
			return FS_EXIT_USAGE;
	}
	if (quotas && fs_has(options, COUNT_X))
		puts("q or u option is given, the -x option is ignored.");
	if (fs_has(options, COUNT_V))
		print_line(&count, NULL, STR("PATHNAME"));
	fs_for_each(shell, options, 0, count_item, NULL, &count);
	return 0;
}
