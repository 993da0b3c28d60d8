/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to say about a name.
 */
#include "config/names.h"
#include "config/private.h"

/* A suggestion compares with all names: this many a load. */
enum { SUGGESTIONS_MAX = 20 };

/* Cuts the last component off *name into *ret_last.  False: there is only one. */
static bool cut_last(struct str *name, struct str *ret_last)
{
	const char *dot = name->size == 0 ? NULL : memrchr(name->data, '.', name->size);
	size_t size;

	if (dot == NULL)
		return false;
	size = (size_t)(dot - name->data);
	*ret_last = str_make(dot + 1, name->size - size - 1);
	name->size = size;
	return true;
}

enum config_key config_key_of(struct str name)
{
	enum config_key key = config_property_find(name);
	struct str base = name;
	struct str suffix;

	/* dfs.namenode.name.dir.restore is a name of its own. */
	if (key == CONFIG_KEY_COUNT && config_name_known(name, &suffix))
		return CONFIG_KEY_COUNT;
	for (int suffixes = 0; key == CONFIG_KEY_COUNT && suffixes < 2; suffixes++) {
		if (!cut_last(&base, &suffix))
			break;
		if (config_name_scoped(base))
			key = config_property_find(base);
	}
	return key;
}

static bool list_has(struct str list, struct str item)
{
	struct str next;

	while (config_next_item(&list, &next)) {
		if (str_equal(next, item))
			return true;
	}
	return false;
}

static struct str value_of(const struct config_map *map, struct str name)
{
	const struct config_entry *entry = config_map_find(map, name);

	return entry == NULL ? (struct str){0} : entry->text;
}

/* The list of ids by this name, of a nameservice. */
static struct str ids_of(const struct config_map *map, struct str name, struct str nameservice)
{
	const struct config_entry *entry = config_map_find_scoped(map, name, nameservice,
	                                                          /* namenode: */ (struct str){0});

	return entry == NULL ? (struct str){0} : entry->text;
}

static bool is_nameservice(const struct config_map *map, struct str id)
{
	return list_has(value_of(map, STR("dfs.nameservices")), id);
}

/* A name without its suffixes, and these. */
struct suffixed {
	struct str base;
	struct str nameservice;
	struct str namenode; /* empty: one suffix only */
};

/* May carry suffixes as far as we know: ours if the table says so, merely known ones of HDFS. */
static bool takes_suffix(struct str base)
{
	struct str ignored;

	if (config_property_find(base) != CONFIG_KEY_COUNT)
		return config_name_scoped(base);
	return (str_starts_with(base, STR("dfs.")) || str_starts_with(base, STR("ha."))) &&
	       config_name_known(base, &ignored);
}

static bool split_suffixes(struct str name, struct suffixed *ret)
{
	struct suffixed split = {.base = name};

	if (!cut_last(&split.base, &split.nameservice))
		return false;
	if (!takes_suffix(split.base)) {
		split.namenode = split.nameservice;
		if (!cut_last(&split.base, &split.nameservice) || !takes_suffix(split.base))
			return false;
	}
	*ret = split;
	return true;
}

static enum config_severity severity_of(struct str name)
{
	return config_name_family(name) == CONFIG_FAMILY_WHOLE ? CONFIG_ERROR : CONFIG_WARNING;
}

/* Ids that nobody declares are most likely misspelt. */
static bool has_declared_ids(const struct config_map *map, const struct config_entry *entry,
                             const struct suffixed *split, struct config_report *report)
{
	bool is_alluxio = str_starts_with(split->base, STR("alluxio."));
	struct str list = is_alluxio ? STR("alluxio.master.nameservices") : STR("dfs.ha.namenodes");

	/* alluxio.master.nameservices.X declares X itself */
	if (!is_alluxio && !is_nameservice(map, split->nameservice)) {
		config_report_add(report, severity_of(entry->name), entry->place.file,
		                  entry->place.line,
		                  "%.*s is for the nameservice \"%.*s\", which is not in "
		                  "dfs.nameservices",
		                  STR_ARGS(entry->name), STR_ARGS(split->nameservice));
		return false;
	}
	if (split->namenode.size > 0 &&
	    !list_has(ids_of(map, list, split->nameservice), split->namenode)) {
		config_report_add(report, severity_of(entry->name), entry->place.file,
		                  entry->place.line,
		                  "%.*s is for the namenode \"%.*s\", which is not in "
		                  "%.*s.%.*s",
		                  STR_ARGS(entry->name), STR_ARGS(split->namenode), STR_ARGS(list),
		                  STR_ARGS(split->nameservice));
		return false;
	}
	return true;
}

static void report_no_effect(const struct config_entry *entry, struct config_report *report)
{
	config_report_add(report, CONFIG_NOTE, entry->place.file, entry->place.line,
	                  "%.*s has no effect", STR_ARGS(entry->name));
}

static void report_unknown(const struct config_entry *entry, size_t *suggestions,
                           struct config_report *report)
{
	struct str nearest = {0};

	if (config_name_family(entry->name) == CONFIG_FAMILY_FOREIGN)
		return;
	if ((*suggestions)++ < SUGGESTIONS_MAX)
		nearest = config_name_nearest(entry->name);
	config_report_add(report, severity_of(entry->name), entry->place.file, entry->place.line,
	                  "unknown property %.*s%s%.*s%s", STR_ARGS(entry->name),
	                  nearest.size == 0 ? "" : "; did you mean ", STR_ARGS(nearest),
	                  nearest.size == 0 ? "" : "?");
}

static void judge(const struct config_map *map, const struct config_entry *entry,
                  size_t *suggestions, struct config_report *report)
{
	struct suffixed split = {.base = entry->name};
	struct str ignored;
	enum config_key key;
	bool is_exact = config_property_find(entry->name) != CONFIG_KEY_COUNT ||
	                config_name_known(entry->name, &ignored) ||
	                config_name_templated(entry->name);

	if (!is_exact && !split_suffixes(entry->name, &split)) {
		report_unknown(entry, suggestions, report);
		return;
	}
	if (!is_exact && !has_declared_ids(map, entry, &split, report))
		return;
	key = config_property_find(split.base);
	if (key == CONFIG_KEY_COUNT || !config_property(key)->is_obeyed)
		report_no_effect(entry, report);
}

/* The own `id`, which some property or the caller said, must be in the list of another property. */
static void check_own_id(const struct config_map *map, struct str said_by, struct str id,
                         struct str list, const char *list_name, struct config_report *report)
{
	const struct config_entry *entry = config_map_find(map, said_by);
	struct config_place place = {.file = said_by};

	if (id.size == 0 || list.size == 0 || list_has(list, id))
		return;
	if (entry != NULL)
		place = entry->place;
	config_report_add(report, CONFIG_ERROR, place.file, place.line,
	                  "%.*s: the own id \"%.*s\" is not in %s (%.*s)", STR_ARGS(said_by),
	                  STR_ARGS(id), list_name, STR_ARGS(list));
}

void config_judge_names(const struct config_map *map, struct config_report *report)
{
	size_t suggestions = 0;

	check_own_id(map, STR("dfs.nameservice.id"), map->nameservice,
	             value_of(map, STR("dfs.nameservices")), "dfs.nameservices", report);
	check_own_id(map, STR("dfs.ha.namenode.id"), map->namenode,
	             ids_of(map, STR("dfs.ha.namenodes"), map->nameservice), "dfs.ha.namenodes",
	             report);
	for (size_t i = 0; i < map->count; i++)
		judge(map, map->entries[i], &suggestions, report);
}
