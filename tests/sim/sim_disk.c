/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"

enum { SECTOR = 512, BLOCK = 4096, DISK_CAPACITY_DEFAULT = 1 << 30 };

/* ---- inodes: content as the process reads it, and as it would be after a power cut ---- */

struct sim_inode {
	bool is_folder;
	bool is_locked;
	unsigned refs; /* names in either view, changes of names, open files */
	struct buf cache;
	struct buf durable;
	struct buf dirty; /* a byte a sector: 1 = the two may differ there */
};

/* A name in one of the two views, sorted by path. */
struct entry {
	char *path;
	struct sim_inode *inode;
};

struct view {
	struct entry *entries;
	size_t count;
	size_t capacity;
};

/* A change of names that is not durable yet: `from` goes away (NULL: nothing), `to` is `inode`. */
struct change {
	struct list node;
	char *from;
	char *to; /* NULL: nothing */
	struct sim_inode *inode;
};

/* A write that went astray, and what it would take to make it good. */
struct astray {
	char prefix[64];
	uint64_t in; /* writes from now; 0: none */
	bool is_of_slots;
	struct sim_inode *inode; /* NULL: none did, or it counts */
	bool is_followed;        /* by a later write that is not durable yet */
	uint64_t right, wrong;
	struct buf data, was; /* was: at the wrong place */
};

struct sim_disk {
	struct random random;
	struct astray astray;
	struct view cache;
	struct view durable;
	struct list changes; /* oldest first */
	struct sim_disk_faults faults;
	uint64_t operations;
	uint64_t used; /* bytes */
	bool is_dead;
	bool has_failed;
};

static void inode_ref(struct sim_inode *inode)
{
	inode->refs++;
}

static void inode_unref(struct sim_disk *disk, struct sim_inode *inode)
{
	CHECK(inode->refs > 0);
	if (--inode->refs > 0)
		return;
	disk->used -= inode->cache.size;
	buf_finish(&inode->cache);
	buf_finish(&inode->durable);
	buf_finish(&inode->dirty);
	mem_free(inode);
}

static void resize(struct buf *buf, size_t size)
{
	if (size > buf->capacity) {
		/* Never by the process's allocator, which a test may make fail. */
		buf->capacity = size < 2 * buf->capacity ? 2 * buf->capacity : size;
		buf->data = mem_must_realloc(buf->data, buf->capacity);
	}
	if (size > buf->size)
		memset(buf->data + buf->size, 0, size - buf->size);
	buf->size = size;
}

static void mark_dirty(struct sim_inode *inode, uint64_t offset, size_t size)
{
	size_t first = offset / SECTOR, end = (offset + size + SECTOR - 1) / SECTOR;

	if (inode->dirty.size < end)
		resize(&inode->dirty, end);
	memset(inode->dirty.data + first, 1, end - first);
}

/* ---- views ---- */

