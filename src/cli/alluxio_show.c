/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cat, head, tail, test, stat: commands that tell about one file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/alluxio.h"

enum { END_BYTES = 1024 };

/* ---- cat, head, tail ---- */

struct part {
	bool from_end;
	uint64_t bytes;
};

static int show(struct shell *shell, const struct alluxio_item *item, void *context)
{
	const struct part *part = context;
	uint64_t length = item->status.length;
	struct file_range range = {.length = part->bytes};
	struct local_file to = {.file = stdout};

	if (shell_is_directory(&item->status))
		return alluxio_fail("Path \"%.*s\" must be a file.", STR_ARGS(item->at.text));
	if (part->from_end && part->bytes < length)
		range.offset = length - part->bytes;
	if (stream_download(shell, item->at.path, &range, &to) == 0)
		return 0;
	return to.error != 0 ? alluxio_fail("%s", strerror(to.error)) : alluxio_call_failed(shell);
}

int alluxio_cat(struct shell *shell, const struct alluxio_options *options)
{
	struct part all = {.bytes = UINT64_MAX};

	return alluxio_for_each(shell, options->arguments[0], show, &all);
}

static int show_end(struct shell *shell, const struct alluxio_options *options, bool from_end)
{
	struct part part = {.from_end = from_end, .bytes = END_BYTES};

	if (alluxio_has(options, 0)) {
		char *end;
		long long bytes;

		errno = 0;
		bytes = strtoll(options->values[0], &end, 10);
		if (*end != '\0' || end == options->values[0] || errno != 0)
			return alluxio_fail("Fail to parse %s to bytes", options->values[0]);
		if (bytes <= 0)
			return alluxio_fail("specified bytes must be > 0");
		part.bytes = (uint64_t)bytes;
	}
	return alluxio_for_each(shell, options->arguments[0], show, &part);
}

int alluxio_head(struct shell *shell, const struct alluxio_options *options)
{
	return show_end(shell, options, false);
}

int alluxio_tail(struct shell *shell, const struct alluxio_options *options)
{
	return show_end(shell, options, true);
}

/* ---- test ---- */

enum { TEST_D, TEST_F, TEST_E, TEST_S, TEST_Z, TEST_EXIT_FALSE = 1, TEST_EXIT_ABSENT = 3 };

int alluxio_test(struct shell *shell, const struct alluxio_options *options)
{
	struct alluxio_item item = {0};
	bool is_directory, is_true = true;
	int rc = alluxio_path_of(shell, options->arguments[0], &item.at);

	if (rc == 0)
		rc = alluxio_stat(shell, &item);
	if (rc < 0)
		return rc;
	is_directory = shell_is_directory(&item.status);
	switch (options->given) {
	case BIT(TEST_D): is_true = is_directory; break;
	case BIT(TEST_F): is_true = !is_directory; break;
	case BIT(TEST_E): break;
	case BIT(TEST_S): is_true = is_directory && item.status.children > 0; break;
	case BIT(TEST_Z): is_true = !is_directory && item.status.length == 0; break;
	default: shell->status = ALLUXIO_EXIT_FAILED; return 0;
	}
	shell->status = !item.exists ? TEST_EXIT_ABSENT : is_true ? 0 : TEST_EXIT_FALSE;
	return 0;
}

/* ---- stat ---- */

static uint64_t blocks_of(const struct wire_file_status *status)
{
	return status->block_size == 0
	               ? 0
	               : (status->length + status->block_size - 1) / status->block_size;
}

static void print_time(uint64_t wall_ms)
{
	char text[TIME_TEXT_BYTES];

	shell_time_text(wall_ms, TIME_SECONDS_UTC, text);
	fputs(text, stdout);
}

/* False: no such letter. */
static bool print_letter(const struct alluxio_item *item, char letter)
{
	const struct wire_file_status *status = &item->status;
	bool is_directory = shell_is_directory(status);

	switch (letter) {
	case 'N': printf("%.*s", STR_ARGS(shell_name_of(item->at.path))); break;
	case 'u': printf("%.*s", STR_ARGS(status->owner)); break;
	case 'g': printf("%.*s", STR_ARGS(status->group)); break;
	case 'i': printf("%llu", (unsigned long long)status->file_id); break;
	case 'y': print_time(status->mtime); break;
	case 'Y': printf("%llu", (unsigned long long)status->mtime); break;
	case 'z':
		is_directory ? printf("NA") : printf("%llu", (unsigned long long)status->length);
		break;
	case 'b':
		is_directory ? printf("NA") : printf("%llu", (unsigned long long)blocks_of(status));
		break;
	default: return false;
	}
	return true;
}

static void print_format(const struct alluxio_item *item, const char *format)
{
	for (; *format != '\0'; format++) {
		if (format[0] == '%' && format[1] != '\0' && print_letter(item, format[1]))
			format++;
		else
			putchar(*format);
	}
	putchar('\n');
}

static int print_block(void *context, const struct wire_located_block *block)
{
	(void)context;
	printf("BlockInfo{id=%llu, length=%llu, locations=[", (unsigned long long)block->block.id,
	       (unsigned long long)block->block.size);
	for (size_t i = 0; i < block->location_count; i++) {
		const struct wire_datanode_id *id = &block->locations[i].node->id;

		printf("%sBlockLocation{host=%.*s, dataPort=%u}", i == 0 ? "" : ", ",
		       STR_ARGS(id->host), id->transfer_port);
	}
	printf("]}\n");
	return 0;
}

static int print_all(struct shell *shell, const struct alluxio_item *item)
{
	const struct wire_file_status *status = &item->status;
	bool is_directory = shell_is_directory(status);

	printf("%.*s is a %s path.\n", STR_ARGS(item->at.text),
	       is_directory ? "directory" : "file");
	printf("URIStatus{info=FileInfo{fileId=%llu, name=%.*s, path=%.*s, length=%llu, "
	       "blockSizeBytes=%llu, folder=%s, persisted=true, lastModificationTimesMs=%llu, "
	       "lastAccessTimesMs=%llu, owner=%.*s, group=%.*s, mode=%u, "
	       "persistenceState=PERSISTED, replicationMin=%u}}\n",
	       (unsigned long long)status->file_id, STR_ARGS(shell_name_of(item->at.path)),
	       STR_ARGS(item->at.path),
	       (unsigned long long)(is_directory ? (uint64_t)status->children : status->length),
	       (unsigned long long)status->block_size, is_directory ? "true" : "false",
	       (unsigned long long)status->mtime, (unsigned long long)status->atime,
	       STR_ARGS(status->owner), STR_ARGS(status->group), status->mode, status->replication);
	if (is_directory)
		return 0;
	if (status->length == 0) {
		printf("This file does not contain any blocks.\n");
		return 0;
	}
	printf("Containing the following blocks: \n");
	return file_locate(shell->client, item->at.path, print_block, NULL) < 0
	               ? alluxio_call_failed(shell)
	               : 0;
}

enum { STAT_F, STAT_FILE_ID };

static int stat_item(struct shell *shell, const struct alluxio_item *item, void *context)
{
	const struct alluxio_options *const *options = context;

	if (!alluxio_has(*options, STAT_F))
		return print_all(shell, item);
	print_format(item, (*options)->values[STAT_F]);
	return 0;
}

int alluxio_stat_command(struct shell *shell, const struct alluxio_options *options)
{
	if (alluxio_has(options, STAT_FILE_ID))
		return alluxio_fail("--file-id is not supported: name the file by its path");
	return alluxio_for_each(shell, options->arguments[0], stat_item, &options);
}
