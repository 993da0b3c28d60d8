/* SPDX-License-Identifier: Apache-2.0 */
#include "security/groups.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

enum { BUCKETS = 1024 };

struct entry {
	struct groups_question question; /* its `user` is this entry's key */
	struct groups_user *known;       /* NULL: never answered */
	uint64_t old_at_ms;              /* `known` is asked for again from here on */
	bool is_asked;                   /* a question is on its way: the entry stays */
	struct list waiters;
	struct list bucket;
	struct list use; /* in groups.uses, most recent last */
};

struct groups {
	struct groups_options options; /* its strings are ours */
	struct groups_user *superuser;
	struct list buckets[BUCKETS];
	struct list uses;
	size_t count;
	size_t questions;
};

/* ---- users ---- */

static size_t count_names(struct str names)
{
	size_t count = names.size > 0;

	for (size_t i = 0; i < names.size; i++)
		count += names.data[i] == ',';
	return count;
}

/* Splits `text` (ours, inside the user's memory) at its commas. */
static void fill_groups(struct groups_user *user, const char *text, size_t size)
{
	size_t start = 0;

	for (size_t i = 0; i <= size; i++) {
		if (i < size && text[i] != ',')
			continue;
		if (i > start)
			user->groups[user->group_count++] = str_make(text + start, i - start);
		start = i + 1;
	}
}

/* One allocation: the struct, the array, the name, the groups' names. */
static struct groups_user *make_user(struct str name, struct str names)
{
	size_t array_bytes = count_names(names) * sizeof(struct str);
	struct groups_user *user = mem_alloc(sizeof(*user) + array_bytes + name.size + names.size);
	char *text;

	if (user == NULL)
		return NULL;
	text = (char *)(user + 1) + array_bytes;
	*user = (struct groups_user){
	        .name = str_make(text, name.size),
	        .groups = (struct str *)(user + 1),
	        .references = 1,
	};
	memcpy(text, name.data, name.size);
	if (names.size > 0)
		memcpy(text + name.size, names.data, names.size);
	fill_groups(user, text + name.size, names.size);
	return user;
}

static struct groups_user *add_reference(struct groups_user *user)
{
	user->references++;
	return user;
}

void groups_release(struct groups_user *user)
{
	if (user != NULL && --user->references == 0)
		mem_free(user);
}

/* ---- entries ---- */

static struct list *bucket_of(struct groups *groups, struct str user)
{
	return &groups->buckets[hash64(0, user.data, user.size) % BUCKETS];
}

static struct entry *find_entry(struct groups *groups, struct str user)
{
	LIST_FOR_EACH (node, bucket_of(groups, user)) {
		struct entry *entry = CONTAINER_OF(node, struct entry, bucket);

		if (str_equal(entry->question.user, user))
			return entry;
	}
	return NULL;
}

static void destroy_entry(struct groups *groups, struct entry *entry)
{
	list_remove(&entry->bucket);
	list_remove(&entry->use);
	groups_release(entry->known);
	mem_free(entry);
	groups->count--;
}

/* Forgets the user that was not used for longest and is not being asked for. */
static void make_room(struct groups *groups)
{
	if (groups->count < groups->options.users_max)
		return;
	LIST_FOR_EACH (node, &groups->uses) {
		struct entry *entry = CONTAINER_OF(node, struct entry, use);

		if (!entry->is_asked) {
			destroy_entry(groups, entry);
			return;
		}
	}
}

static struct entry *make_entry(struct groups *groups, struct str user)
{
	struct entry *entry;
	char *name;

	make_room(groups);
	entry = mem_alloc(sizeof(*entry) + user.size + 1);
	if (entry == NULL)
		return NULL;
	name = (char *)(entry + 1);
	memcpy(name, user.data, user.size);
	name[user.size] = '\0';
	*entry = (struct entry){
	        .question = {.user = str_make(name, user.size), .groups = groups},
	};
	list_init(&entry->waiters);
	list_append(bucket_of(groups, user), &entry->bucket);
	list_append(&groups->uses, &entry->use);
	groups->count++;
	return entry;
}

/* ---- finding ---- */

static void ask(struct groups *groups, struct entry *entry)
{
	entry->is_asked = true;
	groups->questions++;
	groups->options.ask(groups->options.context, &entry->question);
}

int groups_find(struct groups *groups, struct str user, uint64_t now_ms,
                struct groups_waiter *waiter, struct groups_user **ret_user)
{
	if (!str_equal(user, groups->superuser->name))
		return groups_list(groups, user, now_ms, waiter, ret_user);
	*ret_user = add_reference(groups->superuser);
	return 0;
}

