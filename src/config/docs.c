/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The property page of the manual.
 */
#include "base/check.h"
#include "config/commands.h"
#include "config/table.h"

static const struct {
	uint8_t reader;
	const char *name;
} reader_names[] = {
        {CONFIG_MASTER, "master"},
        {CONFIG_WORKER, "worker"},
        {CONFIG_CLIENT, "client"},
        {CONFIG_CLI, "commands"},
};

static void append_intro(struct buf *to)
{
	buf_append_str(
	        to,
	        STR("# Properties\n\n"
	            "This page is made from the table of properties by `holdfast config docs`.\n\n"
	            "Properties stand in `core-site.xml`, `hdfs-site.xml` and "
	            "`alluxio-site.properties` of the folder that `--conf` names, or of those in "
	            "`HADOOP_CONF_DIR` and `ALLUXIO_CONF_DIR`, or behind `-D` on the command line. "
	            "A later one of these replaces an earlier one, except what an XML file marks "
	            "as final. `${key}` stands for the value of another property, `${env.X}`, "
	            "`${env.X-text}` and `${env.X:-text}` for the environment.\n\n"
	            "`holdfast config check` says what is wrong with a configuration, "
	            "`holdfast config list` where each value comes from.\n\n"
	            "Sizes are written as `4096`, `64KB`, `1.5GB` (K = 1024), durations as "
	            "`100ms`, "
	            "`10s`, `5min`, `1h`, `2d`. A property marked *scoped* may carry the suffixes "
	            "`.<nameservice>` and `.<nameservice>.<namenode>`; the most specific one "
	            "counts.\n\n"
	            "Names of Hadoop 3.4 and Alluxio 2.9 that are not here are accepted and have "
	            "no "
	            "effect.\n"));
}

static void append_readers(uint8_t readers, struct buf *to)
{
	const char *separator = "";

	for (size_t i = 0; i < COUNT_OF(reader_names); i++) {
		if ((readers & reader_names[i].reader) == 0)
			continue;
		buf_append_format(to, "%s%s", separator, reader_names[i].name);
		separator = ", ";
	}
}

/* In a table's cell a bar would end it. */
static void append_cell(struct str text, struct buf *to)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '|')
			buf_append_u8(to, '\\');
		buf_append(to, text.data + i, 1);
	}
}

static void append_property(const struct config_property *property, struct buf *to)
{
	buf_append_format(to, "| `%.*s`%s | %s", STR_ARGS(property->name),
	                  property->is_scoped ? " *scoped*" : "", config_type_name(property->type));
	if (property->type == CONFIG_DURATION)
		buf_append_format(to, ", bare in %s", config_property_unit(property));
	buf_append_str(to, STR(" | "));
	if (property->default_text != NULL)
		buf_append_format(to, "`%s`", property->default_text);
	buf_append_str(to, STR(" | "));
	config_property_allowed(property, to);
	buf_append_str(to, STR(" | "));
	append_readers(property->readers, to);
	buf_append_str(to, STR(" | "));
	append_cell(str_of(property->doc), to);
	buf_append_str(to, STR(" |\n"));
}

static void append_table(const char *title, bool is_obeyed, struct buf *to)
{
	buf_append_format(to, "\n## %s\n\n", title);
	buf_append_str(to, STR("| property | type | default | allowed | read by | meaning |\n"
	                       "| --- | --- | --- | --- | --- | --- |\n"));
	for (enum config_key key = config_property_next((struct str){0}); key != CONFIG_KEY_COUNT;
	     key = config_property_next(config_property(key)->name)) {
		if (config_property(key)->is_obeyed == is_obeyed)
			append_property(config_property(key), to);
	}
}

void config_docs(struct buf *to)
{
	append_intro(to);
	append_table("Obeyed", true, to);
	append_table("Accepted, without effect in this version", false, to);
}
