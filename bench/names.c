/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/names.h"

#include <stdio.h>

#include "base/err.h"

enum { DIR_DIGITS = 8 };

int names_init(struct names *names, struct str base, uint32_t run, unsigned name_bytes)
{
	if (base.size == 0 || base.size > BASE_BYTES_MAX || base.data[0] != '/' ||
	    base.data[base.size - 1] == '/')
		return -ERR_INVALID;
	if (name_bytes < NAME_BYTES_MIN || name_bytes > NAME_BYTES_MAX)
		return -ERR_INVALID;
	names->name_bytes = name_bytes;
	names->prefix_size[TREE_FILES] =
	        (size_t)snprintf(names->prefix[TREE_FILES], sizeof(names->prefix[0]),
	                         "%.*s/files/d", STR_ARGS(base));
	names->prefix_size[TREE_RUN] =
	        (size_t)snprintf(names->prefix[TREE_RUN], sizeof(names->prefix[0]),
	                         "%.*s/run-%08x/d", STR_ARGS(base), run);
	return 0;
}

static void write_hex(char *to, uint64_t value, unsigned digits)
{
	while (digits-- > 0) {
		to[digits] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
}

size_t names_dir(const struct names *names, struct name name, char *ret_path)
{
	size_t size = names->prefix_size[name.tree];

	memcpy(ret_path, names->prefix[name.tree], size);
	write_hex(ret_path + size, name.dir, DIR_DIGITS);
	return size + DIR_DIGITS;
}

size_t names_last(const struct names *names, struct name name, char *ret_last)
{
	ret_last[0] = name.kind;
	write_hex(ret_last + 1, name.number, names->name_bytes - 1);
	return names->name_bytes;
}

size_t names_path(const struct names *names, struct name name, char *ret_path)
{
	size_t size = names_dir(names, name, ret_path);

	ret_path[size++] = '/';
	return size + names_last(names, name, ret_path + size);
}
