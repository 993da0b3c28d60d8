/* SPDX-License-Identifier: Apache-2.0 */
/*
 * du, df, count, stat, test, find: commands that tell.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/fs.h"

/* ---- tables whose columns are as wide as their widest cell ---- */

enum { COLUMNS_MAX = 5, TABLE_GAP = 2 };

struct table {
	struct str *cells;
	size_t count;
	size_t columns;
	unsigned right; /* bit n: column n is set to the right */
};

static void table_add(struct table *table, struct str cell)
{
	table->cells = mem_must_realloc(table->cells, (table->count + 1) * sizeof(*table->cells));
	table->cells[table->count++] = cell;
}

static void table_print(struct table *table)
{
	int widths[COLUMNS_MAX] = {0};

	for (size_t i = 0; i < table->count; i++) {
		if ((int)table->cells[i].size > widths[i % table->columns])
			widths[i % table->columns] = (int)table->cells[i].size;
	}
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns;
		struct str cell = table->cells[i];
		bool is_last = column + 1 == table->columns;

		if (table->right >> column & 1)
			printf("%*.*s", widths[column], STR_ARGS(cell));
		else
			printf("%-*.*s", is_last ? 0 : widths[column], STR_ARGS(cell));
		printf("%*s", is_last ? 0 : TABLE_GAP, "");
		if (is_last)
			putchar('\n');
	}
	mem_free(table->cells);
}

/* ---- du ---- */

enum { DU_S, DU_H, DU_V, DU_X };

static int du_row(struct fs_shell *shell, const struct fs_path *path, bool human,
                  struct table *table)
{
	const Hdfs__ContentSummary *summary;
	int rc = client_content_summary(shell->client, path->path, &shell->arena, &summary);

	if (rc < 0) {
		fs_call_error(shell, rc, path);
		return rc;
	}
	table_add(table, fs_size(shell, summary->length, human));
	table_add(table, fs_size(shell, summary->space_consumed, human));
	table_add(table, path->text);
	return 0;
}

static void du_children(struct fs_shell *shell, const struct fs_path *path, bool human,
                        struct table *table)
{
	struct fs_listing listing;

	if (fs_list(shell, path, &listing) < 0)
		return;
	for (size_t i = 0; i < listing.count; i++) {
		struct fs_path child = fs_child(shell, path, listing.items[i].path);

		if (du_row(shell, &child, human, table) < 0)
			break;
	}
	fs_listing_finish(&listing);
}

int fs_du(struct fs_shell *shell, const struct fs_options *options)
{
	bool human = fs_has(options, DU_H);
	struct fs_paths paths = {0};

	fs_expand_all(shell, options, 0, &paths);
	for (size_t i = 0; i < paths.count; i++) {
		struct table table = {.columns = 3};
		struct wire_file_status status;

		if (fs_has(options, DU_V)) {
			table_add(&table, STR("SIZE"));
			table_add(&table, STR("DISK_SPACE_CONSUMED_WITH_ALL_REPLICAS"));
			table_add(&table, STR("FULL_PATH_NAME"));
		}
		if (fs_stat(shell, &paths.items[i], &status) == 0) {
			if (fs_has(options, DU_S) || !fs_is_directory(&status))
				(void)du_row(shell, &paths.items[i], human, &table);
			else
				du_children(shell, &paths.items[i], human, &table);
		}
		table_print(&table);
	}
	fs_paths_finish(&paths);
	return 0;
}

/* ---- df ---- */

int fs_df(struct fs_shell *shell, const struct fs_options *options)
{
	bool human = fs_has(options, 0);
	struct table table = {.columns = 5, .right = 0x1e};
	const Hdfs__GetFsStatsResponse *stats;
	struct fs_paths paths = {0};
	struct wire_file_status status;
	bool any = options->count == 0;
	int rc = 0;

	fs_expand_all(shell, options, 0, &paths);
	for (size_t i = 0; i < paths.count; i++)
		any = fs_stat(shell, &paths.items[i], &status) == 0 || any;
	fs_paths_finish(&paths);
	if (!any)
		return 0;
	rc = client_fs_stats(shell->client, &shell->arena, &stats);
	if (rc < 0) {
		struct fs_path root = {.text = STR("/"), .path = STR("/")};

		fs_call_error(shell, rc, &root);
		return FS_EXIT_FAILED;
	}
	table_add(&table, STR("Filesystem"));
	table_add(&table, STR("Size"));
	table_add(&table, STR("Used"));
	table_add(&table, STR("Available"));
	table_add(&table, STR("Use%"));
	table_add(&table, str_of(shell->uri));
	table_add(&table, fs_size(shell, stats->capacity, human));
	table_add(&table, fs_size(shell, stats->used, human));
	table_add(&table, fs_size(shell, stats->remaining, human));
	table_add(&table, arena_format(&shell->arena, "%.0f%%",
	                               stats->capacity == 0 ? 0.0
	                                                    : 100.0 * (double)stats->used /
	                                                              (double)stats->capacity));
	table_print(&table);
	return 0;
}

