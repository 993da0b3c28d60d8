/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A namespace of a few flat paths, for tests of the master alone: its ways are the master's
 * concern, not its semantics.  Include once in a test program.
 */
#ifndef HOLDFAST_TESTS_MASTER_FAKE_NAMESPACE_H
#define HOLDFAST_TESTS_MASTER_FAKE_NAMESPACE_H

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "namespace/namespace.h"

enum { FAKE_FILES = 16, FAKE_BLOCKS = 8, FAKE_ROWS = 64, FAKE_LOOSE = 4096 };

struct fake_file {
	char path[32]; /* empty: free */
	bool is_open;
	char holder[32];
	uint64_t lease_number;
	size_t block_count;
	struct ns_block_info blocks[FAKE_BLOCKS];
};

struct fake_row {
	uint8_t client_id[16];
	int32_t call_id;
	uint64_t age_ms;
	struct ns_result result;
};

struct namespace
{
	uint64_t applied;
	uint64_t age_ms;
	bool is_safe;
	struct fake_file files[FAKE_FILES];
	struct ns_block_info loose[FAKE_LOOSE]; /* blocks of files that no test looks at */
	size_t loose_count;
	struct fake_row rows[FAKE_ROWS];
	uint64_t row_count;
	uint64_t more_rows; /* as if there were so many more */
	uint64_t left;
	uint64_t next_block;
	uint64_t next_stamp;
	uint64_t next_lease;
	uint64_t memory;
	uint64_t checks;
	uint64_t forget_at_most_once_ms; /* of the last tick */
	uint64_t forget_others_ms;
	uint64_t ticks;
	char name_answered[32]; /* what the last status pointed to */
};

static struct namespace *fake_ns; /* the newest */

struct namespace *ns_create(uint64_t seed)
{
	(void)seed;
	fake_ns = mem_must_zalloc(sizeof(*fake_ns));
	fake_ns->next_block = NS_BLOCK_FIRST;
	fake_ns->next_stamp = NS_STAMP_FIRST;
	fake_ns->next_lease = 1;
	return fake_ns;
}

void ns_destroy(struct namespace *ns)
{
	mem_free(ns);
}

uint64_t ns_applied(const struct namespace *ns)
{
	return ns->applied;
}

uint64_t ns_age_ms(const struct namespace *ns)
{
	return ns->age_ms;
}

bool ns_safe_mode(const struct namespace *ns)
{
	return ns->is_safe;
}

uint64_t ns_next_block_id(const struct namespace *ns)
{
	return ns->next_block;
}

uint64_t ns_next_stamp(const struct namespace *ns)
{
	return ns->next_stamp;
}

/* ---- files and blocks ---- */

static inline struct fake_file *fake_find(struct namespace *ns, struct str path)
{
	for (size_t i = 0; i < FAKE_FILES; i++)
		if (ns->files[i].path[0] != 0 && str_equal(str_of(ns->files[i].path), path))
			return &ns->files[i];
	return NULL;
}

static inline uint64_t fake_inode(const struct namespace *ns, const struct fake_file *file)
{
	return NS_INODE_ROOT + 1 + (uint64_t)(file - ns->files);
}

static inline struct fake_file *fake_make(struct namespace *ns, struct str path)
{
	for (size_t i = 0; i < FAKE_FILES; i++) {
		struct fake_file *file = &ns->files[i];

		if (file->path[0] != 0)
			continue;
		*file = (struct fake_file){0};
		snprintf(file->path, sizeof(file->path), "%.*s", STR_ARGS(path));
		return file;
	}
	CHECK(!"room for another file");
	return NULL;
}

/* A block of its own; counters move past it. */
static inline struct block fake_block(uint64_t length, uint16_t replication, bool is_complete)
{
	struct ns_block_info *info = &fake_ns->loose[fake_ns->loose_count++];

	*info = (struct ns_block_info){.inode = 99999,
	                               .block = {.id = fake_ns->next_block++,
	                                         .stamp = fake_ns->next_stamp++,
	                                         .length = length},
	                               .replication = replication,
	                               .is_complete = is_complete};
	return info->block;
}

