/* SPDX-License-Identifier: Apache-2.0 */
#include "service/rights.h"

#include "service/service_private.h"

enum { SLICE_INODES = 2000 };

struct walk {
	struct slices slices;
	struct call *call;
	struct ns_rights_check *check;
	void (*done)(struct call *call, int rc, uint64_t index);
};

static bool step(struct slices *slices)
{
	struct walk *walk = CONTAINER_OF(slices, struct walk, slices);
	struct call *call = walk->call;
	uint64_t index = 0;
	int rc;

	if (!rpc_call_is_alive(call->rpc)) {
		ns_rights_check_end(walk->check);
		call_drop(call);
		return false;
	}
	rc = ns_rights_check_step(walk->check, SLICE_INODES, call_arena(call), &call->text, &index);
	if (rc == 1)
		return true;
	ns_rights_check_end(walk->check);
	walk->done(call, rc, index);
	return false;
}

void rights_check(struct call *call, struct str path, unsigned action,
                  void (*done)(struct call *call, int rc, uint64_t index))
{
	struct walk *walk = call_alloc(call, sizeof(*walk));
	int rc = 0;

	if (walk == NULL)
		return;
	*walk = (struct walk){.slices.step = step, .call = call, .done = done};
	walk->check = ns_rights_check_begin(call_namespace(call), &call->caller, path, action,
	                                    call_arena(call), &call->text, &rc);
	if (walk->check == NULL)
		done(call, rc, 0);
	else
		slices_begin(call->service, &walk->slices);
}
