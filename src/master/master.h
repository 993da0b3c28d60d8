/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master: roles, admission, proposing, fresh reads, leases, workers and where blocks are.
 *
 *   client > io > rpc > service > MASTER > journal > namespace > service > rpc > client
 *
 * Admit, log, apply.  A write is looked up in the retry table and among the calls in flight, then
 * checked against the applied state (ns_check); what fails there is answered as a read is and never
 * reaches the journal.  What passes is appended; when it is committed it is applied, and the result
 * of apply is the reply.  A read waits for a proof of primacy that began after it arrived, and is
 * answered in the same turn in which the proof was reached.
 *
 * Any master may be asked.  A standby's proof is a round with the primary: after it a standby
 * answers reads itself, and of writes says where the primary is, or what the first answer was if
 * they are repeats.  While no primary answers, calls are held.
 *
 * The master knows no wire: service/ and the simulator call it alike.  All calls on the loop
 * thread.
 */
#ifndef HOLDFAST_MASTER_MASTER_H
#define HOLDFAST_MASTER_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/str.h"
#include "format/command.h"
#include "io/io.h"
#include "journal/journal.h"
#include "master/hold.h"
#include "master/proofs.h"
#include "master/workers.h"
#include "namespace/namespace.h"

struct leases;
struct master;

enum master_role {
	MASTER_STANDBY, /* a start, too: loading and replaying */
	MASTER_PROMOTING,
	MASTER_PRIMARY,
	MASTER_STEPPING_DOWN,
};
const char *master_role_name(enum master_role role);

/* How a master last became primary. */
struct master_promotion {
	uint64_t at_wall_ms; /* 0: never */
	uint64_t epoch;
	uint64_t unheard_us;   /* from the last word of the primary before until this one led; all
	                          ones: never heard of one */
	uint64_t promotion_us; /* from there until calls were served */
};

struct master_options {
	struct io *io;
	const char *folder;             /* of the journal */
	struct journal_options journal; /* folder, machine, callbacks are filled by the master */
	struct ns_limits limits;
	uint64_t retry_at_most_once_ms; /* dfs.namenode.retrycache.expirytime.millis; 600 s */
	uint64_t retry_others_ms;       /* 60 s */
	uint64_t retry_rows_max;        /* memory limit of the table */
	uint64_t memory_bytes_max;      /* of the namespace: there growth is refused; 0: none */
	uint64_t lease_soft_ms;         /* 60 s */
	uint64_t lease_hard_ms;         /* 20 min */
	uint64_t worker_stale_ms;       /* dfs.namenode.stale.datanode.interval; 30 s */
	uint64_t worker_dead_ms;        /* 630 s, or alluxio's worker timeout */
	uint16_t replication_min;       /* of a block that counts as written; 1 */
	uint64_t hold_ms;               /* how long a call is held while no primary answers */
	size_t hold_calls_max;
	size_t hold_bytes_max;
	uint64_t replica_wait_ms;        /* complete, add_block: how long they wait for reports */
	uint64_t workers_come_ms;        /* add_block: how long after its promotion a primary waits
	                                    for workers that have room */
	uint64_t startup_safe_mode_ms;   /* at most, unless HDFS's way */
	bool startup_safe_mode_readonly; /* HDFS's way */
	void *context;
	void (*on_role)(void *context, enum master_role role);
	/* The start failed, with a text for the operator. */
	void (*on_failure)(void *context, int rc, const char *text);
};

/* -ERR_ABSENT, -ERR_IN_USE, ...: *ret_text (mem_free) says what to do. */
int master_create(const struct master_options *options, struct master **ret_master,
                  char **ret_text);
/* A primary first hands over to another master, if there is one; then what is in flight is
 * finished, then on_closed (not NULL); destroy after that. */
void master_close(struct master *master, void (*on_closed)(void *context), void *context);
void master_destroy(struct master *master);

enum master_role master_role(const struct master *master);
/* For queries inside a read's turn, and for status pages.  Never changed through this. */
struct namespace *master_namespace(struct master *master);
struct journal *master_journal(struct master *master);
struct workers *master_workers(struct master *master);
struct leases *master_leases(struct master *master);
uint64_t master_applied(const struct master *master);
/* Where clients reach the primary, as far as this master knows; false: not known, or it is this
 * one. */
