/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated disk with a page cache, for one machine.
 *
 * Fault model
 *   kill     the process dies: what it wrote stays readable, and is still not durable
 *   cut      the power fails: of what was not synced, each sector is kept or lost by itself; names
 *            (create, rename, unlink, mkdir) not yet synced by their folder are kept up to some
 *            point in their order and lost from there on; or each new name is kept or lost by
 *            itself, and removals up to some point of their own
 *   torn     the operation under way at a death has happened in part: some sectors of a write, some
 *            of what a sync was to force out, a change of names or not
 *   failing  the n-th write, sync, read or change of names returns an error; what it was to do
 *            happened in part, or not
 *   full     the space of the disk is used up
 *   astray   a write of whole blocks lands at another place of its file, and says that all is well
 * A sector of 512 bytes is written whole or not.  A write or sync that returned 0 is never undone.
 *
 * Everything is drawn from the disk's own seed: same seed and same operations, same disk.
 */
#ifndef HOLDFAST_TESTS_SIM_DISK_H
#define HOLDFAST_TESTS_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/io.h"

struct sim_disk;
struct sim_inode;

struct sim_disk *sim_disk_create(uint64_t seed);
void sim_disk_destroy(struct sim_disk *disk);

/* ---- faults ---- */

/* Countdowns of operations; < 0: never. */
struct sim_disk_faults {
	int64_t die_in;        /* any operation that changes something: the process dies in it */
	int64_t fail_write_in; /* -ERR_IO */
	int64_t fail_sync_in;
	uint64_t capacity; /* bytes; 0: no limit */
	/* The n-th from now; 0: never.  -ERR_IO, too. */
	uint64_t fail_names_at; /* open, create, rename, unlink, mkdir, rmdir */
	uint64_t fail_read_at;
};
void sim_disk_set_faults(struct sim_disk *disk, const struct sim_disk_faults *faults);
/* Bytes; 0: no limit.  Leaves the other faults as they are. */
void sim_disk_set_capacity(struct sim_disk *disk, uint64_t capacity);
uint64_t sim_disk_used(const struct sim_disk *disk); /* bytes */
/* Operations that changed something so far. */
uint64_t sim_disk_operations(const struct sim_disk *disk);
/* Died by die_in: nothing happens any more until sim_disk_revive(). */
bool sim_disk_is_dead(const struct sim_disk *disk);
/* An operation has failed by the faults above. */
bool sim_disk_has_failed(const struct sim_disk *disk);
/* The machine starts again; power_cut: what was not durable is lost as said above. */
void sim_disk_revive(struct sim_disk *disk, bool power_cut);
/* Changes one byte, in the cache and on the disk. */
void sim_disk_flip(struct sim_disk *disk, const char *path, uint64_t offset, uint8_t mask);
/* Reads what the cache has.  False: there is not so much. */
bool sim_disk_peek(const struct sim_disk *disk, const char *path, uint64_t offset, void *data,
                   size_t size);
/* Of the writes behind the first block of files whose path begins so, or of all in a file of slots
 * that are written in turn, the n-th from now goes astray.  It counts only when a later write
 * behind it is durable: a process that ends before finds it in its place, for nobody could tell it
 * from one that was never made. */
void sim_disk_misdirect(struct sim_disk *disk, const char *prefix, bool is_of_slots, uint64_t n);

/* ---- what io.h needs; paths are absolute ---- */

int sim_disk_open(struct sim_disk *disk, const char *path, unsigned flags,
                  struct sim_inode **ret_inode);
void sim_inode_close(struct sim_disk *disk, struct sim_inode *inode, bool has_lock);
int sim_inode_write(struct sim_disk *disk, struct sim_inode *inode, const void *data, size_t size,
                    uint64_t offset, bool is_durable);
int sim_inode_read(struct sim_disk *disk, struct sim_inode *inode, void *data, size_t size,
                   uint64_t offset, size_t *ret_size);
int sim_inode_sync(struct sim_disk *disk, struct sim_inode *inode);
int sim_inode_truncate(struct sim_disk *disk, struct sim_inode *inode, uint64_t size);
uint64_t sim_inode_size(const struct sim_inode *inode);
int sim_inode_lock(struct sim_inode *inode);

int sim_disk_stat(struct sim_disk *disk, const char *path, struct io_stat *ret_stat);
int sim_disk_mkdir(struct sim_disk *disk, const char *path);
int sim_disk_rename(struct sim_disk *disk, const char *from, const char *to);
int sim_disk_unlink(struct sim_disk *disk, const char *path);
int sim_disk_rmdir(struct sim_disk *disk, const char *path);
int sim_disk_sync_folder(struct sim_disk *disk, const char *path);
int sim_disk_list(struct sim_disk *disk, const char *path, char ***ret_names, size_t *ret_count);
int sim_disk_space(struct sim_disk *disk, struct io_space *ret_space);

#endif
