/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which groups a user is in: a cache before a directory that may be slow, or gone.
 *
 * The directory is asked beside the loop: options.ask() starts a question and returns, and its
 * answer comes back through groups_answer() on the loop.  Whoever needs the groups of a user who is
 * not known waits for it.  Groups that are known, but older than keep_ms, are asked for again by
 * the first call that notices; that call waits, others go on with the old ones until the answer is
 * there (as org.apache.hadoop.security.Groups does).  A directory that fails gives no groups, or
 * the old ones if there are any, and is asked again after keep_failed_ms.
 *
 * The superuser is the user of this process and whoever is in the supergroup.  The former needs no
 * question: the file system's owner must get in while the directory is gone.
 *
 * Bounded: users_max users (the one that was not used for longest is forgotten first) and
 * questions_max questions on their way, because with simple authentication anybody may make up
 * names.  Time is handed in, in milliseconds of one clock that does not jump.  Loop thread only.
 */
#ifndef HOLDFAST_SECURITY_GROUPS_H
#define HOLDFAST_SECURITY_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/list.h"
#include "base/str.h"

enum { GROUPS_NAME_BYTES_MAX = 256 };

struct groups;

/* What is known of a user.  Never changes; lives until the last reference is given back. */
struct groups_user {
	struct str name;
	struct str *groups; /* primary group first */
	size_t group_count;
	bool is_superuser;
	unsigned references; /* private */
};

/* Embedded in the options' host by whoever answers; borrowed from ask() to groups_answer(). */
struct groups_question {
	struct str user; /* NUL-terminated beyond its size */
	struct groups *groups;
};

struct groups_options {
	struct str superuser;    /* user of this process */
	struct str supergroup;   /* dfs.permissions.superusergroup */
	uint64_t keep_ms;        /* hadoop.security.groups.cache.secs; 300 s */
	uint64_t keep_failed_ms; /* hadoop.security.groups.negative-cache.secs; 30 s */
	size_t users_max;
	size_t questions_max;
	void (*ask)(void *context, struct groups_question *question);
	void *context;
};

/* Embedded in the caller's struct; the caller's again when done() runs, never inside
 * groups_find(). */
struct groups_waiter {
	/* Takes a reference: groups_release(user). */
	void (*done)(struct groups_waiter *waiter, struct groups_user *user);
	struct list node; /* private */
};

/* Copies the strings. */
MUST_USE int groups_create(const struct groups_options *options, struct groups **ret_groups);
/* No question may be on its way, nobody may wait.  NULL is fine. */
void groups_destroy(struct groups *groups);

/* 0: *ret_user, to be given back with groups_release().  -ERR_AGAIN: waiter->done() will run.
 * -ERR_BUSY: too many questions on their way.  -ERR_INVALID: no user can have this name (empty,
 * longer than GROUPS_NAME_BYTES_MAX, or with a zero byte).  -ERR_NO_MEMORY. */
MUST_USE int groups_find(struct groups *groups, struct str user, uint64_t now_ms,
                         struct groups_waiter *waiter, struct groups_user **ret_user);
/* The same, but asks for the superuser's groups too: for showing them. */
MUST_USE int groups_list(struct groups *groups, struct str user, uint64_t now_ms,
                         struct groups_waiter *waiter, struct groups_user **ret_user);
/* NULL is fine.  May come after groups_destroy(). */
void groups_release(struct groups_user *user);

/* The answer: rc 0 and names separated by commas, primary group first, or rc < 0.  Runs done() of
 * whoever waited. */
void groups_answer(struct groups_question *question, int rc, struct str names, uint64_t now_ms);
size_t groups_questions(const struct groups *groups); /* on their way */

/* refreshUserToGroupsMappings: everybody is asked for again when next needed. */
void groups_forget(struct groups *groups);

#endif
