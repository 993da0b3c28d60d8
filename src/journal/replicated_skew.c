/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A master whose wall clock is far from its peers' would date changes wrongly: it lets the others
 * stand for election first, and says so.  It still stands when nobody else does, or two masters far
 * apart would wait for each other for ever.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "journal/replicated.h"
#include "journal/text.h"

enum { CLOCKS_MIN = 2 };

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Of the peers that have told their time, how far they are before this master's clock, in the
 * median; 0: too few have, for of two clocks that differ nobody knows which one is wrong. */
static int64_t median_skew_ms(const struct replicated *replicated)
{
	const struct raft_list *list = raft_members(replicated->core);
	int64_t skews[RAFT_MEMBERS_MAX];
	struct peer_link_status status;
	size_t count = 0;

	for (size_t i = 0; list != NULL && i < list->members.count; i++) {
		const struct raft_member *member = &list->members.member[i];

		if (!replicated_is_self(replicated, member->id) &&
		    peer_link_status(replicated->link, member->address, &status) &&
		    status.is_connected && status.skew_ms != 0)
			skews[count++] = status.skew_ms;
	}
	if (count < CLOCKS_MIN)
		return 0;
	qsort(skews, count, sizeof(skews[0]), compare);
	/* Of two the nearer one: with this master's own that is the majority. */
	if (count % 2 == 0 && llabs(skews[count / 2 - 1]) < llabs(skews[count / 2]))
		return skews[count / 2 - 1];
	return skews[count / 2];
}

bool replicated_is_skewed(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;
	int64_t skew_ms = replicated->link == NULL ? 0 : median_skew_ms(replicated);
	bool is_skewed = (uint64_t)llabs(skew_ms) > replicated->options.clock_skew_max_ms;

	if (is_skewed != replicated->is_skewed)
		journal_notice(journal, is_skewed ? -ERR_AGAIN : 0,
		               text_make("this machine's clock is %" PRId64
		                         " ms %s that of the other masters%s",
		                         (int64_t)llabs(skew_ms),
		                         skew_ms > 0 ? "behind" : "ahead of",
		                         is_skewed ? ": it stands for election after them. Set it "
		                                     "right"
		                                   : ", which is near enough"));
	replicated->is_skewed = is_skewed;
	return is_skewed;
}
