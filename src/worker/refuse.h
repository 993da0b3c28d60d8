/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator reads when a worker cannot start.  Inside of worker/.
 */
#ifndef HOLDFAST_WORKER_REFUSE_H
#define HOLDFAST_WORKER_REFUSE_H

#include "base/check.h"

/* Returns rc; *ret_text (mem_free) says what is wrong and what to do, NULL without memory. */
int worker_refuse(int rc, char **ret_text, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
