/* SPDX-License-Identifier: Apache-2.0 */
#include "base/md5.h"

#include <string.h>

static const uint32_t sines[64] = {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
        0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
        0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
        0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
        0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
        0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
        0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
        0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
        0xeb86d391,
};
static const uint8_t turns[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t load_le32(const uint8_t *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

static void store_le32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* One of the 64 steps: the mix of its round, and the word of the block that it takes. */
static uint32_t mix(unsigned step, uint32_t b, uint32_t c, uint32_t d, unsigned *ret_word)
{
	switch (step / 16) {
	case 0: *ret_word = step; return (b & c) | (~b & d);
	case 1: *ret_word = (5 * step + 1) % 16; return (d & b) | (~d & c);
	case 2: *ret_word = (3 * step + 5) % 16; return b ^ c ^ d;
	default: *ret_word = 7 * step % 16; return c ^ (b | ~d);
	}
}

static void add_block(uint32_t state[4], const uint8_t *block)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

	for (unsigned step = 0; step < 64; step++) {
		unsigned word, turn = turns[step / 16][step % 4];
		uint32_t sum = a + mix(step, b, c, d, &word) + sines[step];

		sum += load_le32(block + 4 * (size_t)word);
		a = d;
		d = c;
		c = b;
		b += sum << turn | sum >> (32 - turn);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

void md5_init(struct md5 *md5)
{
	*md5 = (struct md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void md5_add(struct md5 *md5, const void *data, size_t size)
{
	const uint8_t *from = data;
	size_t used = md5->size % MD5_BLOCK_BYTES;

	md5->size += size;
	while (size > 0) {
		size_t step = MD5_BLOCK_BYTES - used < size ? MD5_BLOCK_BYTES - used : size;

		memcpy(md5->rest + used, from, step);
		from += step;
		size -= step;
		used += step;
		if (used == MD5_BLOCK_BYTES) {
			add_block(md5->state, md5->rest);
			used = 0;
		}
	}
}

void md5_finish(struct md5 *md5, uint8_t ret_digest[MD5_BYTES])
{
	static const uint8_t padding[MD5_BLOCK_BYTES] = {0x80};
	size_t used = md5->size % MD5_BLOCK_BYTES;
	uint64_t bits = md5->size * 8;
	uint8_t tail[8];

	md5_add(md5, padding, (used < 56 ? 56 : 120) - used);
	store_le32(tail, (uint32_t)bits);
	store_le32(tail + 4, (uint32_t)(bits >> 32));
	md5_add(md5, tail, sizeof(tail));
	for (int i = 0; i < 4; i++)
		store_le32(ret_digest + 4 * i, md5->state[i]);
}
