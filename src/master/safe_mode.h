/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two safe modes.
 *
 * The operator's is part of the namespace (entry safe_mode): every change is refused, on every
 * master, until the operator leaves it.  It is entered and left by master_write() of
 * ENTRY_safe_mode.
 *
 * The one at start only waits for reports: names may be read and changed, nothing is deleted on
 * workers, and a read that finds no location yet should wait briefly (workers_wait()).  It begins
 * at promotion and ends by itself: when nearly every complete block has a location (at once if the
 * workers had told this master while it was a standby), or when they had long enough to come.  With
 * startup_safe_mode_readonly it is HDFS's: changes are refused while it lasts, and time alone does
 * not end it.
 */
#ifndef HOLDFAST_MASTER_SAFE_MODE_H
#define HOLDFAST_MASTER_SAFE_MODE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "master/master.h"

/* What `dfsadmin -safemode get` calls ON: changes are refused now. */
bool safe_mode_refuses(struct master *master);
/* Locations are still coming in (either kind of start). */
bool safe_mode_is_starting(struct master *master);
/* `-safemode leave`: ends the one at start; the operator's needs its entry. */
void safe_mode_end_start(struct master *master);
/* "<what>. Name node is in safe mode.\n<tip> NamenodeHostName:<host>", for refusals that other
 * folders make; `what` is HDFS's, such as "Cannot renew lease for X". */
struct str safe_mode_text(struct master *master, struct str what, struct arena *arena);

#endif
