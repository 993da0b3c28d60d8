/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes, durations and permissions as people write them.
 *
 *	size      number [B | K M G T P, each also with B]          K = 1024
 *	duration  number [ns us ms s m h d, or their longer names]
 *	mode      u=rwx,g=rx,o= and the like, besides octal numbers
 *
 * Any case, blanks between number and unit, decimal fractions ("1.5GB").  Private to this folder.
 */
#ifndef HOLDFAST_CONFIG_UNITS_H
#define HOLDFAST_CONFIG_UNITS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define CONFIG_KB        (INT64_C(1) << 10)
#define CONFIG_MB        (INT64_C(1) << 20)
#define CONFIG_GB        (INT64_C(1) << 30)
#define CONFIG_TB        (INT64_C(1) << 40)
#define CONFIG_SECOND_MS INT64_C(1000)
#define CONFIG_MINUTE_MS (60 * CONFIG_SECOND_MS)
#define CONFIG_HOUR_MS   (60 * CONFIG_MINUTE_MS)
#define CONFIG_DAY_MS    (24 * CONFIG_HOUR_MS)
#define CONFIG_MS_NS     INT64_C(1000000)
#define CONFIG_SECOND_NS (CONFIG_SECOND_MS * CONFIG_MS_NS)
#define CONFIG_MINUTE_NS (CONFIG_MINUTE_MS * CONFIG_MS_NS)

/* NULL, or why the text is refused ("has an unknown unit").  *ret is untouched then. */
const char *config_parse_bytes(struct str text, int64_t *ret_bytes);
/* `unit_ns`: nanoseconds of the unit that a bare number has. */
const char *config_parse_duration(struct str text, int64_t unit_ns, int64_t *ret_ms);

/* Clauses of letters: who (u g o a), = or +, which (r w x); the bits that they set. */
const char *config_parse_mode(struct str text, int64_t *ret_mode);

/* In the largest unit that divides it: 67108864 is "64MB", 90000 is "90s". */
void config_format_bytes(int64_t bytes, struct buf *to);
void config_format_duration(int64_t ms, struct buf *to);

/* Without blanks, tabs and line ends at both ends. */
struct str config_trim(struct str text);

#endif
