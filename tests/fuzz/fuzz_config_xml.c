/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as hdfs-site.xml. */
#include "fuzz/fuzz_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_load("/c/hdfs-site.xml", data, size);
	return 0;
}
