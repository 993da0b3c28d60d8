/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

int io_address_host(const char *host, char *ret_bare, size_t size)
{
	size_t length = strlen(host);

	if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	if (length == 0 || length >= size)
		return -ERR_INVALID;
	memcpy(ret_bare, host, length);
	ret_bare[length] = '\0';
	return 0;
}

bool io_address_parse(const char *bare, uint16_t port, union io_address *ret_address)
{
	union io_address address = {0};

	if (inet_pton(AF_INET, bare, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons(port);
	} else if (inet_pton(AF_INET6, bare, &address.v6.sin6_addr) == 1) {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons(port);
	} else {
		return false;
	}
	*ret_address = address;
	return true;
}

socklen_t io_address_size(const union io_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

/* An IPv4 client of a socket that serves both families is shown as IPv4. */
int io_conn_set_peer(struct io_conn *conn, const union io_address *peer)
{
	const struct in6_addr *v6 = &peer->v6.sin6_addr;
	bool is_v6 = peer->any.sa_family == AF_INET6;
	unsigned port = ntohs(is_v6 ? peer->v6.sin6_port : peer->v4.sin_port);
	char address[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];
	size_t peer_size, address_size;

	if (is_v6 && IN6_IS_ADDR_V4MAPPED(v6)) {
		inet_ntop(AF_INET, &v6->s6_addr[12], address, sizeof(address));
		is_v6 = false;
	} else if (is_v6) {
		inet_ntop(AF_INET6, v6, address, sizeof(address));
	} else {
		inet_ntop(AF_INET, &peer->v4.sin_addr, address, sizeof(address));
	}
	snprintf(text, sizeof(text), is_v6 ? "[%s]:%u" : "%s:%u", address, port);
	peer_size = strlen(text) + 1;
	address_size = strlen(address) + 1;
	conn->peer = mem_alloc(peer_size + address_size);
	if (conn->peer == NULL)
		return -ERR_NO_MEMORY;
	conn->address = conn->peer + peer_size;
	memcpy(conn->peer, text, peer_size);
	memcpy(conn->address, address, address_size);
	return 0;
}
