/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/quorum.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum {
	SILENCE_MS_MIN = 1000, /* a busy machine is no dead one */
	FIND_MS = 2000,
	FIND_PAUSE_MS = 100,
	TRANSFER_MS = 30000,
	TRANSFER_PAUSE_MS = 20,
	ANSWER_BYTES_MAX = 1 << 20,
};

/* One attempt each: what is asked for is this master's word, and a change is not to be repeated. */
static const struct cli_patience one_change = {.connect_ms = 1000, .call_ms = 60000};

/* ---- asking ---- */

static int call(const struct cli_site *site, const struct client_address *master,
                const struct cli_patience *patience, const char *method, struct str request,
                struct arena *arena, struct str *ret_response, struct buf *why)
{
	struct cli_addresses one;
	struct client *client = NULL;
	int rc = -ERR_NO_MEMORY;

	cli_addresses_of(str_of(master->host), master->port, &one);
	if (cli_connect(site, &one, patience, &client) == CLI_OK)
		rc = client_call(client, WIRE_QUORUM_PROTOCOL, method, request, arena,
		                 ret_response);
	if (rc < 0 && client != NULL)
		buf_append_str(why, client_failure(client)->text);
	client_destroy(client);
	cli_addresses_finish(&one);
	return rc;
}

int cli_quorum_ask(const struct cli_site *site, const struct client_address *master,
                   struct arena *arena, const Quorum__GetQuorumResponse **ret_quorum,
                   struct buf *why)
{
	Quorum__GetQuorumResponse *quorum;
	struct str response;
	int rc =
	        call(site, master, &cli_brief, "getQuorum", (struct str){0}, arena, &response, why);

	if (rc < 0)
		return rc;
	rc = pb_unpack(&quorum__get_quorum_response__descriptor, response, arena, &quorum);
	if (rc < 0) {
		buf_append_format(why, "the answer of " HOST_PORT_FORMAT " cannot be read",
		                  HOST_PORT_ARGS(*master));
		return rc;
	}
	*ret_quorum = quorum;
	return 0;
}

struct voters {
	size_t count;
	size_t there; /* connected to the master that was asked, or that one itself */
};

static struct voters count_voters(const Quorum__GetQuorumResponse *quorum)
{
	struct voters voters = {0};

	for (size_t i = 0; i < quorum->n_members; i++) {
		const Quorum__Member *member = quorum->members[i];

		voters.count += member->is_voter;
		voters.there += member->is_voter && (member->is_self || member->is_connected);
	}
	return voters;
}

/* Why a master is not primary, as far as it knows. */
static void tell_role(const Quorum__GetQuorumResponse *quorum, struct buf *why)
{
	struct voters voters = count_voters(quorum);

	buf_append_str(why, pb_str(quorum->role));
	if (quorum->has_waits_for)
		buf_append_format(why, ": %.*s", STR_ARGS(pb_str(quorum->waits_for)));
	else if (voters.there <= voters.count / 2)
		buf_append_format(why,
		                  ": %zu of %zu voters are there, no majority; start the others",
		                  voters.there, voters.count);
}

/* Asks one master; one that is not primary may know who is.  < 0: `why` gets a line. */
static int ask_one(const struct cli_site *site, struct client_address master, struct arena *arena,
                   struct cli_primary *ret_primary, struct client_address *hint, struct buf *why)
{
	const Quorum__GetQuorumResponse *quorum;
	int rc;

	if (why->size > 0)
		buf_append_u8(why, '\n');
	rc = cli_quorum_ask(site, &master, arena, &quorum, why);
	if (rc < 0)
		return rc;
	if (str_equal(pb_str(quorum->role), STR("primary"))) {
		ret_primary->address = master;
		ret_primary->address.host = cli_text(arena, "%s", master.host).data;
		ret_primary->quorum = quorum;
		return 0;
	}
	buf_append_format(why, HOST_PORT_FORMAT " is ", HOST_PORT_ARGS(master));
	tell_role(quorum, why);
	for (size_t i = 0; i < quorum->n_members; i++) {
		struct str host;

		if (quorum->members[i]->is_primary &&
		    cli_address_read(pb_str(quorum->members[i]->service_address), 0, &host,
		                     &hint->port))
			hint->host = cli_text(arena, "%.*s", STR_ARGS(host)).data;
	}
	return -ERR_STANDBY;
}

