/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three masters in one process on one loop, with real sockets, over journals that agree by sharing
 * their memory.  The test says who is primary, and what freezes.  Include once in a test program,
 * after stack.h.
 */
#ifndef HOLDFAST_TESTS_SERVICE_CLUSTER_H
#define HOLDFAST_TESTS_SERVICE_CLUSTER_H

#include "unit/service/stack.h"

enum { CLUSTER_MASTERS = 3, CLUSTER_QUEUE = 64, CLUSTER_NONE = -1 };

struct queued {
	struct journal *owner;
	struct journal_append *append;
	uint16_t kind;
	uint8_t version;
	char *payload;
	size_t size;
};

struct journal {
	size_t place;
	struct journal_options options;
	bool is_open;
	bool is_odd; /* see journal_is_odd() */
	struct list reads;
	struct io_hook answers;        /* of its reads */
	struct journal_change *change; /* the last one */
	struct io_hook change_hook;
	void (*on_closed)(void *context);
	void *closed_context;
	struct io_hook closing;
};

static struct cluster {
	struct stack stacks[CLUSTER_MASTERS];
	struct journal journals[CLUSTER_MASTERS];
	size_t count;
	int primary;
	uint64_t epoch;
	uint64_t last;
	bool is_frozen;  /* nothing is committed, nothing proved */
	size_t appended; /* ever */
	struct queued queue[CLUSTER_QUEUE];
	size_t queued;
	struct queued lost[CLUSTER_QUEUE]; /* of a primary that hangs and does not know it yet */
	size_t lost_count;
	struct io_hook commit;
} cluster;

/* ---- the journal ---- */

static struct journal *cluster_leader(void)
{
	return cluster.primary == CLUSTER_NONE ? NULL : &cluster.journals[cluster.primary];
}

static void cluster_apply(const struct queued *queued)
{
	struct journal_entry entry = {.index = ++cluster.last,
	                              .epoch = cluster.epoch,
	                              .kind = queued->kind,
	                              .version = queued->version,
	                              .payload = str_make(queued->payload, queued->size)};

	for (size_t i = 0; i < cluster.count; i++) {
		struct journal *journal = &cluster.journals[i];

		entry.append = journal == queued->owner ? queued->append : NULL;
		journal->options.machine.apply(journal->options.machine.context, &entry, 1);
	}
}

static void cluster_settle(enum journal_outcome outcome)
{
	struct queued taken[CLUSTER_QUEUE];
	size_t count = cluster.queued;

	memcpy(taken, cluster.queue, count * sizeof(taken[0]));
	cluster.queued = 0;
	for (size_t i = 0; i < count; i++) {
		if (outcome == JOURNAL_COMMITTED)
			cluster_apply(&taken[i]);
		mem_free(taken[i].payload);
		if (taken[i].append != NULL)
			taken[i].append->done(taken[i].append, outcome);
	}
}

static void cluster_commit(struct io_hook *hook)
{
	(void)hook;
	if (!cluster.is_frozen)
		cluster_settle(JOURNAL_COMMITTED);
}

static void cluster_answer(struct io_hook *hook)
{
	struct journal *journal = CONTAINER_OF(hook, struct journal, answers);
	struct list reads;

	if (cluster.is_frozen && cluster.primary == (int)journal->place)
		return;
	list_init(&reads);
	list_splice(&reads, &journal->reads);
	while (!list_is_empty(&reads)) {
		struct journal_read *read = LIST_FIRST(&reads, struct journal_read, node);

		list_remove(&read->node);
		read->done(read, cluster.primary == CLUSTER_NONE ? -ERR_STANDBY : 0, cluster.last);
	}
}

static void cluster_closed(struct io_hook *hook)
{
	struct journal *journal = CONTAINER_OF(hook, struct journal, closing);

	journal->on_closed(journal->closed_context);
}

