/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses a message; hand codec and protobuf-c must agree on the rest. */
#include "unit/wire/differential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	differential_check(&subjects[data[0] % COUNT_OF(subjects)], str_make(data + 1, size - 1));
	return 0;
}
