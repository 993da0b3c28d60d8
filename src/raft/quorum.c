/* SPDX-License-Identifier: Apache-2.0 */
#include "raft/raft_private.h"

uint64_t quorum_value(uint64_t *values, size_t count)
{
	if (count == 0)
		return 0;
	for (size_t i = 1; i < count; i++) {
		uint64_t value = values[i];
		size_t at = i;

		for (; at > 0 && values[at - 1] < value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
	return values[count / 2];
}
