/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker (HDFS: DataNode): stores blocks, serves them to clients, tells every master.
 *
 * One loop thread has all connections; reading and writing of replicas happens on disk threads.
 * A block is reported only when it is durable.  Speaks DataTransferProtocol to clients,
 * DatanodeProtocol to masters, and the part of ClientDatanodeProtocol that readers of open files
 * ask.
 */
#ifndef HOLDFAST_WORKER_WORKER_H
#define HOLDFAST_WORKER_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "client/client.h"
#include "io/io.h"

struct worker;

struct worker_options {
	struct io *io;
	const char *folder;        /* dfs.datanode.data.dir */
	const char *transfer_host; /* listens here; NULL: all addresses */
	uint16_t transfer_port;    /* 0: any */
	const char *ipc_host;
	uint16_t ipc_port;
	uint16_t info_port;                   /* only told */
	const struct client_address *masters; /* copied */
	size_t master_count;
	uint64_t heartbeat_ms;   /* dfs.heartbeat.interval */
	uint64_t report_ms;      /* dfs.blockreport.intervalMsec */
	uint64_t reserved_bytes; /* of the disk, left free */
	size_t transfers_max;    /* dfs.datanode.max.transfer.threads */
	size_t disk_threads;
	const char *version; /* softwareVersion */
	/* After lost_ms without an answer of any master to a heartbeat, once; 0: never. */
	uint64_t lost_ms;
	void (*on_lost)(void *context);
	void *context;
};

/* *ret_text (mem_free): what is wrong and what to do. */
int worker_create(const struct worker_options *options, struct worker **ret_worker,
                  char **ret_text);
uint16_t worker_transfer_port(const struct worker *worker);
/* Stops at once; transfers under way are cut. */
void worker_destroy(struct worker *worker); /* NULL is fine */

#endif
