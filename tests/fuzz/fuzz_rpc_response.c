/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server may send to our client: frames of any content; requests end at most once.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "rpc/client_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUESTS = 4 };

struct asked {
	struct rpc_request request;
	int done;
};

static void on_done(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct asked *asked = CONTAINER_OF(request, struct asked, request);

	CHECK(++asked->done == 1);
	CHECK(outcome->rc <= 0);
	CHECK(outcome->rc != 0 || outcome->was_sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct asked asked[REQUESTS] = {0};
	struct rpc_client_options options = {
	        .host = "127.0.0.1", .port = 1, .user = "u", .client_id = "ABCDEFGHIJKLMNOP"};
	struct rpc_client *client;

	CHECK(io_create(&options.io) == 0);
	CHECK(rpc_client_create(&options, &client) == 0);
	for (int i = 0; i < REQUESTS; i++) {
		asked[i].request =
		        (struct rpc_request){.client = client, .call_id = i, .done = on_done};
		asked[i].request.was_sent = true;
		io_timer_init(options.io, &asked[i].request.timer, NULL);
		list_append(&client->sent, &asked[i].request.node);
	}
	client_take_response(client, str_make(data, size));
	rpc_client_destroy(client);
	for (int i = 0; i < REQUESTS; i++)
		CHECK(asked[i].done == 1);
	io_destroy(options.io);
	return 0;
}
