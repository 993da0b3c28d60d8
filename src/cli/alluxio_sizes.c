/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count, du.
 */
#include "cli/alluxio.h"

/* ---- count ---- */

int alluxio_count(struct shell *shell, const struct alluxio_options *options)
{
	const Hdfs__ContentSummary *summary;
	struct alluxio_item item = {0};
	char size[ALLUXIO_SIZE_BYTES];
	int rc = alluxio_find(shell, options->arguments[0], &item);

	if (rc < 0)
		return rc;
	if (client_content_summary(shell->client, item.at.path, &shell->arena, &summary) < 0)
		return alluxio_call_failed(shell);
	printf("%-25s%-25s%-15s\n", "File Count", "Folder Count", "Folder Size");
	/* the directory itself is not counted */
	printf("%-25llu%-25llu%-15s\n", (unsigned long long)summary->file_count,
	       (unsigned long long)(summary->directory_count - shell_is_directory(&item.status)),
	       alluxio_size_text(summary->length, alluxio_has(options, 0), size));
	return 0;
}

/* ---- du ---- */

enum { DU_H, DU_S, DU_G, DU_M };

struct du {
	bool human, sums, memory;
	uint64_t total;
};

/* Workers hold all of every file, on their disks. */
static void print_row(const struct du *du, uint64_t bytes, struct str path)
{
	char size[ALLUXIO_SIZE_BYTES], held[ALLUXIO_SIZE_BYTES + 8], zero[ALLUXIO_SIZE_BYTES];

	alluxio_size_text(bytes, du->human, size);
	snprintf(held, sizeof(held), "%s (%d%%)", size, bytes > 0 ? 100 : 0);
	printf("%-13s %-16s ", size, held);
	if (du->memory)
		printf("%s (0%%)%*s ", alluxio_size_text(0, du->human, zero), du->human ? 9 : 10,
		       "");
	printf("%.*s\n", STR_ARGS(path));
}

static int du_item(struct shell *shell, const struct alluxio_item *item, void *context)
{
	struct du *du = context;

	if (shell_is_directory(&item->status))
		return alluxio_for_children(shell, item, du_item, context);
	du->total += item->status.length;
	if (!du->sums)
		print_row(du, item->status.length, item->at.text);
	return 0;
}

static int du_path(struct shell *shell, const struct alluxio_item *item, void *context)
{
	struct du *du = context;
	int rc;

	du->total = 0;
	rc = du_item(shell, item, context);
	if (rc == 0 && du->sums)
		print_row(du, du->total, item->at.text);
	return rc;
}

int alluxio_du(struct shell *shell, const struct alluxio_options *options)
{
	struct du du = {
	        .human = alluxio_has(options, DU_H),
	        .sums = alluxio_has(options, DU_S),
	        .memory = alluxio_has(options, DU_M),
	};

	if (alluxio_has(options, DU_G))
		return alluxio_fail("-g is not supported");
	printf("%-13s %-16s %s%s\n", "File Size", "In Alluxio",
	       du.memory ? "In Memory        " : "", "Path");
	return alluxio_for_each(shell, options->arguments[0], du_path, &du);
}
