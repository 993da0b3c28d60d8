/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loaded configuration, and the steps that load it, in order.  Private to this folder.
 */
#ifndef HOLDFAST_CONFIG_PRIVATE_H
#define HOLDFAST_CONFIG_PRIVATE_H

#include "config/config.h"
#include "config/map.h"
#include "config/value.h"

enum { CONFIG_MAGIC = 0x43464721 };

struct config {
	uint32_t magic;
	struct config_map map;
	struct config_value values[CONFIG_KEY_COUNT];
};

/* All steps: 0, or -ERR_NO_MEMORY; what is wrong with the sources is in the report. */

/* Fills the map from files and overrides. */
int config_read_sources(struct config_map *map, const struct config_sources *sources,
                        struct config_report *report) MUST_USE;
/* Sets the map's own ids. */
int config_find_own_ids(struct config_map *map, const struct config_sources *sources,
                        struct config_report *report) MUST_USE;
/* Says which names are unknown, wrongly suffixed, or without effect. */
void config_judge_names(const struct config_map *map, struct config_report *report);
/* Replaces references, gives every property its typed value. */
int config_resolve(struct config *config, const struct config_reader *reader,
                   struct config_report *report) MUST_USE;

/* The row a name belongs to, with or without suffixes; CONFIG_KEY_COUNT: none. */
enum config_key config_key_of(struct str name);

#endif
