/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insides of the core, shared by its files.
 *
 *   raft.c        life, information
 *   step.c        one event: room, guards, dispatch, then settle()
 *   outbox.c      what goes into the update
 *   vote.c        the vote record, promises that wait for its sync, who gets a vote
 *   bound.c       a voter that lost acknowledged entries
 *   follower.c    entries from a leader
 *   candidate.c   pre-vote and election
 *   leader.c      a leader's life: its first entry, commit, check-quorum
 *   progress.c    what each peer has and gets next
 *   chunks.c      checkpoints, both ends
 *   lease.c       until when a leader may answer reads unasked
 *   read.c        reads that wait for a proof of leadership
 *   membership.c  one change of members at a time
 *   transfer.c    handing leadership over
 *   forming.c     a master without a seat: forming a cluster, or joining one
 *   log.c quorum.c members.c   pure corners
 *
 * Handlers of events change state and no more; settle(), run at the end of each step, looks at the
 * state and puts into the update whatever follows from it.  So each rule about what may leave when
 * stands in one place.
 */
#ifndef HOLDFAST_RAFT_RAFT_PRIVATE_H
#define HOLDFAST_RAFT_RAFT_PRIVATE_H

#include "base/check.h"
#include "base/random.h"
#include "raft/log.h"
#include "raft/raft.h"

enum {
	RAFT_MAGIC = 0x52414654,
	PEERS_MAX = RAFT_MEMBERS_MAX + 1, /* one that is leaving */
	ADDRESSES_MAX = 2 * RAFT_MEMBERS_MAX,
	MESSAGES_MAX = 128, /* in one update */
	INFLIGHT_MAX = 64,  /* appends to one peer */
	READ_SLOTS = 2,
	TOGETHER_MS = 10 * 60 * 1000, /* between newcomers that are added in one go */
};

#define NEVER UINT64_MAX

/* A deliberate bug, in builds for tests only. */
#ifdef RAFT_TWINS
#include "raft/twins.h"
#define IS_TWIN(core, name) ((core)->options.twin == RAFT_TWIN_##name)
#else
#define IS_TWIN(core, name) false
#endif

/* Reads that wait: tickets up to `ticket` are good when `round` is proven.  The older slot is never
 * touched by newer reads, so there is always one that comes to its end. */
struct read_slots {
	uint64_t session; /* of who asked */
	struct {
		uint64_t ticket;
		uint64_t round;
	} slot[READ_SLOTS];
	size_t count;
};

enum progress_mode {
	PROGRESS_PROBE,     /* where the logs agree is not known: one append at a time */
	PROGRESS_STREAM,    /* appends follow each other without waiting, once one was taken */
	PROGRESS_CHECKPOINT /* what it needs is not in the log any more */
};

struct progress {
	struct raft_id id;
	bool is_self, is_voter;
	uint64_t leaves_at;  /* taken out by this entry, gets entries until it knows; 0: stays */
	uint64_t leaving_ms; /* since when */
	enum progress_mode mode;
	uint64_t match, next;  /* match < next, unless the peer lost entries */
	uint64_t commit;       /* as the peer knows it */
	uint64_t probe_number; /* answers to older ones say nothing about `next` */
	uint64_t probe_next;   /* what it was then */
	bool is_waiting;       /* PROBE: nothing was to be had, until the next heartbeat */
	uint64_t fetch_number; /* entries are being fetched; 0: no */
	struct {
		uint64_t last;
		size_t bytes;
	} inflight[INFLIGHT_MAX]; /* ring of what is not acknowledged; PROBE: at most one */
	size_t inflight_head, inflight_count, inflight_bytes;
	uint64_t beat_ms;    /* last heartbeat */
	uint64_t told_round; /* in it */
	uint64_t heard_ms;
	uint64_t moved_ms; /* when it last got further */
	uint64_t answered_round;
	uint64_t answered_sent_ms; /* sending time of the newest append that it answered */
	uint64_t answered_number;  /* its number */
	uint32_t health;
	struct read_slots reads;
	/* A learner is caught up when it reached a goal, set when the goal before was reached,
	 * within an election time-out (thesis 4.2.1). */
	uint64_t goal, goal_ms;
	uint64_t round_ms; /* that the goal before took; 0: there was none */
	bool is_caught_up;
	bool is_hurried;        /* does not gain on the log if it rests */
	uint64_t rest_until_ms; /* a learner's, after what it took last */
	/* CHECKPOINT */
	uint64_t chunk_number; /* a piece is being fetched; 0: no */
	uint64_t checkpoint;   /* index; 0: whichever is newest */
	uint64_t chunk_term;   /* its term */
	uint64_t chunk_offset; /* stored by the peer up to here */
	uint64_t chunk_best;   /* the furthest that it ever was */
	bool is_chunk_out;     /* a piece is on its way */
	bool is_chunk_refused; /* or the peer could not store it */
	bool is_chunk_missed;  /* or the peer was asked whether it has it */
	uint64_t chunk_passed; /* an answer to this append says that what is out has come, or is
	                          lost */
	uint64_t chunk_end;    /* of the piece sent last, if it is the checkpoint's last; 0 */
	bool is_installing;    /* the peer has stored that one */
	uint64_t chunk_ms;     /* since when */
};