static inline struct ns_block_info *fake_info(struct namespace *ns, uint64_t id)
{
	for (size_t i = 0; i < ns->loose_count; i++)
		if (ns->loose[i].block.id == id)
			return &ns->loose[i];
	for (size_t i = 0; i < FAKE_FILES; i++)
		for (size_t k = 0; k < ns->files[i].block_count; k++)
			if (ns->files[i].path[0] != 0 && ns->files[i].blocks[k].block.id == id)
				return &ns->files[i].blocks[k];
	return NULL;
}

void ns_find_block(struct namespace *ns, uint64_t block_id, struct ns_block_info *ret_info)
{
	const struct ns_block_info *info = fake_info(ns, block_id);

	*ret_info = info == NULL ? (struct ns_block_info){0} : *info;
}

bool ns_inode_blocks(struct namespace *ns, uint64_t inode, struct arena *arena,
                     struct ns_blocks *ret_blocks)
{
	const struct fake_file *file = &ns->files[inode - NS_INODE_ROOT - 1];
	struct ns_block *blocks = arena_alloc(arena, FAKE_BLOCKS * sizeof(*blocks));

	if (file->path[0] == 0)
		return false;
	for (size_t i = 0; i < file->block_count; i++)
		blocks[i] = (struct ns_block){.block = file->blocks[i].block,
		                              .is_complete = file->blocks[i].is_complete};
	*ret_blocks = (struct ns_blocks){
	        .status = {.inode = inode, .replication = 1, .block_size = 1024},
	        .blocks = blocks,
	        .count = file->block_count,
	};
	return true;
}

void ns_lookup(struct namespace *ns, struct ns_lookup *lookups, size_t count, struct arena *arena)
{
	(void)arena;
	for (size_t i = 0; i < count; i++) {
		struct fake_file *file = fake_find(ns, lookups[i].path);

		lookups[i].rc = file == NULL ? -ERR_NOT_FOUND : 0;
		if (file != NULL)
			lookups[i].status.inode = fake_inode(ns, file);
	}
}

bool ns_find_lease(struct namespace *ns, uint64_t inode, struct ns_lease *ret_lease)
{
	const struct fake_file *file = &ns->files[inode - NS_INODE_ROOT - 1];

	if (!file->is_open)
		return false;
	*ret_lease = (struct ns_lease){
	        .holder = str_of(file->holder), .inode = inode, .number = file->lease_number};
	return true;
}

uint64_t ns_each_lease(struct namespace *ns, uint64_t from, size_t count,
                       void (*each)(void *context, const struct ns_lease *lease), void *context)
{
	for (size_t i = 0; i < FAKE_FILES; i++) {
		uint64_t inode = NS_INODE_ROOT + 1 + i;
		struct ns_lease lease;

		if (inode < from || !ns_find_lease(ns, inode, &lease))
			continue;
		if (count-- == 0)
			return inode;
		each(context, &lease);
	}
	return 0;
}

void ns_counts(const struct namespace *ns, struct ns_counts *ret_counts)
{
	*ret_counts = (struct ns_counts){.left_to_reclaim = ns->left,
	                                 .bytes_of_memory = ns->memory,
	                                 .blocks = ns->loose_count};
	for (size_t i = 0; i < ns->loose_count; i++)
		ret_counts->open_blocks += !ns->loose[i].is_complete;
}

/* ---- the retry table ---- */

static inline struct fake_row *fake_row(struct namespace *ns, const struct command *command)
{
	for (size_t i = 0; command->has_client && i < ns->row_count; i++)
		if (ns->rows[i].call_id == command->call_id &&
		    memcmp(ns->rows[i].client_id, command->client_id, 16) == 0)
			return &ns->rows[i];
	return NULL;
}

bool ns_retry_find(struct namespace *ns, const struct command *command, struct arena *arena,
                   struct ns_result *ret_result)
{
	const struct fake_row *row = fake_row(ns, command);

