/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References in values.  Private to this folder.
 *
 *	${key}                the value of another property, its own references replaced
 *	${env.X}              the environment
 *	${env.X-text}         text when X is not set
 *	${env.X:-text}        text when X is not set or empty
 *
 * ${user.name}, ${user.home} and ${java.io.tmpdir}, which Java knows of itself, come from the
 * environment.  A name may itself contain references: the innermost are replaced first.  What is
 * not set stays as it is written; whether that is an error is the caller's business.
 */
#ifndef HOLDFAST_CONFIG_EXPAND_H
#define HOLDFAST_CONFIG_EXPAND_H

#include "base/buf.h"
#include "base/str.h"
#include "config/config.h"
#include "config/map.h"

enum {
	CONFIG_EXPAND_DEPTH_MAX = 20,   /* references that lead to each other, as in Hadoop */
	CONFIG_EXPAND_COUNT_MAX = 1000, /* references in one value, all depths together */
};

struct config_expansion {
	char unset[CONFIG_NAME_BYTES_MAX + 1]; /* first reference that stayed as it is; "": none */
	bool is_refused;                       /* a cycle, or a limit; `why` says which */
	char why[512];
};

/* Appends `text` with its references replaced.  0 also when the expansion is refused or incomplete,
 * which *ret says; -ERR_NO_MEMORY.  `name` is the property whose value this is. */
int config_expand(const struct config_map *map, const struct config_reader *reader, struct str name,
                  struct str text, struct buf *to, struct config_expansion *ret) MUST_USE;

#endif
