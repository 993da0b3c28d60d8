/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/fs_side.h"

enum { LS_C, LS_D, LS_H, LS_Q, LS_R, LS_T, LS_S, LS_REVERSE, LS_U, LS_E };

/* With -R columns are fitted for so many rows at a time (HDFS: Ls.getListingGroupSize). */
enum { GROUP_ROWS = 100 };

struct ls {
	struct shell *shell;
	bool paths_only, entries_only, human, masks, recurses, by_time, by_size, reverses,
	        access_time, policies;
	/* of columns; but for policies they only grow while a command runs, as Hadoop's do */
	int replication_width, owner_width, group_width, policy_width, length_width;
};

/* ---- order ---- */

static int compare(const void *a, const void *b, void *context)
{
	const struct fs_item *x = a, *y = b;
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
	if (order == 0 && (ls->by_time || ls->by_size))
		return str_compare(x->at.path, y->at.path); /* never the other way round */
	if (order == 0)
		order = str_compare(x->at.path, y->at.path);
	return ls->reverses ? -order : order;
}

/* ---- rows ---- */

static const char *policy_of(const struct wire_file_status *status)
{
	return shell_is_directory(status) ? "" : "Replicated";
}

static void widen(int *width, int size)
{
	if (size > *width)
		*width = size;
}

static void fit(struct ls *ls, const struct fs_item *items, size_t count)
{
	ls->policy_width = 0;
	for (size_t i = 0; i < count; i++) {
		const struct wire_file_status *status = &items[i].status;

		widen(&ls->replication_width, snprintf(NULL, 0, "%u", status->replication));
		widen(&ls->owner_width, (int)status->owner.size);
		widen(&ls->group_width, (int)status->group.size);
		widen(&ls->policy_width, (int)strlen(policy_of(status)));
		widen(&ls->length_width,
		      snprintf(NULL, 0, "%llu", (unsigned long long)status->length));
	}
}

static void print_name(const struct ls *ls, struct str name)
{
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];

		putchar(ls->masks && (c < 0x20 || c == 0x7f) ? '?' : c);
	}
	putchar('\n');
}

/* A column of which every cell is empty takes no room. */
static void print_left(int width, struct str text)
{
	if (width > 0)
		printf("%-*.*s ", width, STR_ARGS(text));
}

static void print_row(const struct ls *ls, const struct fs_item *item)
{
	const struct wire_file_status *status = &item->status;
	char mode[11], time[TIME_TEXT_BYTES], size[FS_SIZE_BYTES], replication[16] = "-";

	if (ls->paths_only) {
		print_name(ls, item->at.text);
		return;
	}
	if (!shell_is_directory(status))
		snprintf(replication, sizeof(replication), "%u", status->replication);
	shell_mode_text(status, mode);
	shell_time_text(ls->access_time ? status->atime : status->mtime, TIME_MINUTES, time);
	printf("%s%c%*s ", mode, status->flags & HDFS__FILE_STATUS__FLAGS__HAS_ACL ? '+' : ' ',
	       ls->replication_width, replication);
	print_left(ls->owner_width, status->owner);
	print_left(ls->group_width, status->group);
	if (ls->policies)
		print_left(ls->policy_width, str_of(policy_of(status)));
	printf("%*s %s ", ls->length_width, fs_size_text(status->length, ls->human, size), time);
	print_name(ls, item->at.text);
}

/* ---- directories ---- */

static void list_directory(struct ls *ls, const struct fs_item *directory);

static void print_rows(struct ls *ls, struct fs_items *rows)
{
	if (rows->count == 0)
		return;
	if (!ls->recurses) /* what comes piece by piece has the listing's order (HDFS) */
		qsort_r(rows->items, rows->count, sizeof(*rows->items), compare, ls);
	for (size_t i = 0; i < rows->count; i++) {
		size_t left = rows->count - i;

		if (i % GROUP_ROWS == 0)
			fit(ls, rows->items + i,
			    ls->recurses && left > GROUP_ROWS ? GROUP_ROWS : left);
		print_row(ls, &rows->items[i]);
		if (ls->recurses && shell_is_directory(&rows->items[i].status))
			list_directory(ls, &rows->items[i]);
	}
}

/* The rows point into the listing, so they are printed while it is there. */
static void list_directory(struct ls *ls, const struct fs_item *directory)
{
	struct fs_items rows = {0};
	struct listing listing;

	if (fs_remote.list(ls->shell, &directory->at, &listing) < 0)
		return;
	for (size_t i = 0; i < listing.count; i++) {
		struct fs_item child = {
		        .at = fs_child(&listing.arena, &directory->at, listing.items[i].path),
		        .exists = true,
		        .status = listing.items[i],
		};

		fs_items_add(&rows, &child);
	}
	if (!ls->recurses && !ls->paths_only && rows.count > 0)
		printf("Found %zu items\n", rows.count);
	print_rows(ls, &rows);
	fs_items_finish(&rows);
	listing_finish(&listing);
}

static void list_item(struct shell *shell, const struct fs_item *item, void *context)
{
	struct ls *ls = context;

	(void)shell;
	if (shell_is_directory(&item->status) && !ls->entries_only) {
		list_directory(ls, item);
		return;
	}
	fit(ls, item, 1);
	print_row(ls, item);
}

int fs_ls(struct shell *shell, const struct fs_options *options)
{
	struct fs_options arguments = fs_or_home(options);
	struct ls ls = {
	        .shell = shell,
	        .paths_only = fs_has(options, LS_C),
	        .entries_only = fs_has(options, LS_D),
	        .human = fs_has(options, LS_H),
	        .masks = fs_has(options, LS_Q),
	        .recurses = fs_has(options, LS_R),
	        .by_time = fs_has(options, LS_T),
	        .by_size = fs_has(options, LS_S) && !fs_has(options, LS_T),
	        .reverses = fs_has(options, LS_REVERSE),
	        .access_time = fs_has(options, LS_U),
	        .policies = fs_has(options, LS_E),
	        .replication_width = 3,
	        .length_width = 10,
	};

	fs_for_each(shell, &arguments, 0, list_item, NULL, &ls);
	return 0;
}
