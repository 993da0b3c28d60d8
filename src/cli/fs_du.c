/* SPDX-License-Identifier: Apache-2.0 */
/*
 * du, df: sizes, in tables whose columns are as wide as their widest cell.
 */
#include "base/mem.h"
#include "cli/fs.h"

enum { COLUMNS_MAX = 5, TABLE_GAP = 2 };

struct table {
	struct str *cells;
	size_t count;
	size_t capacity;
	size_t columns;
	unsigned right; /* bit n: column n is set to the right */
};

static void table_add(struct table *table, struct str cell)
{
	if (table->count == table->capacity) {
		table->capacity = table->capacity == 0 ? 64 : table->capacity * 2;
		table->cells =
		        mem_must_realloc(table->cells, table->capacity * sizeof(*table->cells));
	}
	table->cells[table->count++] = cell;
}

/* The first cells are a heading, which does not stand alone. */
static void table_print(struct table *table, size_t heading)
{
	int widths[COLUMNS_MAX] = {0};

	if (table->count == heading)
		table->count = 0;
	for (size_t i = 0; i < table->count; i++) {
		if ((int)table->cells[i].size > widths[i % table->columns])
			widths[i % table->columns] = (int)table->cells[i].size;
	}
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns;
		bool is_last = column + 1 == table->columns;

		if (table->right >> column & 1)
			printf("%*.*s", widths[column], STR_ARGS(table->cells[i]));
		else
			printf("%-*.*s", is_last ? 0 : widths[column], STR_ARGS(table->cells[i]));
		printf("%*s%s", is_last ? 0 : TABLE_GAP, "", is_last ? "\n" : "");
	}
	mem_free(table->cells);
}

static struct str size_cell(struct shell *shell, uint64_t bytes, bool human)
{
	char text[FS_SIZE_BYTES];

	return cli_text(&shell->arena, "%s", fs_size_text(bytes, human, text));
}

/* ---- du ---- */

enum { DU_S, DU_H, DU_V, DU_X };

struct du {
	bool human, sums;
	struct table table;
};

static void du_row(struct shell *shell, const struct fs_item *item, void *context)
{
	struct du *du = context;
	const Hdfs__ContentSummary *summary;
	int rc = client_content_summary(shell->client, item->at.path, &shell->arena, &summary);

	if (rc < 0) {
		fs_call_error(shell, rc, item->at.text);
		return;
	}
	table_add(&du->table, size_cell(shell, summary->length, du->human));
	table_add(&du->table, size_cell(shell, summary->space_consumed, du->human));
	table_add(&du->table, cli_text(&shell->arena, "%.*s", STR_ARGS(item->at.text)));
}

static void du_item(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct du *du = context;

	if (du->sums || !shell_is_directory(&item->status))
		du_row(shell, item, context);
	else
		fs_for_children(shell, item, du_row, context);
}

int fs_du(struct shell *shell, const struct fs_options *options)
{
	struct du du = {
	        .human = fs_has(options, DU_H), .sums = fs_has(options, DU_S), .table.columns = 3};
	struct fs_options arguments = fs_or_home(options);
	size_t heading;

	if (fs_has(options, DU_V)) {
		table_add(&du.table, STR("SIZE"));
		table_add(&du.table, STR("DISK_SPACE_CONSUMED_WITH_ALL_REPLICAS"));
		table_add(&du.table, STR("FULL_PATH_NAME"));
	}
	heading = du.table.count;
	fs_for_each(shell, &arguments, 0, du_item, NULL, &du);
	table_print(&du.table, heading);
	return 0;
}

/* ---- df ---- */

struct df {
	bool human;
	struct table table;
};

static void df_row(struct shell *shell, struct df *df)
{
	const Hdfs__GetFsStatsResponse *stats;
	int rc = client_fs_stats(shell->client, &shell->arena, &stats);

	if (rc < 0) {
		fs_call_error(shell, rc, shell->uri);
		return;
	}
	table_add(&df->table, shell->uri);
	table_add(&df->table, size_cell(shell, stats->capacity, df->human));
	table_add(&df->table, size_cell(shell, stats->used, df->human));
	table_add(&df->table, size_cell(shell, stats->remaining, df->human));
	table_add(&df->table, cli_text(&shell->arena, "%.0f%%",
	                               stats->capacity == 0 ? 0.0
	                                                    : 100.0 * (double)stats->used /
	                                                              (double)stats->capacity));
}

static void df_item(struct shell *shell, const struct fs_item *item, void *context)
{
	(void)item;
	df_row(shell, context);
}

int fs_df(struct shell *shell, const struct fs_options *options)
{
	struct df df = {.human = fs_has(options, 0), .table = {.columns = 5, .right = 0x1e}};
	size_t heading;

	table_add(&df.table, STR("Filesystem"));
	table_add(&df.table, STR("Size"));
	table_add(&df.table, STR("Used"));
	table_add(&df.table, STR("Available"));
	table_add(&df.table, STR("Use%"));
	heading = df.table.count;
	if (options->count == 0)
		df_row(shell, &df);
	else
		fs_for_each(shell, options, 0, df_item, NULL, &df);
	table_print(&df.table, heading);
	return 0;
}
