/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consensus among masters as a pure function: an event goes in, an update comes out.
 *
 *   host (journal) --event, time--> raft_step() --update--> host: disk, network, state machine
 *
 * After Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" ("Raft", by
 * section or figure) and Ongaro's thesis ("thesis"), with pre-vote, check-quorum, leader lease,
 * read index, learners and leadership transfer.  Nothing in here reads a clock, a file or a socket,
 * draws chance from outside or starts a thread: the same options, start and events give the same
 * updates, bit for bit.
 *
 * The contract, in four steps.  After each raft_step() the host does, in this order:
 *   1. Persist.  Begins to write what the update says: the vote record, the entries, a piece of a
 *      checkpoint.  All of one kind in the order in which they were given, and no entry or piece
 *      is written before the vote record of the same or an earlier update is durable.
 *   2. Send.  The messages may leave at once: a promise that is not durable yet is held back here
 *      until the host has reported the sync, so neither an early nor a late host can break it.  A
 *      leader's entries may thus leave while its own sync runs (thesis 10.2.1); it counts itself
 *      only when synced.
 *   3. Apply.  Entries up to the commit index go to the state machine, in order.
 *   4. Report.  Each sync, fetch and piece stored comes back as an event of its own.
 * A message may be lost, doubled, delayed or overtaken; a report must come, or the process must end
 * (a failed write or sync).
 *
 * Entries stay the host's.  The core knows of each only its index, its term (the journal's epoch)
 * and, for a list of members, the list; it says which range goes to whom, and the host brings the
 * bytes, from its tail in memory or from segments (RAFT_FETCH).  So a lone master's segments and a
 * replicated one's are the same.
 *
 * The vote record (struct raft_vote) is what must be remembered besides the entries.  It is written
 * whole and counts when it is durable in both of its slots.
 *
 * Time is milliseconds of a clock that goes on in suspend and never back.  It is read for each
 * event, after what the event tells of has happened: a time kept from the beginning of the loop's
 * turn would lengthen leases and shorten the voters' promises.  Clocks may run 5 % fast or slow
 * (lease.c).
 *
 * Memory: two arrays that grow (one row an election, one a list of members, both since the last
 * compaction); room is made before anything changes, so raft_step() either does all or returns
 * -ERR_NO_MEMORY and has changed nothing; the event may then be repeated, or a message dropped.
 *
 * Threads: none; one caller at a time.  Pointers in an update are good until the next call, if what
 * the event pointed to is still there.
 *
 * Trust: messages come from peers that the host has authenticated as masters of this cluster;
 * their fields are still never CHECK()ed, only judged, and each refusal has a reason.
 */
#ifndef HOLDFAST_RAFT_RAFT_H
#define HOLDFAST_RAFT_RAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "raft/members.h"

struct raft;

enum { RAFT_ELECTION_MS_MAX = 10 * 60 * 1000, RAFT_STALLED_MS = 60 * 1000 };

/* ---- refusals ---- */

enum raft_refusal {
	RAFT_OK = 0,
#define REFUSAL(name, text) RAFT_##name,
#include "raft/refusals.def"
#undef REFUSAL
};
/* For the operator; an unknown number reads as such. */
const char *raft_refusal_text(enum raft_refusal refusal);

/* ---- what is remembered ---- */

/* What was dropped from the end of a log (torn or rotten, design of the journal) may have been
 * acknowledged.  Until the log has reached that place again under a leader, this master votes only
 * for logs that are not below it, and does not stand. */
enum raft_bound {
	RAFT_NO_BOUND,
	RAFT_BOUND,         /* bound_term, bound_index */
	RAFT_BOUND_UNKNOWN, /* votes for nobody until a leader or all other voters gave it one */
};

struct raft_vote {
	uint64_t term;
	struct raft_id voted_for; /* in this term; none */
	struct raft_id history;   /* of the cluster: the id of who formed it; none: bound to none */
	uint64_t asked_ms;        /* longest refusal of votes that a leader ever asked for */
	enum raft_bound bound;
	uint64_t bound_term;
	uint64_t bound_index;
	bool is_removed; /* was taken out of the members: an id never comes back */
	/* An operator gave the others up for ever, under a history of its own: whatever lists say,
	 * this master is the only member from the end of its log on.  Until a list says so. */
	bool stands_alone;
};

/* Entries from `first` on, up to the next run's, have this term. */
struct raft_run {
	uint64_t first;
	uint64_t term;
};

