/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/peer_link_private.h"
#include "journal/text.h"

enum {
	LINK_MAGIC = 0x68667065,
	BACKLOG = 64,
	PINGS_BYTES_MAX = 64 << 10, /* behind so many unsent bytes a ping is late and needless */
};

/* ---- what is asked of all connections ---- */

bool peer_link_split(const char *address, char *ret_host, uint16_t *ret_port)
{
	const char *colon = strrchr(address, ':');
	uint32_t port = 0;

	if (colon == NULL || colon == address || colon[1] == '\0')
		return false;
	for (const char *digit = colon + 1; *digit != '\0'; digit++) {
		if (*digit < '0' || *digit > '9')
			return false;
		port = port * 10 + (uint32_t)(*digit - '0');
		if (port > UINT16_MAX)
			return false;
	}
	if (port == 0)
		return false;
	memcpy(ret_host, address, (size_t)(colon - address));
	ret_host[colon - address] = '\0';
	*ret_port = (uint16_t)port;
	return true;
}

/* Whoever says another address than ours is not us. */
static void refuse_own_id(struct peer_link *link, const char *from, const struct peer_hello *hello)
{
	if (strcmp(hello->address, link->hello.address) == 0)
		peer_link_notice(
		        link, -ERR_INVALID,
		        "the address %s leads back to this master, %s, or to a copy of it "
		        "with the same configuration: correct the list of masters, or what "
		        "that name stands for",
		        from, link->hello.address);
	else
		peer_link_notice(link, -ERR_INVALID,
		                 "the master at %s has the member id of this one, %s: one's folder "
		                 "is a copy of the other's. Stop the one that was started last, "
		                 "format its folder, and let it join as a newcomer",
		                 hello->address, link->hello.address);
}

/* Who is heard, has that id as well, and stands elsewhere: two could not be told apart, and would
 * both vote.  NULL: nobody. */
static const struct peer *find_twin(const struct peer_link *link, const struct peer_hello *hello)
{
	uint64_t now_us = io_now_us(link->options.io);

	LIST_FOR_EACH (node, &link->peers) {
		const struct peer *peer = CONTAINER_OF(node, struct peer, node);

		if (raft_id_equal(peer->id, hello->id) && peer->heard_us != 0 &&
		    now_us - peer->heard_us < link->options.silence_ms * 1000 &&
		    strcmp(peer->own_address, hello->address) != 0)
			return peer;
	}
	return NULL;
}

int peer_link_judge(struct peer_link *link, const char *from, const struct peer_hello *hello)
{
	const char *theirs = hello->cluster_id, *ours = link->hello.cluster_id;
	const struct peer *twin;

	if (raft_id_equal(hello->id, link->hello.id)) {
		refuse_own_id(link, from, hello);
		return -ERR_INVALID;
	}
	twin = find_twin(link, hello);
	if (twin != NULL) {
		peer_link_notice(
		        link, -ERR_INVALID,
		        "the masters at %s and %s have the same member id: one's folder is "
		        "a copy of the other's. Stop the one that was started last, "
		        "format its folder, and let it join as a newcomer",
		        twin->own_address, hello->address);
		return -ERR_INVALID;
	}
	if (theirs[0] != '\0' && ours[0] != '\0' && strcmp(theirs, ours) != 0) {
		peer_link_notice(
		        link, -ERR_FOREIGN,
		        "the master at %s belongs to another cluster (%s, this one to %s): "
		        "correct the list of masters, or format the folder of one of them",
		        from, theirs, ours);
		return -ERR_FOREIGN;
	}
	return 0;
}

/* False: no memory. */
static bool write_small(struct peer_link *link, struct io_conn *conn)
{
	struct str bytes = buf_str(&link->small);

	if (!link->small.failed)
		io_conn_write(conn, &bytes, 1);
	return !link->small.failed;
}

bool peer_link_say_hello(struct peer_link *link, struct io_conn *conn)
{
	buf_clear(&link->small);
	peer_wire_encode_hello(&link->hello, &link->small);
	return write_small(link, conn);
}

