/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/path.h"

#include <immintrin.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "namespace/permission.h"

/* ---- names in a path ---- */

size_t path_name_end(struct str path, size_t at)
{
	const char *slash = memchr(path.data + at, '/', path.size - at);

	return slash == NULL ? path.size : (size_t)(slash - path.data);
}

static struct str slice(struct str s, size_t from, size_t to)
{
	return str_make(s.data + from, to - from);
}

static size_t last_slash(struct str path)
{
	const char *slash = path.size == 0 ? NULL : memrchr(path.data, '/', path.size);

	return slash == NULL ? 0 : (size_t)(slash - path.data);
}

struct str path_last(struct str path)
{
	return path.size == 0 ? path : slice(path, last_slash(path) + 1, path.size);
}

struct str path_prefix(struct str path, size_t end)
{
	return end == 0 ? STR("/") : slice(path, 0, end);
}

struct str path_parent(struct str path)
{
	return path_prefix(path, last_slash(path));
}

static struct str without_slashes_at_end(struct str path)
{
	while (path.size > 1 && path.data[path.size - 1] == '/')
		path.size--;
	return path;
}

enum { PAIRS = 16 };

/* Of so many neighbours from `at` on, is one a slash before a slash or a dot, or a colon? */
static bool has_odd_pair(const char *at)
{
	const __m128i slash = _mm_set1_epi8('/');
	__m128i first = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i second = _mm_loadu_si128((const __m128i *)(const void *)(at + 1));
	__m128i after = _mm_or_si128(_mm_cmpeq_epi8(second, slash),
	                             _mm_cmpeq_epi8(second, _mm_set1_epi8('.')));
	__m128i odd = _mm_or_si128(_mm_and_si128(_mm_cmpeq_epi8(first, slash), after),
	                           _mm_cmpeq_epi8(first, _mm_set1_epi8(':')));

	return _mm_movemask_epi8(odd) != 0;
}

/* No empty name, none that begins with a dot, no colon, no slash at the end, and neither too short:
 * true of nearly all paths. */
static bool is_plain(struct str path)
{
	const char *last;

	if (path.size <= PAIRS || path.data[0] != '/')
		return false;
	last = path.data + path.size - 1;
	if (*last == '/' || *last == ':' || has_odd_pair(last - PAIRS))
		return false;
	for (const char *at = path.data; at < last - PAIRS; at += PAIRS)
		if (has_odd_pair(at))
			return false;
	return true;
}

bool path_is_valid(struct str path)
{
	if (is_plain(path))
		return true;
	if (path.size == 0 || path.data[0] != '/')
		return false;
	path = without_slashes_at_end(path);
	for (size_t at = 1; path.size > 1 && at <= path.size;) {
		size_t end = path_name_end(path, at);
		struct str name = slice(path, at, end);

		if (name.size == 0 || str_equal(name, STR(".")) || str_equal(name, STR("..")) ||
		    memchr(name.data, ':', name.size) != NULL)
			return false;
		at = end + 1;
	}
	return true;
}

int path_refuse(struct asker *asker, const char *what, struct str path)
{
	if (path.size == 0)
		return refuse(asker, ERR_ILLEGAL_ARGUMENT,
		              "Can not create a Path from an empty string");
	return refuse(asker, ERR_INVALID_PATH, "Invalid path name %s%.*s", what, STR_ARGS(path));
}

/* ---- normal form ---- */

/* Appends a path without its empty names. */
static void append_names(struct buf *buf, struct str path)
{
	for (size_t at = 0; at < path.size;) {
		size_t end = path_name_end(path, at);

		if (end > at) {
			buf_append_u8(buf, '/');
			buf_append_str(buf, slice(path, at, end));
		}
		at = end + 1;
	}
}

static bool parse_id(struct str text, uint64_t *ret_id)
{
	uint64_t id = 0;

	if (text.size == 0 || text.size > 19)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		id = id * 10 + (uint64_t)(text.data[i] - '0');
	}
	*ret_id = id;
	return true;
}

/* "/.reserved/.inodes/<id>/rest"; `rest` begins behind ".inodes/". */
static int replace_id(struct namespace *ns, struct asker *asker, struct str path, struct str rest,
                      struct buf *buf)
{
	size_t end = path_name_end(rest, 0);
	uint64_t id;

	if (!parse_id(slice(rest, 0, end), &id))
		return refuse(asker, ERR_NOT_FOUND, "Invalid inode path: %.*s", STR_ARGS(path));
	if (!ns_path_of(ns, id, buf))
		return refuse(asker, ERR_NOT_FOUND,
		              "File for given inode path does not exist: %.*s", STR_ARGS(path));
	if (buf->size == 1)
		buf_clear(buf); /* the root's slash comes with the first name */
	append_names(buf, slice(rest, end, rest.size));
	return 0;
}

