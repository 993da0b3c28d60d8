/* SPDX-License-Identifier: Apache-2.0 */
#include "format/vote.h"

#include "base/err.h"
#include "base/str.h"
#include "format/bytes.h"

enum { VERSION = 1, CRC_AT = 12 };
enum { SEAT_REMOVED = 1, SEAT_ALONE = 2 };

static const char magic[8] = "HFVOTERC";

bool vote_is_of_cluster(const struct vote *vote)
{
	static const uint8_t none[MEMBER_ID_BYTES];

	return memcmp(vote->history, none, sizeof(none)) != 0;
}

void vote_encode(const struct vote *vote, uint8_t *slot)
{
	uint8_t *at = slot;

	memset(slot, 0, VOTE_SLOT_BYTES);
	put_bytes(&at, magic, sizeof(magic));
	put_le(&at, VERSION, 4);
	put_le(&at, 0, 4);
	put_le(&at, vote->sequence, 8);
	put_le(&at, vote->term, 8);
	put_bytes(&at, vote->voted_for, MEMBER_ID_BYTES);
	put_le(&at, vote->segment_epoch, 8);
	put_le(&at, vote->segment_first_index, 8);
	put_bytes(&at, vote->history, MEMBER_ID_BYTES);
	put_le(&at, vote->asked_ms, 8);
	put_le(&at, vote->bound, 1);
	put_le(&at, vote->is_removed ? SEAT_REMOVED : vote->stands_alone ? SEAT_ALONE : 0, 1);
	put_le(&at, 0, 6);
	put_le(&at, vote->bound_epoch, 8);
	put_le(&at, vote->bound_index, 8);
	put_le(&at, vote->unsynced_boot, 8);
	crc_put(slot, VOTE_SLOT_BYTES, CRC_AT);
}

int vote_decode(const uint8_t *slot, struct vote *ret_vote, const char **ret_why)
{
	struct cursor c = cursor_make(slot, VOTE_SLOT_BYTES);
	struct str found = cursor_bytes(&c, sizeof(magic));
	uint64_t version = cursor_le(&c, 4);
	struct vote vote;
	uint8_t bound, seat;

	if (!str_equal(found, str_make(magic, sizeof(magic))) ||
	    !crc_holds(slot, VOTE_SLOT_BYTES, CRC_AT)) {
		*ret_why = "its checksum is wrong";
		return -ERR_DAMAGED;
	}
	cursor_le(&c, 4);
	vote.sequence = cursor_le(&c, 8);
	vote.term = cursor_le(&c, 8);
	memcpy(vote.voted_for, cursor_bytes(&c, MEMBER_ID_BYTES).data, MEMBER_ID_BYTES);
	vote.segment_epoch = cursor_le(&c, 8);
	vote.segment_first_index = cursor_le(&c, 8);
	memcpy(vote.history, cursor_bytes(&c, MEMBER_ID_BYTES).data, MEMBER_ID_BYTES);
	vote.asked_ms = cursor_le(&c, 8);
	bound = cursor_u8(&c);
	seat = cursor_u8(&c);
	cursor_le(&c, 6);
	vote.bound_epoch = cursor_le(&c, 8);
	vote.bound_index = cursor_le(&c, 8);
	vote.unsynced_boot = cursor_le(&c, 8);
	vote.bound = (enum vote_bound)bound;
	vote.is_removed = seat == SEAT_REMOVED;
	vote.stands_alone = seat == SEAT_ALONE;
	if (version != VERSION || bound > VOTE_BOUND_UNKNOWN || seat > SEAT_ALONE) {
		*ret_why = "it was written by a later release";
		return -ERR_UNSUPPORTED;
	}
	*ret_vote = vote;
	return 0;
}

int vote_choose(const uint8_t *slots, struct vote *ret_vote, int *ret_slot, const char **ret_why)
{
	struct vote votes[VOTE_SLOTS];
	const char *why[VOTE_SLOTS];
	int first = vote_decode(slots, &votes[0], &why[0]);
	int second = vote_decode(slots + VOTE_SLOT_BYTES, &votes[1], &why[1]);

	if (first < 0 && second < 0) {
		*ret_why = why[0];
		return first;
	}
	if (first == 0 && second == 0)
		*ret_slot = votes[1].sequence > votes[0].sequence;
	else
		*ret_slot = second == 0;
	*ret_vote = votes[*ret_slot];
	return 0;
}
