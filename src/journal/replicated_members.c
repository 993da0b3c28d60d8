/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who belongs to the quorum stands in every master's log, change by change as they are committed:
 * whoever looks for the reason of an election later must see how many there were at that time.
 */
#include "base/buf.h"
#include "journal/replicated.h"
#include "journal/text.h"

#define LEARNS "gets what is there, and does not vote yet"

static void tell_all(struct replicated *replicated, const struct raft_members *members)
{
	struct buf text = {0};

	for (size_t i = 0; i < members->count; i++)
		buf_append_format(&text, "%s%s%s", i == 0 ? "" : ", ", members->member[i].address,
		                  members->member[i].is_voter ? "" : " (" LEARNS ")");
	journal_notice(replicated->journal, 0,
	               text_make("the quorum: %.*s", STR_ARGS(buf_str(&text))));
	buf_finish(&text);
}

static void tell_one(struct replicated *replicated, const struct raft_member *member,
                     const char *what)
{
	journal_notice(replicated->journal, 0,
	               text_make("the quorum: %s %s; %zu vote now", member->address, what,
	                         raft_voter_count(&raft_members(replicated->core)->members)));
}

static void tell_changes(struct replicated *replicated, const struct raft_members *old,
                         const struct raft_members *new)
{
	for (size_t i = 0; i < new->count; i++) {
		const struct raft_member *member = &new->member[i];
		const struct raft_member *before = raft_member_by_id(old, member->id);

		if (before == NULL && !member->is_voter)
			tell_one(replicated, member, "joins: it " LEARNS);
		else if (before == NULL || before->is_voter != member->is_voter)
			tell_one(replicated, member, "has what is there, and votes");
	}
	for (size_t i = 0; i < old->count; i++)
		if (raft_member_by_id(new, old->member[i].id) == NULL)
			tell_one(replicated, &old->member[i],
			         raft_member_by_address(new, old->member[i].address) == NULL
			                 ? "was taken out"
			                 : "as it was before its folder was made anew was taken "
			                   "out");
}

/* Alone is nothing to speak of. */
void replicated_look_at_members(struct replicated *replicated)
{
	const struct raft_list *list = raft_members(replicated->core);
	struct raft_members *told = &replicated->told_members;
	struct raft_status status;

	if (list == NULL || list->index == replicated->told_list)
		return;
	raft_status(replicated->core, &status);
	if (status.changes_members)
		return;
	if (told->count > 0)
		tell_changes(replicated, told, &list->members);
	else if (list->members.count > 1)
		tell_all(replicated, &list->members);
	replicated->told_list = list->index;
	*told = list->members;
}
