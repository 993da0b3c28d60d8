/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/replicated.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/replicated_vote.h"
#include "journal/text.h"

uint64_t replicated_now_ms(const struct replicated *replicated)
{
	return io_now_us(replicated->journal->io) / 1000;
}

bool replicated_is_alone(const struct replicated *replicated)
{
	const struct raft_list *list =
	        replicated->core == NULL ? NULL : raft_members(replicated->core);

	return list != NULL && list->members.count == 1 &&
	       replicated_is_self(replicated, list->members.member[0].id);
}

/* ---- roles ---- */

/* A leader serves when what it found and its own first entry are applied. */
static enum journal_phase due_phase(const struct replicated *replicated)
{
	if (replicated->role == RAFT_LEADER && !replicated_is_guarded(replicated) &&
	    replicated->journal->applied.index >= replicated->lead_from)
		return JOURNAL_LEADING;
	return JOURNAL_FOLLOWING;
}

static void settle_phase(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;

	if (journal->phase != JOURNAL_STOPPED && journal->phase != due_phase(replicated))
		journal_set_phase(journal, due_phase(replicated));
}

/* One word of the primary at a time, until what it says is applied: else a standby that is always
 * one entry behind would never be level. */
void replicated_lag_heard(struct replicated *replicated, const struct raft_message *message)
{
	struct replicated_lag *lag = &replicated->lag;
	uint64_t now_ms = replicated_now_ms(replicated);

	if (message->term != replicated->journal->epoch || replicated->role == RAFT_LEADER)
		return;
	if (lag->heard_ms != 0) {
		if (replicated->journal->applied.index < lag->commit)
			return;
		lag->level_ms = lag->heard_ms;
	}
	lag->commit = message->append.commit;
	lag->heard_ms = now_ms;
}

static void note_role(struct replicated *replicated)
{
	struct raft_status status;

	raft_status(replicated->core, &status);
	if (status.role == RAFT_LEADER)
		replicated->lag = (struct replicated_lag){
		        .heard_ms = replicated_now_ms(replicated), /* by itself */
		};
	replicated->role = status.role;
	replicated->lead_from = status.serves_from;
	replicated->journal->epoch = status.term;
	replicated->is_unsettled = true;
}

/* After a hand-over that failed nothing else may happen that would say so. */
static void settle_room(struct replicated *replicated)
{
	bool had_taken = replicated->is_taking;

	replicated->is_taking = raft_takes_proposals(replicated->core);
	if (replicated->is_taking && !had_taken)
		commit_has_room(&replicated->journal->commit);
}

static void stop_if_removed(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;

	if (!replicated->is_removed || journal->phase == JOURNAL_STOPPED)
		return;
	journal_fail(
	        journal, -ERR_FOREIGN,
	        text_make("%s: this master was taken out of the quorum and stops. To let it in "
	                  "again as a newcomer, format its folder",
	                  journal->folder));
}

/* ---- a step ---- */

static void tick(struct io_timer *timer)
{
	struct replicated *replicated = CONTAINER_OF(timer, struct replicated, tick);
	struct raft_event event = {.kind = RAFT_TICK};

	replicated->wake_ms = UINT64_MAX;
	replicated_place(replicated);
	replicated_step(replicated, &event);
}

static void set_tick(struct replicated *replicated, uint64_t wake_ms)
{
	uint64_t now_us = io_now_us(replicated->journal->io);

	if (wake_ms == replicated->wake_ms)
		return;
	replicated->wake_ms = wake_ms;
	if (wake_ms == UINT64_MAX)
		io_timer_stop(&replicated->tick);
	else
		io_timer_start(&replicated->tick,
		               wake_ms * 1000 > now_us ? wake_ms * 1000 - now_us : 0);
}

static void refused_by(struct replicated *replicated, const struct raft_update *update)
{
	const struct raft_list *list = raft_members(replicated->core);
	const struct raft_member *peer =
	        list == NULL ? NULL : raft_member_by_id(&list->members, update->refused_by);
	const char *address = peer != NULL
	                              ? peer->address
	                              : peer_link_address(replicated->link, update->refused_by);

	replicated->needs_checkpoint |= update->peer_refusal == RAFT_BAD_CHECKPOINT;
	replicated_notice(replicated, update->peer_refusal,
	                  address == NULL ? "another master" : address);
}

/* What the update says, in the order of the core's contract.  Nothing in here calls out. */
static void obey(struct replicated *replicated, const struct raft_event *event,
                 const struct raft_update *update)
{
	if (update->what & RAFT_ROLE)
		note_role(replicated);
	if (update->what & RAFT_PERSIST_VOTE)
		replicated_vote_write(replicated, &update->vote, update->vote_number);
	if (update->what & RAFT_APPEND)
		replicated_take(replicated, &update->append);
	for (size_t i = 0; i < update->message_count; i++)
		replicated_send(replicated, &update->messages[i]);
	if (update->what & RAFT_COMMIT)
		replicated->journal->commit_index = update->commit;
	if (IS_BROKEN(APPLY_BEFORE_COMMIT) && replicated->role == RAFT_LEADER)
		replicated->journal->commit_index = replicated->tail.last;
	for (size_t i = 0; i < update->fetch_count; i++)
		replicated_want(replicated, &update->fetches[i]);
	for (size_t i = 0; i < update->chunk_fetch_count; i++)
		replicated_want_chunk(replicated, &update->chunk_fetches[i]);
	if (update->what & RAFT_STORE)
		replicated_store(replicated, &update->store);
	if (event->kind == RAFT_READ)
		replicated_reads_ticket(replicated, update->read_ticket);
	if (update->what & RAFT_READS_OK)
		replicated_reads_proven(replicated, update->read_ok, update->read_index);
	if (update->what & RAFT_REFUSED_BY)
		refused_by(replicated, update);
	set_tick(replicated, update->wake_ms);
}

