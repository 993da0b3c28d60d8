/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What many inodes share, kept once and named by a number: texts (users, groups, lease holders,
 * client addresses, lists of workers, fields of a later version), rights (owner, group, mode) and
 * file classes (block size, replication, storage policy).
 *
 * Numbers are this process's own and never leave it.  Each is counted: _take() adds one use, and
 * _drop() ends one.  While holds exist, old records may still name what no current one uses:
 * nothing is freed before interns_sweep() is called without holds.
 */
#ifndef HOLDFAST_NAMESPACE_INTERN_H
#define HOLDFAST_NAMESPACE_INTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "namespace/hash_index.h"
#include "namespace/pool.h"

enum { MODE_STICKY = 01000, MODE_ALL = 01777 };

struct rights {
	struct str owner;
	struct str group;
	uint16_t mode; /* 01777 */
};

struct file_class {
	uint64_t block_size;
	uint16_t replication;
	uint8_t storage_policy;
};

struct intern_table {
	struct pool rows;
	struct hash_index index;
};

struct grave {
	struct intern_table *table;
	uint32_t number;
};

struct interns {
	struct intern_table texts;
	struct intern_table rights;
	struct intern_table classes;
	uint32_t last_rights; /* taken; 0: none */
	struct grave *graves; /* unused since the last sweep; freed by one */
	size_t grave_count;
	size_t grave_capacity;
	uint64_t text_bytes;
};

/* The seed: see hash_index.h. */
void interns_init(struct interns *interns, uint64_t seed);
void interns_finish(struct interns *interns);
/* Frees at most `count` numbers that nothing uses.  Only while there is no hold. */
void interns_sweep(struct interns *interns, size_t count);
uint64_t interns_bytes(const struct interns *interns);

/* 0 is the empty text, which is not counted. */
uint32_t text_take(struct interns *interns, struct str text);
void text_drop(struct interns *interns, uint32_t number);
struct str text_of(const struct interns *interns, uint32_t number);
/* The number of a text that is in use; 0: none. */
uint32_t text_find(const struct interns *interns, struct str text);

uint32_t rights_take(struct interns *interns, struct rights rights);
void rights_drop(struct interns *interns, uint32_t number);
struct rights rights_of(const struct interns *interns, uint32_t number);
/* The same with its texts by number. */
struct rights_numbers {
	uint32_t owner;
	uint32_t group;
	uint16_t mode;
};
struct rights_numbers rights_numbers_of(const struct interns *interns, uint32_t number);

uint32_t class_take(struct interns *interns, struct file_class file_class);
void class_drop(struct interns *interns, uint32_t number);
struct file_class class_of(const struct interns *interns, uint32_t number);

#endif
