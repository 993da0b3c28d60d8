/* SPDX-License-Identifier: Apache-2.0 */
#include "raft/members.h"

#include "base/cursor.h"
#include "base/err.h"

enum { MEMBERS_VERSION = 1, ROLE_LEARNER = 0, ROLE_VOTER = 1 };

const struct raft_member *raft_member_by_id(const struct raft_members *members, struct raft_id id)
{
	for (size_t i = 0; i < members->count; i++)
		if (raft_id_equal(members->member[i].id, id))
			return &members->member[i];
	return NULL;
}

const struct raft_member *raft_member_by_address(const struct raft_members *members,
                                                 const char *address)
{
	for (size_t i = 0; i < members->count; i++)
		if (strcmp(members->member[i].address, address) == 0)
			return &members->member[i];
	return NULL;
}

size_t raft_voter_count(const struct raft_members *members)
{
	size_t count = 0;

	for (size_t i = 0; i < members->count; i++)
		count += members->member[i].is_voter;
	return count;
}

void raft_members_encode(const struct raft_members *members, struct buf *buf)
{
	buf_append_u8(buf, MEMBERS_VERSION);
	buf_append_u8(buf, (uint8_t)members->count);
	for (size_t i = 0; i < members->count; i++) {
		const struct raft_member *member = &members->member[i];
		struct str address = str_of(member->address);

		buf_append(buf, member->id.bytes, RAFT_ID_BYTES);
		buf_append_u8(buf, member->is_voter ? ROLE_VOTER : ROLE_LEARNER);
		buf_append_u8(buf, member->priority);
		buf_append_le(buf, address.size, 2);
		buf_append_str(buf, address);
	}
}

static bool decode_member(struct cursor *c, struct raft_member *member)
{
	struct str id = cursor_bytes(c, RAFT_ID_BYTES);
	uint8_t role = cursor_u8(c);
	struct str address;

	member->priority = cursor_u8(c);
	address = cursor_bytes(c, cursor_le(c, 2));
	if (c->failed || role > ROLE_VOTER || address.size == 0 ||
	    address.size > RAFT_ADDRESS_BYTES_MAX || memchr(address.data, 0, address.size) != NULL)
		return false;
	memcpy(member->id.bytes, id.data, RAFT_ID_BYTES);
	member->is_voter = role == ROLE_VOTER;
	memcpy(member->address, address.data, address.size);
	member->address[address.size] = '\0';
	return !raft_id_is_none(member->id);
}

static bool are_compatible(const struct raft_member *a, const struct raft_member *b)
{
	return !raft_id_equal(a->id, b->id) &&
	       !(a->is_voter && b->is_voter && strcmp(a->address, b->address) == 0);
}

int raft_members_decode(struct str bytes, struct raft_members *ret_members)
{
	struct cursor c = cursor_of(bytes);
	uint8_t version = cursor_u8(&c);
	struct raft_members members = {.count = cursor_u8(&c)};

	if (!c.failed && version > MEMBERS_VERSION)
		return -ERR_UNSUPPORTED;
	if (version != MEMBERS_VERSION || members.count == 0 || members.count > RAFT_MEMBERS_MAX)
		return -ERR_DAMAGED;
	for (size_t i = 0; i < members.count; i++) {
		if (!decode_member(&c, &members.member[i]))
			return -ERR_DAMAGED;
		for (size_t j = 0; j < i; j++)
			if (!are_compatible(&members.member[i], &members.member[j]))
				return -ERR_DAMAGED;
	}
	if (cursor_left(&c) != 0 || raft_voter_count(&members) == 0)
		return -ERR_DAMAGED;
	*ret_members = members;
	return 0;
}
