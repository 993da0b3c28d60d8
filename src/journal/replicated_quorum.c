/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/replicated.h"

enum { TRANSFER_TIMES = 4 }; /* longest election time-outs until a transfer is given up */

/* ---- telling ---- */

static const char *const waiting_texts[] = {
        [RAFT_WAITS_FOR_NOTHING] = NULL,
        [RAFT_WAITS_FOR_ANSWERS] =
                "to form a cluster it waits until every configured master answers",
        [RAFT_WAITS_FOR_SAME_LISTS] =
                "to form a cluster all masters must be configured with the same "
                "alluxio.master.embedded.journal.addresses, and they are not",
        [RAFT_WAITS_FOR_FORMAT] = "another empty master is bound to a cluster that was never "
                                  "formed: stop that one, and run holdfast format there",
        [RAFT_WAITS_FOR_OWN_FORMAT] = "this master is empty, and bound to a cluster that is not "
                                      "there any more: stop it, and run holdfast format",
        [RAFT_WAITS_FOR_OTHER_NAMES] =
                "two addresses of alluxio.master.embedded.journal.addresses lead to the same "
                "master: correct them, or what those names stand for",
        [RAFT_WAITS_FOR_LOST] = "its journal was damaged: it votes, and may lead, when what it "
                                "lost has come again from the others",
        [RAFT_WAITS_FOR_UNKNOWN] =
                "its journal was damaged, and what is left of it names no other master: if "
                "there are others, they will bring what it lost; if there are none, see holdfast "
                "quorum recover",
        [RAFT_WAITS_FOR_LOWEST] = "all masters are empty; the one of the lowest address forms",
        [RAFT_WAITS_FOR_LEADER] = "to join it waits until a primary is known",
        [RAFT_WAITS_TO_JOIN] =
                "it asked the primary to let it in; if that was refused, the log says why",
        [RAFT_WAITS_FOR_SECOND_LEARNER] =
                "two voters are less safe than one: it waits until a second newcomer has caught up",
};

static uint64_t ago_ms(uint64_t now_ms, uint64_t then_ms)
{
	return then_ms == 0 ? UINT64_MAX : now_ms > then_ms ? now_ms - then_ms : 0;
}

const char *replicated_waiting_text(enum raft_waiting waiting)
{
	return waiting_texts[waiting];
}

static uint64_t lag_ms(const struct replicated *replicated)
{
	const struct replicated_lag *lag = &replicated->lag;
	bool is_level = replicated->journal->applied.index >= lag->commit;

	if (replicated->role == RAFT_LEADER)
		return 0;
	return ago_ms(replicated_now_ms(replicated), is_level ? lag->heard_ms : lag->level_ms);
}

static const struct raft_peer_status *peer_by_id(const struct raft_status *status,
                                                 struct raft_id id)
{
	for (size_t i = 0; i < status->peer_count; i++)
		if (raft_id_equal(status->peers[i].id, id))
			return &status->peers[i];
	return NULL;
}

static void tell_member(const struct replicated *replicated, const struct raft_status *status,
                        const struct raft_member *from, struct journal_member *member)
{
	const struct raft_peer_status *peer = peer_by_id(status, from->id);
	struct peer_link_status link;

	memcpy(member->id, from->id.bytes, sizeof(member->id));
	memcpy(member->address, from->address, sizeof(member->address));
	member->is_voter = from->is_voter;
	member->priority = from->priority;
	member->is_self = replicated_is_self(replicated, from->id);
	member->is_primary = raft_id_equal(from->id, status->leader);
	member->heard_ms_ago = UINT64_MAX;
	if (peer != NULL) {
		member->match = peer->match;
		member->health = peer->health;
		member->gets_checkpoint = peer->gets_checkpoint;
	}
	if (member->is_self) {
		memcpy(member->service_address, replicated->options.service_address,
		       strlen(replicated->options.service_address) + 1);
		member->is_connected = true;
		member->heard_ms_ago = 0;
	} else if (replicated->link != NULL &&
	           peer_link_status(replicated->link, from->address, &link) &&
	           raft_id_equal(link.id, from->id)) {
		memcpy(member->service_address, link.service_address,
		       strlen(link.service_address) + 1);
		member->is_connected = link.is_connected;
		member->heard_ms_ago = link.heard_ms_ago;
	}
}

