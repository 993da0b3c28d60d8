/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast status [--json]: what the master says of itself.
 * Exit status: 0 primary, 10 standby or on its way, 1 no answer.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/shell.h"
#include "proto/status.pb-c.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum { STATUS_EXIT_STANDBY = 10 };

static int ask(struct shell *shell, struct str *ret_json)
{
	Status__GetStatusResponse *reply;
	struct str response;
	int rc = client_call(shell->client, WIRE_STATUS_PROTOCOL, "getStatus", (struct str){0},
	                     &shell->arena, &response);

	if (rc < 0)
		return cli_call_failed(&shell->site, shell->client);
	rc = pb_unpack(&status__get_status_response__descriptor, response, &shell->arena, &reply);
	if (rc < 0)
		return cli_fail(&shell->site, "the master's answer cannot be read: %s",
		                err_text(rc));
	*ret_json = pb_str(reply->json);
	return CLI_OK;
}

static const char *text_of(const json_t *status, const char *key)
{
	const char *text = json_string_value(json_object_get(status, key));

	return text == NULL ? "?" : text;
}

static long long number_of(const json_t *status, const char *key)
{
	return json_integer_value(json_object_get(status, key));
}

static void print_status(const json_t *status)
{
	const json_t *workers = json_object_get(status, "workers");

	printf("role           %s (pid %lld)\n", text_of(status, "role"), number_of(status, "pid"));
	if (json_is_true(json_object_get(status, "safe_mode")))
		printf("safe mode      on: every change is refused\n");
	printf("journal        epoch %lld, last %lld, committed %lld, applied %lld\n",
	       number_of(status, "epoch"), number_of(status, "last_index"),
	       number_of(status, "commit_index"), number_of(status, "applied_index"));
	printf("disk           %lld syncs, mean %lld us, longest %lld us; %lld segments, "
	       "checkpoint at %lld\n",
	       number_of(status, "syncs"), number_of(status, "sync_us_mean"),
	       number_of(status, "sync_us_max"), number_of(status, "segments"),
	       number_of(status, "newest_checkpoint"));
	printf("namespace      %lld files, %lld directories, %lld blocks, digest %s\n",
	       number_of(status, "files"), number_of(status, "directories"),
	       number_of(status, "blocks"), text_of(status, "digest"));
	printf("memory         %lld MiB resident, %lld MiB of it namespace\n",
	       number_of(status, "resident_bytes") >> 20,
	       number_of(status, "namespace_bytes") >> 20);
	printf("workers        %lld live, %lld stale, %lld dead\n", number_of(workers, "live"),
	       number_of(workers, "stale"), number_of(workers, "dead"));
}

static int show(const struct cli_site *site, struct str json)
{
	json_error_t error;
	json_t *status = json_loadb(json.data, json.size, 0, &error);
	int exit_status;

	if (status == NULL)
		return cli_fail(site, "the master's answer cannot be read: %s", error.text);
	if (site->as_json)
		printf("%.*s\n", STR_ARGS(json));
	else
		print_status(status);
	exit_status =
	        strcmp(text_of(status, "role"), "primary") == 0 ? CLI_OK : STATUS_EXIT_STANDBY;
	json_decref(status);
	return exit_status;
}

int cmd_status(int argc, char **argv)
{
	struct shell shell = {0};
	int next, status = cli_client_init(&shell.site, "status", argc, argv, &next);
	struct str json = {0};

	if (status != CLI_OK)
		return status;
	if (next < argc)
		status = cli_usage(&shell.site, "usage: holdfast status [--conf DIR] [--json]");
	if (status == CLI_OK)
		status = shell_open(&shell, (struct str){0});
	if (status == CLI_OK)
		status = ask(&shell, &json);
	if (status == CLI_OK)
		status = show(&shell.site, json);
	shell_close(&shell);
	return status;
}
