/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/walk.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/text.h"

enum { LOOKS_MAX = 8 };

int walk_begin(struct walk *walk, struct io *io, const char *folder, char **ret_text)
{
	int rc;

	*walk = (struct walk){.io = io, .folder = folder};
	rc = folder_read_marker(io, folder, &walk->marker, ret_text);
	if (rc < 0)
		return rc;
	rc = folder_list(io, folder, &walk->names);
	if (rc < 0)
		*ret_text = text_of_error(folder, "look into it", rc);
	return rc;
}

void walk_end(struct walk *walk)
{
	folder_names_finish(&walk->names);
}

uint64_t walk_segment_end(const struct walk *walk, size_t place)
{
	uint64_t end = UINT64_MAX;

	for (size_t i = place + 1; i < walk->names.segment_count; i++) {
		if (walk->names.segments[i].first_index <= end)
			end = walk->names.segments[i].first_index - 1;
	}
	return end;
}

struct pass {
	bool (*each)(void *context, const struct segment_scan *scan);
	void *context;
	uint64_t end;    /* last index that counts */
	uint64_t seen;   /* last index that `each` was given */
	bool is_stopped; /* by `each` */
};

/* From the first batch on; batches that `each` had already are not given to it again. */
static int pass_over(struct segment_reader *reader, struct pass *pass,
                     enum segment_finding *ret_finding, char **ret_text)
{
	const struct segment_scan *scan = segment_reader_scan(reader);
	enum segment_finding finding = SEGMENT_BATCH;
	int rc;

	while (finding == SEGMENT_BATCH && scan->last.index < pass->end && !pass->is_stopped) {
		rc = segment_reader_next(reader, &finding, ret_text);
		if (rc < 0)
			return rc;
		if (finding != SEGMENT_BATCH || scan->last.index <= pass->seen)
			continue;
		pass->seen = scan->last.index;
		if (pass->each != NULL)
			pass->is_stopped = !pass->each(pass->context, scan);
	}
	*ret_finding = finding;
	return 0;
}

bool walk_is_gone(const struct walk *walk, const char *name)
{
	CLEANUP(mem_cleanup) char *path = folder_join(walk->folder, name);
	struct io_stat stat;

	return path != NULL && io_stat(walk->io, path, &stat) == -ERR_NO_FILE;
}

static bool is_gone(const struct walk *walk, size_t place)
{
	char name[FOLDER_NAME_BYTES];

	folder_segment_name(walk->names.segments[place], name);
	return walk_is_gone(walk, name);
}

static bool is_sound(enum segment_finding finding)
{
	return finding == SEGMENT_BATCH || finding == SEGMENT_END;
}

int walk_segment(const struct walk *walk, size_t place,
                 bool (*each)(void *context, const struct segment_scan *scan), void *context,
                 struct segment_scan *ret_scan, enum segment_finding *ret_finding, char **ret_text)
{
	bool is_newest = place + 1 == walk->names.segment_count;
	struct pass pass = {.each = each, .context = context, .end = walk_segment_end(walk, place)};
	uint64_t bad_offset = 0;

	for (int look = 0;; look++) {
		struct segment_reader *reader;
		enum segment_finding finding = SEGMENT_BATCH;
		bool is_believed;
		int rc = segment_reader_open(walk->io, walk->folder, walk->names.segments[place],
		                             walk->marker.cluster_id, &reader, ret_text);

		if (rc < 0)
			return rc;
		rc = pass_over(reader, &pass, &finding, ret_text);
		*ret_scan = *segment_reader_scan(reader);
		is_believed = rc < 0 || is_sound(finding) || !is_newest || look == LOOKS_MAX ||
		              ret_scan->bad_offset == bad_offset;
		bad_offset = ret_scan->bad_offset;
		*ret_finding = finding;
		if (is_believed && rc == 0 && !is_sound(finding))
			*ret_text = segment_reader_describe(reader, finding);
		segment_reader_close(reader);
		if (is_gone(walk, place)) {
			*ret_finding = SEGMENT_BATCH;
			return -ERR_NO_FILE;
		}
		if (is_believed)
			return rc;
	}
}