static int ask_all(const struct cli_site *site, const struct cli_addresses *masters,
                   struct arena *arena, struct cli_primary *ret_primary, struct buf *why)
{
	struct client_address hint = {0}, ignored;
	int rc = -ERR_STANDBY;

	buf_clear(why);
	for (size_t i = 0; rc < 0 && i < masters->count; i++)
		rc = ask_one(site, masters->items[i], arena, ret_primary, &hint, why);
	if (rc < 0 && hint.host != NULL)
		rc = ask_one(site, hint, arena, ret_primary, &ignored, why);
	return rc;
}

int cli_primary_find(const struct cli_site *site, const struct cli_addresses *masters,
                     struct arena *arena, struct cli_primary *ret_primary, struct buf *why)
{
	uint64_t until_us = io_now_us(site->io) + FIND_MS * UINT64_C(1000);
	int rc = ask_all(site, masters, arena, ret_primary, why);

	while (rc < 0 && (rc == -ERR_STANDBY || masters->count > 1) &&
	       io_now_us(site->io) < until_us) {
		client_pause(site->io, FIND_PAUSE_MS);
		rc = ask_all(site, masters, arena, ret_primary, why);
	}
	return rc;
}

const Quorum__Member *cli_quorum_member(const Quorum__GetQuorumResponse *quorum, struct str address)
{
	for (size_t i = 0; i < quorum->n_members; i++) {
		struct str own = pb_str(quorum->members[i]->address);

		if (own.size > 0 && own.size == address.size &&
		    strncasecmp(own.data, address.data, own.size) == 0)
			return quorum->members[i];
	}
	return NULL;
}

bool cli_member_is_heard(const struct cli_site *site, const Quorum__Member *member)
{
	uint64_t silence_ms = config_duration_ms(
	        site->config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ELECTION_TIMEOUT_MAX);

	if (silence_ms < SILENCE_MS_MIN)
		silence_ms = SILENCE_MS_MIN;
	return member->is_self || (member->is_connected && member->has_heard_ms_ago &&
	                           member->heard_ms_ago <= silence_ms);
}

/* ---- changing ---- */

int cli_quorum_change(const struct cli_site *site, const struct client_address *primary,
                      Quorum__ChangeKind kind, struct str address, uint8_t priority,
                      struct buf *why)
{
	Quorum__ChangeRequest request = QUORUM__CHANGE_REQUEST__INIT;
	struct buf message = {0};
	struct arena arena;
	struct str response;
	int rc;

	request.kind = kind;
	request.has_address = address.size > 0;
	request.address = pb_bytes(address);
	request.has_priority = kind == QUORUM__CHANGE_KIND__PRIORITY;
	request.priority = priority;
	pb_append(&message, &request.base);
	arena_init(&arena, ANSWER_BYTES_MAX);
	rc = call(site, primary, &one_change, "change", buf_str(&message), &arena, &response, why);
	arena_finish(&arena);
	buf_finish(&message);
	return rc;
}

static bool is_led_by(const Quorum__GetQuorumResponse *quorum, struct str address)
{
	const Quorum__Member *member = cli_quorum_member(quorum, address);

	return member != NULL && member->is_primary;
}

/* Whom primacy should go to: the member at `address`, or with an empty one any but the old one. */
static bool has_gone(const Quorum__GetQuorumResponse *quorum, struct str address, struct str old)
{
	return address.size > 0 ? is_led_by(quorum, address) : !is_led_by(quorum, old);
}

/* The old primary has handed over; the new one serves a moment later. */
static int await(const struct cli_site *site, const struct cli_addresses *masters,
                 struct arena *arena, struct str address, struct str old,
                 struct cli_primary *primary, struct buf *why)
{
	uint64_t until_us = io_now_us(site->io) + TRANSFER_MS * UINT64_C(1000);

