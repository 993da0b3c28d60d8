/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes between admission and their answer, by (client id, call id): a repeat of one waits for it.
 */
#ifndef HOLDFAST_MASTER_IN_FLIGHT_H
#define HOLDFAST_MASTER_IN_FLIGHT_H

#include "base/list.h"
#include "format/command.h"

struct master_write;

enum { IN_FLIGHT_BUCKETS = 4096 };

struct in_flight {
	struct list buckets[IN_FLIGHT_BUCKETS];
	uint64_t seed; /* ids are the clients' choice */
};

void in_flight_init(struct in_flight *in_flight, uint64_t seed);
/* Where a command with these ids is looked for and added. */
struct list *in_flight_bucket(struct in_flight *in_flight, const struct command *command);
/* NULL: no other write with these ids; commands without a client id are never found. */
struct master_write *in_flight_find(const struct list *bucket, const struct command *command);
void in_flight_add(struct list *bucket, struct master_write *write);
void in_flight_remove(struct master_write *write);

#endif
