/* SPDX-License-Identifier: Apache-2.0 */
/* TCP of io.h over the simulated network. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/sim_private.h"

enum { READ_BYTES = 64 << 10, PORT_ANY = 40000 };

/* ---- names ---- */

/* NULL: nobody has that name. */
static struct sim_machine *find_machine(struct io *io, const char *host)
{
	const struct sim_world *world = io->machine->world;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0)
		return io->machine;
	for (unsigned i = 0; i < world->machine_count; i++) {
		struct sim_machine *machine = world->machines[i];

		if (strcmp(host, machine->name) == 0 || strcmp(host, machine->address) == 0)
			return machine;
	}
	return NULL;
}

/* ---- the process looks at a connection ---- */

static void look(struct process_event *event);

void sim_conn_wake(struct io_conn *conn)
{
	if (conn->is_ready)
		return;
	conn->is_ready = true;
	process_schedule(conn->io, &conn->ready, look, 0);
}

static void report_connect(struct io_conn *conn)
{
	void (*on_connect)(void *context, int rc) = conn->on_connect;

	conn->on_connect = NULL;
	process_cancel(&conn->timeout);
	on_connect(conn->context, conn->connect_rc);
}

static void report_accept(struct io_conn *conn)
{
	void (*on_accept)(void *context, struct io_conn *accepted) = conn->on_accept;

	conn->on_accept = NULL;
	on_accept(conn->context, conn);
}

/* What the kernel takes by now of what is queued. */
static void push_queue(struct io_conn *conn)
{
	size_t taken;

	if (conn->queue.size == 0 || conn->end == NULL)
		return;
	taken = sim_tcp_write(conn->end, conn->queue.data, conn->queue.size);
	buf_consume(&conn->queue, taken);
	if (conn->queue.size > 0)
		return;
	buf_finish(&conn->queue);
	if (conn->is_lingering)
		io_conn_close(conn);
	else if (!conn->is_ended && conn->ops != NULL && conn->ops->on_drained != NULL)
		conn->ops->on_drained(conn->context);
}

static void read_some(struct io_conn *conn)
{
	uint8_t *data = mem_must_alloc(READ_BYTES);
	size_t size = sim_tcp_read(conn->end, data, READ_BYTES);

	if (sim_tcp_readable(conn->end) > 0 || sim_tcp_state(conn->end) <= 0)
		sim_conn_wake(conn);
	if (conn->is_lingering)
		size = 0;
	if (size > 0)
		conn->ops->on_data(conn->context, data, size);
	mem_free(data);
}

static void report_end(struct io_conn *conn, int rc)
{
	conn->is_ended = true;
	if (conn->is_lingering)
		io_conn_close(conn);
	else
		conn->ops->on_end(conn->context, rc);
}

static void look_at_input(struct io_conn *conn)
{
	int state;

	if (conn->end == NULL || conn->is_ended || (conn->ops == NULL && !conn->is_lingering))
		return;
	state = sim_tcp_state(conn->end);
	if (conn->is_failed && state < 0)
		report_end(conn, state);
	else if (conn->is_paused)
		return;
	else if (sim_tcp_readable(conn->end) > 0)
		read_some(conn);
	else if (state <= 0)
		report_end(conn, state);
}

static void look(struct process_event *event)
{
	struct io_conn *conn = CONTAINER_OF(event, struct io_conn, ready);
	bool is_gone = false;

	conn->is_ready = false;
	if (conn->on_accept != NULL) {
		report_accept(conn);
		return;
	}
	if (conn->on_connect != NULL) {
		if (conn->is_connect_over)
			report_connect(conn);
		return;
	}
	conn->is_gone = &is_gone;
	push_queue(conn);
	if (is_gone)
		return;
	conn->is_gone = NULL;
	look_at_input(conn);
}

/* `peer` may be NULL: unknown. */
static struct io_conn *make_conn(struct io *io, const struct sim_machine *peer, unsigned port)
{
	struct io_conn *conn = mem_zalloc(sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->io = io;
	list_append(&io->conns, &conn->node);
	if (peer != NULL) {
		snprintf(conn->peer, sizeof(conn->peer), "%s:%u", peer->address, port);
		memcpy(conn->peer_address, peer->address, sizeof(conn->peer_address));
	}
	return conn;
}

/* ---- listening ---- */

struct io_listener {
	struct io *io;
	struct list node;
	uint16_t port;
	void (*on_accept)(void *context, struct io_conn *conn);
	void *context;
};

struct io_listener *sim_listener_find(struct sim_machine *machine, uint16_t port)
{
	if (machine->io == NULL)
		return NULL;
	LIST_FOR_EACH (node, &machine->io->listeners) {
		struct io_listener *listener = CONTAINER_OF(node, struct io_listener, node);

		if (listener->port == port)
			return listener;
	}
	return NULL;
}

int io_listen(struct io *io, const struct io_listen_options *options,
              struct io_listener **ret_listener)
{
	struct io_listener *listener;
	uint16_t port = options->port;

