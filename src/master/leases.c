/* SPDX-License-Identifier: Apache-2.0 */
#include "master/leases.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "master/master_private.h"

enum {
	HOLDER_BUCKETS = 1 << 17,       /* 2 MB */
	LOOK_US = 5 * 1000 * 1000,      /* at the oldest renewal */
	WALK_US = 60 * 1000 * 1000,     /* over all leases: which holders have one */
	WALK_DUE_US = 10 * 1000 * 1000, /* the same, while a holder is past the hard limit */
	EXPIRIES_A_WALK = 64,
	STEP_LEASES = 500,   /* half a millisecond, if there are a million holders */
	STEP_HOLDERS = 1000, /* empty buckets count, too */
};

enum walk_phase {
	WALK_RESTS,
	WALK_LEASES, /* which holders have one, which are past the hard limit */
	WALK_HOLDERS /* who has none is forgotten */
};

struct holder {
	struct list bucket;
	struct list age; /* longest unheard first */
	uint64_t renewed_us;
	uint64_t walk; /* that found a lease of it, or during which it took one */
	size_t size;
	char name[];
};

struct leases {
	struct master *master;
	struct list buckets[HOLDER_BUCKETS];
	struct list by_age;
	uint64_t seed;
	uint64_t soft_us;
	uint64_t hard_us;
	uint64_t walks;
	uint64_t walked_us; /* the last one began */
	enum walk_phase phase;
	uint64_t walk_at; /* next inode, or bucket */
	size_t expiries;  /* of this walk */
	struct io_timer turn;
	bool is_active; /* this master is primary */
	struct io_timer timer;
};

/* ---- holders ---- */

static struct list *bucket_of(struct leases *leases, struct str name)
{
	return &leases->buckets[hash64(leases->seed, name.data, name.size) % HOLDER_BUCKETS];
}

static struct holder *holder_find(struct leases *leases, struct str name)
{
	LIST_FOR_EACH (node, bucket_of(leases, name)) {
		struct holder *holder = CONTAINER_OF(node, struct holder, bucket);

		if (str_equal(str_make(holder->name, holder->size), name))
			return holder;
	}
	return NULL;
}

/* NULL: out of memory; then it counts as heard at promotion. */
static struct holder *holder_add(struct leases *leases, struct str name)
{
	struct holder *holder = mem_alloc(sizeof(*holder) + name.size);

	if (holder == NULL)
		return NULL;
	holder->walk = 0;
	holder->size = name.size;
	memcpy(holder->name, name.data, name.size);
	list_append(bucket_of(leases, name), &holder->bucket);
	list_init(&holder->age);
	return holder;
}

static void holder_drop(struct holder *holder)
{
	list_remove(&holder->bucket);
	list_remove(&holder->age);
	mem_free(holder);
}

static void holder_heard(struct leases *leases, struct holder *holder)
{
	holder->renewed_us = io_now_us(leases->master->io);
	list_remove(&holder->age);
	list_append(&leases->by_age, &holder->age);
	if (!io_timer_is_started(&leases->timer))
		io_timer_start(&leases->timer, LOOK_US);
}

void leases_renew(struct leases *leases, struct str holder_name)
{
	struct holder *holder = holder_find(leases, holder_name);

	if (holder != NULL)
		holder_heard(leases, holder);
}

void leases_taken(struct leases *leases, struct str holder_name)
{
	struct holder *holder;

	if (!leases->is_active)
		return;
	holder = holder_find(leases, holder_name);
	if (holder == NULL)
		holder = holder_add(leases, holder_name);
	if (holder == NULL)
		return;
	holder->walk = leases->walks;
	holder_heard(leases, holder);
}

/* NULL: this primary has never heard of it. */
static uint64_t unheard_us(const struct leases *leases, const struct holder *holder)
{
	uint64_t heard_us = holder == NULL ? leases->master->promoted_us : holder->renewed_us;

	return io_now_us(leases->master->io) - heard_us;
}

