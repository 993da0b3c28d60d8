/* SPDX-License-Identifier: Apache-2.0 */
/* Expected digests are those of RFC 1321, appendix A.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/md5.h"

static const char *const rows[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"1234567890123456789012345678901234567890123456789012345678901234567890"
         "1234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
};

static void assert_digest(const char *text, size_t step, const char *want)
{
	uint8_t digest[MD5_BYTES];
	char shown[2 * MD5_BYTES + 1];
	struct md5 md5;

	md5_init(&md5);
	for (size_t at = 0; at < strlen(text); at += step) {
		size_t left = strlen(text) - at;

		md5_add(&md5, text + at, left < step ? left : step);
	}
	md5_finish(&md5, digest);
	for (size_t i = 0; i < MD5_BYTES; i++)
		snprintf(shown + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(shown, want);
}

static void digests_are_those_of_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_digest(rows[i][0], 1000, rows[i][1]);
}

static void pieces_do_not_matter(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t step = 1; step < 90; step++)
			assert_digest(rows[i][0], step, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(digests_are_those_of_the_rfc),
	        cmocka_unit_test(pieces_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