static bool has_empty_name(struct str path)
{
	for (size_t at = 1; at < path.size;) {
		size_t end = path_name_end(path, at);

		if (end == at)
			return true;
		at = end + 1;
	}
	return false;
}

int path_normalise(struct namespace *ns, struct asker *asker, struct str path, struct buf *buf,
                   struct str *ret_path)
{
	static const struct str reserved = {.data = "/.reserved", .size = 10};
	static const struct str inodes = {.data = "/.reserved/.inodes/", .size = 19};
	static const struct str raw = {.data = "/.reserved/raw", .size = 14};
	int rc = 0;

	if (is_plain(path)) {
		*ret_path = path;
		return 0;
	}
	if (path.size == 0 || path.data[0] != '/')
		return refuse(asker, ERR_NOT_ABSOLUTE, "Absolute path required, but got '%.*s'",
		              STR_ARGS(path));
	path = without_slashes_at_end(path);
	if (!str_starts_with(path, reserved) && !has_empty_name(path)) {
		*ret_path = path;
		return 0;
	}
	buf_clear(buf);
	if (str_starts_with(path, inodes))
		rc = replace_id(ns, asker, path, slice(path, inodes.size, path.size), buf);
	else if (str_starts_with(path, raw) &&
	         (path.size == raw.size || path.data[raw.size] == '/'))
		append_names(buf, slice(path, raw.size, path.size));
	else
		append_names(buf, path);
	if (rc < 0)
		return rc;
	if (buf->size == 0)
		buf_append_u8(buf, '/');
	buf_must(buf);
	*ret_path = buf_str(buf);
	return 0;
}

/* ---- walking ---- */

static void end_walk(struct path_walk *walk, int rc)
{
	walk->is_done = true;
	walk->rc = rc;
}

static void begin_descent(struct path_walk *walk)
{
	walk->is_in_tree = true;
	tree_descend(&walk->ns->tree, walk->place->above, walk->name, &walk->descent);
}

/* Looks for the name at walk->at in the directory above. */
static void look_for_name(struct path_walk *walk)
{
	struct place *place = walk->place;
	size_t end = path_name_end(place->path, walk->at);

	walk->name = slice(place->path, walk->at, end);
	walk->is_last = end == place->path.size;
	place->is_above_parent = walk->is_last;
	if (!walk->asker->is_superuser &&
	    !rights_allow(walk->ns, walk->asker, place->above_rights, MAY_EXECUTE)) {
		end_walk(walk, deny_access(walk->ns, walk->asker, MAY_EXECUTE,
		                           path_prefix(place->path, place->above_end),
		                           place->above_rights, true));
		return;
	}
	walk->is_in_tree = false;
	if (walk->is_last)
		return;
	walk->hash = dir_cache_hash(place->above, walk->name);
	dir_cache_prefetch(&walk->ns->cache, walk->hash);
}

/* To the directory of the last name, if the way to it is known and open to the asker. */
static bool take_way(struct path_walk *walk)
{
	struct place *place = walk->place;
	size_t end = last_slash(place->path);
	const struct way *way = ways_find(&walk->ns->ways, slice(place->path, 0, end));

	if (way == NULL)
		return false;
	for (uint32_t i = 0; i < way->passed.count && !walk->asker->is_superuser; i++)
		if (!rights_allow(walk->ns, walk->asker, way->passed.rights[i], MAY_EXECUTE))
			return false; /* who is refused is told where */
	place->above = way->id;
	place->above_row = way->row;
	place->above_rights = way->rights;
	place->above_end = end;
	walk->at = end + 1;
	return true;
}

void path_walk_begin(struct namespace *ns, struct asker *asker, struct str path, bool is_create,
                     struct path_walk *ret_walk, struct place *ret_place)
{
	struct path_walk *walk = ret_walk;
	uint32_t root;

	place_init(ret_place, path);
	walk->ns = ns;
	walk->asker = asker;
	walk->place = ret_place;
	walk->is_create = is_create;
	walk->is_done = false;
	walk->rc = 0;
	if (!ret_place->is_root && take_way(walk)) {
		look_for_name(walk);
		return;
	}
	root = dirs_find(&ns->dirs, NS_INODE_ROOT);
	if (root == 0) {
		end_walk(walk, refuse(asker, ERR_INTERNAL, "the namespace is empty"));
		return;
	}
	if (ret_place->is_root) {
		walk->is_last = true;
		walk->is_in_tree = false;
		walk->name = (struct str){0};
		return;
	}
	ret_place->above = NS_INODE_ROOT;
	ret_place->above_row = root;
	ret_place->above_rights = dir_at(&ns->dirs, root)->rights;
	walk->passed.count = 0;
	walk->at = 1;
	look_for_name(walk);
}

