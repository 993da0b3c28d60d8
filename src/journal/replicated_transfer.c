/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/replicated.h"

void replicated_read_log(struct replicated *replicated, const struct raft_fetch *fetch)
{
	struct raft_event event = {.kind = RAFT_FETCHED, .fetched = {.number = fetch->number}};

	replicated_step(replicated, &event);
}

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
