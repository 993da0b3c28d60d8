/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libholdfast: finds the primary, retries, calls.  Speaks to any HDFS NameNode.
 *
 * For command-line tools: every function blocks its caller and turns the loop meanwhile, so timers
 * and other connections of the same io go on.  One thread.  Not to be called from a callback of the
 * same loop.
 *
 * Which master.  Addresses are tried in order; the one that answered last is asked first.
 * StandbyException and a connection that cannot be made lead to the next address, if there is one;
 * RetriableException, and a round without an answer, to a pause.  A call whose connection broke is
 * repeated under the same client id and call id, so a master runs it once; of several masters one
 * that does not answer is left after half a second already, later in later rounds.  patience_ms
 * bounds it all, 30 s what is not even accepted by somebody who is primary; addresses that all
 * refuse connections are given up after refused_ms.
 *
 * Errors: a negative code.  client_failure() has the exception's class and text, or ours.
 */
#ifndef HOLDFAST_CLIENT_CLIENT_H
#define HOLDFAST_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/str.h"
#include "io/io.h"

struct client;

struct client_address {
	const char *host;
	uint16_t port;
};

struct client_options {
	struct io *io;
	const struct client_address *addresses; /* of masters; copied */
	size_t address_count;                   /* at least one */
	const char *user;                       /* copied */
	unsigned connect_timeout_ms;            /* of one attempt */
	unsigned call_timeout_ms;               /* of one attempt, at most */
	unsigned patience_ms;                   /* of one call with all its attempts */
	unsigned refused_ms;                    /* while no address accepts a connection */
	/* May be NULL: a call is tried again, for so long at most, because of `why`. */
	void (*on_wait)(void *context, const char *method, struct str why, uint64_t left_s);
	void *wait_context;
};

int client_create(const struct client_options *options, struct client **ret_client);
void client_destroy(struct client *client); /* NULL is fine */

/* The master that answered last; the host lives as long as the client. */
struct client_address client_current_master(const struct client *client);

/* Why the last call failed.  Valid until the next call. */
struct client_failure {
	int rc;
	struct str java_class; /* empty: no master answered */
	struct str text;       /* for people */
};
const struct client_failure *client_failure(const struct client *client);

/* One call: `request` is the message's bytes.  The response's bytes are copied into arena. */
MUST_USE int client_call(struct client *client, const char *protocol, const char *method,
                         struct str request, struct arena *arena, struct str *ret_response);

/* Turns the loop for about delay_ms. */
void client_pause(struct io *io, uint64_t delay_ms);

/* The name under which this client holds leases, "HFClient_<random>". */
const char *client_name(const struct client *client);

#endif
