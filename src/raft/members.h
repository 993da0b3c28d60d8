/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a cluster: who votes, who only receives.
 *
 * A member is an id, drawn when its folder was formatted, and an address.  A master whose folder
 * was wiped comes back under its old address with a new id, and so is never taken for the voter
 * that it was.
 *
 * As bytes (payload of the journal's entry kind `members`), little endian:
 *    0  1  version: 1
 *    1  1  members, 1 to RAFT_MEMBERS_MAX
 *   each member:
 *    0 16  id, not zero
 *   16  1  1 voter, 0 learner
 *   17  1  priority
 *   18  2  length of the address, 1 to RAFT_ADDRESS_BYTES_MAX
 *   20  n  address: host:port, no NUL
 */
#ifndef HOLDFAST_RAFT_MEMBERS_H
#define HOLDFAST_RAFT_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum {
	RAFT_ID_BYTES = 16,
	RAFT_MEMBERS_MAX = 9,
	RAFT_ADDRESS_BYTES_MAX = 263, /* a host name, brackets, a colon, a port */
};

struct raft_id {
	uint8_t bytes[RAFT_ID_BYTES]; /* zeros: none */
};

struct raft_member {
	struct raft_id id;
	bool is_voter;
	uint8_t priority; /* of voters: the leader hands over to a higher one */
	char address[RAFT_ADDRESS_BYTES_MAX + 1];
};

struct raft_members {
	size_t count;
	struct raft_member member[RAFT_MEMBERS_MAX];
};

static inline bool raft_id_equal(struct raft_id a, struct raft_id b)
{
	return memcmp(a.bytes, b.bytes, RAFT_ID_BYTES) == 0;
}

static inline bool raft_id_is_none(struct raft_id id)
{
	return raft_id_equal(id, (struct raft_id){0});
}

/* NULL: not among them. */
const struct raft_member *raft_member_by_id(const struct raft_members *members, struct raft_id id);
const struct raft_member *raft_member_by_address(const struct raft_members *members,
                                                 const char *address);
size_t raft_voter_count(const struct raft_members *members);

/* Appends; out of memory: buf->failed. */
void raft_members_encode(const struct raft_members *members, struct buf *buf);
/* -ERR_DAMAGED: no list, or one with an id twice, two voters under one address, or no voter (a
 * learner may wait under the address of the voter that it will replace).  -ERR_UNSUPPORTED: by a
 * later release. */
int raft_members_decode(struct str bytes, struct raft_members *ret_members);

#endif
