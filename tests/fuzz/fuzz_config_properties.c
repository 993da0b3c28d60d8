/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as alluxio-site.properties. */
#include "fuzz/fuzz_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_load("/c/alluxio-site.properties", data, size);
	return 0;
}
