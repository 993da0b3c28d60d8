/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases: how long a client's right to write a file lasts unheard of.
 *
 * Who holds which lease is replicated (namespace/).  Renewals are not: they live here, by the
 * client's name, and start afresh at promotion, so no writer loses its file because masters
 * changed.  A lease not renewed within the soft limit may be taken by another writer who asks for
 * the file; past the hard limit the primary proposes expire_lease, which names inode, holder and
 * number and has no effect if these changed.
 *
 * Loop thread.  Elapsed time.  Source of behaviour: HDFS LeaseManager.
 */
#ifndef HOLDFAST_MASTER_LEASES_H
#define HOLDFAST_MASTER_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct leases;

/* renewLease: call it inside a read's ready(), so that only a primary hears it.  Who holds no lease
 * is not remembered. */
void leases_renew(struct leases *leases, struct str holder);
/* Not heard of within the soft limit.  A holder that this primary never heard of counts from
 * promotion. */
bool leases_is_past_soft_limit(struct leases *leases, struct str holder);

#endif
