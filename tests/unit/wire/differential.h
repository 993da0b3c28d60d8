/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand codecs held against protobuf-c, for unit tests and fuzzers.
 *
 * differential_check(subject, bytes): both refuse the bytes, or both take them and read the same;
 * then what either writes is read alike by the other.
 */
#ifndef HOLDFAST_TESTS_WIRE_DIFFERENTIAL_H
#define HOLDFAST_TESTS_WIRE_DIFFERENTIAL_H

#include "base/err.h"
#include "base/mem.h"
#include "unit/wire/same.h"

struct subject {
	const char *name;
	const ProtobufCMessageDescriptor *type;
	size_t size; /* of the hand codec's struct */
	int (*decode)(struct str bytes, struct arena *arena, void *message);
	void (*encode)(struct buf *buf, const void *message);
	bool (*same)(const void *message, const void *pb_message);
};

#define SUBJECT_FUNCTIONS(m, pb_type)                                                              \
	static int decode_##m(struct str bytes, struct arena *arena, void *message)                \
	{                                                                                          \
		return wire_##m##_decode(bytes, arena, message);                                   \
	}                                                                                          \
	static void encode_##m(struct buf *buf, const void *message)                               \
	{                                                                                          \
		wire_##m##_encode(buf, message);                                                   \
	}                                                                                          \
	static bool subject_same_##m(const void *message, const void *pb_message)                  \
	{                                                                                          \
		return same_##m(message, (const pb_type *)pb_message);                             \
	}

#define SUBJECT(m, type)                                                                           \
	{                                                                                          \
#m, &(type##__descriptor), sizeof(struct wire_##m), decode_##m, encode_##m,        \
		        subject_same_##m                                                           \
	}

SUBJECT_FUNCTIONS(rpc_request, Rpc__RpcRequestHeader)
SUBJECT_FUNCTIONS(rpc_method, Rpc__RequestHeader)
SUBJECT_FUNCTIONS(rpc_response, Rpc__RpcResponseHeader)
SUBJECT_FUNCTIONS(get_file_info, Hdfs__GetFileInfoRequest)
SUBJECT_FUNCTIONS(get_listing, Hdfs__GetListingRequest)
SUBJECT_FUNCTIONS(get_block_locations, Hdfs__GetBlockLocationsRequest)
SUBJECT_FUNCTIONS(mkdirs, Hdfs__MkdirsRequest)
SUBJECT_FUNCTIONS(rename, Hdfs__RenameRequest)
SUBJECT_FUNCTIONS(rename2, Hdfs__Rename2Request)
SUBJECT_FUNCTIONS(delete, Hdfs__DeleteRequest)
SUBJECT_FUNCTIONS(create, Hdfs__CreateRequest)
SUBJECT_FUNCTIONS(add_block, Hdfs__AddBlockRequest)
SUBJECT_FUNCTIONS(complete, Hdfs__CompleteRequest)
SUBJECT_FUNCTIONS(status_reply, Hdfs__GetFileInfoResponse)
SUBJECT_FUNCTIONS(listing_reply, Hdfs__GetListingResponse)
SUBJECT_FUNCTIONS(blocks_reply, Hdfs__GetBlockLocationsResponse)
SUBJECT_FUNCTIONS(block_reply, Hdfs__AddBlockResponse)
SUBJECT_FUNCTIONS(bool_reply, Hdfs__MkdirsResponse)

static const struct subject subjects[] = {
        SUBJECT(rpc_request, rpc__rpc_request_header),
        SUBJECT(rpc_method, rpc__request_header),
        SUBJECT(rpc_response, rpc__rpc_response_header),
        SUBJECT(get_file_info, hdfs__get_file_info_request),
        SUBJECT(get_listing, hdfs__get_listing_request),
        SUBJECT(get_block_locations, hdfs__get_block_locations_request),
        SUBJECT(mkdirs, hdfs__mkdirs_request),
        SUBJECT(rename, hdfs__rename_request),
        SUBJECT(rename2, hdfs__rename2_request),
        SUBJECT(delete, hdfs__delete_request),
        SUBJECT(create, hdfs__create_request),
        SUBJECT(add_block, hdfs__add_block_request),
        SUBJECT(complete, hdfs__complete_request),
        SUBJECT(status_reply, hdfs__get_file_info_response),
        SUBJECT(listing_reply, hdfs__get_listing_response),
        SUBJECT(blocks_reply, hdfs__get_block_locations_response),
        SUBJECT(block_reply, hdfs__add_block_response),
        SUBJECT(bool_reply, hdfs__mkdirs_response),
};

enum { DIFFERENTIAL_ARENA_BYTES = 64 << 20 };

/* What one side wrote, read by both. */
static inline void differential_check_written(const struct subject *subject, const struct buf *buf,
                                              struct arena *arena, const void *pb_message,
                                              const void *message)
{
	void *copy = arena_alloc(arena, subject->size);
	void *pb_copy;

	CHECK(copy != NULL && !buf->failed);
	CHECK(subject->decode(buf_str(buf), arena, copy) == 0);
	CHECK(pb_unpack(subject->type, buf_str(buf), arena, &pb_copy) == 0);
	CHECK(subject->same(copy, pb_message));
	CHECK(subject->same(message, pb_copy));
}

/* True if the bytes are such a message. */
static inline bool differential_check(const struct subject *subject, struct str bytes)
{
	struct arena arena;
	void *message, *pb_message;
	struct buf buf;
	int rc, pb_rc;

	arena_init(&arena, DIFFERENTIAL_ARENA_BYTES);
	buf_init(&buf);
	message = arena_alloc(&arena, subject->size);
	CHECK(message != NULL);
	rc = subject->decode(bytes, &arena, message);
	pb_rc = pb_unpack(subject->type, bytes, &arena, &pb_message);
	CHECK(rc == pb_rc);
	if (rc == 0) {
		CHECK(subject->same(message, pb_message));
		subject->encode(&buf, message);
		differential_check_written(subject, &buf, &arena, pb_message, message);
		buf_clear(&buf);
		pb_append(&buf, pb_message);
		differential_check_written(subject, &buf, &arena, pb_message, message);
	}
	buf_finish(&buf);
	arena_finish(&arena);
	return rc == 0;
}

#endif
