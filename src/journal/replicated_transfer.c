/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/replicated.h"

void replicated_want_chunk(struct replicated *replicated, const struct raft_fetch_chunk *fetch)
{
	(void)replicated;
	(void)fetch;
}

void replicated_store(struct replicated *replicated, const struct raft_store *store)
{
	(void)replicated;
	(void)store;
}
