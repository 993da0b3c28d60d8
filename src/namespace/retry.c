/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/retry.h"

#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/twins.h"

enum {
	CHUNK_ROWS = 1024,
	CALLS_TOGETHER = 64, /* of one client, in neighbouring buckets */
	CHUNKS_MAX = 1 << 20,
	TRIMMED_CHUNKS = 2, /* at a time, at most: a hold may leave thousands */
	AGE_BITS = 48,
	INODE_BITS = 48,
};

/* As it is kept; packed to 28 bytes. */
struct row {
	uint32_t next; /* in the index's chain */
	uint32_t client;
	int32_t call_id;
	uint32_t age_low;
	uint16_t age_high;
	uint8_t kind;
	uint8_t rc;
	uint32_t inode_low;
	uint16_t inode_high;
	uint16_t flags;
};
static_assert(sizeof(struct row) == 28, "with its place in the index a row takes 32 bytes");

/* The class of a row stands in its flags, above those of retry_flags. */
enum { FLAG_OTHERS = 1 << 15 };

struct chunk {
	uint32_t next;
	uint32_t unused;
	uint64_t first; /* sequence number */
	struct row rows[CHUNK_ROWS];
};

struct client {
	uint32_t next;
	uint32_t rows; /* that name it, forgotten ones too while their chunk is there */
	uint8_t id[RETRY_CLIENT_BYTES];
};

static struct chunk *chunk_at(const struct retries *retries, uint32_t number)
{
	return pool_at(&retries->chunks, number);
}

static struct row *row_at(const struct retries *retries, uint32_t number)
{
	return &chunk_at(retries, number / CHUNK_ROWS)->rows[number % CHUNK_ROWS];
}

static struct client *client_at(const struct retries *retries, uint32_t number)
{
	return pool_at(&retries->clients, number);
}

/* ---- the two indexes ---- */

/* A client counts its calls, so a few stand side by side: the next one's bucket is in the cache.
 * Only a few, or a client that counts in great steps would fill one chain. */
static uint64_t hash_of_call(const struct retries *retries, uint32_t client, int32_t call_id)
{
	uint32_t words[] = {client, (uint32_t)call_id / CALLS_TOGETHER};

	return hash64(retries->of_calls.seed, words, sizeof(words)) +
	       (uint32_t)call_id % CALLS_TOGETHER;
}

static uint32_t *call_next(void *context, uint32_t number)
{
	return &row_at(context, number)->next;
}

static uint64_t call_hash(void *context, uint32_t number)
{
	const struct row *row = row_at(context, number);

	return hash_of_call(context, row->client, row->call_id);
}

static uint32_t *client_next(void *context, uint32_t number)
{
	return &client_at(context, number)->next;
}

static uint64_t hash_of_client(const struct retries *retries, const uint8_t *id)
{
	return hash64(retries->of_clients.seed, id, RETRY_CLIENT_BYTES);
}

static uint64_t client_hash(void *context, uint32_t number)
{
	return hash_of_client(context, client_at(context, number)->id);
}

static const struct hash_links call_links = {call_next, call_hash};
static const struct hash_links client_links = {client_next, client_hash};

void retries_init(struct retries *retries, uint64_t seed)
{
	*retries = (struct retries){0};
	pool_init(&retries->chunks, sizeof(struct chunk), CHUNKS_MAX);
	pool_init(&retries->clients, sizeof(struct client), POOL_ROWS_MAX);
	hash_index_init(&retries->of_calls, &call_links, retries, CHUNKS_MAX * CHUNK_ROWS, seed);
	hash_index_init(&retries->of_clients, &client_links, retries, POOL_ROWS_MAX, seed);
	list_init(&retries->holds);
}

void retries_finish(struct retries *retries)
{
	pool_finish(&retries->chunks);
	pool_finish(&retries->clients);
	hash_index_finish(&retries->of_calls);
	hash_index_finish(&retries->of_clients);
}

uint64_t retries_rows(const struct retries *retries)
{
	uint64_t rows = 0;

	for (int which = 0; which < RETRY_CLASSES; which++)
		rows += retries->queues[which].tail - retries->queues[which].head;
	return rows;
}

uint64_t retries_bytes(const struct retries *retries)
{
	return (uint64_t)retries->chunks.used * sizeof(struct chunk) +
	       (uint64_t)retries->clients.used * sizeof(struct client) +
	       hash_index_bytes(&retries->of_calls) + hash_index_bytes(&retries->of_clients);
}

/* ---- clients ---- */

/* Clients with many calls in flight come with several in a row. */
static bool is_last_client(const struct retries *retries, const uint8_t *id)
{
	const struct client *client = client_at(retries, retries->last_client);

	return retries->last_client != 0 && client->rows > 0 &&
	       memcmp(client->id, id, RETRY_CLIENT_BYTES) == 0;
}

