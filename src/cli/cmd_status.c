/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast status [--json] [HOST:PORT]: what a master says of itself.
 *
 * Without an address it is the primary, or the first of the configured masters that answers.
 * Exit status by that master's role: 0 primary, 10 standby, 11 on its way between the two; 1: no
 * answer.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/shell.h"
#include "cli/status.h"

enum { EXIT_STANDBY = 10, EXIT_CHANGING = 11 };
enum { DISK_HANGS_MS = 500 };

static int exit_status(const char *role)
{
	if (strcmp(role, "primary") == 0)
		return CLI_OK;
	return strcmp(role, "standby") == 0 ? EXIT_STANDBY : EXIT_CHANGING;
}

/* ---- as text ---- */

/* "12", or "never" for -1. */
static const char *ago(const json_t *object, const char *key, char text[32])
{
	long long ms = cli_status_number(object, key);

	if (json_object_get(object, key) == NULL || ms < 0)
		return "never";
	snprintf(text, 32, "%lld ms ago", ms);
	return text;
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* How many syncs took how long. */
static void print_syncs(const json_t *classes)
{
	const json_t *one;
	size_t i;

	if (json_array_size(classes) == 0)
		return;
	printf("syncs          ");
	json_array_foreach(classes, i, one)
	{
		long long us = json_integer_value(json_array_get(one, 0));

		printf("%s%lld ", i == 0 ? "" : ", ", json_integer_value(json_array_get(one, 1)));
		if (us < 0)
			printf("longer");
		else if (us < 1000)
			printf("< %lld us", us);
		else
			printf("< %lld ms", us / 1000);
	}
	putchar('\n');
}

static void print_journal(const json_t *status)
{
	printf("journal        epoch %lld, last %lld, committed %lld, applied %lld\n",
	       cli_status_number(status, "epoch"), cli_status_number(status, "last_index"),
	       cli_status_number(status, "commit_index"),
	       cli_status_number(status, "applied_index"));
	printf("disk           %lld syncs, mean %lld us, longest %lld us; %lld segments, "
	       "checkpoint at %lld\n",
	       cli_status_number(status, "syncs"), cli_status_number(status, "sync_us_mean"),
	       cli_status_number(status, "sync_us_max"), cli_status_number(status, "segments"),
	       cli_status_number(status, "newest_checkpoint"));
	if (is_true(status, "is_out_of_room"))
		printf("WARNING        this disk is full: when the newest segment is as well, "
		       "changes are refused, until %lld KiB are free\n",
		       (cli_status_number(status, "room_needed_bytes") + 1023) / 1024);
	if (cli_status_number(status, "disk_work_ms") >= DISK_HANGS_MS)
		printf("WARNING        this disk is slow or hangs: %s has taken %lld ms so far\n",
		       cli_status_text(status, "disk_work"),
		       cli_status_number(status, "disk_work_ms"));
	print_syncs(json_object_get(status, "sync_us_histogram"));
}

static void print_member(const json_t *member)
{
	char text[32];

	printf("  %-24s %-8s %s%s", cli_status_text(member, "address"),
	       is_true(member, "is_voter") ? "voter" : "learner",
	       is_true(member, "is_primary") ? "primary, " : "",
	       is_true(member, "is_self") ? "this one" : "heard ");
	if (!is_true(member, "is_self"))
		printf("%s%s", ago(member, "heard_ms_ago", text),
		       is_true(member, "is_connected") ? "" : ", not connected");
	if (cli_status_number(member, "match") > 0)
		printf(", has %lld", cli_status_number(member, "match"));
	if (is_true(member, "gets_checkpoint"))
		printf(", gets a checkpoint");
	if (cli_status_number(member, "health") > 0)
		printf(", its disk is in trouble (%lld)", cli_status_number(member, "health"));
	putchar('\n');
}

/* As far as this master knows. */
static void print_majority(const json_t *quorum)
{
	size_t voters = 0;
	size_t heard = 0;
	size_t i;
	json_t *member;

	if (is_true(quorum, "survives_a_failure"))
		return;
	json_array_foreach(json_object_get(quorum, "members"), i, member)
	{
		bool is_well = is_true(member, "is_self") || is_true(member, "is_connected");

		voters += is_true(member, "is_voter");
		heard += is_true(member, "is_voter") && is_well;
	}
	if (heard > voters / 2)
		printf("WARNING        one more failure, and there is no majority: nothing could "
		       "be written\n");
	else
		printf("WARNING        %zu of %zu voters are there, no majority: nothing can be "
		       "written\n",
		       heard, voters);
}

static void print_lag(const json_t *quorum)
{
	long long lag_ms = cli_status_number(quorum, "lag_ms");
	char text[32];

	if (lag_ms < 0)
		printf("lag            unknown; ");
	else
		printf("lag            %lld ms; ", lag_ms);
	printf("primary heard %s, %lld entries to apply\n",
	       ago(quorum, "primary_heard_ms_ago", text),
	       cli_status_number(quorum, "commit") - cli_status_number(quorum, "applied"));
}

static void print_quorum(const json_t *quorum, bool is_primary)
{
	const json_t *members = json_object_get(quorum, "members");
	size_t i;
	json_t *member;

	if (json_array_size(members) < 2)
		return;
	printf("quorum         %s in term %lld, synced %lld%s\n", cli_status_text(quorum, "role"),
	       cli_status_number(quorum, "term"), cli_status_number(quorum, "synced"),
	       is_true(quorum, "is_changing") ? ", members are changing" : "");
	if (!is_primary)
		print_lag(quorum);
	json_array_foreach(members, i, member) print_member(member);
	if (is_true(quorum, "differs_from_primary"))
		printf("WARNING        the state differs from the primary's: it is not shown to "
		       "clients and not promoted; the log says more\n");
	if (is_true(quorum, "syncs_behind"))
		printf("WARNING        unsafe flush: changes are acknowledged before they are "
		       "synced, and lost if half of the machines go down\n");
	print_majority(quorum);
}

static void print_failover(const json_t *failover)
{
	char when[TIME_TEXT_BYTES];

	if (!json_is_object(failover))
		return;
	shell_time_text((uint64_t)cli_status_number(failover, "at_ms"), TIME_MILLISECONDS, when);
	printf("last failover  %s, epoch %lld: ", when, cli_status_number(failover, "epoch"));
	if (cli_status_number(failover, "unheard_ms") >= 0)
		printf("%lld ms from the last word of the primary before to the election, ",
		       cli_status_number(failover, "unheard_ms"));
	printf("%lld ms to the first call\n", cli_status_number(failover, "promotion_ms"));
}

static void print_calls(const json_t *status)
{
	long long held = cli_status_number(status, "held_calls");
	long long forwarded = cli_status_number(status, "forwarded_calls");

	if (held > 0 || forwarded > 0)
		printf("calls          %lld held (%lld bytes), %lld forwarded (%lld bytes)\n", held,
		       cli_status_number(status, "held_bytes"), forwarded,
		       cli_status_number(status, "forwarded_bytes"));
}

static void print_status(const json_t *status)
{
	const json_t *workers = json_object_get(status, "workers");
	const json_t *quorum = json_object_get(status, "quorum");
	const json_t *waits_for = json_object_get(quorum, "waits_for");

	printf("role           %s (pid %lld)\n", cli_status_text(status, "role"),
	       cli_status_number(status, "pid"));
	if (json_is_string(waits_for))
		printf("waits for      %s\n", json_string_value(waits_for));
	if (is_true(status, "safe_mode"))
		printf("safe mode      on: every change is refused\n");
	print_journal(status);
	print_quorum(quorum, exit_status(cli_status_text(status, "role")) == CLI_OK);
	print_failover(json_object_get(status, "last_failover"));
	print_calls(status);
	if (is_true(status, "is_out_of_descriptors"))
		printf("WARNING        out of descriptors: new connections wait; raise the limit "
		       "(ulimit -n)\n");
	printf("namespace      %lld files, %lld directories, %lld blocks, digest %s\n",
	       cli_status_number(status, "files"), cli_status_number(status, "directories"),
	       cli_status_number(status, "blocks"), cli_status_text(status, "digest"));
	printf("memory         %lld MiB resident, %lld MiB of it namespace\n",
	       cli_status_number(status, "resident_bytes") >> 20,
	       cli_status_number(status, "namespace_bytes") >> 20);
	printf("workers        %lld live, %lld stale, %lld dead\n",
	       cli_status_number(workers, "live"), cli_status_number(workers, "stale"),
	       cli_status_number(workers, "dead"));
}

/* ---- which master ---- */

/* The primary's, else the first; NULL: none, and `why` has a line for each. */
static json_t *ask(const struct cli_site *site, const struct cli_addresses *masters,
                   struct buf *why)
{
	json_t *first = NULL;

	for (size_t i = 0; i < masters->count; i++) {
		json_t *status;

		if (why->size > 0)
			buf_append_u8(why, '\n');
		status = cli_status_ask(site, &masters->items[i], why);
		if (status != NULL && exit_status(cli_status_text(status, "role")) == CLI_OK) {
			json_decref(first);
			return status;
		}
		if (first == NULL)
			first = status;
		else
			json_decref(status);
	}
	return first;
}

static int show(const struct cli_site *site, const struct cli_addresses *masters)
{
	struct buf why = {0};
	json_t *status = ask(site, masters, &why);
	int result;

	if (status == NULL) {
		result = cli_fail(site, "%.*s", STR_ARGS(buf_str(&why)));
	} else {
		result = exit_status(cli_status_text(status, "role"));
		if (site->as_json) {
			json_dumpf(status, stdout, JSON_COMPACT);
			putchar('\n');
		} else {
			print_status(status);
		}
	}
	json_decref(status);
	buf_finish(&why);
	return result;
}

/* The masters to ask: that of the argument, or those of the configuration. */
static int find_masters(const struct cli_site *site, const char *argument,
                        struct cli_addresses *ret_masters)
{
	struct str host;
	uint16_t port;

	if (argument == NULL)
		return cli_masters_find(site, ret_masters);
	if (!cli_address_read(str_of(argument), 0, &host, &port))
		return cli_usage(site, "'%s' is not HOST:PORT", argument);
	cli_addresses_of(host, port, ret_masters);
	return CLI_OK;
}

int cmd_status(int argc, char **argv)
{
	struct cli_site site;
	struct cli_addresses masters = {0};
	int next, status = cli_client_init(&site, "status", argc, argv, &next);

	if (status != CLI_OK)
		return status;
	if (argc - next > 1)
		status = cli_usage(&site, "usage: " CMD_STATUS_USAGE);
	if (status == CLI_OK)
		status = find_masters(&site, next < argc ? argv[next] : NULL, &masters);
	if (status == CLI_OK) {
		status = show(&site, &masters);
		cli_addresses_finish(&masters);
	}
	cli_site_finish(&site);
	return status;
}
