/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From texts to values: references, types, ranges, and what must hold between two properties.
 */
#include <inttypes.h>

#include "base/err.h"
#include "config/expand.h"
#include "config/names.h"
#include "config/private.h"

/* The first may not be greater than the second. */
static const enum config_key ordered[][2] = {
        {CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ELECTION_TIMEOUT_MIN,
         CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ELECTION_TIMEOUT_MAX},
        {CONFIG_KEY_ALLUXIO_MASTER_BACKUP_CONNECT_INTERVAL_MIN,
         CONFIG_KEY_ALLUXIO_MASTER_BACKUP_CONNECT_INTERVAL_MAX},
        {CONFIG_KEY_ALLUXIO_USER_RPC_RETRY_BASE_SLEEP, CONFIG_KEY_ALLUXIO_USER_RPC_RETRY_MAX_SLEEP},
        {CONFIG_KEY_DFS_NAMENODE_REPLICATION_MIN, CONFIG_KEY_DFS_REPLICATION_MAX},
        {CONFIG_KEY_DFS_REPLICATION, CONFIG_KEY_DFS_REPLICATION_MAX},
};

struct resolver {
	struct config *config;
	const struct config_reader *reader;
	struct config_report *report;
	struct buf text; /* of the value at hand, after substitution */
	struct config_expansion expansion;
};

static int expand(struct resolver *r, struct str name, struct str value)
{
	buf_clear(&r->text);
	return config_expand(&r->config->map, r->reader, name, value, &r->text, &r->expansion);
}

/* What the references of a value that some source sets have come to.  False: no text. */
static bool report_expansion(struct resolver *r, const struct config_entry *entry,
                             const struct config_property *property)
{
	const struct config_expansion *e = &r->expansion;
	bool is_text = property == NULL || property->type == CONFIG_STRING ||
	               property->type == CONFIG_STRINGS;

	if (e->is_refused)
		config_report_add(r->report, property == NULL ? CONFIG_WARNING : CONFIG_ERROR,
		                  entry->place.file, entry->place.line, "%.*s: %s",
		                  STR_ARGS(entry->name), e->why);
	else if (e->unset[0] != '\0' && property != NULL)
		config_report_add(r->report, is_text ? CONFIG_WARNING : CONFIG_ERROR,
		                  entry->place.file, entry->place.line,
		                  "%.*s refers to ${%s}, which is not set%s", STR_ARGS(entry->name),
		                  e->unset, is_text ? " and stays as it is written" : "");
	return !e->is_refused && (is_text || e->unset[0] == '\0');
}

static void report_wrong(struct resolver *r, const struct config_property *property,
                         struct str name, const struct config_place *place, const char *why)
{
	char shown[CONFIG_SHOWN_SIZE];
	struct buf allowed = {0};

	config_property_allowed(property, &allowed);
	config_report_add(r->report, CONFIG_ERROR, place->file, place->line,
	                  "%.*s: \"%s\" %s; allowed: %.*s, for example %s", STR_ARGS(name),
	                  config_value_shown(name, buf_str(&r->text), shown), why,
	                  STR_ARGS(buf_str(&allowed)), config_property_example(property));
	r->report->failed = r->report->failed || allowed.failed;
	buf_finish(&allowed);
}

static int parse_entry(struct resolver *r, const struct config_property *property,
                       struct config_entry *entry)
{
	struct config_value *value = arena_alloc(&r->config->map.arena, sizeof(*value));
	const char *why;
	int rc;

	if (value == NULL)
		return -ERR_NO_MEMORY;
	rc = config_value_parse(&r->config->map, property, entry->text, value, &why);
	if (rc == -ERR_INVALID) {
		report_wrong(r, property, entry->name, &entry->place, why);
		return 0;
	}
	value->entry = entry;
	if (rc == 0)
		entry->parsed = value;
	return rc;
}

static int resolve_entry(struct resolver *r, struct config_entry *entry)
{
	enum config_key key = config_key_of(entry->name);
	const struct config_property *property =
	        key == CONFIG_KEY_COUNT ? NULL : config_property(key);
	bool has_text;
	int rc = expand(r, entry->name, entry->value);

	if (rc < 0)
		return rc;
	has_text = report_expansion(r, entry, property);
	entry->text = has_text ? config_map_copy(&r->config->map, buf_str(&r->text)) : entry->value;
	if (entry->text.data == NULL)
		return -ERR_NO_MEMORY;
	return has_text && property != NULL ? parse_entry(r, property, entry) : 0;
}

/* A default that refers to something that is not set is no default. */
static int resolve_default(struct resolver *r, const struct config_property *property,
                           struct config_value *value)
{
	struct config_place place = {.file = STR("default")};
	const char *why;
	int rc;

	if (property->default_text == NULL)
		return 0;
	rc = expand(r, property->name, str_of(property->default_text));
	if (rc < 0)
		return rc;
	if (r->expansion.is_refused || r->expansion.unset[0] != '\0')
		return 0;
	rc = config_value_parse(&r->config->map, property, buf_str(&r->text), value, &why);
	if (rc != -ERR_INVALID)
		return rc;
	report_wrong(r, property, property->name, &place, why);
	return 0;
}

static int resolve_property(struct resolver *r, enum config_key key)
{
	const struct config_property *property = config_property(key);
	struct config_value *value = &r->config->values[key];
	const struct config_entry *entry = config_map_find_own(&r->config->map, property->name);

	if (entry == NULL)
		return resolve_default(r, property, value);
	if (entry->parsed != NULL)
		*value = *entry->parsed;
	return 0;
}

static void check_order(const struct resolver *r, enum config_key small, enum config_key large)
{
	const struct config_value *low = &r->config->values[small];
	const struct config_value *high = &r->config->values[large];
	const struct config_entry *entry = low->entry != NULL ? low->entry : high->entry;

	if (entry == NULL || !low->has_value || !high->has_value || low->number <= high->number)
		return;
	config_report_add(r->report, CONFIG_ERROR, entry->place.file, entry->place.line,
	                  "%s (%.*s) is greater than %s (%.*s)", config_name(small),
	                  STR_ARGS(low->text), config_name(large), STR_ARGS(high->text));
}

static int resolve_all(struct resolver *r)
{
	const struct config_map *map = &r->config->map;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < map->count; i++)
		rc = resolve_entry(r, map->entries[i]);
	for (enum config_key key = 0; rc == 0 && key < CONFIG_KEY_COUNT; key++)
		rc = resolve_property(r, key);
	for (size_t i = 0; rc == 0 && i < COUNT_OF(ordered); i++)
		check_order(r, ordered[i][0], ordered[i][1]);
	return rc;
}

int config_resolve(struct config *config, const struct config_reader *reader,
                   struct config_report *report)
{
	struct resolver r = {.config = config, .reader = reader, .report = report};
	int rc = resolve_all(&r);

	buf_finish(&r.text);
	return rc;
}
