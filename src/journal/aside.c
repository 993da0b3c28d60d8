/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/aside.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/folder.h"
#include "journal/text.h"

struct magic {
	const char *name; /* file name or its beginning */
	const char *bytes;
};

static const struct magic magics[] = {
        {FOLDER_MARKER, "holdfast"},
        {FOLDER_VOTE, "HFVOTERC"},
        {"segment-", "HFSEGMNT"},
        {"checkpoint-", "HFCHKPNT"},
};

/* Known by name, and, if its kind has one, by magic. */
static int check_file(struct io *io, const char *folder, const char *name)
{
	CLEANUP(mem_cleanup) char *path = folder_join(folder, name);
	char bytes[8] = {0};
	struct io_file *file;
	size_t size;
	int rc;

	for (size_t i = 0; i < COUNT_OF(magics); i++) {
		if (!str_starts_with(str_of(name), str_of(magics[i].name)))
			continue;
		rc = path == NULL ? -ERR_NO_MEMORY : io_file_open(io, path, IO_OPEN_READ, &file);
		if (rc < 0)
			return rc;
		rc = io_file_read(file, bytes, sizeof(bytes), 0, &size);
		io_file_close(file);
		if (rc < 0)
			return rc;
		return memcmp(bytes, magics[i].bytes, sizeof(bytes)) == 0 ? 0 : -ERR_INVALID;
	}
	return 0;
}

static bool is_temporary(const struct folder_names *names, const char *name)
{
	for (size_t i = 0; i < names->temporary_count; i++) {
		if (strcmp(names->temporaries[i], name) == 0)
			return true;
	}
	return false;
}

/* Nothing of somebody else's may be moved away. */
static int check_files(struct io *io, const char *folder, const struct folder_names *names,
                       char **ret_text)
{
	const char *strange = names->other_count > 0 ? names->others[0] : NULL;
	int rc = strange == NULL ? 0 : -ERR_INVALID;

	for (size_t i = 0; rc == 0 && i < names->all_count; i++) {
		strange = names->all[i];
		if (!is_temporary(names, strange))
			rc = check_file(io, folder, strange);
	}
	if (rc == -ERR_INVALID)
		*ret_text = text_make("%s/%s is not known as a file of a journal, so nothing was "
		                      "changed. Move it elsewhere, or choose another folder",
		                      folder, strange);
	else if (rc < 0)
		*ret_text = text_of_error(folder, "look at its files", rc);
	return rc;
}

/* FOLDER.before-format-20261126T055324.123Z */
static char *name_aside(struct io *io, const char *folder)
{
	uint64_t now_ms = io_wall_ms(io);
	time_t seconds = (time_t)(now_ms / 1000);
	char when[32] = "";
	struct tm utc;

	if (gmtime_r(&seconds, &utc) != NULL)
		strftime(when, sizeof(when), "%Y%m%dT%H%M%S", &utc);
	return text_make("%s.before-format-%s.%03uZ", folder, when, (unsigned)(now_ms % 1000));
}

static int move_aside(struct io *io, const char *folder, char **ret_aside, char **ret_text)
{
	char *aside = name_aside(io, folder);
	struct io_file *lock;
	int rc = -ERR_NO_MEMORY;

	if (aside == NULL)
		return rc;
	rc = folder_lock(io, folder, &lock, ret_text);
	if (rc == 0) {
		rc = io_rename(io, folder, aside);
		io_file_close(lock);
		if (rc < 0)
			*ret_text = text_make("%s holds a journal, which cannot be moved aside to "
			                      "%s: %s. If the folder is a mount point, move the "
			                      "files in it by hand",
			                      folder, aside, err_text(rc));
	}
	if (rc < 0) {
		mem_free(aside);
		return rc;
	}
	*ret_aside = aside;
	return 0;
}

int aside_move(struct io *io, const char *folder, char **ret_aside, char **ret_text)
{
	struct folder_names names;
	int rc = folder_list(io, folder, &names);

	if (rc == -ERR_NO_FILE)
		return 0;
	if (rc < 0) {
		*ret_text = text_of_error(folder, "look into it", rc);
		return rc;
	}
	rc = check_files(io, folder, &names, ret_text);
	if (rc == 0 && names.all_count > 0 &&
	    !(names.all_count == 1 && strcmp(names.all[0], "lost+found") == 0))
		rc = move_aside(io, folder, ret_aside, ret_text);
	folder_names_finish(&names);
	return rc;
}
