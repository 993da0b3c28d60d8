/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fs.h"

enum { COUNT_Q, COUNT_H, COUNT_V, COUNT_U, COUNT_X, COUNT_E };

struct count {
	bool quotas, counts, policies, human;
};

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

static void print_quotas(const Hdfs__ContentSummary *summary, bool human)
{
	uint64_t names = summary->file_count + summary->directory_count;
	char texts[4][FS_SIZE_BYTES];

	printf("%12s %15s %15s %15s ", quota_text(summary->quota, human, texts[0]),
	       rest_text(summary->quota, names, human, texts[1]),
	       quota_text(summary->space_quota, human, texts[2]),
	       rest_text(summary->space_quota, summary->space_consumed, human, texts[3]));
}

static void print_counts(const Hdfs__ContentSummary *summary, bool human)
{
	char texts[3][FS_SIZE_BYTES];

	printf("%12s %12s %18s ", fs_size_text(summary->directory_count, human, texts[0]),
	       fs_size_text(summary->file_count, human, texts[1]),
	       fs_size_text(summary->length, human, texts[2]));
}

static void count_item(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct count *count = context;
	const Hdfs__ContentSummary *summary;
	int rc = client_content_summary(shell->client, item->at.path, &shell->arena, &summary);

	if (rc < 0) {
		fs_call_error(shell, rc, item->at.text);
		return;
	}
	if (count->quotas)
		print_quotas(summary, count->human);
	if (count->counts)
		print_counts(summary, count->human);
	if (count->policies)
		printf("%19s ", shell_is_directory(&item->status) ? "EC:" : "Replicated");
	printf("%.*s\n", STR_ARGS(item->at.text));
}

int fs_count(struct shell *shell, const struct fs_options *options)
{
	struct count count = {
	        .quotas = fs_has(options, COUNT_Q) || fs_has(options, COUNT_U),
	        .counts = !fs_has(options, COUNT_U),
	        .policies = fs_has(options, COUNT_E),
	        .human = fs_has(options, COUNT_H),
	};

	if (fs_has(options, COUNT_V))
		printf("%s%s%sPATHNAME\n",
		       count.quotas
		               ? "       QUOTA       REM_QUOTA     SPACE_QUOTA REM_SPACE_QUOTA "
		               : "",
		       count.counts ? "   DIR_COUNT   FILE_COUNT       CONTENT_SIZE " : "",
		       count.policies ? "ERASURECODING_POLICY " : "");
	fs_for_each(shell, options, 0, count_item, NULL, &count);
	return 0;
}
