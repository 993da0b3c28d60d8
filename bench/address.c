/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/address.h"

#include <netdb.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

int address_parse(const char *text, struct address *ret_address)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found;
	char host[256];
	size_t size;

	if (colon == NULL || colon[1] == '\0')
		return -ERR_INVALID;
	size = (size_t)(colon - text);
	if (size >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		size -= 2;
	}
	if (size == 0 || size >= sizeof(host))
		return -ERR_INVALID;
	memcpy(host, text, size);
	host[size] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -ERR_NO_HOST;
	memcpy(&ret_address->socket, found->ai_addr, found->ai_addrlen);
	ret_address->size = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}
