/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsadmin journal quorum info | remove | elect: the masters' quorum, as its primary sees it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/fsadmin.h"
#include "cli/quorum.h"
#include "wire/pb.h"

/* Bits of the options, in the order of the commands' rows. */
enum { INFO_DOMAIN = 0, REMOVE_DOMAIN = 0, REMOVE_ADDRESS = 1, ELECT_ADDRESS = 0 };

enum { PRIORITY_AFTER_ELECT = 1 };

#define NO_PRIMARY "Failed to determine address for JournalMasterClient after 1 attempts"

/* ---- options ---- */

static int check_options(const struct alluxio_options *options, int expected)
{
	int found = __builtin_popcount(options->given);

	if (found == expected)
		return 0;
	return alluxio_usage_error(
	        options->command, "Invalid option count. Expected: %d, Found: %d", expected, found);
}

static int check_domain(const char *domain)
{
	if (strcmp(domain, "MASTER") == 0)
		return 0;
	if (strcmp(domain, "JOB_MASTER") == 0)
		return alluxio_fail("There are no job masters in this version, so JOB_MASTER has "
		                    "no quorum. Supported values: [MASTER]");
	return alluxio_fail("Invalid value provided for option: domain. Supported values: "
	                    "[MASTER, JOB_MASTER]");
}

static int check_address(const char *address)
{
	struct str host;
	uint16_t port;

	if (cli_address_read(str_of(address), 0, &host, &port))
		return 0;
	return alluxio_fail("Invalid address provided.");
}

/* ---- what is known ---- */

/* The primary's view, and what has to be freed with it. */
struct view {
	struct shell *shell;
	struct cli_addresses masters;
	struct cli_primary primary;
	struct buf why; /* of the last failure */
	bool has_told;  /* why none of them is primary */
};

/* < 0: `why` is Alluxio's text, and what that does not say is told. */
static int look(struct view *view)
{
	int rc = cli_primary_find(&view->shell->site, &view->masters, &view->shell->arena,
	                          &view->primary, &view->why);

	if (rc < 0 && !view->has_told)
		fsadmin_tell(&view->why);
	view->has_told |= rc < 0;
	buf_clear(&view->why);
	if (rc < 0)
		buf_append_str(&view->why, STR(NO_PRIMARY));
	return rc;
}

static int fail(const struct view *view)
{
	return alluxio_fail("%.*s", STR_ARGS(buf_str(&view->why)));
}

static int open_view(struct view *view, struct shell *shell)
{
	*view = (struct view){.shell = shell};
	return cli_masters_find(&shell->site, &view->masters) == CLI_OK ? 0 : -ERR_INVALID;
}

static void close_view(struct view *view)
{
	cli_addresses_finish(&view->masters);
	buf_finish(&view->why);
}

/* "<x> is not part of the quorum <[a, b]>." */
static void tell_foreign(const struct view *view, const char *address, struct buf *text)
{
	const Quorum__GetQuorumResponse *quorum = view->primary.quorum;

	buf_append_format(text, "<%s> is not part of the quorum <[", address);
	for (size_t i = 0; i < quorum->n_members; i++)
		buf_append_format(text, "%s%.*s", i == 0 ? "" : ", ",
		                  STR_ARGS(pb_str(quorum->members[i]->address)));
	buf_append_str(text, STR("]>."));
}

/* ---- info ---- */

static int compare_members(const void *a, const void *b)
{
	const Quorum__Member *const *first = a, *const *second = b;

	return str_compare(pb_str((*first)->address), pb_str((*second)->address));
}

/* Alluxio has two words; a learner is neither, for it does not count yet. */
static const char *state_of(const struct view *view, const Quorum__Member *member)
{
	if (!cli_member_is_heard(&view->shell->site, member))
		return "UNAVAILABLE";
	return member->is_voter ? "AVAILABLE" : "CATCHING UP";
}

static void print_info(const struct view *view)
{
	const Quorum__GetQuorumResponse *quorum = view->primary.quorum;
	struct str leader = STR("UNKNOWN");
	size_t voters = 0;

	for (size_t i = 0; i < quorum->n_members; i++) {
		voters += quorum->members[i]->is_voter;
		if (quorum->members[i]->is_primary)
			leader = pb_str(quorum->members[i]->address);
	}
	qsort(quorum->members, quorum->n_members, sizeof(*quorum->members), compare_members);
	printf("Journal domain\t: MASTER\nQuorum size\t: %zu\nQuorum leader\t: %.*s\n\n", voters,
	       STR_ARGS(leader));
	printf("STATE       | PRIORITY | SERVER ADDRESS\n");
	for (size_t i = 0; i < quorum->n_members; i++)
		printf("%-11s | %-8u | %.*s\n", state_of(view, quorum->members[i]),
		       quorum->members[i]->priority, STR_ARGS(pb_str(quorum->members[i]->address)));
}

