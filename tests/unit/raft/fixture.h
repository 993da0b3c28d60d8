/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole cluster of raft cores in one process, driven by one seed.
 *
 * The fixture owns time, network, disks and chance; each node is a core with the simplest host that
 * keeps the contract of raft/raft.h.  After every step of every node it checks (fixture_check.c):
 *   one leader a term; log matching; leader completeness; state machine safety; linearizable reads;
 *   no lease while another leader commits.
 * A broken rule ends the run with a text, so that broken twins can be told from good cores.
 *
 * Fault model.
 *   network  loss, delay, reordering, duplicates, cuts of any shape, each way for itself
 *   process  crash: of what was not synced a random beginning survives; pause; restart
 *   disk     slow syncs; a wiped folder (new id); a lost end of the log that was synced, with its
 *            bound or without; at most one node damaged at a time
 *   clock    each node's runs up to 5 % fast or slow, from a random start
 */
#ifndef HOLDFAST_TESTS_UNIT_RAFT_FIXTURE_H
#define HOLDFAST_TESTS_UNIT_RAFT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "raft/raft.h"

enum {
	FX_NODES_MAX = 8,
	FX_READS_MAX = 64,
	FX_FAILURE_BYTES = 256,
	FX_PIECES = 3, /* chunks of a checkpoint */
	FX_NO_LIST = -1,
};

struct fx_entry {
	uint64_t term;
	uint64_t value; /* 0: no-op */
	uint64_t chain; /* of it and all before */
	int list;       /* into world->lists; FX_NO_LIST */
};

/* Entries base + 1, base + 2 ... */
struct fx_log {
	uint64_t base, base_term, base_chain;
	uint64_t base_list_index;
	int base_list; /* in effect at the base */
	struct fx_entry *entries;
	size_t count, room;
};

struct fx_write; /* of entries, on its way to the disk */
struct fx_vote_write;
struct fx_packet;

struct fx_read {
	uint64_t ticket;
	uint64_t floor; /* committed when it was asked */
};

struct fx_node {
	struct raft *core; /* NULL: down */
	struct raft_id id;
	char address[16];
	unsigned life; /* one more with each start */
	bool is_formatted;
	bool is_removed; /* said that it was taken out */
	uint64_t paused_until_us;
	/* Clock: offset_ms + real time * rate_ppm / 10^6. */
	uint64_t offset_ms, rate_ppm;
	uint64_t election_min_ms, election_max_ms;
	/* Memory. */
	struct fx_log log;
	uint64_t commit, generation;
	enum raft_role role;
	uint64_t wake_us; /* of the tick that is queued; 0: none */
	struct fx_read reads[FX_READS_MAX];
	size_t read_count;
	uint64_t next_value; /* being proposed */
	const struct fx_packet *receiving;
	const struct fx_packet *fetched;
	/* Disk. */
	struct fx_log disk;
	struct raft_vote vote;
	uint64_t checkpoint; /* committed up to here for sure */
	struct fx_old_disk { /* of before it was wiped */
		bool is_there;
		struct raft_id id;
		struct fx_log disk;
		struct raft_vote vote;
		uint64_t checkpoint;
	} old;
	struct fx_write *writes;
	struct fx_vote_write *vote_writes;
	uint64_t vote_given, vote_durable;      /* numbers of records */
	unsigned syncing_writes, syncing_votes; /* of the queues, by the sync that runs */
};

enum fx_event_kind {
	FX_MESSAGE,
	FX_TICK,
	FX_SYNC_DONE,
	FX_FETCH_DONE,
	FX_CHUNK_FETCHED,
	FX_STORED,
	FX_START,
	FX_CLIENT,
	FX_CHAOS,
};

struct fx_event {
	uint64_t at_us, order;
	enum fx_event_kind kind;
	int node;
	unsigned life; /* dropped if the node has another by then */
	struct fx_packet *packet;
	struct raft_store store;
};

struct fx_committed {
	struct fx_entry entry;
	uint64_t term; /* of the leader that committed it first */
	uint64_t at_us;
};

struct fx_seen {
	uint64_t index, term, chain;
};

/* What chaos does, as weights.  Each seed has its own mixture, so that rare things meet each other
 * (swarm testing). */
enum fx_fault {
	FX_FAULT_CRASH,
	FX_FAULT_PAUSE,
	FX_FAULT_TRANSFER,
	FX_FAULT_REMOVE,
	FX_FAULT_ADD,
	FX_FAULT_WIPE,
	FX_FAULT_ROT,
	FX_FAULT_OLD_DISK,
	FX_FAULT_SPLIT,
	FX_FAULT_ISOLATE,
	FX_FAULT_ONE_WAY,
	FX_FAULT_DEAF,
	FX_FAULT_LOSS,
	FX_FAULT_SLOW,
	FX_FAULT_HEAL,
	FX_FAULTS,
};

