/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/site.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"

enum { CONFIG_FILE_BYTES_MAX = 64 << 20 };

PRINTF_LIKE(2, 0)
static void complain(const struct cli_site *site, const char *format, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "holdfast %s: ", site->command);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int cli_fail(const struct cli_site *site, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(site, format, args);
	va_end(args);
	return CLI_FAILURE;
}

int cli_usage(const struct cli_site *site, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(site, format, args);
	va_end(args);
	return CLI_USAGE;
}

void cli_print(FILE *to, const struct buf *text)
{
	if (text->size > 0)
		fwrite(text->data, 1, text->size, to);
}

void cli_print_generic_options(FILE *to)
{
	static const char *const rows[][2] = {
	        {"-conf <configuration file>", "specify an application configuration file"},
	        {"-D <property=value>", "define a value for a given property"},
	        {"-fs <file:///|hdfs://namenode:port>",
	         "specify default filesystem URL to use, overrides 'fs.defaultFS' property from "
	         "configurations."},
	        {"-jt <local|resourcemanager:port>", "specify a ResourceManager"},
	        {"-files <file1,...>",
	         "specify a comma-separated list of files to be copied to the map reduce cluster"},
	        {"-libjars <jar1,...>",
	         "specify a comma-separated list of jar files to be included in the classpath"},
	        {"-archives <archive1,...>",
	         "specify a comma-separated list of archives to be unarchived on the compute "
	         "machines"},
	};

	fprintf(to, "Generic options supported are:\n");
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		fprintf(to, "%-33s %s\n", rows[i][0], rows[i][1]);
	fprintf(to, "\nThe general command line syntax is:\n"
	            "command [genericOptions] [commandOptions]\n");
}

struct str cli_text(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = arena_alloc(arena, (size_t)size + 1);
	if (text == NULL)
		fatal_damage("out of memory");
	va_start(args, format);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return str_make(text, (size_t)size);
}

/* ---- options ---- */

static int add_override(struct cli_site *site, const char *value)
{
	if (strchr(value, '=') == NULL)
		return cli_usage(site, "-D wants key=value, not '%s'", value);
	if (site->override_count == CLI_OVERRIDES_MAX)
		return cli_usage(site, "more than %d times -D", CLI_OVERRIDES_MAX);
	site->overrides[site->override_count++] = value;
	return CLI_OK;
}

static int set_default_fs(struct cli_site *site, const char *value)
{
	return add_override(site, cli_text(&site->texts, "fs.defaultFS=%s", value).data);
}

static int set_conf(struct cli_site *site, const char *value)
{
	const char *slash = strrchr(value, '/');
	const char *name = slash == NULL ? value : slash + 1;
	size_t length = strlen(name);

	if (strcmp(name, "core-site.xml") != 0 && strcmp(name, "hdfs-site.xml") != 0) {
		if (length > 4 && strcmp(name + length - 4, ".xml") == 0)
			site->xml_file = value;
		else
			site->conf_dir = value;
	} else {
		site->conf_dir =
		        slash == NULL
		                ? "."
		                : cli_text(&site->texts, "%.*s", (int)(slash - value), value).data;
	}
	return CLI_OK;
}

static int ignore(struct cli_site *site, const char *value)
{
	(void)site;
	(void)value;
	return CLI_OK;
}

static int set_json(struct cli_site *site, const char *value)
{
	(void)value;
	site->as_json = true;
	return CLI_OK;
}

static const struct option {
	const char *name;
	int (*take)(struct cli_site *site, const char *value);
	bool is_switch; /* has no value */
} options[] = {
        {"-D", add_override},  {"--conf", set_conf},    {"--config", set_conf},
        {"-conf", set_conf},   {"-fs", set_default_fs}, {"--json", set_json, true},
        {"-jt", ignore},       {"-files", ignore},      {"-libjars", ignore},
        {"-archives", ignore},
};