struct transfer {
	bool is_on;
	bool is_told; /* the target may be standing already */
	struct raft_id target;
	uint64_t until_ms; /* given up then */
	uint64_t told_ms;
};

struct leader {
	struct progress peers[PEERS_MAX]; /* all members, self included, and who is leaving */
	size_t peer_count;
	uint64_t first;  /* settled once this is committed: the no-op, or the end of who is alone */
	uint64_t number; /* of the last append sent, to whomever */
	uint64_t round;
	bool is_lease_over; /* for the rest of the term */
	struct transfer transfer;
	uint64_t handed_over_ms; /* last hand-over begun here, or the election */
};

struct candidate {
	bool is_asked; /* the requests have left */
	struct raft_id granted[RAFT_MEMBERS_MAX];
	size_t granted_count;
	uint64_t transfer_term; /* told to stand by the leader of that term; 0 */
};

struct follower {
	uint64_t matched;                /* up to here the log is known to be this leader's */
	uint64_t number, round, sent_ms; /* of its newest append */
	bool owes_reply;
	/* A checkpoint on its way in. */
	uint64_t checkpoint, checkpoint_term;
	uint64_t chunk_stored;
	bool is_storing;
	bool is_installing; /* the last piece is in: entries are not taken until it is over */
};

struct reads {
	uint64_t asked;    /* highest ticket given out */
	uint64_t answered; /* highest that was proven */
	uint64_t sent_ms;  /* follower: asked the leader */
};

/* A configured address as a newcomer sees it. */
struct sighting {
	uint64_t asked_ms; /* of the newest question that was answered; 0: silent */
	struct raft_id id;
	struct raft_id history; /* that it is bound to */
	bool is_empty;
	uint64_t configured_hash;
};

struct forming {
	uint64_t ask_ms; /* next asking */
	struct sighting seen[RAFT_MEMBERS_MAX];
	enum raft_waiting waiting;
	bool binds;     /* all are empty: the next asking binds them */
	bool is_forced; /* by the operator: without those that are silent */
	char leader_address[RAFT_ADDRESS_BYTES_MAX + 1]; /* that was asked to let this one in */
	char unnamed[RAFT_ADDRESS_BYTES_MAX + 1]; /* member that the own list lacks; empty: none */
};

struct bound_answer {
	struct raft_id id;
	char address[RAFT_ADDRESS_BYTES_MAX + 1];
	bool has_answered;
	bool has_confirmed; /* answered in the second round */
};

struct bound_search {
	uint64_t ask_ms;
	uint64_t again_ms; /* questions from then on are of the second round; 0: the first one */
	struct bound_answer asked[2 * RAFT_MEMBERS_MAX];
	size_t count;
	bool is_hopeless;     /* too few voters in some list, or too many: only a leader helps */
	uint64_t term, index; /* highest answer */
};

struct raft {
	uint32_t magic;
	struct raft_options options;
	char address[RAFT_ADDRESS_BYTES_MAX + 1];
	/* Configured ones first, then those allowed by command. */
	char addresses[ADDRESSES_MAX][RAFT_ADDRESS_BYTES_MAX + 1];
	size_t configured_count, address_count;
	uint64_t configured_hash;
	struct random random;
	uint64_t session; /* drawn: answers to questions from before a restart are not for us */
	struct raft_condition condition;
	uint64_t fetch_number; /* last one given out; those of an older leadership never match */
	uint64_t now_ms;

	/* Persistent (Raft, figure 2).  Decisions use `vote` at once; peers are told only when
	 * vote_synced has reached vote_number. */
	struct raft_vote vote;
	uint64_t vote_number; /* of the record as it is */
	uint64_t vote_given;  /* out to be written; at most one behind */
	uint64_t vote_synced;
	struct log log;

