/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights on every directory below a path, checked in slices so that nobody else waits for it.
 */
#ifndef HOLDFAST_SERVICE_RIGHTS_H
#define HOLDFAST_SERVICE_RIGHTS_H

#include "service/call.h"

/* action: bits r=4 w=2 x=1.  Call it under a proof (a READ's start, or after call_read()).  done()
 * runs once, in this call or later: rc 0 and the index at which it held, or a refusal with
 * call->text.  The call is dropped if its caller leaves meanwhile. */
void rights_check(struct call *call, struct str path, unsigned action,
                  void (*done)(struct call *call, int rc, uint64_t index));

#endif