bool master_find_primary(const struct master *master,
                         char ret_address[JOURNAL_ADDRESS_BYTES_MAX + 1]);
const struct master_promotion *master_last_promotion(const struct master *master);
/* Calls held now, and their bytes. */
void master_held(const struct master *master, size_t *ret_calls, size_t *ret_bytes);
/* A proof, begun now, that this master is primary: reached() runs once, perhaps in this call. */
struct primacy_wait {
	void (*reached)(struct primacy_wait *wait, int rc); /* 0, -ERR_STANDBY */
	struct master *master;                              /* private */
	struct proof_wait proof;
};
void master_prove(struct master *master, struct primacy_wait *wait);
/* What a standby answers instead of what only the primary may do; `category` is HDFS's word, READ
 * or WRITE. */
struct str master_standby_text(const struct master *master, const char *category,
                               struct arena *arena);
/* Seconds since promotion and epoch, as heartbeats carry them (design: epoch x 2^24 + seconds). */
uint64_t master_heartbeat_txid(const struct master *master);

/* ---- writes ----
 *
 * complete and add_block wait here, up to replica_wait_ms, until the blocks they need were
 * reported by replication_min workers; then complete answers false and add_block
 * -ERR_NOT_REPLICATED_YET, and nothing is in the journal.  After a start add_block waits for
 * workers too, as long as workers_come_ms says.
 */

/* Embedded in the caller's struct; the caller's again when done() runs, exactly once, and never
 * inside master_write().  -ERR_STANDBY: another master is primary, and lived after the call
 * arrived; surely in no journal by this master's doing. */
struct master_write {
	/* in: kind, caller's ids and fields; strings stay valid until done().  user, groups, flags
	 * are the caller's; times are filled by the master. */
	struct command command;
	struct arena *arena; /* results are allocated here */
	/* add_block: where the block may go; the master fills command.add_block.workers just before
	 * proposing.  Valid until done(). */
	const struct placement *placement;
	/* The caller sent it before: an earlier copy may come after this one was answered. */
	bool is_retried;
	/* NULL, or asked once more just before proposing: false drops a call whose caller left. */
	bool (*is_alive)(struct master_write *write);
	/* NULL, or: it may be in some journal, and nobody says so for too long.  The connection is
	 * to be closed; done() runs all the same, some time. */
	void (*hang_up)(struct master_write *write);
	void (*done)(struct master_write *write);
	/* out */
	struct ns_result result; /* rc, message, values */
	bool is_unknown;         /* may be in some journal: close the connection, give no answer;
	                            with -ERR_STANDBY it may be sent on under the same ids */
	uint64_t index;          /* that the answer saw */
	/* private */
	struct master *master;
	struct journal_append append;
	struct list node;      /* of the list it waits in */
	struct list in_flight; /* hash chain of calls in flight */
	struct list repeats;   /* repeats of this one that wait for it */
	struct held held;
	struct proof_wait proof;
	struct replica_wait replicas;
	uint64_t give_up_us;   /* waiting for replicas; 0: not yet */
	uint64_t waits_from;   /* tick of patience.c; 0: not yet */
	bool has_tried_expiry; /* of another client's lease on the file */
};
void master_write(struct master *master, struct master_write *write);

/* ---- reads ---- */

/* The embedded parts are the caller's again when ready() runs.  ready(read) runs when the namespace
 * may be queried for calls that arrived before this one was handed in: at once for a primary with a
 * proof, later otherwise; rc < 0: refused (text in message).  Query inside ready(); state may
 * change after it returns. */
struct master_read {
	void (*ready)(struct master_read *read, int rc);
	struct str message; /* when rc < 0; valid inside ready() */
	uint64_t index;     /* that the answer sees */
	/* private */
	struct master *master;
	struct proof_wait proof;
	struct held held;
};
void master_read(struct master *master, struct master_read *read);

/* ---- the rest of a call's needs are beside this file ---- */
/* workers.h:   registration, heartbeats, reports, locations, placement, deletions
 * leases.h:    renewals, soft and hard limits
 * safe_mode.h: the operator's and the start-up one */

#endif
