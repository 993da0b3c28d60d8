/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text into a typed value, by its row of the table.  Private to this folder.
 *
 * An empty text is no value for texts, lists, paths and addresses, and wrong for the others.
 */
#ifndef HOLDFAST_CONFIG_VALUE_H
#define HOLDFAST_CONFIG_VALUE_H

#include <stdbool.h>

#include "base/str.h"
#include "config/map.h"
#include "config/table.h"

struct config_value {
	bool has_value;
	struct str text;   /* as config_str() gives it */
	int64_t number;    /* BOOL, INT, OCTAL, ENUM; BYTES; DURATION in milliseconds */
	double real;       /* DOUBLE */
	struct str *items; /* STRINGS, PATHS, ADDRESSES: one by one, NUL-terminated */
	struct config_address *addresses; /* ADDRESS, ADDRESSES */
	size_t count;                     /* of them */
	const struct config_entry *entry; /* where it stands; NULL: the default */
};

/* 0; -ERR_INVALID with *ret_why saying what is wrong with the text ("is not a number");
 * -ERR_NO_MEMORY.  Copies go to the map's arena. */
int config_value_parse(struct config_map *map, const struct config_property *property,
                       struct str text, struct config_value *ret_value,
                       const char **ret_why) MUST_USE;

#endif
