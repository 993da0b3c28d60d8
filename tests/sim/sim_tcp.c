/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels' side of TCP.  Each socket has what it has sent in order of offset:
 *
 *   acked <= arrived <= launched = acked + bytes in `out`
 *
 * What was launched is cut into segments that are on their way together; `carry` is the arrival
 * of the first.  `ack` is the arrival of the news of it.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/sim_private.h"

enum {
	SEND_BYTES = 256 << 10,
	RECEIVE_BYTES = 256 << 10,
	SEGMENT_BYTES = 64 << 10,
	RETRY_US = 200 * 1000,
	RETRY_US_MAX = 120 * 1000 * 1000,
	TRIES_MAX = 15,
	SYN_RETRY_US = 1000 * 1000,
	PORT_FIRST = 32768,
};

struct segment {
	struct list node;
	uint64_t end; /* offset after it */
	uint64_t due_us;
	bool is_last; /* FIN */
};

struct sim_tcp_end {
	struct list node; /* of the world's, until nothing leaves it any more */
	struct sim_tcp_end *peer;
	struct sim_machine *machine;
	uint64_t boot;
	struct io_conn *conn; /* NULL: no process has it any more */
	/* out */
	struct buf out; /* from `acked` on */
	uint64_t acked, arrived, launched;
	struct list segments; /* not arrived */
	uint64_t due_us;      /* of the last */
	uint64_t retry_us;    /* until the next retransmission */
	unsigned tries;
	struct sim_event carry, ack, reset;
	bool is_stalled; /* the peer has no room */
	bool is_retrying_ack;
	/* in */
	struct buf in;
	bool has_peer_finished;
	int broken_rc; /* < 0: nothing goes in or out any more */
};

static bool is_there(const struct sim_tcp_end *end)
{
	return !end->machine->is_off && end->boot == end->machine->boot && end->broken_rc == 0;
}

/* ---- the way ---- */

struct sim_link sim_link_default(void)
{
	return (struct sim_link){.latency_us = 100, .jitter_us = 100};
}

static struct sim_link *link_of(const struct sim_machine *from, const struct sim_machine *to)
{
	return &from->world->links[from->number - 1][to->number - 1];
}

const struct sim_link *sim_net_get(const struct sim_machine *from, const struct sim_machine *to)
{
	return link_of(from, to);
}

void sim_net_cut(struct sim_machine *from, struct sim_machine *to, bool is_cut)
{
	link_of(from, to)->is_cut = is_cut;
}

static bool is_lost(const struct sim_machine *from, const struct sim_machine *to)
{
	const struct sim_link *link = link_of(from, to);

	return link->is_cut || from->is_off || to->is_off ||
	       (link->loss_ppm > 0 && random_chance(&from->world->random, link->loss_ppm, 1000000));
}

static uint64_t draw_latency(const struct sim_machine *from, const struct sim_machine *to)
{
	const struct sim_link *link = link_of(from, to);

	return link->latency_us + random_below(&from->world->random, link->jitter_us + 1u);
}

/* ---- breaking ---- */

static void stop(struct sim_tcp_end *end)
{
	list_remove(&end->node);
	sim_world_cancel(end->machine->world, &end->carry);
	sim_world_cancel(end->machine->world, &end->ack);
	while (!list_is_empty(&end->segments)) {
		struct segment *segment = LIST_FIRST(&end->segments, struct segment, node);

		list_remove(&segment->node);
		mem_free(segment);
	}
	buf_finish(&end->out);
}

static void break_end(struct sim_tcp_end *end, int rc)
{
	if (end->broken_rc < 0)
		return;
	end->broken_rc = rc;
	stop(end);
	if (end->conn != NULL)
		sim_conn_wake(end->conn);
}

static void reset_arrives(struct sim_event *event)
{
	struct sim_tcp_end *end = CONTAINER_OF(event, struct sim_tcp_end, reset);

	if (is_there(end) && !is_lost(end->peer->machine, end->machine))
		break_end(end, -ERR_CLOSED);
}

