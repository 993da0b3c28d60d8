/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/intern.h"

#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

/* Every row begins with this. */
struct use {
	uint32_t next; /* in the index's chain */
	uint32_t count;
	bool is_in_grave;
};

struct text_row {
	struct use use;
	uint32_t size;
	char *data;
};

struct rights_row {
	struct use use;
	struct rights_numbers numbers;
};

struct class_row {
	struct use use;
	struct file_class file_class;
};

/* ---- rows of any table ---- */

static uint32_t *row_next(void *context, uint32_t number)
{
	struct intern_table *table = context;

	return &((struct use *)pool_at(&table->rows, number))->next;
}

static void use_row(struct intern_table *table, uint32_t number)
{
	((struct use *)pool_at(&table->rows, number))->count++;
}

static void bury(struct interns *interns, struct intern_table *table, uint32_t number)
{
	if (interns->grave_count == interns->grave_capacity) {
		interns->grave_capacity = interns->grave_capacity * 2 + 16;
		interns->graves = mem_must_realloc(
		        interns->graves, interns->grave_capacity * sizeof(*interns->graves));
	}
	interns->graves[interns->grave_count++] = (struct grave){table, number};
}

static void drop_row(struct interns *interns, struct intern_table *table, uint32_t number)
{
	struct use *use = pool_at(&table->rows, number);

	CHECK(use->count > 0);
	if (--use->count > 0 || use->is_in_grave)
		return;
	use->is_in_grave = true;
	bury(interns, table, number);
}

static void free_row(struct interns *interns, struct intern_table *table, uint32_t number)
{
	hash_index_remove(&table->index, number);
	if (table == &interns->texts) {
		struct text_row *row = pool_at(&table->rows, number);

		interns->text_bytes -= row->size;
		mem_free(row->data);
	} else if (table == &interns->rights) {
		struct rights_row *row = pool_at(&table->rows, number);

		text_drop(interns, row->numbers.owner);
		text_drop(interns, row->numbers.group);
	}
	pool_free(&table->rows, number);
}

void interns_sweep(struct interns *interns, size_t count)
{
	while (count-- > 0 && interns->grave_count > 0) {
		struct grave grave = interns->graves[--interns->grave_count];
		struct use *use = pool_at(&grave.table->rows, grave.number);

		use->is_in_grave = false;
		if (use->count == 0)
			free_row(interns, grave.table, grave.number);
	}
}

static void table_init(struct intern_table *table, size_t row_size, const struct hash_links *links,
                       uint64_t seed)
{
	pool_init(&table->rows, row_size, POOL_ROWS_MAX);
	hash_index_init(&table->index, links, table, POOL_ROWS_MAX, seed);
}

static void table_finish(struct intern_table *table)
{
	pool_finish(&table->rows);
	hash_index_finish(&table->index);
}

static uint64_t table_bytes(const struct intern_table *table)
{
	return pool_bytes(&table->rows) + hash_index_bytes(&table->index);
}

uint64_t interns_bytes(const struct interns *interns)
{
	return table_bytes(&interns->texts) + table_bytes(&interns->rights) +
	       table_bytes(&interns->classes) + interns->text_bytes +
	       interns->grave_capacity * sizeof(*interns->graves);
}

/* ---- texts ---- */

static uint64_t text_hash(void *context, uint32_t number)
{
	const struct intern_table *table = context;
	const struct text_row *row = pool_at(&table->rows, number);

	return hash64(table->index.seed, row->data, row->size);
}

static const struct hash_links text_links = {row_next, text_hash};

uint32_t text_find(const struct interns *interns, struct str text)
{
	const struct intern_table *table = &interns->texts;
	uint32_t number =
	        hash_index_first(&table->index, hash64(table->index.seed, text.data, text.size));

	while (number != 0) {
		const struct text_row *row = pool_at(&table->rows, number);

		if (str_equal(str_make(row->data, row->size), text))
			return number;
		number = row->use.next;
	}
	return 0;
}

uint32_t text_take(struct interns *interns, struct str text)
{
	struct intern_table *table = &interns->texts;
	struct text_row *row;
	uint32_t number;

	if (text.size == 0)
		return 0;
	CHECK(text.size <= UINT32_MAX);
	number = text_find(interns, text);
	if (number == 0) {
		number = pool_take(&table->rows);
		row = pool_at(&table->rows, number);
		row->data = mem_must_alloc(text.size);
		memcpy(row->data, text.data, text.size);
		row->size = (uint32_t)text.size;
		interns->text_bytes += text.size;
		hash_index_add(&table->index, number);
	}
	use_row(table, number);
	return number;
}

void text_drop(struct interns *interns, uint32_t number)
{
	if (number != 0)
		drop_row(interns, &interns->texts, number);
}

struct str text_of(const struct interns *interns, uint32_t number)
{
	const struct text_row *row;

	if (number == 0)
		return (struct str){0};
	row = pool_at(&interns->texts.rows, number);
	return str_make(row->data, row->size);
}

/* ---- rights ---- */

static uint64_t hash_of_rights(const struct intern_table *table, struct rights_numbers numbers)
{
	uint32_t words[] = {numbers.owner, numbers.group, numbers.mode};

	return hash64(table->index.seed, words, sizeof(words));
}