	/* Volatile, in every role. */
	enum raft_role role;
	struct raft_id leader_id; /* none: unknown */
	uint64_t heard_ms;        /* a leader; 0: never since the start */
	uint64_t deaf_until_ms;   /* no vote until then, one's own neither */
	uint64_t stand_ms;        /* stands then */
	bool owes_vote;           /* to vote.voted_for, once it is durable */
	struct reads reads;
	struct forming forming;
	struct bound_search bound;
	bool is_alone_written; /* vote.stands_alone: the list that says so is in the log */

	/* Volatile, by role. */
	struct follower follower;
	struct candidate candidate;
	struct leader leader;

	/* Of this step. */
	struct raft_update *update;
	struct raft_message messages[MESSAGES_MAX];
	struct raft_fetch fetches[PEERS_MAX];
	struct raft_fetch_chunk chunk_fetches[PEERS_MAX];
};

/* ---- outbox.c ---- */

/* The next message of this update, addressed; NULL to: its to_address is set by the caller. */
struct raft_message *outbox_add(struct raft *core, enum raft_message_kind kind, struct raft_id to);
void outbox_refuse(struct raft *core, enum raft_refusal refusal);
void outbox_refused_by(struct raft *core, struct raft_id peer, enum raft_refusal refusal);
void outbox_fetch(struct raft *core, struct raft_fetch fetch);
void outbox_fetch_chunk(struct raft *core, struct raft_fetch_chunk fetch);
/* One entry of our own, or `count` proposed ones, in the current term. */
void outbox_append(struct raft *core, enum raft_source source, uint64_t count,
                   const struct raft_members *members);
void outbox_wake(struct raft *core, uint64_t at_ms);
void outbox_commit(struct raft *core, uint64_t index);

/* ---- vote.c ---- */

/* True when everything decided so far is durable, so that peers may be told. */
bool vote_can_speak(const struct raft *core);
/* core->vote was changed: it is given out to be written at the end of the step. */
void vote_changed(struct raft *core);
void vote_set_term(struct raft *core, uint64_t term, struct raft_id voted_for);
/* A leader asked for votes to be refused for so long. */
void vote_promise(struct raft *core, uint64_t ask_ms);
void vote_received(struct raft *core, const struct raft_message *message);
void vote_settle(struct raft *core);

/* ---- bound.c ---- */

/* RAFT_OK, or why a candidate with that log gets no vote from a master that lost entries. */
enum raft_refusal bound_judge(const struct raft *core, uint64_t last_term, uint64_t last);
void bound_answered(struct raft *core, const struct raft_message *message);
void bound_settle(struct raft *core);

/* ---- follower.c ---- */

/* Takes up `term` (not below the current one) under `leader` (none: unknown). */
void follower_become(struct raft *core, uint64_t term, struct raft_id leader);
/* Draws a new time to stand, from now on. */
void follower_reset_timer(struct raft *core);
/* A leader is there; an empty master takes up its history. */
void follower_heard(struct raft *core, const struct raft_message *message);
void follower_append(struct raft *core, const struct raft_message *message);
void follower_settle(struct raft *core);
bool follower_may_stand(const struct raft *core);

/* ---- candidate.c ---- */

void candidate_begin(struct raft *core);
/* A voter that may not stand asks as if it did, as it is the answers that tell it that it was taken
 * out. */
void candidate_ask_for_seat(struct raft *core);
/* The same for one leader.  Keeps `address`. */
void candidate_ask_leader(struct raft *core, struct raft_id leader, const char *address);
void candidate_stand(struct raft *core, const struct raft_message *message);
void candidate_reply(struct raft *core, const struct raft_message *message);
void candidate_settle(struct raft *core);

/* ---- leader.c ---- */

void leader_become(struct raft *core);
void leader_settle(struct raft *core);
/* True once an entry of this term is committed: what was committed before is known. */
bool leader_is_settled(const struct raft *core);

/* ---- progress.c ---- */

void progress_reset(struct raft *core); /* for a new leader */
/* The list in effect has changed. */
void progress_follow_list(struct raft *core);
struct progress *progress_find(struct raft *core, struct raft_id id);
void progress_reply(struct raft *core, const struct raft_message *message);
void progress_fetched(struct raft *core, const struct raft_fetched *fetched);
void progress_pump(struct raft *core, struct progress *peer);
void progress_begin_probe(struct raft *core, struct progress *peer, uint64_t next);
bool progress_is_heard(const struct raft *core, const struct progress *peer);
/* A learner; and it has not fallen behind since. */
bool progress_is_caught_up(const struct raft *core, const struct progress *peer);
/* The highest value that a majority of voters reaches; a progress field by its offset. */
uint64_t progress_quorum(const struct raft *core, size_t field_offset);

