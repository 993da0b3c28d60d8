/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to connections happens again and again: the same text is said once a minute, and
 * not more than so many different ones, for a stranger may make up as many as it likes.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/hash.h"
#include "journal/peer_link_private.h"

enum { NOTICE_BYTES_MAX = 1024 };

/* Takes note of the text; false: it is not to be said now. */
static bool note(struct peer_notices *notices, struct str text, uint64_t now_us)
{
	uint64_t text_hash = hash64(0, text.data, text.size);
	struct peer_notice *free_row = NULL;

	for (size_t i = 0; i < NOTICES_MAX; i++) {
		struct peer_notice *row = &notices->rows[i];

		if (row->said_us == 0 || now_us - row->said_us >= NOTICE_US)
			free_row = row;
		else if (row->text_hash == text_hash)
			return false;
	}
	if (free_row == NULL)
		return false;
	*free_row = (struct peer_notice){.text_hash = text_hash, .said_us = now_us};
	return true;
}

bool peer_link_notice(struct peer_link *link, int rc, const char *format, ...)
{
	char text[NOTICE_BYTES_MAX];
	bool was_calling = link->is_calling;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (link->options.on_notice == NULL ||
	    !note(&link->notices, str_of(text), io_now_us(link->options.io)))
		return false;
	link->is_calling = true;
	link->options.on_notice(link->options.context, rc, text);
	link->is_calling = was_calling;
	return true;
}

bool peer_link_notice_bad(struct peer_link *link, const char *from, int rc, const char *why)
{
	if (rc != -ERR_PROTOCOL_VERSION)
		return peer_link_notice(link, rc, "the master at %s sent %s: cut off", from, why);
	return peer_link_notice(link, rc,
	                        "the master at %s speaks version %u of the masters' protocol, this "
	                        "one %u: run the same release on all masters",
	                        from, link->frame.hello.version, PEER_VERSION);
}

bool peer_link_notice_silent(struct peer_link *link, const char *from)
{
	return peer_link_notice(link, -ERR_TIMEOUT, "the master at %s has said nothing for %llu ms",
	                        from, (unsigned long long)link->options.silence_ms);
}
