/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast quorum recover [--unsafe]: the majority of the masters is gone for ever; the one of this
 * configuration, which does not run, becomes a quorum of one anew.
 *
 * Without --unsafe it says what there is and what may be lost, changes nothing and fails.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/site.h"
#include "journal/journal.h"

static int recover(const struct cli_site *site, bool is_unsafe)
{
	const char *folder = cli_master_folder(site->config);
	struct buf report = {0};
	char *text = NULL;
	int status = CLI_OK;
	int rc = journal_recover(site->io, folder, is_unsafe, &report, &text);

	cli_print(stdout, &report);
	buf_finish(&report);
	if (rc == -ERR_WRITE_REFUSED)
		status = cli_fail(site,
		                  "nothing was changed. Only if the majority of the masters never "
		                  "comes back: stop those that are left, and give --unsafe here");
	else if (rc < 0)
		status = cli_fail(site, "%s", text == NULL ? err_text(rc) : text);
	else
		printf("%s is a quorum of one now. Start its master; format the folders of the "
		       "others before they start again, and they join as newcomers\n",
		       folder);
	mem_free(text);
	return status;
}

int cmd_quorum_recover(struct cli_site *site, int argc, char **argv)
{
	bool is_unsafe = argc == 1 && strcmp(argv[0], "--unsafe") == 0;

	if (argc > 0 && !is_unsafe)
		return cli_usage(site, "usage: holdfast quorum [--conf DIR] recover [--unsafe]");
	return recover(site, is_unsafe);
}
