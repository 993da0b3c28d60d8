/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fs.h"

/* HDFS: StringUtils.TraditionalBinaryPrefix.  What divides evenly has no decimal; halves go up. */
const char *fs_size_text(uint64_t bytes, bool human, char text[FS_SIZE_BYTES])
{
	static const char units[] = "KMGTPE";
	unsigned unit = 0;
	uint64_t tenths;

	if (!human || bytes < 1024) {
		snprintf(text, FS_SIZE_BYTES, "%llu", (unsigned long long)bytes);
		return text;
	}
	while (unit < 5 && bytes >> (10 * (unit + 2)) != 0)
		unit++;
	if ((bytes & ((1ull << (10 * (unit + 1))) - 1)) == 0) {
		snprintf(text, FS_SIZE_BYTES, "%llu %c",
		         (unsigned long long)(bytes >> (10 * (unit + 1))), units[unit]);
		return text;
	}
	tenths = (uint64_t)((((unsigned __int128)bytes * 20 >> (10 * (unit + 1))) + 1) / 2);
	if (tenths >= 10240 && unit < 5) {
		tenths = 10;
		unit++;
	}
	snprintf(text, FS_SIZE_BYTES, "%llu.%llu %c", (unsigned long long)(tenths / 10),
	         (unsigned long long)(tenths % 10), units[unit]);
	return text;
}
