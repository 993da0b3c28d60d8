/* SPDX-License-Identifier: Apache-2.0 */
/* The second part of what a start reads: which segments count. */
#include <inttypes.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/recovery_private.h"
#include "journal/text.h"

/* Where the chain breaks: this segment is missing, bad, or has none before it. */
struct broken {
	struct segment_id id;
	char *what;
};

static int breaks_at(struct broken *broken, struct segment_id id, char *what)
{
	broken->id = id;
	broken->what = what;
	return 0;
}

static struct segment_id id_of(const struct segment_header *header)
{
	return (struct segment_id){.epoch = header->epoch, .first_index = header->first_index};
}

/* Reads headers from `id` back to the one that holds the entry after the checkpoint; they come to
 * stand in reader->chain, newest first.  1: it is reached; 0: *ret_broken; < 0: *ret_text. */
static int follow_back(struct recovery_reader *reader, struct segment_id id,
                       struct broken *ret_broken, char **ret_text)
{
	reader->chain_count = 0;
	reader->bytes_total = reader->bytes_before;
	while (reader->chain_count < reader->names.segment_count) {
		struct segment_header *header = &reader->chain[reader->chain_count];
		struct segment_reader *segment;
		int rc;

		if (!folder_has_segment(&reader->names, id))
			return breaks_at(ret_broken, id, recovery_missing_text(reader, id));
		rc = segment_reader_open(reader->io, reader->folder, id, reader->marker->cluster_id,
		                         &segment, ret_text);
		if (rc == -ERR_DAMAGED)
			return breaks_at(ret_broken, id, *ret_text);
		if (rc < 0)
			return rc;
		*header = *segment_reader_header(segment);
		segment_reader_close(segment);
		reader->chain_count++;
		reader->bytes_total += header->file_bytes;
		if (header->first_index <= reader->log.base.index + 1)
			return 1;
		if (header->before_epoch == 0)
			break;
		id.epoch = header->before_epoch;
		id.first_index = header->before_first_index;
	}
	return breaks_at(ret_broken, id,
	                 text_make("%s: a hole from index %" PRIu64 " on", reader->folder,
	                           reader->log.base.index + 1));
}

/* The newest first becomes the oldest first. */
static void turn_round(struct recovery_reader *reader)
{
	for (size_t i = 0; i < reader->chain_count / 2; i++) {
		struct segment_header header = reader->chain[i];

		reader->chain[i] = reader->chain[reader->chain_count - 1 - i];
		reader->chain[reader->chain_count - 1 - i] = header;
	}
}

/* Segments of the first `count` that are older than `id`. */
static size_t count_older(const struct folder_names *names, size_t count, struct segment_id id)
{
	while (count > 0 && (names->segments[count - 1].epoch > id.epoch ||
	                     (names->segments[count - 1].epoch == id.epoch &&
	                      names->segments[count - 1].first_index >= id.first_index)))
		count--;
	return count;
}

/* What the newest segment held is lost with all that the break cuts off. */
static int lose_newest(struct recovery_reader *reader, char **ret_text)
{
	if (reader->chain_count > 0)
		return recovery_lost_segment(reader, id_of(&reader->chain[0]), ret_text);
	reader->lost.is_unknown = true;
	return 0;
}

/* The newest chain that is whole; none: an empty one. */
static int find_chain(struct recovery_reader *reader, char **ret_text)
{
	const struct folder_names *names = &reader->names;
	size_t count = names->segment_count;

	while (count > 0) {
		struct broken broken = {0};
		int rc = follow_back(reader, names->segments[count - 1], &broken, ret_text);

		if (rc != 0)
			return rc < 0 ? rc : 0;
		recovery_lost_add(reader, broken.what);
		*ret_text = NULL; /* it is the same one */
		if (count == names->segment_count)
			rc = lose_newest(reader, ret_text);
		if (rc < 0)
			return rc;
		count = count_older(names, count - 1, broken.id);
	}
	reader->chain_count = 0;
	return 0;
}

static bool only_chain(struct recovery_reader *reader, struct recovery_piece *piece)
{
	struct broken broken = {0};
	char *text = NULL;
	int rc = follow_back(reader, recovery_newest(reader), &broken, &text);

	if (rc < 0)
		return recovery_failed(piece, rc, text);
	return rc == 0 ? recovery_refused(reader, piece, broken.what) : false;
}

bool recovery_step_chain(struct recovery_reader *reader, struct recovery_piece *piece)
{
	char *text = NULL;
	int rc;

	reader->chain_count = 0;
	reader->place = 0;
	if (reader->chain == NULL)
		reader->chain =
		        mem_alloc((reader->names.segment_count + 1) * sizeof(*reader->chain));
	if (reader->chain == NULL)
		return recovery_failed(piece, -ERR_NO_MEMORY, NULL);
	if (reader->is_tolerant) {
		rc = find_chain(reader, &text);
		if (rc < 0)
			return recovery_failed(piece, rc, text);
	} else if (reader->names.segment_count > 0 && only_chain(reader, piece)) {
		return true;
	}
	turn_round(reader);
	reader->step = reader->chain_count == 0 ? recovery_step_promise : recovery_step_segment;
	if (reader->chain_count > 0)
		reader->target = reader->chain[reader->chain_count - 1].before_end;
	return false;
}