static void cluster_end_change(struct io_hook *hook)
{
	struct journal *journal = CONTAINER_OF(hook, struct journal, change_hook);
	struct journal_change *change = journal->change;

	if (journal != cluster_leader())
		change->done(change, -ERR_STANDBY, "not the primary");
	else if (change->kind == JOURNAL_REMOVE)
		change->done(change, -ERR_NOT_FOUND, "no member has this address");
	else
		change->done(change, 0, "");
}

int journal_open(const struct journal_options *options, struct journal **ret_journal,
                 char **ret_text)
{
	struct journal *journal = &cluster.journals[cluster.count];

	(void)ret_text;
	*journal = (struct journal){.place = cluster.count,
	                            .options = *options,
	                            .is_open = true,
	                            .answers.run = cluster_answer,
	                            .closing.run = cluster_closed,
	                            .change_hook.run = cluster_end_change};
	list_init(&journal->reads);
	cluster.count++;
	*ret_journal = journal;
	return 0;
}

void journal_close(struct journal *journal, void (*on_closed)(void *context), void *context)
{
	journal->is_open = false;
	journal->on_closed = on_closed;
	journal->closed_context = context;
	io_at_turn_end(journal->options.io, &journal->closing);
}

void journal_destroy(struct journal *journal)
{
	(void)journal;
}

int journal_append(struct journal *journal, struct journal_append *append)
{
	if (journal != cluster_leader())
		return -ERR_STANDBY;
	assert_true(cluster.queued < CLUSTER_QUEUE);
	cluster.queue[cluster.queued++] =
	        (struct queued){.owner = journal,
	                        .append = append,
	                        .kind = append->kind,
	                        .version = append->version,
	                        .payload = mem_must_strdup(append->payload),
	                        .size = append->payload.size};
	append->index = cluster.last + cluster.queued;
	cluster.appended++;
	io_at_turn_end(journal->options.io, &cluster.commit);
	return 0;
}

void journal_read_index(struct journal *journal, struct journal_read *read)
{
	list_append(&journal->reads, &read->node);
	io_at_turn_end(journal->options.io, &journal->answers);
}

bool journal_is_odd(const struct journal *journal)
{
	return journal->is_odd;
}

uint64_t journal_epoch(const struct journal *journal)
{
	(void)journal;
	return cluster.epoch;
}

uint64_t journal_last_index(const struct journal *journal)
{
	(void)journal;
	return cluster.last;
}

uint64_t journal_commit_index(const struct journal *journal)
{
	(void)journal;
	return cluster.last;
}

void journal_progress(const struct journal *journal, struct journal_progress *ret_progress)
{
	*ret_progress = (struct journal_progress){
	        .phase = !journal->is_open             ? JOURNAL_STOPPED
	                 : journal == cluster_leader() ? JOURNAL_LEADING
	                                               : JOURNAL_FOLLOWING,
	        .eta_ms = UINT64_MAX,
	};
}

void journal_stats(const struct journal *journal, struct journal_stats *ret_stats)
{
	(void)journal;
	*ret_stats = (struct journal_stats){0};
}

void journal_quorum(const struct journal *journal, struct journal_quorum *ret_quorum)
{
	*ret_quorum = (struct journal_quorum){.role = "follower",
	                                      .term = cluster.epoch,
	                                      .count = cluster.count,
	                                      .primary_heard_ms_ago = UINT64_MAX};
	for (size_t i = 0; i < cluster.count; i++) {
		struct journal_member *member = &ret_quorum->members[i];

		snprintf(member->address, sizeof(member->address), "m%zu:19200", i);
		if (cluster.stacks[i].server != NULL)
			snprintf(member->service_address, sizeof(member->service_address),
			         "127.0.0.1:%u", rpc_server_port(cluster.stacks[i].server));
		member->is_voter = true;
		member->is_connected = true;
		member->is_self = i == journal->place;
		member->is_primary = (int)i == cluster.primary;
		member->heard_ms_ago = member->is_self ? UINT64_MAX : 7;
	}
}

void journal_change(struct journal *journal, struct journal_change *change)
{
	journal->change = change;
	io_at_turn_end(journal->options.io, &journal->change_hook);
}

