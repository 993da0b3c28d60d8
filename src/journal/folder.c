/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/folder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/text.h"

enum { PID_BYTES_MAX = 32 };

/* ---- names ---- */

void folder_segment_name(struct segment_id id, char *name)
{
	snprintf(name, FOLDER_NAME_BYTES, "segment-%010" PRIu64 "-%020" PRIu64, id.epoch,
	         id.first_index);
}

void folder_checkpoint_name(uint64_t index, char *name)
{
	snprintf(name, FOLDER_NAME_BYTES, "checkpoint-%020" PRIu64, index);
}

char *folder_join(const char *folder, const char *name)
{
	return text_make("%s/%s", folder, name);
}

/* Only names that we would write ourselves are ours. */
static bool is_segment(const char *name, struct segment_id *ret_id)
{
	char again[FOLDER_NAME_BYTES];

	if (sscanf(name, "segment-%" SCNu64 "-%" SCNu64, &ret_id->epoch, &ret_id->first_index) != 2)
		return false;
	folder_segment_name(*ret_id, again);
	return strcmp(name, again) == 0;
}

static bool is_checkpoint(const char *name, uint64_t *ret_index)
{
	char again[FOLDER_NAME_BYTES];

	if (sscanf(name, "checkpoint-%" SCNu64, ret_index) != 1)
		return false;
	folder_checkpoint_name(*ret_index, again);
	return strcmp(name, again) == 0;
}

/* Only what we make ourselves: these are removed at the next start. */
static bool is_temporary(const char *name)
{
	struct str text = str_of(name), end = STR(".tmp");

	return text.size > end.size && strcmp(name + text.size - end.size, end.data) == 0 &&
	       (str_starts_with(text, STR("prepared-")) ||
	        str_starts_with(text, STR("checkpoint-")) ||
	        str_starts_with(text, STR("segment-")) ||
	        str_starts_with(text, STR(FOLDER_MARKER)) ||
	        str_starts_with(text, STR(FOLDER_VOTE)) || str_equal(text, STR(FOLDER_ODD ".tmp")));
}

static bool is_one_of_a_kind(const char *name)
{
	return strcmp(name, FOLDER_MARKER) == 0 || strcmp(name, FOLDER_LOCK) == 0 ||
	       strcmp(name, FOLDER_VOTE) == 0 || strcmp(name, FOLDER_ODD) == 0 ||
	       strcmp(name, "lost+found") == 0;
}

/* ---- listing ---- */

int segment_id_compare(const void *a, const void *b)
{
	const struct segment_id *x = a, *y = b;

	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	return x->first_index < y->first_index ? -1 : x->first_index > y->first_index;
}

static void sort_out(struct folder_names *names)
{
	for (size_t i = 0; i < names->all_count; i++) {
		char *name = names->all[i];

		if (is_segment(name, &names->segments[names->segment_count]))
			names->segment_count++;
		else if (is_checkpoint(name, &names->checkpoints[names->checkpoint_count]))
			names->checkpoint_count++;
		else if (is_temporary(name))
			names->temporaries[names->temporary_count++] = name;
		else if (!is_one_of_a_kind(name))
			names->others[names->other_count++] = name;
	}
	qsort(names->segments, names->segment_count, sizeof(*names->segments), segment_id_compare);
}

int folder_list(struct io *io, const char *folder, struct folder_names *ret_names)
{
	struct folder_names names = {0};
	size_t room;
	int rc = io_list_folder(io, folder, &names.all, &names.all_count);

	if (rc < 0)
		return rc;
	room = names.all_count + 1;
	names.segments = mem_alloc(room * sizeof(*names.segments));
	names.checkpoints = mem_alloc(room * sizeof(*names.checkpoints));
	names.temporaries = mem_alloc(room * sizeof(*names.temporaries));
	names.others = mem_alloc(room * sizeof(*names.others));
	if (names.segments == NULL || names.checkpoints == NULL || names.temporaries == NULL ||
	    names.others == NULL) {
		folder_names_finish(&names);
		return -ERR_NO_MEMORY;
	}
	sort_out(&names);
	*ret_names = names;
	return 0;
}

void folder_names_finish(struct folder_names *names)
{
	io_free_names(names->all, names->all_count);
	mem_free(names->segments);
	mem_free(names->checkpoints);
	mem_free(names->temporaries);
	mem_free(names->others);
	*names = (struct folder_names){0};
}

bool folder_has_segment(const struct folder_names *names, struct segment_id id)
{
	for (size_t i = 0; i < names->segment_count; i++) {
		if (segment_id_compare(&names->segments[i], &id) == 0)
			return true;
	}
	return false;
}

