/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of worker/. */
#ifndef HOLDFAST_WORKER_WORKER_PRIVATE_H
#define HOLDFAST_WORKER_WORKER_PRIVATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "proto/datanode.pb-c.h"
#include "worker/block_store.h"
#include "worker/worker.h"

struct master_link;
struct worker_ipc;

struct worker {
	uint32_t magic;
	struct io *io;
	struct worker_options options; /* strings and arrays stay the caller's, for life */
	struct block_store *store;
	struct io_listener *listener;
	struct worker_ipc *ipc;
	struct io_thread **disks;
	size_t disk_count;
	size_t next_disk;
	struct list transfers; /* open connections */
	size_t transfer_count;
	size_t deletion_count; /* under way */
	struct master_link **links;
	size_t link_count;
	const struct master_link *active; /* whose orders are obeyed; NULL: nobody's yet */
	uint64_t active_txid;
	struct io_timer lost;
	unsigned unheard; /* looks since a master answered a heartbeat */
};

/* The disk thread for the next transfer or deletion. */
struct io_thread *worker_disk(struct worker *worker);
/* A replica came or went: told to every master. */
void worker_tell(struct worker *worker, const struct stored_block *block,
                 Datanode__ReceivedDeletedBlockInfo__Status event);
/* Forgets replicas, deletes their files, and tells the masters. */
void worker_delete(struct worker *worker, const struct stored_block *block);
/* A master has answered a heartbeat. */
void worker_heard(struct worker *worker);
/* Whether orders of this master count: the ACTIVE that says the greatest txid is obeyed. */
bool worker_obeys(struct worker *worker, const struct master_link *link, bool is_active,
                  uint64_t txid);

/* ---- transfers ---- */

/* Takes the connection. */
void transfer_accept(struct worker *worker, struct io_conn *conn);
struct transfer;
void transfer_close(struct transfer *transfer);
/* Those with a job end when it is done. */
void transfer_close_all(struct worker *worker);
/* Whether a client that is connected writes this block. */
bool transfer_writes(const struct worker *worker, uint64_t block_id);

/* ---- masters ---- */

int master_link_create(struct worker *worker, const struct client_address *address,
                       struct master_link **ret_link);
void master_link_destroy(struct master_link *link); /* NULL is fine */
void master_link_tell(struct master_link *link, const struct stored_block *block,
                      Datanode__ReceivedDeletedBlockInfo__Status event);

/* ---- ClientDatanodeProtocol ---- */

int worker_ipc_create(struct worker *worker, struct worker_ipc **ret_ipc);
uint16_t worker_ipc_port(const struct worker_ipc *ipc);
void worker_ipc_destroy(struct worker_ipc *ipc); /* NULL is fine */

#endif