static void keep_way(struct path_walk *walk)
{
	const struct place *place = walk->place;
	struct way way = {
	        .id = place->above,
	        .row = place->above_row,
	        .rights = place->above_rights,
	        .passed = walk->passed,
	};

	ways_keep(&walk->ns->ways, slice(place->path, 0, place->above_end), &way);
}

static void go_into(struct path_walk *walk, uint64_t id, uint32_t row, uint32_t rights)
{
	struct place *place = walk->place;

	way_pass(&walk->passed, place->above_rights);
	place->above = id;
	place->above_row = row;
	place->above_rights = rights;
	place->above_end = walk->at + walk->name.size;
	walk->at = place->above_end + 1;
	look_for_name(walk);
	if (walk->is_last)
		keep_way(walk);
}

/* A directory that the cache did not know. */
static void go_into_found(struct path_walk *walk)
{
	const struct inode *inode = &walk->place->inode;
	struct dir_entry entry = {
	        .parent = inode->parent,
	        .id = inode->id,
	        .row = dirs_find(&walk->ns->dirs, inode->id),
	        .rights = inode->rights,
	};

	dir_cache_keep(&walk->ns->cache, walk->hash, walk->name, &entry);
	go_into(walk, entry.id, entry.row, entry.rights);
}

static void meet_file(struct path_walk *walk)
{
	struct place *place = walk->place;
	struct str path = slice(place->path, 0, walk->at + walk->name.size);
	enum err err = walk->is_create ? ERR_NOT_DIRECTORY : ERR_PERMISSION;

	end_walk(walk, refuse(walk->asker, err, "%.*s (is not a directory)", STR_ARGS(path)));
}

bool path_walk_step(struct path_walk *walk)
{
	struct place *place = walk->place;
	const struct dir_entry *entry;
	int step;

	if (walk->is_done)
		return true;
	if (!walk->is_in_tree && !walk->is_last) {
		entry = dir_cache_find(&walk->ns->cache, walk->hash, place->above, walk->name);
		if (entry != NULL)
			go_into(walk, entry->id, entry->row, entry->rights);
		else
			begin_descent(walk);
		return walk->is_done;
	}
	if (!walk->is_in_tree)
		begin_descent(walk);
	step = tree_descend_step(&walk->ns->tree, &walk->descent, &place->inode);
	if (step > 0)
		return false;
	place->exists = step == 0 && walk->is_last;
	if (step < 0 || walk->is_last)
		end_walk(walk, 0);
	else if (place->inode.is_directory)
		go_into_found(walk);
	else
		meet_file(walk);
	return walk->is_done;
}

int path_find_spot(struct namespace *ns, struct asker *asker, struct str path, bool is_create,
                   struct buf *buf, struct place *ret_place, struct tree_spot *ret_spot)
{
	struct path_walk walk;
	struct str normal = path;
	int rc = path_normalise(ns, asker, path, buf, &normal);

	ret_spot->changes = 0;
	if (rc < 0)
		return rc;
	path_walk_begin(ns, asker, normal, is_create, &walk, ret_place);
	while (!walk.is_done && !walk.is_last)
		path_walk_step(&walk);
	if (!walk.is_done)
		ret_place->exists = tree_get(&ns->tree, ret_place->above, walk.name,
		                             &ret_place->inode, ret_spot);
	return walk.rc;
}

int path_find(struct namespace *ns, struct asker *asker, struct str path, bool is_create,
              struct buf *buf, struct place *ret_place)
{
	struct tree_spot spot;

	return path_find_spot(ns, asker, path, is_create, buf, ret_place, &spot);
}

/* ---- the way up ---- */

bool ns_path_of(struct namespace *ns, uint64_t id, struct buf *buf)
{
	size_t begin = buf->size;
	struct inode inode;
	size_t left = 0;

	if (!tree_get_id(&ns->tree, id, &inode, NULL) || !inode_is_attached(ns, &inode))
		return false;
	for (struct inode at = inode; at.parent != 0;) {
		left += at.name.size + 1;
		CHECK(tree_get_id(&ns->tree, at.parent, &at, NULL));
	}
	if (left == 0) {
		buf_append_u8(buf, '/');
		return !buf->failed;
	}
	if (!buf_reserve(buf, left))
		return false;
	buf->size += left;
	for (struct inode at = inode; at.parent != 0;) {
		left -= at.name.size + 1;
		buf->data[begin + left] = '/';
		memcpy(buf->data + begin + left + 1, at.name.data, at.name.size);
		CHECK(tree_get_id(&ns->tree, at.parent, &at, NULL));
	}
	return true;
}
