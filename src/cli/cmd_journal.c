/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast journal folder|ls|cat|verify|digest [--json] [FOLDER]: looks into a journal, on a live
 * folder too.  Without FOLDER: the one that is configured.
 *
 *   folder          where it lies
 *   ls              files, with the entries they hold
 *   cat [FROM[-TO]] entries, one a line
 *   verify          checks every byte; exit status 1 if anything is wrong
 *   digest          the namespace's digest after replaying every segment from the beginning
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/site.h"
#include "format/command.h"
#include "journal/journal.h"
#include "namespace/namespace.h"
#include "raft/members.h"

enum { ENTRY_ARENA_BYTES_MAX = 64 << 20 };

struct tool {
	struct cli_site *site;
	const char *folder;
	bool as_json;
	uint64_t first, last;
	struct arena arena;
	struct namespace *ns;
	int rc; /* of what an entry met */
};

static int finish(struct tool *tool, int rc, char *text)
{
	int status = CLI_OK;

	if (rc < 0)
		status = text == NULL ? cli_fail(tool->site, "%s: %s", tool->folder, err_text(rc))
		                      : cli_fail(tool->site, "%s", text);
	mem_free(text);
	return status;
}

static void print_json(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* ---- folder ---- */

static int run_folder(struct tool *tool)
{
	if (tool->as_json)
		print_json(json_pack("{s:s}", "folder", tool->folder));
	else
		printf("%s\n", tool->folder);
	return CLI_OK;
}

/* ---- ls ---- */

static bool list_file(void *context, const struct journal_file *file)
{
	const struct tool *tool = context;
	const char *kind = file->is_checkpoint ? "checkpoint"
	                   : file->is_open     ? "open segment"
	                                       : "segment";

	if (tool->as_json) {
		print_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "name", file->name,
		                     "kind", kind, "bytes", (json_int_t)file->bytes, "first_index",
		                     (json_int_t)file->first_index, "last_index",
		                     (json_int_t)file->last_index, "epoch", (json_int_t)file->epoch,
		                     "problem", file->rc < 0 ? file->text : ""));
		return true;
	}
	printf("%-12s %12" PRIu64 "  %" PRIu64 "-%" PRIu64 "  epoch %" PRIu64 "  %s%s%s\n", kind,
	       file->bytes, file->first_index, file->last_index, file->epoch, file->name,
	       file->rc < 0 ? "  " : "", file->rc < 0 ? file->text : "");
	return true;
}

static int run_ls(struct tool *tool)
{
	char *text = NULL;
	int rc = journal_ls(tool->site->io, tool->folder, list_file, tool, &text);

	return finish(tool, rc, text);
}

/* ---- cat ---- */

/* "members m1:19200 m2:19200(learner)": who makes up the cluster from here on. */
static int describe_members(struct str payload, struct buf *text)
{
	struct raft_members members;
	int rc = raft_members_decode(payload, &members);

	if (rc < 0)
		return rc;
	buf_append_str(text, str_of(entry_kind_name(ENTRY_members)));
	for (size_t i = 0; i < members.count; i++)
		buf_append_format(text, " %s%s", members.member[i].address,
		                  members.member[i].is_voter ? "" : "(learner)");
	return 0;
}

static void describe(struct tool *tool, const struct journal_entry *entry, struct buf *text)
{
	struct command command;
	int rc =
	        command_decode(entry->kind, entry->version, entry->payload, &tool->arena, &command);

	if (rc == 0 && entry->kind == ENTRY_members)
		rc = describe_members(entry->payload, text);
	else if (rc == 0)
		command_describe(&command, text);
	if (rc < 0)
		buf_append_format(text, "%s (%zu bytes that this version cannot read: %s)",
		                  entry_kind_name(entry->kind), entry->payload.size, err_text(rc));
	arena_reset(&tool->arena);
}

static bool print_entry(void *context, const struct journal_entry *entry)
{
	struct tool *tool = context;
	struct buf text = {0};

	describe(tool, entry, &text);
	if (tool->as_json)
		print_json(json_pack("{s:I, s:I, s:s, s:s%}", "index", (json_int_t)entry->index,
		                     "epoch", (json_int_t)entry->epoch, "kind",
		                     entry_kind_name(entry->kind), "text", (const char *)text.data,
		                     text.size));
	else
		printf("%" PRIu64 " %.*s\n", entry->index, (int)text.size, (const char *)text.data);
	buf_finish(&text);
	return !ferror(stdout);
}

static int run_cat(struct tool *tool)
{
	char *text = NULL;
	int rc = journal_cat(tool->site->io, tool->folder, tool->first, tool->last, print_entry,
	                     tool, &text);

	return finish(tool, rc, text);
}

/* ---- verify ---- */