static size_t view_place(const struct view *view, const char *path)
{
	size_t low = 0, high = view->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(view->entries[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct sim_inode *view_find(const struct view *view, const char *path)
{
	size_t at = view_place(view, path);

	return at < view->count && strcmp(view->entries[at].path, path) == 0
	               ? view->entries[at].inode
	               : NULL;
}

static void view_remove(struct sim_disk *disk, struct view *view, const char *path)
{
	size_t at = view_place(view, path);

	if (at == view->count || strcmp(view->entries[at].path, path) != 0)
		return;
	mem_free(view->entries[at].path);
	inode_unref(disk, view->entries[at].inode);
	memmove(view->entries + at, view->entries + at + 1,
	        (view->count - at - 1) * sizeof(*view->entries));
	view->count--;
}

static void view_put(struct sim_disk *disk, struct view *view, const char *path,
                     struct sim_inode *inode)
{
	size_t at;

	inode_ref(inode);
	view_remove(disk, view, path);
	if (view->count == view->capacity) {
		view->capacity = view->capacity == 0 ? 64 : view->capacity * 2;
		view->entries =
		        mem_must_realloc(view->entries, view->capacity * sizeof(*view->entries));
	}
	at = view_place(view, path);
	memmove(view->entries + at + 1, view->entries + at,
	        (view->count - at) * sizeof(*view->entries));
	view->entries[at] = (struct entry){mem_must_strdup(str_of(path)), inode};
	view->count++;
}

static void view_clear(struct sim_disk *disk, struct view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		mem_free(view->entries[i].path);
		inode_unref(disk, view->entries[i].inode);
	}
	view->count = 0;
}

/* Length of the folder's part of a path, without the slash. */
static size_t folder_size(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path);
}

static bool is_in_folder(const char *path, const char *folder)
{
	size_t size = folder_size(path);

	if (strcmp(folder, "/") == 0)
		folder = "";
	return size == strlen(folder) && memcmp(path, folder, size) == 0;
}

static bool has_children(const struct view *view, const char *folder)
{
	for (size_t i = 0; i < view->count; i++) {
		if (is_in_folder(view->entries[i].path, folder))
			return true;
	}
	return false;
}

static bool has_parent(const struct sim_disk *disk, const char *path)
{
	char *parent = mem_must_strdup(str_make(path, folder_size(path)));
	const struct sim_inode *inode = view_find(&disk->cache, parent);
	bool is_there = parent[0] == '\0' || (inode != NULL && inode->is_folder);

	mem_free(parent);
	return is_there;
}

/* ---- changes of names ---- */

static void make_durable(struct sim_disk *disk, struct change *change)
{
	list_remove(&change->node);
	if (change->from != NULL)
		view_remove(disk, &disk->durable, change->from);
	if (change->to != NULL)
		view_put(disk, &disk->durable, change->to, change->inode);
	if (change->inode != NULL)
		inode_unref(disk, change->inode);
	mem_free(change->from);
	mem_free(change->to);
	mem_free(change);
}

static void forget_change(struct sim_disk *disk, struct change *change)
{
	mem_free(change->to);
	change->to = NULL;
	mem_free(change->from);
	change->from = NULL;
	make_durable(disk, change);
}

static void change_names(struct sim_disk *disk, const char *from, const char *to,
                         struct sim_inode *inode)
{
	struct change *change = mem_must_zalloc(sizeof(*change));

	change->from = from == NULL ? NULL : mem_must_strdup(str_of(from));
	change->to = to == NULL ? NULL : mem_must_strdup(str_of(to));
	change->inode = inode;
	if (inode != NULL)
		inode_ref(inode);
	list_append(&disk->changes, &change->node);
	if (to != NULL)
		view_put(disk, &disk->cache, to, inode);
	if (from != NULL)
		view_remove(disk, &disk->cache, from);
}

/* ---- life and faults ---- */

struct sim_disk *sim_disk_create(uint64_t seed)
{
	struct sim_disk *disk = mem_must_zalloc(sizeof(*disk));

	disk->random = random_make(seed);
	list_init(&disk->changes);
	disk->faults = (struct sim_disk_faults){-1, -1, -1, 0, 0, 0};
	return disk;
}

void sim_disk_destroy(struct sim_disk *disk)
{
	while (!list_is_empty(&disk->changes))
		forget_change(disk, LIST_FIRST(&disk->changes, struct change, node));
	view_clear(disk, &disk->cache);
	view_clear(disk, &disk->durable);
	mem_free(disk->cache.entries);
	mem_free(disk->durable.entries);
	mem_free(disk);
}

void sim_disk_set_faults(struct sim_disk *disk, const struct sim_disk_faults *faults)
{
	disk->faults = *faults;
}

void sim_disk_set_capacity(struct sim_disk *disk, uint64_t capacity)
{
	disk->faults.capacity = capacity;
}

uint64_t sim_disk_used(const struct sim_disk *disk)
{
	return disk->used;
}

uint64_t sim_disk_operations(const struct sim_disk *disk)
{
	return disk->operations;
}

bool sim_disk_is_dead(const struct sim_disk *disk)
{
	return disk->is_dead;
}

bool sim_disk_has_failed(const struct sim_disk *disk)
{
	return disk->has_failed;
}

/* Counts an operation.  False: the disk is dead already.  *ret_dies: it dies in this one. */
static bool count_operation(struct sim_disk *disk, bool *ret_dies)
{
	*ret_dies = false;
	if (disk->is_dead)
		return false;
	disk->operations++;
	if (disk->faults.die_in >= 0 && disk->faults.die_in-- == 0) {
		disk->is_dead = true;
		*ret_dies = true;
	}
	return true;
}

static bool fails_now(struct sim_disk *disk, int64_t *countdown)
{
	if (*countdown < 0 || (*countdown)-- != 0)
		return false;
	disk->has_failed = true;
	return true;
}

static bool fails_at(struct sim_disk *disk, uint64_t *countdown)
{
	if (*countdown == 0 || --*countdown > 0)
		return false;
	disk->has_failed = true;
	return true;
}

static bool coin(struct sim_disk *disk)
{
	return random_chance(&disk->random, 1, 2);
}

static void make_sector_durable(struct sim_inode *inode, size_t sector)
{
	size_t at = sector * SECTOR, size = SECTOR;

	if (at + size > inode->cache.size)
		size = inode->cache.size - at;
	if (inode->durable.size < at + size)
		resize(&inode->durable, at + size);
	memcpy(inode->durable.data + at, inode->cache.data + at, size);
}

/* Sectors that differ become durable: all, or each by a throw of the coin. */
static void flush(struct sim_disk *disk, struct sim_inode *inode, bool all)
{
	bool keeps_size = all || coin(disk);

	if (keeps_size)
		resize(&inode->durable, inode->cache.size);
	for (size_t i = 0; i < inode->dirty.size; i++) {
		if (inode->dirty.data[i] != 0 && i * SECTOR < inode->cache.size &&
		    (all || coin(disk)))
			make_sector_durable(inode, i);
	}
	if (all)
		buf_clear(&inode->dirty);
}

/* A durable write: its own sectors and no others. */
static void flush_range(struct sim_disk *disk, struct sim_inode *inode, uint64_t offset,
                        size_t size, bool all)
{
	size_t end = (offset + size + SECTOR - 1) / SECTOR;

	for (size_t i = offset / SECTOR; i < end; i++) {
		if (inode->dirty.data[i] == 0 || !(all || coin(disk)))
			continue;
		make_sector_durable(inode, i);
		inode->dirty.data[i] = !all;
	}
}

static void lose_cache(struct sim_disk *disk, struct sim_inode *inode)
{
	flush(disk, inode, /* all: */ false);
	disk->used -= inode->cache.size;
	resize(&inode->cache, inode->durable.size);
	if (inode->durable.size > 0)
		memcpy(inode->cache.data, inode->durable.data, inode->durable.size);
	buf_clear(&inode->dirty);
	disk->used += inode->cache.size;
}

/* Changes of names are kept up to some point; or each new name by a throw of the coin, and removals
 * up to some point of their own. */
static void lose_changes(struct sim_disk *disk)
{
	bool in_order = coin(disk), has_lost = false, has_lost_removal = false;

	while (!list_is_empty(&disk->changes)) {
		struct change *change = LIST_FIRST(&disk->changes, struct change, node);
		bool *lost = in_order ? &has_lost : change->to == NULL ? &has_lost_removal : NULL;
		bool is_lost = lost != NULL && *lost;

		if (!is_lost)
			is_lost = random_chance(&disk->random, 1, 3);
		if (lost != NULL)
			*lost = is_lost;
		if (is_lost)
			forget_change(disk, change);
		else
			make_durable(disk, change);
	}
}

/* ---- writes that go astray ---- */

void sim_disk_misdirect(struct sim_disk *disk, const char *prefix, bool is_of_slots, uint64_t n)
{
	CHECK(strlen(prefix) < sizeof(disk->astray.prefix));
	memcpy(disk->astray.prefix, prefix, strlen(prefix) + 1);
	disk->astray.is_of_slots = is_of_slots;
	disk->astray.in = n;
}

static void forget_astray(struct sim_disk *disk)
{
	if (disk->astray.inode != NULL)
		inode_unref(disk, disk->astray.inode);
	disk->astray.inode = NULL;
	disk->astray.is_followed = false;
	buf_clear(&disk->astray.data);
	buf_clear(&disk->astray.was);
}

static void put_durably(struct sim_inode *inode, uint64_t offset, const struct buf *data)
{
	CHECK(offset + data->size <= inode->cache.size);
	memcpy(inode->cache.data + offset, data->data, data->size);
	if (inode->durable.size < offset + data->size)
		resize(&inode->durable, offset + data->size);
	memcpy(inode->durable.data + offset, data->data, data->size);
}

/* The process that made it ends, and nothing behind it is durable. */
static void mend_astray(struct sim_disk *disk)
{
	struct astray *astray = &disk->astray;

	astray->in = 0;
	if (astray->inode == NULL)
		return;
	put_durably(astray->inode, astray->wrong, &astray->was);
	put_durably(astray->inode, astray->right, &astray->data);
	forget_astray(disk);
}

static void follow_astray(struct sim_disk *disk, const struct sim_inode *inode, bool is_write,
                          uint64_t offset, bool is_durable)
{
	struct astray *astray = &disk->astray;

	if (astray->inode != inode)
		return;
	astray->is_followed |= is_write && offset > astray->right;
	if (astray->is_followed && is_durable)
		forget_astray(disk);
}

static bool is_of(const struct sim_disk *disk, const struct sim_inode *inode, const char *prefix)
{
	for (size_t i = 0; i < disk->cache.count; i++) {
		const struct entry *entry = &disk->cache.entries[i];

		if (entry->inode == inode && strncmp(entry->path, prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

/* Where a write to `offset` goes. */
static uint64_t draw_place(struct sim_disk *disk, struct sim_inode *inode, const void *data,
                           size_t size, uint64_t offset)
{
	struct astray *astray = &disk->astray;
	uint64_t blocks = inode->cache.size / BLOCK, taken = (size + BLOCK - 1) / BLOCK, wrong;

	if (astray->in == 0 || astray->inode != NULL || (offset < BLOCK && !astray->is_of_slots) ||
	    offset % BLOCK != 0 || taken >= blocks || offset + size > inode->cache.size ||
	    !is_of(disk, inode, astray->prefix) || --astray->in > 0)
		return offset;
	wrong = random_below(&disk->random, blocks - taken + astray->is_of_slots) * BLOCK;
	if (wrong < offset + size && offset < wrong + size)
		return offset;
	if (astray->is_of_slots)
		return wrong; /* it counts at once */
	astray->inode = inode;
	inode_ref(inode);
	astray->right = offset;
	astray->wrong = wrong;
	buf_append(&astray->data, data, size);
	buf_append(&astray->was, inode->cache.data + wrong, size);
	return wrong;
}

static void cut_power(struct sim_disk *disk)
{
	lose_changes(disk);
	view_clear(disk, &disk->cache);
	for (size_t i = 0; i < disk->durable.count; i++) {
		const struct entry *entry = &disk->durable.entries[i];

		lose_cache(disk, entry->inode);
		view_put(disk, &disk->cache, entry->path, entry->inode);
	}
}

void sim_disk_revive(struct sim_disk *disk, bool power_cut)
{
	mend_astray(disk);
	disk->is_dead = false;
	disk->has_failed = false;
	disk->faults = (struct sim_disk_faults){-1, -1, -1, disk->faults.capacity, 0, 0};
	if (power_cut)
		cut_power(disk);
	for (size_t i = 0; i < disk->cache.count; i++)
		disk->cache.entries[i].inode->is_locked = false;
}

void sim_disk_flip(struct sim_disk *disk, const char *path, uint64_t offset, uint8_t mask)
{
	struct sim_inode *inode = view_find(&disk->cache, path);

	CHECK(inode != NULL && offset < inode->cache.size);
	inode->cache.data[offset] ^= mask;
	if (offset < inode->durable.size)
		inode->durable.data[offset] ^= mask;
}

bool sim_disk_peek(const struct sim_disk *disk, const char *path, uint64_t offset, void *data,
                   size_t size)
{
	const struct sim_inode *inode = view_find(&disk->cache, path);

	if (inode == NULL || offset + size > inode->cache.size)
		return false;
	memcpy(data, inode->cache.data + offset, size);
	return true;
}

/* ---- files ---- */

int sim_disk_open(struct sim_disk *disk, const char *path, unsigned flags,
                  struct sim_inode **ret_inode)
{
	struct sim_inode *inode = view_find(&disk->cache, path);
	bool dies;

	if (disk->is_dead || fails_at(disk, &disk->faults.fail_names_at))
		return -ERR_IO;
	if (inode != NULL && (flags & IO_OPEN_CREATE) && (flags & IO_OPEN_EXCLUSIVE))
		return -ERR_FILE_EXISTS;
	if (inode != NULL && inode->is_folder)
		return -ERR_INVALID;
	if (inode == NULL) {
		if (!(flags & IO_OPEN_CREATE) || !has_parent(disk, path))
			return -ERR_NO_FILE;
		count_operation(disk, &dies);
		if (dies && coin(disk))
			return -ERR_IO;
		inode = mem_must_zalloc(sizeof(*inode));
		change_names(disk, NULL, path, inode);
		if (dies)
			return -ERR_IO;
	}
	if ((flags & IO_OPEN_TRUNCATE) && inode->cache.size > 0) {
		int rc = sim_inode_truncate(disk, inode, 0);

		if (rc < 0)
			return rc;
	}
	inode_ref(inode);
	*ret_inode = inode;
	return 0;
}

void sim_inode_close(struct sim_disk *disk, struct sim_inode *inode, bool has_lock)
{
	if (has_lock)
		inode->is_locked = false;
	inode_unref(disk, inode);
}

int sim_inode_lock(struct sim_inode *inode)
{
	if (inode->is_locked)
		return -ERR_IN_USE;
	inode->is_locked = true;
	return 0;
}

uint64_t sim_inode_size(const struct sim_inode *inode)
{
	return inode->cache.size;
}

static uint64_t capacity_of(const struct sim_disk *disk)
{
	return disk->faults.capacity == 0 ? DISK_CAPACITY_DEFAULT : disk->faults.capacity;
}

/* Copies into the cache: all, or whole sectors by a throw of the coin. */
static void put_bytes(struct sim_disk *disk, struct sim_inode *inode, const uint8_t *data,
                      size_t size, uint64_t offset, bool all)
{
	size_t done = 0;

	if (offset + size > inode->cache.size) {
		disk->used += offset + size - inode->cache.size;
		resize(&inode->cache, offset + size);
	}
	while (done < size) {
		size_t piece = SECTOR - (offset + done) % SECTOR;

		if (piece > size - done)
			piece = size - done;
		if (all || coin(disk)) {
			memcpy(inode->cache.data + offset + done, data + done, piece);
			mark_dirty(inode, offset + done, piece);
		}
		done += piece;
	}
}

int sim_inode_write(struct sim_disk *disk, struct sim_inode *inode, const void *data, size_t size,
                    uint64_t offset, bool is_durable)
{
	bool dies, fails;

	if (!count_operation(disk, &dies))
		return -ERR_IO;
	fails = fails_now(disk, &disk->faults.fail_write_in);
	if (!dies && !fails && offset + size > inode->cache.size &&
	    disk->used + (offset + size - inode->cache.size) > capacity_of(disk))
		return -ERR_NO_SPACE;
	if (!dies && !fails) {
		follow_astray(disk, inode, /* is_write: */ true, offset, is_durable);
		offset = draw_place(disk, inode, data, size, offset);
	}
	/* Often all of it reaches the cache and is readable after a kill, and not yet durable. */
	put_bytes(disk, inode, data, size, offset, (!dies && !fails) || coin(disk));
	if (is_durable)
		flush_range(disk, inode, offset, size, !dies && !fails);
	return dies || fails ? -ERR_IO : 0;
}

int sim_inode_read(struct sim_disk *disk, struct sim_inode *inode, void *data, size_t size,
                   uint64_t offset, size_t *ret_size)
{
	if (disk->is_dead || fails_at(disk, &disk->faults.fail_read_at))
		return -ERR_IO;
	*ret_size = 0;
	if (offset >= inode->cache.size)
		return 0;
	*ret_size = size < inode->cache.size - offset ? size : (size_t)(inode->cache.size - offset);
	memcpy(data, inode->cache.data + offset, *ret_size);
	return 0;
}

int sim_inode_sync(struct sim_disk *disk, struct sim_inode *inode)
{
	bool dies, fails;

	if (!count_operation(disk, &dies))
		return -ERR_IO;
	fails = fails_now(disk, &disk->faults.fail_sync_in);
	flush(disk, inode, !dies && !fails);
	if (!dies && !fails)
		follow_astray(disk, inode, /* is_write: */ false, 0, /* is_durable: */ true);
	return dies || fails ? -ERR_IO : 0;
}

int sim_inode_truncate(struct sim_disk *disk, struct sim_inode *inode, uint64_t size)
{
	bool dies;

	if (!count_operation(disk, &dies) || (dies && coin(disk)))
		return -ERR_IO;
	if (size > inode->cache.size && disk->used + (size - inode->cache.size) > capacity_of(disk))
		return -ERR_NO_SPACE;
	disk->used += size - inode->cache.size;
	if (size < inode->cache.size)
		mark_dirty(inode, size, inode->cache.size - size);
	else
		mark_dirty(inode, inode->cache.size, size - inode->cache.size);
	resize(&inode->cache, size);
	return dies ? -ERR_IO : 0;
}

/* ---- names ---- */

int sim_disk_stat(struct sim_disk *disk, const char *path, struct io_stat *ret_stat)
{
	const struct sim_inode *inode = view_find(&disk->cache, path);

	if (disk->is_dead)
		return -ERR_IO;
	if (inode == NULL)
		return -ERR_NO_FILE;
	*ret_stat = (struct io_stat){.kind = inode->is_folder ? IO_KIND_FOLDER : IO_KIND_FILE,
	                             .size = inode->cache.size};
	return 0;
}

/* One change of names; a death or a failure comes before or after it. */
static int apply_names(struct sim_disk *disk, const char *from, const char *to,
                       struct sim_inode *inode)
{
	bool dies, fails;

	if (!count_operation(disk, &dies))
		return -ERR_IO;
	fails = fails_at(disk, &disk->faults.fail_names_at);
	if ((!dies && !fails) || coin(disk))
		change_names(disk, from, to, inode);
	return dies || fails ? -ERR_IO : 0;
}

int sim_disk_mkdir(struct sim_disk *disk, const char *path)
{
	struct sim_inode *inode;
	int rc;

	if (disk->is_dead)
		return -ERR_IO;
	if (view_find(&disk->cache, path) != NULL)
		return -ERR_FILE_EXISTS;
	if (!has_parent(disk, path))
		return -ERR_NO_FILE;
	inode = mem_must_zalloc(sizeof(*inode));
	inode->is_folder = true;
	inode_ref(inode);
	rc = apply_names(disk, NULL, path, inode);
	inode_unref(disk, inode);
	return rc;
}

/* What lies below a renamed folder moves with it, as changes of its own. */
static void rename_children(struct sim_disk *disk, const char *from, const char *to)
{
	size_t size = strlen(from);

	for (size_t i = 0; i < disk->cache.count;) {
		const struct entry *entry = &disk->cache.entries[i];

		if (strncmp(entry->path, from, size) == 0 && entry->path[size] == '/') {
			struct buf path = {0};
			char *old = mem_must_strdup(str_of(entry->path));

			buf_append_format(&path, "%s%s", to, entry->path + size);
			buf_append_u8(&path, 0);
			change_names(disk, old, (char *)path.data, entry->inode);
			mem_free(old);
			buf_finish(&path);
			i = 0;
		} else {
			i++;
		}
	}
}

int sim_disk_rename(struct sim_disk *disk, const char *from, const char *to)
{
	struct sim_inode *inode = view_find(&disk->cache, from);
	int rc;

	if (disk->is_dead)
		return -ERR_IO;
	if (inode == NULL || !has_parent(disk, to))
		return -ERR_NO_FILE;
	if (inode->is_folder && view_find(&disk->cache, to) != NULL)
		return -ERR_FILE_EXISTS;
	rc = apply_names(disk, from, to, inode);
	if (rc == 0 && inode->is_folder)
		rename_children(disk, from, to);
	return rc;
}

int sim_disk_unlink(struct sim_disk *disk, const char *path)
{
	const struct sim_inode *inode = view_find(&disk->cache, path);

	if (disk->is_dead)
		return -ERR_IO;
	if (inode == NULL)
		return -ERR_NO_FILE;
	return inode->is_folder ? -ERR_INVALID : apply_names(disk, path, NULL, NULL);
}

int sim_disk_rmdir(struct sim_disk *disk, const char *path)
{
	const struct sim_inode *inode = view_find(&disk->cache, path);

	if (disk->is_dead)
		return -ERR_IO;
	if (inode == NULL)
		return -ERR_NO_FILE;
	if (!inode->is_folder || has_children(&disk->cache, path))
		return -ERR_FILE_EXISTS;
	return apply_names(disk, path, NULL, NULL);
}

int sim_disk_sync_folder(struct sim_disk *disk, const char *path)
{
	bool dies;

	if (!count_operation(disk, &dies))
		return -ERR_IO;
	if (fails_now(disk, &disk->faults.fail_sync_in))
		return -ERR_IO;
	LIST_FOR_EACH_SAFE (node, &disk->changes) {
		struct change *change = CONTAINER_OF(node, struct change, node);

		if (dies && coin(disk))
			break;
		if ((change->from != NULL && is_in_folder(change->from, path)) ||
		    (change->to != NULL && is_in_folder(change->to, path)))
			make_durable(disk, change);
	}
	return dies ? -ERR_IO : 0;
}

int sim_disk_list(struct sim_disk *disk, const char *path, char ***ret_names, size_t *ret_count)
{
	char **names;
	size_t count = 0;

	if (disk->is_dead)
		return -ERR_IO;
	if (strcmp(path, "/") != 0 && view_find(&disk->cache, path) == NULL)
		return -ERR_NO_FILE;
	names = mem_must_alloc((disk->cache.count + 1) * sizeof(*names));
	for (size_t i = 0; i < disk->cache.count; i++) {
		const char *entry = disk->cache.entries[i].path;

		if (is_in_folder(entry, path))
			names[count++] = mem_must_strdup(str_of(entry + folder_size(entry) + 1));
	}
	*ret_names = names;
	*ret_count = count;
	return 0;
}

int sim_disk_space(struct sim_disk *disk, struct io_space *ret_space)
{
	uint64_t capacity = capacity_of(disk);

	if (disk->is_dead)
		return -ERR_IO;
	ret_space->capacity = capacity;
	ret_space->available = disk->used < capacity ? capacity - disk->used : 0;
	return 0;
}
