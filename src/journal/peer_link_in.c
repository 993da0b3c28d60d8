/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/peer_link_private.h"

enum { LINGER_MS = 2000 }; /* for a hello that says why it is the last word */

void peer_accepted_destroy(struct peer_accepted *accepted)
{
	if (accepted->conn != NULL)
		io_conn_close(accepted->conn);
	peer_stream_finish(&accepted->stream);
	list_remove(&accepted->node);
	accepted->link->accepted_count--;
	mem_free(accepted);
}

/* ---- hello ---- */

/* Our hello tells the other why it is not welcome. */
static void say_hello_and_part(struct peer_accepted *accepted)
{
	peer_link_say_hello(accepted->link, accepted->conn);
	io_conn_close_after_write(accepted->conn, LINGER_MS);
	accepted->conn = NULL;
	peer_accepted_destroy(accepted);
}

/* False: the connection is gone.  So in what follows. */
static bool take_hello(struct peer_accepted *accepted, const struct peer_hello *hello)
{
	if (peer_link_judge(accepted->link, hello->address, hello) < 0) {
		say_hello_and_part(accepted);
		return false;
	}
	accepted->id = hello->id;
	accepted->unheard = 0;
	memcpy(accepted->from, hello->address, sizeof(accepted->from));
	accepted->peer = peer_find_or_add(accepted->link, hello->address);
	if (accepted->peer != NULL)
		peer_said_hello(accepted->peer, hello);
	if (!peer_link_say_hello(accepted->link, accepted->conn)) {
		peer_accepted_destroy(accepted);
		return false;
	}
	return true;
}

/* ---- what comes after it ---- */

static void bad_frame(struct peer_accepted *accepted, int rc, const char *why)
{
	peer_link_notice_bad(accepted->link, accepted->from, rc, why);
	if (rc == -ERR_PROTOCOL_VERSION)
		say_hello_and_part(accepted);
	else
		peer_accepted_destroy(accepted);
}

static bool take_message(struct peer_accepted *accepted, const struct peer_message *message)
{
	struct peer_link *link = accepted->link;

	if (!raft_id_equal(message->message.from, accepted->id)) {
		bad_frame(accepted, -ERR_BAD_MESSAGE, "a message in the name of another");
		return false;
	}
	link->is_calling = true;
	link->options.on_message(link->options.context, message);
	link->is_calling = false;
	return true;
}

static void take_beat(struct peer_accepted *accepted, const struct peer_beat *beat)
{
	struct peer_link *link = accepted->link;

	link->is_calling = true;
	link->options.on_beat(link->options.context, accepted->id, beat);
	link->is_calling = false;
}

static bool take_frame(struct peer_accepted *accepted, const struct peer_frame *frame)
{
	bool is_known = !raft_id_is_none(accepted->id);

	if (is_known == (frame->kind == PEER_HELLO)) {
		bad_frame(accepted, -ERR_BAD_MESSAGE, "a frame that does not belong there");
		return false;
	}
	switch (frame->kind) {
	case PEER_HELLO: return take_hello(accepted, &frame->hello);
	case PEER_MESSAGE: return take_message(accepted, &frame->message);
	case PEER_BEAT: take_beat(accepted, &frame->beat); break;
	case PEER_PING:
		peer_link_ping(accepted->link, accepted->conn, PEER_PONG, frame->ping.sent_us);
		break;
	case PEER_PONG: /* that it spoke is all there is to know */ break;
	}
	return true;
}

static size_t frame_bytes_max(const struct peer_accepted *accepted)
{
	return raft_id_is_none(accepted->id) ? PEER_HEAD_BYTES_MAX
	                                     : accepted->link->options.frame_bytes_max;
}

/* ---- memory for what has not come whole ---- */

/* All that is kept, and who has been at one frame for the longest. */
static size_t kept_by_all(const struct peer_link *link, struct peer_accepted **ret_slowest)
{
	struct peer_accepted *slowest = NULL;
	size_t bytes = 0;

	LIST_FOR_EACH (node, &link->accepted) {
		struct peer_accepted *accepted = CONTAINER_OF(node, struct peer_accepted, node);

		bytes += accepted->stream.kept.capacity;
		if (accepted->unfinished_us != 0 &&
		    (slowest == NULL || accepted->unfinished_us < slowest->unfinished_us))
			slowest = accepted;
	}
	*ret_slowest = slowest;
	return bytes;
}

