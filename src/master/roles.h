/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role of this master: which moves are allowed, as data.
 *
 *   standby ──> promoting ──> primary
 *      ^            │            │
 *      │            v            v
 *      └────── stepping down <───┘
 *
 * A start is a standby that replays.  Promoting: the journal takes appends and the no-op is on its
 * way; nothing is answered yet.  With a full disk it is primary without that.  Stepping down: what
 * is in the journal's hands gets its word; new calls are held.
 */
#ifndef HOLDFAST_MASTER_ROLES_H
#define HOLDFAST_MASTER_ROLES_H

#include <stdint.h>

#include "master/master.h"

bool role_may_move(enum master_role from, enum master_role to);
/* Moves, checks what must hold in the new role, says so in the log and to options.on_role. */
void role_move(struct master *master, enum master_role to);

/* What the journal tells, and what the master finds out.  It leads when everything that it
 * inherited is applied. */
void role_journal_leads(struct master *master);
void role_journal_follows(struct master *master);
/* One more of what was in the journal's hands has its word. */
void role_settled(struct master *master);
/* The journal may take now what it refused. */
void role_room(struct master *master);
void role_init(struct master *master);
void role_finish(struct master *master);

#endif
