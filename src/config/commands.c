/* SPDX-License-Identifier: Apache-2.0 */
#include "config/commands.h"

#include "base/err.h"
#include "config/names.h"
#include "config/private.h"

/* One line: what would end it is written as an escape. */
static void append_escaped(struct str text, struct buf *to)
{
	for (size_t i = 0; i < text.size; i++) {
		switch (text.data[i]) {
		case '\n': buf_append_str(to, STR("\\n")); break;
		case '\r': buf_append_str(to, STR("\\r")); break;
		case '\t': buf_append_str(to, STR("\\t")); break;
		default: buf_append(to, text.data + i, 1); break;
		}
	}
}

/* How a list says where a value comes from. */
enum source_style { SOURCE_PLACE, SOURCE_ALLUXIO, SOURCE_NONE };

static void append_alluxio_source(const struct config_entry *entry, struct buf *to)
{
	if (entry == NULL)
		buf_append_str(to, STR("DEFAULT"));
	else if (entry->place.line == 0)
		buf_append_str(to, STR("SYSTEM_PROPERTY"));
	else
		buf_append_format(to, "SITE_PROPERTY (%.*s)", STR_ARGS(entry->place.file));
}

static void append_source(const struct config_entry *entry, enum source_style style, struct buf *to)
{
	if (style == SOURCE_NONE)
		return;
	buf_append_str(to, STR(" ("));
	if (style == SOURCE_ALLUXIO)
		append_alluxio_source(entry, to);
	else if (entry == NULL)
		buf_append_str(to, STR("default"));
	else
		config_place_append(&entry->place, to);
	buf_append_u8(to, ')');
}

static void append_row(struct str name, struct str value, const struct config_entry *entry,
                       enum source_style style, struct buf *to)
{
	buf_append_str(to, name);
	buf_append_u8(to, '=');
	if (config_name_secret(name) && value.size > 0)
		buf_append_str(to, STR("(hidden)"));
	else
		append_escaped(value, to);
	append_source(entry, style, to);
	buf_append_u8(to, '\n');
}

static void append_property(const struct config *config, enum config_key key,
                            enum source_style style, struct buf *to)
{
	const struct config_value *value = &config->values[key];

	if (value->has_value)
		append_row(config_property(key)->name, value->text, value->entry, style, to);
}

static void list(const struct config *config, enum source_style style, struct buf *to)
{
	enum config_key key = config_property_next((struct str){0});

	for (size_t i = 0; i < config->map.count; i++) {
		const struct config_entry *entry = config->map.entries[i];

		for (; key != CONFIG_KEY_COUNT &&
		       str_compare(config_property(key)->name, entry->name) < 0;
		     key = config_property_next(config_property(key)->name))
			append_property(config, key, style, to);
		if (config_property_find(entry->name) == CONFIG_KEY_COUNT)
			append_row(entry->name, entry->text, entry, style, to);
	}
	for (; key != CONFIG_KEY_COUNT; key = config_property_next(config_property(key)->name))
		append_property(config, key, style, to);
}

void config_list(const struct config *config, struct buf *to)
{
	list(config, SOURCE_PLACE, to);
}

void config_list_sources(const struct config *config, bool with_sources, struct buf *to)
{
	list(config, with_sources ? SOURCE_ALLUXIO : SOURCE_NONE, to);
}

/* What is known about the value of a name that the user typed. */
struct answer {
	enum config_key key; /* CONFIG_KEY_COUNT: not in our table */
	struct str value;
	const struct config_entry *entry; /* NULL: a default */
};

static int look_up(const struct config *config, struct str name, struct answer *ret)
{
	struct answer answer = {0};

	name = config_name_canonical(name);
	answer.key = config_property_find(name);
	if (answer.key != CONFIG_KEY_COUNT) {
		const struct config_value *value = &config->values[answer.key];

		answer.value = value->has_value ? value->text : (struct str){0};
		answer.entry = value->entry;
	} else {
		answer.key = config_key_of(name);
		answer.entry = config_map_find(&config->map, name);
		if (answer.entry != NULL)
			answer.value = answer.entry->text;
		else if (!config_name_known(name, &answer.value))
			return -ERR_NOT_FOUND;
	}
	*ret = answer;
	return 0;
}

int config_get(const struct config *config, struct str name, struct buf *to)
{
	struct answer answer;
	int rc = look_up(config, name, &answer);

	if (rc < 0)
		return rc;
	buf_append_str(to, answer.value);
	buf_append_u8(to, '\n');
	return 0;
}

int config_source(const struct config *config, struct str name, struct buf *to)
{
	struct answer answer;
	int rc = look_up(config, name, &answer);

	if (rc == 0)
		append_alluxio_source(answer.entry, to);
	return rc;
}

struct str config_nearest(struct str name)
{
	return config_name_nearest(name);
}

static void append_explanation(const struct config_property *property, struct buf *to)
{
	buf_append_format(to, "type     %s\n", config_type_name(property->type));
	if (property->type == CONFIG_DURATION) {
		buf_append_str(to, STR("unit     a bare number is in "));
		buf_append_format(to, "%s\n", config_property_unit(property));
	} else if (property->type == CONFIG_BYTES) {
		buf_append_str(to, STR("unit     a bare number is in bytes\n"));
	}
	buf_append_str(to, STR("allowed  "));
	config_property_allowed(property, to);
	buf_append_format(to, "\ndefault  %s\n",
	                  property->default_text == NULL ? "none" : property->default_text);
	buf_append_format(to, "meaning  %s%s\n", property->doc,
	                  property->is_obeyed ? "" : " It has no effect in this version.");
}

int config_explain(const struct config *config, struct str name, struct buf *to)
{
	struct answer answer;
	int rc = look_up(config, name, &answer);

	if (rc < 0)
		return rc;
	append_row(config_name_canonical(name), answer.value, answer.entry, SOURCE_PLACE, to);
	if (answer.key == CONFIG_KEY_COUNT)
		buf_append_str(to, STR("meaning  It has no effect in Holdfast.\n"));
	else
		append_explanation(config_property(answer.key), to);
	return 0;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

bool config_check(const struct config_report *report, struct buf *to)
{
	size_t errors = report->severity_count[CONFIG_ERROR];
	size_t warnings = report->severity_count[CONFIG_WARNING];
	size_t notes = report->severity_count[CONFIG_NOTE];

	config_report_write(report, CONFIG_NOTE, to);
	buf_append_format(to, "configuration %s: %zu error%s, %zu warning%s, %zu note%s\n",
	                  errors == 0 ? "can be used" : "is refused", errors, plural(errors),
	                  warnings, plural(warnings), notes, plural(notes));
	return errors == 0;
}
