/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HOST:PORT as people type it, [ADDRESS]:PORT too.
 */
#ifndef HOLDFAST_BENCH_ADDRESS_H
#define HOLDFAST_BENCH_ADDRESS_H

#include <sys/socket.h>

struct address {
	struct sockaddr_storage socket;
	socklen_t size;
};

/* Takes the first address that the name resolves to.  -ERR_INVALID: not HOST:PORT;
 * -ERR_NO_HOST: the name does not resolve. */
int address_parse(const char *text, struct address *ret_address);

#endif
