/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masters that are further from each other than elections wait can elect nobody: who stands gives
 * up before it is answered.  The time-outs are not stretched for that, for they say how long a
 * failover may take; but whoever set them should know.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "journal/replicated.h"
#include "journal/text.h"

enum { FAR_US = 3 * 1000 * 1000, TELL_EVERY_US = 60 * 1000 * 1000 };

static uint64_t wait_ms(const struct replicated *replicated)
{
	return replicated->options.election_min_ms;
}

/* NULL: none is. */
static const struct raft_member *find_far(const struct replicated *replicated,
                                          struct peer_link_status *ret_status)
{
	const struct raft_list *list = raft_members(replicated->core);

	for (size_t i = 0; list != NULL && i < list->members.count; i++) {
		const struct raft_member *member = &list->members.member[i];

		if (peer_link_status(replicated->link, member->address, ret_status) &&
		    ret_status->is_connected &&
		    ret_status->round_trip_us > wait_ms(replicated) * 1000)
			return member;
	}
	return NULL;
}

/* One late answer may be that of a process that was paused. */
void replicated_look_at_distance(struct replicated *replicated)
{
	uint64_t now_us = io_now_us(replicated->journal->io);
	struct peer_link_status status;
	const struct raft_member *far =
	        replicated->link == NULL ? NULL : find_far(replicated, &status);

	if (far == NULL || replicated->far_us == 0) {
		replicated->far_us = far == NULL ? 0 : now_us;
		return;
	}
	if (now_us - replicated->far_us < FAR_US ||
	    (replicated->far_told_us != 0 && now_us - replicated->far_told_us < TELL_EVERY_US))
		return;
	replicated->far_told_us = now_us;
	journal_notice(replicated->journal, -ERR_TIMEOUT,
	               text_make("the way to the master at %s and back takes %" PRIu64
	                         " ms, and elections wait %" PRIu64
	                         " ms only: masters that are so far apart may elect nobody. If it "
	                         "stays so, raise alluxio.master.embedded.journal.election."
	                         "timeout.min and .max on all of them",
	                         far->address, status.round_trip_us / 1000, wait_ms(replicated)));
}
