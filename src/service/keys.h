/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block tokens are not in use; messages that must carry their keys say so with these.
 */
#ifndef HOLDFAST_SERVICE_KEYS_H
#define HOLDFAST_SERVICE_KEYS_H

#include "proto/server.pb-c.h"

struct no_keys {
	Server__ExportedBlockKeys keys;
	Server__BlockKey current; /* must be there all the same */
};

/* Borrows *none. */
static inline Server__ExportedBlockKeys *no_keys(struct no_keys *none)
{
	server__exported_block_keys__init(&none->keys);
	server__block_key__init(&none->current);
	none->current.has_key_bytes = true;
	none->keys.current_key = &none->current;
	return &none->keys;
}

#endif
