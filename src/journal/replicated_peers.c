/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/replicated.h"
#include "journal/text.h"

/* ---- out ---- */

static const char *address_of(const struct replicated *replicated,
                              const struct raft_message *message)
{
	const struct raft_list *list = raft_members(replicated->core);
	const struct raft_member *member =
	        list == NULL ? NULL : raft_member_by_id(&list->members, message->to);

	if (message->to_address != NULL)
		return message->to_address;
	return member != NULL ? member->address : peer_link_address(replicated->link, message->to);
}

void replicated_send(struct replicated *replicated, const struct raft_message *message)
{
	const char *address = replicated->link == NULL ? NULL : address_of(replicated, message);
	bool carries = (message->kind == RAFT_MESSAGE_APPEND &&
	                message->append.last > message->append.prev) ||
	               (message->kind == RAFT_MESSAGE_CHUNK && message->chunk.size > 0);

	if (address == NULL)
		return;
	peer_link_send(replicated->link, address, message, replicated->carried,
	               carries ? replicated->carried_count : 0);
}

/* ---- in ---- */

/* What it says would bind this master to its cluster, and it has not said yet how that is called:
 * it was bound itself after its hello.  (Who forms a cluster asks, and makes the name.) */
static bool is_nameless(const struct replicated *replicated, const struct raft_message *message)
{
	bool is_answer = message->kind == RAFT_MESSAGE_ANSWER && message->answer.list != NULL;
	bool is_of_leader = message->kind == RAFT_MESSAGE_APPEND ||
	                    message->kind == RAFT_MESSAGE_CHUNK ||
	                    message->kind == RAFT_MESSAGE_STAND;
	const char *name;

	if (IS_BROKEN(NAMED_BY_ANYBODY) || replicated->journal->marker.cluster_id[0] != '\0' ||
	    (!is_answer && !is_of_leader))
		return false;
	name = peer_link_cluster(replicated->link, message->from);
	return name == NULL || name[0] == '\0';
}

static void received(void *context, const struct peer_message *message)
{
	struct replicated *replicated = context;
	struct raft_event event = {.kind = RAFT_RECEIVED, .message = &message->message};

	if (replicated->journal->is_closing || (message->message.kind == RAFT_MESSAGE_APPEND &&
	                                        !replicated_may_take(replicated, message)))
		return; /* it comes again */
	if (is_nameless(replicated, &message->message)) {
		peer_link_call_anew(replicated->link, message->message.from);
		return;
	}
	replicated->receiving = message;
	replicated_step(replicated, &event);
	replicated->receiving = NULL;
	if (message->message.kind == RAFT_MESSAGE_APPEND)
		replicated_lag_heard(replicated, &message->message);
}

static void heard(void *context, struct raft_id from, const struct peer_beat *beat)
{
	replicated_digest_heard(context, from, beat);
}

static void noticed(void *context, int rc, const char *text)
{
	struct replicated *replicated = context;

	journal_notice(replicated->journal, rc, text_make("%s", text));
}

/* A folder that holds a cluster of one, among the masters of another: it was mounted here by
 * mistake, and is not to serve clients that are not its own (replicated_guard.c).  Who has peers
 * cannot without them. */
static void found_foreign(void *context, const char *address)
{
	struct replicated *replicated = context;
	const struct journal_replication *options = &replicated->options;
	const struct raft_list *list = raft_members(replicated->core);
	size_t count;

	for (size_t i = 0; i < options->address_count; i++)
		if (strcmp(options->addresses[i], address) == 0)
			replicated->foreign |= UINT64_C(1) << i;
	count = (size_t)__builtin_popcountll(replicated->foreign);
	if (list == NULL || list->members.count != 1 || 2 * count <= options->address_count ||
	    replicated->journal->phase == JOURNAL_STOPPED)
		return;
	journal_fail(replicated->journal, -ERR_FOREIGN,
	             text_make("%s: most of the configured masters (%zu of %zu) belong to another "
	                       "cluster, and this folder holds one of a single master, %s. Mount "
	                       "theirs, or correct the list of masters",
	                       replicated->journal->folder, count, options->address_count,
	                       replicated->journal->marker.cluster_id));
}

void replicated_notice(struct replicated *replicated, enum raft_refusal refusal, const char *who)
{
	uint64_t now_us = io_now_us(replicated->journal->io);

	/* Logs that differ, and elections, are everyday matters between masters. */
	if (refusal == RAFT_LOG_DIFFERS || refusal == RAFT_NOT_LEADER || refusal == RAFT_OLD_TERM ||
	    refusal == RAFT_VOTED || refusal == RAFT_LEADER_HEARD || refusal == RAFT_JUST_STARTED ||
	    refusal == RAFT_LOG_BEHIND)
		return;
	if (refusal == replicated->told_refusal && now_us - replicated->told_us < 60 * 1000 * 1000)
		return;
	replicated->told_refusal = refusal;
	replicated->told_us = now_us;
	journal_notice(replicated->journal, -ERR_WRITE_REFUSED,
	               text_make("%s refuses: %s", who, raft_refusal_text(refusal)));
}

int replicated_peers_open(struct replicated *replicated, char **ret_text)
{
	const struct journal *journal = replicated->journal;
	const struct journal_replication *options = &replicated->options;
	struct peer_link_options link = {
	        .io = journal->io,
	        .self = replicated_own_id(journal),
	        .cluster_id = journal->marker.cluster_id,
	        .address = options->address,
	        .service_address = options->service_address,
	        .bind_host = options->bind_host,
	        .retry_ms = options->heartbeat_ms,
	        .silence_ms = options->silence_ms,
	        .frame_bytes_max = options->message_bytes_max,
	        .queue_bytes_max = options->message_bytes_max + 2 * options->window_bytes_max,
	        .context = replicated,
	        .on_message = received,
	        .on_beat = heard,
	        .on_notice = noticed,
	        .on_foreign = found_foreign,
	};

	if (replicated->link != NULL)
		return 0;
	return peer_link_open(&link, &replicated->link, ret_text);
}

/* ---- entries for peers ---- */

void replicated_want(struct replicated *replicated, const struct raft_fetch *fetch)
{
	CHECK(replicated->fetch_count < COUNT_OF(replicated->fetches));
	replicated->fetches[replicated->fetch_count++] = *fetch;
}

void replicated_fetched(struct replicated *replicated, const struct raft_fetch *fetch,
                        uint64_t last)
{
	struct raft_event event = {.kind = RAFT_FETCHED,
	                           .fetched = {.number = fetch->number, .last = last}};

	for (size_t i = 0; i < replicated->carried_count; i++)
		event.fetched.bytes += replicated->carried[i].size;
	replicated_step(replicated, &event);
	replicated->carried_count = 0;
}

static void fetch_one(struct replicated *replicated, const struct raft_fetch *fetch)
{
	const struct tail *tail = &replicated->tail;
	uint64_t last = fetch->last < tail->last ? fetch->last : tail->last;

	if (!tail_holds(tail, fetch->first)) {
		replicated_read_log(replicated, fetch);
		return;
	}
	replicated->carried_count =
	        tail_range(tail, fetch->first, last, fetch->bytes_max, replicated->carried,
	                   COUNT_OF(replicated->carried), &last);
	replicated_fetched(replicated, fetch, last);
}

void replicated_fetch(struct replicated *replicated)
{
	while (replicated->fetch_count > 0) {
		struct raft_fetch fetch = replicated->fetches[--replicated->fetch_count];

		fetch_one(replicated, &fetch);
	}
}
