/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster of masters in a simulated world, its clients, and what must hold whatever happens.
 *
 *   cluster_run.c        a run: rounds of trouble, each healed; the end
 *   cluster_masters.c    starting and ending of masters
 *   cluster_faults.c     the trouble: what, when, and its end
 *   cluster_network.c    ... of the network
 *   cluster_orders.c     ... that an operator makes
 *   cluster_scenes.c     trouble that follows a script
 *   cluster_commands.c   what clients ask for
 *   cluster_clients.c    what clients do, and what they may be answered
 *   cluster_worker.c     who keeps the blocks that they are given
 *   cluster_inside.c     what is seen inside a journal
 *   cluster_history.c    the one history, told by whoever applies an entry first
 *
 * The history.  Between the journal and the namespace of every master stands an observer.  The
 * first to apply an index tells the history what it is; it is applied to a namespace of the
 * test's own and to the naive model of tests/model_fs, whose answers must agree.  From then on:
 *   - every master that applies this index applies the same entry, and has the same digest after it
 *   - a checkpoint that is saved or loaded has that digest
 *   - of one epoch, one process acknowledges
 *   - an answered call has the answer that the history has for it; if it is not in the history, the
 *     answer is the model's at the index that the answer saw
 *   - what was answered before a call was made is seen by it (writes and reads)
 *   - what a master called synced it has after any death, unless its disk is bad
 *   - a standby sends nobody to a primary that did not live since the call arrived, and no call
 *     that was in the history by then
 *   - a master that knows that its state is another shows nothing of it
 *   - no id is given out again that an entry had given out which an operator gave up
 *   - of a call nothing is in the history whose every try was answered by "surely not here"
 */
#ifndef HOLDFAST_TESTS_SIM_CLUSTER_H
#define HOLDFAST_TESTS_SIM_CLUSTER_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/random.h"
#include "master/master.h"
#include "model_fs/model_fs.h"
#include "sim/sim_kit.h"
#include "sim/sim_net.h"
#include "sim/sim_world.h"

enum {
	CLUSTER_SLOTS_MAX = 7,
	CLUSTER_CLIENTS = 8,
	CLUSTER_CALLS_MAX = 1 << 14, /* of one client */
	CLUSTER_EPOCHS_MAX = 1 << 14,
	CLUSTER_PORT = 19200,
	CLUSTER_ARENA_BYTES = 16 << 20,
	WORKER_REPLICAS_MAX = 1 << 14,
};

struct cluster;

/* ---- masters ---- */

enum slot_state {
	SLOT_UNUSED,  /* no member, no data */
	SLOT_DOWN,    /* a member whose process does not run */
	SLOT_RUNNING, /* its process runs; perhaps paused */
	SLOT_CLOSING, /* ends by itself */
};

/* That an entry is synced, and so many vote records are. */
struct claim {
	uint64_t index; /* 0: nothing was said */
	uint64_t epoch;
	uint64_t vote;
};