	while (io_now_us(site->io) < until_us) {
		if (cli_primary_find(site, masters, arena, primary, why) == 0 &&
		    has_gone(primary->quorum, address, old))
			return 0;
		client_pause(site->io, TRANSFER_PAUSE_MS);
	}
	buf_clear(why);
	buf_append_format(why, "no other master has become primary within %d s",
	                  TRANSFER_MS / 1000);
	return -ERR_TIMEOUT;
}

/* The old primary may have ended before it could say so (alluxio.master.journal.exit.on.demotion).
 */
static bool has_happened(const struct cli_site *site, const struct cli_addresses *masters,
                         struct arena *arena, struct str address, struct str old)
{
	struct cli_primary now;
	struct buf ignored = {0};
	int rc = cli_primary_find(site, masters, arena, &now, &ignored);

	buf_finish(&ignored);
	return rc == 0 && has_gone(now.quorum, address, old);
}

int cli_quorum_transfer(const struct cli_site *site, const struct cli_addresses *masters,
                        struct arena *arena, struct str address, struct cli_primary *primary,
                        struct buf *why)
{
	struct str old = {0};
	int rc = cli_quorum_change(site, &primary->address, QUORUM__CHANGE_KIND__TRANSFER, address,
	                           0, why);

	for (size_t i = 0; i < primary->quorum->n_members; i++) {
		if (primary->quorum->members[i]->is_primary)
			old = pb_str(primary->quorum->members[i]->address);
	}
	if (rc < 0 && !has_happened(site, masters, arena, address, old))
		return rc;
	return await(site, masters, arena, address, old, primary, why);
}

/* A member that died a moment ago is known by its connection, long before it is missed.  True:
 * `why` says it. */
static bool would_lose_majority(const struct cli_site *site,
                                const Quorum__GetQuorumResponse *quorum,
                                const Quorum__Member *leaving, struct buf *why)
{
	size_t voters = 0, heard = 0;

	for (size_t i = 0; i < quorum->n_members; i++) {
		const Quorum__Member *member = quorum->members[i];

		if (!member->is_voter || member == leaving)
			continue;
		voters++;
		heard += cli_member_is_heard(site, member);
	}
	if (voters == 0)
		buf_append_str(why, STR("it is the only one that votes: nobody would be left"));
	else if (heard <= voters / 2)
		buf_append_format(why,
		                  "too few of the voters that would remain are heard (%zu of %zu): "
		                  "start the others first",
		                  heard, voters);
	return heard <= voters / 2;
}

static bool has_member(const Quorum__GetQuorumResponse *quorum, struct str id)
{
	for (size_t i = 0; i < quorum->n_members; i++) {
		if (str_equal(pb_str(quorum->members[i]->id), id))
			return true;
	}
	return false;
}

/* A primary that loses primacy meanwhile can't say whether it happened.  The next one can, and may
 * be asked again: who is meant is known by its id, not only by its address. */
static int remove_surely(const struct cli_site *site, const struct cli_addresses *masters,
                         struct arena *arena, const Quorum__Member *member,
                         struct cli_primary *primary, struct buf *why)
{
	struct buf ignored = {0};
	uint64_t asked_term;
	int rc, found;

	do {
		asked_term = primary->quorum->term;
		buf_clear(why);
		rc = cli_quorum_change(site, &primary->address, QUORUM__CHANGE_KIND__REMOVE,
		                       pb_str(member->address), 0, why);
		found = rc < 0 ? cli_primary_find(site, masters, arena, primary, &ignored) : rc;
		if (rc < 0 && found == 0 && !has_member(primary->quorum, pb_str(member->id)))
			rc = 0;
	} while (rc < 0 && found == 0 && primary->quorum->term != asked_term);
	buf_finish(&ignored);
	return rc;
}

int cli_quorum_remove(const struct cli_site *site, const struct cli_addresses *masters,
                      struct arena *arena, const Quorum__Member *member,
                      struct cli_primary *primary, struct buf *why)
{
	if (would_lose_majority(site, primary->quorum, member, why))
		return -ERR_INVALID;
	if (member->is_primary) {
		int rc = cli_quorum_transfer(site, masters, arena, (struct str){0}, primary, why);

		if (rc < 0)
			return rc;
	}
	return remove_surely(site, masters, arena, member, primary, why);
}