	(void)arena;
	if (row == NULL)
		return false;
	*ret_result = row->result;
	ret_result->is_repeat = true;
	return true;
}

uint64_t ns_retry_rows(const struct namespace *ns)
{
	return ns->row_count + ns->more_rows;
}

void ns_retry_stats(const struct namespace *ns, struct ns_retry_stats *ret_stats)
{
	*ret_stats = (struct ns_retry_stats){.rows = ns_retry_rows(ns)};
}

/* ---- check and apply ---- */

static inline void fake_refuse(struct ns_result *result, int rc, const char *message)
{
	result->rc = rc;
	result->message = str_of(message);
}

/* What both say about the command. */
static inline void fake_judge(struct namespace *ns, const struct command *command,
                              struct ns_result *result)
{
	struct fake_file *file;

	switch (command->kind) {
	case ENTRY_mkdirs:
		result->value = true;
		result->changes_nothing = fake_find(ns, command->mkdirs.path) != NULL;
		break;
	case ENTRY_delete:
		result->value = fake_find(ns, command->delete.path) != NULL;
		result->changes_nothing = !result->value;
		break;
	case ENTRY_rename:
		if (fake_find(ns, command->rename.source) == NULL)
			fake_refuse(result, -ERR_NOT_FOUND, "no such source");
		break;
	case ENTRY_create:
		file = fake_find(ns, command->create.path);
		if (file != NULL && file->is_open)
			fake_refuse(result, -ERR_BEING_CREATED, "being created");
		else if (file != NULL)
			fake_refuse(result, -ERR_EXISTS, "exists");
		break;
	case ENTRY_complete:
		file = fake_find(ns, command->complete.path);
		result->value = true;
		result->changes_nothing = file != NULL && !file->is_open;
		break;
	case ENTRY_NONE: result->rc = -ERR_INTERNAL; break;
	default: break;
	}
}

void ns_check(struct namespace *ns, const struct command *command, const struct ns_limits *limits,
              struct arena *arena, struct ns_result *ret_result)
{
	(void)limits;
	ns->checks++;
	if (!ns_retry_find(ns, command, arena, ret_result))
		fake_judge(ns, command, ret_result);
}

static inline void fake_add_block(struct namespace *ns, const struct command *command,
                                  struct ns_result *result)
{
	struct fake_file *file = fake_find(ns, command->add_block.path);

	if (file->block_count > 0)
		file->blocks[file->block_count - 1].is_complete = true;
	file->blocks[file->block_count++] =
	        (struct ns_block_info){.inode = fake_inode(ns, file),
	                               .block = {.id = ns->next_block++, .stamp = ns->next_stamp++},
	                               .replication = 1};
	result->block = file->blocks[file->block_count - 1].block;
}

static inline void fake_complete(struct namespace *ns, const struct command *command)
{
	struct fake_file *file = fake_find(ns, command->complete.path);

	file->is_open = false;
	if (file->block_count == 0)
		return;
	file->blocks[file->block_count - 1].is_complete = true;
	file->blocks[file->block_count - 1].block.length = command->complete.last.length;
}

static inline void fake_expire(struct namespace *ns, const struct command *command)
{
	struct fake_file *file = &ns->files[command->expire_lease.inode - NS_INODE_ROOT - 1];

	if (file->is_open && file->lease_number == command->expire_lease.lease_number)
		file->is_open = false;
}

static inline void fake_change(struct namespace *ns, const struct command *command,
                               struct arena *arena, struct ns_result *result)
{
	struct fake_file *file;