/* The option of this argument; *ret_value is what stands behind it in the same word, or NULL. */
static const struct option *find_option(const char *argument, const char **ret_value)
{
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		size_t length = strlen(options[i].name);
		bool is_long = options[i].name[1] == '-';

		*ret_value = NULL;
		if (strcmp(argument, options[i].name) == 0)
			return &options[i];
		*ret_value = argument + length + is_long;
		if (strncmp(argument, options[i].name, length) == 0 &&
		    (is_long ? argument[length] == '=' : length == 2))
			return &options[i];
	}
	return NULL;
}

/* Words that are none of these options end them, or change places with those behind them. */
static int parse(struct cli_site *site, bool anywhere, int argc, char **argv, int *ret_next)
{
	int at = 1, others = 0, status = CLI_OK;

	while (status == CLI_OK && at < argc) {
		const char *value;
		const struct option *option = find_option(argv[at], &value);

		if (option == NULL && !anywhere)
			break;
		if (option == NULL) {
			argv[others++] = argv[at++];
			continue;
		}
		if (value == NULL && !option->is_switch) {
			if (++at == argc)
				return cli_usage(site, "%s wants a value", argv[at - 1]);
			value = argv[at];
		}
		status = option->take(site, value);
		at++;
	}
	*ret_next = at - others;
	memmove(argv + *ret_next, argv, (size_t)others * sizeof(*argv));
	return status;
}

/* ---- loading ---- */

static int read_file(void *context, const char *path, struct buf *to)
{
	return io_read_file(context, path, CONFIG_FILE_BYTES_MAX, to);
}

static const char *get_env(void *context, const char *name)
{
	const char *value = io_environment(context, name);

	/* Only logins set it, and ${user.name} counts in services as well. */
	return value == NULL && strcmp(name, "LOGNAME") == 0 ? io_user_name(context) : value;
}

static void print_report(const struct cli_site *site, enum config_severity lowest)
{
	struct buf text = {0};

	config_report_write(&site->report, lowest, &text);
	cli_print(stderr, &text);
	buf_finish(&text);
}

static int load(struct cli_site *site, enum config_severity lowest)
{
	struct config_sources sources = {
	        .reader = {.read_file = read_file, .get_env = get_env, .context = site->io},
	        .conf_dir = site->conf_dir,
	        .xml_file = site->xml_file,
	        .overrides = site->overrides,
	        .override_count = site->override_count,
	};
	int rc = config_load(&sources, &site->config, &site->report);

	print_report(site, rc < 0 ? CONFIG_WARNING : lowest);
	if (rc < 0)
		return cli_fail(site, "the configuration is refused: %s", err_text(rc));
	return CLI_OK;
}

static int init(struct cli_site *site, const char *command, bool is_own,
                enum config_severity lowest, int argc, char **argv, int *ret_next)
{
	int status;

	*site = (struct cli_site){.command = command};
	config_report_init(&site->report);
	status = parse(site, is_own, argc, argv, ret_next);
	if (status == CLI_OK && io_create(&site->io) < 0)
		status = cli_fail(site, "out of memory or file descriptors");
	if (status == CLI_OK)
		status = load(site, lowest);
	if (status != CLI_OK)
		cli_site_finish(site);
	return status;
}

int cli_site_init(struct cli_site *site, const char *command, int argc, char **argv, int *ret_next)
{
	return init(site, command, true, CONFIG_WARNING, argc, argv, ret_next);
}

int cli_config_init(struct cli_site *site, const char *command, int argc, char **argv,
                    int *ret_next)
{
	return init(site, command, true, CONFIG_ERROR, argc, argv, ret_next);
}

int cli_client_init(struct cli_site *site, const char *command, int argc, char **argv,
                    int *ret_next)
{
	return init(site, command, false, CONFIG_ERROR, argc, argv, ret_next);
}

void cli_site_finish(struct cli_site *site)
{
	config_destroy(site->config);
	config_report_finish(&site->report);
	io_destroy(site->io);
	arena_finish(&site->texts);
}

bool cli_has_quorum(const struct config *config)
{
	return config_count(config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES) > 0 &&
	       !config_bool(config, CONFIG_KEY_HOLDFAST_MASTER_LONE);
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