/* A list of members and the index of the entry that carries it; in effect from there on, committed
 * or not (Raft 6). */
struct raft_list {
	uint64_t index;
	struct raft_members members;
	uint64_t came_ms; /* into this core's log; 0: before its start.  Does not travel */
};

/* ---- messages ---- */

enum raft_message_kind {
	RAFT_MESSAGE_APPEND,
	RAFT_MESSAGE_APPEND_REPLY,
	RAFT_MESSAGE_VOTE,
	RAFT_MESSAGE_VOTE_REPLY,
	RAFT_MESSAGE_CHUNK,
	RAFT_MESSAGE_CHUNK_REPLY,
	RAFT_MESSAGE_STAND,
	RAFT_MESSAGE_READ,
	RAFT_MESSAGE_READ_REPLY,
	RAFT_MESSAGE_ASK,
	RAFT_MESSAGE_ANSWER,
	RAFT_MESSAGE_JOIN,
	RAFT_MESSAGE_JOIN_REPLY,
	RAFT_MESSAGE_KINDS,
};

/* Entries prev + 1 to last; last == prev: none, a heartbeat. */
struct raft_append_message {
	uint64_t prev, prev_term;
	uint64_t last;
	uint64_t commit;
	uint64_t number;  /* of this append to this peer in this term */
	uint64_t round;   /* of proofs of leadership (read.c) */
	uint64_t sent_ms; /* leader's clock; comes back unchanged */
	uint64_t ask_ms;  /* refuse votes for so long */
	/* Of the entries.  The receiving host reads them from the entries' bytes, which it has
	 * checked; a sender leaves them empty. */
	const struct raft_run *runs;
	size_t run_count;
	const struct raft_list *lists;
	size_t list_count;
};

struct raft_append_reply {
	uint64_t match;          /* synced, and known to be the leader's */
	uint64_t number;         /* of the newest append seen, or of the one refused */
	uint64_t round, sent_ms; /* of the newest append seen */
	uint64_t commit;
	uint32_t health;           /* see RAFT_CONDITION */
	enum raft_refusal refusal; /* RAFT_OK: none */
	/* With RAFT_LOG_DIFFERS: the leader's entries can agree with ours at most up to here. */
	uint64_t hint, hint_term;
};

struct raft_vote_message {
	uint64_t asked_term;
	uint64_t last, last_term;
	bool is_pre;            /* asks only whether a vote would be given */
	uint64_t transfer_term; /* the leader of this term told the sender to stand; 0 */
};

struct raft_vote_reply {
	uint64_t asked_term;
	bool is_pre;
	enum raft_refusal refusal; /* RAFT_OK: granted */
	uint64_t members_index;    /* RAFT_NOT_MEMBER: of a leader's committed list without you */
};

/* A piece of a checkpoint. */
struct raft_chunk_message {
	uint64_t index, index_term; /* last entry in the checkpoint */
	uint64_t offset;
	size_t size;
	bool is_last;
};

struct raft_chunk_reply {
	uint64_t index;
	uint64_t offset;   /* stored up to here */
	bool is_installed; /* the log goes at least to `index` */
	enum raft_refusal refusal;
};

/* To a peer that has everything: stand now. */
struct raft_stand_message {
	uint64_t last, last_term;
};

struct raft_read_message {
	uint64_t session; /* of the asking core */
	uint64_t ticket;
	uint64_t index; /* reply: commit index of a proven leader */
	enum raft_refusal refusal;
};

/* Who are you?  To an address, or to an id. */
struct raft_ask_message {
	const char *address; /* that is asked */
	bool binds;          /* belong to a cluster that I am about to form, if you are empty */
	uint64_t configured_hash; /* of the configured addresses */
	uint64_t token;           /* comes back; says when it was asked, and in which life */
};

struct raft_answer_message {
	const char *address; /* that was asked */
	uint64_t configured_hash;
	uint64_t token;
	uint64_t last, last_term;     /* end of the log, or the bound above it */
	bool is_unsure;               /* its own bound is unknown: there may have been more */
	struct raft_id leader;        /* none: knows none */
	const struct raft_list *list; /* NULL: none */
};

struct raft_join_message {
	const char *address; /* of the newcomer */
	/* Of those members' addresses, in the newest list that it was told, that are configured at
	 * the newcomer too: whom it knows that it joins.  The sum of their FNV-1a. */
	uint64_t named_hash;
	enum raft_refusal refusal;
};

