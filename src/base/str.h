/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slice of bytes that somebody else owns.  Names and paths are bytes: no terminator, no encoding.
 */
#ifndef HOLDFAST_BASE_STR_H
#define HOLDFAST_BASE_STR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "little endian numbers are copied to bytes and back as they lie in memory");

struct str {
	const char *data; /* may be NULL when size is 0 */
	size_t size;      /* bytes */
};

/* Slice of a string literal, usable in initialisers. */
#define STR(literal) ((struct str){.data = (literal), .size = sizeof(literal) - 1})
/* For printf's "%.*s". */
#define STR_ARGS(s)  (int)(s).size, (s).data

/* For printf: anything with a host (ended by NUL) and a port, written as command lines take it: an
 * IPv6 address stands in brackets. */
#define HOST_PORT_FORMAT "%s%s%s:%u"
#define HOST_PORT_ARGS(place)                                                                      \
	str_is_bare_ipv6((place).host) ? "[" : "", (place).host,                                   \
	        str_is_bare_ipv6((place).host) ? "]" : "", (unsigned)(place).port

static inline bool str_is_bare_ipv6(const char *host)
{
	return host[0] != '[' && strchr(host, ':') != NULL;
}

static inline struct str str_of(const char *text)
{
	return (struct str){.data = text, .size = text == NULL ? 0 : strlen(text)};
}

static inline struct str str_make(const void *data, size_t size)
{
	return (struct str){.data = data, .size = size};
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Byte order, as HDFS sorts names: <0, 0, >0. */
static inline int str_compare(struct str a, struct str b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (order != 0)
		return order;
	return a.size < b.size ? -1 : a.size > b.size;
}

static inline bool str_starts_with(struct str s, struct str prefix)
{
	return s.size >= prefix.size &&
	       (prefix.size == 0 || memcmp(s.data, prefix.data, prefix.size) == 0);
}

#endif
