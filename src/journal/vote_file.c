/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/vote_file.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/folder.h"
#include "journal/pages.h"
#include "journal/read_at.h"
#include "journal/text.h"

struct vote_file {
	struct io_file *file;
	struct vote vote;
	int slot; /* that holds it; the other one is bad, older or the same */
	struct pages slots;
};

void vote_file_close(struct vote_file *file)
{
	if (file == NULL)
		return;
	io_file_close(file->file);
	pages_finish(&file->slots);
	mem_free(file);
}

/* The way out of a lost record: nobody can tell then whether acknowledged entries are missing. */
static char *lost_text(const char *folder, const char *path, const char *why)
{
	return text_make("%s: %s. It says which segment is the newest, so without it nobody knows "
	                 "whether acknowledged changes are missing. Bring back the folder's files "
	                 "from where they went; look closer: holdfast journal verify %s",
	                 path, why, folder);
}

static int read_slots(struct vote_file *file, const char *folder, const char *path, char **ret_text)
{
	const char *why = NULL;
	size_t size;
	int rc = read_at(file->file, path, file->slots.data, file->slots.size, 0, &size, ret_text);

	if (rc < 0)
		return rc;
	if (size < (size_t)VOTE_SLOTS * VOTE_SLOT_BYTES) {
		rc = -ERR_DAMAGED;
		why = "it is too short";
	} else {
		rc = vote_choose(file->slots.data, &file->vote, &file->slot, &why);
	}
	if (rc < 0)
		*ret_text = lost_text(folder, path, why);
	return rc;
}

static int open_file(struct io *io, const char *path, unsigned flags, struct vote_file **ret_file)
{
	struct vote_file *file = mem_zalloc(sizeof(*file));
	int rc = -ERR_NO_MEMORY;

	if (file != NULL && pages_resize(&file->slots, (size_t)VOTE_SLOTS * VOTE_SLOT_BYTES))
		rc = io_file_open(io, path, flags | IO_OPEN_DIRECT, &file->file);
	if (rc < 0) {
		vote_file_close(file);
		return rc;
	}
	*ret_file = file;
	return 0;
}

static int open_and_read(struct io *io, const char *folder, unsigned flags,
                         struct vote_file **ret_file, char **ret_text)
{
	CLEANUP(mem_cleanup) char *path = folder_join(folder, FOLDER_VOTE);
	struct vote_file *file;
	int rc;

	if (path == NULL)
		return -ERR_NO_MEMORY;
	rc = open_file(io, path, flags, &file);
	if (rc < 0) {
		*ret_text = rc == -ERR_NO_FILE ? lost_text(folder, path, "it is missing")
		                               : text_of_error(path, "open it", rc);
		return rc == -ERR_NO_FILE ? -ERR_DAMAGED : rc;
	}
	rc = read_slots(file, folder, path, ret_text);
	if (rc < 0) {
		vote_file_close(file);
		return rc;
	}
	*ret_file = file;
	return 0;
}

static int write_slot(struct vote_file *file, int slot, const struct vote *vote)
{
	vote_encode(vote, file->slots.data);
	return io_file_write(file->file, file->slots.data, VOTE_SLOT_BYTES,
	                     (uint64_t)slot * VOTE_SLOT_BYTES);
}

/* A disk may put a block where another one belongs and say that all is well: then a slot has what
 * counted before, and is all there is when a death tears the other one next.  Nothing is lost yet:
 * the write has failed. */
static int check_slots(struct vote_file *file, const struct vote *vote)
{
	CLEANUP(mem_cleanup) char *text = NULL;
	uint8_t expected[VOTE_SLOT_BYTES];
	size_t size;
	int rc = read_at(file->file, FOLDER_VOTE, file->slots.data, file->slots.size, 0, &size,
	                 &text);

	if (rc < 0 || IS_BROKEN(VOTE_NOT_READ_BACK))
		return rc;
	if (IS_BROKEN(VOTE_IN_ONE_SLOT)) /* the other one is older */
		return 0;
	vote_encode(vote, expected);
	for (size_t at = 0; at < file->slots.size; at += VOTE_SLOT_BYTES)
		if (memcmp(file->slots.data + at, expected, VOTE_SLOT_BYTES) != 0)
			return -ERR_IO;
	return size == file->slots.size ? 0 : -ERR_IO;
}

int vote_file_open(struct io *io, const char *folder, struct vote_file **ret_file, char **ret_text)
{
	struct vote_file *file;
	int rc = open_and_read(io, folder, IO_OPEN_WRITE | IO_OPEN_DSYNC, &file, ret_text);

	if (rc < 0)
		return rc;
	/* What was read may only be in a cache, and the other slot all there is on the device:
	 * before that one is overwritten this one must be durable.  And that one may be older, of a
	 * change that a death ended: from now on this one is relied upon, and must not be all there
	 * is. */
	rc = write_slot(file, file->slot, &file->vote);
	if (rc == 0 && !IS_BROKEN(VOTE_IN_ONE_SLOT))
		rc = write_slot(file, !file->slot, &file->vote);
	if (rc == 0)
		rc = check_slots(file, &file->vote);
	if (rc < 0) {
		*ret_text = text_of_error(folder, "write the vote record", rc);
		vote_file_close(file);
		return rc;
	}
	*ret_file = file;
	return 0;
}

int vote_file_read(struct io *io, const char *folder, struct vote *ret_vote, char **ret_text)
{
	struct vote_file *file;
	int rc = open_and_read(io, folder, IO_OPEN_READ, &file, ret_text);

	if (rc < 0)
		return rc;
	*ret_vote = file->vote;
	vote_file_close(file);
	return 0;
}

const struct vote *vote_file_vote(const struct vote_file *file)
{
	return &file->vote;
}

int vote_file_write(struct vote_file *file, const struct vote *vote)
{
	struct vote next = *vote;
	int rc;

	next.sequence = file->vote.sequence + 1;
	rc = write_slot(file, !file->slot, &next);
	if (IS_BROKEN(VOTE_IN_ONE_SLOT))
		file->slot = !file->slot;
	else if (rc == 0)
		rc = write_slot(file, file->slot, &next);
	if (rc == 0)
		rc = check_slots(file, &next);
	if (rc < 0)
		return rc;
	file->vote = next;
	return 0;
}

int vote_file_create(struct io *io, const char *folder, const struct vote *vote)
{
	CLEANUP(mem_cleanup) char *path = folder_join(folder, FOLDER_VOTE);
	uint8_t slots[VOTE_SLOTS * VOTE_SLOT_BYTES];
	struct vote first = *vote;

	if (path == NULL)
		return -ERR_NO_MEMORY;
	first.sequence = 1;
	for (int slot = 0; slot < VOTE_SLOTS; slot++)
		vote_encode(&first, slots + slot * VOTE_SLOT_BYTES);
	return io_replace_file(io, path, slots, sizeof(slots));
}