bool leases_is_past_soft_limit(struct leases *leases, struct str holder)
{
	return leases->is_active &&
	       unheard_us(leases, holder_find(leases, holder)) >= leases->soft_us;
}

/* ---- ending a lease ---- */

struct expiry {
	struct proposal proposal;
	void (*done)(void *context);
	void *context;
	size_t size;
	char holder[];
};

static void expiry_free(struct expiry *expiry)
{
	proposal_finish(&expiry->proposal);
	mem_free(expiry);
}

static void expiry_done(struct proposal *proposal, int rc)
{
	struct expiry *expiry = CONTAINER_OF(proposal, struct expiry, proposal);
	void (*done)(void *context) = expiry->done;
	void *context = expiry->context;

	(void)rc; /* whatever became of it, the caller looks at the file again */
	expiry_free(expiry);
	if (done != NULL)
		done(context);
}

/* A file whose last block is being written is closed by recovery of that block, not by this. */
static bool would_close(struct leases *leases, struct proposal *proposal)
{
	struct ns_result result = {0};

	ns_check(leases->master->ns, &proposal->write.command, &leases->master->options.limits,
	         &proposal->arena, &result);
	return result.rc == 0 && !result.changes_nothing;
}

int leases_expire(struct leases *leases, const struct ns_lease *lease, void (*done)(void *context),
                  void *context)
{
	struct expiry *expiry = mem_alloc(sizeof(*expiry) + lease->holder.size);
	struct command *command;
	int rc = -ERR_AGAIN;

	if (expiry == NULL)
		return -ERR_NO_MEMORY;
	proposal_init(&expiry->proposal, leases->master, expiry_done);
	expiry->done = done;
	expiry->context = context;
	expiry->size = lease->holder.size;
	memcpy(expiry->holder, lease->holder.data, lease->holder.size);
	command = &expiry->proposal.write.command;
	command->kind = ENTRY_expire_lease;
	command->expire_lease =
	        (struct command_expire_lease){.inode = lease->inode,
	                                      .holder = str_make(expiry->holder, expiry->size),
	                                      .lease_number = lease->number};
	if (would_close(leases, &expiry->proposal))
		rc = proposal_start(&expiry->proposal);
	if (rc < 0) {
		expiry_free(expiry);
		return rc;
	}
	log_event(LOG_LEASE_EXPIRED, "inode=%" PRIu64 " holder=%.*s unheard_ms=%" PRIu64,
	          lease->inode, STR_ARGS(lease->holder),
	          unheard_us(leases, holder_find(leases, lease->holder)) / 1000);
	return 0;
}

/* ---- the walk over all leases ---- */

/*
 * In steps, one a turn of the loop.  Leases and holders come and go meanwhile: inodes are visited
 * in order, and who takes a lease behind the walk's back marks himself.
 */
struct step {
	struct leases *leases;
	struct ns_lease due[EXPIRIES_A_WALK]; /* strings in the arena */
	size_t due_count;
	struct arena arena;
};

static void step_lease(void *context, const struct ns_lease *lease)
{
	struct step *step = context;
	struct leases *leases = step->leases;
	struct holder *holder = holder_find(leases, lease->holder);

	if (holder == NULL) {
		leases_taken(leases, lease->holder);
		holder = holder_find(leases, lease->holder);
	}
	if (holder != NULL)
		holder->walk = leases->walks;
	if (leases->expiries + step->due_count < EXPIRIES_A_WALK &&
	    unheard_us(leases, holder) >= leases->hard_us) {
		struct ns_lease *due = &step->due[step->due_count];

		*due = *lease;
		due->holder = arena_copy(&step->arena, lease->holder);
		step->due_count += due->holder.data != NULL;
	}
}

