/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of `holdfast config list|get|check|docs`.  The command line calls these and prints
 * what they wrote; memory that runs out shows as `to->failed`.
 */
#ifndef HOLDFAST_CONFIG_COMMANDS_H
#define HOLDFAST_CONFIG_COMMANDS_H

#include "base/buf.h"
#include "base/str.h"
#include "config/config.h"

/* "key=value (where it comes from)" of every property of our table that has a value and of all
 * others that are set, sorted by name; secrets are masked. */
void config_list(const struct config *config, struct buf *to);

/* The value alone, as it counts after substitution; of a secret too, for it was asked by name.
 * -ERR_NOT_FOUND: nobody knows this key. */
int config_get(const struct config *config, struct str name, struct buf *to);
/* Where it comes from, in Alluxio's words: DEFAULT, SITE_PROPERTY (file), SYSTEM_PROPERTY (of -D).
 */
int config_source(const struct config *config, struct str name, struct buf *to);
/* config_list() in Alluxio's form: "key=value" and, if asked for, " (source)". */
void config_list_sources(const struct config *config, bool with_sources, struct buf *to);
/* The same with source, default, unit, what is allowed and the explanation, one a line. */
int config_explain(const struct config *config, struct str name, struct buf *to);

/* The known key that looks most like one that nobody knows; empty: none does. */
struct str config_nearest(struct str name);

/* Every row of the report and a verdict as the last line.  False: the configuration is refused. */
bool config_check(const struct config_report *report, struct buf *to);

/* The property page of the manual, in Markdown (docs/properties.md). */
void config_docs(struct buf *to);

#endif