struct slot {
	struct cluster *cluster;
	unsigned number; /* from 0 */
	struct sim_machine *machine;
	enum slot_state state;
	uint64_t generation; /* of its process */
	char address[32];
	char service_address[32];
	struct master *master;
	enum master_role role;
	bool may_be_damaged;               /* faults of its disk justify that its process ends */
	bool is_leaving;                   /* a command that takes it out was given, ... */
	bool is_joining;                   /* ... or one that lets it in */
	bool was_leaving;                  /* some time in this member's life */
	uint64_t asked_us;                 /* when */
	uint8_t id[JOURNAL_ID_BYTES];      /* the member that it was last, as a voter */
	uint8_t lost_id[JOURNAL_ID_BYTES]; /* the member that its lost disk was */
	bool is_settled;                   /* it was a voter when the primary was last asked */
	bool is_closed;                    /* CLOSING: it may go */
	bool is_rotten;                    /* bytes of its disk changed by themselves */
	bool has_forgotten;                /* what it promised: it must be formatted */
	bool has_failed;                   /* its journal cannot go on: the process ends */
	bool is_out;                       /* ... for it is no member any more */
	bool has_new_role;
	bool came_together; /* with others that its list lacks, as theirs lack it */
	bool is_stray; /* an operator's mistake gave it a history of its own: not in this one */
	struct claim claim; /* the last one of its last process, ... */
	bool owes_claim;    /* ... which this one has not been asked for yet */
	bool owes; /* its machine went down, and what it had not synced may be missing yet, ... */
	uint64_t owed;     /* ... up to this index */
	bool needs_report; /* of all that the worker has */
	uint64_t led_us;   /* when it last led, and was not paused */
	/* the observer */
	struct state_machine inner;
	uint64_t applied;
	bool will_err;         /* its memory: the next change is not made */
	bool is_wrong;         /* its state is another than the history's ... */
	bool knows;            /* ... and it found that before this turn, ... */
	bool has_been_wrong;   /* ... or was once, and what it saved then is */
	unsigned wrong_ends;   /* processes that ended because of that */
	struct model_fs *view; /* as of view_index; NULL: none */
	uint64_t view_index;
	/* planned ends of trouble */
	uint64_t start_us;  /* DOWN: when it starts again; 0: not by itself */
	uint64_t resume_us; /* paused until then; 0: not paused */
	uint64_t disk_us;   /* its disk is slow or full until then; 0: it is not */
};

/* ---- history ---- */

struct fact {
	uint64_t epoch;
	uint64_t payload_hash;
	size_t payload_at; /* in history.payloads */
	size_t payload_size;
	uint16_t kind;
	uint8_t version;
	bool is_repeat;        /* answered from the retry table */
	struct hash128 digest; /* after it */
	int rc;
	bool value;
	uint64_t inode;
	struct block block;
};

struct acknowledger {
	uint64_t epoch;
	unsigned slot; /* + 1 */
	uint64_t generation;
};

enum { HISTORY_COPY_EVERY = 64 };

struct history {
	struct cluster *cluster;
	struct fact *facts; /* by index - 1 */
	size_t count;
	struct buf payloads;
	struct namespace *ns; /* after the last one */
	struct model_fs *model;
	struct model_fs **copies; /* [i]: after HISTORY_COPY_EVERY * i */
	size_t copy_count;
	struct arena arena;
	uint64_t lost_inode, lost_block; /* the greatest that lost entries gave out */
	struct acknowledger by_epoch[CLUSTER_EPOCHS_MAX]; /* modulo that */
};

void history_init(struct history *history, struct cluster *cluster);
uint64_t history_last(const struct history *history); /* index */
const struct fact *history_fact(const struct history *history, uint64_t index);
/* The model as of an index that this master has applied. */
struct model_fs *history_view(struct slot *slot, uint64_t index);
/* The namespace that this master has equals the model. */
void history_compare(struct slot *slot);
/* A file or directory; NULL: none. */
const struct model_node *history_find(const struct model_fs *model, const char *path);
/* That has the block, after the last entry; NULL: none. */
const struct model_node *history_file_of(const struct history *history, uint64_t block);
/* A repeated add_block, and the block that it was given is gone: as from HDFS it hears so, or gets
 * the one that took that place in the file later. */
bool history_excuses(const struct history *history, const struct ns_result *result,
                     struct block given, uint64_t inode);
/* The namespace's answer about a path equals the model's. */
void history_compare_path(struct slot *slot, const struct model_fs *model, const char *path,
                          struct arena *arena);
/* Each master's journal.  Reads the folders. */
void history_compare_journal(struct slot *slot);

/* ---- clients ---- */

struct call {
	uint64_t index;    /* in the history; 0: not there */
	bool is_abandoned; /* every try was answered by "surely not here" */
	bool is_answered;
};

