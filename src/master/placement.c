/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which workers get a new block.  At most a few random tries each, then one round over the table.
 */
#include <stdio.h>

#include "master/workers_private.h"

enum { RANDOM_TRIES = 8, NAMES_MAX = 256 };

struct choice {
	struct workers *workers;
	const struct placement *placement;
	uint64_t block_size;
	const struct worker_info **chosen;
	size_t count;
	size_t wanted;
};

static bool is_named(const struct str *names, size_t count, const struct worker_identity *identity)
{
	char address[WORKER_NAME_BYTES_MAX + 8];
	char host[WORKER_NAME_BYTES_MAX + 8];

	if (count == 0)
		return false;
	snprintf(address, sizeof(address), "%.*s:%u", STR_ARGS(identity->address),
	         identity->transfer_port);
	snprintf(host, sizeof(host), "%.*s:%u", STR_ARGS(identity->host), identity->transfer_port);
	for (size_t i = 0; i < count && i < NAMES_MAX; i++)
		if (str_equal(names[i], identity->uuid) || str_equal(names[i], str_of(address)) ||
		    str_equal(names[i], str_of(host)))
			return true;
	return false;
}

static bool is_writers_host(const struct choice *choice, const struct worker *worker)
{
	return str_equal(worker->info.identity.address, choice->placement->writer_address);
}

static bool has_room(const struct choice *choice, const struct worker *worker)
{
	uint64_t free = worker->info.remaining;
	uint64_t taken = worker->placed_bytes + worker->received_bytes;

	return free >= taken && free - taken >= choice->block_size;
}

static bool is_fit(const struct choice *choice, const struct worker *worker,
                   enum worker_liveness liveness)
{
	if (worker_liveness(choice->workers, worker) != liveness || !has_room(choice, worker))
		return false;
	if (choice->placement->is_not_local && is_writers_host(choice, worker))
		return false;
	for (size_t i = 0; i < choice->count; i++)
		if (choice->chosen[i] == &worker->info)
			return false;
	return !is_named(choice->placement->excluded, choice->placement->excluded_count,
	                 &worker->info.identity);
}

static void choose(struct choice *choice, struct worker *worker)
{
	worker->placed_bytes += choice->block_size;
	worker->placed_count++;
	choice->chosen[choice->count++] = worker_show(choice->workers, worker);
}

void worker_received(struct worker *worker, uint64_t length)
{
	uint64_t share;

	if (worker->placed_count == 0)
		return;
	share = worker->placed_bytes / worker->placed_count;
	worker->placed_bytes -= share;
	worker->placed_count--;
	worker->received_bytes += length < share ? length : share;
}

static void choose_favored(struct choice *choice)
{
	const struct placement *placement = choice->placement;

	for (size_t i = 0; placement->favored_count > 0 && i < choice->workers->count &&
	                   choice->count < choice->wanted;
	     i++) {
		struct worker *worker = choice->workers->all[i];

		if (is_named(placement->favored, placement->favored_count,
		             &worker->info.identity) &&
		    is_fit(choice, worker, WORKER_LIVE))
			choose(choice, worker);
	}
}

static void choose_local(struct choice *choice)
{
	for (size_t i = 0; i < choice->workers->count && choice->count < choice->wanted; i++) {
		struct worker *worker = choice->workers->all[i];

		if (is_writers_host(choice, worker) && is_fit(choice, worker, WORKER_LIVE)) {
			choose(choice, worker);
			return;
		}
	}
}

/* One at random; false: nobody of this liveness is left. */
static bool choose_random(struct choice *choice, enum worker_liveness liveness)
{
	struct workers *workers = choice->workers;
	size_t start = random_below(&workers->random, workers->count);

	for (size_t i = 0; i < RANDOM_TRIES; i++) {
		struct worker *worker =
		        workers->all[random_below(&workers->random, workers->count)];

		if (is_fit(choice, worker, liveness)) {
			choose(choice, worker);
			return true;
		}
	}
	for (size_t i = 0; i < workers->count; i++) {
		struct worker *worker = workers->all[(start + i) % workers->count];

		if (is_fit(choice, worker, liveness)) {
			choose(choice, worker);
			return true;
		}
	}
	return false;
}

size_t workers_place(struct workers *workers, const struct placement *placement,
                     uint64_t block_size, size_t count, const struct worker_info **ret_workers)
{
	struct choice choice = {
	        .workers = workers,
	        .placement = placement,
	        .block_size = block_size,
	        .chosen = ret_workers,
	        .wanted = count < WORKER_PLACEMENTS_MAX ? count : WORKER_PLACEMENTS_MAX,
	};

	if (workers->count == 0)
		return 0;
	choose_favored(&choice);
	choose_local(&choice);
	while (choice.count < choice.wanted && choose_random(&choice, WORKER_LIVE))
		;
	while (choice.count < choice.wanted && choose_random(&choice, WORKER_STALE))
		;
	return choice.count;
}