/* The one that a peer was, or was to be sent is damaged; the state is not. */
static void settle_checkpoint(struct replicated *replicated)
{
	if (replicated->needs_checkpoint)
		(void)checkpointer_start(&replicated->journal->checkpointer, NULL, NULL);
	replicated->needs_checkpoint = false; /* if it could not be begun, that is found again */
}

/* What may call out, and what goes on by further steps. */
static void settle(struct replicated *replicated)
{
	bool has_more;

	if (replicated->is_settling)
		return;
	replicated->is_settling = true;
	do {
		replicated->is_unsettled = false;
		replicated_fetch(replicated);
		has_more = !replicated->is_apply_posted && replicated_apply(replicated);
		settle_phase(replicated);
		settle_room(replicated);
		settle_checkpoint(replicated);
		replicated_reads_answer(replicated);
		replicated_changes_settle(replicated);
		stop_if_removed(replicated);
	} while (replicated->is_unsettled);
	replicated->is_settling = false;
	if (has_more) {
		replicated->is_apply_posted = true;
		io_post(replicated->journal->io, &replicated->apply);
	}
}

static void apply_on(struct io_task *task)
{
	struct replicated *replicated = CONTAINER_OF(task, struct replicated, apply);

	replicated->is_apply_posted = false;
	settle(replicated);
	journal_step_close(replicated->journal);
}

static enum raft_refusal step(struct replicated *replicated, struct raft_event *event)
{
	struct raft_update update = {.refusal = RAFT_OK};
	int rc;

	CHECK(!replicated->is_stepping);
	replicated->is_stepping = true;
	event->now_ms = replicated_now_ms(replicated);
	rc = raft_step(replicated->core, event, &update);
	if (rc == 0)
		obey(replicated, event, &update);
	else if (event->kind != RAFT_RECEIVED) /* a message comes again */
		fatal_damage("out of memory in the consensus core");
	replicated->is_stepping = false;
	replicated->is_unsettled = true;
	replicated->is_removed |= rc == 0 && (update.what & RAFT_REMOVED) != 0;
	return update.refusal;
}

/* Nothing is called out to between the two steps. */
enum raft_refusal replicated_step(struct replicated *replicated, struct raft_event *event)
{
	struct raft_event proposed = {.kind = RAFT_PROPOSED, .proposed = replicated->proposed};
	enum raft_refusal refusal;

	if (replicated->proposed > 0 && event->kind != RAFT_PROPOSED)
		(void)step(replicated, &proposed);
	refusal = step(replicated, event);
	settle(replicated);
	return refusal;
}

/* ---- what the journal asks of its kind ---- */

static void written(struct journal *journal, struct batch *batch)
{
	struct replicated *replicated = journal->replicated;
	struct raft_event event = {
	        .kind = RAFT_SYNCED,
	        .synced = {.generation = replicated->generation, .last = batch->last.index},
	};

	if (replicated->core == NULL)
		replicated_begin(replicated); /* the rest is durable */
	else if (batch->count > 0 &&
	         (batch->generation == journal->commit.generation || IS_BROKEN(STALE_BATCH_COUNTS)))
		replicated_step(replicated, &event);
}

static void has_room(struct journal *journal)
{
	struct replicated *replicated = journal->replicated;

	if (replicated->core == NULL) {
		if (journal->phase == JOURNAL_STARTING && journal->rest.size > 0)
			journal_write_rest(journal);
		return;
	}
	replicated_place(replicated);
	commit_has_room(&journal->commit);
}

static uint64_t segment_epoch(const struct journal *journal)
{
	return journal->replicated->segment_epoch + journal->commit.generation;
}

static bool has_thread_to_itself(const struct journal *journal)
{
	return replicated_is_alone(journal->replicated);
}

static uint64_t keep_from(const struct journal *journal)
{
	return raft_keep_from(journal->replicated->core);
}

static void compacted(struct journal *journal, uint64_t index)
{
	struct raft_event event = {.kind = RAFT_COMPACTED, .compacted = index};

	replicated_step(journal->replicated, &event);
}

