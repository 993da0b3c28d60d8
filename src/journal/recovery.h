/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A start, on the loop: takes the pieces that recovery_read.h makes on the work thread and gives
 * them to the state machine, while the next piece is already being made.
 */
#ifndef HOLDFAST_JOURNAL_RECOVERY_H
#define HOLDFAST_JOURNAL_RECOVERY_H

#include "io/io.h"
#include "journal/recovery_read.h"

struct journal;

struct recovery {
	struct journal *journal;
	struct recovery_reader *reader;
	struct recovery_piece pieces[2];
	int place; /* in pieces: being made, or made last */
	struct io_work work;
	bool is_reading; /* the thread makes a piece */
	int rejected_rc; /* the piece being made is of a checkpoint that was not taken; 0: it is not
	                  */
	bool is_over;
	void *load; /* the state machine's, between load_begin and load_end */
	uint64_t start_us, told_us;
	uint64_t bytes_done, bytes_total, target; /* see journal_progress */
};

int recovery_start(struct recovery *recovery, struct journal *journal);
/* Not while is_reading. */
void recovery_finish(struct recovery *recovery);

#endif
