/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast quorum allow | remove | elect HOST:PORT: changes of the masters' quorum.
 *
 * HOST:PORT is a master's address among the masters, as `holdfast status` shows it.
 *
 *   allow   a new master at that address may join, though neither the primary's list has it nor its
 * own all members remove  the master there leaves; if it is primary, another becomes that first
 *   elect   the master there becomes primary
 *
 *   recover without HOST:PORT: cmd_quorum_recover.c
 *
 * alluxio fsadmin journal quorum has remove and elect in Alluxio's words.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/quorum.h"

static int allow(const struct cli_site *site, const struct cli_addresses *masters,
                 struct arena *arena, struct str address, struct cli_primary *primary,
                 struct buf *why)
{
	(void)masters;
	(void)arena;
	return cli_quorum_change(site, &primary->address, QUORUM__CHANGE_KIND__ALLOW, address, 0,
	                         why);
}

static int is_no_member(struct str address, struct buf *why)
{
	buf_append_format(why, "%.*s is not a member of the quorum", STR_ARGS(address));
	return -ERR_NOT_FOUND;
}

static int elect(const struct cli_site *site, const struct cli_addresses *masters,
                 struct arena *arena, struct str address, struct cli_primary *primary,
                 struct buf *why)
{
	const Quorum__Member *member = cli_quorum_member(primary->quorum, address);

	if (member == NULL)
		return is_no_member(address, why);
	if (member->is_primary) {
		buf_append_format(why, "%.*s is primary already", STR_ARGS(address));
		return -ERR_INVALID;
	}
	return cli_quorum_transfer(site, masters, arena, address, primary, why);
}

static int remove_member(const struct cli_site *site, const struct cli_addresses *masters,
                         struct arena *arena, struct str address, struct cli_primary *primary,
                         struct buf *why)
{
	const Quorum__Member *member = cli_quorum_member(primary->quorum, address);

	if (member == NULL)
		return is_no_member(address, why);
	return cli_quorum_remove(site, masters, arena, member, primary, why);
}

static const struct change {
	const char *word;
	int (*apply)(const struct cli_site *site, const struct cli_addresses *masters,
	             struct arena *arena, struct str address, struct cli_primary *primary,
	             struct buf *why);
	const char *done; /* behind the address */
} changes[] = {
        {"allow", allow,
         "may join; start it now, if it does not run. This leave is the primary's alone: "
         "should another become primary, or this one start anew, before the newcomer is in "
         "the list of holdfast status, give it again"},
        {"remove", remove_member, "has left the quorum"},
        {"elect", elect, "is primary"},
};

static const struct change *find(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		if (strcmp(changes[i].word, word) == 0)
			return &changes[i];
	}
	return NULL;
}

/* < 0: `why` says it. */
static int apply(const struct cli_site *site, const struct cli_addresses *masters,
                 const struct change *change, const char *address, struct buf *why)
{
	struct cli_primary primary;
	struct arena arena = {0};
	int rc = cli_primary_find(site, masters, &arena, &primary, why);

	if (rc == 0) {
		buf_clear(why);
		rc = change->apply(site, masters, &arena, str_of(address), &primary, why);
	}
	arena_finish(&arena);
	return rc;
}

static int run(const struct cli_site *site, const struct change *change, const char *address)
{
	struct cli_addresses masters;
	struct buf why = {0};
	int status = cli_masters_find(site, &masters);

	if (status != CLI_OK)
		return status;
	if (apply(site, &masters, change, address, &why) < 0)
		status = cli_fail(site, "%.*s", STR_ARGS(buf_str(&why)));
	else
		printf("%s %s\n", address, change->done);
	buf_finish(&why);
	cli_addresses_finish(&masters);
	return status;
}

int cmd_quorum(int argc, char **argv)
{
	struct cli_site site;
	const struct change *change;
	int next, status = cli_client_init(&site, "quorum", argc, argv, &next);
	struct str host;
	uint16_t port;

	if (status != CLI_OK)
		return status;
	if (next < argc && strcmp(argv[next], "recover") == 0) {
		status = cmd_quorum_recover(&site, argc - next - 1, argv + next + 1);
		cli_site_finish(&site);
		return status;
	}
	change = next < argc ? find(argv[next]) : NULL;
	if (change == NULL || argc - next != 2)
		status = cli_usage(&site, "usage: " CMD_QUORUM_USAGE);
	else if (!cli_address_read(str_of(argv[next + 1]), 0, &host, &port))
		status = cli_usage(&site, "'%s' is not HOST:PORT", argv[next + 1]);
	else
		status = run(&site, change, argv[next + 1]);
	cli_site_finish(&site);
	return status;
}
