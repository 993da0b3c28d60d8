/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/batch.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"

enum { ENTRIES_MIN = 64, TOUCHED_ENTRY_BYTES = 64 };

struct batch *batch_create(void)
{
	struct batch *batch = mem_zalloc(sizeof(*batch));

	if (batch == NULL)
		return NULL;
	buf_init(&batch->body);
	return batch;
}

void batch_destroy(struct batch *batch)
{
	if (batch == NULL)
		return;
	buf_finish(&batch->body);
	mem_free(batch->entries);
	pages_finish(&batch->sectors);
	mem_free(batch);
}

void batch_begin(struct batch *batch, const struct entry *before)
{
	buf_clear(&batch->body);
	batch->count = 0;
	batch->before = *before;
	batch->last = *before;
	batch->header = (struct batch_header){0};
	batch->segment = batch->segment_before = NULL;
	batch->begins_segment = false;
	batch->rc = 0;
}

/* ---- memory ---- */

static bool reserve_entries(struct batch *batch, size_t count)
{
	size_t capacity = batch->capacity < ENTRIES_MIN ? ENTRIES_MIN : batch->capacity;
	void *bigger;

	if (count <= batch->capacity)
		return true;
	while (capacity < count)
		capacity *= 2;
	bigger = mem_realloc(batch->entries, capacity * sizeof(*batch->entries));
	if (bigger == NULL)
		return false;
	batch->entries = bigger;
	batch->capacity = capacity;
	return true;
}

/* The body may be larger than what is in it: what it can hold has its sectors ready. */
static bool reserve(struct batch *batch, size_t more)
{
	size_t sectors;

	if (!reserve_entries(batch, batch->count + 1) || !buf_reserve(&batch->body, more)) {
		batch->body.failed = false;
		return false;
	}
	sectors = batch_size(batch->body.capacity, SEGMENT_BLOCK_BYTES);
	return sectors <= batch->sectors.size || pages_resize(&batch->sectors, sectors);
}

int batch_touch(struct batch *batch, size_t bytes)
{
	if (!reserve_entries(batch, bytes / TOUCHED_ENTRY_BYTES) || !reserve(batch, bytes))
		return -ERR_NO_MEMORY;
	memset(batch->entries, 0, batch->capacity * sizeof(*batch->entries));
	memset(batch->body.data, 0, batch->body.capacity);
	memset(batch->sectors.data, 0, batch->sectors.size);
	return 0;
}

/* ---- filling ---- */

static void note_entry(struct batch *batch, const struct entry *entry,
                       struct journal_append *append)
{
	batch->entries[batch->count++] = (struct journal_entry){
	        .index = entry->index,
	        .epoch = entry->epoch,
	        .kind = entry->kind,
	        .version = entry->version,
	        .append = append,
	};
	batch->last = *entry;
	batch->last.payload = (struct str){0};
}

int batch_add(struct batch *batch, struct entry *entry, struct journal_append *append)
{
	if (!reserve(batch, entry_size(entry->payload.size)))
		return -ERR_NO_MEMORY;
	entry_encode(entry, batch->last.chain, &batch->body);
	note_entry(batch, entry, append);
	return 0;
}

int batch_add_encoded(struct batch *batch, const struct entry *entry, struct str encoded)
{
	if (!reserve(batch, encoded.size))
		return -ERR_NO_MEMORY;
	buf_append(&batch->body, encoded.data, encoded.size);
	note_entry(batch, entry, NULL);
	return 0;
}

size_t batch_size_with(const struct batch *batch, size_t more)
{
	return batch_size(batch->body.size + more, SEGMENT_BLOCK_BYTES);
}

void batch_settle(struct batch *batch)
{
	struct cursor c = cursor_of(buf_str(&batch->body));
	struct entry entry;

	for (size_t i = 0; i < batch->count; i++) {
		CHECK(entry_next(&c, &entry));
		batch->entries[i].payload = entry.payload;
	}
	batch->header.entries = (uint32_t)batch->count;
	batch->header.first_index = batch->before.index + 1;
	batch->header.last_index = batch->last.index;
	batch->header.first_epoch = batch->count == 0 ? 0 : batch->entries[0].epoch;
	batch->header.last_epoch = batch->count == 0 ? 0 : batch->last.epoch;
}

/* ---- writing ---- */

/* The header says how far the segment before goes, so all of that is synced first. */
static int sync_before(const struct batch *batch)
{
	const struct segment_writer *before = batch->segment_before;

	if (IS_BROKEN(END_NOT_SYNCED))
		return 0;
	return before != NULL && before->syncs_behind ? io_file_sync(before->file) : 0;
}

static int begin_segment(struct batch *batch, size_t size, struct vote_file *vote, uint64_t boot)
{
	struct segment_id id = segment_writer_id(batch->segment);
	struct vote record = *vote_file_vote(vote);
	int rc = sync_before(batch);

	batch->failed_at = "beginning it";
	if (rc == 0)
		rc = segment_writer_begin(batch->segment, &batch->sectors, size);
	if (rc < 0)
		return rc;
	record.unsynced_boot = boot;
	record.segment_epoch = id.epoch;
	record.segment_first_index = id.first_index;
	batch->failed_at = "naming it in the vote record";
	return vote_file_write(vote, &record);
}

void batch_write(struct batch *batch, struct io *io, struct vote_file *vote, uint64_t boot)
{
	size_t size = batch_size_with(batch, 0);
	uint64_t start_us;

	batch_encode(&batch->segment->header, &batch->header, buf_str(&batch->body),
	             batch->sectors.data);
	start_us = io_now_us(io);
	if (batch->begins_segment) {
		batch->rc = begin_segment(batch, size, vote, boot);
	} else {
		batch->failed_at = "writing a batch";
		batch->rc = segment_writer_write(batch->segment, &batch->sectors, size,
		                                 batch->header.offset);
	}
	batch->sync_us = io_now_us(io) - start_us;
}