void replicated_quorum(const struct journal *journal, struct journal_quorum *quorum)
{
	const struct replicated *replicated = journal->replicated;
	const struct raft_list *list;
	struct raft_status status;

	quorum->role = raft_role_name(replicated->role);
	if (replicated->core == NULL) {
		if (journal->prepare.is_out_of_room)
			quorum->waits_for = "room on its disk, as what was written last must be "
			                    "written again before it serves";
		return;
	}
	raft_status(replicated->core, &status);
	list = raft_members(replicated->core);
	quorum->term = status.term;
	quorum->last = status.last;
	quorum->primary_heard_ms_ago = ago_ms(replicated_now_ms(replicated), status.heard_ms);
	quorum->lag_ms = lag_ms(replicated);
	quorum->waits_for = replicated->vote_waits == NULL
	                            ? replicated_waiting_text(status.waiting)
	                            : "room on its disk, for what must be there before it promises "
	                              "or acknowledges anything";
	quorum->is_changing = status.changes_members;
	quorum->tail_bytes = replicated->tail.bytes;
	quorum->count = list == NULL ? 0 : list->members.count;
	for (size_t i = 0; i < quorum->count; i++)
		tell_member(replicated, &status, &list->members.member[i], &quorum->members[i]);
}

/* ---- changing ---- */

static struct raft_id id_at(const struct replicated *replicated, const char *address)
{
	const struct raft_list *list = raft_members(replicated->core);
	const struct raft_member *member =
	        list == NULL ? NULL : raft_member_by_address(&list->members, address);

	return member == NULL ? (struct raft_id){0} : member->id;
}

/* Which event; false: no such member. */
static bool fill_event(const struct replicated *replicated, const struct journal_change *change,
                       struct raft_event *event)
{
	struct raft_id id = id_at(replicated, change->address);

	event->kind = change->kind == JOURNAL_TRANSFER ? RAFT_TRANSFER : RAFT_CHANGE;
	event->change.id = id;
	if (change->kind == JOURNAL_TRANSFER)
		event->transfer_to = id;
	else if (change->kind == JOURNAL_ALLOW)
		event->change =
		        (struct raft_change){.kind = RAFT_CHANGE_ALLOW, .address = change->address};
	else
		event->change = (struct raft_change){.kind = change->kind == JOURNAL_REMOVE
		                                                     ? RAFT_CHANGE_REMOVE
		                                                     : RAFT_CHANGE_PRIORITY,
		                                     .id = id,
		                                     .priority = change->priority};
	return change->kind == JOURNAL_ALLOW || change->address[0] == '\0' || !raft_id_is_none(id);
}

static int refusal_rc(enum raft_refusal refusal)
{
	switch (refusal) {
	case RAFT_NOT_LEADER: return -ERR_STANDBY;
	case RAFT_CHANGE_RUNS:
	case RAFT_HANDING_OVER:
	case RAFT_NOT_READY: return -ERR_BUSY;
	case RAFT_UNKNOWN_MEMBER: return -ERR_NOT_FOUND;
	default: return -ERR_INVALID;
	}
}

/* Whoever is let in must find somebody at home.  False: it was said why not. */
static bool is_at_home(struct replicated *replicated, struct journal_change *change)
{
	char *text = NULL;
	int rc = replicated_peers_open(replicated, &text);

	if (rc == 0)
		return true;
	mem_free(replicated->change_text);
	replicated->change_text = text;
	change->rc = rc;
	change->text = text == NULL ? err_text(rc) : text;
	return false;
}

/* Who is told to stand makes itself heard, or nobody does: the others may be gone as well. */
static bool is_too_late(const struct replicated *replicated, const struct journal_change *change)
{
	return replicated_now_ms(replicated) - change->asked_ms >
	       TRANSFER_TIMES * replicated->options.election_max_ms;
}

