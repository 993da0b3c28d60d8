/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/absent.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"

static const struct {
	const char *tool, *word, *instead;
} absents[] = {
#define ABSENT(tool, word, instead) {tool, word, instead},
#include "cli/absent.def"
#undef ABSENT
};

const char *cli_absent(const char *tool, const char *word)
{
	for (size_t i = 0; i < COUNT_OF(absents); i++) {
		if (strcmp(absents[i].tool, tool) == 0 && strcmp(absents[i].word, word) == 0)
			return absents[i].instead;
	}
	return NULL;
}
