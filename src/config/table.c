/* SPDX-License-Identifier: Apache-2.0 */
#include "config/table.h"

#include <inttypes.h>

#include "config/units.h"

#define KB      CONFIG_KB
#define MB      CONFIG_MB
#define GB      CONFIG_GB
#define TB      CONFIG_TB
#define SECOND  CONFIG_SECOND_MS
#define MINUTE  CONFIG_MINUTE_MS
#define HOUR    CONFIG_HOUR_MS
#define DAY     CONFIG_DAY_MS
#define MS      CONFIG_MS_NS
#define S       CONFIG_SECOND_NS
#define MIN     CONFIG_MINUTE_NS
#define OFF     CONFIG_ZERO_OFF
#define REFUSED CONFIG_ZERO_REFUSED
#define LITERAL CONFIG_ZERO_LITERAL
#define MASTER  CONFIG_MASTER
#define WORKER  CONFIG_WORKER
#define CLIENT  CONFIG_CLIENT
#define CLI     CONFIG_CLI

#define SCOPED                  .is_scoped = true,
#define BOOL(text)              .type = CONFIG_BOOL, .default_text = (text)
#define STRING(text)            .type = CONFIG_STRING, .default_text = (text)
#define STRINGS(text)           .type = CONFIG_STRINGS, .default_text = (text)
#define PATH(text)              .type = CONFIG_PATH, .default_text = (text)
#define PATHS(text)             .type = CONFIG_PATHS, .default_text = (text)
#define URI(text)               .type = CONFIG_URI, .default_text = (text)
#define ENUM(text, list)        .type = CONFIG_ENUM, .default_text = (text), .words = (list)
#define ADDRESS(text, number)   .type = CONFIG_ADDRESS, .default_text = (text), .port = (number)
#define ADDRESSES(text, number) .type = CONFIG_ADDRESSES, .default_text = (text), .port = (number)
#define OCTAL(text, low, high)                                                                     \
	.type = CONFIG_OCTAL, .default_text = (text), .min = (low), .max = (high),                 \
	.zero = CONFIG_ZERO_LITERAL
#define UMASK(text) OCTAL(text, 0, 0777), .is_umask = true
#define DOUBLE(text, low, high)                                                                    \
	.type = CONFIG_DOUBLE, .default_text = (text), .min_double = (low), .max_double = (high)
#define INT(text, low, high, of_zero)                                                              \
	.type = CONFIG_INT, .default_text = (text), .min = (low), .max = (high), .zero = (of_zero)
#define BYTES(text, low, high, of_zero)                                                            \
	.type = CONFIG_BYTES, .default_text = (text), .min = (low), .max = (high), .zero = (of_zero)
#define DURATION(text, bare, low, high, of_zero)                                                   \
	.type = CONFIG_DURATION, .default_text = (text), .unit = (bare), .min = (low),             \
	.max = (high), .zero = (of_zero)

enum { ACCEPTED, OBEYED };

static const struct config_property properties[CONFIG_KEY_COUNT] = {
#define PROPERTY(id, key, spec, who, status, text)                                                 \
	[CONFIG_KEY_##id] = {.name = STR(key),                                                     \
	                     spec,                                                                 \
	                     .readers = (who),                                                     \
	                     .is_obeyed = (status) == OBEYED,                                      \
	                     .doc = (text)},
#include "config/properties.def"
#undef PROPERTY
};

const struct config_property *config_property(enum config_key key)
{
	CHECK(key < CONFIG_KEY_COUNT);
	return &properties[key];
}

const char *config_name(enum config_key key)
{
	return config_property(key)->name.data;
}

enum config_key config_property_find(struct str name)
{
	enum config_key key = 0;

	while (key < CONFIG_KEY_COUNT && !str_equal(properties[key].name, name))
		key++;
	return key;
}

enum config_key config_property_next(struct str after)
{
	enum config_key best = CONFIG_KEY_COUNT;

	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		struct str name = properties[key].name;