void peer_link_ping(struct peer_link *link, struct io_conn *conn, enum peer_frame_kind kind,
                    uint64_t sent_us)
{
	struct peer_ping ping = {.sent_us = sent_us, .wall_ms = io_wall_ms(link->options.io)};

	if (io_conn_queued(conn) > PINGS_BYTES_MAX)
		return;
	buf_clear(&link->small);
	peer_wire_encode_ping(kind, &ping, &link->small);
	write_small(link, conn);
}

static uint64_t check_period_us(const struct peer_link *link)
{
	return link->options.silence_ms * 1000 / PEER_CHECKS;
}

static void check_all(struct io_timer *timer)
{
	struct peer_link *link = CONTAINER_OF(timer, struct peer_link, check_timer);
	uint64_t now_us = io_now_us(link->options.io);

	LIST_FOR_EACH_SAFE (node, &link->peers)
		peer_check(CONTAINER_OF(node, struct peer, node), now_us);
	LIST_FOR_EACH_SAFE (node, &link->accepted)
		peer_accepted_check(CONTAINER_OF(node, struct peer_accepted, node), now_us);
	io_timer_start(&link->check_timer, check_period_us(link));
}

static void flush_all(struct io_hook *hook)
{
	struct peer_link *link = CONTAINER_OF(hook, struct peer_link, flush);

	LIST_FOR_EACH (node, &link->peers)
		peer_flush(CONTAINER_OF(node, struct peer, node));
}

/* ---- life ---- */

static bool copy_text(char *to, const char *from, size_t bytes_max)
{
	size_t size = strlen(from);

	if (size > bytes_max)
		return false;
	memcpy(to, from, size + 1);
	return true;
}

static int listen_for_others(struct peer_link *link, const char *bind_host, char **ret_text)
{
	char host[RAFT_ADDRESS_BYTES_MAX + 1];
	struct io_listen_options options = {.host = bind_host,
	                                    .backlog = BACKLOG,
	                                    .on_accept = peer_accepted_begin,
	                                    .context = link};
	int rc;

	if (!peer_link_split(link->hello.address, host, &options.port)) {
		*ret_text = text_make("%s: not an address of a master: it must be HOST:PORT",
		                      link->hello.address);
		return -ERR_INVALID;
	}
	rc = io_listen(link->options.io, &options, &link->listener);
	if (rc < 0)
		*ret_text = text_make("cannot listen for other masters at %s, port %u: %s%s",
		                      bind_host == NULL ? "all addresses" : bind_host, options.port,
		                      err_text(rc),
		                      rc == -ERR_IN_USE ? "; see who has it: ss -ltnp" : "");
	return rc;
}

int peer_link_open(const struct peer_link_options *options, struct peer_link **ret_link,
                   char **ret_text)
{
	struct peer_link *link = mem_zalloc(sizeof(*link));
	struct peer_hello *hello;
	int rc = -ERR_INVALID;

	CHECK(options->queue_bytes_max >= options->frame_bytes_max);
	CHECK(options->frame_bytes_max >= PEER_HEAD_BYTES_MAX && options->silence_ms > 0);
	if (link == NULL)
		return -ERR_NO_MEMORY;
	link->magic = LINK_MAGIC;
	link->options = *options;
	hello = &link->hello;
	hello->features = PEER_FEATURES;
	hello->id = options->self;
	if (!copy_text(hello->cluster_id, options->cluster_id, CLUSTER_ID_BYTES_MAX) ||
	    !copy_text(hello->address, options->address, RAFT_ADDRESS_BYTES_MAX) ||
	    !copy_text(hello->service_address, options->service_address, RAFT_ADDRESS_BYTES_MAX))
		*ret_text = text_make("%s: this address, the cluster's id or the address for "
		                      "clients is too long",
		                      options->address);
	else
		rc = listen_for_others(link, options->bind_host, ret_text);
	if (rc < 0) {
		mem_free(link);
		return rc;
	}
	list_init(&link->peers);
	list_init(&link->accepted);
	link->flush.run = flush_all;
	io_timer_init(options->io, &link->check_timer, check_all);
	io_timer_start(&link->check_timer, check_period_us(link));
	*ret_link = link;
	return 0;
}

