/* SPDX-License-Identifier: Apache-2.0 */
#include "config/expand.h"

#include <stdio.h>

#include "base/err.h"
#include "config/names.h"
#include "config/table.h"

struct expander {
	const struct config_map *map;
	const struct config_reader *reader;
	struct config_expansion *result;
	struct str names[CONFIG_EXPAND_DEPTH_MAX + 1]; /* on the way to the present value */
	int depth;
	int count; /* references replaced so far */
};

static int expand_value(struct expander *x, struct str name, struct str text, struct buf *to);

static void refuse(struct expander *x, const char *why)
{
	char *text = x->result->why;
	size_t size = sizeof(x->result->why);
	size_t used = (size_t)snprintf(text, size, "%s", why);

	x->result->is_refused = true;
	for (int i = 0; i < x->depth && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%.*s", i == 0 ? ": " : " > ",
		                         STR_ARGS(x->names[i]));
}

/* The environment for ${env.X}, with what stands behind - or :- for a variable that is not there.
 * False: not set, and no default. */
static bool look_up_env(const struct expander *x, struct str name, struct str *ret_value)
{
	char variable[CONFIG_NAME_BYTES_MAX + 1];
	const char *dash = memchr(name.data, '-', name.size);
	size_t size = dash == NULL ? name.size : (size_t)(dash - name.data);
	bool counts_empty = true;
	const char *value;

	if (dash != NULL && size > 0 && name.data[size - 1] == ':') {
		size--;
		counts_empty = false;
	}
	if (size > CONFIG_NAME_BYTES_MAX)
		return false;
	memcpy(variable, name.data, size);
	variable[size] = '\0';
	value = x->reader->get_env(x->reader->context, variable);
	if (value != NULL && (counts_empty || value[0] != '\0')) {
		*ret_value = str_of(value);
		return true;
	}
	if (dash == NULL)
		return false;
	*ret_value = str_make(dash + 1, (size_t)(name.data + name.size - (dash + 1)));
	return true;
}

/* What Java has without any file. */
static bool look_up_java(const struct expander *x, struct str name, struct str *ret_value)
{
	const char *value = NULL;

	if (str_equal(name, STR("user.name"))) {
		value = x->reader->get_env(x->reader->context, "USER");
		if (value == NULL)
			value = x->reader->get_env(x->reader->context, "LOGNAME");
	} else if (str_equal(name, STR("user.home"))) {
		value = x->reader->get_env(x->reader->context, "HOME");
	} else if (str_equal(name, STR("java.io.tmpdir"))) {
		value = "/tmp";
	}
	*ret_value = str_of(value);
	return value != NULL;
}

static bool look_up_property(const struct expander *x, struct str name, struct str *ret_value)
{
	struct str present = config_name_canonical(name);
	enum config_key key = config_property_find(present);
	const struct config_entry *entry = config_map_find_own(x->map, present);

	if (entry != NULL)
		*ret_value = entry->value;
	else if (key != CONFIG_KEY_COUNT)
		*ret_value = str_of(config_property(key)->default_text);
	else if (!config_name_known(present, ret_value))
		return false;
	return ret_value->data != NULL;
}

/* Appends what stands for the reference; as it is written if there is nothing. */
static int expand_reference(struct expander *x, struct str name, struct buf *to)
{
	struct str value;

	if (++x->count > CONFIG_EXPAND_COUNT_MAX) {
		refuse(x, "more than 1000 references");
		return 0;
	}
	if (str_starts_with(name, STR("env."))) {
		if (look_up_env(x, str_make(name.data + 4, name.size - 4), &value)) {
			buf_append_str(to, value);
			return 0;
		}
	} else if (look_up_java(x, name, &value)) {
		buf_append_str(to, value);
		return 0;
	} else if (look_up_property(x, name, &value)) {
		return expand_value(x, name, value, to);
	}
	if (x->result->unset[0] == '\0')
		memcpy(x->result->unset, name.data, name.size);
	buf_append_format(to, "${%.*s}", STR_ARGS(name));
	return 0;
}

/* Start of the innermost "${" that the brace at the end of `text` closes; -1 if it closes none. */
static ssize_t innermost(struct str text)
{
	for (size_t i = text.size; i-- > 0;) {
		char c = text.data[i];

		if (c == '}' || c == ' ')
			return -1;
		if (c == '$')
			return text.size - i > 2 && text.data[i + 1] == '{' ? (ssize_t)i : -1;
	}
	return -1;
}

/* Replaces the references of `text`, whose property is on the way, from left to right. */
static int expand_text(struct expander *x, struct str text, struct buf *to)
{
	size_t start = to->size;

	for (size_t i = 0; i < text.size && !x->result->is_refused && !to->failed; i++) {
		struct str written = str_make(to->data + start, to->size - start);
		ssize_t open = text.data[i] == '}' ? innermost(written) : -1;
		char name[CONFIG_NAME_BYTES_MAX]; /* 'to' moves while it is used */
		size_t size;
		int rc;

		if (open < 0) {
			buf_append(to, text.data + i, 1);
			continue;
		}
		size = written.size - (size_t)open - 2;
		if (size > sizeof(name)) {
			refuse(x, "a reference with a name of more than 512 bytes");
			return 0;
		}
		memcpy(name, written.data + open + 2, size);
		to->size = start + (size_t)open;
		rc = expand_reference(x, str_make(name, size), to);
		if (rc < 0)
			return rc;
		if (to->size > CONFIG_VALUE_BYTES_MAX)
			refuse(x, "the references make it longer than 64KB");
	}
	return to->failed ? -ERR_NO_MEMORY : 0;
}

static int expand_value(struct expander *x, struct str name, struct str text, struct buf *to)
{
	int rc = 0;
	bool is_known = false;

	for (int i = 0; i < x->depth; i++)
		is_known = is_known || str_equal(x->names[i], name);
	x->names[x->depth++] = name;
	if (is_known)
		refuse(x, "the references go in a circle");
	else if (x->depth > CONFIG_EXPAND_DEPTH_MAX)
		refuse(x, "the references are more than 20 deep");
	else
		rc = expand_text(x, text, to);
	x->depth--;
	return rc;
}

int config_expand(const struct config_map *map, const struct config_reader *reader, struct str name,
                  struct str text, struct buf *to, struct config_expansion *ret)
{
	struct expander x = {.map = map, .reader = reader, .result = ret};

	*ret = (struct config_expansion){0};
	if (!buf_reserve(to, text.size + 1))
		return -ERR_NO_MEMORY;
	return expand_value(&x, name, text, to);
}
