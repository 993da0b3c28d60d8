/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put, get, cp: copies of files and directories (HDFS: CommandWithDestination).
 *
 * A copy is written under a name that ends in ._COPYING_ and renamed when it is whole, so that
 * nobody takes a part for the file.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/fs_checksums.h"
#include "cli/fs_side.h"

struct copy {
	struct shell *shell;
	const struct fs_side *from, *to;
	bool overwrites, is_direct, unchecked;
	unsigned preserved; /* enum fs_attribute */
	/* Writes the contents to `target`; < 0: printed. */
	int (*stream)(const struct copy *copy, const struct fs_item *source, struct str target);
	/* What is left to do when the target has its name; NULL: nothing. */
	void (*finish)(const struct copy *copy, const struct fs_item *target);
};

enum { COPY_F, COPY_P, PUT_L, PUT_D, GET_CRC = PUT_L, GET_IGNORE_CRC, COPY_T };

/* ---- attributes ---- */

/* There are none to copy with a master like ours, which says so. */
static void copy_xattrs(struct shell *shell, const struct fs_item *source)
{
	size_t count = 0;
	int rc = client_count_xattrs(shell->client, source->at.path, &count);

	if (rc < 0)
		fs_call_error(shell, rc, source->at.text);
	else if (count > 0)
		fs_error(shell, "`%.*s': extended attributes cannot be copied",
		         STR_ARGS(source->at.text));
}

static void take_attributes(const struct copy *copy, const struct fs_item *source,
                            const struct fs_item *target)
{
	unsigned which = copy->preserved & FS_BASIC;

	if (which != 0 &&
	    copy->to->set_attributes(copy->shell, &target->at, &source->status, which) < 0)
		return;
	if (copy->preserved & FS_XATTRS)
		copy_xattrs(copy->shell, source);
}

/* ---- one file ---- */

static bool copy_contents(const struct copy *copy, const struct fs_item *source,
                          const struct fs_item *target)
{
	struct arena *arena = &copy->shell->arena;
	struct str part = copy->is_direct
	                          ? target->at.path
	                          : cli_text(arena, "%.*s._COPYING_", STR_ARGS(target->at.path));
	int rc = copy->stream(copy, source, part);

	if (copy->is_direct)
		return rc == 0;
	if (rc == 0)
		rc = copy->to->rename(copy->shell, part, target);
	if (rc < 0)
		copy->to->remove(copy->shell, part);
	return rc == 0;
}

static void copy_file(const struct copy *copy, const struct fs_item *source,
                      const struct fs_item *target)
{
	if (target->exists && (shell_is_directory(&target->status) || !copy->overwrites)) {
		fs_path_error(copy->shell, target->at.text, "File exists");
		return;
	}
	if (!copy_contents(copy, source, target))
		return;
	if (copy->finish != NULL)
		copy->finish(copy, target);
	take_attributes(copy, source, target);
}

/* ---- directories ---- */

static void copy_item(const struct copy *copy, const struct fs_item *source,
                      const struct fs_path *target);

static void copy_children(const struct copy *copy, const struct fs_item *source,
                          const struct fs_path *target)
{
	struct listing listing;

	if (copy->from->list(copy->shell, &source->at, &listing) < 0)
		return;
	for (size_t i = 0; i < listing.count; i++) {
		struct str name = listing.items[i].path;
		struct fs_path to = fs_child(&listing.arena, target, name);
		struct fs_item child = {
		        .at = fs_child(&listing.arena, &source->at, name),
		        .exists = true,
		        .status = listing.items[i],
		};

		copy_item(copy, &child, &to);
	}
	listing_finish(&listing);
}

static void copy_directory(const struct copy *copy, const struct fs_item *source,
                           const struct fs_item *target)
{
	if (target->exists && !shell_is_directory(&target->status)) {
		fs_path_error(copy->shell, target->at.text, "Is not a directory");
		return;
	}
	if (!target->exists && copy->to->make_directory(copy->shell, &target->at) < 0)
		return;
	copy_children(copy, source, &target->at);
	take_attributes(copy, source, target);
}

static void copy_item(const struct copy *copy, const struct fs_item *source,
                      const struct fs_path *target)
{
	struct fs_item to = {.at = *target};

	if (copy->to->stat(copy->shell, &to) < 0)
		return;
	if (shell_is_directory(&source->status))
		copy_directory(copy, source, &to);
	else
		copy_file(copy, source, &to);
}

/* ---- where to ---- */

static bool looks_like_directory(struct str text)
{
	struct str name = shell_name_of(text);

	return name.size == 0 || str_equal(name, STR(".")) || str_equal(name, STR(".."));
}

