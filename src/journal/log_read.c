/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/log_read.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/segment_read.h"

enum { PLACES = 4, LOOKS_MAX = 3 };

/* A segment that is open, and stands at a batch that was read, or before its first. */
struct place {
	struct segment_reader *reader; /* NULL: free */
	struct segment_id id;
	uint64_t first;   /* index of the batch's first entry, or of the segment's */
	bool is_at_batch; /* scan->body holds it */
	uint64_t used;    /* when, in reads */
};

struct log_reader {
	struct io *io;
	const char *folder;
	struct place places[PLACES];
	uint64_t reads;
};

int log_reader_create(struct io *io, const char *folder, struct log_reader **ret_reader)
{
	struct log_reader *reader = mem_zalloc(sizeof(*reader));

	if (reader == NULL)
		return -ERR_NO_MEMORY;
	reader->io = io;
	reader->folder = folder;
	*ret_reader = reader;
	return 0;
}

static void place_free(struct place *place)
{
	segment_reader_close(place->reader);
	*place = (struct place){0};
}

void log_reader_rest(struct log_reader *reader)
{
	for (size_t i = 0; i < PLACES; i++)
		place_free(&reader->places[i]);
}

void log_reader_destroy(struct log_reader *reader)
{
	if (reader == NULL)
		return;
	log_reader_rest(reader);
	mem_free(reader);
}

/* ---- places ---- */

static bool is_same(struct segment_id a, struct segment_id b)
{
	return a.epoch == b.epoch && a.first_index == b.first_index;
}

/* Whoever read furthest, but not past `first`. */
static struct place *nearest(struct log_reader *reader, struct segment_id id, uint64_t first)
{
	struct place *best = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		struct place *place = &reader->places[i];

		if (place->reader != NULL && is_same(place->id, id) && place->first <= first &&
		    (best == NULL || place->first > best->first))
			best = place;
	}
	return best;
}

static struct place *longest_unused(struct log_reader *reader)
{
	struct place *oldest = &reader->places[0];

	for (size_t i = 1; i < PLACES; i++)
		if (reader->places[i].used < oldest->used)
			oldest = &reader->places[i];
	return oldest;
}

static int find_place(struct log_reader *reader, const struct log_range *range,
                      struct segment_id id, struct place **ret_place, char **ret_text)
{
	struct place *place = nearest(reader, id, range->first);
	struct segment_reader *segment;
	int rc;

	if (place == NULL) {
		rc = segment_reader_open(reader->io, reader->folder, id, range->cluster_id,
		                         &segment, ret_text);
		if (rc < 0)
			return rc;
		place = longest_unused(reader);
		place_free(place);
		place->reader = segment;
		place->id = id;
		place->first = id.first_index;
	}
	place->used = ++reader->reads;
	*ret_place = place;
	return 0;
}

/* ---- entries ---- */

struct taking {
	uint64_t next; /* index wanted next */
	uint64_t last; /* wanted at all, and counting in this segment */
	size_t left;   /* bytes that fit; the first entry always does */
	struct buf *entries;
	size_t start; /* size of `entries` before */
};

/* From the batch where the place stands. */
static void take(const struct place *place, struct taking *taking)
{
	struct cursor c = cursor_of(segment_reader_scan(place->reader)->body);
	const uint8_t *at = c.at;
	struct entry entry;

	for (; entry_next(&c, &entry) && entry.index <= taking->last; at = c.at) {
		size_t size = (size_t)(c.at - at);

		if (entry.index < taking->next)
			continue;
		if (taking->entries->size > taking->start && size > taking->left) {
			taking->left = 0;
			return;
		}
		buf_append(taking->entries, at, size);
		taking->left -= size < taking->left ? size : taking->left;
		CHECK(entry.index == taking->next);
		taking->next++;
	}
}

/* On to the next batch.  1, or 0: there is none, `*ret_finding` says why. */
static int step(struct place *place, enum segment_finding *ret_finding, char **ret_text)
{
	int rc = segment_reader_next(place->reader, ret_finding, ret_text);

	if (rc < 0 || *ret_finding != SEGMENT_BATCH)
		return rc;
	place->first = segment_reader_scan(place->reader)->batch.first_index;
	place->is_at_batch = true;
	return 1;
}

