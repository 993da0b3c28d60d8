/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syncs behind the acknowledgements, where the operator asks for it
 * (alluxio.master.embedded.journal.unsafe.flush.enabled): an entry counts here as soon as it is
 * written, and one sync after the other runs on a thread of its own.  Death of the process loses
 * nothing, for the kernel has it; death of the machine loses what was not synced.
 *
 * What stays as it is: vote records, checkpoints, and the beginning of a segment, with all that is
 * in the one before, are synced first.  Commit marks say only what is synced, and a checkpoint gets
 * its name only then.
 *
 * The vote record says in which boot of the machine the newest segment was written so, until all of
 * it is synced at the end.  A start in another boot takes it up to the first batch that is not
 * whole, and counts as one that cannot read how far it went: it asks the others before it votes
 * (raft/bound.c).  That keeps a minority's crash from losing anything.
 */
#ifndef HOLDFAST_JOURNAL_BEHIND_H
#define HOLDFAST_JOURNAL_BEHIND_H

#include <stdbool.h>
#include <stdint.h>

#include "io/io.h"
#include "journal/hang.h"

struct journal;
struct segment_writer;

struct behind {
	struct journal *journal;
	struct io_thread *thread;       /* NULL: off */
	uint64_t boot;                  /* of the machine, as the vote record has it; 0: off */
	struct segment_writer *segment; /* with the last batch written; NULL: none */
	struct io_work work;
	struct hang hang;
	struct hang_work watch;
	bool is_running;
	uint64_t index;      /* synced when it ends, ... */
	uint64_t generation; /* ... if nothing was cut meanwhile */
	uint64_t sync_us;
	int rc;
};

void behind_init(struct behind *behind, struct journal *journal);
/* Switches it on, before the first batch. */
int behind_start(struct behind *behind);
/* Not while it runs. */
void behind_finish(struct behind *behind);

/* Begins the next sync, if there is something to sync and none runs. */
void behind_go_on(struct behind *behind);

/* True: nothing of what another life of this master left unsynced can be missing, for the machine
 * has been up since.  `boot` is the vote record's. */
bool behind_is_same_boot(struct io *io, uint64_t boot);

#endif