	switch (command->kind) {
	case ENTRY_mkdirs:
		if (!result->changes_nothing)
			fake_make(ns, command->mkdirs.path);
		break;
	case ENTRY_create:
		file = fake_make(ns, command->create.path);
		file->is_open = true;
		file->lease_number = ns->next_lease++;
		snprintf(file->holder, sizeof(file->holder), "%.*s",
		         STR_ARGS(command->create.holder));
		result->inode = fake_inode(ns, file);
		result->has_status = true;
		snprintf(ns->name_answered, sizeof(ns->name_answered), "%s", file->path);
		result->status.name = str_of(ns->name_answered);
		break;
	case ENTRY_delete:
		file = fake_find(ns, command->delete.path);
		if (file == NULL)
			break;
		if (arena != NULL)
			result->gone = arena_alloc(arena, sizeof(struct block) * FAKE_BLOCKS);
		for (size_t i = 0; arena != NULL && i < file->block_count; i++)
			result->gone[result->gone_count++] = file->blocks[i].block;
		file->path[0] = 0;
		break;
	case ENTRY_add_block: fake_add_block(ns, command, result); break;
	case ENTRY_complete: fake_complete(ns, command); break;
	case ENTRY_expire_lease: fake_expire(ns, command); break;
	case ENTRY_reclaim:
		ns->left -= ns->left < command->reclaim.steps ? ns->left : command->reclaim.steps;
		break;
	case ENTRY_safe_mode: ns->is_safe = command->safe_mode.is_on; break;
	case ENTRY_tick:
		ns->ticks++;
		ns->forget_at_most_once_ms = command->tick.forget_at_most_once_age_ms;
		ns->forget_others_ms = command->tick.forget_others_age_ms;
		break;
	default: break;
	}
}

void ns_apply(struct namespace *ns, uint64_t index, const struct command *command,
              struct arena *arena, struct ns_result *ret_result)
{
	CHECK(index == ns->applied + 1);
	ns->applied = index;
	*ret_result = (struct ns_result){.left_to_reclaim = ns->left};
	if (entry_kind_is_journals(command->kind))
		return;
	CHECK(command->age_ms >= ns->age_ms || command->kind == ENTRY_NONE);
	ns->age_ms = command->age_ms;
	memset(ns->name_answered, '?', sizeof(ns->name_answered)); /* valid until now */
	if (!ns_retry_find(ns, command, arena, ret_result)) {
		fake_judge(ns, command, ret_result);
		if (ret_result->rc == 0)
			fake_change(ns, command, arena, ret_result);
		if (command->has_client && ret_result->rc == 0) {
			struct fake_row *row = &ns->rows[ns->row_count++];

			*row = (struct fake_row){.call_id = command->call_id,
			                         .age_ms = command->age_ms,
			                         .result = *ret_result};
			row->result.has_status = false;
			memcpy(row->client_id, command->client_id, 16);
		}
	}
	ret_result->changes_nothing = false;
	ret_result->left_to_reclaim = ns->left;
}

/* ---- what no test here needs ---- */

struct hash128 ns_digest(const struct namespace *ns)
{
	(void)ns;
	return (struct hash128){0};
}

struct ns_hold *ns_hold(struct namespace *ns)
{
	(void)ns;
	return NULL;
}

bool ns_is_held(const struct namespace *ns)
{
	(void)ns;
	return false;
}

struct ns_save *ns_save_begin(struct ns_hold **hold)
{
	(void)hold;
	return NULL;
}

uint64_t ns_save_index(const struct ns_save *save)
{
	(void)save;
	return 0;
}

struct hash128 ns_save_digest(const struct ns_save *save)
{
	(void)save;
	return (struct hash128){0};
}

uint64_t ns_save_records(const struct ns_save *save)
{
	(void)save;
	return 0;
}

int ns_save_step(struct ns_save *save, size_t bytes, struct buf *buf)
{
	(void)save;
	(void)bytes;
	(void)buf;
	return 0;
}

void ns_save_end(struct ns_save *save)
{
	(void)save;
}

struct ns_load *ns_load_begin(struct namespace *ns)
{
	return (struct ns_load *)ns;
}

int ns_load_step(struct ns_load *load, struct str records)
{
	(void)load;
	(void)records;
	return 0;
}

int ns_load_end(struct ns_load *load, uint64_t index, struct hash128 digest)
{
	struct namespace *ns = (struct namespace *)load;

	(void)digest;
	ns->applied = index;
	return 0;
}

void ns_load_cancel(struct ns_load *load)
{
	(void)load;
}

#endif
