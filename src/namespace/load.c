/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records back into an empty namespace.  canonical.c has their layout.
 *
 * Records come in order of (parent, name), so a directory's children may come before the directory
 * itself: rows of directories are made when they are first named, and hung when all are known.
 * Nothing is believed: every record is checked, and in the end the whole digest.
 */
#include "namespace/load_private.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/twins.h"

struct ns_load *ns_load_begin(struct namespace *ns)
{
	struct ns_load *load = mem_must_zalloc(sizeof(*load));

	CHECK(ns->applied == 0 && ns->tree.count == 0);
	load->ns = ns;
	return load;
}

/* ---- settings, detached ---- */

/* Fields of a later version, which are carried through. */
static int get_later_settings(struct cursor *c, struct buf *extra)
{
	uint64_t tag;
	struct str body;
	struct str field;

	while (get_tagged(c, &tag, &body, &field)) {
		if ((tag & 1) != 0)
			return -ERR_UNSUPPORTED;
		buf_append_str(extra, field);
	}
	buf_must(extra);
	return 0;
}

static int load_settings(struct ns_load *load, struct cursor *c)
{
	struct settings settings = {0};
	struct str cluster_id;
	struct str block_pool_id;
	uint64_t lines[RETRY_CLASSES];
	int rc;

	settings.has_identity = get_bool(c);
	cluster_id = get_str(c);
	settings.identity.namespace_id = (uint32_t)cursor_le(c, 4);
	block_pool_id = get_str(c);
	settings.identity.ctime_ms = cursor_le(c, 8);
	settings.feature_level = (uint32_t)cursor_le(c, 4);
	settings.is_safe_mode = get_bool(c);
	settings.next_inode = cursor_le(c, 8);
	settings.next_block = cursor_le(c, 8);
	settings.next_stamp = cursor_le(c, 8);
	settings.next_lease = cursor_le(c, 8);
	settings.age_ms = cursor_le(c, 8);
	lines[RETRY_AT_MOST_ONCE] = cursor_le(c, 8);
	lines[RETRY_OTHERS] = cursor_le(c, 8);
	rc = get_later_settings(c, &settings.extra);
	if (rc == 0 && (check_ended(c) < 0 || settings.age_ms > AGE_MS_MAX))
		rc = -ERR_DAMAGED;
	if (rc < 0) {
		buf_finish(&settings.extra);
		return rc;
	}
	settings.identity.cluster_id = str_keep(cluster_id);
	settings.identity.block_pool_id = str_keep(block_pool_id);
	load->ns->settings = settings;
	for (int which = 0; which < RETRY_CLASSES; which++)
		load->ns->retries.queues[which].line = lines[which];
	load->has_settings = true;
	return 0;
}

uint32_t load_row(struct namespace *ns, uint64_t id)
{
	uint32_t row = dirs_find(&ns->dirs, id);

	return row != 0 ? row : dirs_add(&ns->dirs, id, 0);
}

static int load_detached(struct ns_load *load, struct cursor *c)
{
	struct detached *detached = &load->ns->detached;
	uint64_t count = cursor_varint(c);

	if (count == 0 || count != cursor_left(c) / 8 || detached->count > 0)
		return -ERR_DAMAGED;
	detached->ids = mem_must_alloc(count * sizeof(*detached->ids));
	detached->capacity = count;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t id = cursor_le(c, 8);
		struct dir *dir;

		if (id == 0 || id >= load->ns->settings.next_inode)
			return -ERR_DAMAGED;
		dir = dir_at(&load->ns->dirs, load_row(load->ns, id));
		if (dir->is_detached)
			return -ERR_DAMAGED;
		dir->is_detached = true;
		detached->ids[detached->count++] = id;
	}
	return check_ended(c);
}

/* ---- the retry table ---- */

static int load_retry(struct ns_load *load, struct cursor *c)
{
	struct namespace *ns = load->ns;
	struct retry_row row = {.which = (enum retry_class)cursor_u8(c)};
	struct str client_id = cursor_bytes(c, sizeof(row.client_id));

	if (client_id.size > 0)
		memcpy(row.client_id, client_id.data, client_id.size);
	row.call_id = (int32_t)cursor_le(c, 4);
	row.kind = cursor_u8(c);
	row.rc = cursor_u8(c);
	row.flags = (uint16_t)cursor_le(c, 2);
	row.inode = cursor_le(c, 8);
	row.age_ms = cursor_le(c, 8);
	if (check_ended(c) < 0 || row.which >= RETRY_CLASSES || row.flags > RETRY_VALUE ||
	    row.inode > NS_ID_MAX || row.age_ms > AGE_MS_MAX ||
	    row.age_ms < load->last_age_ms[row.which])
		return -ERR_DAMAGED;
	load->last_age_ms[row.which] = row.age_ms;
	retries_add(&ns->retries, &row);
	canonical_retry(&row, &ns->scratch);
	ns->digest = hash128_add(ns->digest, canonical_scratch_hash(ns));
	return 0;
}

/* ---- steps ---- */

