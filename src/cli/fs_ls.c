/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/fs.h"

enum { LS_C, LS_D, LS_H, LS_Q, LS_R, LS_T, LS_S, LS_REVERSE, LS_U, LS_E };

struct ls {
	struct fs_shell *shell;
	const struct fs_options *options;
	bool paths_only, human, masks, recurses, by_time, by_size, reverses, access_time;
};

struct row {
	struct fs_path path;
	struct wire_file_status status;
};

struct rows {
	struct row *items;
	size_t count;
};

/* ---- order ---- */

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct row *x = a, *y = b;
	const struct ls *ls = context;
	int order = 0;

	if (ls->by_time) {
		uint64_t at = ls->access_time ? x->status.atime : x->status.mtime;
		uint64_t bt = ls->access_time ? y->status.atime : y->status.mtime;

		order = at > bt ? -1 : at < bt;
	} else if (ls->by_size) {
		order = x->status.length > y->status.length ? -1
		                                            : x->status.length < y->status.length;
	}
	if (order == 0)
		order = str_compare(x->path.path, y->path.path);
	return ls->reverses ? -order : order;
}

/* ---- lines ---- */

struct widths {
	int replication, owner, group, length;
};

static int widest(int width, size_t size)
{
	return (int)size > width ? (int)size : width;
}

static struct str replication_text(struct fs_shell *shell, const struct wire_file_status *status)
{
	return fs_is_directory(status)
	               ? STR("-")
	               : arena_format(&shell->arena, "%u", (unsigned)status->replication);
}

static struct widths measure(const struct ls *ls, const struct rows *rows)
{
	struct widths widths = {.replication = 3, .length = 10};

	for (size_t i = 0; i < rows->count; i++) {
		const struct wire_file_status *status = &rows->items[i].status;

		widths.replication =
		        widest(widths.replication, replication_text(ls->shell, status).size);
		widths.owner = widest(widths.owner, status->owner.size);
		widths.group = widest(widths.group, status->group.size);
		widths.length =
		        widest(widths.length, fs_size(ls->shell, status->length, ls->human).size);
	}
	return widths;
}

static void print_name(const struct ls *ls, struct str name)
{
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];

		putchar(ls->masks && (c < 0x20 || c == 0x7f) ? '?' : c);
	}
	putchar('\n');
}

static void print_row(const struct ls *ls, const struct row *row, const struct widths *widths)
{
	const struct wire_file_status *status = &row->status;
	char mode[11], time[32];
	struct str replication, length;

	if (ls->paths_only) {
		print_name(ls, row->path.text);
		return;
	}
	replication = replication_text(ls->shell, status);
	length = fs_size(ls->shell, status->length, ls->human);
	fs_mode_text(status, mode);
	fs_minute_text(ls->access_time ? status->atime : status->mtime, time);
	printf("%s%c%*.*s %-*.*s %-*.*s %*.*s %s ", mode,
	       status->flags & HDFS__FILE_STATUS__FLAGS__HAS_ACL ? '+' : ' ', widths->replication,
	       STR_ARGS(replication), widths->owner, STR_ARGS(status->owner), widths->group,
	       STR_ARGS(status->group), widths->length, STR_ARGS(length), time);
	print_name(ls, row->path.text);
}

static void print_rows(struct ls *ls, struct rows *rows)
{
	struct widths widths = measure(ls, rows);

	qsort_r(rows->items, rows->count, sizeof(*rows->items), compare_rows, ls);
	for (size_t i = 0; i < rows->count; i++)
		print_row(ls, &rows->items[i], &widths);
}

/* ---- walking ---- */

static void list_directory(struct ls *ls, const struct fs_path *path)
{
	struct fs_listing listing;
	struct rows rows;

	if (fs_list(ls->shell, path, &listing) < 0)
		return;
	rows.count = listing.count;
	rows.items = mem_must_alloc((rows.count + 1) * sizeof(*rows.items));
	for (size_t i = 0; i < listing.count; i++) {
		rows.items[i].path = fs_child(ls->shell, path, listing.items[i].path);
		rows.items[i].status = listing.items[i];
	}
	fs_listing_finish(&listing);
	if (!ls->recurses && !ls->paths_only && rows.count > 0)
		printf("Found %zu items\n", rows.count);
	if (ls->recurses) {
		struct widths widths = measure(ls, &rows);

		qsort_r(rows.items, rows.count, sizeof(*rows.items), compare_rows, ls);
		for (size_t i = 0; i < rows.count; i++) {
			print_row(ls, &rows.items[i], &widths);
			if (fs_is_directory(&rows.items[i].status))
				list_directory(ls, &rows.items[i].path);
		}
	} else {
		print_rows(ls, &rows);
	}
	mem_free(rows.items);
}

int fs_ls(struct fs_shell *shell, const struct fs_options *options)
{
	struct ls ls = {
	        .shell = shell,
	        .options = options,
	        .paths_only = fs_has(options, LS_C),
	        .human = fs_has(options, LS_H),
	        .masks = fs_has(options, LS_Q),
	        .recurses = fs_has(options, LS_R) && !fs_has(options, LS_D),
	        .by_time = fs_has(options, LS_T),
	        .by_size = fs_has(options, LS_S) && !fs_has(options, LS_T),
	        .reverses = fs_has(options, LS_REVERSE),
	        .access_time = fs_has(options, LS_U),
	};
	struct fs_paths paths = {0}, directories = {0};
	struct rows files = {0};

	if (options->count == 0) {
		struct fs_path here = {.text = STR("."), .path = str_of(shell->home)};

		fs_paths_add(&paths, &here);
	}
	fs_expand_all(shell, options, 0, &paths);
	files.items = mem_must_alloc((paths.count + 1) * sizeof(*files.items));
	for (size_t i = 0; i < paths.count; i++) {
		struct row row = {.path = paths.items[i]};

		if (fs_stat(shell, &row.path, &row.status) < 0)
			continue;
		if (fs_is_directory(&row.status) && !fs_has(options, LS_D))
			fs_paths_add(&directories, &row.path);
		else
			files.items[files.count++] = row;
	}
	print_rows(&ls, &files);
	for (size_t i = 0; i < directories.count; i++)
		list_directory(&ls, &directories.items[i]);
	mem_free(files.items);
	fs_paths_finish(&directories);
	fs_paths_finish(&paths);
	return 0;
}
