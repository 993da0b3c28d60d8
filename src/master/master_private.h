/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insides of the master, shared by its files.
 *
 *   master.c      life, questions
 *   roles.c       the role and its moves
 *   machine.c     what the journal drives: apply, save, load
 *   write.c       the way of a write: admit, judge, propose, answer
 *   gate.c        conditions on soft state, before a write is proposed
 *   limits.c      memory and the retry table
 *   read.c        reads
 *   standby.c     calls at a master that is not primary: which is the primary, and does it live
 *   patience.c    for how long the journal's word is waited for
 *   proposal.c    what the master proposes by itself: ticker.c, reclaim.c, leases.c use it
 *   safe_mode.c   both safe modes
 */
#ifndef HOLDFAST_MASTER_PRIVATE_H
#define HOLDFAST_MASTER_PRIVATE_H

#include "base/buf.h"
#include "master/age.h"
#include "master/in_flight.h"
#include "master/leases.h"
#include "master/master.h"
#include "master/proposal.h"
#include "master/workers_private.h"

enum { MASTER_MAGIC = 0x4d415354 };

/* Forgets retry rows; see ticker.c. */
struct ticker {
	struct proposal proposal;
	struct io_timer timer;
	uint64_t at_most_once_line_ms; /* last lines proposed: they never go back */
	uint64_t others_line_ms;
	bool is_short;   /* rows are forgotten early: the table is at its limit */
	bool is_hurried; /* calls wait for the next tick */
};

/* Gives back detached trees, step by step. */
struct reclaim {
	struct proposal proposal;
	struct io_timer again;
	uint64_t left; /* inodes in detached trees, as the last entry said */
};

struct start_mode {
	bool is_on;
	uint64_t began_us;
	uint64_t scans; /* of all blocks, before it began */
	struct io_timer timer;
};

/* Asks again and again for the primary's word while calls are held. */
struct probe {
	struct proof_wait proof;
	struct io_timer timer;
	uint64_t puts;    /* into the hold, before it asked */
	uint64_t next_us; /* not before */
	bool is_running;
};

/* Looks again and again after calls that wait for the journal's word. */
struct patience {
	struct io_timer timer;
	uint64_t ticks; /* ever */
};

struct master {
	uint32_t magic;
	struct master_options options;
	struct io *io;
	uint64_t seed;           /* of tables whose keys outsiders choose */
	struct journal *journal; /* NULL: not open */
	struct namespace *ns;
	struct namespace *loading; /* NULL: none; master->ns is empty meanwhile */
	struct list retired;       /* namespaces that were replaced and are still held */
	struct io_timer retired_timer;
	struct workers *workers;
	struct leases *leases;

	enum master_role role;
	uint64_t role_since_us;
	uint64_t promoted_us;
	struct age age;
	bool has_replayed;   /* the start's replay is over */
	uint64_t applied_us; /* io_now_us of the last apply of a command */
	struct master_promotion promotion;
	struct proposal noop;
	struct io_timer noop_again; /* there was no memory for it */

	struct hold hold;
	struct probe probe;
	struct proofs proofs;
	struct in_flight in_flight;
	struct patience patience;
	size_t in_journal;    /* appended, without the journal's word */
	struct list waiting;  /* writes that wait for replicas */
	struct list for_room; /* writes that wait for room in the journal's pipe */
	struct list finished; /* writes whose done() is due */
	struct io_hook finished_hook;
	bool has_clocks; /* the two below were read in this turn */
	struct io_hook clocks_hook;
	uint64_t turn_wall_ms;
	uint64_t turn_us;
	bool has_no_space; /* said in the log */

	struct buf payload;   /* of the write being proposed */
	struct arena scratch; /* of one entry being applied, or one question being asked */
	struct arena texts;   /* of the read being refused */
	struct ticker ticker;
	struct reclaim reclaim;
	struct start_mode start_mode;
	bool is_memory_short;
	uint64_t memory_looked_us;

	bool is_closing;
	struct journal_change handover; /* before it closes */
	void (*on_closed)(void *context);
	void *closed_context;
};

static inline bool master_takes_calls(const struct master *master)
{
	return master->role == MASTER_PRIMARY && !master->is_closing;
}