struct raft_message {
	enum raft_message_kind kind;
	struct raft_id from, to; /* `to` none: whoever is at to_address */
	/* Where to send it.  NULL: as the list of members says, or, for whom it does not have, to
	 * where that id was last heard from. */
	const char *to_address;
	struct raft_id history; /* of the sender */
	uint64_t term;          /* of the sender, durable there */
	union {
		struct raft_append_message append;
		struct raft_append_reply append_reply;
		struct raft_vote_message vote;
		struct raft_vote_reply vote_reply;
		struct raft_chunk_message chunk;
		struct raft_chunk_reply chunk_reply;
		struct raft_stand_message stand;
		struct raft_read_message read; /* READ and READ_REPLY */
		struct raft_ask_message ask;
		struct raft_answer_message answer;
		struct raft_join_message join; /* JOIN and JOIN_REPLY */
	};
};

/* ---- events ---- */

enum raft_event_kind {
	RAFT_TICK,          /* time has passed; at update.wake_ms, earlier and later are fine too */
	RAFT_RECEIVED,      /* a message */
	RAFT_PROPOSED,      /* entries wait to be appended */
	RAFT_SYNCED,        /* entries are durable here */
	RAFT_VOTE_SYNCED,   /* the vote record is */
	RAFT_FETCHED,       /* entries asked for by RAFT_FETCH are in memory */
	RAFT_CHUNK_FETCHED, /* a piece asked for by RAFT_FETCH_CHUNK is */
	RAFT_CHUNK_STORED,  /* a piece given by RAFT_STORE is durable, or was refused */
	RAFT_INSTALLED,     /* the last piece too: the checkpoint is the state now, or is bad */
	RAFT_COMPACTED,     /* entries up to an index are in a checkpoint and gone from the log */
	RAFT_READ,          /* reads wait for a proof; one event for all of a turn */
	RAFT_TRANSFER,      /* hand leadership over */
	RAFT_CHANGE,        /* change the members */
	RAFT_CONDITION,     /* how this master is */
	RAFT_FORM, /* operator: form a cluster of those that answered, others silent or not */
};

struct raft_fetched {
	uint64_t number; /* of the fetch */
	uint64_t last;   /* 0: not to be had */
	size_t bytes;
};

struct raft_chunk_fetched {
	uint64_t number;
	uint64_t index, index_term; /* of the checkpoint; 0: not to be had, begin anew */
	size_t size;
	bool is_last;
};

struct raft_installed {
	uint64_t index; /* 0: nothing was */
	uint64_t index_term;
	const struct raft_list *list; /* in effect there */
	bool is_damaged;              /* index 0: its bytes are bad as they came */
};

enum raft_change_kind {
	RAFT_CHANGE_ALLOW,    /* whoever comes from `address` may join */
	RAFT_CHANGE_REMOVE,   /* take `id` out */
	RAFT_CHANGE_PRIORITY, /* of `id` */
};

struct raft_change {
	enum raft_change_kind kind;
	struct raft_id id;
	const char *address;
	uint8_t priority;
};

struct raft_condition {
	bool may_stand;       /* has replayed, its disk writes, its digest is right */
	uint32_t handicap_ms; /* waits so much longer before it stands */
	uint32_t health;      /* 0 is best; a leader hands over only to one that is not worse */
};

struct raft_event {
	enum raft_event_kind kind;
	uint64_t now_ms;
	union {
		const struct raft_message *message;
		uint64_t proposed; /* count */
		struct {
			uint64_t generation; /* of the RAFT_APPEND that it belongs to */
			uint64_t last;       /* durable up to here */
		} synced;
		uint64_t vote_synced; /* number of the record; earlier ones count as well */
		struct raft_fetched fetched;
		struct raft_chunk_fetched chunk_fetched;
		struct {
			uint64_t index;
			uint64_t offset; /* stored up to here; 0: refused, begin anew */
		} stored;
		struct raft_installed installed;
		uint64_t compacted;
		struct raft_id transfer_to; /* none: whoever is best */
		struct raft_change change;
		struct raft_condition condition;
	};
};

/* ---- updates ---- */

