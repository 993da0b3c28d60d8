/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of one of several masters, made byte by byte: segments with batches as the test lays
 * them, a vote record, checkpoints; and a start that reads it, with what it found.  Include after
 * cmocka.h.
 */
#ifndef HOLDFAST_TESTS_UNIT_JOURNAL_MADE_JOURNAL_H
#define HOLDFAST_TESTS_UNIT_JOURNAL_MADE_JOURNAL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/command.h"
#include "format/segment_scan.h"
#include "io/io.h"
#include "journal/checkpoint_write.h"
#include "journal/recovery_read.h"

enum { MADE_ENTRIES_MAX = 64, MADE_BLOCK = 4096, MADE_CHECKPOINTS_MAX = 4 };

static const struct marker made_marker = {.cluster_id = "CID-made", .member = {7}};

/* ---- making ---- */

struct made_segment {
	struct segment_header header;
	struct entry last;
	uint8_t *bytes;
	size_t at;
};

/* Begins one after `before` (NULL: the first), which counts up to `end`. */
static inline void made_begin(struct made_segment *made, uint64_t run, size_t blocks,
                              const struct made_segment *before, const struct entry *end)
{
	static const struct entry nothing;
	const struct entry *last = end == NULL ? &nothing : end;

	*made = (struct made_segment){
	        .header = {.block_bytes = MADE_BLOCK,
	                   .file_bytes = blocks * MADE_BLOCK,
	                   .epoch = run,
	                   .first_index = last->index + 1,
	                   .before_end = last->index,
	                   .before_end_epoch = last->epoch,
	                   .before_end_chain = last->chain},
	        .last = *last,
	        .at = MADE_BLOCK,
	};
	if (before != NULL) {
		made->header.before_epoch = before->header.epoch;
		made->header.before_first_index = before->header.first_index;
	}
	memcpy(made->header.cluster_id, made_marker.cluster_id, sizeof(made_marker.cluster_id));
	made->bytes = calloc(blocks, MADE_BLOCK);
	segment_header_encode(&made->header, made->bytes);
}

/* This master at that address, alone or with another one. */
static inline struct raft_members made_members(const char *address, bool is_alone)
{
	struct raft_members members = {.count = is_alone ? 1 : 2};

	members.member[0] = (struct raft_member){.id = {{7}}, .is_voter = true};
	snprintf(members.member[0].address, sizeof(members.member[0].address), "%s", address);
	members.member[1] = (struct raft_member){.id = {{8}}, .address = "other:1"};
	return members;
}

/* A batch of `count` entries of one epoch, noted in `entries` by index if not NULL.  Every 5th
 * entry is a list of members; up to the 5th it is alone. */
static inline void made_batch(struct made_segment *made, size_t count, uint64_t epoch,
                              uint64_t mark, struct entry *entries)
{
	struct batch_header batch = {.offset = made->at,
	                             .mark = mark,
	                             .entries = (uint32_t)count,
	                             .first_index = made->last.index + 1,
	                             .first_epoch = count > 0 ? epoch : 0,
	                             .last_epoch = count > 0 ? epoch : 0};
	struct buf body = {0}, payload = {0};

	for (size_t i = 0; i < count; i++) {
		struct entry entry = {.index = made->last.index + 1, .epoch = epoch, .kind = 10};

		buf_clear(&payload);
		if (entry.index % 5 == 0) {
			struct raft_members members = made_members("m:1", entry.index == 5);

			entry.kind = ENTRY_members;
			raft_members_encode(&members, &payload);
		} else {
			for (int j = 0; j < 40; j++)
				buf_append_format(&payload, "%d-%d ", (int)entry.index, (int)epoch);
		}
		entry.payload = buf_str(&payload);
		entry_encode(&entry, made->last.chain, &body);
		entry.payload = (struct str){0};
		made->last = entry;
		if (entries != NULL)
			entries[entry.index] = entry;
	}
	batch.last_index = made->last.index;
	batch_encode(&made->header, &batch, buf_str(&body), made->bytes + made->at);
	made->at += (size_t)batch.sectors * SEGMENT_SECTOR_BYTES;
	CHECK(made->at + MADE_BLOCK <= made->header.file_bytes);
	buf_finish(&body);
	buf_finish(&payload);
}

/* ---- a folder ---- */

struct made_folder {
	struct io *io;
	char path[64];
};

static inline const char *made_path(const struct made_folder *folder, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	return path;
}

