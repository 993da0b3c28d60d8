/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of methods: what each is, and who answers it.
 *
 * Rows of methods.def, by protocol:
 *
 *   PROTOCOL(name)               the methods of this one follow
 *   FREE(name, start)            answered in every role
 *   ADMIN(name, start, what)     the same, for superusers; `what` is HDFS's word in the refusal
 *   LOOKUP(name)                 getFileInfo and its likes: answered in batches (lookups.c)
 *   READ(name, start)            answered under a proof of primacy, from the namespace
 *   PRIMARY(name, start)         the same, by the primary alone: it is about soft state of its
 *   WRITE(name, fill, answer)    becomes a command; idempotent, so its result is kept briefly
 *   ONCE(name, fill, answer)     the same, at most once (HDFS's @AtMostOnce)
 *   ABSENT(name, rc, text)       known and not served: the refusal; "" is "<name> is not supported"
 *
 * HDFS's categories (READ, WRITE, UNCHECKED) say what its standby refuses.  Ours answers what is
 * LOOKUP and READ here too, and refuses, or forwards, what is PRIMARY, WRITE and ONCE; FREE and
 * ADMIN are UNCHECKED; ABSENT is refused in every role.
 */
#ifndef HOLDFAST_SERVICE_METHODS_H
#define HOLDFAST_SERVICE_METHODS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "format/command.h"
#include "namespace/namespace.h"

struct call;

enum method_kind {
	METHOD_PROTOCOL, /* not a method: a heading */
	METHOD_FREE,
	METHOD_LOOKUP,
	METHOD_READ,
	METHOD_WRITE,
	METHOD_ABSENT,
};

/* Answers the call (call.h), now or later. */
typedef void method_start_fn(struct call *call);
/* Makes the command from the request.  0: propose it; < 0: refused, with call->text. */
typedef int method_fill_fn(struct call *call, struct command *command);
/* Answers after the command was applied without an error. */
typedef void method_answer_fn(struct call *call, const struct ns_result *result);

struct method {
	struct str name;
	enum method_kind kind;
	bool is_at_most_once;     /* WRITE */
	bool is_for_superusers;   /* FREE */
	bool is_for_primary;      /* READ */
	int refusal;              /* ABSENT: negative code */
	struct str text;          /* ABSENT: of the refusal; FREE: what only superusers may do */
	method_start_fn *start;   /* FREE, READ */
	method_fill_fn *fill;     /* WRITE */
	method_answer_fn *answer; /* WRITE */
};

/* Every method by protocol and name. */
struct methods;

struct methods *methods_create(void); /* NULL: no memory */
void methods_destroy(struct methods *methods);
/* -ERR_NO_PROTOCOL, -ERR_NO_METHOD. */
int methods_find(const struct methods *methods, struct str protocol, struct str name,
                 const struct method **ret_method);

#endif
