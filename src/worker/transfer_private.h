/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client's connection to the transfer port.  Inside of worker/.
 *
 *   operation -> writing -> operation ...
 *             -> reading -> operation ...
 *             -> summing -> operation ...
 *
 * Disk work of a connection runs one job at a time; a connection that closes while a job runs is
 * freed when the job is done.
 */
#ifndef HOLDFAST_WORKER_TRANSFER_PRIVATE_H
#define HOLDFAST_WORKER_TRANSFER_PRIVATE_H

#include "base/arena.h"
#include "base/cursor.h"
#include "base/md5.h"
#include "proto/transfer.pb-c.h"
#include "wire/checksums.h"
#include "wire/datatransfer.h"
#include "worker/replica_file.h"
#include "worker/worker_private.h"

enum {
	TRANSFER_MAGIC = 0x68747266,
	TRANSFER_PENDING_BYTES_MAX = 4 << 20, /* received, not yet on its way to the disk */
	TRANSFER_PENDING_PACKETS_MAX = 4096,  /* ... some of which have no data */
	TRANSFER_QUEUED_BYTES_MAX = 1 << 20,  /* read, not yet taken by the client */
	TRANSFER_READ_BYTES = 512 << 10,      /* of data in one disk job */
	TRANSFER_ARENA_BYTES_MAX = 1 << 20,
};

enum transfer_phase { TRANSFER_OPERATION, TRANSFER_WRITING, TRANSFER_READING, TRANSFER_SUMMING };

/* A packet whose bytes stand in a buf: checksums, then data. */
struct packet_at {
	struct wire_packet packet;
	size_t at;
};

struct packets {
	struct buf bytes;
	struct packet_at *items;
	size_t count;
	size_t capacity;
};

struct write_state {
	struct replica_writer *writer;
	struct wire_checksum checksum;
	struct packets pending; /* the next job's */
	struct packets active;  /* the running job's */
	uint64_t received;      /* length of the data that was received */
	struct buf tail;        /* its last chunk, while that is not full */
	bool has_last;          /* the empty last packet was received */
	bool was_opened;        /* files exist */
};

struct read_state {
	struct replica_reader *reader;
	struct wire_checksum checksum;
	uint64_t at;  /* next byte to read; a multiple of chunk_bytes */
	uint64_t end; /* first byte not wanted, rounded up to a chunk or the block's end */
	int64_t seqno;
	bool send_checksums;
	bool was_opened;
	struct buf data; /* the running job's */
	struct buf checksums;
	struct md5 sum; /* while summing */
};

struct transfer {
	uint32_t magic;
	struct worker *worker;
	struct list node;
	struct io_conn *conn; /* NULL: closed, waits for its job */
	struct io_timer idle;
	enum transfer_phase phase;
	struct buf in;
	size_t in_at; /* consumed so far */
	bool is_paused;
	bool is_parsing; /* guards against parsing again from within */
	struct io_thread *disk;
	struct io_work work;
	bool has_job;
	int job_rc;
	struct stored_block block; /* of the operation */
	struct write_state write;
	struct read_state read;
};

/* Looks at what was received, as far as it goes. */
void transfer_parse(struct transfer *transfer);
struct cursor transfer_input(const struct transfer *transfer);
void transfer_consume(struct transfer *transfer, const struct cursor *cursor);
void transfer_send(struct transfer *transfer, const struct buf *buf);
void transfer_reply(struct transfer *transfer, Transfer__Status status, const char *text);
void transfer_submit(struct transfer *transfer, void (*run)(struct io_work *work),
                     void (*done)(struct io_work *work));
/* To be called first in done(): false if the transfer is gone. */
bool transfer_job_done(struct transfer *transfer);

/* Each returns false when the connection should be closed. */
bool transfer_begin_write(struct transfer *transfer, const Transfer__OpWriteBlock *op);
bool transfer_take_packets(struct transfer *transfer);
/* Whether as much waits for the disk as may. */
bool transfer_is_behind(const struct transfer *transfer);
void transfer_end_write(struct transfer *transfer);
bool transfer_begin_read(struct transfer *transfer, const Transfer__OpReadBlock *op);
void transfer_read_on(struct transfer *transfer);
bool transfer_begin_sum(struct transfer *transfer, const Transfer__OpBlockChecksum *op);
void transfer_end_read(struct transfer *transfer); /* and of a sum */

/* NULL: the block can be read from there. */
const char *transfer_reason_to_refuse(const struct worker *worker, const Hdfs__ExtendedBlock *asked,
                                      uint64_t offset);
/* For disk jobs, which leave in job_rc how it went: the next piece of whole chunks of the range. */
void transfer_open_replica(struct transfer *transfer);
void transfer_read_piece(struct transfer *transfer);

#endif
