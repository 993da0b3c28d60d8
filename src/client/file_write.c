/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/block_write.h"
#include "client/client_private.h"
#include "client/files.h"
#include "proto/client.pb-c.h"
#include "wire/hot_replies.h"
#include "wire/hot_requests.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum {
	FILE_WRITER_MAGIC = 0x6866696c,
	BLOCK_TRIES_MAX = 4, /* dfs.client.block.write.retries = 3 more */
	COMPLETE_TRIES_MAX = 6,
	RETRY_PAUSE_MS = 400, /* doubles */
	ARENA_BYTES_MAX = 16 << 20,
};

struct file_writer {
	uint32_t magic;
	struct client *client;
	char *path;
	uint64_t file_id;
	uint64_t block_size;
	bool has_previous;          /* a block was added */
	struct wire_block previous; /* the newest, with its size so far */
	struct block_writer *block; /* NULL: none is open */
	struct arena arena;         /* of the open block: what previous and locations point to */
	struct arena call_arena;
};

static int call(struct file_writer *writer, const char *method, struct buf *request,
                struct arena *arena, struct str *ret_response)
{
	int rc = client_call(writer->client, WIRE_CLIENT_PROTOCOL, method, buf_str(request), arena,
	                     ret_response);

	buf_finish(request);
	return rc;
}

static struct str path_of(const struct file_writer *writer)
{
	return str_of(writer->path);
}

static struct str name_of(const struct file_writer *writer)
{
	return str_of(client_name(writer->client));
}

/* ---- open ---- */

static int create_file(struct file_writer *writer, const struct file_writer_options *options)
{
	struct wire_create message = {
	        .path = path_of(writer),
	        .mode = options->mode,
	        .client_name = name_of(writer),
	        .flags = HDFS__CREATE_FLAG__CREATE |
	                 (options->overwrite ? HDFS__CREATE_FLAG__OVERWRITE : 0),
	        .create_parent = options->create_parent,
	        .replication = options->replication,
	        .block_size = options->block_size,
	};
	struct wire_status_reply reply = {0};
	struct buf request = {0};
	struct str response = {0};
	int rc;

	wire_create_encode(&request, &message);
	rc = call(writer, "create", &request, &writer->call_arena, &response);
	if (rc < 0)
		return rc;
	rc = wire_status_reply_decode(response, &writer->call_arena, &reply);
	if (rc < 0 || !reply.has_status)
		return client_fail(writer->client, -ERR_INVALID,
		                   "create: the answer cannot be read");
	writer->file_id = reply.status.file_id;
	writer->block_size = options->block_size;
	return 0;
}

static void destroy(struct file_writer *writer)
{
	block_writer_destroy(writer->block);
	arena_finish(&writer->arena);
	arena_finish(&writer->call_arena);
	mem_free(writer->path);
	writer->magic = 0;
	mem_free(writer);
}

int file_writer_open(struct client *client, struct str path,
                     const struct file_writer_options *options, struct file_writer **ret_writer)
{
	struct file_writer *writer = mem_zalloc(sizeof(*writer));
	int rc;

	if (writer == NULL)
		return client_fail(client, -ERR_NO_MEMORY, "out of memory");
	writer->magic = FILE_WRITER_MAGIC;
	writer->client = client;
	arena_init(&writer->arena, ARENA_BYTES_MAX);
	arena_init(&writer->call_arena, ARENA_BYTES_MAX);
	writer->path = mem_strdup(path);
	rc = writer->path == NULL ? client_fail(client, -ERR_NO_MEMORY, "out of memory")
	                          : create_file(writer, options);
	if (rc < 0) {
		destroy(writer);
		return rc;
	}
	client_writer_opened(client);
	*ret_writer = writer;
	return 0;
}

/* ---- blocks ---- */

static int add_block(struct file_writer *writer, struct wire_datanode *excluded,
                     size_t excluded_count, struct wire_located_block *ret_block)
{
	struct wire_add_block message = {
	        .path = path_of(writer),
	        .client_name = name_of(writer),
	        .has_previous = writer->has_previous,
	        .previous = writer->previous,
	        .excluded = excluded,
	        .excluded_count = excluded_count,
	        .file_id = writer->file_id,
	};
	uint64_t pause_ms = RETRY_PAUSE_MS;
	int rc;

	for (int tries = 1;; tries++) {
		struct wire_block_reply reply = {0};
		struct buf request = {0};
		struct str response = {0};

		wire_add_block_encode(&request, &message);
		rc = call(writer, "addBlock", &request, &writer->arena, &response);
		if (rc == 0)
			rc = wire_block_reply_decode(response, &writer->arena, &reply);
		if (rc == 0)
			*ret_block = reply.block;
		if (rc != -ERR_NOT_REPLICATED_YET || tries >= COMPLETE_TRIES_MAX)
			return rc;
		client_pause(writer->client->io, pause_ms);
		pause_ms *= 2;
	}
}