/* ---- what the test does ---- */

/* Every master hears its phase. */
static inline void cluster_say_phases(void)
{
	for (size_t i = 0; i < cluster.count; i++) {
		struct journal *journal = &cluster.journals[i];
		struct journal_progress progress;

		journal_progress(journal, &progress);
		journal->options.on_phase(journal->options.context, &progress);
	}
}

static inline void cluster_wait_role(int place, enum master_role role)
{
	bool is_there = false;

	while (!is_there) {
		is_there = master_role(cluster.stacks[place].master) == role;
		io_run_once(cluster.stacks[0].io, 1);
	}
}

/* Another master is primary; the one before hangs, tells nobody, and hears of nothing. */
static inline void cluster_usurp(int place)
{
	struct journal *journal = &cluster.journals[place];
	struct journal_progress progress;

	memcpy(cluster.lost, cluster.queue, sizeof(cluster.lost));
	cluster.lost_count = cluster.queued;
	cluster.queued = 0;
	cluster.is_frozen = false;
	cluster.primary = place;
	cluster.epoch++;
	journal_progress(journal, &progress);
	journal->options.on_phase(journal->options.context, &progress);
	cluster_wait_role(place, MASTER_PRIMARY);
}

static inline void cluster_forget_lost(void)
{
	for (size_t i = 0; i < cluster.lost_count; i++) {
		mem_free(cluster.lost[i].payload);
		cluster.lost[i].append->done(cluster.lost[i].append, JOURNAL_UNKNOWN);
	}
	cluster.lost_count = 0;
}

/* Another master is primary, or none is; what the one before had on its way ends like this. */
static inline void cluster_move_primary(int place, enum journal_outcome outcome)
{
	cluster.primary = CLUSTER_NONE;
	cluster_say_phases();
	cluster.is_frozen = false;
	cluster_forget_lost();
	cluster_settle(outcome);
	cluster.primary = place;
	cluster.epoch += place != CLUSTER_NONE;
	cluster_say_phases();
	if (place != CLUSTER_NONE)
		cluster_wait_role(place, MASTER_PRIMARY);
}

/* The namespace begins as `format` makes it. */
static inline void cluster_format(void)
{
	struct queued queued = {.kind = ENTRY_cluster};
	struct buf payload;

	kit_first_payload("hdfs", 0777, &payload);
	queued.payload = (char *)payload.data;
	queued.size = payload.size;
	cluster_apply(&queued);
	buf_finish(&payload);
}

/* Master 0 is primary.  A call is looked after for forward_ms when it is forwarded; 0: none is. */
static inline void cluster_init(uint64_t forward_ms,
                                int (*user_groups)(void *context, const char *user,
                                                   struct buf *groups))
{
	struct io *io;

	cluster = (struct cluster){.primary = CLUSTER_NONE, .commit.run = cluster_commit};
	assert_int_equal(io_create(&io), 0);
	for (size_t i = 0; i < CLUSTER_MASTERS; i++) {
		struct stack *stack = &cluster.stacks[i];

		stack->io = io;
		stack->forwards = forward_ms > 0;
		stack->forward_ms = forward_ms;
		stack->hold_ms = forward_ms;
		stack_make_master(stack);
		stack_serve(stack, user_groups, NULL);
	}
	cluster_say_phases();
	cluster_format();
	cluster_move_primary(0, JOURNAL_NOT_WRITTEN);
	cluster.appended = 0;
}

static inline void cluster_finish(void)
{
	struct io *io = cluster.stacks[0].io;

	cluster_move_primary(CLUSTER_NONE, JOURNAL_NOT_WRITTEN);
	for (size_t i = 0; i < CLUSTER_MASTERS; i++)
		stack_close(&cluster.stacks[i]);
	for (size_t i = 0; i < CLUSTER_MASTERS; i++)
		stack_destroy(&cluster.stacks[i]);
	io_destroy(io);
}

#endif