static uint32_t find_client(const struct retries *retries, const uint8_t *id)
{
	uint32_t number;

	if (is_last_client(retries, id))
		return retries->last_client;
	number = hash_index_first(&retries->of_clients, hash_of_client(retries, id));
	while (number != 0 && memcmp(client_at(retries, number)->id, id, RETRY_CLIENT_BYTES) != 0)
		number = client_at(retries, number)->next;
	return number;
}

static uint32_t take_client(struct retries *retries, const uint8_t *id)
{
	uint32_t number = find_client(retries, id);

	if (number == 0) {
		number = pool_take(&retries->clients);
		memcpy(client_at(retries, number)->id, id, RETRY_CLIENT_BYTES);
		hash_index_add(&retries->of_clients, number);
	}
	client_at(retries, number)->rows++;
	retries->last_client = number;
	return number;
}

static void drop_client(struct retries *retries, uint32_t number)
{
	if (--client_at(retries, number)->rows > 0)
		return;
	hash_index_remove(&retries->of_clients, number);
	pool_free(&retries->clients, number);
}

/* ---- rows ---- */

static uint64_t age_of(const struct row *row)
{
	return (uint64_t)row->age_high << 32 | row->age_low;
}

static void show_row(const struct retries *retries, enum retry_class which, const struct row *row,
                     struct retry_row *ret_row)
{
	*ret_row = (struct retry_row){
	        .which = which,
	        .call_id = row->call_id,
	        .kind = row->kind,
	        .rc = row->rc,
	        .flags = row->flags & (uint16_t)~FLAG_OTHERS,
	        .inode = (uint64_t)row->inode_high << 32 | row->inode_low,
	        .age_ms = age_of(row),
	};
	memcpy(ret_row->client_id, client_at(retries, row->client)->id, RETRY_CLIENT_BYTES);
}

static enum retry_class class_of_row(const struct row *row)
{
	return (row->flags & FLAG_OTHERS) != 0 ? RETRY_OTHERS : RETRY_AT_MOST_ONCE;
}

/* A broken twin's doing. */
static bool is_dropped(const struct retries *retries, enum retry_class which, uint32_t number)
{
	enum { KEPT = 100 };

	return IS_BROKEN(ROWS_DROPPED) &&
	       chunk_at(retries, number / CHUNK_ROWS)->first + number % CHUNK_ROWS + KEPT <
	               retries->queues[which].tail;
}

bool retries_find(const struct retries *retries, const uint8_t *client_id, int32_t call_id,
                  struct retry_row *ret_row)
{
	uint32_t client = find_client(retries, client_id);
	uint32_t number;

	if (client == 0)
		return false;
	number = hash_index_first(&retries->of_calls, hash_of_call(retries, client, call_id));
	while (number != 0) {
		const struct row *row = row_at(retries, number);
		enum retry_class which = class_of_row(row);

		if (row->client == client && row->call_id == call_id &&
		    age_of(row) >= retries->queues[which].line &&
		    !is_dropped(retries, which, number)) {
			show_row(retries, which, row, ret_row);
			return true;
		}
		number = row->next;
	}
	return false;
}

void retries_prefetch(const struct retries *retries, const uint8_t *client_id, int32_t call_id)
{
	uint32_t client = find_client(retries, client_id);
	uint32_t number;

	if (client == 0)
		return;
	number = hash_index_first(&retries->of_calls, hash_of_call(retries, client, call_id));
	if (number != 0)
		__builtin_prefetch(row_at(retries, number));
}

/* The lowest sequence number that anybody may still read. */
static uint64_t floor_of(const struct retries *retries, enum retry_class which)
{
	uint64_t lowest = retries->queues[which].head;

	LIST_FOR_EACH (node, &retries->holds) {
		const struct retry_hold *hold = CONTAINER_OF(node, struct retry_hold, node);

		if (hold->next[which] < hold->end[which] && hold->next[which] < lowest)
			lowest = hold->next[which];
	}
	return lowest;
}

/* Gives back the first chunks, as far as nobody reads them. */
static void trim(struct retries *retries, enum retry_class which)
{
	struct retry_queue *queue = &retries->queues[which];

	for (int left = TRIMMED_CHUNKS; left > 0 && queue->first_chunk != 0; left--) {
		uint32_t number = queue->first_chunk;
		struct chunk *chunk = chunk_at(retries, number);
		uint64_t end = chunk->first + CHUNK_ROWS;

		if (end > queue->tail || end > floor_of(retries, which))
			return;
		for (uint32_t i = 0; i < CHUNK_ROWS; i++)
			drop_client(retries, chunk->rows[i].client);
		queue->first_chunk = chunk->next;
		if (queue->first_chunk == 0)
			queue->last_chunk = 0;
		pool_free(&retries->chunks, number);
	}
}

