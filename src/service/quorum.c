/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QuorumProtocol: who makes up the masters' quorum, and changes of it.
 */
#include "service/quorum.h"

#include "base/err.h"
#include "proto/quorum.pb-c.h"
#include "service/call.h"
#include "service/handlers.h"

/* ---- getQuorum ---- */

bool quorum_survives_a_failure(const struct journal_quorum *quorum)
{
	size_t voters = 0;
	size_t well = 0;

	for (size_t i = 0; i < quorum->count; i++) {
		const struct journal_member *member = &quorum->members[i];

		voters += member->is_voter;
		well += member->is_voter && (member->is_self || member->is_connected);
	}
	return well > voters / 2 + 1;
}

static void fill_member(const struct journal_member *from, Quorum__Member *to)
{
	quorum__member__init(to);
	to->id = pb_bytes(str_make(from->id, sizeof(from->id)));
	to->address = pb_bytes(str_of(from->address));
	to->service_address = pb_bytes(str_of(from->service_address));
	to->is_voter = from->is_voter;
	to->is_self = from->is_self;
	to->is_primary = from->is_primary;
	to->is_connected = from->is_connected;
	to->gets_checkpoint = from->gets_checkpoint;
	to->priority = from->priority;
	to->match = from->match;
	to->has_heard_ms_ago = from->heard_ms_ago != UINT64_MAX;
	to->heard_ms_ago = from->heard_ms_ago;
	to->health = from->health;
}

void quorum_get(struct call *call)
{
	Quorum__GetQuorumResponse reply = QUORUM__GET_QUORUM_RESPONSE__INIT;
	Quorum__Member members[JOURNAL_MEMBERS_MAX];
	Quorum__Member *pointers[JOURNAL_MEMBERS_MAX];
	struct master *master = call_master(call);
	struct journal_quorum quorum;

	journal_quorum(master_journal(master), &quorum);
	reply.role = pb_bytes(str_of(master_role_name(master_role(master))));
	reply.consensus_role = pb_bytes(str_of(quorum.role));
	reply.term = quorum.term;
	reply.commit = quorum.commit;
	reply.applied = quorum.applied;
	reply.synced = quorum.synced;
	reply.last = quorum.last;
	reply.has_primary_heard_ms_ago = quorum.primary_heard_ms_ago != UINT64_MAX;
	reply.primary_heard_ms_ago = quorum.primary_heard_ms_ago;
	reply.has_waits_for = quorum.waits_for != NULL;
	reply.waits_for = pb_bytes(str_of(quorum.waits_for));
	reply.is_changing = quorum.is_changing;
	reply.survives_a_failure = quorum_survives_a_failure(&quorum);
	for (size_t i = 0; i < quorum.count; i++) {
		fill_member(&quorum.members[i], &members[i]);
		pointers[i] = &members[i];
	}
	reply.members = pointers;
	reply.n_members = quorum.count;
	call_reply_pb(call, &reply.base);
}

/* ---- change ---- */

/* In the call's arena. */
struct change {
	struct journal_change journal;
	struct call *call;
};

static void on_changed(struct journal_change *journal, int rc, const char *text)
{
	struct call *call = CONTAINER_OF(journal, struct change, journal)->call;

	if (rc == 0)
		call_reply_empty(call);
	else if (rc == -ERR_STANDBY)
		call_refuse(call, rc,
		            master_standby_text(call_master(call), "WRITE", call_arena(call)));
	else
		call_refuse(call, rc, str_of(text));
}

static bool kind_of(Quorum__ChangeKind from, enum journal_change_kind *ret_kind)
{
	switch (from) {
	case QUORUM__CHANGE_KIND__ALLOW: *ret_kind = JOURNAL_ALLOW; return true;
	case QUORUM__CHANGE_KIND__REMOVE: *ret_kind = JOURNAL_REMOVE; return true;
	case QUORUM__CHANGE_KIND__PRIORITY: *ret_kind = JOURNAL_PRIORITY; return true;
	case QUORUM__CHANGE_KIND__TRANSFER: *ret_kind = JOURNAL_TRANSFER; return true;
	default: return false;
	}
}

void quorum_change(struct call *call)
{
	Quorum__ChangeRequest *request;
	struct change *change;
	struct str address;

	if (call_unpack(call, &quorum__change_request__descriptor, &request) < 0)
		return;
	change = call_alloc(call, sizeof(*change));
	if (change == NULL)
		return;
	address = arena_format(call_arena(call), "%.*s", STR_ARGS(pb_str(request->address)));
	*change = (struct change){
	        .journal = {.address = address.data,
	                    .priority = (uint8_t)request->priority,
	                    .done = on_changed},
	        .call = call,
	};
	if (!kind_of(request->kind, &change->journal.kind))
		call_refuse(call, -ERR_ILLEGAL_ARGUMENT, STR("This change is not known here"));
	else if (request->priority > UINT8_MAX)
		call_refuse(call, -ERR_ILLEGAL_ARGUMENT, STR("A priority is a number up to 255"));
	else if (address.data == NULL || address.size > JOURNAL_ADDRESS_BYTES_MAX)
		call_refuse(call, -ERR_ILLEGAL_ARGUMENT, STR("The address is too long"));
	else
		journal_change(master_journal(call_master(call)), &change->journal);
}
