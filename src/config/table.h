/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed table (properties.def) as data, and what it says for people.  Private to this folder.
 */
#ifndef HOLDFAST_CONFIG_TABLE_H
#define HOLDFAST_CONFIG_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "config/config.h"

enum config_type {
	CONFIG_BOOL,
	CONFIG_INT,
	CONFIG_OCTAL,
	CONFIG_DOUBLE,
	CONFIG_BYTES,
	CONFIG_DURATION,
	CONFIG_STRING,
	CONFIG_STRINGS,
	CONFIG_ENUM,
	CONFIG_PATH,
	CONFIG_PATHS,
	CONFIG_URI,
	CONFIG_ADDRESS,
	CONFIG_ADDRESSES
};

/* What a value of zero means. */
enum config_zero { CONFIG_ZERO_REFUSED, CONFIG_ZERO_OFF, CONFIG_ZERO_LITERAL };

enum { CONFIG_MASTER = 1, CONFIG_WORKER = 2, CONFIG_CLIENT = 4, CONFIG_CLI = 8 };

struct config_property {
	struct str name;
	enum config_type type;
	const char *default_text; /* as in a file; NULL: none */
	int64_t unit;             /* DURATION: nanoseconds of a bare number's unit */
	int64_t min;              /* bytes, milliseconds, or the number itself */
	int64_t max;
	double min_double;
	double max_double;
	enum config_zero zero;
	const char *words; /* ENUM: "A|B" */
	uint16_t port;     /* ADDRESS: when left out; 0: must be there */
	bool is_umask;     /* OCTAL: letters say what files do get */
	bool is_scoped;    /* the name may carry nameservice and namenode */
	uint8_t readers;   /* CONFIG_MASTER and the others, ored */
	bool is_obeyed;
	const char *doc;
};

const struct config_property *config_property(enum config_key key);
/* CONFIG_KEY_COUNT: no row has this name. */
enum config_key config_property_find(struct str name);

/* The row with the smallest name above `after`, to walk them in order; CONFIG_KEY_COUNT: none. */
enum config_key config_property_next(struct str after);

/* Names for people: "duration", "bytes", ... */
const char *config_type_name(enum config_type type);
/* DURATION: what a bare number counts. */
const char *config_property_unit(const struct config_property *property);
/* What a value may be: "100ms to 1h, or 0 (off)".  Empty where everything may be. */
void config_property_allowed(const struct config_property *property, struct buf *to);
/* A value that would be taken. */
const char *config_property_example(const struct config_property *property);

#endif
