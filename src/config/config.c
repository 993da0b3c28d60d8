/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include "base/err.h"
#include "base/mem.h"
#include "config/locator.h"
#include "config/private.h"

static int load(struct config *config, const struct config_sources *sources,
                struct config_report *report)
{
	int rc = config_read_sources(&config->map, sources, report);

	if (rc == 0)
		rc = config_find_own_ids(&config->map, sources, report);
	if (rc == 0)
		rc = config_resolve(config, &sources->reader, report);
	if (rc < 0)
		return rc;
	config_judge_names(&config->map, report);
	config_report_sort(report);
	if (report->failed)
		return -ERR_NO_MEMORY;
	return report->severity_count[CONFIG_ERROR] > 0 ? -ERR_INVALID : 0;
}

int config_load(const struct config_sources *sources, struct config **ret_config,
                struct config_report *report)
{
	struct config *config = mem_zalloc(sizeof(*config));
	int rc;

	if (config == NULL)
		return -ERR_NO_MEMORY;
	config->magic = CONFIG_MAGIC;
	config_map_init(&config->map);
	rc = load(config, sources, report);
	if (rc < 0)
		config_destroy(config);
	else
		*ret_config = config;
	return rc;
}

void config_destroy(struct config *config)
{
	if (config == NULL)
		return;
	OBJ_CHECK(config, CONFIG_MAGIC);
	config->magic = 0;
	config_map_finish(&config->map);
	mem_free(config);
}

void config_cleanup(struct config **config)
{
	config_destroy(*config);
}

static const struct config_value *value_of(const struct config *config, enum config_key key)
{
	OBJ_CHECK(config, CONFIG_MAGIC);
	CHECK(key < CONFIG_KEY_COUNT);
	return &config->values[key];
}

/* The value, whose type must be one that the getter is for. */
static const struct config_value *typed(const struct config *config, enum config_key key,
                                        unsigned types)
{
	const struct config_value *value = value_of(config, key);

	CHECK((BIT(config_property(key)->type) & types) != 0);
	return value;
}

bool config_has(const struct config *config, enum config_key key)
{
	return value_of(config, key)->has_value;
}

bool config_is_set(const struct config *config, enum config_key key)
{
	return value_of(config, key)->entry != NULL;
}

bool config_bool(const struct config *config, enum config_key key)
{
	return typed(config, key, BIT(CONFIG_BOOL))->number != 0;
}

int64_t config_int(const struct config *config, enum config_key key)
{
	return typed(config, key, BIT(CONFIG_INT) | BIT(CONFIG_OCTAL))->number;
}

uint64_t config_bytes(const struct config *config, enum config_key key)
{
	return (uint64_t)typed(config, key, BIT(CONFIG_BYTES))->number;
}

uint64_t config_duration_ms(const struct config *config, enum config_key key)
{
	return (uint64_t)typed(config, key, BIT(CONFIG_DURATION))->number;
}

double config_double(const struct config *config, enum config_key key)
{
	return typed(config, key, BIT(CONFIG_DOUBLE))->real;
}

unsigned config_enum(const struct config *config, enum config_key key)
{
	return (unsigned)typed(config, key, BIT(CONFIG_ENUM))->number;
}

struct str config_str(const struct config *config, enum config_key key)
{
	const struct config_value *value = value_of(config, key);

	return value->has_value ? value->text : (struct str){0};
}

const char *config_c_str(const struct config *config, enum config_key key)
{
	return config_str(config, key).data;
}

struct config_address config_address(const struct config *config, enum config_key key)
{
	const struct config_value *value = typed(config, key, BIT(CONFIG_ADDRESS));

	CHECK(value->has_value);
	return value->addresses[0];
}

size_t config_count(const struct config *config, enum config_key key)
{
	return typed(config, key, BIT(CONFIG_STRINGS) | BIT(CONFIG_PATHS) | BIT(CONFIG_ADDRESSES))
	        ->count;
}

struct str config_item(const struct config *config, enum config_key key, size_t index)
{
	CHECK(index < config_count(config, key));
	return value_of(config, key)->items[index];
}

struct config_address config_address_item(const struct config *config, enum config_key key,
                                          size_t index)
{
	const struct config_value *value = typed(config, key, BIT(CONFIG_ADDRESSES));

	CHECK(index < value->count);
	return value->addresses[index];
}

struct str config_scoped_str(const struct config *config, enum config_key key,
                             struct str nameservice, struct str namenode)
{
	const struct config_property *property = config_property(key);
	const struct config_entry *entry =
	        config_map_find_scoped(&config->map, property->name, nameservice, namenode);

	CHECK(property->is_scoped);
	if (entry == NULL)
		return str_of(property->default_text);
	return entry->parsed->has_value ? entry->parsed->text : (struct str){0};
}

bool config_scoped_address(const struct config *config, enum config_key key, struct str nameservice,
                           struct str namenode, struct config_address *ret_address)
{
	struct str text = config_scoped_str(config, key, nameservice, namenode);

	CHECK(config_property(key)->type == CONFIG_ADDRESS);
	return text.size > 0 &&
	       config_parse_address(text, config_property(key)->port, ret_address) == NULL;
}

bool config_local_path(struct str uri, struct str *ret_path)
{
	return config_parse_path(uri, ret_path) == NULL;
}

void config_origin(const struct config *config, enum config_key key, struct buf *to)
{
	const struct config_entry *entry = value_of(config, key)->entry;

	if (entry == NULL)
		buf_append_str(to, STR("default"));
	else
		config_place_append(&entry->place, to);
}
