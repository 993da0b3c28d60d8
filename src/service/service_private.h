/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insides of the service folder: what calls share.
 */
#ifndef HOLDFAST_SERVICE_SERVICE_PRIVATE_H
#define HOLDFAST_SERVICE_SERVICE_PRIVATE_H

#include "service/call.h"

struct directory;
struct forwarder;
struct turn;

struct service {
	struct service_options options;
	uint64_t started_wall_ms;
	struct methods *methods;
	struct groups *groups;
	struct directory *directory; /* answers the groups' questions */
	struct forwarder *forwarder;
	struct turn *turn; /* reads to be handed in at the end of this turn, or NULL */
	struct io_hook turn_end;
	struct list idle_calls; /* memory to be used again */
	struct list idle_turns;
	struct list slices; /* work that goes on in slices; whose turn is next is first */
	struct io_task slice_turn;
	bool is_slice_asked;
	size_t calls;       /* taken and not answered yet */
	struct arena texts; /* of refused look-ups, for one turn */
};

/* ---- turn.c: the reads of one turn of the loop ---- */

void turn_init(struct service *service);
/* Hands in what waits, now. */
void turn_flush(struct service *service);
void turn_finish(struct service *service);

/* ---- slices.c: work that takes more than a moment ---- */

struct slices {
	/* Well under a millisecond of it.  False: it has ended, and its memory may be gone. */
	bool (*step)(struct slices *slices);
	struct list node; /* private */
};
void slices_init(struct service *service);
/* The first step comes in a later turn. */
void slices_begin(struct service *service, struct slices *slices);

/* ---- lookups.c ---- */

/* getFileInfo and its likes, answered together. */
void lookups_answer(struct service *service, struct call **calls, size_t count);

/* ---- directory.c: the machine's user data base, asked on a thread ---- */

enum { DIRECTORY_QUESTIONS_MAX = 1024 }; /* on their way */

int directory_create(const struct service_options *options, struct directory **ret_directory);
/* groups_options.ask */
void directory_ask(void *directory, struct groups_question *question);
/* No question may be on its way.  NULL is fine. */
void directory_destroy(struct directory *directory);

/* ---- forward.c: calls that a standby sends on to the primary ---- */

int forwarder_create(const struct service_options *options, struct forwarder **ret_forwarder);
/* No call may be in it.  NULL is fine. */
void forwarder_stop(struct forwarder *forwarder);
void forwarder_destroy(struct forwarder *forwarder);
/* The call is to be answered by the primary; it may be in some journal already. */
void forward_call(struct call *call, bool may_be_done);
/* So it is, or an attempt was sent and not answered. */
bool forward_may_be_done(const struct call *call);
/* Calls in it, and bytes of requests on their way. */
void forwarder_load(const struct forwarder *forwarder, size_t *ret_calls, size_t *ret_bytes);

/* ---- service.c ---- */

/* From the beginning, as its method says. */
void service_start_call(struct call *call);
/* The same for a call that has gone some way, perhaps for another caller or method now. */
void service_restart_call(struct call *call);
/* Makes the command and proposes it; again if others changed what it had checked. */
void service_start_write(struct call *call);
/* What groups_find() and groups_list() did not take. */
void call_refuse_unknown_user(struct call *call, int rc);
/* Frees what a call holds; its rpc_call was replied or dropped. */
void service_end_call(struct call *call);

#endif
