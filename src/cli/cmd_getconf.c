/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hdfs getconf, alluxio getConf: values of the configuration, with the texts and exit codes of
 * those tools.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/connect.h"
#include "config/commands.h"

/* ---- hdfs getconf ---- */

enum { GETCONF_EXIT_FAILED = 255 };

static void print_usage(FILE *out)
{
	fprintf(out,
	        "hdfs getconf is utility for getting configuration information from the config "
	        "file.\n\n"
	        "hadoop getconf \n"
	        "\t[-namenodes]\t\t\tgets list of namenodes in the cluster.\n"
	        "\t[-nnRpcAddresses]\t\t\tgets the namenode rpc addresses\n"
	        "\t[-confKey [key]]\t\t\tgets a specific key from the configuration\n\n");
}

static int print_value(const struct cli_site *site, const char *key)
{
	struct buf text = {0};
	int rc = config_get(site->config, str_of(key), &text);

	/* what nobody sets and has no default is missing, too: config_get() then writes one newline
	 */
	if (rc < 0 || text.size <= 1) {
		fprintf(stderr, "Configuration %s is missing.\n", key);
		rc = GETCONF_EXIT_FAILED;
	} else {
		cli_print(stdout, &text);
	}
	buf_finish(&text);
	return rc;
}

static int print_masters(const struct cli_site *site, bool with_ports)
{
	struct cli_addresses all;

	if (cli_addresses_find(site, (struct str){0}, &all) != CLI_OK)
		return GETCONF_EXIT_FAILED;
	for (size_t i = 0; i < all.count; i++) {
		if (with_ports)
			printf("%s:%u\n", all.items[i].host, (unsigned)all.items[i].port);
		else
			printf("%s%s", i == 0 ? "" : " ", all.items[i].host);
	}
	if (!with_ports)
		putchar('\n');
	cli_addresses_finish(&all);
	return 0;
}

static int run(const struct cli_site *site, int argc, char **argv)
{
	const char *word = argc > 0 ? argv[0] : "";
	bool wants_key = strcmp(word, "-confKey") == 0;

	if (wants_key && argc == 1) {
		fprintf(stderr, "usage: -confKey [key]\n");
		return GETCONF_EXIT_FAILED;
	}
	if (argc > 1 + wants_key) {
		fprintf(stderr, "Did not expect argument: %s\n", argv[1 + wants_key]);
		return GETCONF_EXIT_FAILED;
	}
	if (wants_key)
		return print_value(site, argv[1]);
	if (strcmp(word, "-namenodes") == 0 || strcmp(word, "-nnRpcAddresses") == 0)
		return print_masters(site, word[2] == 'n');
	print_usage(strcmp(word, "-help") == 0 ? stdout : stderr);
	if (strcmp(word, "-help") != 0)
		return GETCONF_EXIT_FAILED;
	putchar('\n');
	cli_print_generic_options(stdout);
	return 0;
}

int cmd_getconf(int argc, char **argv)
{
	struct cli_site site;
	int next, status = cli_client_init(&site, "getconf", argc, argv, &next);

	if (status != CLI_OK)
		return GETCONF_EXIT_FAILED;
	status = run(&site, argc - next, argv + next);
	cli_site_finish(&site);
	return status;
}

/* ---- alluxio getConf ---- */

int cmd_alluxio_getconf(int argc, char **argv)
{
	struct cli_site site;
	struct buf text = {0};
	int next, status = cli_client_init(&site, "getConf", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	if (argc - next > 1) {
		status = cli_usage(&site, "usage: " CMD_ALLUXIO_GETCONF_USAGE);
	} else if (next == argc) {
		config_list(site.config, &text);
	} else if (config_get(site.config, str_of(argv[next]), &text) < 0) {
		fprintf(stderr, "%s is not a valid configuration key\n", argv[next]);
		status = CLI_FAILURE;
	}
	cli_print(stdout, &text);
	buf_finish(&text);
	cli_site_finish(&site);
	return status;
}
