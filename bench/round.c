/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/round.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/rpc.pb-c.h"

enum {
	BYTES_MAX = 1 << 20,
	PIECES_MAX = 8192,
	SHARES_MAX = 1024,
	REPLY_HEADER_BYTES_MAX = 128, /* with the frame's length */
	SHORT_BODY_BYTES_MAX = 512,
};

struct round_share {
	struct peer *peer;
	size_t first_piece;
};

int round_init(struct round *round, struct sync_file *file)
{
	*round = (struct round){.file = file};
	round->pieces = mem_must_alloc(PIECES_MAX * sizeof(*round->pieces));
	round->shares = mem_must_alloc(SHARES_MAX * sizeof(*round->shares));
	return buf_reserve(&round->bytes, BYTES_MAX) ? 0 : -ERR_NO_MEMORY;
}

/* ---- sending ---- */

static int wait_for_room(struct peer *peer, bool waits)
{
	struct epoll_event event = {.events = waits ? EPOLLOUT : EPOLLIN, .data.ptr = peer};

	return epoll_ctl(peer->epoll_fd, EPOLL_CTL_MOD, peer->fd, &event) < 0
	               ? err_from_errno(errno)
	               : 0;
}

int peer_send_rest(struct peer *peer)
{
	while (peer->unsent_at < peer->unsent.size) {
		ssize_t sent = send(peer->fd, peer->unsent.data + peer->unsent_at,
		                    peer->unsent.size - peer->unsent_at, MSG_NOSIGNAL);

		if (sent < 0)
			return errno == EAGAIN ? 0 : err_from_errno(errno);
		peer->unsent_at += (size_t)sent;
	}
	buf_clear(&peer->unsent);
	peer->unsent_at = 0;
	return wait_for_room(peer, false);
}

/* Keeps what is left of the pieces after `sent` bytes. */
static int keep_rest(struct peer *peer, const struct iovec *pieces, size_t count, size_t sent)
{
	bool waits = peer->unsent.size > 0;

	for (size_t i = 0; i < count; i++) {
		size_t skip = sent < pieces[i].iov_len ? sent : pieces[i].iov_len;

		buf_append(&peer->unsent, (const uint8_t *)pieces[i].iov_base + skip,
		           pieces[i].iov_len - skip);
		sent -= skip;
	}
	if (peer->unsent.failed)
		return -ERR_NO_MEMORY;
	return waits || peer->unsent.size == 0 ? 0 : wait_for_room(peer, true);
}

static int send_pieces(struct peer *peer, struct iovec *pieces, size_t count)
{
	while (count > 0 && peer->unsent.size == 0) {
		size_t some = count < IOV_MAX ? count : IOV_MAX;
		struct msghdr message = {.msg_iov = pieces, .msg_iovlen = some};
		ssize_t sent = sendmsg(peer->fd, &message, MSG_NOSIGNAL);
		int rc;

		if (sent < 0 && errno != EAGAIN)
			return err_from_errno(errno);
		rc = keep_rest(peer, pieces, some, sent < 0 ? 0 : (size_t)sent);
		if (rc < 0)
			return rc;
		pieces += some;
		count -= some;
	}
	return keep_rest(peer, pieces, count, 0);
}

static void send_share(struct round *round, size_t share)
{
	struct peer *peer = round->shares[share].peer;
	size_t first = round->shares[share].first_piece;
	size_t end = share + 1 < round->share_count ? round->shares[share + 1].first_piece
	                                            : round->piece_count;

	if (!peer->is_broken && send_pieces(peer, round->pieces + first, end - first) < 0)
		peer->is_broken = true;
}

void round_end(struct round *round)
{
	if (round->file != NULL && round->file->round_bytes > 0) {
		int rc = sync_file_sync(round->file);

		if (rc < 0)
			fatal_damage("the file of --sync: %s", err_text(rc));
	}
	for (size_t share = 0; share < round->share_count; share++)
		send_share(round, share);
	round->share_count = round->piece_count = 0;
	buf_clear(&round->bytes);
}

/* ---- gathering ---- */

void round_begin_peer(struct round *round, struct peer *peer)
{
	if (round->share_count == SHARES_MAX)
		round_end(round);
	round->shares[round->share_count++] =
	        (struct round_share){.peer = peer, .first_piece = round->piece_count};
}

/* Ends the round early; the connection goes on in the next one. */
static void begin_again(struct round *round)
{
	struct peer *peer = round->shares[round->share_count - 1].peer;

	round_end(round);
	round_begin_peer(round, peer);
}

int round_add_record(struct round *round, struct str message)
{
	if (round->file == NULL || sync_file_add(round->file, message))
		return 0;
	begin_again(round);
	return sync_file_add(round->file, message) ? 0 : -ERR_TOO_LARGE;
}

static void add_piece(struct round *round, const void *data, size_t size)
{
	struct iovec *last = round->pieces + round->piece_count - 1;
	size_t first = round->shares[round->share_count - 1].first_piece;

	if (round->piece_count > first && (uint8_t *)last->iov_base + last->iov_len == data)
		last->iov_len += size;
	else
		round->pieces[round->piece_count++] =
		        (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = size};
}

/* Length of the frame and the response header, as Hadoop's servers fill it in. */
static void append_header(struct buf *buf, const struct wire_rpc_request *call, size_t body_size)
{
	const struct wire_rpc_response header = {
	        .call_id = call->call_id,
	        .status = RPC__RPC_STATUS__SUCCESS,
	        .version = WIRE_IPC_VERSION,
	        .client_id = call->client_id,
	        .retry_count = call->retry_count,
	};
	size_t frame = wire_frame_begin(buf);
	uint32_t total;

	wire_rpc_response_append(buf, &header);
	/* Not wire_frame_end(): the body need not lie in this buffer. */
	total = htobe32((uint32_t)(buf->size - frame - sizeof(total) + body_size));
	memcpy(buf->data + frame, &total, sizeof(total));
}

int round_add_reply(struct round *round, const struct wire_rpc_request *call, struct str body,
                    size_t mode_at, uint8_t mode)
{
	struct buf *bytes = &round->bytes;
	size_t start;

	if (call->client_id.size > REPLY_HEADER_BYTES_MAX / 2)
		return -ERR_INVALID;
	if (bytes->capacity - bytes->size < REPLY_HEADER_BYTES_MAX + SHORT_BODY_BYTES_MAX ||
	    PIECES_MAX - round->piece_count < 2)
		begin_again(round);
	start = bytes->size;
	append_header(bytes, call, body.size);
	if (body.size <= SHORT_BODY_BYTES_MAX) {
		buf_append_str(bytes, body);
		if (mode_at > 0)
			bytes->data[bytes->size - body.size + mode_at] = mode;
		add_piece(round, bytes->data + start, bytes->size - start);
		return 0;
	}
	add_piece(round, bytes->data + start, bytes->size - start);
	add_piece(round, body.data, body.size);
	return 0;
}
