/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses, beside the loop: one thread a look-up, because the resolver may hang for as
 * long as it likes and must not hold up another name.
 *
 * Who frees it: the thread ends by moving RUNNING to ANSWERED and posting, after which it is the
 * loop's; the loop does not go before the post has ended.  An abandon before that moves RUNNING to
 * ABANDONED; then the thread frees it and touches nothing else, the loop included, which may be
 * gone by then.
 */
#include "io/io_private.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

enum lookup_state { LOOKUP_RUNNING, LOOKUP_ANSWERED, LOOKUP_ABANDONED };

int io_lookup_now(const char *bare, uint16_t port, union io_address *addresses, size_t *ret_count)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	size_t count = 0;

	if (getaddrinfo(bare, NULL, &hints, &found) != 0)
		return -ERR_NO_HOST;
	for (struct addrinfo *at = found; at != NULL && count < IO_LOOKUP_ADDRESSES_MAX;
	     at = at->ai_next) {
		union io_address *address = &addresses[count];

		if (at->ai_addrlen > sizeof(*address) ||
		    (at->ai_family != AF_INET && at->ai_family != AF_INET6))
			continue;
		memcpy(address, at->ai_addr, at->ai_addrlen);
		if (at->ai_family == AF_INET6)
			address->v6.sin6_port = htons(port);
		else
			address->v4.sin_port = htons(port);
		count++;
	}
	freeaddrinfo(found);
	if (count == 0)
		return -ERR_NO_HOST;
	*ret_count = count;
	return 0;
}

void io_host_address(struct io *io, char ret_address[IO_HOST_ADDRESS_BYTES])
{
	union io_address addresses[IO_LOOKUP_ADDRESSES_MAX];
	const char *text = NULL;
	size_t count;

	if (io_lookup_now(io_host_name(io), 0, addresses, &count) == 0)
		text = addresses[0].any.sa_family == AF_INET6
		               ? inet_ntop(AF_INET6, &addresses[0].v6.sin6_addr, ret_address,
		                           IO_HOST_ADDRESS_BYTES)
		               : inet_ntop(AF_INET, &addresses[0].v4.sin_addr, ret_address,
		                           IO_HOST_ADDRESS_BYTES);
	if (text == NULL)
		snprintf(ret_address, IO_HOST_ADDRESS_BYTES, "127.0.0.1");
}

static void *run_lookup(void *argument)
{
	struct io_lookup *lookup = argument;
	struct io *io = lookup->io;
	int expected = LOOKUP_RUNNING;

	lookup->rc = io_lookup_now(lookup->host, lookup->port, lookup->addresses, &lookup->count);
	if (atomic_compare_exchange_strong(&lookup->state, &expected, LOOKUP_ANSWERED)) {
		io_post(io, &lookup->task);
		atomic_fetch_sub(&io->lookup_threads, 1);
	} else {
		mem_free(lookup);
	}
	return NULL;
}

static void deliver(struct io_task *task)
{
	struct io_lookup *lookup = CONTAINER_OF(task, struct io_lookup, task);

	lookup->io->lookups_pending--;
	if (lookup->done != NULL)
		lookup->done(lookup);
	mem_free(lookup);
}

static int start_thread(struct io_lookup *lookup)
{
	sigset_t all, before;
	pthread_attr_t detached;
	pthread_t thread;
	int error;

	CHECK(pthread_attr_init(&detached) == 0);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &detached, run_lookup, lookup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return err_from_errno(error);
}

int io_lookup_start(struct io *io, const char *bare, uint16_t port,
                    void (*done)(struct io_lookup *lookup), void *context,
                    struct io_lookup **ret_lookup)
{
	size_t length = strlen(bare);
	struct io_lookup *lookup = mem_zalloc(sizeof(*lookup) + length + 1);
	int rc;

	if (lookup == NULL)
		return -ERR_NO_MEMORY;
	lookup->io = io;
	lookup->done = done;
	lookup->context = context;
	lookup->port = port;
	lookup->task.run = deliver;
	memcpy(lookup->host, bare, length + 1);
	atomic_fetch_add(&io->lookup_threads, 1);
	rc = start_thread(lookup);
	if (rc < 0) {
		atomic_fetch_sub(&io->lookup_threads, 1);
		mem_free(lookup);
		return rc;
	}
	io->lookups_pending++;
	*ret_lookup = lookup;
	return 0;
}

void io_lookup_abandon(struct io_lookup *lookup)
{
	struct io *io = lookup->io;
	int expected = LOOKUP_RUNNING;

	if (atomic_compare_exchange_strong(&lookup->state, &expected, LOOKUP_ABANDONED)) {
		io->lookups_pending--; /* the lookup is the thread's alone now */
		atomic_fetch_sub(&io->lookup_threads, 1);
	} else {
		lookup->done = NULL;
	}
}
