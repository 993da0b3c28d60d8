/* SPDX-License-Identifier: Apache-2.0 */
/* Every hand codec against protobuf-c, on seeded random messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/wire/differential.h"
#include "unit/wire/generator.h"

enum { MESSAGES = 1500, TRUNCATED_MESSAGES = 40, TRUNCATED_BYTES_MAX = 3000 };

/* The exact bytes on the heap, so that a sanitizer sees a read past the end. */
static bool check_exact(const struct subject *subject, struct str bytes)
{
	char *copy = mem_strdup(bytes);
	char *exact = mem_realloc(copy, bytes.size == 0 ? 1 : bytes.size);
	bool is_taken = differential_check(subject, str_make(exact, bytes.size));

	mem_free(exact);
	return is_taken;
}

static void each_subject(bool faults, void (*each)(const struct subject *, struct generator *))
{
	for (size_t i = 0; i < COUNT_OF(subjects); i++) {
		struct generator g = {.random = random_make(100 + i), .faults = faults};

		each(&subjects[i], &g);
	}
}

static void check_valid(const struct subject *subject, struct generator *g)
{
	struct buf buf;

	buf_init(&buf);
	for (int n = 0; n < MESSAGES; n++) {
		buf_clear(&buf);
		generate_message(g, subject->type, &buf);
		assert_true(check_exact(subject, buf_str(&buf)));
	}
	buf_finish(&buf);
}

static void valid_messages_are_taken_by_both_and_read_alike(void **state)
{
	(void)state;
	each_subject(false, check_valid);
}

static void check_faulty(const struct subject *subject, struct generator *g)
{
	int taken = 0;
	struct buf buf;

	buf_init(&buf);
	for (int n = 0; n < MESSAGES; n++) {
		buf_clear(&buf);
		generate_message(g, subject->type, &buf);
		taken += check_exact(subject, buf_str(&buf));
	}
	buf_finish(&buf);
	/* A generator whose messages are all bad would test nothing; neither would the opposite. */
	assert_in_range(taken, MESSAGES / 100, MESSAGES - MESSAGES / 100);
}

static void faulty_messages_get_the_same_verdict(void **state)
{
	(void)state;
	each_subject(true, check_faulty);
}

static void check_truncated(const struct subject *subject, struct generator *g)
{
	struct buf buf;

	buf_init(&buf);
	for (int n = 0; n < TRUNCATED_MESSAGES; n++) {
		buf_clear(&buf);
		generate_message(g, subject->type, &buf);
		for (size_t size = 0; size < buf.size && size < TRUNCATED_BYTES_MAX; size++)
			check_exact(subject, str_make(buf.data, size));
	}
	buf_finish(&buf);
}

static void every_truncation_gets_the_same_verdict(void **state)
{
	(void)state;
	each_subject(false, check_truncated);
}

static void check_flipped(const struct subject *subject, struct generator *g)
{
	struct buf buf;

	buf_init(&buf);
	for (int n = 0; n < MESSAGES; n++) {
		buf_clear(&buf);
		generate_message(g, subject->type, &buf);
		if (buf.size == 0)
			continue;
		buf.data[random_below(&g->random, buf.size)] ^= BIT(random_below(&g->random, 8));
		check_exact(subject, buf_str(&buf));
	}
	buf_finish(&buf);
}

static void a_flipped_bit_gets_the_same_verdict(void **state)
{
	(void)state;
	each_subject(false, check_flipped);
}

static void check_starved(const struct subject *subject, struct generator *g)
{
	struct buf buf;

	buf_init(&buf);
	generate_message(g, subject->type, &buf);
	for (size_t limit = 16; limit < 20000; limit += 48) {
		uint64_t message[256];
		void *pb_message = NULL;
		struct arena arena;
		int rc;

		assert_true(subject->size <= sizeof(message));
		arena_init(&arena, limit);
		rc = subject->decode(buf_str(&buf), &arena, message);
		assert_true(rc == 0 || rc == -ERR_NO_MEMORY);
		arena_reset(&arena);
		rc = pb_unpack(subject->type, buf_str(&buf), &arena, &pb_message);
		assert_true(rc == 0 ? pb_message != NULL : rc == -ERR_NO_MEMORY);
		arena_finish(&arena);
	}
	buf_finish(&buf);
}

static void at_the_arenas_limit_both_fail_cleanly(void **state)
{
	(void)state;
	each_subject(false, check_starved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(valid_messages_are_taken_by_both_and_read_alike),
	        cmocka_unit_test(faulty_messages_get_the_same_verdict),
	        cmocka_unit_test(every_truncation_gets_the_same_verdict),
	        cmocka_unit_test(a_flipped_bit_gets_the_same_verdict),
	        cmocka_unit_test(at_the_arenas_limit_both_fail_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