void peer_link_close(struct peer_link *link)
{
	if (link == NULL)
		return;
	OBJ_CHECK(link, LINK_MAGIC);
	CHECK(!link->is_calling);
	io_listener_close(link->listener);
	io_timer_stop(&link->check_timer);
	io_hook_cancel(&link->flush);
	while (!list_is_empty(&link->accepted))
		peer_accepted_destroy(LIST_FIRST(&link->accepted, struct peer_accepted, node));
	while (!list_is_empty(&link->peers))
		peer_destroy(LIST_FIRST(&link->peers, struct peer, node));
	buf_finish(&link->small);
	link->magic = 0;
	mem_free(link);
}

void peer_link_bind(struct peer_link *link, const char *cluster_id)
{
	CHECK(copy_text(link->hello.cluster_id, cluster_id, CLUSTER_ID_BYTES_MAX));
}

/* ---- sending ---- */

/* NULL: there is no way now, or none is wanted: a member under one's own address is who was here
 * before its disk was lost. */
static struct peer *reach(struct peer_link *link, const char *address)
{
	struct peer *peer;

	if (strcmp(address, link->hello.address) == 0)
		return NULL;
	peer = peer_find_or_add(link, address);
	if (peer == NULL)
		return NULL;
	peer->unwanted = 0;
	list_remove(&peer->node);
	list_append(&link->peers, &peer->node);
	if (peer_reach(peer))
		return peer;
	peer->dropped++;
	return NULL;
}

void peer_link_send(struct peer_link *link, const char *address, const struct raft_message *message,
                    const struct str *payload, size_t pieces)
{
	struct peer *peer = reach(link, address);
	size_t start;

	if (peer == NULL)
		return;
	start = peer->unsent.size;
	peer_wire_encode_message(message, payload, pieces, &peer->unsent);
	peer_push(peer, start, payload, pieces);
}

void peer_link_beat(struct peer_link *link, const char *address, const struct peer_beat *beat)
{
	struct peer *peer = reach(link, address);
	size_t start;

	if (peer == NULL)
		return;
	start = peer->unsent.size;
	peer_wire_encode_beat(beat, &peer->unsent);
	peer_push(peer, start, NULL, 0);
}

/* ---- what is known of the others ---- */

bool peer_link_status(const struct peer_link *link, const char *address,
                      struct peer_link_status *ret_status)
{
	const struct peer *peer = peer_find(link, address);

	if (peer == NULL)
		return false;
	*ret_status = (struct peer_link_status){
	        .id = peer->id,
	        .service_address = peer->service_address,
	        .is_connected = peer->state == PEER_CONNECTED,
	        .heard_ms_ago = peer->heard_us == 0
	                                ? UINT64_MAX
	                                : (io_now_us(link->options.io) - peer->heard_us) / 1000,
	        .skew_ms = peer->skew_ms,
	        .round_trip_us = peer->round_trip_us,
	        .queued_bytes = peer_queued(peer),
	        .dropped = peer->dropped,
	};
	return true;
}

/* NULL: it never said hello. */
static const struct peer *newest_of(const struct peer_link *link, struct raft_id id)
{
	const struct peer *newest = NULL;

	LIST_FOR_EACH (node, &link->peers) {
		const struct peer *peer = CONTAINER_OF(node, struct peer, node);

		if (!raft_id_is_none(id) && raft_id_equal(peer->id, id) &&
		    (newest == NULL || peer->heard_us > newest->heard_us))
			newest = peer;
	}
	return newest;
}

const char *peer_link_address(const struct peer_link *link, struct raft_id id)
{
	const struct peer *peer = newest_of(link, id);

	return peer == NULL ? NULL : peer->address;
}

uint32_t peer_link_features(const struct peer_link *link, struct raft_id id)
{
	const struct peer *peer = newest_of(link, id);

	return peer == NULL ? 0 : peer->features;
}

const char *peer_link_cluster(const struct peer_link *link, struct raft_id id)
{
	const struct peer *peer = newest_of(link, id);

	return peer == NULL ? NULL : peer->cluster_id;
}

void peer_link_call_anew(struct peer_link *link, struct raft_id id)
{
	const struct peer *newest = newest_of(link, id);

	if (newest != NULL)
		peer_call_anew(peer_find(link, newest->address));
}