struct fx_options {
	uint64_t seed;
	int members;   /* that form the cluster */
	int spares;    /* machines that may join later */
	int twin;      /* enum raft_twin */
	bool by_index; /* reads without lease */
	bool has_mixed_timeouts;
	bool is_traced; /* one line on standard output for each fault, leader and list */
	unsigned weights[FX_FAULTS]; /* all 0: no chaos */
	unsigned leader_percent;     /* how often a fault picks the leader */
	unsigned quick_percent;      /* how often a crash is over at once */
	uint64_t pace_us;            /* at most so long between two faults */
	uint64_t slow_us;            /* messages on a slow network take at most so long */
};
/* The mixture of a seed. */
struct fx_options fx_swarm(uint64_t seed);

struct world {
	struct fx_options options;
	struct random random;
	uint64_t now_us;
	bool is_failed;
	char failure[FX_FAILURE_BYTES];
	struct fx_node nodes[FX_NODES_MAX];
	int node_count;
	/* Events, a heap. */
	struct fx_event *events;
	size_t event_count, event_room;
	uint64_t order;
	/* Network. */
	bool cut[FX_NODES_MAX][FX_NODES_MAX]; /* from, to */
	unsigned loss_percent, double_percent;
	uint64_t delay_max_us, sync_max_us;
	/* Every list ever written. */
	struct raft_members *lists;
	size_t list_count, list_room;
	/* Every id ever drawn. */
	struct {
		struct raft_id id;
		int node;
	} * ids;
	size_t id_count, id_room;
	/* What checkers know. */
	struct fx_committed *committed; /* [index - 1] */
	size_t committed_count, committed_room;
	struct fx_seen *seen; /* hash of (index, term) */
	size_t seen_count, seen_room;
	struct raft_id *leaders; /* [term] */
	size_t leader_room;
	/* Chaos. */
	bool is_healed;
	uint64_t next_value;
	struct raft_id damaged; /* wiped id that still has a seat, or node with a bound; none */
	int damaged_node;
	/* Figures. */
	uint64_t steps, messages, elections, commits, reads_ok, leases_ok, changes, transfers;
	uint64_t checkpoints;
};

/* ---- life ---- */

struct world *world_create(const struct fx_options *options);
void world_destroy(struct world *world);
/* Until that time, or until a rule is broken. */
void world_run(struct world *world, uint64_t until_us);
/* Chaos for so long, then heals all and demands progress.  False: world->failure. */
bool world_trial(struct world *world, uint64_t chaos_us);
/* If the world is traced. */
void world_say(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_fail(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- what tests do to it ---- */

void world_start(struct world *world, int node);
void world_crash(struct world *world, int node);
void world_pause(struct world *world, int node, uint64_t for_us);
/* New id, nothing on disk. */
void world_format(struct world *world, int node);
void world_cut(struct world *world, int from, int to, bool is_cut);
void world_isolate(struct world *world, int node, bool is_cut);
void world_heal(struct world *world);
bool world_propose(struct world *world, int node);
void world_read(struct world *world, int node);
void world_transfer(struct world *world, int node, int target);
void world_change(struct world *world, int node, struct raft_change change);
/* A new id and an empty folder, the old disk kept aside; that disk, with the old id, back again. */
void fx_wipe(struct world *world, int node);
void fx_bring_old_disk(struct world *world, int node);
/* An empty master that may join. */
void fx_add(struct world *world, int node);
/* Settled leader of the highest term that is up; -1: none. */
int world_leader(const struct world *world);
/* Runs until there is one, at most so long; -1. */
int world_await_leader(struct world *world, uint64_t for_us);
/* Proposes until an entry proposed from now on is committed; false: not in that time. */
bool world_await_commit(struct world *world, uint64_t for_us);

/* ---- between the fixture's files ---- */

uint64_t fx_clock_ms(const struct world *world, const struct fx_node *node);
void fx_push(struct world *world, struct fx_event event);
/* One step of a node, and all that follows at once. */
void fx_step(struct world *world, int node, struct raft_event event);
void fx_handle(struct world *world, struct fx_event *event);
void fx_drop(struct fx_event *event); /* frees what it carries */
void fx_chaos(struct world *world);
void fx_client(struct world *world);
int fx_add_list(struct world *world, const struct raft_members *members);
int fx_node_of(const struct world *world, struct raft_id id, const char *address);

uint64_t fx_log_last(const struct fx_log *log);
const struct fx_entry *fx_log_at(const struct fx_log *log, uint64_t index);
uint64_t fx_log_term(const struct fx_log *log, uint64_t index);
uint64_t fx_log_chain(const struct fx_log *log, uint64_t index);
void fx_log_append(struct fx_log *log, struct fx_entry entry);
void fx_log_cut(struct fx_log *log, uint64_t last);
void fx_log_compact(struct fx_log *log, uint64_t index);
void fx_log_copy(struct fx_log *to, const struct fx_log *from);
void fx_log_finish(struct fx_log *log);

void fx_check_entry(struct world *world, int node, uint64_t index, const struct fx_entry *entry);
void fx_check_commit(struct world *world, int node, uint64_t before);
void fx_check_leader(struct world *world, int node);
/* A leader is about to write this list behind its log. */
void fx_check_promotions(struct world *world, int node, const struct raft_members *members);
void fx_check_reads(struct world *world, int node, uint64_t ticket, uint64_t index);

#endif
