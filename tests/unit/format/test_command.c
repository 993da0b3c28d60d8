/* SPDX-License-Identifier: Apache-2.0 */
#include "format/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/random.h"

static struct str groups_of_bob[] = {{.data = "users", .size = 5}, {.data = "dev", .size = 3}};

static struct command mkdirs_command(void)
{
	return (struct command){
	        .kind = ENTRY_mkdirs,
	        .flags = COMMAND_SUPERUSER,
	        .auth = COMMAND_AUTH_SIMPLE,
	        .wall_ms = 1700000000123,
	        .age_ms = 77,
	        .has_client = true,
	        .client_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	        .call_id = -3,
	        .user = STR("bob"),
	        .groups = {.items = groups_of_bob, .count = COUNT_OF(groups_of_bob)},
	        .mkdirs = {.path = STR("/a b"), .mode = 0755, .create_parent = true},
	};
}

/* Written by hand from the layout in format/command.c. */
static const uint8_t mkdirs_bytes[] = {
        1,                                         /* presence */
        1,    1,                                   /* flags, auth */
        0x7b, 0x68, 0xe5, 0xcf, 0x8b, 1,   0,   0, /* wall_ms */
        77,   0,    0,    0,    0,    0,   0,   0, /* age_ms */
        1,    2,    3,    4,    5,    6,   7,   8, 9,   10,  11,
        12,   13,   14,   15,   16,                               /* client_id */
        0xfd, 0xff, 0xff, 0xff,                                   /* call_id */
        3,    'b',  'o',  'b',                                    /* user */
        0,                                                        /* real_user */
        2,    5,    'u',  's',  'e',  'r', 's', 3, 'd', 'e', 'v', /* groups */
        4,    '/',  'a',  ' ',  'b',                              /* path */
        0xed, 1,                                                  /* mode */
        1,                                                        /* create_parent */
};

static void assert_encodes_to(const struct command *command, const void *bytes, size_t size)
{
	struct buf buf;

	buf_init(&buf);
	command_encode(command, &buf);
	assert_false(buf.failed);
	assert_int_equal(buf.size, size);
	assert_memory_equal(buf.data, bytes, size);
	buf_finish(&buf);
}

static void mkdirs_is_encoded_as_documented(void **state)
{
	struct command command = mkdirs_command();

	(void)state;
	assert_encodes_to(&command, mkdirs_bytes, sizeof(mkdirs_bytes));
}

static void decoding_gives_back_what_was_encoded(void **state)
{
	struct command command;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	assert_int_equal(command_decode(ENTRY_mkdirs, 0,
	                                str_make(mkdirs_bytes, sizeof(mkdirs_bytes)), &arena,
	                                &command),
	                 0);
	assert_int_equal(command.kind, ENTRY_mkdirs);
	assert_int_equal(command.call_id, -3);
	assert_true(str_equal(command.user, STR("bob")));
	assert_int_equal(command.groups.count, 2);
	assert_true(str_equal(command.groups.items[1], STR("dev")));
	assert_true(str_equal(command.mkdirs.path, STR("/a b")));
	assert_encodes_to(&command, mkdirs_bytes, sizeof(mkdirs_bytes));
	arena_finish(&arena);
}

static void a_payload_cut_anywhere_is_damaged(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(mkdirs_bytes); size++) {
		struct command command = {.kind = ENTRY_NONE};
		struct arena arena;

		arena_init(&arena, 0);
		assert_int_equal(command_decode(ENTRY_mkdirs, 0, str_make(mkdirs_bytes, size),
		                                &arena, &command),
		                 -ERR_DAMAGED);
		assert_int_equal(command.kind, ENTRY_NONE);
		arena_finish(&arena);
	}
}

static int decode_with_tail(const uint8_t *tail, size_t tail_size)
{
	uint8_t bytes[sizeof(mkdirs_bytes) + 16];
	struct command command;
	struct arena arena;
	int rc;

	memcpy(bytes, mkdirs_bytes, sizeof(mkdirs_bytes));
	memcpy(bytes + sizeof(mkdirs_bytes), tail, tail_size);
	arena_init(&arena, 0);
	rc = command_decode(ENTRY_mkdirs, 0, str_make(bytes, sizeof(mkdirs_bytes) + tail_size),
	                    &arena, &command);
	arena_finish(&arena);
	return rc;
}

