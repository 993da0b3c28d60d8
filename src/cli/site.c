/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/site.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"

enum { CONFIG_FILE_BYTES_MAX = 64 << 20 };

int cli_fail(const struct cli_site *site, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "holdfast %s: ", site->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILURE;
}

void cli_print(FILE *to, const struct buf *text)
{
	if (text->size > 0)
		fwrite(text->data, 1, text->size, to);
}

/* ---- options ---- */

static int usage(const struct cli_site *site, const char *what, const char *argument)
{
	cli_fail(site, "%s '%s'; options are --conf DIR and -D key=value", what, argument);
	return CLI_USAGE;
}

/* The value of an option: behind it, or the next argument.  NULL: there is none. */
static const char *option_value(const char *behind, int argc, char **argv, int *at)
{
	if (*behind != '\0')
		return behind;
	if (*at + 1 >= argc)
		return NULL;
	*at += 1;
	return argv[*at];
}

static int add_override(struct cli_site *site, const char *value)
{
	if (value == NULL || strchr(value, '=') == NULL)
		return usage(site, "-D wants key=value, not", value == NULL ? "" : value);
	if (site->override_count == CLI_OVERRIDES_MAX)
		return usage(site, "too many options:", value);
	site->overrides[site->override_count++] = value;
	return CLI_OK;
}

static int parse(struct cli_site *site, int argc, char **argv, int *ret_next)
{
	int at = 1;
	int rc = CLI_OK;

	for (; rc == CLI_OK && at < argc && argv[at][0] == '-'; at++) {
		const char *option = argv[at];

		if (strncmp(option, "-D", 2) == 0) {
			rc = add_override(site, option_value(option + 2, argc, argv, &at));
		} else if (strcmp(option, "--conf") == 0) {
			site->conf_dir = option_value("", argc, argv, &at);
			if (site->conf_dir == NULL)
				return usage(site, "a folder is missing after", option);
		} else if (strncmp(option, "--conf=", 7) == 0) {
			site->conf_dir = option + 7;
		} else {
			return usage(site, "unknown option", option);
		}
	}
	*ret_next = at;
	return rc;
}

/* ---- loading ---- */

static int read_file(void *context, const char *path, struct buf *to)
{
	return io_read_file(context, path, CONFIG_FILE_BYTES_MAX, to);
}

static const char *get_env(void *context, const char *name)
{
	return io_environment(context, name);
}

static void print_report(const struct cli_site *site)
{
	struct buf text;

	buf_init(&text);
	config_report_write(&site->report, CONFIG_WARNING, &text);
	cli_print(stderr, &text);
	buf_finish(&text);
}

static int load(struct cli_site *site)
{
	struct config_sources sources = {
	        .reader = {.read_file = read_file, .get_env = get_env, .context = site->io},
	        .conf_dir = site->conf_dir,
	        .overrides = site->overrides,
	        .override_count = site->override_count,
	};
	int rc = config_load(&sources, &site->config, &site->report);

	print_report(site);
	if (rc < 0)
		return cli_fail(site, "the configuration is refused: %s", err_text(rc));
	return CLI_OK;
}

int cli_site_init(struct cli_site *site, const char *command, int argc, char **argv, int *ret_next)
{
	int status;

	*site = (struct cli_site){.command = command};
	status = parse(site, argc, argv, ret_next);
	if (status != CLI_OK)
		return status;
	if (io_create(&site->io) < 0)
		return cli_fail(site, "out of memory or file descriptors");
	config_report_init(&site->report);
	status = load(site);
	if (status != CLI_OK)
		cli_site_finish(site);
	return status;
}

void cli_site_finish(struct cli_site *site)
{
	config_destroy(site->config);
	config_report_finish(&site->report);
	io_destroy(site->io);
}

const char *cli_master_folder(const struct config *config)
{
	if (config_has(config, CONFIG_KEY_HOLDFAST_MASTER_DIR))
		return config_c_str(config, CONFIG_KEY_HOLDFAST_MASTER_DIR);
	if (!config_is_set(config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_FOLDER) &&
	    config_is_set(config, CONFIG_KEY_DFS_NAMENODE_NAME_DIR) &&
	    config_count(config, CONFIG_KEY_DFS_NAMENODE_NAME_DIR) > 0)
		return config_item(config, CONFIG_KEY_DFS_NAMENODE_NAME_DIR, 0).data;
	return config_c_str(config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_FOLDER);
}
