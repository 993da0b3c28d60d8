/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status.h"

#include "base/err.h"
#include "proto/status.pb-c.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum { ANSWER_BYTES_MAX = 1 << 20 };

static json_t *read_status(struct str response, struct arena *arena, struct buf *why)
{
	Status__GetStatusResponse *reply;
	json_error_t error = {0};
	json_t *status = NULL;
	int rc = pb_unpack(&status__get_status_response__descriptor, response, arena, &reply);

	if (rc == 0)
		status = json_loadb((const char *)reply->json.data, reply->json.len, 0, &error);
	if (status == NULL)
		buf_append_format(why, "the master's answer cannot be read: %s",
		                  rc < 0 ? err_text(rc) : error.text);
	return status;
}

json_t *cli_status_ask(const struct cli_site *site, const struct client_address *master,
                       struct buf *why)
{
	struct cli_addresses one;
	struct client *client;
	struct arena arena;
	struct str response;
	json_t *status = NULL;

	arena_init(&arena, ANSWER_BYTES_MAX);
	cli_addresses_of(str_of(master->host), master->port, &one);
	if (cli_connect(site, &one, &cli_brief, &client) == CLI_OK) {
		if (client_call(client, WIRE_STATUS_PROTOCOL, "getStatus", (struct str){0}, &arena,
		                &response) == 0)
			status = read_status(response, &arena, why);
		else
			buf_append_str(why, client_failure(client)->text);
		client_destroy(client);
	}
	cli_addresses_finish(&one);
	arena_finish(&arena);
	return status;
}

const char *cli_status_text(const json_t *status, const char *key)
{
	const char *text = json_string_value(json_object_get(status, key));

	return text == NULL ? "?" : text;
}

long long cli_status_number(const json_t *status, const char *key)
{
	const json_t *number = json_object_get(status, key);

	return json_is_integer(number) ? json_integer_value(number)
	                               : (long long)json_number_value(number);
}