/* ---- count ---- */

enum { COUNT_Q, COUNT_H, COUNT_V, COUNT_U, COUNT_X };

static struct str quota_text(struct fs_shell *shell, uint64_t quota, bool human, const char *none)
{
	return quota > INT64_MAX ? str_of(none) : fs_size(shell, quota, human);
}

static struct str rest_text(struct fs_shell *shell, uint64_t quota, uint64_t used, bool human)
{
	if (quota > INT64_MAX)
		return STR("inf");
	return used > quota ? arena_format(&shell->arena, "-%.*s",
	                                   STR_ARGS(fs_size(shell, used - quota, human)))
	                    : fs_size(shell, quota - used, human);
}

static void print_quotas(struct fs_shell *shell, const Hdfs__ContentSummary *summary, bool human)
{
	uint64_t names = summary->file_count + summary->directory_count;
	struct str cells[] = {
	        quota_text(shell, summary->quota, human, "none"),
	        rest_text(shell, summary->quota, names, human),
	        quota_text(shell, summary->space_quota, human, "none"),
	        rest_text(shell, summary->space_quota, summary->space_consumed, human),
	};

	printf("%12.*s %15.*s %15.*s %15.*s ", STR_ARGS(cells[0]), STR_ARGS(cells[1]),
	       STR_ARGS(cells[2]), STR_ARGS(cells[3]));
}

static void print_counts(struct fs_shell *shell, const Hdfs__ContentSummary *summary, bool human)
{
	struct str directories = fs_size(shell, summary->directory_count, human);
	struct str files = fs_size(shell, summary->file_count, human);
	struct str length = fs_size(shell, summary->length, human);

	printf("%12.*s %12.*s %18.*s ", STR_ARGS(directories), STR_ARGS(files), STR_ARGS(length));
}

int fs_count(struct fs_shell *shell, const struct fs_options *options)
{
	bool quotas = fs_has(options, COUNT_Q) || fs_has(options, COUNT_U);
	bool counts = !fs_has(options, COUNT_U);
	bool human = fs_has(options, COUNT_H);
	struct fs_paths paths = {0};

	fs_expand_all(shell, options, 0, &paths);
	if (fs_has(options, COUNT_V) && paths.count > 0)
		printf("%s%sPATHNAME\n",
		       quotas ? "       QUOTA       REM_QUOTA     SPACE_QUOTA REM_SPACE_QUOTA "
		              : "",
		       counts ? "   DIR_COUNT   FILE_COUNT       CONTENT_SIZE " : "");
	for (size_t i = 0; i < paths.count; i++) {
		const Hdfs__ContentSummary *summary;
		struct wire_file_status status;
		int rc;

		if (fs_stat(shell, &paths.items[i], &status) < 0)
			continue;
		rc = client_content_summary(shell->client, paths.items[i].path, &shell->arena,
		                            &summary);
		if (rc < 0) {
			fs_call_error(shell, rc, &paths.items[i]);
			continue;
		}
		if (quotas)
			print_quotas(shell, summary, human);
		if (counts)
			print_counts(shell, summary, human);
		printf("%.*s\n", STR_ARGS(paths.items[i].text));
	}
	fs_paths_finish(&paths);
	return 0;
}

/* ---- stat ---- */

static void print_stat_letter(const struct fs_path *path, const struct wire_file_status *status,
                              char letter)
{
	char text[32];

	switch (letter) {
	case 'a': printf("%o", status->mode); break;
	case 'A':
		fs_mode_text(status, text);
		fputs(text + 1, stdout);
		break;
	case 'b': printf("%llu", (unsigned long long)status->length); break;
	case 'F': fputs(fs_is_directory(status) ? "directory" : "regular file", stdout); break;
	case 'g': printf("%.*s", STR_ARGS(status->group)); break;
	case 'n': printf("%.*s", STR_ARGS(fs_name_of(path->path))); break;
	case 'o': printf("%llu", (unsigned long long)status->block_size); break;
	case 'r': printf("%u", status->replication); break;
	case 'u': printf("%.*s", STR_ARGS(status->owner)); break;
	case 'x':
		fs_second_text(status->atime, text);
		fputs(text, stdout);
		break;
	case 'X': printf("%llu", (unsigned long long)status->atime); break;
	case 'y':
		fs_second_text(status->mtime, text);
		fputs(text, stdout);
		break;
	case 'Y': printf("%llu", (unsigned long long)status->mtime); break;
	default: putchar(letter); break;
	}
}

