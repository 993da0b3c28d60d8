/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that say where something is.  Each check gives NULL, or what is wrong with the text ("has
 * no host name").  Results are slices of it.  Private to this folder.
 */
#ifndef HOLDFAST_CONFIG_LOCATOR_H
#define HOLDFAST_CONFIG_LOCATOR_H

#include <stdint.h>

#include "base/str.h"
#include "config/config.h"

/* "host:port", "[::1]:port"; without a port it is `default_port`, if that is not 0. */
const char *config_parse_address(struct str text, uint16_t default_port,
                                 struct config_address *ret_address);

/* An absolute path, or a file: URI made one; without slashes at its end. */
const char *config_parse_path(struct str text, struct str *ret_path);

/* An absolute path, or anything behind a scheme.  `text` is not empty. */
const char *config_check_uri(struct str text);

#endif
