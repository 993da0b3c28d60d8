/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names beyond the typed table: older ones, merely known ones, families that operators fill in, and
 * how a name that nobody knows is judged.  Private to this folder.
 */
#ifndef HOLDFAST_CONFIG_NAMES_H
#define HOLDFAST_CONFIG_NAMES_H

#include <stdbool.h>

#include "base/str.h"

/* The present name for an older one; the name itself if it is none. */
struct str config_name_canonical(struct str name);

/* True: the name is in a table of merely known names; *ret_default is the default there. */
bool config_name_known(struct str name, struct str *ret_default);
/* True: the name belongs to a family that operators fill in themselves. */
bool config_name_templated(struct str name);

/* True: a name of our table, without suffixes, that takes them. */
bool config_name_scoped(struct str name);

/* Where an unknown name stands. */
enum config_family {
	CONFIG_FAMILY_WHOLE,  /* we implement all of it: an unknown name is an error */
	CONFIG_FAMILY_NEAR,   /* alluxio. and dfs.: a warning */
	CONFIG_FAMILY_FOREIGN /* others: none of our business */
};
enum config_family config_name_family(struct str name);

/* The known name that looks most like this one; empty when none is near enough. */
struct str config_name_nearest(struct str name);

/* True: values of this name are not shown. */
bool config_name_secret(struct str name);

enum { CONFIG_SHOWN_SIZE = 80 };
/* The value as a message shows it: one line, cut, hidden when secret.  May use `text`. */
const char *config_value_shown(struct str name, struct str value, char text[CONFIG_SHOWN_SIZE]);

#endif
