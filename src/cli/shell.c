/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shell.h"

#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/connect.h"

/* ---- life ---- */

/* Between the scheme and the path, of URIs that name masters. */
static struct str authority_of(struct str uri)
{
	size_t begin = str_starts_with(uri, STR("hdfs://"))      ? STR("hdfs://").size
	               : str_starts_with(uri, STR("alluxio://")) ? STR("alluxio://").size
	                                                         : uri.size;
	size_t end = begin;

	while (end < uri.size && uri.data[end] != '/')
		end++;
	return str_make(uri.data + begin, end - begin);
}

/* The URI without its path; of one that names no master the address that was found. */
static struct str shown_uri(struct shell *shell, struct str uri,
                            const struct cli_addresses *addresses)
{
	struct str authority = authority_of(uri);

	if (authority.size > 0)
		return cli_text(&shell->arena, "hdfs://%.*s", STR_ARGS(authority));
	return cli_text(&shell->arena, "hdfs://" HOST_PORT_FORMAT,
	                HOST_PORT_ARGS(addresses->items[0]));
}

static struct str current_folder(struct shell *shell)
{
	struct buf path = {0};
	struct str text = io_current_folder(shell->site.io, &path) == 0
	                          ? cli_text(&shell->arena, "%.*s", STR_ARGS(buf_str(&path)))
	                          : STR("/");

	buf_finish(&path);
	return text;
}

int shell_open(struct shell *shell, struct str uri)
{
	const struct config *config = shell->site.config;
	struct cli_addresses addresses;
	int status;

	if (uri.size == 0 && config_is_set(config, CONFIG_KEY_FS_DEFAULTFS))
		uri = config_str(config, CONFIG_KEY_FS_DEFAULTFS);
	status = cli_addresses_find(&shell->site, uri, &addresses);
	if (status == CLI_OK)
		status = cli_connect(&shell->site, &addresses, &cli_patient, &shell->client);
	if (status == CLI_OK) {
		shell->user = cli_user(&shell->site);
		shell->uri = shown_uri(shell, uri, &addresses);
		shell->home = cli_text(&shell->arena, "/user/%s", shell->user);
		shell->here = current_folder(shell);
		shell->umask = (uint32_t)config_int(config, CONFIG_KEY_FS_PERMISSIONS_UMASK_MODE);
		shell->replication = (uint16_t)config_int(config, CONFIG_KEY_DFS_REPLICATION);
		shell->block_size = config_bytes(config, CONFIG_KEY_DFS_BLOCKSIZE);
	}
	cli_addresses_finish(&addresses);
	return status;
}

void shell_close(struct shell *shell)
{
	client_destroy(shell->client);
	arena_finish(&shell->arena);
	cli_site_finish(&shell->site);
}

/* ---- names ---- */

struct str shell_name_of(struct str path)
{
	for (size_t i = path.size; i > 0; i--) {
		if (path.data[i - 1] == '/')
			return str_make(path.data + i, path.size - i);
	}
	return path;
}

struct str shell_parent_of(struct str path)
{
	for (size_t i = path.size; i > 0; i--) {
		if (path.data[i - 1] == '/')
			return i == 1 ? STR("/") : str_make(path.data, i - 1);
	}
	return STR("/");
}

struct str shell_child_of(struct arena *arena, struct str parent, struct str name)
{
	bool has_slash = parent.size > 0 && parent.data[parent.size - 1] == '/';

	return cli_text(arena, "%.*s%s%.*s", STR_ARGS(parent), has_slash ? "" : "/",
	                STR_ARGS(name));
}

bool shell_is_below(struct str path, struct str directory)
{
	if (directory.size == 1)
		return path.size > 1;
	return path.size > directory.size && str_starts_with(path, directory) &&
	       path.data[directory.size] == '/';
}