static int take_all(struct place *place, bool is_newest, struct taking *taking,
                    enum segment_finding *ret_finding, char **ret_text)
{
	int rc = 1;

	if (place->is_at_batch)
		take(place, taking);
	if (is_newest)
		segment_reader_refresh(place->reader);
	while (rc == 1 && taking->left > 0 && taking->next <= taking->last) {
		rc = step(place, ret_finding, ret_text);
		if (rc == 1)
			take(place, taking);
	}
	return rc;
}

/* What else than a batch was found.  A writer may be at it, or was when it was read ahead: only
 * what is found again is believed. */
static int judge(const struct place *place, enum segment_finding finding, bool is_newest,
                 uint64_t *bad_offset, char **ret_text)
{
	const struct segment_scan *scan = segment_reader_scan(place->reader);

	if (is_newest && (finding == SEGMENT_END || finding == SEGMENT_TORN))
		return -ERR_NO_FILE;
	if (*bad_offset != scan->bad_offset) {
		*bad_offset = scan->bad_offset;
		return -ERR_AGAIN;
	}
	*ret_text = segment_reader_describe(place->reader, finding);
	return -ERR_DAMAGED;
}

/* All that counts in it was taken. */
static bool is_read_up(const struct log_range *range, size_t which, uint64_t next)
{
	return which + 1 < range->segment_count && next >= range->segments[which + 1].first_index;
}

static int read_segment(struct log_reader *reader, const struct log_range *range, size_t which,
                        uint64_t *bad_offset, struct taking *taking, char **ret_text)
{
	bool is_newest = which + 1 == range->segment_count;
	enum segment_finding finding = SEGMENT_BATCH;
	struct place *place;
	int rc = find_place(reader, range, range->segments[which], &place, ret_text);

	if (rc < 0)
		return rc;
	rc = take_all(place, is_newest, taking, &finding, ret_text);
	if (rc == 0 && taking->next == range->first)
		rc = judge(place, finding, is_newest, bad_offset, ret_text);
	/* Where it ended it would say the same again; and what was read up is not asked for again.
	 */
	if (finding != SEGMENT_BATCH || rc < 0 || is_read_up(range, which, taking->next))
		place_free(place);
	return rc < 0 ? rc : 0;
}

/* ---- the range ---- */

/* The segment in which an index counts; segment_count: in none. */
static size_t segment_of(const struct log_range *range, uint64_t index)
{
	size_t which = range->segment_count;

	while (which > 0 && range->segments[which - 1].first_index > index)
		which--;
	return which == 0 ? range->segment_count : which - 1;
}

int log_reader_read(struct log_reader *reader, const struct log_range *range, struct buf *entries,
                    uint64_t *ret_last, char **ret_text)
{
	size_t which = segment_of(range, range->first);
	struct taking taking = {.next = range->first,
	                        .last = range->last,
	                        .left = range->bytes_max > 0 ? range->bytes_max : 1,
	                        .entries = entries,
	                        .start = entries->size};
	char *text = NULL;
	uint64_t bad_offset = 0;
	int rc = -ERR_AGAIN;

	if (which == range->segment_count || range->last < range->first)
		return -ERR_NO_FILE;
	if (which + 1 < range->segment_count &&
	    taking.last >= range->segments[which + 1].first_index)
		taking.last = range->segments[which + 1].first_index - 1;
	for (int look = 0; look < LOOKS_MAX && rc == -ERR_AGAIN; look++)
		rc = read_segment(reader, range, which, &bad_offset, &taking, &text);
	if (rc == -ERR_AGAIN)
		rc = -ERR_NO_FILE; /* it changes while it is looked at */
	if (rc == 0 && entries->failed)
		rc = -ERR_NO_MEMORY;
	if (rc == 0) {
		*ret_last = taking.next - 1;
		return 0;
	}
	entries->size = taking.start;
	if (rc == -ERR_NO_FILE)
		mem_free(text);
	else
		*ret_text = text;
	return rc;
}