struct client {
	struct cluster *cluster;
	unsigned number;
	struct random random;
	uint8_t client_id[16];
	struct call calls[CLUSTER_CALLS_MAX]; /* by call id */
	int32_t next_call_id;
	struct sim_event think;
	/* the call that is being made */
	bool has_call;
	bool is_read;
	struct command command;
	char texts[3][128];  /* what its strings point to */
	unsigned tries;      /* that are not known to be without effect */
	uint64_t try_number; /* of the newest try */
	bool is_waiting;     /* for it */
	struct sim_event give_up;
	unsigned target;     /* slot */
	struct command told; /* a call made before, for repeats; kind NONE: there is none */
	char told_texts[3][128];
	bool repeats_told;
};

void clients_init(struct cluster *cluster, struct random *random);
/* The history has one of their calls now. */
void clients_note(struct cluster *cluster, const struct command *command, uint64_t index);
/* Of what they have been told, or were about to be, only what goes up to `last` is in the history.
 */
void clients_forget(struct cluster *cluster, uint64_t last);
/* The process that they talk to is gone, and they hear of it. */
void clients_lose(struct slot *slot);
/* They begin again after a rest, in which the masters have forgotten what they answered. */
void clients_begin_anew(struct cluster *cluster);
/* What they are at, on standard error. */
void clients_tell(const struct cluster *cluster);
/* They have finished what they began. */
bool clients_are_quiet(const struct cluster *cluster);

/* ---- commands of clients ---- */

/* Into one of the client's texts. */
struct str command_text(struct client *client, unsigned slot, const char *format, ...)
        PRINTF_LIKE(3, 4);
/* A name one or two levels below a directory of the client's own, or of all. */
struct str command_draw_path(struct client *client, unsigned slot);
/* A new call; its kind is the caller's. */
void command_begin(struct client *client);
void command_draw(struct client *client);
/* Its strings that point into `from` come to point into `to`, which becomes a copy. */
void command_move_texts(struct command *command, const char (*from)[128], char (*to)[128]);

/* ---- the worker ---- */

struct worker {
	struct random random;
	struct sim_event beat;
	struct block replicas[WORKER_REPLICAS_MAX];
	size_t count;
};

void worker_init(struct cluster *cluster);
/* A client writes a block that it was given. */
void worker_write(struct cluster *cluster, const struct block *block);
uint64_t worker_block_bytes(uint64_t id);
/* It has nothing that no file has, and all masters know where the blocks of closed files are. */
bool worker_is_settled(struct cluster *cluster);

/* ---- the cluster ---- */

enum fault_kind {
	FAULT_KILL,
	FAULT_POWER_CUT,
	FAULT_DIE_IN_OPERATION,
	FAULT_CLOSE,
	FAULT_PAUSE,
	FAULT_PARTITION,
	FAULT_SLOW_LINK,
	FAULT_SLOW_DISK,
	FAULT_FULL_DISK,
	FAULT_FAILING_DISK, /* a write, a sync, a read or a change of names */
	FAULT_TRANSFER,
	FAULT_CHECKPOINT,
	FAULT_ROT,    /* on one master in a run, so that there are whole copies of everything */
	FAULT_ASTRAY, /* a write; on the same one */
	FAULT_MEMORY, /* of a standby: its state becomes another; the same one */
	FAULT_WIPE,
	FAULT_ADD,
	FAULT_REMOVE,
	FAULT_CLOCK,
	FAULT_ALL_AT_ONCE, /* the power of the whole room */
	FAULT_KINDS
};

/* Trouble that leads to one place rather than anywhere. */
struct cluster_plot {
	unsigned size;     /* masters */
	bool is_lone_kind; /* one, with a lone master's journal */
	bool rests;        /* now and then, for longer than answers are remembered */
	unsigned weights[FAULT_KINDS];
	uint64_t trouble_us; /* as in the cluster */
	uint64_t longest_us;
	bool abandons;                          /* clients give up what they may */
	uint64_t hold_ms;                       /* calls without a primary; 0: drawn */
	bool syncs_behind;                      /* as in the cluster */
	bool grows;                             /* a lone one that others will join */
	void (*scene)(struct cluster *cluster); /* instead of rounds of trouble */
};

