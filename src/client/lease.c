/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While a file is open for writing, the client's leases are renewed every half soft limit (HDFS:
 * LeaseRenewer).  A renewal that fails is left to the next one: the limit leaves room for that.
 */
#include "client/client_private.h"

#include "base/err.h"
#include "proto/client.pb-c.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum { RENEWAL_US = 30 * 1000 * 1000, RENEWAL_TIMEOUT_MS = 20000 };

static void renewal_done(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct client *client = CONTAINER_OF(request, struct client, renewal_request);

	client->is_renewing = false;
	if (outcome->rc != 0 && client->server_count > 1)
		client->current = (client->current + 1) % client->server_count;
}

static void renew(struct io_timer *timer)
{
	struct client *client = CONTAINER_OF(timer, struct client, renewal);

	io_timer_start(timer, RENEWAL_US);
	if (client->is_renewing)
		return;
	client->is_renewing = true;
	client->renewal_request = (struct rpc_request){
	        .protocol = WIRE_CLIENT_PROTOCOL,
	        .method = "renewLease",
	        .message = buf_str(&client->renewal_message),
	        .call_id = client_next_call_id(client),
	        .timeout_ms = RENEWAL_TIMEOUT_MS,
	        .done = renewal_done,
	};
	rpc_client_call(client->servers[client->current].rpc, &client->renewal_request);
}

void client_writer_opened(struct client *client)
{
	Hdfs__RenewLeaseRequest request = HDFS__RENEW_LEASE_REQUEST__INIT;

	if (client->open_writers++ > 0)
		return;
	request.client_name = pb_bytes(str_of(client->name));
	buf_clear(&client->renewal_message);
	pb_append(&client->renewal_message, &request.base);
	io_timer_init(client->io, &client->renewal, renew);
	io_timer_start(&client->renewal, RENEWAL_US);
}

void client_writer_closed(struct client *client)
{
	CHECK(client->open_writers > 0);
	if (--client->open_writers > 0)
		return;
	io_timer_stop(&client->renewal);
	if (client->is_renewing)
		rpc_client_cancel(&client->renewal_request);
	client->is_renewing = false;
}