static void an_unknown_tag_is_skipped_unless_it_must_be_understood(void **state)
{
	(void)state;
	assert_int_equal(decode_with_tail((uint8_t[]){2, 3, 'x', 'y', 'z'}, 5), 0);
	assert_int_equal(decode_with_tail((uint8_t[]){2, 0, 4, 1, 'x'}, 5), 0);
	assert_int_equal(decode_with_tail((uint8_t[]){3, 1, 'x'}, 3), -ERR_UNSUPPORTED);
	assert_int_equal(decode_with_tail((uint8_t[]){2, 3, 'x'}, 3), -ERR_DAMAGED);
	assert_int_equal(decode_with_tail((uint8_t[]){2}, 1), -ERR_DAMAGED);
}

static void unknown_kinds_and_versions_are_refused(void **state)
{
	struct str payload = str_make(mkdirs_bytes, sizeof(mkdirs_bytes));
	struct command command;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	assert_int_equal(command_decode(ENTRY_mkdirs, 1, payload, &arena, &command),
	                 -ERR_UNSUPPORTED);
	assert_int_equal(command_decode(9999, 0, payload, &arena, &command), -ERR_UNSUPPORTED);
	assert_int_equal(command_decode(0, 0, payload, &arena, &command), -ERR_UNSUPPORTED);
	/* a reserved number has no fields yet */
	assert_int_equal(command_decode(47, 0, payload, &arena, &command), -ERR_UNSUPPORTED);
	arena_finish(&arena);
}

static void a_count_beyond_the_payload_takes_no_memory(void **state)
{
	struct command command = {.kind = ENTRY_access_times, .user = STR("u")};
	struct buf buf;
	struct arena arena;

	(void)state;
	buf_init(&buf);
	command_encode(&command, &buf);
	buf.data[buf.size - 1] = 0x7f; /* count of the empty list that ends it */
	arena_init(&arena, 0);
	assert_int_equal(command_decode(ENTRY_access_times, 0, buf_str(&buf), &arena, &command),
	                 -ERR_DAMAGED);
	assert_int_equal(arena.used, 0);
	arena_finish(&arena);
	buf_finish(&buf);
}

static void lists_and_blocks_survive_the_round_trip(void **state)
{
	struct str workers[] = {STR("w-1"), STR(""), STR("w-3")};
	struct command command = {
	        .kind = ENTRY_add_block,
	        .add_block = {.path = STR("/f"),
	                      .inode = 16386,
	                      .holder = STR("h"),
	                      .previous = {.id = 1073741825, .stamp = 1001, .length = 1ull << 40},
	                      .workers = {.items = workers, .count = 3}},
	};
	struct command copy;
	struct buf buf;
	struct arena arena;

	(void)state;
	buf_init(&buf);
	arena_init(&arena, 0);
	command_encode(&command, &buf);
	assert_int_equal(command_decode(ENTRY_add_block, 0, buf_str(&buf), &arena, &copy), 0);
	assert_int_equal(copy.add_block.previous.length, 1ull << 40);
	assert_int_equal(copy.add_block.workers.count, 3);
	assert_int_equal(copy.add_block.workers.items[1].size, 0);
	assert_true(str_equal(copy.add_block.workers.items[2], STR("w-3")));
	assert_false(copy.has_client);
	arena_finish(&arena);
	buf_finish(&buf);
}

static void random_bytes_are_refused_or_decoded_without_harm(void **state)
{
	struct random random = random_make(7);
	uint8_t bytes[96];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t size = random_below(&random, sizeof(bytes));
		struct command command;
		struct arena arena;

		for (size_t i = 0; i < size; i++)
			bytes[i] = random_chance(&random, 2, 3) ? (uint8_t)random_below(&random, 4)
			                                        : (uint8_t)random_u64(&random);
		arena_init(&arena, 1 << 16);
		command_decode((unsigned)random_below(&random, 70), 0, str_make(bytes, size),
		               &arena, &command);
		arena_finish(&arena);
	}
}