/* ---- chunks.c ---- */

void chunks_begin(struct raft *core, struct progress *peer);
void chunks_pump(struct raft *core, struct progress *peer);
/* The peer answered the append of that number. */
void chunks_heard(struct raft *core, struct progress *peer, uint64_t number);
void chunks_fetched(struct raft *core, const struct raft_chunk_fetched *fetched);
void chunks_reply(struct raft *core, const struct raft_message *message);
void chunks_received(struct raft *core, const struct raft_message *message);
void chunks_stored(struct raft *core, uint64_t index, uint64_t offset);
void chunks_installed(struct raft *core, const struct raft_installed *installed);

/* ---- lease.c ---- */

/* 0: none. */
uint64_t lease_until_ms(const struct raft *core);
bool lease_holds(const struct raft *core);

/* ---- read.c ---- */

void read_asked(struct raft *core);
void read_received(struct raft *core, const struct raft_message *message);
void read_reply(struct raft *core, const struct raft_message *message);
void read_leader_began(struct raft *core);
void read_settle(struct raft *core);

/* ---- membership.c ---- */

void membership_change(struct raft *core, const struct raft_change *change);
void membership_join(struct raft *core, const struct raft_message *message);
void membership_settle(struct raft *core);
bool membership_change_runs(const struct raft *core);

/* ---- transfer.c ---- */

void transfer_asked(struct raft *core, struct raft_id target);
void transfer_settle(struct raft *core);

/* ---- forming.c ---- */

void forming_init(struct raft *core);
/* FNV-1a, of a whole address: those of several are summed, so that their order does not matter. */
uint64_t forming_hash(const char *address);
/* Who is there?  `to` may be none; keeps `address`. */
void forming_ask(struct raft *core, struct raft_id to, const char *address);
/* When the question was asked that is answered; NEVER: not in this life. */
uint64_t forming_asked_ms(const struct raft *core, const struct raft_answer_message *answer);
void forming_asked(struct raft *core, const struct raft_message *message);
void forming_answered(struct raft *core, const struct raft_message *message);
void forming_join_reply(struct raft *core, const struct raft_message *message);
void forming_form(struct raft *core);
void forming_settle(struct raft *core);

/* ---- quorum.c ---- */

/* The highest value that more than half of them reach; 0 of none.  Sorts. */
uint64_t quorum_value(uint64_t *values, size_t count);

/* ---- raft.c ---- */

/* Nothing was ever written here. */
static inline bool core_is_empty(const struct raft *core)
{
	return core->log.last == 0 && core->log.list_count == 0;
}

/* Among the first `count` that are configured or, behind those, allowed. */
static inline bool core_has_address(const struct raft *core, size_t count, const char *address)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(core->addresses[i], address) == 0)
			return true;
	return false;
}

/* The list in effect; NULL: none. */
static inline const struct raft_members *core_members(const struct raft *core)
{
	const struct raft_list *list = log_list(&core->log);

	return list == NULL ? NULL : &list->members;
}

static inline const struct raft_member *core_member(const struct raft *core, struct raft_id id)
{
	const struct raft_members *members = core_members(core);

	return members == NULL ? NULL : raft_member_by_id(members, id);
}

static inline bool core_is_voter(const struct raft *core, struct raft_id id)
{
	const struct raft_member *member = core_member(core, id);

	return member != NULL && member->is_voter;
}

/* The newest list that is known to have been committed and has this master; NULL: it was never a
 * member, as far as is known here.  Who votes, or has its removal in its log, was one before. */
static inline const struct raft_list *core_seat(const struct raft *core)
{
	const struct log *log = &core->log;
	struct raft_id self = core->options.self;
	const struct raft_list *seat = log_seat(log, self, log->commit);

	if (seat == NULL && (core_is_voter(core, self) || log_was_taken_out(log, self, log->last)))
		seat = log_seat(log, self, log->last);
	return seat;
}

/* The only member, not even a learner beside it. */
static inline bool core_is_alone(const struct raft *core)
{
	return core_is_voter(core, core->options.self) && core_members(core)->count == 1;
}

#endif