static void members(const struct journal *journal, struct checkpoint_header *header)
{
	const struct raft_list *list = raft_members_at(journal->replicated->core, header->index);
	struct buf bytes;

	if (list == NULL || list->index == 0)
		return; /* always alone: nothing says where it stands but its configuration */
	buf_init(&bytes);
	raft_members_encode(&list->members, &bytes);
	if (bytes.failed || bytes.size > sizeof(header->members))
		fatal_damage("a list of members cannot be encoded");
	header->members_index = list->index;
	header->members_bytes = (uint32_t)bytes.size;
	memcpy(header->members, bytes.data, bytes.size);
	buf_finish(&bytes);
}

/* ---- life ---- */

static size_t texts_size(const struct journal_replication *options)
{
	size_t size = strlen(options->address) + strlen(options->service_address) + 2 +
	              options->first_payload.size + options->skip_payload.size +
	              options->leap_payload.size;

	if (options->bind_host != NULL)
		size += strlen(options->bind_host) + 1;
	for (size_t i = 0; i < options->address_count; i++)
		size += strlen(options->addresses[i]) + 1;
	return size + options->address_count * sizeof(char *);
}

static const char *copy(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *to = *at;

	memcpy(to, text, size);
	*at += size;
	return to;
}

static const char *copy_bytes(char **at, struct str bytes)
{
	char *to = *at;

	if (bytes.size > 0)
		memcpy(to, bytes.data, bytes.size);
	*at += bytes.size;
	return to;
}

static bool copy_options(struct replicated *replicated, const struct journal_replication *from)
{
	struct journal_replication *options = &replicated->options;
	char *at = mem_alloc(texts_size(from));
	const char **addresses = (const char **)(void *)at;

	if (at == NULL)
		return false;
	*options = *from;
	if (options->digest_every == 0)
		options->digest_every = REPLICATED_DIGEST_EVERY;
	replicated->texts = at;
	at += from->address_count * sizeof(char *);
	options->addresses = addresses;
	for (size_t i = 0; i < from->address_count; i++)
		addresses[i] = copy(&at, from->addresses[i]);
	options->address = copy(&at, from->address);
	options->service_address = copy(&at, from->service_address);
	if (from->bind_host != NULL)
		options->bind_host = copy(&at, from->bind_host);
	options->first_payload.data = copy_bytes(&at, from->first_payload);
	options->skip_payload.data = copy_bytes(&at, from->skip_payload);
	options->leap_payload.data = copy_bytes(&at, from->leap_payload);
	return true;
}

static int create(struct journal *journal)
{
	struct replicated *replicated = mem_zalloc(sizeof(*replicated));

	if (replicated == NULL)
		return -ERR_NO_MEMORY;
	replicated->journal = journal;
	journal->replicated = replicated;
	replicated->wake_ms = UINT64_MAX;
	replicated->apply.run = apply_on;
	io_timer_init(journal->io, &replicated->tick, tick);
	replicated_entries_init(replicated);
	replicated_reads_init(replicated);
	replicated_changes_init(replicated);
	replicated_health_init(replicated);
	replicated_digest_init(replicated);
	replicated_guard_init(replicated);
	replicated_vote_init(replicated);
	if (journal->options.replication == NULL ||
	    journal->options.replication->address_count > JOURNAL_MEMBERS_MAX)
		return -ERR_INVALID;
	return copy_options(replicated, journal->options.replication) ? 0 : -ERR_NO_MEMORY;
}

static void stop_timers(struct replicated *replicated)
{
	io_timer_stop(&replicated->tick);
	io_timer_stop(&replicated->guard);
	replicated_health_stop(replicated);
	replicated_digest_stop(replicated);
	replicated_vote_stop(replicated);
}

/* Others are heard no more; what is committed here already is still applied. */
static bool close(struct journal *journal)
{
	struct replicated *replicated = journal->replicated;

	peer_link_close(replicated->link);
	replicated->link = NULL;
	stop_timers(replicated);
	replicated_install_give_up(replicated);
	return replicated->works == 0 && replicated->install == NULL &&
	       !replicated->is_apply_posted && replicated_vote_end(replicated);
}

static void closed(struct journal *journal)
{
	replicated_reads_end(journal->replicated, -ERR_STANDBY);
	replicated_changes_end(journal->replicated);
	replicated_entries_end(journal->replicated);
}

static void destroy(struct journal *journal)
{
	struct replicated *replicated = journal->replicated;

	if (replicated == NULL)
		return;
	peer_link_close(replicated->link);
	stop_timers(replicated);
	replicated_reads_end(replicated, -ERR_STANDBY);
	replicated_changes_end(replicated);
	replicated_entries_finish(replicated);
	log_reader_destroy(replicated->log);
	replicated_transfer_destroy(replicated);
	raft_destroy(replicated->core);
	mem_free(replicated->change_text);
	mem_free(replicated->texts);
	mem_free(replicated);
}

const struct journal_ops journal_replicated_ops = {
        .create = create,
        .close = close,
        .closed = closed,
        .destroy = destroy,
        .recovered = replicated_recovered,
        .append = replicated_append,
        .written = written,
        .segment_epoch = segment_epoch,
        .keep_from = keep_from,
        .compacted = compacted,
        .members = members,
        .has_thread_to_itself = has_thread_to_itself,
        .read_index = replicated_read_index,
        .has_room = has_room,
        .quorum = replicated_quorum,
        .change = replicated_change,
};
