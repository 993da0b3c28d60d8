/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/peer_link_private.h"

enum {
	DIRECT_BYTES = 64 << 10,      /* a payload from here on is not copied */
	UNSENT_KEPT_BYTES = 64 << 10, /* memory that is held on to from turn to turn */
};

size_t peer_queued(const struct peer *peer)
{
	return peer->unsent.size + (peer->conn == NULL ? 0 : io_conn_queued(peer->conn));
}

/* ---- the table ---- */

struct peer *peer_find(const struct peer_link *link, const char *address)
{
	LIST_FOR_EACH (node, &link->peers) {
		struct peer *peer = CONTAINER_OF(node, struct peer, node);

		if (strcmp(peer->address, address) == 0)
			return peer;
	}
	return NULL;
}

struct peer *peer_find_or_add(struct peer_link *link, const char *address)
{
	struct peer *peer = peer_find(link, address);

	if (peer != NULL || strlen(address) > RAFT_ADDRESS_BYTES_MAX)
		return peer;
	peer = mem_zalloc(sizeof(*peer));
	if (peer == NULL)
		return NULL;
	if (link->peer_count == PEERS_MAX)
		peer_destroy(LIST_FIRST(&link->peers, struct peer, node));
	peer->link = link;
	memcpy(peer->address, address, strlen(address));
	list_prepend(&link->peers, &peer->node);
	link->peer_count++;
	return peer;
}

/* ---- losing the connection ---- */

static void part(struct peer *peer)
{
	const struct peer_link_options *options = &peer->link->options;

	if (peer->conn != NULL)
		io_conn_close(peer->conn);
	peer->conn = NULL;
	peer->state = PEER_APART;
	peer->retry_us = io_now_us(options->io) + options->retry_ms * 1000;
	buf_finish(&peer->unsent);
	peer_stream_finish(&peer->stream);
}

void peer_call_anew(struct peer *peer)
{
	if (peer->state == PEER_CONNECTED)
		part(peer);
}

void peer_destroy(struct peer *peer)
{
	part(peer);
	LIST_FOR_EACH (node, &peer->link->accepted) {
		struct peer_accepted *accepted = CONTAINER_OF(node, struct peer_accepted, node);

		if (accepted->peer == peer)
			accepted->peer = NULL;
	}
	list_remove(&peer->node);
	peer->link->peer_count--;
	mem_free(peer);
}

/* "the master at ADDRESS WHAT: reason". */
static void fail(struct peer *peer, int rc, const char *what)
{
	part(peer);
	if (peer_link_notice(peer->link, rc, "the master at %s %s: %s", peer->address, what,
	                     err_text(rc)))
		peer->is_said_connected = false;
}

static void bad_frame(struct peer *peer, int rc, const char *why)
{
	part(peer);
	if (peer_link_notice_bad(peer->link, peer->address, rc, why))
		peer->is_said_connected = false;
}

/* ---- what it says on our connection ---- */

void peer_said_hello(struct peer *peer, const struct peer_hello *hello)
{
	peer->id = hello->id;
	memcpy(peer->own_address, hello->address, sizeof(peer->own_address));
	memcpy(peer->service_address, hello->service_address, sizeof(peer->service_address));
	memcpy(peer->cluster_id, hello->cluster_id, sizeof(peer->cluster_id));
	peer->features = hello->features;
	peer->heard_us = io_now_us(peer->link->options.io);
	peer->retry_us = 0;
}

static bool take_hello(struct peer *peer, const struct peer_hello *hello)
{
	int rc = peer_link_judge(peer->link, peer->address, hello);

	if (rc < 0) {
		part(peer);
		peer->is_said_connected = false;
		if (rc == -ERR_FOREIGN)
			peer->link->options.on_foreign(peer->link->options.context, peer->address);
		return false;
	}
	peer->state = PEER_CONNECTED;
	peer_said_hello(peer, hello);
	if (!peer->is_said_connected)
		peer->is_said_connected = peer_link_notice(
		        peer->link, 0, "connected to the master at %s", peer->address);
	return true;
}

static void take_pong(struct peer *peer, const struct peer_ping *pong)
{
	struct io *io = peer->link->options.io;
	uint64_t now_us = io_now_us(io);

	if (pong->sent_us > now_us)
		return;
	peer->round_trip_us = now_us - pong->sent_us;
	/* It looked at its clock half a round trip ago, more or less. */
	peer->skew_ms = (int64_t)(pong->wall_ms + peer->round_trip_us / 2000 - io_wall_ms(io));
}