	if (options->host != NULL && find_machine(io, options->host) == NULL)
		return -ERR_NO_HOST;
	if (options->host != NULL && find_machine(io, options->host) != io->machine)
		return -ERR_INVALID;
	if (port != 0 && sim_listener_find(io->machine, port) != NULL)
		return -ERR_IN_USE;
	for (port = port == 0 ? PORT_ANY : port; sim_listener_find(io->machine, port) != NULL;)
		port++;
	listener = mem_alloc(sizeof(*listener));
	if (listener == NULL)
		return -ERR_NO_MEMORY;
	*listener = (struct io_listener){.io = io,
	                                 .port = port,
	                                 .on_accept = options->on_accept,
	                                 .context = options->context};
	list_append(&io->listeners, &listener->node);
	*ret_listener = listener;
	return 0;
}

uint16_t io_listener_port(const struct io_listener *listener)
{
	return listener->port;
}

void io_listener_close(struct io_listener *listener)
{
	if (listener == NULL)
		return;
	/* Those that nobody took yet go with it. */
	LIST_FOR_EACH_SAFE (node, &listener->io->conns) {
		struct io_conn *conn = CONTAINER_OF(node, struct io_conn, node);

		if (conn->on_accept == listener->on_accept && conn->context == listener->context)
			io_conn_close(conn);
	}
	list_remove(&listener->node);
	mem_free(listener);
}

void sim_listener_accept(struct io_listener *listener, struct sim_tcp_end *end,
                         const struct sim_machine *from, unsigned port)
{
	struct io_conn *conn = make_conn(listener->io, from, port);

	if (conn == NULL)
		return; /* as if the process had closed it at once */
	conn->on_accept = listener->on_accept;
	conn->context = listener->context;
	sim_tcp_attach(end, conn);
	sim_conn_wake(conn);
}

/* ---- connecting ---- */

static void time_is_up(struct process_event *event)
{
	struct io_conn *conn = CONTAINER_OF(event, struct io_conn, timeout);

	if (conn->on_connect == NULL)
		return;
	if (conn->syn != NULL)
		sim_syn_abandon(conn->syn);
	conn->syn = NULL;
	conn->connect_rc = -ERR_TIMEOUT;
	report_connect(conn);
}

int io_connect(struct io *io, const char *host, uint16_t port, unsigned timeout_ms,
               void (*on_connect)(void *context, int rc), void *context, struct io_conn **ret_conn)
{
	struct sim_machine *to = find_machine(io, host);
	struct io_conn *conn = make_conn(io, to, port);

	if (conn == NULL)
		return -ERR_NO_MEMORY;
	conn->on_connect = on_connect;
	conn->context = context;
	if (to == NULL) {
		conn->connect_rc = -ERR_NO_HOST;
		conn->is_connect_over = true;
		sim_conn_wake(conn);
	} else {
		conn->syn = sim_tcp_connect(conn, to, port);
		process_schedule(io, &conn->timeout, time_is_up,
		                 sim_clock_to_world(io->machine, (uint64_t)timeout_ms * 1000));
	}
	*ret_conn = conn;
	return 0;
}

/* ---- reading and writing ---- */

void io_conn_start(struct io_conn *conn, const struct io_conn_ops *ops, void *context)
{
	CHECK(conn->end != NULL && conn->on_connect == NULL && conn->on_accept == NULL);
	conn->ops = ops;
	conn->context = context;
	sim_conn_wake(conn);
}

void io_conn_pause(struct io_conn *conn)
{
	conn->is_paused = true;
}

void io_conn_resume(struct io_conn *conn)
{
	conn->is_paused = false;
	sim_conn_wake(conn);
}

void io_conn_write(struct io_conn *conn, const struct str *pieces, size_t count)
{
	CHECK(conn->end != NULL && !conn->is_lingering);
	if (conn->is_ended)
		return;
	if (sim_tcp_state(conn->end) < 0) {
		conn->is_failed = true;
		sim_conn_wake(conn);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t taken = 0;

		if (conn->queue.size == 0)
			taken = sim_tcp_write(conn->end, (const uint8_t *)pieces[i].data,
			                      pieces[i].size);
		buf_append(&conn->queue, pieces[i].data + taken, pieces[i].size - taken);
	}
	CHECK(!conn->queue.failed);
}

bool io_conn_is_open(const struct io_conn *conn)
{
	return !conn->is_ended && conn->end != NULL && sim_tcp_state(conn->end) == 1;
}

size_t io_conn_queued(const struct io_conn *conn)
{
	return conn->queue.size;
}

const char *io_conn_peer(const struct io_conn *conn)
{
	return conn->peer;
}

const char *io_conn_peer_address(const struct io_conn *conn)
{
	return conn->peer_address;
}

/* ---- closing ---- */

void io_conn_close(struct io_conn *conn)
{
	if (conn == NULL)
		return;
	if (conn->syn != NULL)
		sim_syn_abandon(conn->syn);
	if (conn->end != NULL)
		sim_tcp_close(conn->end, conn->queue.size > 0);
	process_cancel(&conn->ready);
	process_cancel(&conn->timeout);
	list_remove(&conn->node);
	if (conn->is_gone != NULL)
		*conn->is_gone = true;
	buf_finish(&conn->queue);
	mem_free(conn);
}

static void linger_is_over(struct process_event *event)
{
	io_conn_close(CONTAINER_OF(event, struct io_conn, timeout));
}

void io_conn_close_after_write(struct io_conn *conn, unsigned linger_ms)
{
	if (conn->queue.size == 0 || conn->is_ended) {
		io_conn_close(conn);
		return;
	}
	conn->is_lingering = true;
	conn->is_paused = false;
	conn->ops = NULL;
	sim_conn_wake(conn);
	process_schedule(conn->io, &conn->timeout, linger_is_over,
	                 sim_clock_to_world(conn->io->machine, (uint64_t)linger_ms * 1000));
}