/* Ends what is past the hard limit. */
static void step_over_leases(struct leases *leases)
{
	struct step step = {.leases = leases};

	arena_init(&step.arena, 0);
	leases->walk_at =
	        ns_each_lease(leases->master->ns, leases->walk_at, STEP_LEASES, step_lease, &step);
	for (size_t i = 0; i < step.due_count && !ns_safe_mode(leases->master->ns); i++)
		(void)leases_expire(leases, &step.due[i], /* done= */ NULL, NULL);
	arena_finish(&step.arena);
	leases->expiries += step.due_count;
	if (leases->walk_at == 0)
		leases->phase = WALK_HOLDERS;
}

/* Forgets who has no lease and was not heard of lately. */
static void step_over_holders(struct leases *leases)
{
	size_t looked = 0;

	while (looked < STEP_HOLDERS && leases->walk_at < HOLDER_BUCKETS) {
		LIST_FOR_EACH_SAFE (node, &leases->buckets[leases->walk_at]) {
			struct holder *holder = CONTAINER_OF(node, struct holder, bucket);

			if (holder->walk != leases->walks &&
			    unheard_us(leases, holder) >= leases->soft_us)
				holder_drop(holder);
			looked++;
		}
		looked++;
		leases->walk_at++;
	}
	if (leases->walk_at == HOLDER_BUCKETS)
		leases->phase = WALK_RESTS;
}

static void walk_turn(struct io_timer *timer)
{
	struct leases *leases = CONTAINER_OF(timer, struct leases, turn);

	if (leases->phase == WALK_LEASES)
		step_over_leases(leases);
	else
		step_over_holders(leases);
	if (leases->phase != WALK_RESTS)
		io_timer_start(&leases->turn, 0);
}

static void walk_begin(struct leases *leases)
{
	leases->walks++;
	leases->walked_us = io_now_us(leases->master->io);
	leases->phase = WALK_LEASES;
	leases->walk_at = 0;
	leases->expiries = 0;
	io_timer_start(&leases->turn, 0);
}

static void walk_stop(struct leases *leases)
{
	leases->phase = WALK_RESTS;
	io_timer_stop(&leases->turn);
}

static void look(struct io_timer *timer)
{
	struct leases *leases = CONTAINER_OF(timer, struct leases, timer);
	uint64_t now_us = io_now_us(leases->master->io);
	uint64_t since_us = now_us - leases->walked_us;

	if (!list_is_empty(&leases->by_age)) {
		const struct holder *oldest = LIST_FIRST(&leases->by_age, struct holder, age);
		bool is_due = now_us - oldest->renewed_us >= leases->hard_us;

		if (leases->phase == WALK_RESTS && since_us >= (is_due ? WALK_DUE_US : WALK_US))
			walk_begin(leases);
	}
	if (!list_is_empty(&leases->by_age))
		io_timer_start(&leases->timer, LOOK_US);
}

/* ---- life ---- */

struct leases *leases_create(struct master *master)
{
	struct leases *leases = mem_zalloc(sizeof(*leases));

	if (leases == NULL)
		return NULL;
	leases->master = master;
	leases->soft_us = master->options.lease_soft_ms * 1000;
	leases->hard_us = master->options.lease_hard_ms * 1000;
	io_random(master->io, &leases->seed, sizeof(leases->seed));
	for (size_t i = 0; i < HOLDER_BUCKETS; i++)
		list_init(&leases->buckets[i]);
	list_init(&leases->by_age);
	io_timer_init(master->io, &leases->timer, look);
	io_timer_init(master->io, &leases->turn, walk_turn);
	return leases;
}

static void drop_all(struct leases *leases)
{
	while (!list_is_empty(&leases->by_age))
		holder_drop(LIST_FIRST(&leases->by_age, struct holder, age));
}

void leases_destroy(struct leases *leases)
{
	if (leases == NULL)
		return;
	walk_stop(leases);
	io_timer_stop(&leases->timer);
	drop_all(leases);
	mem_free(leases);
}

void leases_promoted(struct leases *leases)
{
	leases->is_active = true;
	walk_begin(leases);
}

void leases_demoted(struct leases *leases)
{
	leases->is_active = false;
	walk_stop(leases);
	io_timer_stop(&leases->timer);
	drop_all(leases);
}
