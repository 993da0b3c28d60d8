/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the configuration to a quorum of masters.
 *
 * alluxio.master.embedded.journal.addresses lists the masters.  A master finds itself there as
 * Alluxio does: by alluxio.master.hostname (else this machine's name) and
 * alluxio.master.embedded.journal.port.  One that is about to join lists itself beside the others,
 * whose lists need not have it yet.  Without a list, or with holdfast.master.lone, a master is a
 * quorum of one, and listens for no others (docs/decisions/0010).
 */
#ifndef HOLDFAST_MAIN_REPLICATION_H
#define HOLDFAST_MAIN_REPLICATION_H

#include <stdbool.h>

#include "cli/site.h"
#include "journal/journal.h"

/* A text that is named by what it belongs to: host:port, with brackets around an IPv6 host. */
typedef char replication_address[JOURNAL_ADDRESS_BYTES_MAX + 1];

struct replication {
	struct journal_replication options; /* points to what stands below */
	replication_address self, service, listed[JOURNAL_MEMBERS_MAX];
	const char *addresses[JOURNAL_MEMBERS_MAX];
	struct buf first_entry, skip_entry, leap_entry;
};

/* Host under which others reach this master; without brackets. */
struct str replication_own_host(const struct cli_site *site);
/* CLI_OK, or the exit status after saying what does not fit. */
int replication_read(const struct cli_site *site, bool forms_alone,
                     struct replication *ret_replication);
/* The same of what does not depend on which of the masters, or whether one, runs here. */
int replication_check(const struct cli_site *site);
/* Says in the log what is allowed and surely not meant. */
void replication_warn(const struct replication *replication);
void replication_finish(struct replication *replication);

#endif