static bool existing_target_is_fine(struct shell *shell, const struct fs_item *target,
                                    size_t sources, bool overwrites)
{
	if (shell_is_directory(&target->status) || (sources == 1 && overwrites))
		return true;
	fs_path_error(shell, target->at.text, sources > 1 ? "Is not a directory" : "File exists");
	return false;
}

bool fs_target_is_fine(struct shell *shell, const struct fs_side *side,
                       const struct fs_item *target, size_t sources, bool overwrites)
{
	struct fs_item parent = {.at = target->at};

	if (target->exists)
		return existing_target_is_fine(shell, target, sources, overwrites);
	if (sources > 1) {
		fs_path_error(shell, target->at.text, "No such file or directory");
		return false;
	}
	if (!looks_like_directory(target->at.text))
		parent.at.path = shell_parent_of(target->at.path);
	if (side->stat(shell, &parent) < 0)
		return false;
	if (!parent.exists)
		fs_parent_error(shell, target->at.text, side->uri(shell, &target->at));
	return parent.exists;
}

bool fs_is_elsewhere(struct shell *shell, const struct fs_item *source,
                     const struct fs_path *target)
{
	if (!shell_is_directory(&source->status))
		return true;
	if (str_equal(target->path, source->at.path)) {
		fs_error(shell, "`%.*s' to `%.*s': are identical", STR_ARGS(source->at.text),
		         STR_ARGS(fs_uri(shell, target->path)));
		return false;
	}
	if (shell_is_below(target->path, source->at.path)) {
		fs_error(shell, "`%.*s' to `%.*s': is a subdirectory of itself",
		         STR_ARGS(source->at.text), STR_ARGS(target->text));
		return false;
	}
	return true;
}

static void copy_to_target(const struct copy *copy, const struct fs_item *source,
                           const struct fs_item *target)
{
	bool goes_below = (target->exists && shell_is_directory(&target->status)) ||
	                  looks_like_directory(target->at.text);
	struct fs_path to = goes_below ? fs_child(&copy->shell->arena, &target->at,
	                                          shell_name_of(source->at.path))
	                               : target->at;

	if (copy->from != copy->to || fs_is_elsewhere(copy->shell, source, &to))
		copy_item(copy, source, &to);
}

static int run(const struct copy *copy, const struct fs_options *options)
{
	struct shell *shell = copy->shell;
	size_t last = options->count > 1 ? options->count - 1 : 1;
	struct fs_item target = {0};
	struct fs_items sources;

	if (fs_target_of(shell, copy->to, options->count > 1 ? options->arguments[last] : ".",
	                 &target) < 0)
		return 0;
	fs_expand_all(shell, copy->from, options, 0, last, &sources);
	if (sources.count > 0 &&
	    fs_target_is_fine(shell, copy->to, &target, sources.count, copy->overwrites)) {
		for (size_t i = 0; i < sources.count; i++) {
			const struct fs_item *source = &sources.items[i];

			/* Only put's side has "-", standard input, alone and never there. */
			if (source->exists || (copy->from == &fs_local && sources.count == 1 &&
			                       str_equal(source->at.text, STR("-"))))
				copy_to_target(copy, source, &target);
			else
				fs_path_error(shell, source->at.text, "No such file or directory");
		}
	}
	fs_items_finish(&sources);
	return 0;
}

/* Of threads and their queue; they have no effect, for copies go one after the other. */
static bool is_number(struct shell *shell, const struct fs_options *options, unsigned bit)
{
	const char *text = fs_has(options, bit) ? options->values[bit] : "";
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (*end == '\0' && errno == 0 && value >= INT_MIN && value <= INT_MAX)
		return true;
	fs_usage_error(shell, "For input string: \"%s\"", text);
	return false;
}

/* `bit` is that of -t; -q follows it. */
static bool has_numbers(struct shell *shell, const struct fs_options *options, unsigned bit)
{
	return is_number(shell, options, bit) && is_number(shell, options, bit + 1);
}

/* ---- put ---- */

static void tell_failure(const struct copy *copy, int rc, const struct local_file *local,
                         struct str text)
{
	if (local->error != 0)
		fs_path_error(copy->shell, text, strerror(local->error));
	else
		fs_call_error(copy->shell, rc, text);
}

