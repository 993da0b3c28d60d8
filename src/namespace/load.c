/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records back into an empty namespace.  canonical.c has their layout.
 *
 * Records come in order of (parent, name), so a directory's children may come before the directory
 * itself: rows of directories are made when they are first named, and hung when all are known.
 * Nothing is believed: every record is checked, and in the end the whole digest.
 */
#include "namespace/canonical.h"
#include "namespace/namespace_private.h"

#include "base/check.h"
#include "base/mem.h"

struct ns_load {
	struct namespace *ns;
	struct retry_row last_retry[RETRY_CLASSES];
	bool has_settings;
	bool has_root;
	struct key last_key; /* of the last inode; its name is ours */
	char last_name[NAME_BYTES_MAX];
	uint64_t directory;   /* the last inode, if it is a directory: a rights record may follow */
	struct inode file;    /* a file whose runs of blocks are still coming */
	uint32_t blocks_left; /* of it */
	ref_t first_chunk;    /* that has come last */
};

struct ns_load *ns_load_begin(struct namespace *ns)
{
	struct ns_load *load = mem_must_zalloc(sizeof(*load));

	CHECK(ns->applied == 0 && ns->tree.count == 0);
	load->ns = ns;
	return load;
}

/* ---- reading ---- */

static struct str get_str(struct cursor *c)
{
	return cursor_bytes(c, cursor_varint(c));
}

static bool get_bool(struct cursor *c)
{
	uint8_t value = cursor_u8(c);

	if (value > 1)
		cursor_fail(c);
	return value == 1;
}

static struct block get_block(struct cursor *c)
{
	struct block block;

	block.id = cursor_le(c, 8);
	block.stamp = cursor_le(c, 8);
	block.length = cursor_le(c, 8);
	if (block.id == 0 || block.id > INT64_MAX || block.stamp > INT64_MAX)
		cursor_fail(c);
	return block;
}

static int ended(const struct cursor *c)
{
	return c->failed || cursor_left(c) > 0 ? -ERR_DAMAGED : 0;
}

/* Tagged fields that nobody here knows. */
static int skip_tagged(struct cursor *c)
{
	while (!c->failed && cursor_left(c) > 0) {
		uint64_t tag = cursor_varint(c);

		get_str(c);
		if ((tag & 1) != 0 && !c->failed)
			return -ERR_UNSUPPORTED;
	}
	return 0;
}

/* ---- settings, detached ---- */

static struct str keep(struct str s)
{
	return str_make(mem_must_strdup(s), s.size);
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
	rc = skip_tagged(c);
	if (rc < 0)
		return rc;
	if (ended(c) < 0 || settings.age_ms > AGE_MS_MAX || load->has_settings)
		return -ERR_DAMAGED;
	settings.identity.cluster_id = keep(cluster_id);
	settings.identity.block_pool_id = keep(block_pool_id);
	load->ns->settings = settings;
	for (int class = 0; class < RETRY_CLASSES; class ++)
		load->ns->retries.queues[class].line = lines[class];
	load->has_settings = true;
	return 0;
}

/* The row of a directory, made if it was not named before. */
static uint32_t row_of(struct namespace *ns, uint64_t id)
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
		dir = dir_at(&load->ns->dirs, row_of(load->ns, id));
		if (dir->is_detached)
			return -ERR_DAMAGED;
		dir->is_detached = true;
		detached->ids[detached->count++] = id;
	}
	return ended(c);
}

/* ---- inodes ---- */

/* What a record says, before anything is interned for it. */
struct read_inode {
	struct inode inode;
	struct rights rights;
	struct file_class file_class;
	struct str holder;
	struct str machine;
	struct str workers;
	struct buf extra;
};

static void get_open(struct cursor *c, struct read_inode *read)
{
	struct str strs;

	read->inode.is_open = true;
	read->holder = get_str(c);
	read->machine = get_str(c);
	read->inode.lease = cursor_le(c, 8);
	strs = str_make(NULL, 0);
	if (get_bool(c)) {
		const uint8_t *begin = c->at;
		uint64_t count = cursor_varint(c);

		for (uint64_t i = 0; i < count && !c->failed; i++)
			get_str(c);
		strs = str_make(begin, (size_t)(c->at - begin));
	}
	read->workers = strs;
	if (cursor_left(c) > 0 || read->inode.block_count == 0)
		c->failed |= cursor_left(c) > 0 || read->workers.size > 0;
}