/* Anybody may say hello and begin large frames.  A frame takes moments: whoever does not end one
 * makes room for who does. */
static void bound_memory(struct peer_link *link)
{
	size_t bytes_max = UNFINISHED_FRAMES_MAX * link->options.frame_bytes_max;
	struct peer_accepted *slowest;

	while (kept_by_all(link, &slowest) > bytes_max && slowest != NULL) {
		peer_link_notice(link, -ERR_BUSY,
		                 "the master at %s was cut off in the middle of a message: "
		                 "unfinished ones took more than %zu MiB",
		                 slowest->from, bytes_max >> 20);
		peer_accepted_destroy(slowest);
	}
}

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct peer_accepted *accepted = context;
	struct peer_link *link = accepted->link;
	const char *why = "more than there is memory for";
	bool has_ended_one = false;
	uint64_t now_us = io_now_us(link->options.io);
	int rc;

	if (!raft_id_is_none(accepted->id))
		accepted->unheard = 0;
	if (accepted->peer != NULL)
		accepted->peer->heard_us = now_us;
	peer_stream_add(&accepted->stream, data, size);
	while ((rc = peer_stream_next(&accepted->stream, frame_bytes_max(accepted), &link->frame,
	                              &why)) > 0) {
		if (!take_frame(accepted, &link->frame))
			return;
		has_ended_one = true;
	}
	if (rc == 0)
		rc = peer_stream_settle(&accepted->stream);
	if (rc < 0) {
		bad_frame(accepted, rc, why);
		return;
	}
	if (accepted->stream.kept.size == 0)
		accepted->unfinished_us = 0;
	else if (has_ended_one || accepted->unfinished_us == 0)
		accepted->unfinished_us = now_us;
	if (accepted->stream.kept.capacity > PEER_HEAD_BYTES_MAX)
		bound_memory(link);
}

static void on_end(void *context, int rc)
{
	(void)rc; /* the connection that we opened tells of a peer that is gone */
	peer_accepted_destroy(context);
}

/* ---- accepting ---- */

static const struct io_conn_ops accepted_ops = {.on_data = on_data, .on_end = on_end};

/* Of those that have not said who they are, the one that has had the most time goes. */
static bool make_room(struct peer_link *link)
{
	if (link->accepted_count < ACCEPTED_MAX)
		return true;
	LIST_FOR_EACH (node, &link->accepted) {
		struct peer_accepted *accepted = CONTAINER_OF(node, struct peer_accepted, node);

		if (raft_id_is_none(accepted->id)) {
			peer_accepted_destroy(accepted);
			return true;
		}
	}
	return false;
}

void peer_accepted_begin(void *context, struct io_conn *conn)
{
	struct peer_link *link = context;
	struct peer_accepted *accepted;

	if (!make_room(link)) {
		peer_link_notice(link, -ERR_BUSY,
		                 "a connection from %s was refused: %d of other masters are open",
		                 io_conn_peer_address(conn), ACCEPTED_MAX);
		io_conn_close(conn);
		return;
	}
	accepted = mem_zalloc(sizeof(*accepted));
	if (accepted == NULL) {
		io_conn_close(conn);
		return;
	}
	accepted->link = link;
	accepted->conn = conn;
	snprintf(accepted->from, sizeof(accepted->from), "%s", io_conn_peer_address(conn));
	list_append(&link->accepted, &accepted->node);
	link->accepted_count++;
	io_conn_start(conn, &accepted_ops, accepted);
}

void peer_accepted_check(struct peer_accepted *accepted, uint64_t now_us)
{
	struct peer_link *link = accepted->link;
	bool is_known = !raft_id_is_none(accepted->id);

	if (++accepted->unheard > PEER_CHECKS) {
		if (is_known)
			peer_link_notice_silent(link, accepted->from);
		peer_accepted_destroy(accepted);
	} else if (is_known) {
		peer_link_ping(link, accepted->conn, PEER_PING, now_us);
	}
}