static void send_reset(struct sim_tcp_end *to)
{
	if (!to->reset.is_scheduled)
		sim_world_schedule(to->machine->world, &to->reset,
		                   draw_latency(to->peer->machine, to->machine));
}

/* ---- sending ---- */

static void carry_at(struct sim_tcp_end *end, uint64_t due_us)
{
	uint64_t now_us = end->machine->world->now_us;

	sim_world_schedule(end->machine->world, &end->carry, due_us > now_us ? due_us - now_us : 0);
}

static uint64_t pace(const struct sim_tcp_end *end, uint64_t size)
{
	const struct sim_link *link = link_of(end->machine, end->peer->machine);

	return link->bytes_per_ms == 0 ? 0 : size * 1000 / link->bytes_per_ms;
}

/* When what leaves now would arrive if nothing were on its way. */
static uint64_t draw_due(const struct sim_tcp_end *end)
{
	return end->machine->world->now_us + draw_latency(end->machine, end->peer->machine);
}

static void launch(struct sim_tcp_end *end, size_t size, bool is_last)
{
	struct segment *segment = mem_must_zalloc(sizeof(*segment));
	uint64_t due_us = draw_due(end);

	if (due_us < end->due_us)
		due_us = end->due_us;
	due_us += pace(end, size);
	end->due_us = due_us;
	end->launched += size;
	*segment = (struct segment){.end = end->launched, .due_us = due_us, .is_last = is_last};
	if (list_is_empty(&end->segments))
		carry_at(end, due_us);
	list_append(&end->segments, &segment->node);
}

/* What is on its way goes on at the new pace, if that is the faster one. */
static void hasten(struct sim_tcp_end *end)
{
	const struct segment *first = LIST_FIRST(&end->segments, struct segment, node);
	bool is_under_way = end->carry.is_scheduled && end->carry.due_us == first->due_us;
	uint64_t due_us = draw_due(end), begin = end->arrived;

	LIST_FOR_EACH (node, &end->segments) {
		struct segment *segment = CONTAINER_OF(node, struct segment, node);

		due_us += pace(end, segment->end - begin);
		begin = segment->end;
		if (segment->due_us > due_us)
			segment->due_us = due_us;
		end->due_us = segment->due_us;
	}
	if (!is_under_way)
		return; /* lost, or there is no room for it */
	sim_world_cancel(end->machine->world, &end->carry);
	carry_at(end, first->due_us);
}

void sim_net_set(struct sim_machine *from, struct sim_machine *to, const struct sim_link *link)
{
	*link_of(from, to) = *link;
	LIST_FOR_EACH (node, &from->world->ends) {
		struct sim_tcp_end *end = CONTAINER_OF(node, struct sim_tcp_end, node);

		if (end->machine == from && end->peer->machine == to &&
		    !list_is_empty(&end->segments))
			hasten(end);
	}
}

/* False: too often; the connection is dead. */
static bool back_off(struct sim_tcp_end *end)
{
	if (++end->tries > TRIES_MAX) {
		break_end(end, -ERR_TIMEOUT);
		return false;
	}
	end->retry_us = end->retry_us == 0 ? RETRY_US : end->retry_us * 2;
	if (end->retry_us > RETRY_US_MAX)
		end->retry_us = RETRY_US_MAX;
	return true;
}

static void came_through(struct sim_tcp_end *end)
{
	end->tries = 0;
	end->retry_us = 0;
}

static void ack_later(struct sim_tcp_end *end)
{
	if (!end->ack.is_scheduled)
		sim_world_schedule(end->machine->world, &end->ack,
		                   draw_latency(end->peer->machine, end->machine));
}

static void ack_arrives(struct sim_event *event)
{
	struct sim_tcp_end *end = CONTAINER_OF(event, struct sim_tcp_end, ack);

	if (!is_there(end))
		return;
	if (is_lost(end->peer->machine, end->machine) ||
	    (end->is_retrying_ack && is_lost(end->machine, end->peer->machine))) {
		end->is_retrying_ack = true;
		if (back_off(end))
			sim_world_schedule(end->machine->world, &end->ack, end->retry_us);
		return;
	}
	end->is_retrying_ack = false;
	came_through(end);
	buf_consume(&end->out, (size_t)(end->arrived - end->acked));
	end->acked = end->arrived;
	if (end->conn != NULL)
		sim_conn_wake(end->conn);
}

