/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/alluxio.h"

enum { LS_D, LS_F, LS_P, LS_R, LS_H, LS_SORT, LS_TIMESTAMP, LS_REVERSE, LS_M };

typedef int compare_fn(const void *a, const void *b);

struct ls {
	bool entries_only, recurses, human, reverses;
	compare_fn *order; /* NULL: as they come, by name */
	bool access_time;
};

/* ---- order ---- */

static int by_name(const void *a, const void *b)
{
	const struct wire_file_status *x = a, *y = b;

	return str_compare(x->path, y->path);
}

static int by_number(uint64_t a, uint64_t b, const void *x, const void *y)
{
	return a < b ? -1 : a > b ? 1 : by_name(x, y);
}

/* What ls shows as size: of a directory the number of its children. */
static uint64_t size_of(const struct wire_file_status *status)
{
	if (!shell_is_directory(status))
		return status->length;
	return status->children > 0 ? (uint64_t)status->children : 0;
}

static int by_size(const void *a, const void *b)
{
	return by_number(size_of(a), size_of(b), a, b);
}

static int by_access(const void *a, const void *b)
{
	const struct wire_file_status *x = a, *y = b;

	return by_number(x->atime, y->atime, a, b);
}

static int by_modification(const void *a, const void *b)
{
	const struct wire_file_status *x = a, *y = b;

	return by_number(x->mtime, y->mtime, a, b);
}

/* Contents are always held whole, and times of creation are not kept. */
static const struct {
	const char *name;
	compare_fn *order;
} orders[] = {
        {"path", by_name},
        {"name", by_name},
        {"size", by_size},
        {"lastAccessTime", by_access},
        {"lastModificationTime", by_modification},
        {"creationTime", by_modification},
        {"inMemoryPercentage", by_name},
};

/* ---- rows ---- */

static void print_row(const struct ls *ls, const struct alluxio_item *item)
{
	const struct wire_file_status *status = &item->status;
	char mode[11], time[TIME_TEXT_BYTES], size[ALLUXIO_SIZE_BYTES];
	bool human = ls->human && !shell_is_directory(status);

	shell_mode_text(status, mode);
	shell_time_text(ls->access_time ? status->atime : status->mtime, TIME_MILLISECONDS, time);
	printf("%-12s%-15.*s%-15.*s%15s%16s%24s%5s %-5.*s\n", mode, STR_ARGS(status->owner),
	       STR_ARGS(status->group), alluxio_size_text(size_of(status), human, size),
	       "PERSISTED", time, shell_is_directory(status) ? "DIR" : "100%",
	       STR_ARGS(item->at.text));
}

static int list_directory(struct shell *shell, const struct ls *ls,
                          const struct alluxio_item *directory)
{
	struct listing listing;
	int rc = alluxio_list(shell, &directory->at, &listing);

	if (rc < 0)
		return rc;
	if (ls->order != NULL && listing.count > 0)
		qsort(listing.items, listing.count, sizeof(*listing.items), ls->order);
	for (size_t i = 0; rc == 0 && i < listing.count; i++) {
		size_t at = ls->reverses ? listing.count - 1 - i : i;
		struct alluxio_item child = {
		        .at = alluxio_child(&listing.arena, &directory->at, listing.items[at].path),
		        .exists = true,
		        .status = listing.items[at],
		};

		print_row(ls, &child);
		if (ls->recurses && shell_is_directory(&child.status))
			rc = list_directory(shell, ls, &child);
	}
	listing_finish(&listing);
	return rc;
}

static int list_item(struct shell *shell, const struct alluxio_item *item, void *context)
{
	const struct ls *ls = context;

	if (shell_is_directory(&item->status) && !ls->entries_only)
		return list_directory(shell, ls, item);
	print_row(ls, item);
	return 0;
}

/* ---- the command ---- */

static int parse_order(struct ls *ls, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		if (strcmp(orders[i].name, name) == 0) {
			ls->order = orders[i].order;
			return 0;
		}
	}
	return alluxio_fail("Invalid sort option `%s` for --sort", name);
}

static int parse_timestamp(struct ls *ls, const struct alluxio_options *options)
{
	const char *name = options->values[LS_TIMESTAMP];

	ls->access_time = strcmp(name, "lastAccessTime") == 0;
	if (ls->access_time || strcmp(name, "lastModificationTime") == 0 ||
	    strcmp(name, "creationTime") == 0)
		return 0;
	return alluxio_usage_error(options->command, "Unrecognized timestamp option %s", name);
}

int alluxio_ls(struct shell *shell, const struct alluxio_options *options)
{
	struct ls ls = {
	        .entries_only = alluxio_has(options, LS_D),
	        .recurses = alluxio_has(options, LS_R),
	        .human = alluxio_has(options, LS_H),
	        /* without --sort, -r has no effect */
	        .reverses = alluxio_has(options, LS_REVERSE) && alluxio_has(options, LS_SORT),
	};
	int rc = 0;

	if (alluxio_has(options, LS_SORT))
		rc = parse_order(&ls, options->values[LS_SORT]);
	if (rc == 0 && alluxio_has(options, LS_TIMESTAMP))
		rc = parse_timestamp(&ls, options);
	if (alluxio_has(options, LS_P))
		return rc; /* only what is pinned: nothing is */
	for (size_t i = 0; rc == 0 && i < options->count; i++)
		rc = alluxio_for_each(shell, options->arguments[i], list_item, &ls);
	return rc;
}
