/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file VERSION of a worker's folder: who the worker is, and which cluster the folder belongs
 * to.  Lines of key=value, with HDFS's keys.  Inside of worker/.
 */
#ifndef HOLDFAST_WORKER_STORE_VERSION_H
#define HOLDFAST_WORKER_STORE_VERSION_H

#include <stdint.h>

#include "base/check.h"
#include "io/io.h"

enum { STORE_NAME_BYTES = 256 };

struct store_version {
	char worker_uuid[STORE_NAME_BYTES];
	char storage_uuid[STORE_NAME_BYTES];
	char cluster_id[STORE_NAME_BYTES]; /* "": not bound to a cluster yet */
	char pool[STORE_NAME_BYTES];       /* block pool id */
	uint32_t namespace_id;
};

/* Reads it; a folder that has none and is empty gets a new one.  *ret_text: what is wrong. */
MUST_USE int store_version_load(struct io *io, const char *folder,
                                struct store_version *ret_version, char **ret_text);
/* Replaces it, durably. */
MUST_USE int store_version_save(struct io *io, const char *folder,
                                const struct store_version *version);

#endif