static uint64_t rights_hash(void *context, uint32_t number)
{
	const struct intern_table *table = context;
	const struct rights_row *row = pool_at(&table->rows, number);

	return hash_of_rights(table, row->numbers);
}

static const struct hash_links rights_links = {row_next, rights_hash};

static bool numbers_equal(struct rights_numbers a, struct rights_numbers b)
{
	return a.owner == b.owner && a.group == b.group && a.mode == b.mode;
}

/* Most inodes have the same rights as the one made before. */
static bool are_last_rights(const struct interns *interns, struct rights rights)
{
	const struct rights_row *row = pool_at(&interns->rights.rows, interns->last_rights);

	return interns->last_rights != 0 && row->use.count > 0 &&
	       row->numbers.mode == rights.mode &&
	       str_equal(text_of(interns, row->numbers.owner), rights.owner) &&
	       str_equal(text_of(interns, row->numbers.group), rights.group);
}

static uint32_t find_or_make_rights(struct interns *interns, struct rights rights)
{
	struct intern_table *table = &interns->rights;
	struct rights_numbers numbers = {
	        .owner = text_take(interns, rights.owner),
	        .group = text_take(interns, rights.group),
	        .mode = rights.mode,
	};
	uint32_t number = hash_index_first(&table->index, hash_of_rights(table, numbers));
	struct rights_row *row;

	while (number != 0) {
		row = pool_at(&table->rows, number);
		if (numbers_equal(row->numbers, numbers))
			break;
		number = row->use.next;
	}
	if (number != 0) {
		text_drop(interns, numbers.owner); /* the row uses them already */
		text_drop(interns, numbers.group);
	} else {
		number = pool_take(&table->rows);
		row = pool_at(&table->rows, number);
		row->numbers = numbers;
		hash_index_add(&table->index, number);
	}
	return number;
}

uint32_t rights_take(struct interns *interns, struct rights rights)
{
	if (!are_last_rights(interns, rights))
		interns->last_rights = find_or_make_rights(interns, rights);
	use_row(&interns->rights, interns->last_rights);
	return interns->last_rights;
}

void rights_drop(struct interns *interns, uint32_t number)
{
	drop_row(interns, &interns->rights, number);
}

struct rights_numbers rights_numbers_of(const struct interns *interns, uint32_t number)
{
	return ((const struct rights_row *)pool_at(&interns->rights.rows, number))->numbers;
}

struct rights rights_of(const struct interns *interns, uint32_t number)
{
	struct rights_numbers numbers = rights_numbers_of(interns, number);

	return (struct rights){
	        .owner = text_of(interns, numbers.owner),
	        .group = text_of(interns, numbers.group),
	        .mode = numbers.mode,
	};
}

/* ---- file classes ---- */

static uint64_t hash_of_class(const struct intern_table *table, struct file_class file_class)
{
	uint64_t words[] = {file_class.block_size,
	                    (uint64_t)file_class.replication << 8 | file_class.storage_policy};

	return hash64(table->index.seed, words, sizeof(words));
}

static uint64_t class_hash(void *context, uint32_t number)
{
	const struct intern_table *table = context;
	const struct class_row *row = pool_at(&table->rows, number);

	return hash_of_class(table, row->file_class);
}

static const struct hash_links class_links = {row_next, class_hash};

static bool class_equal(struct file_class a, struct file_class b)
{
	return a.block_size == b.block_size && a.replication == b.replication &&
	       a.storage_policy == b.storage_policy;
}

uint32_t class_take(struct interns *interns, struct file_class file_class)
{
	struct intern_table *table = &interns->classes;
	uint32_t number = hash_index_first(&table->index, hash_of_class(table, file_class));
	struct class_row *row;

	while (number != 0) {
		row = pool_at(&table->rows, number);
		if (class_equal(row->file_class, file_class))
			break;
		number = row->use.next;
	}
	if (number == 0) {
		number = pool_take(&table->rows);
		row = pool_at(&table->rows, number);
		row->file_class = file_class;
		hash_index_add(&table->index, number);
	}
	use_row(table, number);
	return number;
}

void class_drop(struct interns *interns, uint32_t number)
{
	drop_row(interns, &interns->classes, number);
}

struct file_class class_of(const struct interns *interns, uint32_t number)
{
	return ((const struct class_row *)pool_at(&interns->classes.rows, number))->file_class;
}

/* ---- all of them ---- */

void interns_init(struct interns *interns, uint64_t seed)
{
	*interns = (struct interns){0};
	table_init(&interns->texts, sizeof(struct text_row), &text_links, seed);
	table_init(&interns->rights, sizeof(struct rights_row), &rights_links, seed);
	table_init(&interns->classes, sizeof(struct class_row), &class_links, seed);
}

void interns_finish(struct interns *interns)
{
	for (uint32_t number = 1; number < interns->texts.rows.fresh; number++) {
		struct text_row *row = pool_at(&interns->texts.rows, number);

		if (row->use.count > 0 || row->use.is_in_grave)
			mem_free(row->data);
	}
	table_finish(&interns->texts);
	table_finish(&interns->rights);
	table_finish(&interns->classes);
	mem_free(interns->graves);
}
