/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal replicated among several masters: the host of the consensus core (raft/raft.h).
 *
 *   replicated.c           one event: flush, step, do what the update says; life
 *   replicated_start.c     from what was found on disk to a core that runs
 *   replicated_vote.c      the core's vote record
 *   replicated_entries.c   appending, entries from the leader, cutting, applying
 *   replicated_peers.c     messages, and entries fetched for them
 *   replicated_log.c       the same, from segments
 *   replicated_transfer.c  checkpoints for peers, and from them
 *   replicated_install.c   one from a peer becomes the state
 *   replicated_health.c    a slow or full disk
 *   replicated_skew.c      a clock that is far from the peers'
 *   replicated_distance.c  peers that are far away
 *   replicated_waiting.c   what it waits for
 *   replicated_guard.c     a lone master's disk among others' masters
 *   replicated_digest.c    states compared with the peers'
 *   replicated_odd.c       one that is not the primary's
 *   replicated_reads.c     reads that wait for a proof
 *   replicated_quorum.c    what is told of the quorum; changing it
 *
 * Order.  The sync thread does what it is given one after the other: a vote record that the core
 * gave is written before the entries that it gave later.  Client entries are put into a batch when
 * they come and told to the core at the end of the turn, or before any other event: the core takes
 * them for sure then (raft_takes_proposals), at the indexes that they have already.
 *
 *   appended > tail, batch > core > peers
 *                `> disk > core > committed > state machine > done()
 */
#ifndef HOLDFAST_JOURNAL_REPLICATED_H
#define HOLDFAST_JOURNAL_REPLICATED_H

#include "journal/checkpoint_copy.h"
#include "journal/journal_private.h"
#include "journal/log_read.h"
#include "journal/peer_link.h"
#include "journal/tail.h"
#include "raft/raft.h"

enum {
	REPLICATED_DIGEST_EVERY = 4096, /* indexes, usually */
	REPLICATED_DIGESTS = 64,        /* kept */
	REPLICATED_FETCHES_MAX = 4 * (RAFT_MEMBERS_MAX + 1),
	REPLICATED_PIECES_MAX = 64,
	REPLICATED_SLICE_ENTRIES = 512,      /* applied in one turn, ... */
	REPLICATED_SLICE_BYTES = 256 * 1024, /* ... and about so many bytes */
};

/* What a peer said last of its state. */
struct heard_beat {
	struct raft_id from;
	struct peer_beat beat;
};

struct replicated {
	struct journal *journal;
	struct journal_replication options; /* with copies of all texts */
	char *texts;                        /* that they are in */
	struct raft *core;                  /* NULL until everything is read and durable */
	struct peer_link *link;             /* NULL: closing, or no others are to come */
	bool is_stepping, is_settling;
	bool is_unsettled; /* something happened that settling may go on with */
	bool is_removed;   /* taken out of the members */
	bool is_taking;    /* the core took proposals, when it was last looked */
	bool is_end_told;  /* closing: replicated_vote_end() */
	struct io_timer tick;
	uint64_t wake_ms; /* when `tick` is due */
	enum raft_role role;
	uint64_t lead_from; /* leader: it serves when this is applied */
	/* entries */
	struct tail tail;
	size_t proposed; /* the last so many in the tail are not yet told to the core */
	struct io_hook flush;
	size_t unapplied_bytes;
	const struct peer_message *receiving; /* in the step for it */
	uint64_t generation;                  /* of the newest append, as the core counts */
	struct list orphans; /* appends whose entries were cut: until it is known */
	struct journal_entry slice[REPLICATED_SLICE_ENTRIES]; /* being applied */
	struct io_task apply;                                 /* goes on with it */
	bool is_applying, is_apply_posted;
	/* what is fetched for peers */
	struct raft_fetch fetches[REPLICATED_FETCHES_MAX];
	size_t fetch_count;
	struct str carried[REPLICATED_PIECES_MAX]; /* in the step for what was fetched */
	size_t carried_count;
	/* how far behind the primary it is */
	struct replicated_lag {
		uint64_t commit, heard_ms; /* of the primary: a word of it, and when it came */
		uint64_t level_ms; /* all that was committed by such a word is applied; 0: never */
	} lag;
	/* reads */
	struct list reads; /* oldest first */
	struct io_timer read_limit;
	/* health */
	struct io_timer look;
	struct raft_condition condition; /* what the core knows */
	bool is_skewed;                  /* its clock is far from the others' */
	uint64_t handed_over_us;
	/* digests */
	struct io_timer beat;
	uint64_t digest_indexes[REPLICATED_DIGESTS];
	struct hash128 digests[REPLICATED_DIGESTS];
	struct heard_beat heard[RAFT_MEMBERS_MAX];
	size_t heard_count;
	bool is_odd;        /* its state differs from a primary's: it does not stand */
	bool has_reloaded;  /* since its start, as it was odd */
	uint64_t odd_index; /* where it differed */
	unsigned odd_notes; /* that are being written */
	bool is_forming;    /* the cluster's two first entries are made, and not placed */
	/* the vote record */
	unsigned vote_writes;          /* on their way to the sync thread or back */
	struct vote_write *vote_waits; /* the newest one, for which there is no room; NULL */
	struct io_timer vote_retry;
	bool is_vote_told;           /* that there is none */
	bool owes_marker, owes_vote; /* the sync thread's: there was none */
	/* the rest */
	struct list changes;              /* of the quorum, waiting for their end */
	char *change_text;                /* why one failed; NULL */
	struct log_reader *log;           /* the work thread's */
	struct checkpoint_source *source; /* the work thread's */
	struct checkpoint_sink *sink;     /* the sync thread's, then the checkpoint thread's */
	struct install *install;          /* of a checkpoint from a leader; NULL */
	unsigned works;                   /* on their way on a thread */
	uint64_t segment_epoch;           /* of this run, before the first cut */
	bool needs_checkpoint; /* the newest one is damaged, as a peer or its file says */
	enum raft_refusal told_refusal;
	uint64_t told_us;
	uint64_t log_told_us;   /* that the log is damaged; 0: never */
	uint64_t store_told_us; /* that pieces of a checkpoint cannot be stored; 0: never */
	uint64_t far_us;        /* since when a peer is far away; 0: none is */
	uint64_t far_told_us;   /* 0: never */
	enum raft_waiting waiting, told_waiting;
	uint64_t waiting_us; /* since when */
	uint64_t told_list;  /* index of the list of members that was told last; 0: none */
	struct raft_members told_members;
	struct io_timer guard;
	uint64_t guarded_until_us; /* 0: not, or not any more */
	uint64_t foreign; /* bits of the configured addresses where another cluster answered */
};

/* ---- replicated.c ---- */

/* One event and all that follows from it; why the core did not obey, or RAFT_OK.  Not from inside a
 * step. */
enum raft_refusal replicated_step(struct replicated *replicated, struct raft_event *event);
uint64_t replicated_now_ms(const struct replicated *replicated);
/* The primary has said how far it is. */
void replicated_lag_heard(struct replicated *replicated, const struct raft_message *message);
/* The only member, and not one that was taken out when another was left. */
bool replicated_is_alone(const struct replicated *replicated);

/* ---- replicated_start.c ---- */

/* Of this master: its folder has it since it was formatted. */
struct raft_id replicated_own_id(const struct journal *journal);
static inline bool replicated_is_self(const struct replicated *replicated, struct raft_id id)
{
	return raft_id_equal(id, replicated_own_id(replicated->journal));
}

/* Everything was read. */
void replicated_recovered(struct journal *journal);
/* Everything that was found is durable: the core begins. */
void replicated_begin(struct replicated *replicated);

/* ---- replicated_entries.c ---- */

void replicated_entries_init(struct replicated *replicated);
/* Who waits for entries that are not applied is told that nobody knows what becomes of them. */
void replicated_entries_end(struct replicated *replicated);
void replicated_entries_finish(struct replicated *replicated);
int replicated_append(struct journal *journal, struct journal_append *append);
/* Tells the core of what was appended since. */
void replicated_flush(struct replicated *replicated);
/* The entries of an update. */
void replicated_take(struct replicated *replicated, const struct raft_append *append);
/* Entries that have no place on the disk yet get one, if there is room. */
void replicated_place(struct replicated *replicated);
/* Applies a slice of what is committed.  True: there is more. */
bool replicated_apply(struct replicated *replicated);
/* False: the message's entries do not follow from what is here, which is said, or there is no room
 * for them. */
bool replicated_may_take(struct replicated *replicated, const struct peer_message *message);

/* ---- replicated_peers.c ---- */

/* Listens for others, if it does not yet.  < 0: *ret_text. */
int replicated_peers_open(struct replicated *replicated, char **ret_text);
void replicated_send(struct replicated *replicated, const struct raft_message *message);
/* A peer refused what was sent: for the log, if it is worth that. */
void replicated_notice(struct replicated *replicated, enum raft_refusal refusal, const char *who);
/* The core wants entries for a peer; they are brought after the step. */
void replicated_want(struct replicated *replicated, const struct raft_fetch *fetch);
void replicated_fetch(struct replicated *replicated);

/* What was wanted is in `carried`, up to `last`; 0: it is not to be had. */
void replicated_fetched(struct replicated *replicated, const struct raft_fetch *fetch,
                        uint64_t last);

/* ---- replicated_log.c ---- */

/* Entries that are in segments only; replicated_fetched() follows. */
void replicated_read_log(struct replicated *replicated, const struct raft_fetch *fetch);

/* ---- replicated_transfer.c ---- */

void replicated_want_chunk(struct replicated *replicated, const struct raft_fetch_chunk *fetch);
void replicated_store(struct replicated *replicated, const struct raft_store *store);
int replicated_transfer_create(struct replicated *replicated);
void replicated_transfer_destroy(struct replicated *replicated);

/* ---- replicated_install.c ---- */

/* The last piece is stored. */
void replicated_install(struct replicated *replicated, const struct raft_store *store);
/* Its own checkpoint becomes the state, and what follows it is applied again; if that is not in the
 * tail any more, nothing happens. */
void replicated_reload(struct replicated *replicated);
/* Closing: it ends soon, and then journal_step_close() runs. */
void replicated_install_give_up(struct replicated *replicated);
/* The state is being replaced: nothing may be applied to it or read from it. */
bool replicated_is_loading(const struct replicated *replicated);

/* ---- replicated_health.c ---- */

void replicated_health_init(struct replicated *replicated);
void replicated_health_start(struct replicated *replicated);
/* The core must know at once, or it may be asked to stand.  Not from inside a step. */
void replicated_health_tell_odd(struct replicated *replicated);
void replicated_health_stop(struct replicated *replicated);
/* The disk here is full, and another master has room: it is primary soon. */
bool replicated_will_hand_over(const struct replicated *replicated);

/* ---- replicated_skew.c ---- */

/* Its wall clock is too far from its peers'; a change of that is said. */
bool replicated_is_skewed(struct replicated *replicated);

/* ---- replicated_distance.c ---- */

/* Says so, now and then, if a peer stays further away than elections wait. */
void replicated_look_at_distance(struct replicated *replicated);

/* ---- replicated_guard.c ---- */

void replicated_guard_init(struct replicated *replicated);
/* The core has begun. */
void replicated_guard_start(struct replicated *replicated);
/* It is not sure yet that this disk is not another cluster's: nobody is answered. */
bool replicated_is_guarded(const struct replicated *replicated);

/* ---- replicated_waiting.c ---- */

/* Says what keeps it from serving, when that stays so for a while. */
void replicated_look_at_waiting(struct replicated *replicated);

/* ---- replicated_members.c ---- */

/* Says who has come and gone, once that is committed. */
void replicated_look_at_members(struct replicated *replicated);

/* ---- replicated_digest.c ---- */

void replicated_digest_init(struct replicated *replicated);
void replicated_digest_start(struct replicated *replicated);
void replicated_digest_stop(struct replicated *replicated);
/* Everything up to `index` is applied, and nothing more. */
void replicated_digest_note(struct replicated *replicated, uint64_t index);
/* The state was replaced: what it was says nothing of what it is. */
void replicated_digest_forget(struct replicated *replicated);
void replicated_digest_heard(struct replicated *replicated, struct raft_id from,
                             const struct peer_beat *beat);

/* ---- replicated_reads.c ---- */

void replicated_reads_init(struct replicated *replicated);
void replicated_read_index(struct journal *journal, struct journal_read *read);
/* The read that was asked for last has its ticket. */
void replicated_reads_ticket(struct replicated *replicated, uint64_t ticket);
void replicated_reads_proven(struct replicated *replicated, uint64_t ticket, uint64_t index);
void replicated_reads_answer(struct replicated *replicated);
void replicated_reads_end(struct replicated *replicated, int rc);

/* ---- replicated_quorum.c ---- */

void replicated_quorum(const struct journal *journal, struct journal_quorum *quorum);
const char *replicated_waiting_text(enum raft_waiting waiting); /* NULL: for nothing */
void replicated_change(struct journal *journal, struct journal_change *change);
void replicated_changes_init(struct replicated *replicated);
void replicated_changes_settle(struct replicated *replicated);
void replicated_changes_end(struct replicated *replicated);

#endif
