/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hdfs getconf, alluxio getConf: values of the configuration, with the texts and exit codes of
 * those tools.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/commands.h"
#include "cli/connect.h"
#include "config/commands.h"
#include "config/units.h"

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
			printf(HOST_PORT_FORMAT "\n", HOST_PORT_ARGS(all.items[i]));
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

enum { GETCONF_EXIT_NO_MASTER = 255 };

struct getconf {
	const char *unit; /* NULL: as it stands */
	const char *key;  /* NULL: all */
	bool with_source;
	bool of_master;
};

static const struct unit {
	const char *name;
	bool is_time;
	int64_t size; /* bytes, milliseconds */
} units[] = {
        {"B", false, 1},
        {"KB", false, CONFIG_KB},
        {"MB", false, CONFIG_MB},
        {"GB", false, CONFIG_GB},
        {"TB", false, CONFIG_TB},
        {"PB", false, CONFIG_TB * 1024},
        {"MS", true, 1},
        {"S", true, CONFIG_SECOND_MS},
        {"M", true, CONFIG_MINUTE_MS},
        {"H", true, CONFIG_HOUR_MS},
        {"D", true, CONFIG_DAY_MS},
};

static int refuse(const char *format, ...) PRINTF_LIKE(1, 2);

/* The reason on standard error and how it is used on standard output, as with Alluxio. */
static int refuse(const char *format, ...)
{
	va_list args;

	printf("usage: USAGE: GetConf [--unit <arg>] [--source] [--master] [key]\n\n"
	       "Prints the value of a key, an empty line if it has none, or all values.\n"
	       "    --master       of the master instead of this machine\n"
	       "    --source       where a value comes from\n"
	       "    --unit <arg>   converts it: B, KB, MB, GB, TB, PB, MS, S, M, H or D\n");
	fflush(stdout);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILURE;
}

static int refuse_many(int argc, char **argv)
{
	struct buf all = {0};
	int status;

	for (int i = 0; i < argc; i++)
		buf_append_format(&all, "%s%s", i == 0 ? "" : ", ", argv[i]);
	status = refuse("More arguments than expected. Args: [%.*s]", STR_ARGS(buf_str(&all)));
	buf_finish(&all);
	return status;
}

/* Options may stand on both sides of the key. */
static int read_words(int argc, char **argv, struct getconf *ret_getconf)
{
	struct getconf getconf = {0};
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--source") == 0)
			getconf.with_source = true;
		else if (strcmp(argv[i], "--master") == 0)
			getconf.of_master = true;
		else if (strcmp(argv[i], "--unit") == 0 && i + 1 < argc)
			getconf.unit = argv[++i];
		else if (strcmp(argv[i], "--unit") == 0)
			return refuse("Missing argument for option: unit");
		else if (argv[i][0] == '-')
			return refuse("Unrecognized option: %s", argv[i]);
		else
			argv[kept++] = argv[i];
	}
	if (kept > 1)
		return refuse_many(kept, argv);
	getconf.key = kept == 1 ? argv[0] : NULL;
	*ret_getconf = getconf;
	return CLI_OK;
}

static int convert(const char *name, struct str value, struct buf *to)
{
	const struct unit *unit = NULL;
	const char *problem;
	int64_t amount = 0;

	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strcasecmp(units[i].name, name) == 0)
			unit = &units[i];
	}
	if (unit == NULL)
		return refuse("%s is not a valid unit", name);
	problem = unit->is_time ? config_parse_duration(value, CONFIG_MS_NS, &amount)
	                        : config_parse_bytes(value, &amount);
	if (problem != NULL)
		return refuse("%.*s %s", STR_ARGS(value), problem);
	buf_clear(to);
	buf_append_format(to, "%" PRId64 "\n", amount / unit->size);
	return CLI_OK;
}

static int print_one(const struct cli_site *site, const struct getconf *getconf, struct buf *to)
{
	struct str key = str_of(getconf->key), value;
	int rc = getconf->with_source ? config_source(site->config, key, to)
	                              : config_get(site->config, key, to);

	if (rc < 0)
		return refuse("%s is not a valid configuration key", getconf->key);
	if (getconf->with_source) {
		buf_append_u8(to, '\n');
		return CLI_OK;
	}
	value = buf_str(to);
	value.size--; /* its newline */
	return getconf->unit == NULL || value.size == 0 ? CLI_OK
	                                                : convert(getconf->unit, value, to);
}

int cmd_alluxio_getconf(int argc, char **argv)
{
	struct getconf getconf = {0};
	struct cli_site site;
	struct buf text = {0};
	int next, status = cli_client_init(&site, "getConf", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	status = read_words(argc - next, argv + next, &getconf);
	if (status == CLI_OK && getconf.of_master) {
		fprintf(stderr, "Unable to get master-side configuration: masters of this version "
		                "do not tell theirs\n");
		status = GETCONF_EXIT_NO_MASTER;
	} else if (status == CLI_OK && getconf.key == NULL) {
		config_list_sources(site.config, getconf.with_source, &text);
	} else if (status == CLI_OK) {
		status = print_one(&site, &getconf, &text);
	}
	if (status == CLI_OK)
		cli_print(stdout, &text);
	buf_finish(&text);
	cli_site_finish(&site);
	return status;
}
