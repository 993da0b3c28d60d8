/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insides of workers, shared by its files, and what the master does with it.
 *
 *   workers.c        the table of workers, registration, liveness
 *   worker_stores.c  stores of one worker
 *   heartbeats.c     figures of workers and stores, orders
 *   reports.c        full and incremental reports
 *   replicas.c       what is believed of a replica, and where it is kept
 *   locate.c         where blocks are, counting and waiting for replicas
 *   placement.c      where new blocks go
 *   scan.c           the walk over all locations: counts, traces of retired numbers, second looks
 */
#ifndef HOLDFAST_MASTER_WORKERS_PRIVATE_H
#define HOLDFAST_MASTER_WORKERS_PRIVATE_H

#include "base/list.h"
#include "base/random.h"
#include "master/aside.h"
#include "master/locations.h"
#include "master/stores.h"
#include "master/workers.h"
#include "namespace/namespace.h"

enum {
	WORKERS_MAGIC = 0x574f524b,
	WORKER_BUCKETS = 4096,
	WAIT_BUCKETS = 256,
	REPORT_LEASES_MAX = 6,          /* full reports asked for at once */
	DELETIONS_MAX = 4 * 1000 * 1000 /* queued over all stores: 64 MB */
};

struct worker {
	struct list bucket; /* by uuid */
	size_t place;       /* in workers.all */
	struct worker_info info;
	char *names[4];               /* what info.identity points to */
	struct store **stores;        /* parallel to figures */
	struct worker_store *figures; /* what info.stores points to */
	size_t store_count;
	size_t next_store;           /* whose deletions are sent next */
	struct full_report *report;  /* being taken; NULL: none */
	uint64_t round;              /* of full reports */
	uint64_t placed_bytes;       /* on new blocks since its last heartbeat, until they come */
	uint64_t placed_count;       /* of these blocks */
	uint64_t received_bytes;     /* of blocks that came since its last heartbeat */
	bool owes_report;            /* what it said was lost, or judged by another namespace */
	uint64_t asked_us;           /* when a full report was last asked for */
	enum worker_liveness logged; /* what the log knows */
};

struct report_lease {
	struct worker *worker; /* NULL: free */
	uint64_t id;
	uint64_t due_us;
};

/* Counts of one scan. */
struct scan_counts {
	uint64_t complete; /* blocks when it began */
	uint64_t located;  /* of them, and of those completed meanwhile */
	uint64_t missing;
	uint64_t under_replicated;
	uint64_t corrupt;
	uint64_t waiting;
};

struct scan {
	enum { SCAN_IDLE, SCAN_LOCATIONS, SCAN_ASIDE } phase;
	uint32_t step; /* of the walk over aside */
	uint64_t spent_us;
	bool is_due;     /* something changed since the last one began */
	bool is_hurried; /* somebody waits for the counts */
	struct scan_counts counts;
	struct io_timer timer;
};

struct workers {
	uint32_t magic;
	struct io *io;
	struct namespace *ns; /* NULL: being loaded */
	uint64_t stale_us;
	uint64_t dead_us;
	uint64_t seed; /* of the buckets: uuids are the workers' choice */
	struct random random;
	struct worker **all; /* in order of registration */
	size_t count;
	size_t capacity;
	struct list buckets[WORKER_BUCKETS];
	struct store_numbers numbers;
	struct locations *locations;
	struct aside *aside;
	uint64_t deletion_count; /* queued over all stores */
	bool is_primary;
	bool sends_deletions;
	struct report_lease leases[REPORT_LEASES_MAX];
	uint64_t last_lease_id;
	struct list waits[WAIT_BUCKETS]; /* struct replica_wait by block id */
	struct list reached;             /* waits whose done() is due */
	struct io_hook reached_hook;
	struct scan scan;
	struct scan_counts counts; /* of the last whole scan */
	uint64_t scans;            /* whole ones */
	struct io_timer liveness_timer;
};

/* ---- for the master ---- */

struct workers_options {
	struct io *io;
	uint64_t stale_ms;
	uint64_t dead_ms;
};
struct workers *workers_create(const struct workers_options *options); /* NULL: out of memory */
void workers_destroy(struct workers *workers);
/* The namespace that replicas are judged by; NULL while one is loaded: reports are refused, and
 * what the one before said of replicas is not believed any more: orders to delete are dropped, and
 * every worker is asked for a full report. */
void workers_set_namespace(struct workers *workers, struct namespace *ns);
/* A new primary trusts no store to be complete before its next full report. */
void workers_set_primary(struct workers *workers, bool is_primary);
/* Deletions go out; false at first. */
void workers_send_deletions(struct workers *workers, bool sends);
/* Blocks that no file has any more (ns_result.gone). */
void workers_blocks_gone(struct workers *workers, const struct block *blocks, size_t count);
uint64_t workers_complete_blocks(const struct workers *workers);
/* A block may have become complete: what was reported early is a location now. */
void workers_block_settled(struct workers *workers, uint64_t block_id);
/* Something that changes the counts: another wanted replication, for one. */
void workers_recount(struct workers *workers);
/* Somebody waits for the counts: a scan that is due takes up to half of the time. */
void workers_hurry(struct workers *workers);
uint64_t workers_scans(const struct workers *workers); /* that have ended */

/* ---- among its files ---- */

bool worker_is_name(struct str name);
struct worker *worker_find(struct workers *workers, struct str uuid);
/* What others see, brought up to date. */
const struct worker_info *worker_show(struct workers *workers, struct worker *worker);
enum worker_liveness worker_liveness(const struct workers *workers, const struct worker *worker);
/* Finds or makes it. */
int worker_store(struct workers *workers, struct worker *worker, struct str uuid,
                 uint8_t storage_type, struct store **ret_store);
void store_drop_deletions(struct workers *workers, struct store *store);
void worker_lost_report(struct worker *worker);
/* A replica has come: it takes its own length now, no more the room of a whole block. */
void worker_received(struct worker *worker, uint64_t length);
void report_orphan(struct full_report *report);
void report_lease_drop(struct workers *workers, const struct worker *worker);

enum replica_fit {
	REPLICA_FITS,
	REPLICA_OPEN,   /* its block is being written, or it is; wait */
	REPLICA_UNSEEN, /* of a block or stamp beyond what is applied */
	REPLICA_GONE,   /* no file has its block */
	REPLICA_WRONG
};
enum replica_fit replica_fit(const struct workers *workers, const struct replica *replica);
/* Files it where it belongs, under the store's newest number. */
void replica_learned(struct workers *workers, struct store *store, const struct replica *replica);
void replica_forgotten(struct workers *workers, struct store *store, const struct block *block);
void replica_to_delete(struct workers *workers, struct store *store, const struct block *block);
/* The store of a number if its replicas count: known, not failed, its worker not dead. */
struct store *live_store(const struct workers *workers, uint32_t number);
/* Tells those who wait for replicas of this block. */
void replica_waits_look(struct workers *workers, uint64_t block_id);
void replica_waits_init(struct workers *workers);

void scan_init(struct workers *workers);
void scan_finish(struct workers *workers);

#endif