static int abandon_block(struct file_writer *writer, const struct wire_block *block)
{
	Hdfs__AbandonBlockRequest message = HDFS__ABANDON_BLOCK_REQUEST__INIT;
	Hdfs__ExtendedBlock extended = HDFS__EXTENDED_BLOCK__INIT;
	struct buf request = {0};
	struct str response = {0};

	extended.pool_id = pb_bytes(block->pool);
	extended.block_id = block->id;
	extended.generation_stamp = block->stamp;
	message.b = &extended;
	message.src = pb_bytes(path_of(writer));
	message.holder = pb_bytes(name_of(writer));
	message.has_file_id = true;
	message.file_id = writer->file_id;
	pb_append(&request, &message.base);
	return call(writer, "abandonBlock", &request, &writer->call_arena, &response);
}

/* Adds a block and sets up its pipeline, with other workers if one fails. */
static int open_block(struct file_writer *writer)
{
	struct wire_datanode excluded[BLOCK_TRIES_MAX];
	size_t excluded_count = 0;

	for (;;) {
		struct wire_located_block located = {0};
		int rc = add_block(writer, excluded, excluded_count, &located);
		int setup_rc;

		if (rc < 0)
			return rc;
		setup_rc = block_writer_open(writer->client, &located, &writer->block);
		if (setup_rc == 0) {
			writer->previous = located.block;
			writer->previous.size = 0;
			writer->has_previous = true;
			return 0;
		}
		if (excluded_count + 1 == BLOCK_TRIES_MAX || located.location_count == 0)
			return setup_rc;
		rc = abandon_block(writer, &located.block);
		if (rc < 0)
			return rc;
		excluded[excluded_count++] = *located.locations[0].node;
	}
}

static int finish_block(struct file_writer *writer)
{
	int rc = block_writer_finish(writer->block);

	writer->previous.size = block_writer_bytes(writer->block);
	block_writer_destroy(writer->block);
	writer->block = NULL;
	return rc;
}

int file_writer_write(struct file_writer *writer, const void *data, size_t size)
{
	const uint8_t *at = data;

	OBJ_CHECK(writer, FILE_WRITER_MAGIC);
	while (size > 0) {
		uint64_t room;
		size_t piece;
		int rc = writer->block == NULL ? open_block(writer) : 0;

		if (rc < 0)
			return rc;
		room = writer->block_size - block_writer_bytes(writer->block);
		piece = size < room ? size : (size_t)room;
		rc = block_writer_write(writer->block, at, piece);
		if (rc == 0 && piece == room)
			rc = finish_block(writer);
		if (rc < 0)
			return rc;
		at += piece;
		size -= piece;
	}
	return 0;
}

/* ---- close ---- */

static int complete_once(struct file_writer *writer, bool *ret_is_complete)
{
	struct wire_complete message = {
	        .path = path_of(writer),
	        .client_name = name_of(writer),
	        .has_last = writer->has_previous,
	        .last = writer->previous,
	        .file_id = writer->file_id,
	};
	struct wire_bool_reply reply = {0};
	struct buf request = {0};
	struct str response = {0};
	int rc;

	wire_complete_encode(&request, &message);
	rc = call(writer, "complete", &request, &writer->call_arena, &response);
	if (rc == 0)
		rc = wire_bool_reply_decode(response, NULL, &reply);
	if (rc == 0)
		*ret_is_complete = reply.result;
	return rc;
}

static int complete(struct file_writer *writer)
{
	uint64_t pause_ms = RETRY_PAUSE_MS;

	for (int tries = 1;; tries++) {
		bool is_complete = false;
		int rc = complete_once(writer, &is_complete);

		if (rc < 0 || is_complete)
			return rc;
		if (tries == COMPLETE_TRIES_MAX)
			return client_fail(writer->client, -ERR_NOT_REPLICATED_YET,
			                   "Unable to close file because the last block does not "
			                   "have enough number of replicas.");
		client_pause(writer->client->io, pause_ms);
		pause_ms *= 2;
	}
}

int file_writer_close(struct file_writer *writer)
{
	int rc;

	OBJ_CHECK(writer, FILE_WRITER_MAGIC);
	rc = writer->block == NULL ? 0 : finish_block(writer);
	if (rc == 0)
		rc = complete(writer);
	file_writer_abort(writer);
	return rc;
}

void file_writer_abort(struct file_writer *writer)
{
	if (writer == NULL)
		return;
	OBJ_CHECK(writer, FILE_WRITER_MAGIC);
	client_writer_closed(writer->client);
	destroy(writer);
}
