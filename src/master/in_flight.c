/* SPDX-License-Identifier: Apache-2.0 */
#include "master/in_flight.h"

#include <string.h>

#include "base/hash.h"
#include "master/master.h"

struct list *in_flight_bucket(struct in_flight *in_flight, const struct command *command)
{
	uint64_t hash = hash64(in_flight->seed ^ (uint32_t)command->call_id, command->client_id,
	                       sizeof(command->client_id));

	return &in_flight->buckets[hash % IN_FLIGHT_BUCKETS];
}

void in_flight_init(struct in_flight *in_flight, uint64_t seed)
{
	in_flight->seed = seed;
	for (size_t i = 0; i < IN_FLIGHT_BUCKETS; i++)
		list_init(&in_flight->buckets[i]);
}

struct master_write *in_flight_find(const struct list *bucket, const struct command *command)
{
	if (!command->has_client)
		return NULL;
	LIST_FOR_EACH (node, bucket) {
		struct master_write *write = CONTAINER_OF(node, struct master_write, in_flight);

		if (write->command.has_client && write->command.call_id == command->call_id &&
		    memcmp(write->command.client_id, command->client_id,
		           sizeof(command->client_id)) == 0)
			return write;
	}
	return NULL;
}

void in_flight_add(struct list *bucket, struct master_write *write)
{
	list_append(bucket, &write->in_flight);
}

void in_flight_remove(struct master_write *write)
{
	list_remove(&write->in_flight);
}