bool shell_clean(struct arena *arena, struct str path, struct str *ret_path)
{
	char *out = arena_alloc(arena, path.size + 2);
	size_t size = 0, at = 0;

	CHECK(out != NULL);
	while (at < path.size) {
		const char *slash = memchr(path.data + at, '/', path.size - at);
		size_t end = slash == NULL ? path.size : (size_t)(slash - path.data);
		struct str part = str_make(path.data + at, end - at);

		at = end + 1;
		if (part.size == 0 || str_equal(part, STR(".")))
			continue;
		if (str_equal(part, STR(".."))) {
			if (size == 0)
				return false;
			while (out[--size] != '/')
				;
			continue;
		}
		out[size++] = '/';
		memcpy(out + size, part.data, part.size);
		size += part.size;
	}
	if (size == 0)
		out[size++] = '/';
	*ret_path = str_make(out, size);
	return true;
}

struct str shell_relative(struct arena *arena, struct str path, struct str base)
{
	size_t skip = base.size == 1 ? 1 : base.size + 1;
	struct str up = STR("..");

	if (str_equal(path, base))
		return STR(".");
	if (shell_is_below(path, base))
		return str_make(path.data + skip, path.size - skip);
	if (!shell_is_below(base, path))
		return path;
	for (base = shell_parent_of(base); !str_equal(base, path); base = shell_parent_of(base))
		up = cli_text(arena, "%.*s/..", STR_ARGS(up));
	return up;
}

/* ---- directories ---- */

bool shell_is_directory(const struct wire_file_status *status)
{
	return status->type == HDFS__FILE_STATUS__FILE_TYPE__IS_DIR;
}

static struct str keep(struct listing *listing, struct str text)
{
	return cli_text(&listing->arena, "%.*s", STR_ARGS(text));
}

void listing_add(struct listing *listing, const struct wire_file_status *entry)
{
	struct wire_file_status *copy;

	if (listing->count == listing->capacity) {
		listing->capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
		listing->items = mem_must_realloc(listing->items,
		                                  listing->capacity * sizeof(*listing->items));
	}
	copy = &listing->items[listing->count++];
	*copy = *entry;
	copy->path = keep(listing, entry->path);
	copy->owner = keep(listing, entry->owner);
	copy->group = keep(listing, entry->group);
}

static int add_entry(void *context, const struct wire_file_status *entry)
{
	listing_add(context, entry);
	return 0;
}

int listing_read(struct shell *shell, struct str path, struct listing *ret_listing)
{
	int rc;

	*ret_listing = (struct listing){0};
	rc = client_list(shell->client, path, add_entry, ret_listing);
	if (rc < 0)
		listing_finish(ret_listing);
	return rc;
}

void listing_finish(struct listing *listing)
{
	mem_free(listing->items);
	arena_finish(&listing->arena);
	*listing = (struct listing){0};
}

/* ---- texts ---- */

void shell_mode_text(const struct wire_file_status *status, char text[11])
{
	static const char letters[] = "rwxrwxrwx";

	text[0] = shell_is_directory(status) ? 'd' : '-';
	for (int i = 0; i < 9; i++)
		text[i + 1] = status->mode & (0400u >> i) ? letters[i] : '-';
	if (status->mode & 01000)
		text[9] = status->mode & 1 ? 't' : 'T';
	text[10] = '\0';
}

static size_t format_time(const struct tm *fields, uint64_t wall_ms, enum shell_time_style style,
                          char text[TIME_TEXT_BYTES])
{
	size_t size;

	switch (style) {
	case TIME_MINUTES: return strftime(text, TIME_TEXT_BYTES, "%Y-%m-%d %H:%M", fields);
	case TIME_SECONDS_UTC: return strftime(text, TIME_TEXT_BYTES, "%Y-%m-%d %H:%M:%S", fields);
	case TIME_MILLISECONDS:
		size = strftime(text, TIME_TEXT_BYTES, "%m-%d-%Y %H:%M:%S", fields);
		snprintf(text + size, TIME_TEXT_BYTES - size, ":%03u", (unsigned)(wall_ms % 1000));
		return size;
	}
	return 0;
}

void shell_time_text(uint64_t wall_ms, enum shell_time_style style, char text[TIME_TEXT_BYTES])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm fields;

	if ((style == TIME_SECONDS_UTC ? gmtime_r : localtime_r)(&seconds, &fields) == NULL ||
	    format_time(&fields, wall_ms, style, text) == 0)
		snprintf(text, TIME_TEXT_BYTES, "%llu", (unsigned long long)wall_ms);
}