/* ---- marker ---- */

static char *absent_text(const char *folder)
{
	return text_make("%s holds no journal: it was never formatted, or its disk is not mounted. "
	                 "If it should hold one, mount the disk and start again; for a new, empty "
	                 "file system run: holdfast format",
	                 folder);
}

int folder_read_marker(struct io *io, const char *folder, struct marker *ret_marker,
                       char **ret_text)
{
	CLEANUP(mem_cleanup) char *path = folder_join(folder, FOLDER_MARKER);
	struct buf text;
	int rc;

	if (path == NULL)
		return -ERR_NO_MEMORY;
	buf_init(&text);
	rc = io_read_file(io, path, MARKER_BYTES_MAX, &text);
	if (rc == -ERR_IO) { /* as in read_at() */
		buf_clear(&text);
		rc = io_read_file(io, path, MARKER_BYTES_MAX, &text);
	}
	if (rc == -ERR_NO_FILE) {
		rc = -ERR_ABSENT;
		*ret_text = absent_text(folder);
	} else if (rc < 0 && rc != -ERR_TOO_LARGE) {
		*ret_text = text_of_error(path, "read it", rc);
	} else {
		rc = rc < 0 ? -ERR_DAMAGED : marker_decode(buf_str(&text), ret_marker);
		if (rc == -ERR_UNSUPPORTED)
			*ret_text =
			        text_make("%s was written by a later release of holdfast", path);
		else if (rc < 0)
			*ret_text = text_make("%s is damaged. The same lines stand in the copies "
			                      "of this folder, if there are any; look closer: "
			                      "holdfast journal verify %s",
			                      path, folder);
	}
	buf_finish(&text);
	return rc;
}

int folder_write_marker(struct io *io, const char *folder, const struct marker *marker)
{
	CLEANUP(mem_cleanup) char *path = folder_join(folder, FOLDER_MARKER);
	struct buf text;
	int rc = -ERR_NO_MEMORY;

	buf_init(&text);
	marker_encode(marker, &text);
	if (path != NULL && !text.failed)
		rc = io_sync_folder(io, folder);
	if (rc == 0)
		rc = io_replace_file(io, path, text.data, text.size);
	buf_finish(&text);
	return rc;
}

/* ---- lock ---- */

static int read_pid(struct io *io, const char *path)
{
	struct buf text;
	int pid = 0;

	buf_init(&text);
	if (io_read_file(io, path, PID_BYTES_MAX, &text) == 0) {
		buf_append_u8(&text, '\0');
		if (!text.failed)
			pid = (int)strtol((const char *)text.data, NULL, 10);
	}
	buf_finish(&text);
	return pid;
}

/* Always as long, and in place: on a full disk too. */
static int write_pid(struct io *io, struct io_file *lock)
{
	char text[PID_BYTES_MAX];
	int size = snprintf(text, sizeof(text), "%-20d\n", io_process_id(io));

	return io_file_write(lock, text, (size_t)size, 0);
}

static char *lock_text(struct io *io, const char *folder, const char *path, int rc)
{
	if (rc == -ERR_IN_USE)
		return text_make("%s is in use by the running process %d; stop that one first",
		                 folder, read_pid(io, path));
	if (rc == -ERR_ACCESS)
		return text_make("%s: cannot lock it: %s. The folder and all in it must belong to "
		                 "the user that runs the master; this process runs as %s",
		                 path, err_text(rc), io_user_name(io));
	if (rc == -ERR_READ_ONLY)
		return text_make("%s: cannot lock it: %s. Mount it for writing", path,
		                 err_text(rc));
	return text_of_error(path, "lock it", rc);
}

int folder_lock(struct io *io, const char *folder, struct io_file **ret_lock, char **ret_text)
{
	CLEANUP(mem_cleanup) char *path = folder_join(folder, FOLDER_LOCK);
	struct io_file *lock = NULL;
	int rc;

	if (path == NULL)
		return -ERR_NO_MEMORY;
	rc = io_file_open(io, path, IO_OPEN_WRITE | IO_OPEN_CREATE, &lock);
	if (rc == 0)
		rc = io_file_lock(lock);
	if (rc == 0) {
		rc = write_pid(io, lock);
		if (rc == -ERR_NO_SPACE) /* the text of a second start will lack the pid, no more */
			rc = 0;
	}
	if (rc < 0) {
		*ret_text = lock_text(io, folder, path, rc);
		io_file_close(lock);
		return rc;
	}
	*ret_lock = lock;
	return 0;
}
