/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers (HDFS: DataNodes) and where blocks are.  Soft state: nothing here is in the journal.
 *
 * Every worker talks to every master, in every role, so that a new primary knows the locations at
 * once.  A worker registers, brings a full report of each of its stores (volumes), and then sends
 * heartbeats and changes.  A location is the number of a store, four bytes a replica (locations.h).
 *
 * What is believed.  A replica is a location only when it fits the block as applied here: same
 * stamp, and the same length once the block is complete.  Ids and stamps that are beyond what was
 * applied wait (bounded) and are looked at again after apply; past the bound the worker is asked
 * for a new full report.  Replicas that do not fit are kept aside and judged by the primary alone.
 * A replica whose block is gone is queued for deletion; only a primary out of its start-up safe
 * mode sends such orders, each of them once.
 *
 * Order: the calls of one worker are handed in as they came, one at a time; a full report may be
 * handed in in slices over several turns, and changes of that worker wait until it has ended.
 *
 * Time is elapsed time (io_now_us); the wall clock is kept only to be shown.
 * Errors: negative codes; the caller makes the text.  Strings handed in are borrowed for the call;
 * pointers to struct worker_info are valid until the next call that changes workers.
 * Source of behaviour: HDFS DatanodeProtocol, BlockManager, DatanodeManager.
 */
#ifndef HOLDFAST_MASTER_WORKERS_H
#define HOLDFAST_MASTER_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/str.h"
#include "format/command.h"
#include "io/io.h"

struct workers;

enum {
	WORKERS_MAX = 16384,          /* remembered; past it the longest dead are forgotten */
	WORKER_STORES_MAX = 256,      /* volumes of one worker */
	WORKER_NAME_BYTES_MAX = 256,  /* uuid, address, host, version, store uuid */
	WORKER_LOCATIONS_MAX = 64,    /* replicas of one block that are handed out */
	WORKER_PLACEMENTS_MAX = 64,   /* workers chosen for one block */
	WORKER_DELETIONS_BATCH = 1000 /* deletions in one heartbeat's answer */
};

/* ---- what is known of a worker ---- */

enum worker_liveness {
	WORKER_LIVE = 1 << 0,
	WORKER_STALE = 1 << 1, /* no heartbeat for worker_stale_ms: read from and written to last */
	WORKER_DEAD = 1 << 2,  /* none for worker_dead_ms: its replicas do not count */
	WORKER_ANY = WORKER_LIVE | WORKER_STALE | WORKER_DEAD
};

struct worker_identity {
	struct str uuid;
	struct str address; /* as seen by the socket */
	struct str host;    /* as the worker calls itself */
	struct str version;
	uint16_t transfer_port;
	uint16_t info_port;
	uint16_t info_secure_port;
	uint16_t ipc_port;
};

/* A store as a heartbeat describes it; bytes. */
struct worker_store {
	struct str uuid;
	uint8_t storage_type; /* StorageTypeProto: 1 DISK */
	bool is_failed;
	uint64_t capacity;
	uint64_t used; /* by HDFS, all pools */
	uint64_t remaining;
	uint64_t pool_used; /* by this block pool */
	uint64_t other_used;
};

struct worker_info {
	struct worker_identity identity;
	enum worker_liveness liveness; /* as of the call that returned this */
	bool is_reported;              /* every store has brought a full report */
	const struct worker_store *stores;
	size_t store_count;
	uint64_t capacity; /* sums over stores, bytes */
	uint64_t used;
	uint64_t remaining;
	uint64_t pool_used;
	uint64_t other_used;
	uint64_t blocks; /* replicas that are locations, as of the last scan */
	uint32_t transfers;
	uint32_t xceivers;
	uint32_t failed_volumes;
	uint64_t last_heartbeat_us; /* io_now_us */
	uint64_t last_heartbeat_wall_ms;
	uint64_t last_report_us; /* 0: none yet */
	uint64_t last_report_wall_ms;
};

/* NULL: not known. */
const struct worker_info *workers_find(struct workers *workers, struct str uuid);
/* Those whose liveness is in `mask`, in order of registration; false from `each` stops. */
void workers_each(struct workers *workers, unsigned mask,
                  bool (*each)(void *context, const struct worker_info *worker), void *context);

struct workers_totals {
	uint64_t location_bytes; /* memory for where replicas are */
	uint64_t capacity; /* live and stale workers, bytes; never 0, for clients divide by it */
	uint64_t used;
	uint64_t remaining;
	uint64_t pool_used;
	uint64_t other_used;
	uint32_t live; /* stale ones not included */
	uint32_t stale;
	uint32_t dead;
	uint32_t xceivers;
	/* As of the last scan of all blocks, which follows every change within seconds. */
	uint64_t located;           /* blocks with a live location */
	uint64_t missing;           /* complete blocks without one */
	uint64_t unlocated;         /* the same, and those that were completed since */
	uint64_t under_replicated;  /* fewer live locations than wanted, but some */
	uint64_t corrupt;           /* blocks with a replica that does not fit */
	uint64_t pending_deletions; /* orders not sent yet */
	uint64_t waiting_reports;   /* about blocks not seen yet */
};
void workers_totals(struct workers *workers, struct workers_totals *ret_totals);

/* ---- what workers say ---- */