/* False: the connection is gone. */
static bool take_frame(struct peer *peer, const struct peer_frame *frame)
{
	bool is_known = peer->state == PEER_CONNECTED;

	if (frame->kind == PEER_HELLO && !is_known)
		return take_hello(peer, &frame->hello);
	if (is_known && (frame->kind == PEER_PING || frame->kind == PEER_PONG)) {
		peer->heard_us = io_now_us(peer->link->options.io);
		if (frame->kind == PEER_PONG)
			take_pong(peer, &frame->ping);
		else
			peer_link_ping(peer->link, peer->conn, PEER_PONG, frame->ping.sent_us);
		return true;
	}
	bad_frame(peer, -ERR_BAD_MESSAGE, "a frame that does not belong there");
	return false;
}

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct peer *peer = context;
	struct peer_frame *frame = &peer->link->frame;
	const char *why = "more than there is memory for";
	int rc;

	peer->unheard = 0;
	peer_stream_add(&peer->stream, data, size);
	while ((rc = peer_stream_next(&peer->stream, PEER_HEAD_BYTES_MAX, frame, &why)) > 0)
		if (!take_frame(peer, frame))
			return;
	if (rc == 0)
		rc = peer_stream_settle(&peer->stream);
	if (rc < 0)
		bad_frame(peer, rc, why);
}

static void on_end(void *context, int rc)
{
	fail(context, rc < 0 ? rc : -ERR_CLOSED, "is not connected any more");
}

/* ---- connecting ---- */

static const struct io_conn_ops peer_ops = {.on_data = on_data, .on_end = on_end};

static void on_connect(void *context, int rc)
{
	struct peer *peer = context;

	if (rc < 0) {
		fail(peer, rc, "cannot be reached");
		return;
	}
	peer->unheard = 0;
	io_conn_start(peer->conn, &peer_ops, peer);
	if (!peer_link_say_hello(peer->link, peer->conn)) {
		fail(peer, -ERR_NO_MEMORY, "cannot be greeted");
		return;
	}
	peer->state = PEER_GREETING;
	peer_flush(peer);
}

bool peer_reach(struct peer *peer)
{
	const struct peer_link_options *options = &peer->link->options;
	char host[RAFT_ADDRESS_BYTES_MAX + 1];
	uint16_t port;
	int rc = -ERR_INVALID;

	if (peer->state != PEER_APART)
		return true;
	if (io_now_us(options->io) < peer->retry_us)
		return false;
	if (peer_link_split(peer->address, host, &port))
		rc = io_connect(options->io, host, port, (unsigned)options->silence_ms, on_connect,
		                peer, &peer->conn);
	if (rc < 0) {
		fail(peer, rc, "cannot be reached");
		return false;
	}
	peer->state = PEER_CONNECTING;
	return true;
}

/* ---- sending ---- */

void peer_flush(struct peer *peer)
{
	struct str unsent = buf_str(&peer->unsent);

	if (peer->state < PEER_GREETING || unsent.size == 0)
		return;
	io_conn_write(peer->conn, &unsent, 1);
	if (peer->unsent.capacity > UNSENT_KEPT_BYTES)
		buf_finish(&peer->unsent);
	else
		buf_clear(&peer->unsent);
}

static void take_back(struct peer *peer, size_t start)
{
	peer->unsent.size = start;
	peer->unsent.failed = false;
	peer->dropped++;
}

void peer_push(struct peer *peer, size_t start, const struct str *payload, size_t pieces)
{
	const struct peer_link_options *options = &peer->link->options;
	size_t payload_size = 0, size;

	for (size_t i = 0; i < pieces; i++)
		payload_size += payload[i].size;
	size = peer->unsent.size - start + payload_size;
	if (size > options->frame_bytes_max) {
		take_back(peer, start);
		peer_link_notice(peer->link, -ERR_TOO_LARGE,
		                 "a message of %zu bytes for the master at %s was dropped: at most "
		                 "%zu may be sent",
		                 size, peer->address, options->frame_bytes_max);
		return;
	}
	if (peer_queued(peer) + payload_size > options->queue_bytes_max) {
		take_back(peer, start);
		return;
	}
	if (payload_size >= DIRECT_BYTES && peer->state >= PEER_GREETING && !peer->unsent.failed) {
		peer_flush(peer);
		io_conn_write(peer->conn, payload, pieces);
		return;
	}
	for (size_t i = 0; i < pieces; i++)
		buf_append_str(&peer->unsent, payload[i]);
	if (peer->unsent.failed)
		take_back(peer, start);
	io_at_turn_end(options->io, &peer->link->flush);
}

/* ---- is it there? ---- */

void peer_check(struct peer *peer, uint64_t now_us)
{
	struct peer_link *link = peer->link;

	if (peer->state < PEER_GREETING)
		return;
	if (++peer->unheard > PEER_CHECKS) {
		part(peer);
		if (peer_link_notice_silent(link, peer->address))
			peer->is_said_connected = false;
	} else if (++peer->unwanted > PEER_IDLE_CHECKS) {
		part(peer);
	} else {
		peer_link_ping(link, peer->conn, PEER_PING, now_us);
	}
}
