/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new cluster's identity, as Hadoop knows it: what entry 1 of a journal says.
 */
#ifndef HOLDFAST_CLI_IDENTITY_H
#define HOLDFAST_CLI_IDENTITY_H

#include "base/buf.h"
#include "cli/site.h"

enum { IDENTITY_BYTES = 128 };

struct identity {
	char cluster_id[IDENTITY_BYTES];    /* CID-<uuid> */
	char block_pool_id[IDENTITY_BYTES]; /* BP-<random>-<address>-<milliseconds> */
	uint32_t namespace_id;
	uint64_t ctime_ms;
};

/* cluster_id NULL: drawn, as the rest is. */
void identity_draw(const struct cli_site *site, const char *cluster_id, struct identity *identity);
/* Appends entry 1's payload (kind `cluster`), with the root's owner, group and mode. */
void identity_encode(const struct cli_site *site, const struct identity *identity, struct buf *to);

#endif