static int load_record(struct ns_load *load, uint8_t kind, struct str body)
{
	struct cursor c = cursor_of(body);

	if ((kind == RECORD_SETTINGS) == load->has_settings)
		return -ERR_DAMAGED;
	if ((kind == RECORD_BLOCKS) != (load->blocks_left > 0))
		return -ERR_DAMAGED;
	switch (kind) {
	case RECORD_SETTINGS: return load_settings(load, &c);
	case RECORD_DETACHED: return load_detached(load, &c);
	case RECORD_INODE: return load_inode(load, &c);
	case RECORD_BLOCKS: return load_blocks(load, &c);
	case RECORD_RIGHTS: return load_rights(load, &c);
	case RECORD_RETRY: return load_retry(load, &c);
	default: return -ERR_UNSUPPORTED;
	}
}

int ns_load_step(struct ns_load *load, struct str records)
{
	struct cursor c = cursor_of(records);
	int rc = 0;

	while (rc == 0 && cursor_left(&c) > 0) {
		uint8_t kind = cursor_u8(&c);
		size_t size = cursor_le(&c, 4);
		struct str body = cursor_bytes(&c, size);

		rc = c.failed ? -ERR_DAMAGED : load_record(load, kind, body);
	}
	return rc;
}

/* ---- what is derived ---- */

/* Hangs directories from the deepest up, so that each hands complete sums to its parent.
 * child_directories counts those that have not yet; it is built up again by hanging. */
struct hang_up {
	struct dirs *dirs;
	uint32_t *pending; /* by row: children that are not hung yet */
	uint32_t *ready;   /* rows without any */
	uint32_t ready_count;
	uint32_t hung;
};

static void hang_row(struct hang_up *hang, uint32_t row)
{
	struct dir *dir = dir_at(hang->dirs, row);
	uint32_t parent = dir->parent;

	hang->hung++;
	if (parent == 0)
		return;
	dir->parent = 0;
	dirs_hang_lone(hang->dirs, row, parent);
	if (--hang->pending[parent] == 0)
		hang->ready[hang->ready_count++] = parent;
}

static int hang_directories(struct namespace *ns)
{
	struct dirs *dirs = &ns->dirs;
	uint32_t rows = dirs->rows.fresh;
	struct hang_up hang = {.dirs = dirs,
	                       .pending = mem_must_zalloc(rows * sizeof(uint32_t)),
	                       .ready = mem_must_alloc(rows * sizeof(uint32_t))};

	/* while loading no row was given back, so all below `rows` are in use */
	for (uint32_t row = 1; row < rows; row++)
		hang.pending[dir_at(dirs, row)->parent]++;
	for (uint32_t row = 1; row < rows; row++)
		if (hang.pending[row] == 0)
			hang.ready[hang.ready_count++] = row;
	for (uint32_t i = 0; i < hang.ready_count; i++)
		hang_row(&hang, hang.ready[i]);
	mem_free(hang.pending);
	mem_free(hang.ready);
	return hang.hung == rows - 1 ? 0 : -ERR_DAMAGED; /* else some are in a ring */
}

/* Every directory has a record or is detached, and hangs below one of these two. */
static int check_directories(const struct namespace *ns)
{
	for (uint32_t row = 1; row < ns->dirs.rows.fresh; row++) {
		const struct dir *dir = dir_at(&ns->dirs, row);

		if ((dir->rights == 0) != dir->is_detached ||
		    (dir->parent == 0 && !dir->is_detached && dir->id != NS_INODE_ROOT))
			return -ERR_DAMAGED;
	}
	return 0;
}

static void count_detached(struct namespace *ns)
{
	struct detached *detached = &ns->detached;

	for (size_t i = 0; i < detached->count; i++) {
		const struct dir *dir = dir_at(&ns->dirs, dirs_find(&ns->dirs, detached->ids[i]));

		detached->inodes += dir->below.files + dir->below.directories;
	}
}

static int finish_load(struct ns_load *load)
{
	struct namespace *ns = load->ns;
	int rc;

	if (!load->has_settings || load->blocks_left > 0 ||
	    load->has_root != ns->settings.has_identity)
		return -ERR_DAMAGED;
	rc = check_directories(ns);
	if (rc == 0)
		rc = hang_directories(ns);
	if (rc < 0)
		return rc;
	count_detached(ns);
	dir_cache_fit(&ns->cache, ns->dirs.rows.used);
	return 0;
}

int ns_load_end(struct ns_load *load, uint64_t index, struct hash128 digest)
{
	struct namespace *ns = load->ns;
	int rc = finish_load(load);
	struct hash128 loaded;

	if (rc == 0) {
		loaded = ns_digest(ns);
		if ((loaded.low != digest.low || loaded.high != digest.high) &&
		    !IS_BROKEN(RETRIES_NOT_SAVED))
			rc = -ERR_DAMAGED;
	}
	if (rc == 0)
		ns->applied = index;
	mem_free(load);
	return rc;
}

void ns_load_cancel(struct ns_load *load)
{
	mem_free(load);
}
