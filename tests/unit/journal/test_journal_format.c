/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "unit/journal/house.h"

static int format(struct house *house, const char *folder, struct str cluster_id, char **ret_text)
{
	struct journal_format_options options = {.io = house->io,
	                                         .folder = folder,
	                                         .cluster_id = cluster_id,
	                                         .kind = 1,
	                                         .version = 1,
	                                         .payload = STR("entry one")};

	*ret_text = NULL;
	return journal_format(&options, ret_text);
}

static void write_file(const char *folder, const char *name, const char *content)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

/* Names in the top folder that begin with `prefix`. */
static size_t count_in_top(struct house *house, const char *prefix)
{
	size_t count = 0, found = 0;
	char **names;

	assert_int_equal(io_list_folder(house->io, house->top, &names, &count), 0);
	for (size_t i = 0; i < count; i++)
		found += strncmp(names[i], prefix, strlen(prefix)) == 0;
	io_free_names(names, count);
	return found;
}

static void a_new_journal_has_entry_1(void **state)
{
	struct house *house = *state;
	char deep[sizeof(house->folder)], *text;

	snprintf(deep, sizeof(deep), "%s/a/b/c//", house->top);
	assert_false(journal_is_formatted(house->io, deep));
	assert_int_equal(format(house, deep, STR("CID-mine"), &text), 0);
	assert_non_null(strstr(text, "CID-mine"));
	mem_free(text);
	assert_true(journal_is_formatted(house->io, deep));
	house->options.folder = deep;
	house_open(house);
	assert_int_equal(house->toy.count, 1);
	assert_int_equal(house->toy.hashes[0], toy_hash(STR("entry one")));
	/* It is committed already: nothing needs to be written before the first append. */
	house_close(house);
	memcpy(house->folder, deep, sizeof(deep));
	assert_int_equal(house_count(house, "segment-"), 1);
	assert_int_equal(house_count(house, "prepared-"), 0);
}

static void a_cluster_id_is_drawn_if_none_is_given(void **state)
{
	struct house *house = *state;
	char other[256], *first, *second;

	snprintf(other, sizeof(other), "%s/other", house->top);
	assert_int_equal(format(house, house->folder, (struct str){0}, &first), 0);
	assert_int_equal(format(house, other, (struct str){0}, &second), 0);
	assert_non_null(strstr(first, "CID-"));
	assert_string_not_equal(strstr(first, "CID-"), strstr(second, "CID-"));
	mem_free(first);
	mem_free(second);
}

static void a_cluster_id_with_a_space_is_refused(void **state)
{
	struct house *house = *state;
	char *text;

	assert_int_equal(format(house, house->folder, STR("my cluster"), &text), -ERR_INVALID);
	assert_non_null(strstr(text, "cluster id"));
	mem_free(text);
	assert_false(journal_is_formatted(house->io, house->folder));
}

static void an_older_journal_is_moved_aside(void **state)
{
	struct house *house = *state;
	char *text;

	house_format(house);
	house_open(house);
	house_fill(house, 5, 100);
	house_close(house);
	assert_int_equal(format(house, house->folder, (struct str){0}, &text), 0);
	assert_non_null(strstr(text, ".before-format-"));
	mem_free(text);
	assert_int_equal(count_in_top(house, "journal.before-format-"), 1);
	house_open(house);
	assert_int_equal(house->toy.count, 1);
}

static void an_empty_folder_is_used_as_it_is(void **state)
{
	struct house *house = *state;

	assert_int_equal(io_mkdir(house->io, house->folder), 0);
	house_format(house);
	assert_int_equal(count_in_top(house, "journal"), 1);
}

static void a_folder_with_somebody_elses_file_is_left_alone(void **state)
{
	struct house *house = *state;
	char *text;

	house_format(house);
	write_file(house->folder, "thesis.txt", "three years of work");
	assert_int_equal(format(house, house->folder, (struct str){0}, &text), -ERR_INVALID);
	assert_non_null(strstr(text, "thesis.txt"));
	mem_free(text);
	assert_int_equal(count_in_top(house, "journal.before"), 0);
}

static void a_file_that_has_only_the_name_is_somebody_elses(void **state)
{
	struct house *house = *state;
	char *text;

	house_format(house);
	write_file(house->folder, "checkpoint-00000000000000000007", "not one of ours");
	assert_int_equal(format(house, house->folder, (struct str){0}, &text), -ERR_INVALID);
	assert_non_null(strstr(text, "checkpoint-00000000000000000007"));
	mem_free(text);
}

static void a_journal_in_use_is_not_formatted(void **state)
{
	struct house *house = *state;
	char pid[32], *text;

	house_format(house);
	house_open(house);
	assert_int_equal(format(house, house->folder, (struct str){0}, &text), -ERR_IN_USE);
	snprintf(pid, sizeof(pid), " %d", io_process_id(house->io));
	assert_non_null(strstr(text, pid));
	mem_free(text);
	house_fill(house, 1, 10);
}

static void a_format_that_was_interrupted_can_be_done_again(void **state)
{
	struct house *house = *state;
	char path[256];

	house_format(house);
	/* The marker comes last. */
	snprintf(path, sizeof(path), "%s/holdfast-journal", house->folder);
	assert_int_equal(io_unlink(house->io, path), 0);
	assert_false(journal_is_formatted(house->io, house->folder));
	house_format(house);
	house_open(house);
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_HOUSE(a_new_journal_has_entry_1),
	        IN_HOUSE(a_cluster_id_is_drawn_if_none_is_given),
	        IN_HOUSE(a_cluster_id_with_a_space_is_refused),
	        IN_HOUSE(an_older_journal_is_moved_aside),
	        IN_HOUSE(an_empty_folder_is_used_as_it_is),
	        IN_HOUSE(a_folder_with_somebody_elses_file_is_left_alone),
	        IN_HOUSE(a_file_that_has_only_the_name_is_somebody_elses),
	        IN_HOUSE(a_journal_in_use_is_not_formatted),
	        IN_HOUSE(a_format_that_was_interrupted_can_be_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