/* ---- write.c ---- */

/* From the beginning: look-up, check, proposal. */
void write_admit(struct master_write *write);
/* Again from the look-up on; the write is in flight already. */
void write_judge(struct master_write *write, bool is_proved);
/* Appends it as it is; 0, or why not. */
int write_append(struct master_write *write);
/* The journal's word on a write that a caller handed in. */
void write_journal_done(struct journal_append *append, enum journal_outcome outcome);
/* rc and a text become the answer. */
void write_refusal(struct master_write *write, int rc, struct str message);
/* Strings of the result's status point into the namespace: keeps copies of them. */
void write_keep_status(struct master_write *write);
/* Room in the journal's pipe again. */
void writes_room(struct master *master);
void writes_init(struct master *master);
/* Runs done() of those whose answer is ready. */
void writes_finish(struct master *master);
/* All that wait for soft state or room are judged again: the role changed. */
void writes_wake(struct master *master);

/* ---- gate.c ---- */

enum gate {
	GATE_OPEN, /* propose it */
	GATE_WAIT, /* parked; judged again later */
	GATE_SHUT  /* write->result is the answer */
};
enum gate gate_replicas(struct master_write *write);
/* From when it waits for replicas, also behind another that does. */
void gate_count_time(struct master_write *write);
enum gate gate_placement(struct master_write *write);
/* A repeat of add_block: GATE_WAIT until a worker is known that was chosen the first time. */
enum gate gate_chosen(struct master_write *write);
/* The file belongs to another writer: GATE_WAIT when that one's lease is being ended. */
enum gate gate_lease(struct master_write *write);

/* ---- limits.c ---- */

/* True: write->result is the refusal. */
bool limits_refuse_growth(struct master_write *write);
bool limits_retry_table_full(const struct master *master);

/* ---- standby.c ---- */

void standby_init(struct master *master);
void standby_finish(struct master *master);
/* The journal follows: another master may be primary, and can be asked. */
bool standby_follows(const struct master *master);
/* Holds a call until a primary is heard of.  False: no room, or it was held for long enough. */
bool standby_hold(struct master *master, struct held *held, size_t bytes);
/* The journal's phase or the role has changed. */
void standby_look(struct master *master);
/* Says in one line why this call is no longer held, or never was. */
struct str hold_text(struct master *master, const struct held *held, struct arena *arena);

/* ---- patience.c ---- */

void patience_init(struct master *master);
void patience_finish(struct master *master);
/* Primacy is lost, and what is in the journal may be there for ever. */
void patience_look(struct master *master);

/* ---- what the master does by itself ---- */

void ticker_init(struct master *master);
void ticker_finish(struct master *master);
void ticker_promoted(struct master *master);
void ticker_demoted(struct master *master);
/* Rows may have come. */
void ticker_applied(struct master *master);
/* The table is at its limit: forgets what may be forgotten now. */
void ticker_hurry(struct master *master);

void reclaim_init(struct master *master);
void reclaim_finish(struct master *master);
void reclaim_promoted(struct master *master);
void reclaim_demoted(struct master *master);
void reclaim_applied(struct master *master, uint64_t left_to_reclaim);

struct leases *leases_create(struct master *master); /* NULL: out of memory */
void leases_destroy(struct leases *leases);          /* NULL is fine */
void leases_promoted(struct leases *leases);
void leases_demoted(struct leases *leases);
/* The holder has a lease from now on. */
void leases_taken(struct leases *leases, struct str holder);
/* Proposes to end this lease; done(context) when it is decided, however.  < 0: not begun, for one
 * -ERR_AGAIN when the file cannot be closed as it is. */
int leases_expire(struct leases *leases, const struct ns_lease *lease, void (*done)(void *context),
                  void *context);

void safe_mode_init(struct master *master);
void safe_mode_finish(struct master *master);
void safe_mode_promoted(struct master *master);
void safe_mode_demoted(struct master *master);
/* True: write->result is the refusal. */
bool safe_mode_refuse(struct master_write *write);

void machine_init(struct master *master);
void machine_finish(struct master *master);
struct state_machine machine_of(struct master *master);

#endif
