/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files are open, by holder.  Derived from the records of open files.
 */
#ifndef HOLDFAST_NAMESPACE_LEASE_H
#define HOLDFAST_NAMESPACE_LEASE_H

#include <stdint.h>

#include "namespace/id_map.h"
#include "namespace/pool.h"

struct leases {
	struct pool files;        /* struct open_file */
	struct id_map of_inodes;  /* inode id -> row of files */
	struct id_map of_holders; /* text of the holder (intern.h) -> number of its files */
};

struct open_file {
	uint64_t inode;
	uint64_t number; /* of the lease */
	uint32_t holder; /* text */
};

void leases_init(struct leases *leases);
void leases_finish(struct leases *leases);
uint64_t leases_bytes(const struct leases *leases);
void leases_add(struct leases *leases, const struct open_file *file);
void leases_remove(struct leases *leases, uint64_t inode);
/* How many files a holder has open. */
uint64_t leases_count(const struct leases *leases, uint32_t holder);

#endif
