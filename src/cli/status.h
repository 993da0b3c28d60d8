/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a master says of itself: one JSON object (proto/status.proto).
 */
#ifndef HOLDFAST_CLI_STATUS_H
#define HOLDFAST_CLI_STATUS_H

#include <jansson.h>

#include "base/buf.h"
#include "cli/connect.h"

/* To be freed with json_decref(); NULL: `why` says why not. */
json_t *cli_status_ask(const struct cli_site *site, const struct client_address *master,
                       struct buf *why);

/* "?" and 0 for what it does not say; whole numbers. */
const char *cli_status_text(const json_t *status, const char *key);
long long cli_status_number(const json_t *status, const char *key);

#endif