enum raft_what {
	RAFT_PERSIST_VOTE = 1 << 0,
	RAFT_APPEND = 1 << 1,
	RAFT_SEND = 1 << 2,
	RAFT_FETCH = 1 << 3,
	RAFT_FETCH_CHUNK = 1 << 4,
	RAFT_STORE = 1 << 5,
	RAFT_COMMIT = 1 << 6,   /* update.commit has moved */
	RAFT_READS_OK = 1 << 7, /* reads with tickets up to read_ok may be answered at read_index */
	RAFT_ROLE = 1 << 8,     /* role, term or leader changed: raft_status() */
	RAFT_MEMBERS = 1 << 9,  /* the list in effect changed: raft_members() */
	RAFT_REMOVED = 1 << 10, /* this master was taken out: it says so and stops */
	RAFT_REFUSED = 1 << 11, /* update.refusal: why this event was not obeyed */
	RAFT_REFUSED_BY = 1 << 12, /* a peer refused: refused_by, peer_refusal */
};

enum raft_source {
	RAFT_FROM_PROPOSAL, /* the entries just proposed */
	RAFT_FROM_MESSAGE,  /* those of the message received, from `first` on */
	RAFT_FROM_NOOP,     /* one entry without content: a new leader's first */
	RAFT_FROM_MEMBERS,  /* one entry: `members`, raft_members_encode() */
	RAFT_FROM_RECOVERY, /* two, durable together or not at all: the host's own entry, after
	                       which nothing that others may have had is given out again, then
	                       `members` */
	RAFT_FROM_FORMING,  /* two, durable together or not at all: the host's own first entry (the
	                       cluster's identity), then `members` */
};

struct raft_append {
	uint64_t generation; /* one more with each cut */
	bool is_cut;         /* first drops all entries from `first` on, durably (they were never
	                        committed), before anything is written behind */
	uint64_t first, last;
	uint64_t term; /* of entries of our own making; FROM_MESSAGE: each has its own */
	enum raft_source source;
	const struct raft_members *members;
};

/* Entries for a peer, as they are now.  The append with entries in the update after RAFT_FETCHED,
 * if there is one, carries them. */
struct raft_fetch {
	uint64_t number; /* comes back with RAFT_FETCHED */
	uint64_t first, last;
	size_t bytes_max; /* but at least one entry */
};

/* Of the newest checkpoint (index 0), or the one begun before.  As with RAFT_FETCH, the chunk
 * message after RAFT_CHUNK_FETCHED carries it. */
struct raft_fetch_chunk {
	uint64_t number;
	struct raft_id to; /* whom it will be sent to */
	uint64_t index;
	uint64_t offset;
	size_t bytes_max;
};

/* The chunk message's bytes go to offset; the first piece (offset 0) begins the file.  After the
 * last one the checkpoint is checked and installed: RAFT_INSTALLED follows RAFT_CHUNK_STORED. */
struct raft_store {
	uint64_t index, index_term;
	uint64_t offset;
	bool is_last;
	bool keeps_log; /* the log holds the same entry at `index`: what follows it stays */
};

struct raft_update {
	unsigned what; /* bits of enum raft_what */
	struct raft_vote vote;
	uint64_t vote_number;
	struct raft_append append;
	const struct raft_message *messages;
	size_t message_count;
	const struct raft_fetch *fetches;
	size_t fetch_count;
	const struct raft_fetch_chunk *chunk_fetches;
	size_t chunk_fetch_count;
	struct raft_store store;
	uint64_t commit;
	uint64_t read_ticket; /* after RAFT_READ: what its reads wait for */
	uint64_t read_ok, read_index;
	enum raft_refusal refusal;
	struct raft_id refused_by;
	enum raft_refusal peer_refusal;
	uint64_t wake_ms; /* RAFT_TICK is due then */
};

/* ---- life ---- */

struct raft_options {
	struct raft_id self; /* drawn at format */
	const char *address; /* under which peers know this master */
	/* Configured addresses of all masters, with or without one's own. */
	const char *const *addresses;
	size_t address_count; /* at most RAFT_MEMBERS_MAX */
	uint64_t seed;
	uint64_t election_min_ms, election_max_ms;
	uint64_t heartbeat_ms;
	uint64_t retry_ms; /* between askings, and before a piece of a checkpoint is sent again */
	size_t append_bytes_max; /* of entries in one message */
	size_t window_bytes_max; /* sent to one peer and not yet acknowledged */
	size_t chunk_bytes_max;
	bool reads_by_lease;
	/* Voters that lost the ends of their logs go on together with what is left, though nobody
	 * can say that it is all: the operator asked for acknowledgements before syncs. */
	bool accepts_loss;
	/* Who is not configured here joins by RAFT_CHANGE_ALLOW only, whoever it names. */
	bool leave_is_needed;
#ifdef RAFT_TWINS
	int twin; /* enum raft_twin: the deliberate bug of this core, for tests of the tests */
#endif
};

