/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ceiling of the machine: a server that speaks Hadoop RPC, answers every call from memory and
 * knows nothing.  What it costs is what any server must pay: reading frames and their headers,
 * writing replies of the right size, and with a sync file one sync for all changes of a turn.
 */
#ifndef HOLDFAST_BENCH_ECHO_SERVER_H
#define HOLDFAST_BENCH_ECHO_SERVER_H

#include <stdint.h>

#include "bench/address.h"
#include "bench/canned.h"
#include "bench/sync_file.h"

struct echo_options {
	struct address address;
	uint32_t reply_bytes; /* of every reply; 0: a NameNode's replies */
	uint32_t wrong_every; /* every n-th reply is wrong; 0: none */
	struct canned_options canned;
};

struct echo;

/* Listens.  file NULL: nothing is durable.  Keeps both pointers.  What it holds when it fails goes
 * with the process. */
int echo_create(const struct echo_options *options, struct sync_file *file, struct echo **ret_echo);
/* Where it listens: what was asked for, or what the system chose for port 0. */
uint16_t echo_port(const struct echo *echo);
/* Serves until an error that is not a connection's. */
int echo_serve(struct echo *echo);

#endif
