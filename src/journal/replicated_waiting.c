/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A master that waits says for what, as whoever reads its log may not know that there is more to
 * ask.  Moments in passing are not worth that.
 */
#include "journal/replicated.h"
#include "journal/text.h"

enum { TELL_AFTER_US = 2 * 1000 * 1000 };

void replicated_look_at_waiting(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;
	uint64_t now_us = io_now_us(journal->io);
	struct raft_status status;

	raft_status(replicated->core, &status);
	if (status.waiting != replicated->waiting) {
		replicated->waiting = status.waiting;
		replicated->waiting_us = now_us;
	}
	if (replicated->told_waiting == status.waiting ||
	    now_us - replicated->waiting_us < TELL_AFTER_US)
		return;
	replicated->told_waiting = status.waiting;
	if (status.waiting == RAFT_WAITS_TO_JOIN && status.unnamed != NULL)
		journal_notice(
		        journal, 0,
		        text_make("%s: waits: it asked the primary to let it in, but its own "
		                  "list of masters lacks the member %s",
		                  journal->folder, status.unnamed));
	else if (status.waiting != RAFT_WAITS_FOR_NOTHING)
		journal_notice(journal, 0,
		               text_make("%s: waits: %s", journal->folder,
		                         replicated_waiting_text(status.waiting)));
}
