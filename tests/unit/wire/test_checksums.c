/* SPDX-License-Identifier: Apache-2.0 */
/* Expected sums are the check values of the two polynomials over "123456789". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/checksums.h"

static const struct wire_checksum crc32c_of_9 = {HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32C, 9};
static const struct wire_checksum crc32_of_9 = {HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32, 9};
static const struct wire_checksum none_of_9 = {HDFS__CHECKSUM_TYPE__CHECKSUM_NULL, 9};

static void each_chunk_has_its_sum_and_the_last_may_be_short(void **state)
{
	static const uint8_t want[] = {0xe3, 0x06, 0x92, 0x83, 0xe3, 0x06, 0x92, 0x83};
	struct str data = STR("1234567891234567891");
	struct buf sums = {0};

	(void)state;
	wire_checksums_append(&sums, &crc32c_of_9, data);
	assert_int_equal(sums.size, 12);
	assert_int_equal(wire_checksums_size(&crc32c_of_9, data.size), 12);
	assert_memory_equal(sums.data, want, sizeof(want));
	assert_true(wire_checksums_fit(&crc32c_of_9, data, buf_str(&sums)));
	buf_finish(&sums);
}

static void crc32_is_the_other_polynomial(void **state)
{
	static const char want[] = {(char)0xcb, (char)0xf4, 0x39, 0x26};

	(void)state;
	assert_true(wire_checksums_fit(&crc32_of_9, STR("123456789"), str_make(want, 4)));
	assert_false(wire_checksums_fit(&crc32c_of_9, STR("123456789"), str_make(want, 4)));
}

static void a_flipped_bit_anywhere_is_found(void **state)
{
	char data[20] = "abcdefghijklmnopqrs";
	struct buf sums = {0};

	(void)state;
	wire_checksums_append(&sums, &crc32c_of_9, str_make(data, sizeof(data)));
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] ^= 4;
		assert_false(wire_checksums_fit(&crc32c_of_9, str_make(data, sizeof(data)),
		                                buf_str(&sums)));
		data[i] ^= 4;
	}
	buf_finish(&sums);
}

static void too_few_or_too_many_sums_do_not_fit(void **state)
{
	static const char sums[12];

	(void)state;
	assert_false(wire_checksums_fit(&crc32c_of_9, STR("0123456789"), str_make(sums, 4)));
	assert_false(wire_checksums_fit(&crc32c_of_9, STR("0123456789"), str_make(sums, 12)));
	assert_false(wire_checksums_fit(&crc32c_of_9, STR(""), str_make(sums, 4)));
	assert_true(wire_checksums_fit(&crc32c_of_9, STR(""), STR("")));
	assert_true(wire_checksums_fit(&none_of_9, STR("0123456789"), STR("")));
	assert_false(wire_checksums_fit(&none_of_9, STR("0123456789"), str_make(sums, 4)));
}

static void kinds_from_outside_are_checked(void **state)
{
	struct wire_checksum zero = {HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32C, 0};
	struct wire_checksum giant = {HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32C, 0xffffffff};
	struct wire_checksum other = {(Hdfs__ChecksumType)9, 512};

	(void)state;
	assert_true(wire_checksum_is_known(&none_of_9));
	assert_true(wire_checksum_is_known(&crc32_of_9));
	assert_false(wire_checksum_is_known(&zero));
	assert_false(wire_checksum_is_known(&giant));
	assert_false(wire_checksum_is_known(&other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_chunk_has_its_sum_and_the_last_may_be_short),
	        cmocka_unit_test(crc32_is_the_other_polynomial),
	        cmocka_unit_test(a_flipped_bit_anywhere_is_found),
	        cmocka_unit_test(too_few_or_too_many_sums_do_not_fit),
	        cmocka_unit_test(kinds_from_outside_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