static bool is_name(struct str user)
{
	return user.size > 0 && user.size <= GROUPS_NAME_BYTES_MAX &&
	       memchr(user.data, '\0', user.size) == NULL;
}

int groups_list(struct groups *groups, struct str user, uint64_t now_ms,
                struct groups_waiter *waiter, struct groups_user **ret_user)
{
	struct entry *entry;
	bool is_full = groups->questions >= groups->options.questions_max;

	if (!is_name(user))
		return -ERR_INVALID;
	entry = find_entry(groups, user);
	if (entry == NULL && is_full)
		return -ERR_BUSY;
	if (entry == NULL)
		entry = make_entry(groups, user);
	if (entry == NULL)
		return -ERR_NO_MEMORY;
	list_remove(&entry->use);
	list_append(&groups->uses, &entry->use);
	if (entry->known != NULL && (now_ms < entry->old_at_ms || entry->is_asked || is_full)) {
		*ret_user = add_reference(entry->known);
		return 0;
	}
	list_append(&entry->waiters, &waiter->node);
	if (!entry->is_asked)
		ask(groups, entry);
	return -ERR_AGAIN;
}

static bool is_member(const struct groups_user *user, struct str group)
{
	for (size_t i = 0; i < user->group_count; i++) {
		if (str_equal(user->groups[i], group))
			return true;
	}
	return false;
}

/* What to believe after an answer; NULL: no memory for it, ask again. */
static struct groups_user *learn(const struct groups *groups, const struct entry *entry, int rc,
                                 struct str names)
{
	struct groups_user *user;

	if (rc < 0 && entry->known != NULL)
		return add_reference(entry->known);
	user = make_user(entry->question.user, rc < 0 ? (struct str){0} : names);
	if (user != NULL)
		user->is_superuser = str_equal(user->name, groups->superuser->name) ||
		                     is_member(user, groups->options.supergroup);
	return user;
}

void groups_answer(struct groups_question *question, int rc, struct str names, uint64_t now_ms)
{
	struct entry *entry = CONTAINER_OF(question, struct entry, question);
	struct groups *groups = question->groups;
	struct groups_user *user;
	struct list waiters;

	CHECK(entry->is_asked);
	user = learn(groups, entry, rc, names);
	if (user == NULL) {
		groups->options.ask(groups->options.context, question);
		return;
	}
	entry->is_asked = false;
	groups->questions--;
	groups_release(entry->known);
	entry->known = user;
	entry->old_at_ms =
	        now_ms + (rc < 0 || user->group_count == 0 ? groups->options.keep_failed_ms
	                                                   : groups->options.keep_ms);
	list_init(&waiters);
	list_splice(&waiters, &entry->waiters);
	add_reference(user); /* the entry may go while waiters run */
	while (!list_is_empty(&waiters)) {
		struct groups_waiter *waiter = LIST_FIRST(&waiters, struct groups_waiter, node);

		list_remove(&waiter->node);
		waiter->done(waiter, add_reference(user));
	}
	groups_release(user);
}

size_t groups_questions(const struct groups *groups)
{
	return groups->questions;
}

void groups_forget(struct groups *groups)
{
	LIST_FOR_EACH (node, &groups->uses)
		CONTAINER_OF(node, struct entry, use)->old_at_ms = 0;
}

/* ---- life ---- */

int groups_create(const struct groups_options *options, struct groups **ret_groups)
{
	struct groups *groups = mem_zalloc(sizeof(*groups));

	if (groups == NULL)
		return -ERR_NO_MEMORY;
	groups->options = *options;
	list_init(&groups->uses);
	for (size_t i = 0; i < BUCKETS; i++)
		list_init(&groups->buckets[i]);
	/* The supergroup's name lives in the superuser's one group. */
	groups->superuser = make_user(options->superuser, options->supergroup);
	if (groups->superuser == NULL) {
		mem_free(groups);
		return -ERR_NO_MEMORY;
	}
	groups->superuser->is_superuser = true;
	groups->options.superuser = groups->superuser->name;
	if (groups->superuser->group_count > 0)
		groups->options.supergroup = groups->superuser->groups[0];
	*ret_groups = groups;
	return 0;
}

void groups_destroy(struct groups *groups)
{
	if (groups == NULL)
		return;
	CHECK(groups->questions == 0);
	LIST_FOR_EACH_SAFE (node, &groups->uses)
		destroy_entry(groups, CONTAINER_OF(node, struct entry, use));
	groups_release(groups->superuser);
	mem_free(groups);
}