int fsadmin_quorum_info(struct shell *shell, const struct alluxio_options *options)
{
	struct view view;
	int rc = check_options(options, 1);

	if (rc == 0)
		rc = check_domain(options->values[INFO_DOMAIN]);
	if (rc == 0)
		rc = open_view(&view, shell);
	if (rc != 0)
		return rc;
	rc = look(&view);
	if (rc < 0)
		fail(&view);
	else
		print_info(&view);
	close_view(&view);
	return rc;
}

/* ---- a member by its address ---- */

/* < 0: `why` says it. */
static int look_for(struct view *view, const char *address, const Quorum__Member **ret_member)
{
	int rc = look(view);

	if (rc < 0)
		return rc;
	*ret_member = cli_quorum_member(view->primary.quorum, str_of(address));
	if (*ret_member != NULL)
		return 0;
	tell_foreign(view, address, &view->why);
	return -ERR_NOT_FOUND;
}

/* ---- remove ---- */

/* < 0: `why` says it. */
static int remove_member(struct view *view, const char *address)
{
	const Quorum__Member *member;
	int rc = look_for(view, address, &member);

	if (rc < 0)
		return rc;
	return cli_quorum_remove(&view->shell->site, &view->masters, &view->shell->arena, member,
	                         &view->primary, &view->why);
}

int fsadmin_quorum_remove(struct shell *shell, const struct alluxio_options *options)
{
	struct view view;
	int rc = check_options(options, 2);

	if (rc == 0)
		rc = check_domain(options->values[REMOVE_DOMAIN]);
	if (rc == 0)
		rc = check_address(options->values[REMOVE_ADDRESS]);
	if (rc == 0)
		rc = open_view(&view, shell);
	if (rc != 0)
		return rc;
	rc = remove_member(&view, options->values[REMOVE_ADDRESS]);
	if (rc < 0)
		fail(&view);
	else
		printf("Removed server at: %s from quorum: MASTER\n",
		       options->values[REMOVE_ADDRESS]);
	close_view(&view);
	return rc;
}

/* ---- elect ---- */

/* < 0: `why` says it. */
static int transfer(struct view *view, const char *address)
{
	const Quorum__Member *member;
	int rc = look_for(view, address, &member);

	if (rc < 0)
		return rc;
	if (member->is_primary) {
		buf_append_format(&view->why, "%s is already the leader", address);
		return -ERR_INVALID;
	}
	return cli_quorum_transfer(&view->shell->site, &view->masters, &view->shell->arena,
	                           pb_str(member->address), &view->primary, &view->why);
}

static int reset_priority(struct view *view, const Quorum__Member *member)
{
	bool is_alone = view->primary.quorum->n_members == 1; /* nobody to be compared with */

	if (is_alone || !member->is_voter || member->priority == PRIORITY_AFTER_ELECT)
		return 0;
	return cli_quorum_change(&view->shell->site, &view->primary.address,
	                         QUORUM__CHANGE_KIND__PRIORITY, pb_str(member->address),
	                         PRIORITY_AFTER_ELECT, &view->why);
}

/* The primary's comes first: it hands over to whoever has a higher one. */
static int reset_priorities(struct view *view)
{
	const Quorum__GetQuorumResponse *quorum;
	int rc = look(view);

	if (rc < 0)
		return rc;
	quorum = view->primary.quorum;
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; rc == 0 && i < quorum->n_members; i++) {
			if (quorum->members[i]->is_primary == (round == 0))
				rc = reset_priority(view, quorum->members[i]);
		}
	}
	return rc;
}

static int elect(struct view *view, const char *address)
{
	int rc;

	printf("Initiating transfer of leadership to %s\n", address);
	fflush(stdout);
	rc = transfer(view, address);
	if (rc == 0)
		printf("Successfully elected %s as the new leader\n", address);
	else
		alluxio_fail("Failed to elect %s as the new leader: %.*s", address,
		             STR_ARGS(buf_str(&view->why)));
	printf("Resetting priorities of masters after %s transfer of leadership\n",
	       rc == 0 ? "successful" : "failed");
	if (reset_priorities(view) == 0)
		printf("Quorum priorities were reset to %d\n", PRIORITY_AFTER_ELECT);
	else
		printf("Quorum priorities failed to be reset: "
		       "alluxio.exception.status.UnavailableException: %.*s\n",
		       STR_ARGS(buf_str(&view->why)));
	return rc;
}

int fsadmin_quorum_elect(struct shell *shell, const struct alluxio_options *options)
{
	struct view view;
	int rc = 0;

	if (!alluxio_has(options, ELECT_ADDRESS))
		rc = alluxio_usage_error(options->command,
		                         "Invalid option provided. Supported options: [address]");
	if (rc == 0)
		rc = check_address(options->values[ELECT_ADDRESS]);
	if (rc == 0)
		rc = open_view(&view, shell);
	if (rc != 0)
		return rc;
	rc = elect(&view, options->values[ELECT_ADDRESS]);
	close_view(&view);
	return rc;
}