/* A known uuid registers again: its address may change, and a full report is due.  Another worker
 * at the same address and port is forgotten.  -ERR_ILLEGAL_ARGUMENT: empty or overlong name;
 * -ERR_TOO_LARGE: WORKERS_MAX. */
int workers_register(struct workers *workers, const struct worker_identity *identity);

struct worker_beat {
	struct str uuid;
	const struct worker_store *stores;
	size_t store_count;
	uint32_t transfers;
	uint32_t xceivers;
	uint32_t failed_volumes;
	bool wants_report_lease; /* asks whether it may bring a full report */
	bool takes_no_orders;    /* primacy is not proved: deletions wait */
};

/* What to answer; a worker obeys only a master that claims ACTIVE (master_heartbeat_txid()). */
struct worker_orders {
	bool must_register;      /* RegisterCommand; a full report follows */
	uint64_t report_lease;   /* fullBlockReportLeaseId; 0: not now */
	struct block *deletions; /* INVALIDATE; in the arena */
	size_t deletion_count;
};
/* 0 for an unknown worker too, with must_register.  -ERR_ILLEGAL_ARGUMENT; -ERR_TOO_LARGE:
 * WORKER_STORES_MAX; -ERR_NO_MEMORY: arena. */
int workers_heartbeat(struct workers *workers, const struct worker_beat *beat, struct arena *arena,
                      struct worker_orders *ret_orders);

enum replica_state { /* ReplicaStateProto */
	             REPLICA_FINALIZED = 0,
	             REPLICA_BEING_WRITTEN = 1, /* RBW */
	             REPLICA_WAITING_RECOVERY = 2,
	             REPLICA_UNDER_RECOVERY = 3,
	             REPLICA_TEMPORARY = 4
};
struct replica {
	struct block block;
	enum replica_state state;
};

/* A full report of one store, in slices.  What the store held before and does not report is
 * forgotten when it ends; until then both are known. */
struct full_report;
/* -ERR_NOT_FOUND: the worker must register first; -ERR_BUSY: a report of this worker is open. */
int workers_report_begin(struct workers *workers, struct str worker_uuid, struct str store_uuid,
                         uint8_t storage_type, struct full_report **ret_report);
/* About 100 ns a replica: hand in a few thousand, then let others have a turn.  -ERR_CHANGED: the
 * worker has registered again or was forgotten; only abort is left. */
int workers_report_add(struct full_report *report, const struct replica *replicas, size_t count);
void workers_report_end(struct full_report *report);
void workers_report_abort(struct full_report *report); /* NULL is fine */
/* The last store's report has ended: stores that this round did not name hold nothing. */
void workers_report_all(struct workers *workers, struct str worker_uuid);

enum replica_event { /* ReceivedDeletedBlockInfoProto.BlockStatus */
	             REPLICA_RECEIVING = 1,
	             REPLICA_RECEIVED = 2,
	             REPLICA_DELETED = 3
};
struct replica_change {
	struct block block;
	enum replica_event event;
};
/* Incremental report.  -ERR_NOT_FOUND: must register; -ERR_BUSY: its full report is open. */
int workers_report_changes(struct workers *workers, struct str worker_uuid, struct str store_uuid,
                           uint8_t storage_type, const struct replica_change *changes,
                           size_t count);

/* A client or a worker found the replica bad: it is no location any more.  Ignored when no such
 * location is known. */
void workers_report_bad(struct workers *workers, struct str worker_uuid, const struct block *block);

/* ---- where blocks are ---- */

struct location {
	const struct worker_info *worker;
	struct str store_uuid;
	uint8_t storage_type;
};
/* Live locations of a block, nearest to the reader first: its own host, then others in an order
 * drawn for each call, stale ones last.  Dead ones are left out.  Returns how many. */
size_t workers_locate(struct workers *workers, const struct block *block, struct str reader_address,
                      struct location *ret_locations, size_t count_max);

/* Finalized replicas of this id and stamp on workers that are not dead. */
size_t workers_count_replicas(struct workers *workers, const struct block *block);

/* Waits for workers_count_replicas() to reach `count`.  done() runs once, in a later turn, with
 * whether it was reached; cancelled, it does not run. */
struct replica_wait {
	void (*done)(struct replica_wait *wait, bool is_reached);
	struct block block; /* in: id and stamp */
	size_t count;       /* in */
	/* private */
	struct workers *workers;
	struct list node;
	struct io_timer timer;
};
void workers_wait(struct workers *workers, struct replica_wait *wait, uint64_t timeout_us);
void workers_wait_cancel(struct replica_wait *wait);
/* Nobody waits any longer, as if the time were over. */
void workers_wait_end_all(struct workers *workers);

/* ---- where a new block goes ---- */

struct placement {
	struct str writer_address;
	const struct str *excluded; /* uuids */
	size_t excluded_count;
	const struct str *favored; /* "host:port" or uuids, tried first */
	size_t favored_count;
	bool is_not_local; /* AddBlockFlag NO_LOCAL_WRITE: not on the writer's own host */
};
/* Only the first 256 names of either list are looked at.
 * Chooses up to `count` different workers with room for a block of `block_size`: the writer's own
 * host first, then at random; stale ones only if nobody else is left.  Returns how many. */
size_t workers_place(struct workers *workers, const struct placement *placement,
                     uint64_t block_size, size_t count, const struct worker_info **ret_workers);

#endif