int fs_stat_command(struct fs_shell *shell, const struct fs_options *options)
{
	const char *format = "%y";
	struct fs_paths paths = {0};
	size_t first = 0;

	if (strchr(options->arguments[0], '%') != NULL) {
		format = options->arguments[0];
		first = 1;
	}
	fs_expand_all(shell, options, first, &paths);
	for (size_t i = 0; i < paths.count; i++) {
		struct wire_file_status status;

		if (fs_stat(shell, &paths.items[i], &status) < 0)
			continue;
		for (const char *at = format; *at != '\0'; at++) {
			if (at[0] == '%' && at[1] != '\0')
				print_stat_letter(&paths.items[i], &status, *++at);
			else
				putchar(*at);
		}
		putchar('\n');
	}
	fs_paths_finish(&paths);
	return 0;
}

/* ---- test ---- */

enum { TEST_D, TEST_E, TEST_F, TEST_S, TEST_W, TEST_R, TEST_Z };

static bool test_access(struct fs_shell *shell, const struct fs_path *path, unsigned action)
{
	return client_check_access(shell->client, path->path, action) == 0;
}

int fs_test(struct fs_shell *shell, const struct fs_options *options)
{
	struct wire_file_status status;
	struct fs_path path;
	bool exists, is_true = false;

	if (options->given == 0)
		return fs_usage_error(shell, "No test flag given");
	if (options->given & (options->given - 1))
		return fs_usage_error(shell, "Only one test flag is allowed");
	if (fs_path_of(shell, options->arguments[0], &path) < 0 ||
	    fs_stat_if_any(shell, &path, &status, &exists) < 0 || !exists)
		return FS_EXIT_FAILED;
	if (fs_has(options, TEST_D))
		is_true = fs_is_directory(&status);
	else if (fs_has(options, TEST_E))
		is_true = true;
	else if (fs_has(options, TEST_F))
		is_true = !fs_is_directory(&status);
	else if (fs_has(options, TEST_S))
		is_true = status.length > 0;
	else if (fs_has(options, TEST_W))
		is_true = test_access(shell, &path, 2);
	else if (fs_has(options, TEST_R))
		is_true = test_access(shell, &path, 4);
	else if (fs_has(options, TEST_Z))
		is_true = status.length == 0;
	return is_true ? 0 : FS_EXIT_FAILED;
}

/* ---- find ---- */

struct find {
	struct fs_shell *shell;
	const char *pattern; /* NULL: everything */
	bool ignores_case;
	char end;
};

static struct str lower(struct fs_shell *shell, struct str text)
{
	struct str copy = arena_format(&shell->arena, "%.*s", STR_ARGS(text));

	for (size_t i = 0; i < copy.size; i++)
		((char *)(uintptr_t)copy.data)[i] = (char)tolower((unsigned char)copy.data[i]);
	return copy;
}

static void find_below(struct find *find, const struct fs_path *path, bool is_directory)
{
	struct str name = fs_name_of(path->path);
	struct fs_listing listing;

	if (find->ignores_case)
		name = lower(find->shell, name);
	if (find->pattern == NULL || fs_matches(name, find->pattern))
		printf("%.*s%c", STR_ARGS(path->text), find->end);
	if (!is_directory || fs_list(find->shell, path, &listing) < 0)
		return;
	for (size_t i = 0; i < listing.count; i++) {
		struct fs_path child = fs_child(find->shell, path, listing.items[i].path);

		find_below(find, &child, fs_is_directory(&listing.items[i]));
	}
	fs_listing_finish(&listing);
}

static int parse_expression(struct find *find, const struct fs_options *options, size_t at)
{
	for (; at < options->count; at++) {
		const char *word = options->arguments[at];

		if ((strcmp(word, "-name") == 0 || strcmp(word, "-iname") == 0) &&
		    at + 1 < options->count) {
			find->ignores_case = word[1] == 'i';
			find->pattern = options->arguments[++at];
			if (find->ignores_case)
				find->pattern = lower(find->shell, str_of(find->pattern)).data;
		} else if (strcmp(word, "-print0") == 0) {
			find->end = '\0';
		} else if (strcmp(word, "-print") != 0) {
			fs_error(find->shell, "Unexpected argument: %s", word);
			return FS_EXIT_FAILED;
		}
	}
	return 0;
}

int fs_find(struct fs_shell *shell, const struct fs_options *options)
{
	struct find find = {.shell = shell, .end = '\n'};
	struct fs_options paths_only = *options;
	struct fs_paths paths = {0};
	int status;

	paths_only.count = 0;
	while (paths_only.count < options->count && options->arguments[paths_only.count][0] != '-')
		paths_only.count++;
	status = parse_expression(&find, options, paths_only.count);
	if (status != 0)
		return status;
	fs_expand_all(shell, &paths_only, 0, &paths);
	for (size_t i = 0; i < paths.count; i++) {
		struct wire_file_status entry;

		if (fs_stat(shell, &paths.items[i], &entry) == 0)
			find_below(&find, &paths.items[i], fs_is_directory(&entry));
	}
	fs_paths_finish(&paths);
	return 0;
}
