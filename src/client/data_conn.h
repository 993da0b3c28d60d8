/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a worker's transfer port, for one operation at a time.  Inside of client/.
 *
 * data_conn_wait() turns the loop until bytes came in, the connection ended, or nothing moved for
 * the time-out.  Bytes are taken from data_conn_input() with data_conn_consume(); reading pauses
 * while too many lie there.
 */
#ifndef HOLDFAST_CLIENT_DATA_CONN_H
#define HOLDFAST_CLIENT_DATA_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/cursor.h"
#include "client/client.h"
#include "wire/blocks.h"
#include "wire/datatransfer.h"

struct data_conn {
	struct client *client;
	struct io_conn *conn;
	struct buf in;
	size_t in_at; /* consumed so far */
	int rc;       /* why it ended; 0: open */
	bool is_connected;
	bool is_paused;
	char worker[96]; /* "address:port" for texts */
};

/* Connects; on failure client_failure() names the worker. */
MUST_USE int data_conn_open(struct client *client, const struct wire_datanode *worker,
                            struct data_conn *dc);
void data_conn_close(struct data_conn *dc);
/* 0: bytes came or went; the caller looks again.  < 0: ended or timed out. */
MUST_USE int data_conn_wait(struct data_conn *dc);
void data_conn_write(struct data_conn *dc, const struct str *pieces, size_t count);
struct cursor data_conn_input(const struct data_conn *dc);
/* The input was read up to here. */
void data_conn_consume(struct data_conn *dc, const struct cursor *cursor);

/* Sends an operation and waits for its reply; a refusal is -ERR_IO with the worker's text. */
MUST_USE int data_conn_operate(struct data_conn *dc, enum wire_opcode opcode,
                               const ProtobufCMessage *message, struct arena *arena,
                               Transfer__BlockOpResponse **ret_reply);

#endif
