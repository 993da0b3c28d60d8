/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of one core begin and end with.  The test speaks for all peers, and is the clock.  Its
 * state is a struct whose first member is the core.  Include after cmocka.h.
 */
#ifndef HOLDFAST_TESTS_UNIT_RAFT_CORE_H
#define HOLDFAST_TESTS_UNIT_RAFT_CORE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raft/raft.h"

enum { ELECTION_MS = 100, HEARTBEAT_MS = 10, RETRY_MS = HEARTBEAT_MS };

static inline struct raft_id id_of(char name)
{
	struct raft_id id;

	memset(id.bytes, name, sizeof(id.bytes));
	return id;
}

static inline struct raft_options options_of(char name, const char *address,
                                             const char *const *addresses, size_t count)
{
	return (struct raft_options){.self = id_of(name),
	                             .address = address,
	                             .addresses = addresses,
	                             .address_count = count,
	                             .election_min_ms = ELECTION_MS,
	                             .election_max_ms = ELECTION_MS + ELECTION_MS / 2,
	                             .heartbeat_ms = HEARTBEAT_MS,
	                             .retry_ms = RETRY_MS,
	                             .append_bytes_max = 1000,
	                             .window_bytes_max = 1000,
	                             .chunk_bytes_max = 1000};
}

/* Entry 1: so many members, named one letter after the other, the first of which vote. */
static inline struct raft_list list_of(char first, const char *const *addresses, size_t count,
                                       size_t voters)
{
	struct raft_list list = {.index = 1, .members.count = count};

	for (size_t i = 0; i < count; i++) {
		struct raft_member *member = &list.members.member[i];

		member->id = id_of((char)(first + (char)i));
		member->is_voter = i < voters;
		snprintf(member->address, sizeof(member->address), "%s", addresses[i]);
	}
	return list;
}

static inline int teardown(void **state)
{
	struct raft **core = *state;

	raft_destroy(*core);
	free(core);
	return 0;
}

#endif