static int get_tagged(struct cursor *c, struct read_inode *read)
{
	while (!c->failed && cursor_left(c) > 0) {
		const uint8_t *begin = c->at;
		uint64_t tag = cursor_varint(c);
		struct str field = get_str(c);
		struct cursor body = cursor_of(field);

		if (c->failed)
			break;
		if (tag == INODE_TAG_OPEN && !read->inode.is_directory && !read->inode.is_open) {
			get_open(&body, read);
			c->failed |= body.failed;
		} else if ((tag & 1) != 0) {
			return -ERR_UNSUPPORTED;
		} else {
			buf_append(&read->extra, begin, (size_t)(c->at - begin));
		}
	}
	buf_must(&read->extra);
	return 0;
}

static void get_file(struct cursor *c, struct read_inode *read)
{
	struct inode *inode = &read->inode;

	read->file_class.block_size = cursor_le(c, 8);
	read->file_class.replication = (uint16_t)cursor_le(c, 2);
	read->file_class.storage_policy = cursor_u8(c);
	inode->block_count = (uint32_t)cursor_le(c, 4);
	if (inode->block_count > BLOCKS_INLINE)
		return;
	for (uint32_t i = 0; i < inode->block_count; i++) {
		inode->blocks[i] = get_block(c);
		inode->length += inode->blocks[i].length;
	}
}

static int read_inode(struct cursor *c, struct read_inode *read)
{
	struct inode *inode = &read->inode;
	uint8_t type;

	inode->parent = cursor_le(c, 8);
	inode->id = cursor_le(c, 8);
	inode->name = get_str(c);
	type = cursor_u8(c);
	read->rights.owner = get_str(c);
	read->rights.group = get_str(c);
	read->rights.mode = (uint16_t)cursor_le(c, 2);
	inode->mtime_ms = cursor_le(c, 8);
	inode->atime_ms = cursor_le(c, 8);
	inode->is_directory = type == NS_DIRECTORY;
	if (!inode->is_directory)
		get_file(c, read);
	if (c->failed || type < NS_DIRECTORY || type > NS_FILE ||
	    (read->rights.mode & ~MODE_ALL) != 0)
		return -ERR_DAMAGED;
	return get_tagged(c, read);
}

static bool is_after(struct key last, const struct inode *inode)
{
	if (inode->parent != last.parent)
		return inode->parent > last.parent;
	return str_compare(inode->name, last.name) > 0;
}

/* Its key, its id, its place below the root. */
static bool is_sound(const struct ns_load *load, const struct inode *inode)
{
	bool is_root = inode->id == NS_INODE_ROOT;
	uint64_t other;

	if (is_root != (inode->parent == 0) || is_root != (inode->name.size == 0) ||
	    (is_root && !inode->is_directory))
		return false;
	if (inode->name.size > NAME_BYTES_MAX ||
	    (inode->name.size > 0 && memchr(inode->name.data, '/', inode->name.size) != NULL))
		return false;
	if (inode->id == 0 || inode->id >= load->ns->settings.next_inode ||
	    inode->id == inode->parent || id_map_get(&load->ns->tree.of_ids, inode->id, &other))
		return false;
	return is_root || is_after(load->last_key, inode);
}

static void note_key(struct ns_load *load, const struct inode *inode)
{
	if (inode->name.size > 0)
		memcpy(load->last_name, inode->name.data, inode->name.size);
	load->last_key = (struct key){inode->parent, str_make(load->last_name, inode->name.size)};
}

static void take_uses(struct namespace *ns, struct read_inode *read)
{
	struct inode *inode = &read->inode;

	inode->rights = rights_take(&ns->interns, read->rights);
	if (!inode->is_directory)
		inode->file_class = class_take(&ns->interns, read->file_class);
	inode->holder = text_take(&ns->interns, read->holder);
	inode->machine = text_take(&ns->interns, read->machine);
	inode->workers = text_take(&ns->interns, read->workers);
	inode->extra = text_take(&ns->interns, buf_str(&read->extra));
}

/* Counts the file in its directory only; load_end() carries the sums up. */
static void keep_file(struct ns_load *load, const struct inode *inode)
{
	struct namespace *ns = load->ns;
	struct counts counts;

	inode_keep(ns, inode);
	counts = inode_counts(ns, inode);
	counts_add(&dir_at(&ns->dirs, row_of(ns, inode->parent))->below, &counts);
}