/* The number of the row that the queue's next one takes. */
static uint32_t next_number(struct retries *retries, enum retry_class which)
{
	struct retry_queue *queue = &retries->queues[which];
	uint32_t chunk = queue->last_chunk;

	if (chunk == 0 || queue->tail - chunk_at(retries, chunk)->first == CHUNK_ROWS) {
		chunk = pool_take(&retries->chunks);
		chunk_at(retries, chunk)->first = queue->tail;
		if (queue->last_chunk != 0)
			chunk_at(retries, queue->last_chunk)->next = chunk;
		else
			queue->first_chunk = chunk;
		queue->last_chunk = chunk;
		if (queue->head_chunk == 0)
			queue->head_chunk = chunk;
		trim(retries, which);
	}
	return chunk * CHUNK_ROWS + (uint32_t)(queue->tail - chunk_at(retries, chunk)->first);
}

void retries_add(struct retries *retries, const struct retry_row *row)
{
	uint32_t number = next_number(retries, row->which);

	CHECK(row->age_ms >> AGE_BITS == 0 && row->inode >> INODE_BITS == 0 &&
	      row->flags < FLAG_OTHERS);
	*row_at(retries, number) = (struct row){
	        .client = take_client(retries, row->client_id),
	        .call_id = row->call_id,
	        .age_low = (uint32_t)row->age_ms,
	        .age_high = (uint16_t)(row->age_ms >> 32),
	        .kind = row->kind,
	        .rc = row->rc,
	        .inode_low = (uint32_t)row->inode,
	        .inode_high = (uint16_t)(row->inode >> 32),
	        .flags = row->flags | (row->which == RETRY_OTHERS ? FLAG_OTHERS : 0),
	};
	retries->queues[row->which].tail++;
	hash_index_add(&retries->of_calls, number);
}

/* ---- forgetting ---- */

static uint32_t head_number(const struct retries *retries, const struct retry_queue *queue)
{
	return queue->head_chunk * CHUNK_ROWS +
	       (uint32_t)(queue->head - chunk_at(retries, queue->head_chunk)->first);
}

static void move_head(struct retries *retries, enum retry_class which)
{
	struct retry_queue *queue = &retries->queues[which];
	const struct chunk *chunk = chunk_at(retries, queue->head_chunk);

	if (++queue->head - chunk->first < CHUNK_ROWS)
		return;
	queue->head_chunk = chunk->next;
	trim(retries, which);
}

bool retries_forget(struct retries *retries, enum retry_class which, struct retry_row *ret_row)
{
	struct retry_queue *queue = &retries->queues[which];
	uint32_t number;

	if (queue->head == queue->tail)
		return false;
	number = head_number(retries, queue);
	if (age_of(row_at(retries, number)) >= queue->line)
		return false;
	show_row(retries, which, row_at(retries, number), ret_row);
	hash_index_remove(&retries->of_calls, number);
	move_head(retries, which);
	return true;
}

bool retries_oldest(const struct retries *retries, enum retry_class which, uint64_t *ret_age_ms)
{
	const struct retry_queue *queue = &retries->queues[which];

	if (queue->head == queue->tail)
		return false;
	*ret_age_ms = age_of(row_at(retries, head_number(retries, queue)));
	return true;
}

/* ---- holds ---- */

void retries_hold(struct retries *retries, struct retry_hold *ret_hold)
{
	*ret_hold = (struct retry_hold){0};
	for (int which = 0; which < RETRY_CLASSES; which++) {
		ret_hold->next[which] = retries->queues[which].head;
		ret_hold->end[which] = retries->queues[which].tail;
		ret_hold->chunk[which] = retries->queues[which].head_chunk;
	}
	list_append(&retries->holds, &ret_hold->node);
}

void retries_release(struct retries *retries, struct retry_hold *hold)
{
	list_remove(&hold->node);
	for (int which = 0; which < RETRY_CLASSES; which++)
		trim(retries, (enum retry_class)which);
}

bool retries_hold_next(struct retries *retries, struct retry_hold *hold, struct retry_row *ret_row)
{
	for (int which = 0; which < RETRY_CLASSES; which++) {
		uint64_t sequence = hold->next[which];
		const struct chunk *chunk;

		if (IS_BROKEN(ROWS_OF_LATER) && hold->end[which] < retries->queues[which].tail)
			hold->end[which] = retries->queues[which].tail;
		if (sequence == hold->end[which])
			continue;
		chunk = chunk_at(retries, hold->chunk[which]);
		show_row(retries, (enum retry_class)which, &chunk->rows[sequence - chunk->first],
		         ret_row);
		hold->next[which]++;
		if (hold->next[which] - chunk->first == CHUNK_ROWS)
			hold->chunk[which] = chunk->next; /* this one may go now */
		return true;
	}
	return false;
}