/* The payload is not a command's, so none of it is read. */
static void the_journals_own_kinds_carry_no_command(void **state)
{
	struct arena arena;
	struct command command;
	struct buf buf = {0};

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_int_equal(command_decode(ENTRY_members, 9, STR("\xff\xff"), &arena, &command), 0);
	assert_int_equal(command.kind, ENTRY_members);
	assert_int_equal(command_decode(ENTRY_term, 0, STR(""), &arena, &command), 0);
	command_describe(&command, &buf);
	assert_true(str_equal(buf_str(&buf), STR("term")));
	assert_int_equal(ENTRY_members, 3);
	assert_int_equal(ENTRY_term, 6);
	for (unsigned kind = 0; kind < 100; kind++)
		assert_int_equal(entry_kind_is_journals(kind), kind == 3 || kind == 6);
	buf_finish(&buf);
	arena_finish(&arena);
}

static void a_description_reads_as_one_line_of_fields(void **state)
{
	struct command command = mkdirs_command();
	struct buf buf;

	(void)state;
	buf_init(&buf);
	command_describe(&command, &buf);
	assert_true(str_equal(
	        buf_str(&buf),
	        STR("mkdirs path=/a\\x20b mode=0755 create_parent=true user=bob groups=users,dev "
	            "superuser call=0102030405060708090a0b0c0d0e0f10:-3 wall=1700000000123 "
	            "age=77")));
	buf_finish(&buf);
	assert_string_equal(entry_kind_name(ENTRY_rename2), "rename2");
	assert_string_equal(entry_kind_name(12345), "unknown");
}

/* What is not UTF-8 would break the JSON that a description stands in. */
static void a_description_is_valid_text_whatever_the_names_are(void **state)
{
	static const struct {
		struct str name;
		const char *shown;
	} cases[] = {
	        {STR("/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
	         "/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
	        {STR("/\xff\x00z"), "/\\xff\\x00z"},
	        {STR("/\xc0\xaf"), "/\\xc0\\xaf"},                   /* a longer form of '/' */
	        {STR("/\xed\xa0\x80"), "/\\xed\\xa0\\x80"},          /* half of a pair of UTF-16 */
	        {STR("/\xf4\x90\x80\x80"), "/\\xf4\\x90\\x80\\x80"}, /* beyond the last one */
	        {STR("/\xe2\x82"), "/\\xe2\\x82"},                   /* cut */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct command command = {.kind = ENTRY_mkdirs, .mkdirs.path = cases[i].name};
		struct buf buf = {0};

		command_describe(&command, &buf);
		buf_append_u8(&buf, 0);
		assert_memory_equal(buf.data, "mkdirs path=", 12);
		assert_memory_equal(buf.data + 12, cases[i].shown, strlen(cases[i].shown));
		assert_memory_equal(buf.data + 12 + strlen(cases[i].shown), " mode=", 6);
		buf_finish(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(mkdirs_is_encoded_as_documented),
	        cmocka_unit_test(decoding_gives_back_what_was_encoded),
	        cmocka_unit_test(a_payload_cut_anywhere_is_damaged),
	        cmocka_unit_test(an_unknown_tag_is_skipped_unless_it_must_be_understood),
	        cmocka_unit_test(unknown_kinds_and_versions_are_refused),
	        cmocka_unit_test(a_count_beyond_the_payload_takes_no_memory),
	        cmocka_unit_test(lists_and_blocks_survive_the_round_trip),
	        cmocka_unit_test(random_bytes_are_refused_or_decoded_without_harm),
	        cmocka_unit_test(the_journals_own_kinds_carry_no_command),
	        cmocka_unit_test(a_description_reads_as_one_line_of_fields),
	        cmocka_unit_test(a_description_is_valid_text_whatever_the_names_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