struct figures {
	uint64_t acknowledged, refused, repeated, reads, abandoned, failovers, faults, damages,
	        checkpoints_loaded, members_changed, blocks, deletions;
};

struct cluster {
	uint64_t seed;
	struct sim_world *world;
	struct random random; /* of faults and set-up */
	unsigned size;        /* masters at first */
	unsigned slot_count;
	bool is_lone_kind;
	bool has_drift;      /* clocks run at different paces */
	bool has_small_tail; /* of entries in memory, so that peers are fed from segments */
	bool reads_by_lease;
	bool syncs_behind; /* masters acknowledge before they sync: then only a minority's machines
	                      go down before they have caught up (docs/decisions/0009) */
	bool has_readers;  /* among the clients */
	uint64_t checkpoint_entries;
	uint64_t digest_every;
	uint64_t hold_ms; /* how long masters hold calls while there is no primary */
	struct buf first; /* payload of entry 1 */
	struct buf skip;  /* ... of the entry behind which no id is given out twice ... */
	struct buf leap;  /* ... after a recovery, and in each epoch with syncs behind */
	struct slot slots[CLUSTER_SLOTS_MAX];
	struct client clients[CLUSTER_CLIENTS];
	bool has_worker;
	struct worker worker;
	struct history history;
	uint64_t seen; /* index: the newest that an answer told a client */
	bool may_lose; /* what is the end of the history may be lost, once: the operator said so */
	bool is_told;  /* what happens */
	bool is_draining; /* clients begin nothing */
	bool is_calm;     /* no new trouble, and nothing is mended but what `healed` says */
	unsigned healed;  /* slots, as bits, that are kept well */
	bool ends_here;   /* nothing is left that could be made well */
	bool is_told_far; /* somebody logged that the masters are too far from each other */
	bool cuts_rest;   /* healing some cuts the others off */
	/* trouble */
	const struct cluster_plot *plot;  /* NULL: none */
	unsigned cast[CLUSTER_SLOTS_MAX]; /* slots, in the order of a scene's parts */
	unsigned weights[FAULT_KINDS];
	bool was_settled;    /* all members had joined once: others have what rots */
	unsigned rotten;     /* slot whose disk may rot */
	uint64_t trouble_us; /* between two faults, on average */
	struct sim_event trouble;
	struct sim_event tick;
	uint64_t network_us; /* the network is mended then; 0: it is whole */
	struct sim_link link;
	uint64_t longest_us; /* of one fault */
	struct figures figures;
	uint64_t acknowledged_before; /* this round's demand */
	uint64_t segment_before;      /* as inside_segment() was, in a scene */
	uint64_t primaries_seen;      /* highest epoch of a primary */
};

_Noreturn void cluster_wrong(struct cluster *cluster, const char *format, ...) PRINTF_LIKE(2, 3);
void cluster_say(const struct cluster *cluster, const char *format, ...) PRINTF_LIKE(2, 3);
/* One event and what follows of it.  False: nothing is going to happen any more. */
bool cluster_step(struct cluster *cluster);
/* False: not within the time. */
bool cluster_step_until(struct cluster *cluster, bool (*is_over)(struct cluster *cluster),
                        uint64_t us);
bool cluster_never(struct cluster *cluster);

/* Tells its figures in one line.  0, or the process ends by cluster_wrong(). */
int cluster_run(uint64_t seed);
int cluster_run_plot(uint64_t seed, const struct cluster_plot *plot);

/* ---- masters ---- */

