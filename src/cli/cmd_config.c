/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast config list|get KEY|explain KEY|check|docs: what is configured, and where it stands.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/site.h"
#include "config/commands.h"

static int usage(const struct cli_site *site)
{
	return cli_usage(site, "usage: " CMD_CONFIG_USAGE);
}

static int print(struct cli_site *site, struct buf *text, int status)
{
	if (text->failed)
		status = cli_fail(site, "out of memory");
	cli_print(stdout, text);
	buf_finish(text);
	return status;
}

static int about_key(struct cli_site *site, const char *key,
                     int (*about)(const struct config *config, struct str name, struct buf *to))
{
	struct buf text = {0};

	if (about(site->config, str_of(key), &text) < 0) {
		struct str nearest = config_nearest(str_of(key));

		buf_finish(&text);
		return cli_fail(site, "nobody knows the key '%s'%s%.*s%s", key,
		                nearest.size == 0 ? "" : "; did you mean ", STR_ARGS(nearest),
		                nearest.size == 0 ? "" : "?");
	}
	return print(site, &text, CLI_OK);
}

/* What is wrong for everybody, and what a master would refuse to start with. */
static int check(struct cli_site *site, cmd_config_judge *judge)
{
	struct buf text = {0};

	if (judge(site) != CLI_OK) {
		config_report_write(&site->report, CONFIG_NOTE, &text);
		buf_append_str(&text, STR("a master refuses the configuration\n"));
		return print(site, &text, CLI_FAILURE);
	}
	return print(site, &text, config_check(&site->report, &text) ? CLI_OK : CLI_FAILURE);
}

static int run(struct cli_site *site, cmd_config_judge *judge, int argc, char **argv)
{
	struct buf text = {0};

	if (argc == 2 && strcmp(argv[0], "get") == 0)
		return about_key(site, argv[1], config_get);
	if (argc == 2 && strcmp(argv[0], "explain") == 0)
		return about_key(site, argv[1], config_explain);
	if (argc != 1)
		return usage(site);
	if (strcmp(argv[0], "list") == 0)
		config_list(site->config, &text);
	else if (strcmp(argv[0], "docs") == 0)
		config_docs(&text);
	else if (strcmp(argv[0], "check") == 0)
		return check(site, judge);
	else
		return usage(site);
	return print(site, &text, CLI_OK);
}

int cmd_config(int argc, char **argv, cmd_config_judge *judge)
{
	struct cli_site site;
	int next;
	int status = cli_config_init(&site, "config", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	status = run(&site, judge, argc - next, argv + next);
	cli_site_finish(&site);
	return status;
}