static int run_verify(struct tool *tool)
{
	struct journal_verdict verdict = {0};
	struct buf report = {0};
	int rc = journal_verify(tool->site->io, tool->folder, &report, &verdict);

	if (rc == 0 && tool->as_json) {
		print_json(json_pack(
		        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "segments",
		        (json_int_t)verdict.segments, "checkpoints",
		        (json_int_t)verdict.checkpoints, "entries", (json_int_t)verdict.entries,
		        "first_index", (json_int_t)verdict.first_index, "last_index",
		        (json_int_t)verdict.last_index, "last_mark", (json_int_t)verdict.last_mark,
		        "problems", (json_int_t)verdict.problems));
	} else if (rc == 0) {
		cli_print(stdout, &report);
		printf("%" PRIu64 " segments, %" PRIu64 " checkpoints, %" PRIu64 " entries %" PRIu64
		       "-%" PRIu64 ", acknowledged up to %" PRIu64 ", %" PRIu64 " problems\n",
		       verdict.segments, verdict.checkpoints, verdict.entries, verdict.first_index,
		       verdict.last_index, verdict.last_mark, verdict.problems);
	}
	buf_finish(&report);
	if (rc < 0)
		return finish(tool, rc, NULL);
	return verdict.problems > 0 ? CLI_FAILURE : CLI_OK;
}

/* ---- digest ---- */

static bool apply_entry(void *context, const struct journal_entry *entry)
{
	struct tool *tool = context;
	struct ns_result result;
	struct command command;

	tool->rc = -ERR_ABSENT; /* the first ones went when checkpoints were made */
	if (entry->index == ns_applied(tool->ns) + 1)
		tool->rc = command_decode(entry->kind, entry->version, entry->payload, &tool->arena,
		                          &command);
	if (tool->rc == 0)
		ns_apply(tool->ns, entry->index, &command, NULL, &result);
	arena_reset(&tool->arena);
	return tool->rc == 0;
}

static int run_digest(struct tool *tool)
{
	char *text = NULL;
	struct hash128 digest;
	char digits[33];
	uint64_t seed;
	int rc;

	io_random(tool->site->io, &seed, sizeof(seed));
	tool->ns = ns_create(seed);
	rc = journal_cat(tool->site->io, tool->folder, 1, UINT64_MAX, apply_entry, tool, &text);
	if (rc == 0)
		rc = tool->rc;
	if (rc == -ERR_ABSENT && text == NULL)
		text = mem_strdup(STR("the first entries are in no segment any more; a replay from "
		                      "the beginning needs holdfast.journal.keep.segments=true"));
	digest = ns_digest(tool->ns);
	snprintf(digits, sizeof(digits), "%016" PRIx64 "%016" PRIx64, digest.high, digest.low);
	if (rc == 0 && tool->as_json)
		print_json(json_pack("{s:I, s:s}", "index", (json_int_t)ns_applied(tool->ns),
		                     "digest", digits));
	else if (rc == 0)
		printf("index=%" PRIu64 " digest=%s\n", ns_applied(tool->ns), digits);
	ns_destroy(tool->ns);
	return finish(tool, rc, text);
}

/* ---- the command ---- */

static const struct {
	const char *name;
	int (*run)(struct tool *tool);
} tools[] = {{"folder", run_folder},
             {"ls", run_ls},
             {"cat", run_cat},
             {"verify", run_verify},
             {"digest", run_digest}};

static int usage(const struct cli_site *site)
{
	return cli_usage(site, "usage: " CMD_JOURNAL_USAGE);
}

/* "5", "5-9", "5-". */
static bool parse_range(const char *text, struct tool *tool)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	tool->first = tool->last = strtoull(text, &end, 10);
	if (*end == '-')
		tool->last = end[1] == '\0' ? UINT64_MAX : strtoull(end + 1, &end, 10);
	return *end == '\0' || end[1] == '\0';
}

static int run(struct cli_site *site, int argc, char **argv)
{
	struct tool tool = {.site = site, .as_json = site->as_json, .first = 1, .last = UINT64_MAX};
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[0], "cat") == 0 && parse_range(argv[i], &tool))
			continue;
		if (tool.folder != NULL || argv[i][0] == '-')
			return usage(site);
		tool.folder = argv[i];
	}
	if (tool.folder == NULL)
		tool.folder = cli_master_folder(site->config);
	for (size_t i = 0; i < COUNT_OF(tools); i++) {
		if (strcmp(tools[i].name, argv[0]) != 0)
			continue;
		arena_init(&tool.arena, ENTRY_ARENA_BYTES_MAX);
		status = tools[i].run(&tool);
		arena_finish(&tool.arena);
		return status;
	}
	return usage(site);
}

int cmd_journal(int argc, char **argv)
{
	struct cli_site site;
	int next;
	int status = cli_site_init(&site, "journal", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	status = next < argc ? run(&site, argc - next, argv + next) : usage(&site);
	cli_site_finish(&site);
	return status;
}
