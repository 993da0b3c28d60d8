/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the configuration to the options of the folders below.
 */
#ifndef HOLDFAST_MAIN_OPTIONS_H
#define HOLDFAST_MAIN_OPTIONS_H

#include "cli/site.h"
#include "master/master.h"
#include "rpc/rpc.h"
#include "service/service.h"

/* Callbacks and context are the caller's to fill in.  replication: kept. */
void master_options_read(const struct cli_site *site, const struct journal_replication *replication,
                         struct master_options *ret_options);
/* io, master, callbacks, context are the caller's. */
void service_options_read(const struct cli_site *site, struct service_options *ret_options);
/* host, port, callbacks, context are the caller's. */
void rpc_options_read(const struct cli_site *site, struct rpc_server_options *ret_options);

#endif