/* By its id: who comes after a wiped member waits under the same address. */
static bool is_member(const struct replicated *replicated, const uint8_t *bytes)
{
	const struct raft_list *list = raft_members(replicated->core);
	struct raft_id id;

	memcpy(id.bytes, bytes, sizeof(id.bytes));
	return list != NULL && raft_member_by_id(&list->members, id) != NULL;
}

/* 1: not yet. */
static int outcome(const struct replicated *replicated, const struct raft_status *status,
                   const struct journal_change *change)
{
	if (change->kind == JOURNAL_TRANSFER) {
		if (status->role != RAFT_LEADER && raft_id_is_none(status->leader))
			return is_too_late(replicated, change) ? -ERR_UNKNOWN_OUTCOME : 1;
		if (status->role != RAFT_LEADER)
			return 0;
		return status->hands_over ? 1 : -ERR_TIMEOUT;
	}
	if (status->role != RAFT_LEADER)
		return -ERR_UNKNOWN_OUTCOME;
	if (status->changes_members)
		return 1;
	if (change->kind == JOURNAL_REMOVE && is_member(replicated, change->id))
		return -ERR_UNKNOWN_OUTCOME;
	return 0;
}

static const char *outcome_text(int rc)
{
	switch (rc) {
	case 0: return "";
	case -ERR_TIMEOUT: return "the member did not take over in time; this master stays primary";
	default: return "primacy was lost meanwhile: look whether it happened";
	}
}

void replicated_change(struct journal *journal, struct journal_change *change)
{
	struct replicated *replicated = journal->replicated;
	struct raft_event event = {0};
	struct raft_status status;
	enum raft_refusal refusal;

	if (replicated->role != RAFT_LEADER || journal->phase != JOURNAL_LEADING) {
		change->rc = -ERR_STANDBY;
		change->text = "this master is not primary";
		return;
	}
	if (!fill_event(replicated, change, &event)) {
		change->rc = -ERR_NOT_FOUND;
		change->text = raft_refusal_text(RAFT_UNKNOWN_MEMBER);
		return;
	}
	if (change->kind == JOURNAL_ALLOW && !is_at_home(replicated, change))
		return;
	refusal = replicated_step(replicated, &event);
	if (refusal != RAFT_OK) {
		change->rc = refusal_rc(refusal);
		change->text = raft_refusal_text(refusal);
		return;
	}
	change->asked_ms = replicated_now_ms(replicated);
	if (change->kind == JOURNAL_REMOVE)
		memcpy(change->id, event.change.id.bytes, sizeof(change->id));
	raft_status(replicated->core, &status);
	change->rc = outcome(replicated, &status, change);
	change->text = outcome_text(change->rc);
	if (change->rc > 0)
		list_append(&replicated->changes, &change->node);
}

void replicated_changes_settle(struct replicated *replicated)
{
	struct list *node = replicated->changes.next;
	struct raft_status status;

	if (list_is_empty(&replicated->changes))
		return;
	raft_status(replicated->core, &status);
	while (node != &replicated->changes) {
		struct journal_change *change = CONTAINER_OF(node, struct journal_change, node);
		int rc = outcome(replicated, &status, change);

		node = node->next;
		if (rc > 0)
			continue;
		list_remove(&change->node);
		journal_change_end(replicated->journal, change, rc, outcome_text(rc));
	}
}

void replicated_changes_init(struct replicated *replicated)
{
	list_init(&replicated->changes);
}

/* The journal is closed: they are told at once. */
void replicated_changes_end(struct replicated *replicated)
{
	while (!list_is_empty(&replicated->changes)) {
		struct journal_change *change =
		        LIST_FIRST(&replicated->changes, struct journal_change, node);

		list_remove(&change->node);
		change->done(change, -ERR_UNKNOWN_OUTCOME, outcome_text(-ERR_UNKNOWN_OUTCOME));
	}
}
