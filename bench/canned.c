/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/canned.h"

#include "base/cursor.h"
#include "base/err.h"
#include "bench/names.h"
#include "bench/plan.h"
#include "proto/hdfs.pb-c.h"
#include "wire/hot_replies.h"
#include "wire/rpc_header.h"

static struct wire_file_status status_of(uint32_t type, struct str name, uint32_t mode)
{
	return (struct wire_file_status){
	        .type = type,
	        .path = name,
	        .mode = mode,
	        .owner = STR("hdfs"),
	        .group = STR("supergroup"),
	        .mtime = 1700000000000,
	        .atime = 1700000000000,
	        .replication = 1,
	        .block_size = 128 << 20,
	        .file_id = 16386,
	};
}

static void append_status(struct buf *buf, uint32_t type, uint32_t mode, uint64_t length)
{
	struct wire_status_reply reply = {
	        .has_status = true,
	        .status = status_of(type, STR(""), mode),
	};
	struct buf message = {0};

	reply.status.length = length;
	wire_status_reply_encode(&message, &reply);
	wire_rpc_message_append(buf, buf_str(&message));
	buf->failed |= message.failed;
	buf_finish(&message);
}

/* Where two replies that differ in the mode's last bit differ. */
static int init_file(struct canned *canned, uint64_t length)
{
	struct buf other = {0};
	size_t at = 0;

	append_status(&canned->bytes, HDFS__FILE_STATUS__FILE_TYPE__IS_FILE, FILE_MODE_BASE,
	              length);
	append_status(&other, HDFS__FILE_STATUS__FILE_TYPE__IS_FILE, FILE_MODE_BASE | 1, length);
	while (at < canned->bytes.size && at < other.size &&
	       canned->bytes.data[at] == other.data[at])
		at++;
	canned->mode_at = at;
	buf_finish(&other);
	return at < canned->bytes.size ? 0 : -ERR_NO_MEMORY;
}

static void init_listing(struct canned *canned, const struct canned_options *options)
{
	uint32_t count =
	        options->entries < LISTING_ENTRIES_MAX ? options->entries : LISTING_ENTRIES_MAX;
	struct wire_listing_writer writer;
	struct buf message = {0};
	struct names names;

	if (names_init(&names, STR("/x"), 0, options->name_bytes) < 0)
		canned->bytes.failed = true;
	wire_listing_begin(&writer, &message);
	for (uint32_t i = 0; i < count; i++) {
		struct name name = {.kind = 'f', .number = i};
		char text[NAME_BYTES_MAX];
		struct wire_file_status entry =
		        status_of(HDFS__FILE_STATUS__FILE_TYPE__IS_FILE,
		                  str_make(text, names_last(&names, name, text)), file_mode(i));

		wire_listing_add(&writer, &entry);
	}
	wire_listing_end(&writer, options->entries - count + options->is_wrong);
	wire_rpc_message_append(&canned->bytes, buf_str(&message));
	canned->bytes.failed |= message.failed;
	buf_finish(&message);
}

static void init_yes(struct canned *canned, bool result)
{
	struct buf message = {0};

	wire_bool_reply_encode(&message, &(struct wire_bool_reply){.result = result});
	wire_rpc_message_append(&canned->bytes, buf_str(&message));
	canned->bytes.failed |= message.failed;
	buf_finish(&message);
}

int canned_init(struct canned_set *set, const struct canned_options *options)
{
	*set = (struct canned_set){0};
	if (init_file(&set->file, options->is_wrong) < 0)
		return -ERR_NO_MEMORY;
	append_status(&set->directory.bytes,
	              options->is_wrong ? HDFS__FILE_STATUS__FILE_TYPE__IS_FILE
	                                : HDFS__FILE_STATUS__FILE_TYPE__IS_DIR,
	              DIR_MODE, 0);
	init_listing(&set->listing, options);
	init_yes(&set->yes, !options->is_wrong);
	return set->directory.bytes.failed || set->listing.bytes.failed || set->yes.bytes.failed
	               ? -ERR_NO_MEMORY
	               : 0;
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* The path is the first field of every request; its last two characters tell the file's mode. */
static const struct canned *file_reply(const struct canned_set *set, struct str request,
                                       uint8_t *ret_mode)
{
	struct cursor c = cursor_of(request);
	struct str path;

	cursor_u8(&c);
	path = cursor_bytes(&c, cursor_varint(&c));
	if (path.size < 2)
		return &set->directory;
	*ret_mode = (uint8_t)(0x80 | file_mode(hex_digit(path.data[path.size - 2]) << 4 |
	                                       hex_digit(path.data[path.size - 1])));
	return &set->file;
}

const struct canned *canned_for(const struct canned_set *set, enum method method,
                                struct str request, uint8_t *ret_mode)
{
	switch (method) {
	case METHOD_GET_FILE_INFO:
	case METHOD_CREATE: return file_reply(set, request, ret_mode);
	case METHOD_GET_LISTING: return &set->listing;
	default: return &set->yes;
	}
}