static inline void made_write(const struct made_folder *folder, const char *name, const void *bytes,
                              size_t size)
{
	FILE *file = fopen(made_path(folder, name), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static inline void made_put_marker(const struct made_folder *folder)
{
	struct buf text = {0};

	marker_encode(&made_marker, &text);
	made_write(folder, FOLDER_MARKER, text.data, text.size);
	buf_finish(&text);
}

static inline const char *made_name(const struct made_segment *made)
{
	static char name[FOLDER_NAME_BYTES];

	folder_segment_name((struct segment_id){.epoch = made->header.epoch,
	                                        .first_index = made->header.first_index},
	                    name);
	return name;
}

static inline void made_put(const struct made_folder *folder, const struct made_segment *made)
{
	made_write(folder, made_name(made), made->bytes, made->header.file_bytes);
}

static inline void made_remove(const struct made_folder *folder, const char *name)
{
	remove(made_path(folder, name));
}

static inline void made_vote(const struct made_folder *folder, struct vote vote)
{
	static uint8_t slots[VOTE_SLOTS * VOTE_SLOT_BYTES];

	vote.sequence = 1;
	for (int slot = 0; slot < VOTE_SLOTS; slot++)
		vote_encode(&vote, slots + slot * VOTE_SLOT_BYTES);
	made_write(folder, FOLDER_VOTE, slots, sizeof(slots));
}

static inline void made_checkpoint(const struct made_folder *folder, const struct entry *last,
                                   uint64_t members_index)
{
	struct checkpoint_header header = {
	        .index = last->index, .epoch = last->epoch, .chain = last->chain};
	struct raft_members members = made_members("c:1", false);
	atomic_bool is_given_up = false;
	struct checkpoint_writer *writer;
	struct buf list = {0};
	char *text = NULL;

	memcpy(header.cluster_id, made_marker.cluster_id, sizeof(made_marker.cluster_id));
	raft_members_encode(&members, &list);
	header.members_index = members_index;
	header.members_bytes = members_index == 0 ? 0 : (uint32_t)list.size;
	memcpy(header.members, list.data, header.members_bytes);
	buf_finish(&list);
	assert_int_equal(checkpoint_writer_create(folder->io, folder->path, &header, &writer), 0);
	assert_int_equal(checkpoint_writer_add(writer, STR("records")), 0);
	assert_int_equal(
	        checkpoint_writer_finish(writer, 1, (struct hash128){0}, &is_given_up, &text), 0);
	checkpoint_writer_destroy(writer);
}

static inline void made_folder_setup(struct made_folder *folder)
{
	assert_int_equal(io_create(&folder->io), 0);
	snprintf(folder->path, sizeof(folder->path), "./recovery-test-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
}

static inline void made_folder_teardown(struct made_folder *folder)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder->path);
	assert_int_equal(system(command), 0);
	io_destroy(folder->io);
}

/* ---- a start ---- */

struct made_start {
	int rc;             /* of FAILED; 0: it came to its end */
	char text[1024];    /* of FAILED */
	char notices[2048]; /* DAMAGED, TORN, LOAD_BAD */
	uint64_t loaded;    /* index of the checkpoint; 0: none */
	struct recovery_log log;
	/* By index, behind the checkpoint. */
	struct entry entries[MADE_ENTRIES_MAX];
	uint64_t applied; /* the last that was to be applied */
	uint64_t last;    /* the rest, too */
	struct vote vote; /* after it */
	size_t segment_count;
};

static inline void made_take(struct made_start *start, struct str bytes)
{
	struct cursor c = cursor_of(bytes);
	struct entry entry, before = start->entries[start->last];

	if (start->last == start->loaded)
		before = start->log.base;
	while (cursor_left(&c) > 0) {
		if (before.index == 0 && start->loaded > 0) /* its chain is not at hand */
			assert_true(entry_next(&c, &entry));
		else
			assert_int_equal(entry_check(&c, &before, &entry), ENTRY_GOOD);
		assert_int_equal(entry.index, start->last + 1);
		before = entry;
		before.payload = (struct str){0};
		start->last = entry.index;
		start->entries[entry.index] = before;
	}
}

static inline void made_note(struct made_start *start, const struct recovery_piece *piece)
{
	size_t used = strlen(start->notices);

	assert_true(piece->text != NULL || mem_has_failed());
	snprintf(start->notices + used, sizeof(start->notices) - used, "%s\n",
	         piece->text == NULL ? "no memory" : piece->text);
}

static inline void made_end(struct made_start *start, struct recovery_reader *reader,
                            const struct recovery_piece *piece)
{
	struct vote_file *vote = recovery_reader_take_vote(reader);

	assert_int_equal(piece->last.index, start->last);
	start->applied = start->last;
	made_take(start, buf_str(&piece->bytes));
	recovery_reader_take_log(reader, &start->log);
	start->vote = *vote_file_vote(vote);
	vote_file_close(vote);
}

static inline void made_start(const struct made_folder *folder, struct made_start *start)
{
	struct recovery_reader *reader;
	struct recovery_piece piece;
	bool is_over = false;

	*start = (struct made_start){0};
	start->rc = recovery_reader_create(folder->io, folder->path, &made_marker, &reader);
	if (start->rc < 0)
		return;
	recovery_piece_init(&piece);
	while (!is_over) {
		recovery_reader_next(reader, &piece);
		switch (piece.kind) {
		case RECOVERY_LOAD_BEGIN: start->loaded = start->last = piece.last.index; break;
		case RECOVERY_RECORDS:
		case RECOVERY_LOAD_END: break;
		case RECOVERY_LOAD_BAD:
			start->loaded = start->last = 0;
			made_note(start, &piece);
			break;
		case RECOVERY_ENTRIES:
			made_take(start, buf_str(&piece.bytes));
			assert_int_equal(piece.last.index, start->last);
			break;
		case RECOVERY_TORN:
		case RECOVERY_DAMAGED: made_note(start, &piece); break;
		case RECOVERY_END:
			made_end(start, reader, &piece);
			is_over = true;
			break;
		case RECOVERY_FAILED:
			start->rc = piece.rc;
			assert_true(piece.text != NULL || mem_has_failed());
			snprintf(start->text, sizeof(start->text), "%s",
			         piece.text == NULL ? "no memory" : piece.text);
			is_over = true;
			break;
		}
	}
	recovery_piece_finish(&piece);
	recovery_reader_destroy(reader);
}

static inline void made_start_finish(struct made_start *start)
{
	recovery_log_finish(&start->log);
}

#endif
