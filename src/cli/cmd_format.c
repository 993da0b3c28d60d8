/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast format: an empty journal with the identity of a new cluster.  Also in the words of
 * HDFS (hdfs namenode -format), which asks first, and of Alluxio (alluxio formatJournal).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/identity.h"
#include "cli/site.h"
#include "format/command.h"
#include "journal/journal.h"

/* Makes the folders above `path`; what is wrong with them shows when the journal is made. */
static void make_parents(struct io *io, const char *path)
{
	char *parent = mem_must_strdup(str_of(path));

	for (char *slash = parent + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void)io_mkdir(io, parent);
		*slash = '/';
	}
	mem_free(parent);
}

/* cluster_id NULL: drawn.  CLI_OK or CLI_FAILURE, after printing. */
static int format(const struct cli_site *site, const char *cluster_id)
{
	const char *folder = cli_master_folder(site->config);
	struct identity identity;
	struct journal_format_options options = {.io = site->io,
	                                         .folder = folder,
	                                         .is_member = cli_has_quorum(site->config),
	                                         .kind = ENTRY_cluster};
	struct buf payload = {0};
	char *text = NULL;
	int rc;

	identity_draw(site, cluster_id, &identity);
	identity_encode(site, &identity, &payload);
	options.payload = buf_str(&payload);
	/* A member gets the id of the cluster that it joins, unless an operator names it. */
	if (!options.is_member || cluster_id != NULL)
		options.cluster_id = str_of(identity.cluster_id);
	make_parents(site->io, folder);
	rc = payload.failed ? -ERR_NO_MEMORY : journal_format(&options, &text);
	buf_finish(&payload);
	if (rc < 0)
		cli_fail(site, "%s", text == NULL ? err_text(rc) : text);
	else
		printf("%s\n", text == NULL ? "formatted" : text);
	mem_free(text);
	return rc < 0 ? CLI_FAILURE : CLI_OK;
}

int cmd_format(int argc, char **argv)
{
	struct cli_site site;
	int next, status = cli_site_init(&site, "format", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	status = next < argc ? cli_usage(&site, "unexpected argument '%s'", argv[next])
	                     : format(&site, NULL);
	cli_site_finish(&site);
	return status;
}

/* ---- hdfs namenode -format ---- */

/* True: Y.  The end of the input is a no. */
static bool confirm(const char *folder)
{
	char answer[64];

	for (;;) {
		fprintf(stderr, "Re-format filesystem in Storage Directory root= %s ? (Y or N) ",
		        folder);
		if (fgets(answer, sizeof(answer), stdin) == NULL)
			return false;
		answer[strcspn(answer, "\n")] = '\0';
		if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "n") == 0)
			return answer[0] == 'y' || answer[0] == 'Y';
		fprintf(stderr, "Invalid input: %s\n", answer);
	}
}

struct hdfs_format {
	const char *cluster_id;
	bool force, asks;
};

/* Whether what is there may be moved aside. */
static bool may_format(const struct cli_site *site, const struct hdfs_format *options)
{
	const char *folder = cli_master_folder(site->config);

	if (!journal_is_formatted(site->io, folder))
		return true;
	if (options->force) {
		fprintf(stderr, "Data exists in Storage Directory root= %s. Formatting anyway.\n",
		        folder);
		return true;
	}
	if (!options->asks) {
		fprintf(stderr,
		        "Running in non-interactive mode, and data appears to exist in Storage "
		        "Directory root= %s. Not formatting.\n",
		        folder);
		return false;
	}
	if (confirm(folder))
		return true;
	fprintf(stderr, "Format aborted in Storage Directory root= %s\n", folder);
	return false;
}

int cmd_hdfs_format(int argc, char **argv)
{
	struct hdfs_format options = {.asks = true};
	struct cli_site site;
	int next, status = cli_site_init(&site, "namenode", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	for (; next < argc; next++) {
		if (strcasecmp(argv[next], "-force") == 0)
			options.force = true;
		else if (strcasecmp(argv[next], "-nonInteractive") == 0)
			options.asks = false;
		else if (strcasecmp(argv[next], "-clusterid") == 0 && next + 1 < argc)
			options.cluster_id = argv[++next];
		else if (strcasecmp(argv[next], "-format") != 0)
			status = cli_usage(&site, "usage: " CMD_NAMENODE_USAGE);
	}
	if (status == CLI_OK)
		status = may_format(&site, &options) ? format(&site, options.cluster_id)
		                                     : CLI_FAILURE;
	cli_site_finish(&site);
	return status;
}

/* ---- alluxio formatJournal ---- */

int cmd_alluxio_format(int argc, char **argv)
{
	enum { EXIT_NOT_FORMATTED = 255 };
	struct cli_site site;
	int next, status = cli_site_init(&site, "formatJournal", argc, argv, &next);

	if (status != CLI_OK)
		return EXIT_NOT_FORMATTED;
	if (next < argc) {
		status = cli_usage(&site, "usage: " CMD_ALLUXIO_FORMAT_USAGE);
	} else {
		printf("Formatting Alluxio Master @ %s\n", io_host_name(site.io));
		status = format(&site, NULL);
	}
	cli_site_finish(&site);
	return status == CLI_OK ? CLI_OK : EXIT_NOT_FORMATTED;
}