void masters_init(struct cluster *cluster);
void master_start(struct slot *slot);
void master_stop(struct slot *slot, bool power_cut);
void master_begin_close(struct slot *slot);
/* An empty disk, formatted as a newcomer's. */
void master_wipe(struct slot *slot);
/* The same for a member that is down, under another id. */
void master_join_anew(struct slot *slot);
/* The same for a member that runs, which is thereby lost. */
void master_lose_disk(struct slot *slot);
/* Whether the power may fail here and now, and nothing acknowledged be lost. */
bool master_may_lose_power(const struct slot *slot);
/* It packs the checkpoints that it sends. */
bool master_packs(const struct slot *slot);
/* Where the other masters reach it from its next start on. */
void master_place(struct slot *slot, unsigned port);
/* After each event: processes that ended. */
void masters_look(struct cluster *cluster);
/* Who has left and who has joined. */
void masters_review(struct cluster *cluster);
/* Looks who is a voter.  True: nothing about the members is under way, and all run. */
bool masters_are_settled(struct cluster *cluster);
/* NULL: none; one that knows nothing of a newer one may be it. */
struct slot *masters_primary(struct cluster *cluster);

/* ---- inside a journal ---- */

/* It thinks that it leads. */
bool inside_leads(const struct slot *slot);
/* The first index of its newest segment, if that counts as synced; else 0. */
uint64_t inside_segment(const struct slot *slot);

/* Its process ends. */
void inside_note_claim(struct slot *slot);
/* Once its next process has read its journal: it has that. */
void inside_check_claim(struct slot *slot);

/* ---- faults ---- */

/* When a trouble that begins now ends. */
uint64_t faults_until(struct cluster *cluster);
/* One that is up, the primary half of the time.  NULL: nobody is. */
struct slot *faults_pick(struct cluster *cluster);
/* A byte of the n-th file of that kind ("segment-", ...) changes.  False: there is none. */
bool faults_rot(struct slot *slot, const char *kind, uint64_t n, uint64_t offset);
void faults_init(struct cluster *cluster);
void faults_begin(struct cluster *cluster);
/* Ends all trouble of these slots, as bits, and of the network between them. */
void faults_heal(struct cluster *cluster, unsigned mask);

/* ---- the network ---- */

void network_mend(struct cluster *cluster);
void network_cut(struct cluster *cluster);  /* in a shape that is drawn */
void network_slow(struct cluster *cluster); /* the ways of one */

/* ---- an operator ---- */

/* Lets it in, by a command to the primary. */
void order_allow(struct slot *slot);
/* A newcomer with an empty disk, in a slot that is not used; it is let in.  There is a primary. */
void order_add(struct cluster *cluster);
/* It is taken out. */
void order_remove(struct slot *slot);
/* Primacy goes to whoever is best. */
void order_transfer(struct slot *primary);
/* After so long. */
void order_checkpoint(struct slot *slot, uint64_t delay_us);
/* The same, drawn, as far as nothing else is under way. */
void orders_transfer(struct cluster *cluster);
void orders_checkpoint(struct cluster *cluster);
void orders_wipe(struct cluster *cluster);
void orders_add(struct cluster *cluster);
void orders_remove(struct cluster *cluster);

/* ---- scenes ---- */

void scene_cut_and_committed(struct cluster *cluster);
void scene_cut_while_written(struct cluster *cluster);
void scene_lost_behind_segment(struct cluster *cluster);
void scene_slow_then_mended(struct cluster *cluster);
void scene_stopped(struct cluster *cluster);
void scene_rotten_primary(struct cluster *cluster);
void scene_rotten_checkpoint(struct cluster *cluster);
void scene_rotten_vote(struct cluster *cluster);
void scene_bad_memory(struct cluster *cluster);
void scene_one_wiped(struct cluster *cluster);
void scene_wiped_and_packed(struct cluster *cluster);
void scene_recovered(struct cluster *cluster);
void scene_recovered_for_nothing(struct cluster *cluster);
void scene_all_behind_lost(struct cluster *cluster);
void scene_two_wiped(struct cluster *cluster); /* serves no more */
void scene_late(struct cluster *cluster);
void scene_wiped_while_down(struct cluster *cluster);
void scene_bound_in_steps(struct cluster *cluster);
void scene_no_room(struct cluster *cluster);
void scene_grown(struct cluster *cluster);
void scene_lone_grown(struct cluster *cluster);
void scene_joined_together(struct cluster *cluster);
void scene_all_replaced(struct cluster *cluster);
void scene_shrunk(struct cluster *cluster);

#endif
