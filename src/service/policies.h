/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HDFS's storage policies, by which clients name the kind of store they want.  They are shown and
 * kept with a file; placement does not follow them.  Source: BlockStoragePolicySuite.
 */
#ifndef HOLDFAST_SERVICE_POLICIES_H
#define HOLDFAST_SERVICE_POLICIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { POLICY_DEFAULT = 7, POLICY_LAZY_PERSIST = 15, POLICY_TYPES_MAX = 2 };

struct policy_types {
	uint8_t types[POLICY_TYPES_MAX]; /* Hdfs__StorageType, 0: no more */
};

struct policy {
	uint8_t id;
	struct str name;
	struct policy_types creation;
	struct policy_types creation_fallback;
	struct policy_types replication_fallback;
};

/* By number. */
const struct policy *policies(size_t *ret_count);
/* Names are compared as HDFS does, without regard to case. */
bool policy_find(struct str name, uint8_t *ret_id);

#endif
