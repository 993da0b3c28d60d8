/* SPDX-License-Identifier: Apache-2.0 */
#include "security/user_name.h"

#include "base/err.h"

int user_name_short(struct str name, struct str *ret_short)
{
	size_t length = 0;

	while (length < name.size && name.data[length] != '/' && name.data[length] != '@') {
		unsigned char letter = (unsigned char)name.data[length];

		if (letter < ' ' || letter == 0x7f)
			return -ERR_INVALID;
		length++;
	}
	if (length == 0 || length > USER_NAME_BYTES_MAX)
		return -ERR_INVALID;
	*ret_short = str_make(name.data, length);
	return 0;
}
