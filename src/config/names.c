/* SPDX-License-Identifier: Apache-2.0 */
#include "config/names.h"

#include <stdint.h>
#include <strings.h>

#include "base/check.h"
#include "config/config.h"
#include "config/table.h"

enum { NEAREST_NAME_SIZE = 128 }; /* longer names get no suggestion */

struct known_name {
	struct str name;
	struct str other; /* the default, or the present name */
};

static const struct known_name known_hadoop[] = {
#define KNOWN(key, text) {STR(key), STR(text)},
#include "config/known_hadoop.def"
};

static const struct known_name known_alluxio[] = {
#include "config/known_alluxio.def"
#undef KNOWN
};

static const struct known_name aliases[] = {
#define ALIAS(old, new) {STR(old), STR(new)},
#include "config/aliases.def"
#undef ALIAS
};

static const struct str templates[] = {
#define TEMPLATE(pattern) STR(pattern),
#include "config/known_templates.def"
#undef TEMPLATE
};

/* Families of which we implement the whole. */
static const struct str whole_families[] = {
        STR("holdfast."),
        STR("alluxio.master.journal."),
        STR("alluxio.master.embedded.journal."),
        STR("alluxio.master.backup."),
        STR("alluxio.master.daily.backup."),
        STR("alluxio.zookeeper."),
        STR("dfs.ha."),
        STR("ha."),
};

static const struct str near_families[] = {STR("alluxio."), STR("dfs.")};

static const struct known_name *search(const struct known_name *table, size_t count,
                                       struct str name)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_compare(name, table[middle].name);

		if (order == 0)
			return &table[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

struct str config_name_canonical(struct str name)
{
	const struct known_name *alias = search(aliases, COUNT_OF(aliases), name);

	return alias == NULL ? name : alias->other;
}

bool config_name_known(struct str name, struct str *ret_default)
{
	const struct known_name *known = search(known_hadoop, COUNT_OF(known_hadoop), name);

	if (known == NULL)
		known = search(known_alluxio, COUNT_OF(known_alluxio), name);
	if (known == NULL)
		return false;
	*ret_default = known->other;
	return true;
}

/* A star stands for one or more characters.  Goes back to the last star only, which is enough. */
static bool matches(struct str pattern, struct str name)
{
	size_t p = 0;
	size_t n = 0;
	size_t star = SIZE_MAX; /* place of the last star in the pattern */
	size_t taken = 0;       /* end of what it has taken of the name */

	while (n < name.size) {
		if (p < pattern.size && pattern.data[p] == '*') {
			star = p++;
			taken = ++n;
		} else if (p < pattern.size && pattern.data[p] == name.data[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++taken;
		} else {
			return false;
		}
	}
	return p == pattern.size;
}

bool config_name_templated(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(templates); i++) {
		if (matches(templates[i], name))
			return true;
	}
	return false;
}

bool config_name_scoped(struct str name)
{
	enum config_key key = config_property_find(name);

	return key != CONFIG_KEY_COUNT && config_property(key)->is_scoped;
}

static bool starts_with_any(struct str name, const struct str *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_starts_with(name, prefixes[i]))
			return true;
	}
	return false;
}

enum config_family config_name_family(struct str name)
{
	if (starts_with_any(name, whole_families, COUNT_OF(whole_families)))
		return CONFIG_FAMILY_WHOLE;
	if (starts_with_any(name, near_families, COUNT_OF(near_families)))
		return CONFIG_FAMILY_NEAR;
	return CONFIG_FAMILY_FOREIGN;
}

bool config_name_secret(struct str name)
{
	static const char *const marks[] = {"password",    "secret",    "credential",
	                                    "account.key", "accesskey", "access.key"};

	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		size_t size = strlen(marks[i]);

		for (size_t at = 0; at + size <= name.size; at++) {
			if (strncasecmp(name.data + at, marks[i], size) == 0)
				return true;
		}
	}
	return str_starts_with(name, STR("ha.zookeeper.auth"));
}

const char *config_value_shown(struct str name, struct str value, char text[CONFIG_SHOWN_SIZE])
{
	size_t size = value.size < CONFIG_SHOWN_SIZE ? value.size : CONFIG_SHOWN_SIZE - 1;

	if (config_name_secret(name))
		return "(hidden)";
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)value.data[i];

		text[i] = (char)(byte < ' ' || byte == 0x7f ? ' ' : byte);
	}
	text[size] = '\0';
	return text;
}

/* Fewest insertions, deletions, replacements and swaps of neighbours that make b of a; `limit` + 1
 * when there are more than `limit`. */
static size_t distance(struct str a, struct str b, size_t limit)
{
	size_t rows[3][NEAREST_NAME_SIZE + 1];

	for (size_t j = 0; j <= b.size; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		size_t *row = rows[i % 3];
		const size_t *up = rows[(i + 2) % 3];
		const size_t *up2 = rows[(i + 1) % 3];
		size_t best = row[0] = i;

		for (size_t j = 1; j <= b.size; j++) {
			size_t cost = up[j - 1] + (a.data[i - 1] != b.data[j - 1]);

			if (up[j] + 1 < cost)
				cost = up[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1] && up2[j - 2] + 1 < cost)
				cost = up2[j - 2] + 1;
			row[j] = cost;
			if (cost < best)
				best = cost;
		}
		if (best > limit)
			return limit + 1;
	}
	return rows[a.size % 3][b.size];
}

/* Takes `candidate` if it is nearer than *best, which is at most *limit away. */
static void consider(struct str name, struct str candidate, struct str *best, size_t *limit)
{
	size_t longer = name.size > candidate.size ? name.size : candidate.size;
	size_t shorter = name.size + candidate.size - longer;
	size_t found;

	if (longer > NEAREST_NAME_SIZE || longer - shorter > *limit)
		return;
	found = distance(name, candidate, *limit);
	if (found < *limit || (found == *limit && best->size == 0)) {
		*best = candidate;
		*limit = found;
	}
}

struct str config_name_nearest(struct str name)
{
	struct str best = {0};
	size_t limit = name.size / 5 + 1;

	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++)
		consider(name, config_property(key)->name, &best, &limit);
	for (size_t i = 0; i < COUNT_OF(known_alluxio); i++)
		consider(name, known_alluxio[i].name, &best, &limit);
	for (size_t i = 0; i < COUNT_OF(known_hadoop); i++)
		consider(name, known_hadoop[i].name, &best, &limit);
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		consider(name, aliases[i].name, &best, &limit);
	return best;
}
