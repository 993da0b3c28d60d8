/* SPDX-License-Identifier: Apache-2.0 */
/* Turns the loop until something is true; fails the test if that takes absurdly long. */
#ifndef HOLDFAST_TESTS_RUN_UNTIL_H
#define HOLDFAST_TESTS_RUN_UNTIL_H

#include "io/io.h"

enum { RUN_UNTIL_SECONDS = 60 };

#define RUN_UNTIL(io, condition)                                                                   \
	do {                                                                                       \
		uint64_t give_up_us = io_now_us(io) + RUN_UNTIL_SECONDS * 1000000ull;              \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (io_now_us(io) > give_up_us)                                            \
				fail_msg("never became true: %s", #condition);                     \
			io_run_once(io, 100);                                                      \
		}                                                                                  \
	} while (0)

#endif