static int keep_directory(struct ns_load *load, const struct inode *inode)
{
	struct namespace *ns = load->ns;
	uint32_t row = row_of(ns, inode->id);
	struct dir *dir = dir_at(&ns->dirs, row);

	if (dir->rights != 0 || dir->is_detached)
		return -ERR_DAMAGED;
	dir->rights = inode->rights;
	inode_keep(ns, inode);
	load->directory = inode->id;
	load->has_root |= inode->id == NS_INODE_ROOT;
	if (inode->parent != 0)
		dir->parent = row_of(ns, inode->parent);
	return 0;
}

static int keep_inode(struct ns_load *load, struct read_inode *read)
{
	struct namespace *ns = load->ns;
	struct inode *inode = &read->inode;

	if (!is_sound(load, inode))
		return -ERR_DAMAGED;
	take_uses(ns, read);
	note_key(load, inode);
	if (inode->parent != 0)
		dir_at(&ns->dirs, row_of(ns, inode->parent))->children++;
	if (inode->is_directory)
		return keep_directory(load, inode);
	if (inode->block_count <= BLOCKS_INLINE) {
		keep_file(load, inode);
		return 0;
	}
	load->file = *inode;
	load->file.name = load->last_key.name;
	load->blocks_left = inode->block_count;
	load->first_chunk = 0;
	return 0;
}

static int load_inode(struct ns_load *load, struct cursor *c)
{
	struct read_inode read = {0};
	int rc = read_inode(c, &read);

	load->directory = 0;
	if (rc == 0)
		rc = ended(c);
	if (rc == 0)
		rc = keep_inode(load, &read);
	buf_finish(&read.extra);
	return rc;
}

static int load_blocks(struct ns_load *load, struct cursor *c)
{
	struct block blocks[CHUNK_BLOCKS];
	struct blocks_run run = {.blocks = blocks};
	uint64_t inode = cursor_le(c, 8);

	run.first = (uint32_t)cursor_le(c, 4);
	run.count = cursor_u8(c);
	if (c->failed || run.count > CHUNK_BLOCKS || inode != load->file.id ||
	    run.count > load->blocks_left || run.first != load->blocks_left - run.count)
		return -ERR_DAMAGED;
	for (uint32_t i = 0; i < run.count; i++)
		blocks[i] = get_block(c);
	if (ended(c) < 0 ||
	    !blocks_prepend(&load->ns->tree.nodes, &load->file, &load->first_chunk, &run))
		return -ERR_DAMAGED;
	load->blocks_left -= run.count;
	if (load->blocks_left == 0)
		keep_file(load, &load->file);
	return 0;
}

static int load_rights(struct ns_load *load, struct cursor *c)
{
	struct namespace *ns = load->ns;
	uint64_t directory = cursor_le(c, 8);
	uint64_t index = cursor_le(c, 8);
	struct dir *dir;

	if (ended(c) < 0 || directory == 0 || directory != load->directory || index == 0 ||
	    index >= UINT64_MAX)
		return -ERR_DAMAGED;
	dir = dir_at(&ns->dirs, dirs_find(&ns->dirs, directory));
	if (dir->rights_index != 0)
		return -ERR_DAMAGED;
	dir->rights_index = index;
	canonical_rights(directory, index, &ns->scratch);
	ns->digest = hash128_add(ns->digest, canonical_scratch_hash(ns));
	return 0;
}

/* ---- the retry table ---- */

static int load_retry(struct ns_load *load, struct cursor *c)
{
	struct namespace *ns = load->ns;
	struct retry_row row = {.class = (enum retry_class)cursor_u8(c)};
	struct str client_id = cursor_bytes(c, sizeof(row.client_id));

	if (client_id.size > 0)
		memcpy(row.client_id, client_id.data, client_id.size);
	row.call_id = (int32_t)cursor_le(c, 4);
	row.kind = cursor_u8(c);
	row.rc = cursor_u8(c);
	row.flags = (uint16_t)cursor_le(c, 2);
	row.inode = cursor_le(c, 8);
	row.age_ms = cursor_le(c, 8);
	if (ended(c) < 0 || row.class >= RETRY_CLASSES || row.flags > RETRY_VALUE ||
	    row.inode > NS_ID_MAX || row.age_ms > AGE_MS_MAX ||
	    row.age_ms < load->last_retry[row.class].age_ms)
		return -ERR_DAMAGED;
	load->last_retry[row.class] = row;
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
		if (loaded.low != digest.low || loaded.high != digest.high)
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
