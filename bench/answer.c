/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/answer.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "proto/hdfs.pb-c.h"
#include "wire/hot_replies.h"

const char *answer_check_true(struct str reply)
{
	struct wire_bool_reply answer;

	if (wire_bool_reply_decode(reply, NULL, &answer) < 0)
		return "not a reply with a result";
	return answer.result ? NULL : "the result is false";
}

bool answer_is_false(struct str reply)
{
	struct wire_bool_reply answer;

	return wire_bool_reply_decode(reply, NULL, &answer) == 0 && !answer.result;
}

static const char *check_status(const struct wire_file_status *status, struct str name,
                                uint32_t mode)
{
	if (status->type != HDFS__FILE_STATUS__FILE_TYPE__IS_FILE)
		return "not a file";
	if (!str_equal(status->path, name))
		return "another name";
	if (status->length != 0)
		return "not empty";
	if (status->mode != mode)
		return "another mode: this is another file";
	if (status->file_id == 0)
		return "no file id";
	return NULL;
}

const char *answer_check_file(struct str reply, uint32_t mode, uint64_t *ret_file_id)
{
	struct wire_status_reply answer;
	const char *wrong;

	if (wire_status_reply_decode(reply, NULL, &answer) < 0)
		return "not a reply with a file's status";
	if (!answer.has_status)
		return "there is no such file";
	wrong = check_status(&answer.status, STR(""), mode);
	if (wrong == NULL)
		*ret_file_id = answer.status.file_id;
	return wrong;
}

bool answer_is_file(struct str reply, uint32_t mode)
{
	const uint8_t wanted[] = {
	        /* type */ 1 << 3,
	        HDFS__FILE_STATUS__FILE_TYPE__IS_FILE,
	        /* path */ 2 << 3 | 2,
	        0,
	        /* length */ 3 << 3,
	        0,
	        /* permission, a message of 3 bytes */ 4 << 3 | 2,
	        3,
	        /* its number, below 2^14 */ 1 << 3,
	        (uint8_t)(0x80 | mode),
	        (uint8_t)(mode >> 7),
	};

	/* The status is field 1 of the reply, and shorter than 128 bytes. */
	return reply.size > 2 + sizeof(wanted) && (size_t)reply.data[1] + 2 == reply.size &&
	       reply.data[0] == (1 << 3 | 2) && memcmp(reply.data + 2, wanted, sizeof(wanted)) == 0;
}

const char *answer_check_directory(struct str reply)
{
	struct wire_status_reply answer;

	if (wire_status_reply_decode(reply, NULL, &answer) < 0)
		return "not a reply with a file's status";
	if (!answer.has_status)
		return "there is no such directory";
	return answer.status.type == HDFS__FILE_STATUS__FILE_TYPE__IS_DIR ? NULL
	                                                                  : "not a directory";
}

const char *answer_check_block(struct str reply, struct str pool, uint64_t *ret_id,
                               uint64_t *ret_stamp)
{
	struct wire_block_reply answer;
	const char *wrong = NULL;
	struct arena arena;

	arena_init(&arena, /* limit= */ 0);
	if (wire_block_reply_decode(reply, &arena, &answer) < 0)
		wrong = "not a reply with a block";
	else if (!str_equal(answer.block.block.pool, pool))
		wrong = "another block pool";
	else if (answer.block.block.size != 0)
		wrong = "not an empty block";
	else if (answer.block.location_count == 0)
		wrong = "a block on no worker";
	if (wrong == NULL) {
		*ret_id = answer.block.block.id;
		*ret_stamp = answer.block.block.stamp;
	}
	arena_finish(&arena);
	return wrong;
}

/* Field numbers and wire types, as a tag in one byte. */
enum {
	TAG_LISTING = 1 << 3 | 2,
	TAG_ENTRY = 1 << 3 | 2,
	TAG_REMAINING = 2 << 3,
};

/* Decoding a thousand entries would cost more than making them: they are counted by their lengths,
 * and only one is decoded. */
const char *answer_check_listing(struct str reply, const struct answer_listing *wanted)
{
	struct cursor outer = cursor_of(reply), c;
	struct wire_file_status status;
	struct str looked_at = {0};
	uint64_t count = 0;

	if (reply.size == 0)
		return "there is no such directory";
	if (cursor_u8(&outer) != TAG_LISTING)
		return "not a listing";
	c = cursor_of(cursor_bytes(&outer, cursor_varint(&outer)));
	while (cursor_left(&c) > 0 && *c.at == TAG_ENTRY) {
		struct str entry;

		c.at++;
		entry = cursor_bytes(&c, cursor_varint(&c));
		if (count++ == wanted->looked_at)
			looked_at = entry;
	}
	if (count != wanted->count)
		return "another number of entries";
	if (cursor_u8(&c) != TAG_REMAINING || cursor_varint(&c) != wanted->remaining)
		return "another number of remaining entries";
	if (c.failed || cursor_left(&c) > 0 || outer.failed || cursor_left(&outer) > 0)
		return "a damaged listing";
	if (wire_file_status_decode(looked_at, NULL, &status) < 0)
		return "a damaged entry";
	return check_status(&status, wanted->name, wanted->mode);
}
