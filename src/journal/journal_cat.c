/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "journal/text.h"
#include "journal/walk.h"

struct cat {
	uint64_t next; /* index to tell next, or from which on to begin */
	bool has_begun;
	bool has_hole; /* `next` is not there, but a later one */
	uint64_t last;
	uint64_t end; /* of the segment being read: what lies past it does not count */
	bool (*each)(void *context, const struct journal_entry *entry);
	void *context;
	bool is_over;
};

static bool cat_batch(void *context, const struct segment_scan *scan)
{
	struct cat *cat = context;
	struct cursor c = cursor_of(scan->body);
	struct entry entry;

	while (!cat->is_over && entry_next(&c, &entry) && entry.index <= cat->end) {
		const struct journal_entry told = {
		        .index = entry.index,
		        .epoch = entry.epoch,
		        .kind = entry.kind,
		        .version = entry.version,
		        .payload = entry.payload,
		};

		if (entry.index < cat->next)
			continue;
		cat->has_hole = cat->has_begun && entry.index > cat->next;
		if (cat->has_hole)
			return false;
		cat->has_begun = true;
		cat->next = entry.index + 1;
		cat->is_over = entry.index > cat->last || !cat->each(cat->context, &told);
	}
	return !cat->is_over;
}

static int cat_segments(const struct walk *walk, struct cat *cat, char **ret_text)
{
	for (size_t i = 0; i < walk->names.segment_count && !cat->is_over; i++) {
		enum segment_finding finding;
		struct segment_scan scan;
		int rc;

		cat->end = walk_segment_end(walk, i);
		if (cat->end < cat->next || walk->names.segments[i].first_index > cat->last)
			continue;
		rc = walk_segment(walk, i, cat_batch, cat, &scan, &finding, ret_text);
		if (rc == -ERR_NO_FILE) { /* the journal begins later now */
			mem_free(*ret_text);
			*ret_text = NULL;
			cat->has_begun = false;
			cat->has_hole = false;
			continue;
		}
		if (rc < 0)
			return rc;
		if (finding == SEGMENT_HOLE || finding == SEGMENT_ROT)
			return -ERR_DAMAGED;
		if (cat->has_hole) {
			*ret_text =
			        text_make("%s: a hole at index %" PRIu64, walk->folder, cat->next);
			return -ERR_DAMAGED;
		}
	}
	return 0;
}

int journal_cat(struct io *io, const char *folder, uint64_t first, uint64_t last,
                bool (*each)(void *context, const struct journal_entry *entry), void *context,
                char **ret_text)
{
	struct cat cat = {.next = first, .last = last, .each = each, .context = context};
	char *text = NULL;
	struct walk walk;
	int rc = walk_begin(&walk, io, folder, &text);

	if (rc == 0)
		rc = cat_segments(&walk, &cat, &text);
	if (rc < 0)
		*ret_text = text;
	else
		mem_free(text);
	walk_end(&walk);
	return rc;
}
