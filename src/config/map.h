/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map that all sources write into, weakest first: which value of a name counts, and where it
 * stood.  Older names become the present ones here; `final` and disagreements are decided here.
 * Private to this folder.
 *
 * The map owns copies of everything (its arena).  Entries are sorted by name.
 */
#ifndef HOLDFAST_CONFIG_MAP_H
#define HOLDFAST_CONFIG_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "config/report.h"

enum { CONFIG_ENTRIES_MAX = 16384, CONFIG_NAME_BYTES_MAX = 512, CONFIG_VALUE_BYTES_MAX = 65536 };

struct config_value;

/* Where a value stands. */
struct config_place {
	struct str file; /* its path, or "-D"; lives as long as the map */
	unsigned line;   /* from 1; 0 for -D */
};

struct config_entry {
	struct str name;                   /* with suffixes */
	struct str value;                  /* as written, without blanks at its ends */
	struct str text;                   /* after substitution */
	const struct config_value *parsed; /* NULL: not in our table, or wrong */
	struct config_place place;
	bool is_final;
};

struct config_map {
	struct arena arena;
	struct config_entry **entries;
	size_t count;
	size_t capacity;
	struct str nameservice; /* own ids; empty: not known */
	struct str namenode;
};

void config_map_init(struct config_map *map);
void config_map_finish(struct config_map *map);

/* 0 also when the value is refused, which the report says; -ERR_NO_MEMORY. */
int config_map_set(struct config_map *map, const struct config_place *place, struct str name,
                   struct str value, bool is_final, struct config_report *report);

/* The entry of exactly this name, NULL if there is none. */
const struct config_entry *config_map_find(const struct config_map *map, struct str name);
/* name.nameservice.namenode, else name.nameservice, else name; empty ids are skipped. */
const struct config_entry *config_map_find_scoped(const struct config_map *map, struct str name,
                                                  struct str nameservice, struct str namenode);
/* What counts for the own ids, where the name takes suffixes; else as config_map_find(). */
const struct config_entry *config_map_find_own(const struct config_map *map, struct str name);

/* "file:line", or "-D". */
void config_place_append(const struct config_place *place, struct buf *to);

/* A copy in the map's arena, NUL-terminated beyond its size; data is NULL without memory. */
struct str config_map_copy(struct config_map *map, struct str text);

#endif
