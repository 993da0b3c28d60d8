/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "config/locator.h"
#include "config/units.h"

static bool equals_word(struct str text, const char *word, size_t size)
{
	return text.size == size && strncasecmp(text.data, word, size) == 0;
}

static const char *parse_bool(struct str text, int64_t *ret)
{
	bool is_true = equals_word(text, "true", 4);

	if (!is_true && !equals_word(text, "false", 5))
		return "is neither true nor false";
	*ret = is_true;
	return NULL;
}

/* `text` is NUL-terminated. */
static const char *parse_integer(struct str text, int base, int64_t *ret)
{
	const char *digits = text.data[0] == '-' ? text.data + 1 : text.data;
	char *end;
	long long value;

	if (base == 10 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
		base = 16;
	if (!isxdigit((unsigned char)digits[0]))
		return "is not a number";
	errno = 0;
	value = strtoll(text.data, &end, base);
	if (end != text.data + text.size)
		return base == 8 ? "is not an octal number" : "is not a whole number";
	if (errno == ERANGE)
		return "is too large";
	*ret = value;
	return NULL;
}

static const char *check_range(const struct config_property *property, int64_t number)
{
	if (number == 0 && property->zero == CONFIG_ZERO_OFF)
		return NULL;
	if (number == 0 && property->zero == CONFIG_ZERO_REFUSED)
		return "must not be zero";
	if (number < property->min)
		return number < 0 ? "is negative" : "is too small";
	return number > property->max ? "is too large" : NULL;
}

/* Octal, or in letters, where a umask says what is not taken away (HDFS: FsPermission.getUMask). */
static const char *parse_permissions(const struct config_property *property, struct str text,
                                     int64_t *ret)
{
	const char *why;

	if (memchr(text.data, '=', text.size) == NULL && memchr(text.data, '+', text.size) == NULL)
		return parse_integer(text, 8, ret);
	why = config_parse_mode(text, ret);
	if (why == NULL && property->is_umask)
		*ret = ~*ret & 0777;
	return why;
}

static const char *parse_number(const struct config_property *property, struct str text,
                                int64_t *ret)
{
	int64_t number = 0;
	const char *why;

	switch (property->type) {
	case CONFIG_BYTES: why = config_parse_bytes(text, &number); break;
	case CONFIG_DURATION: why = config_parse_duration(text, property->unit, &number); break;
	case CONFIG_OCTAL: why = parse_permissions(property, text, &number); break;
	default: why = parse_integer(text, 10, &number);
	}
	if (why == NULL)
		why = check_range(property, number);
	if (why == NULL)
		*ret = number;
	return why;
}

/* `text` is NUL-terminated; Java's closing f and d are taken. */
static const char *parse_double(const struct config_property *property, struct str text,
                                double *ret)
{
	char *end;
	double value = strtod(text.data, &end);

	if (end == text.data || !isfinite(value))
		return "is not a number";
	if (*end != '\0' && strchr("fFdD", *end) != NULL)
		end++;
	if (end != text.data + text.size)
		return "is not a number";
	if (value < property->min_double)
		return value < 0 ? "is negative" : "is too small";
	if (value > property->max_double)
		return "is too large";
	*ret = value;
	return NULL;
}

static const char *parse_enum(const char *words, struct str text, int64_t *ret)
{
	for (int64_t index = 0;; index++) {
		size_t size = strcspn(words, "|");

		if (equals_word(text, words, size)) {
			*ret = index;
			return NULL;
		}
		if (words[size] == '\0')
			return "is not one of the words";
		words += size + 1;
	}
}

/* HDFS allows a kind of storage in front of a folder: "[SSD]/data/1". */
static struct str without_storage_kind(struct str item)
{
	const char *end = item.data[0] == '[' ? memchr(item.data, ']', item.size) : NULL;

	if (end == NULL)
		return item;
	end++;
	return config_trim(str_make(end, (size_t)(item.data + item.size - end)));
}

static const char *parse_item(const struct config_property *property, struct str item,
                              struct config_value *value)
{
	struct str *to = &value->items[value->count];
	const char *why = NULL;

	*to = item;
	if (property->type == CONFIG_PATHS)
		why = config_parse_path(without_storage_kind(item), to);
	else if (property->type == CONFIG_ADDRESSES)
		why = config_parse_address(item, property->port, &value->addresses[value->count]);
	return why;
}

static int copy_item(struct config_map *map, struct config_value *value)
{
	struct config_address *address = &value->addresses[value->count];
	struct str *item = &value->items[value->count];

	*item = config_map_copy(map, *item);
	address->host = config_map_copy(map, address->host);
	return item->data == NULL || address->host.data == NULL ? -ERR_NO_MEMORY : 0;
}

static int parse_list(struct config_map *map, const struct config_property *property,
                      struct config_value *value, const char **ret_why)
{
	struct str list = value->text;
	struct str item;
	size_t count = 0;

	while (config_next_item(&list, &item))
		count++;
	value->items = arena_alloc(&map->arena, count * sizeof(*value->items));
	value->addresses = arena_alloc(&map->arena, count * sizeof(*value->addresses));
	if (value->items == NULL || value->addresses == NULL)
		return -ERR_NO_MEMORY;
	memset(value->addresses, 0, count * sizeof(*value->addresses));
	for (list = value->text; config_next_item(&list, &item); value->count++) {
		*ret_why = parse_item(property, item, value);
		if (*ret_why != NULL)
			return -ERR_INVALID;
		if (copy_item(map, value) < 0)
			return -ERR_NO_MEMORY;
	}
	value->has_value = value->count > 0;
	return 0;
}

static int parse_single_address(struct config_map *map, const struct config_property *property,
                                struct config_value *value, const char **ret_why)
{
	value->addresses = arena_alloc(&map->arena, sizeof(*value->addresses));
	if (value->addresses == NULL)
		return -ERR_NO_MEMORY;
	*ret_why = config_parse_address(value->text, property->port, value->addresses);
	if (*ret_why != NULL)
		return -ERR_INVALID;
	value->addresses->host = config_map_copy(map, value->addresses->host);
	return value->addresses->host.data == NULL ? -ERR_NO_MEMORY : 0;
}

static int parse_path(struct config_map *map, struct config_value *value, const char **ret_why)
{
	struct str path;

	*ret_why = config_parse_path(value->text, &path);
	if (*ret_why != NULL)
		return -ERR_INVALID;
	value->text = config_map_copy(map, path);
	return value->text.data == NULL ? -ERR_NO_MEMORY : 0;
}

static bool is_optional(enum config_type type)
{
	return type != CONFIG_BOOL && type != CONFIG_INT && type != CONFIG_OCTAL &&
	       type != CONFIG_DOUBLE && type != CONFIG_BYTES && type != CONFIG_DURATION &&
	       type != CONFIG_ENUM;
}

static int parse(struct config_map *map, const struct config_property *property,
                 struct config_value *value, const char **ret_why)
{
	switch (property->type) {
	case CONFIG_BOOL: *ret_why = parse_bool(value->text, &value->number); break;
	case CONFIG_ENUM:
		*ret_why = parse_enum(property->words, value->text, &value->number);
		break;
	case CONFIG_INT:
	case CONFIG_OCTAL:
	case CONFIG_BYTES:
	case CONFIG_DURATION: *ret_why = parse_number(property, value->text, &value->number); break;
	case CONFIG_DOUBLE: *ret_why = parse_double(property, value->text, &value->real); break;
	case CONFIG_STRING: break;
	case CONFIG_URI: *ret_why = config_check_uri(value->text); break;
	case CONFIG_PATH: return parse_path(map, value, ret_why);
	case CONFIG_ADDRESS: return parse_single_address(map, property, value, ret_why);
	case CONFIG_STRINGS:
	case CONFIG_PATHS:
	case CONFIG_ADDRESSES: return parse_list(map, property, value, ret_why);
	}
	return *ret_why == NULL ? 0 : -ERR_INVALID;
}

int config_value_parse(struct config_map *map, const struct config_property *property,
                       struct str text, struct config_value *ret_value, const char **ret_why)
{
	struct config_value value = {.has_value = true};
	int rc;

	value.text = config_map_copy(map, config_trim(text));
	if (value.text.data == NULL)
		return -ERR_NO_MEMORY;
	*ret_why = NULL;
	if (value.text.size == 0) {
		*ret_why = "is empty";
		value.has_value = false;
		rc = is_optional(property->type) ? 0 : -ERR_INVALID;
	} else {
		rc = parse(map, property, &value, ret_why);
	}
	if (rc == 0)
		*ret_value = value;
	return rc;
}