		if (str_compare(name, after) > 0 &&
		    (best == CONFIG_KEY_COUNT || str_compare(name, properties[best].name) < 0))
			best = key;
	}
	return best;
}

const char *config_type_name(enum config_type type)
{
	static const char *const names[] = {
	        [CONFIG_BOOL] = "true or false",  [CONFIG_INT] = "number",
	        [CONFIG_OCTAL] = "octal number",  [CONFIG_DOUBLE] = "decimal number",
	        [CONFIG_BYTES] = "size",          [CONFIG_DURATION] = "duration",
	        [CONFIG_STRING] = "text",         [CONFIG_STRINGS] = "list of texts",
	        [CONFIG_ENUM] = "word",           [CONFIG_PATH] = "path",
	        [CONFIG_PATHS] = "list of paths", [CONFIG_URI] = "path or URI",
	        [CONFIG_ADDRESS] = "host:port",   [CONFIG_ADDRESSES] = "list of host:port",
	};

	return names[type];
}

const char *config_property_unit(const struct config_property *property)
{
	switch (property->unit) {
	case CONFIG_MS_NS: return "milliseconds";
	case CONFIG_SECOND_NS: return "seconds";
	default: return "minutes";
	}
}

static void append_number(const struct config_property *property, int64_t number, struct buf *to)
{
	switch (property->type) {
	case CONFIG_BYTES: config_format_bytes(number, to); break;
	case CONFIG_DURATION: config_format_duration(number, to); break;
	case CONFIG_OCTAL: buf_append_format(to, "%03" PRIo64, (uint64_t)number); break;
	default: buf_append_format(to, "%" PRId64, number); break;
	}
}

static void append_range(const struct config_property *property, struct buf *to)
{
	int64_t min = property->min;

	if (min == 0 && property->zero == CONFIG_ZERO_OFF)
		min = 1;
	append_number(property, min, to);
	buf_append_str(to, STR(" to "));
	append_number(property, property->max, to);
	if (property->zero == CONFIG_ZERO_OFF)
		buf_append_str(to, STR(", or 0 (off)"));
}

static void append_words(const char *words, struct buf *to)
{
	for (; *words != '\0'; words++) {
		if (*words == '|')
			buf_append_str(to, STR(", "));
		else
			buf_append(to, words, 1);
	}
}

void config_property_allowed(const struct config_property *property, struct buf *to)
{
	switch (property->type) {
	case CONFIG_BOOL: buf_append_str(to, STR("true, false")); break;
	case CONFIG_INT:
	case CONFIG_OCTAL:
	case CONFIG_BYTES:
	case CONFIG_DURATION: append_range(property, to); break;
	case CONFIG_DOUBLE:
		buf_append_format(to, "%g to %g", property->min_double, property->max_double);
		break;
	case CONFIG_ENUM: append_words(property->words, to); break;
	case CONFIG_PATH:
	case CONFIG_PATHS: buf_append_str(to, STR("an absolute path on this machine")); break;
	case CONFIG_URI: buf_append_str(to, STR("an absolute path, or a URI")); break;
	case CONFIG_ADDRESS:
	case CONFIG_ADDRESSES: buf_append_str(to, STR("host:port, [IPv6 address]:port")); break;
	case CONFIG_STRING:
	case CONFIG_STRINGS: break;
	}
}

const char *config_property_example(const struct config_property *property)
{
	switch (property->type) {
	case CONFIG_PATH: return "/var/lib/holdfast";
	case CONFIG_PATHS: return "/data/1,/data/2";
	case CONFIG_URI: return "/var/lib/holdfast/journal";
	case CONFIG_ADDRESS: return "host1.example.com:8020";
	case CONFIG_ADDRESSES: return "host1:19200,host2:19200,host3:19200";
	default: return property->default_text == NULL ? "" : property->default_text;
	}
}