/* The first segment arrives at a socket that takes it. */
static void deliver(struct sim_tcp_end *end, struct segment *segment)
{
	struct sim_tcp_end *peer = end->peer;
	size_t size = (size_t)(segment->end - end->arrived);

	buf_append(&peer->in, end->out.data + (end->arrived - end->acked), size);
	CHECK(!peer->in.failed);
	end->arrived = segment->end;
	if (segment->is_last)
		peer->has_peer_finished = true;
	list_remove(&segment->node);
	mem_free(segment);
	came_through(end);
	ack_later(end);
	if (!list_is_empty(&end->segments))
		carry_at(end, LIST_FIRST(&end->segments, struct segment, node)->due_us);
	if (peer->conn != NULL)
		sim_conn_wake(peer->conn);
}

static void carry(struct sim_event *event)
{
	struct sim_tcp_end *end = CONTAINER_OF(event, struct sim_tcp_end, carry);
	struct sim_tcp_end *peer = end->peer;
	struct segment *segment;
	size_t size;

	if (!is_there(end))
		return;
	segment = LIST_FIRST(&end->segments, struct segment, node);
	size = (size_t)(segment->end - end->arrived);
	if (is_lost(end->machine, peer->machine)) {
		if (back_off(end))
			sim_world_schedule(end->machine->world, &end->carry, end->retry_us);
	} else if (!is_there(peer) || (peer->conn == NULL && size > 0)) {
		send_reset(end);
		if (back_off(end)) /* the reset may be lost */
			sim_world_schedule(end->machine->world, &end->carry, end->retry_us);
	} else if (size > 0 && peer->in.size + size > RECEIVE_BYTES) {
		end->is_stalled = true;
	} else {
		deliver(end, segment);
	}
}

/* ---- what processes do with it ---- */

void sim_tcp_attach(struct sim_tcp_end *end, struct io_conn *conn)
{
	end->conn = conn;
	conn->end = end;
}

size_t sim_tcp_write(struct sim_tcp_end *end, const uint8_t *data, size_t size)
{
	size_t taken = SEND_BYTES - end->out.size;

	if (end->broken_rc < 0)
		return size; /* the process will hear of it */
	if (taken > size)
		taken = size;
	buf_append(&end->out, data, taken);
	CHECK(!end->out.failed);
	for (size_t done = 0; done < taken;) {
		size_t piece = taken - done < SEGMENT_BYTES ? taken - done : SEGMENT_BYTES;

		launch(end, piece, false);
		done += piece;
	}
	return taken;
}

size_t sim_tcp_readable(const struct sim_tcp_end *end)
{
	return end->in.size;
}

size_t sim_tcp_read(struct sim_tcp_end *end, uint8_t *data, size_t size)
{
	if (size > end->in.size)
		size = end->in.size;
	memcpy(data, end->in.data, size);
	buf_consume(&end->in, size);
	if (end->peer->is_stalled && !end->peer->carry.is_scheduled && is_there(end->peer)) {
		end->peer->is_stalled = false;
		carry_at(end->peer, end->machine->world->now_us +
		                            draw_latency(end->machine, end->peer->machine));
	}
	return size;
}

int sim_tcp_state(const struct sim_tcp_end *end)
{
	return end->broken_rc < 0 ? end->broken_rc : !end->has_peer_finished;
}

void sim_tcp_close(struct sim_tcp_end *end, bool by_reset)
{
	end->conn = NULL;
	if (end->broken_rc < 0)
		return;
	if (!by_reset && end->in.size == 0) {
		launch(end, 0, true);
		return;
	}
	send_reset(end->peer);
	break_end(end, -ERR_CLOSED);
}

