/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The masters' quorum as commands see it: who is primary, what it knows of the others, changes.
 */
#ifndef HOLDFAST_CLI_QUORUM_H
#define HOLDFAST_CLI_QUORUM_H

#include "base/arena.h"
#include "base/buf.h"
#include "cli/connect.h"
#include "proto/quorum.pb-c.h"

/* What a master knows of the quorum; *ret_quorum is in the arena.  < 0: `why` gets a line. */
MUST_USE int cli_quorum_ask(const struct cli_site *site, const struct client_address *master,
                            struct arena *arena, const Quorum__GetQuorumResponse **ret_quorum,
                            struct buf *why);

struct cli_primary {
	struct client_address address; /* of its clients */
	const Quorum__GetQuorumResponse *quorum;
};
/* Asks one master after the other, and whom they name, until one says that it is primary; for some
 * two seconds, as a failover takes less.  < 0: none does, and `why` has a line for each.  All that
 * is found is in the arena. */
MUST_USE int cli_primary_find(const struct cli_site *site, const struct cli_addresses *masters,
                              struct arena *arena, struct cli_primary *ret_primary,
                              struct buf *why);

/* The member at that address; NULL: none. */
const Quorum__Member *cli_quorum_member(const Quorum__GetQuorumResponse *quorum,
                                        struct str address);

/* Whether the master that was asked hears that member: connected, and not silent for longer than a
 * second, or the election time-out if that is longer. */
bool cli_member_is_heard(const struct cli_site *site, const Quorum__Member *member);

/* Asked of the primary.  < 0: `why` says what it said. */
MUST_USE int cli_quorum_change(const struct cli_site *site, const struct client_address *primary,
                               Quorum__ChangeKind kind, struct str address, uint8_t priority,
                               struct buf *why);
/* Primacy goes to the member at `address`; empty: to whoever is best.  Waits until another than
 * *primary serves, which is then in *primary.  < 0: `why` says it. */
MUST_USE int cli_quorum_transfer(const struct cli_site *site, const struct cli_addresses *masters,
                                 struct arena *arena, struct str address,
                                 struct cli_primary *primary, struct buf *why);
/* The member leaves; primacy before it, if it has that.  < 0: `why` says it. */
MUST_USE int cli_quorum_remove(const struct cli_site *site, const struct cli_addresses *masters,
                               struct arena *arena, const Quorum__Member *member,
                               struct cli_primary *primary, struct buf *why);

#endif
