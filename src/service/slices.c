/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that takes more than a moment, in slices: one slice a turn of the loop, whoever asked for
 * it, each piece of work in its turn.  So many of them make each other wait, and nobody else.
 */
#include "service/service_private.h"

static void ask_turn(struct service *service)
{
	if (service->is_slice_asked || list_is_empty(&service->slices))
		return;
	service->is_slice_asked = true;
	io_post(service->options.io, &service->slice_turn);
}

static void run_turn(struct io_task *task)
{
	struct service *service = CONTAINER_OF(task, struct service, slice_turn);
	struct slices *slices = LIST_FIRST(&service->slices, struct slices, node);

	service->is_slice_asked = false;
	list_remove(&slices->node);
	if (slices->step(slices))
		list_append(&service->slices, &slices->node);
	ask_turn(service);
}

void slices_init(struct service *service)
{
	list_init(&service->slices);
	service->slice_turn.run = run_turn;
}

void slices_begin(struct service *service, struct slices *slices)
{
	list_append(&service->slices, &slices->node);
	ask_turn(service);
}