void sim_tcp_process_ended(struct io *io, bool power_cut)
{
	LIST_FOR_EACH (node, &io->conns) {
		struct io_conn *conn = CONTAINER_OF(node, struct io_conn, node);

		if (conn->syn != NULL)
			sim_syn_abandon(conn->syn);
		if (conn->end == NULL)
			continue;
		if (power_cut)
			stop(conn->end);
		else
			sim_tcp_close(conn->end, false);
		conn->end->conn = NULL;
	}
}

/* ---- connecting ---- */

struct sim_syn {
	struct sim_event event;
	struct io_conn *conn; /* NULL: given up */
	struct sim_machine *from, *to;
	uint64_t boot; /* of `from` */
	uint16_t port;
	unsigned from_port;
	uint64_t retry_us;
	struct sim_tcp_end *end; /* accepted there; the answer is on its way */
	bool is_refused;         /* so it is */
};

static struct sim_tcp_end *make_end(struct sim_machine *machine)
{
	struct sim_tcp_end *end = mem_must_zalloc(sizeof(*end));

	end->machine = machine;
	end->boot = machine->boot;
	end->carry.run = carry;
	end->ack.run = ack_arrives;
	end->reset.run = reset_arrives;
	list_init(&end->segments);
	list_append(&machine->world->ends, &end->node);
	return end;
}

static void try_again(struct sim_syn *syn)
{
	syn->retry_us = syn->retry_us == 0 ? SYN_RETRY_US : syn->retry_us * 2;
	sim_world_schedule(syn->from->world, &syn->event, syn->retry_us);
}

static void connect_is_over(struct sim_syn *syn, int rc)
{
	struct io_conn *conn = syn->conn;

	conn->syn = NULL;
	conn->connect_rc = rc;
	conn->is_connect_over = true;
	if (rc == 0)
		sim_tcp_attach(syn->end->peer, conn);
	sim_conn_wake(conn);
	mem_free(syn);
}

/* The answer reaches who asked. */
static void syn_answered(struct sim_event *event)
{
	struct sim_syn *syn = CONTAINER_OF(event, struct sim_syn, event);

	if (syn->conn == NULL) { /* not wanted any more, or the machine went down */
		if (syn->end != NULL && !is_lost(syn->from, syn->to))
			send_reset(syn->end);
		mem_free(syn);
	} else if (is_lost(syn->to, syn->from)) {
		try_again(syn);
	} else {
		connect_is_over(syn, syn->is_refused ? -ERR_REFUSED : 0);
	}
}

static void syn_arrives(struct sim_event *event)
{
	struct sim_syn *syn = CONTAINER_OF(event, struct sim_syn, event);
	struct io_listener *listener;

	if (syn->conn == NULL) {
		mem_free(syn);
		return;
	}
	if (is_lost(syn->from, syn->to)) {
		try_again(syn);
		return;
	}
	listener = sim_listener_find(syn->to, syn->port);
	if (listener == NULL) {
		syn->is_refused = true;
	} else {
		struct sim_tcp_end *near = make_end(syn->from);

		syn->end = make_end(syn->to);
		syn->end->peer = near;
		near->peer = syn->end;
		sim_listener_accept(listener, syn->end, syn->from, syn->from_port);
	}
	event->run = syn_answered;
	sim_world_schedule(syn->from->world, event, draw_latency(syn->to, syn->from));
}

struct sim_syn *sim_tcp_connect(struct io_conn *conn, struct sim_machine *to, uint16_t port)
{
	struct sim_syn *syn = mem_must_zalloc(sizeof(*syn));
	struct sim_machine *from = conn->io->machine;

	*syn = (struct sim_syn){.event = {.run = syn_arrives},
	                        .conn = conn,
	                        .from = from,
	                        .to = to,
	                        .port = port,
	                        .from_port = PORT_FIRST + (unsigned)(from->world->order % 28000)};
	sim_world_schedule(from->world, &syn->event, draw_latency(from, to));
	return syn;
}

void sim_syn_abandon(struct sim_syn *syn)
{
	syn->conn = NULL;
}