/* What was found on disk, all of it durable. */
struct raft_start {
	uint64_t now_ms;
	struct raft_vote vote;
	uint64_t base, base_term; /* the log begins after this entry */
	const struct raft_run *runs;
	size_t run_count;
	uint64_t last;
	uint64_t commit; /* known to be committed: last mark or checkpoint */
	/* By index; the first may lie at or below the base.  The journal of a master that was
	 * always alone has none, and its record no history: then its host gives itself, at index 0.
	 * It is written, and the history bound, when another may come (membership.c). */
	const struct raft_list *lists;
	size_t list_count;
};

/* Keeps copies.  -ERR_NO_MEMORY; -ERR_INVALID: options or start contradict themselves. */
int raft_create(const struct raft_options *options, const struct raft_start *start,
                struct raft **ret_core);
void raft_destroy(struct raft *core); /* NULL is fine */

/* 0, or -ERR_NO_MEMORY: nothing happened. */
int raft_step(struct raft *core, const struct raft_event *event, struct raft_update *update);

/* ---- information ---- */

enum raft_role { RAFT_FOLLOWER, RAFT_PRE_CANDIDATE, RAFT_CANDIDATE, RAFT_LEADER };
const char *raft_role_name(enum raft_role role);

/* What keeps this master from being a voter, or the cluster from changing. */
enum raft_waiting {
	RAFT_WAITS_FOR_NOTHING,
	RAFT_WAITS_FOR_ANSWERS,       /* forming: some configured address is silent */
	RAFT_WAITS_FOR_LOWEST,        /* forming: all are empty, the lowest address begins */
	RAFT_WAITS_FOR_SAME_LISTS,    /* forming: the configured addresses differ */
	RAFT_WAITS_FOR_FORMAT,        /* forming: one is bound to a cluster that never was */
	RAFT_WAITS_FOR_OWN_FORMAT,    /* forming: this one is */
	RAFT_WAITS_FOR_OTHER_NAMES,   /* forming: two addresses lead to one master */
	RAFT_WAITS_FOR_LEADER,        /* joining: no leader known yet */
	RAFT_WAITS_TO_JOIN,           /* joining: asked, not yet in the list */
	RAFT_WAITS_FOR_LOST,          /* voter: what damage took must come from the others */
	RAFT_WAITS_FOR_UNKNOWN,       /* ... and its lists name no others */
	RAFT_WAITS_FOR_SECOND_LEARNER /* leader: two voters would be less safe than one */
};

struct raft_peer_status {
	struct raft_id id;
	bool is_voter;
	uint64_t match, next;
	uint64_t commit;
	uint64_t heard_ms;
	uint32_t health;
	bool gets_checkpoint;
};

struct raft_status {
	enum raft_role role;
	uint64_t term;
	struct raft_id leader; /* none: unknown */
	uint64_t base, commit, synced, last;
	uint64_t lease_until_ms; /* 0: none */
	uint64_t heard_ms;       /* when a leader was last heard */
	uint64_t serves_from;    /* leader: what it may answer reads from, once it is applied */
	bool changes_members;    /* a list in effect is not committed yet */
	bool hands_over;
	enum raft_waiting waiting;
	const char *unnamed; /* RAFT_WAITS_TO_JOIN: a member that is not configured here, or NULL */
	size_t peer_count;   /* leader only */
	struct raft_peer_status peers[RAFT_MEMBERS_MAX + 1];
};
void raft_status(const struct raft *core, struct raft_status *ret_status);

/* True: a RAFT_PROPOSED that comes now is obeyed. */
bool raft_takes_proposals(const struct raft *core);

/* The list in effect; NULL: none. */
const struct raft_list *raft_members(const struct raft *core);
/* The list in effect at an index from the base on, to be saved in a checkpoint; NULL: none. */
const struct raft_list *raft_members_at(const struct raft *core, uint64_t index);
/* Entries from here on are still needed by a peer that is being brought up to date.  One that has
 * not got further for RAFT_STALLED_MS does not count: it gets a checkpoint when it goes on. */
uint64_t raft_keep_from(const struct raft *core);

#endif