static int upload(const struct copy *copy, const struct fs_item *source, struct str target)
{
	bool is_standard = !source->exists;
	struct str path = cli_text(&copy->shell->arena, "%.*s", STR_ARGS(source->at.path));
	struct local_file from = {.file = is_standard ? stdin : fopen(path.data, "rb")};
	int rc;

	if (from.file == NULL) {
		fs_path_error(copy->shell, source->at.text, strerror(errno));
		return -ERR_IO;
	}
	rc = stream_upload(copy->shell, &from, target);
	if (rc < 0)
		tell_failure(copy, rc, &from, source->at.text);
	if (!is_standard)
		fclose(from.file);
	return rc;
}

int fs_put(struct shell *shell, const struct fs_options *options)
{
	struct copy copy = {
	        .shell = shell,
	        .from = &fs_local,
	        .to = &fs_remote,
	        .overwrites = fs_has(options, COPY_F),
	        .preserved = fs_has(options, COPY_P) ? FS_BASIC : 0,
	        .is_direct = fs_has(options, PUT_D),
	        .stream = upload,
	};

	if (!has_numbers(shell, options, COPY_T))
		return FS_EXIT_USAGE;
	if (fs_has(options, PUT_L)) /* as Hadoop does for what may be lost with the worker */
		shell->replication = 1;
	return run(&copy, options);
}

/* ---- get ---- */

static int download(const struct copy *copy, const struct fs_item *source, struct str target)
{
	struct file_range all = {.length = UINT64_MAX, .unchecked = copy->unchecked};
	struct str path = cli_text(&copy->shell->arena, "%.*s", STR_ARGS(target));
	struct local_file to = {.file = fopen(path.data, "wb")};
	int rc;

	if (to.file == NULL) {
		fs_path_error(copy->shell, target, strerror(errno));
		return -ERR_IO;
	}
	rc = stream_download(copy->shell, source->at.path, &all, &to);
	if (fclose(to.file) != 0 && rc == 0) {
		to.error = errno;
		rc = -ERR_IO;
	}
	if (rc < 0)
		tell_failure(copy, rc, &to, source->at.text);
	return rc;
}

static void write_checksums(const struct copy *copy, const struct fs_item *target)
{
	if (fs_checksums_write(copy->shell, target->at.path) < 0)
		fs_path_error(copy->shell, target->at.text, strerror(errno));
}

static void remove_checksums(const struct copy *copy, const struct fs_item *target)
{
	fs_checksums_remove(copy->shell, target->at.path);
}

int fs_get(struct shell *shell, const struct fs_options *options)
{
	struct copy copy = {
	        .shell = shell,
	        .from = &fs_remote,
	        .to = &fs_local,
	        .overwrites = fs_has(options, COPY_F),
	        .preserved = fs_has(options, COPY_P) ? FS_BASIC : 0,
	        .unchecked = fs_has(options, GET_IGNORE_CRC),
	        .stream = download,
	        .finish = fs_has(options, GET_CRC) ? write_checksums : remove_checksums,
	};

	return has_numbers(shell, options, COPY_T) ? run(&copy, options) : FS_EXIT_USAGE;
}

/* ---- cp ---- */

enum { CP_D = 2, CP_T };

static int copy_within(const struct copy *copy, const struct fs_item *source, struct str target)
{
	int rc = stream_copy(copy->shell, source->at.path, target);

	if (rc < 0)
		fs_call_error(copy->shell, rc, source->at.text);
	return rc;
}

/* -p[topax]; without letters all that is basic.  An access list takes the mode along. */
static bool read_letters(struct shell *shell, const char *letters, unsigned *ret_preserved)
{
	static const char known[] = "topax";
	static const unsigned meant[] = {FS_TIMES, FS_OWNER, FS_MODE, FS_MODE, FS_XATTRS};
	unsigned preserved = letters[0] == '\0' ? FS_BASIC : 0;

	for (; *letters != '\0'; letters++) {
		const char *at = strchr(known, tolower((unsigned char)*letters));

		if (at == NULL) {
			fs_fatal(shell, "java.util.NoSuchElementException: No attribute for %c",
			         *letters);
			return false;
		}
		preserved |= meant[at - known];
	}
	*ret_preserved = preserved;
	return true;
}

int fs_cp(struct shell *shell, const struct fs_options *options)
{
	struct copy copy = {
	        .shell = shell,
	        .from = &fs_remote,
	        .to = &fs_remote,
	        .overwrites = fs_has(options, COPY_F),
	        .is_direct = fs_has(options, CP_D),
	        .stream = copy_within,
	};

	if (fs_has(options, COPY_P) &&
	    !read_letters(shell, options->values[COPY_P], &copy.preserved))
		return FS_EXIT_USAGE;
	return has_numbers(shell, options, CP_T) ? run(&copy, options) : FS_EXIT_USAGE;
}
