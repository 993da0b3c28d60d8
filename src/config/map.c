/* SPDX-License-Identifier: Apache-2.0 */
#include "config/map.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/names.h"
#include "config/units.h"

enum { MAP_ENTRIES_FIRST = 64 };

void config_map_init(struct config_map *map)
{
	*map = (struct config_map){0};
	arena_init(&map->arena, 0);
}

void config_map_finish(struct config_map *map)
{
	arena_finish(&map->arena);
	mem_free(map->entries);
	*map = (struct config_map){0};
}

struct str config_map_copy(struct config_map *map, struct str text)
{
	char *copy = arena_alloc(&map->arena, text.size + 1);

	if (copy == NULL)
		return (struct str){0};
	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return str_make(copy, text.size);
}

void config_place_append(const struct config_place *place, struct buf *to)
{
	buf_append_str(to, place->file);
	if (place->line > 0)
		buf_append_format(to, ":%u", place->line);
}

/* Position of the name, or where it belongs. */
static size_t lower_bound(const struct config_map *map, struct str name)
{
	size_t low = 0;
	size_t high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_compare(map->entries[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct config_entry *find(const struct config_map *map, struct str name)
{
	size_t at = lower_bound(map, name);

	if (at == map->count || !str_equal(map->entries[at]->name, name))
		return NULL;
	return map->entries[at];
}

const struct config_entry *config_map_find(const struct config_map *map, struct str name)
{
	return find(map, name);
}

const struct config_entry *config_map_find_scoped(const struct config_map *map, struct str name,
                                                  struct str nameservice, struct str namenode)
{
	char suffixed[3 * CONFIG_NAME_BYTES_MAX + 3];
	const struct config_entry *entry = NULL;
	int size;

	if (nameservice.size == 0 || nameservice.size > CONFIG_NAME_BYTES_MAX ||
	    namenode.size > CONFIG_NAME_BYTES_MAX || name.size > CONFIG_NAME_BYTES_MAX)
		return find(map, name);
	if (namenode.size > 0) {
		size = snprintf(suffixed, sizeof(suffixed), "%.*s.%.*s.%.*s", STR_ARGS(name),
		                STR_ARGS(nameservice), STR_ARGS(namenode));
		entry = find(map, str_make(suffixed, (size_t)size));
	}
	if (entry == NULL) {
		size = snprintf(suffixed, sizeof(suffixed), "%.*s.%.*s", STR_ARGS(name),
		                STR_ARGS(nameservice));
		entry = find(map, str_make(suffixed, (size_t)size));
	}
	return entry != NULL ? entry : find(map, name);
}

const struct config_entry *config_map_find_own(const struct config_map *map, struct str name)
{
	if (!config_name_scoped(name))
		return find(map, name);
	return config_map_find_scoped(map, name, map->nameservice, map->namenode);
}

static int insert(struct config_map *map, struct config_entry *entry)
{
	size_t at = lower_bound(map, entry->name);

	if (map->count == map->capacity) {
		size_t capacity = map->capacity == 0 ? MAP_ENTRIES_FIRST : 2 * map->capacity;
		struct config_entry **entries =
		        mem_realloc(map->entries, capacity * sizeof(struct config_entry *));

		if (entries == NULL)
			return -ERR_NO_MEMORY;
		map->entries = entries;
		map->capacity = capacity;
	}
	memmove(map->entries + at + 1, map->entries + at,
	        (map->count - at) * sizeof(struct config_entry *));
	map->entries[at] = entry;
	map->count++;
	return 0;
}

/* Says that two places disagree, unless the stronger one is -D, whose purpose this is. */
static void report_disagreement(const struct config_entry *old, const struct config_place *place,
                                struct str value, struct config_report *report)
{
	char old_text[CONFIG_SHOWN_SIZE];
	char new_text[CONFIG_SHOWN_SIZE];

	if (place->line == 0)
		return;
	config_report_add(report, CONFIG_WARNING, place->file, place->line,
	                  "%.*s is \"%s\" here and \"%s\" in %.*s:%u; this one counts",
	                  STR_ARGS(old->name), config_value_shown(old->name, value, new_text),
	                  config_value_shown(old->name, old->value, old_text),
	                  STR_ARGS(old->place.file), old->place.line);
}

/* An older name becomes the present one; with suffixes only where the present one takes them. */
static struct str canonical(struct str name, char *text, size_t text_size)
{
	struct str base = name;

	for (int suffixes = 0; suffixes <= 2; suffixes++) {
		struct str present = config_name_canonical(base);
		const char *dot;

		if (!str_equal(present, base) && (suffixes == 0 || config_name_scoped(present))) {
			int size = snprintf(text, text_size, "%.*s%.*s", STR_ARGS(present),
			                    (int)(name.size - base.size), name.data + base.size);

			return str_make(text, (size_t)size);
		}
		dot = memrchr(base.data, '.', base.size);
		if (dot == NULL)
			break;
		base.size = (size_t)(dot - base.data);
	}
	return name;
}

static bool is_acceptable(const struct config_map *map, const struct config_place *place,
                          struct str name, struct str value, struct config_report *report)
{
	const char *why = NULL;

	if (name.size == 0)
		why = "a property without a name";
	else if (name.size > CONFIG_NAME_BYTES_MAX)
		why = "the name of a property is longer than 512 bytes";
	else if (value.size > CONFIG_VALUE_BYTES_MAX)
		why = "the value of a property is longer than 64KB";
	else if (memchr(name.data, '\0', name.size) != NULL ||
	         (value.size > 0 && memchr(value.data, '\0', value.size) != NULL))
		why = "a property contains a zero byte";
	else if (map->count == CONFIG_ENTRIES_MAX)
		why = "more than 16384 properties";
	if (why != NULL)
		config_report_add(report, CONFIG_ERROR, place->file, place->line, "%s", why);
	return why == NULL;
}

static int add(struct config_map *map, const struct config_place *place, struct str name,
               struct str value, bool is_final)
{
	struct config_entry *entry = arena_alloc(&map->arena, sizeof(*entry));

	if (entry == NULL)
		return -ERR_NO_MEMORY;
	*entry = (struct config_entry){.name = config_map_copy(map, name),
	                               .value = config_map_copy(map, value),
	                               .place = *place,
	                               .is_final = is_final};
	if (entry->name.data == NULL || entry->value.data == NULL)
		return -ERR_NO_MEMORY;
	return insert(map, entry);
}

int config_map_set(struct config_map *map, const struct config_place *place, struct str name,
                   struct str value, bool is_final, struct config_report *report)
{
	char text[2 * CONFIG_NAME_BYTES_MAX];
	struct config_entry *entry;
	struct str written;
	struct str copy;

	written = config_trim(name);
	value = config_trim(value);
	if (!is_acceptable(map, place, written, value, report))
		return 0;
	name = canonical(written, text, sizeof(text));
	if (!str_equal(name, written))
		config_report_add(report, CONFIG_NOTE, place->file, place->line,
		                  "%.*s is called %.*s now", STR_ARGS(written), STR_ARGS(name));
	entry = find(map, name);
	if (entry == NULL)
		return add(map, place, name, value, is_final);
	if (entry->is_final) {
		if (!str_equal(entry->value, value))
			config_report_add(report, CONFIG_WARNING, place->file, place->line,
			                  "%.*s is final in %.*s:%u; this value does not count",
			                  STR_ARGS(name), STR_ARGS(entry->place.file),
			                  entry->place.line);
		return 0;
	}
	copy = config_map_copy(map, value);
	if (copy.data == NULL)
		return -ERR_NO_MEMORY;
	if (!str_equal(entry->value, value))
		report_disagreement(entry, place, value, report);
	entry->value = copy;
	entry->place = *place;
	entry->is_final = is_final;
	return 0;
}
