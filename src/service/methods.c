/* SPDX-License-Identifier: Apache-2.0 */
#include "service/methods.h"

#include "base/check.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "service/handlers.h"
#include "wire/protocols.h"

#define TEXT_NO_SNAPSHOTS      "Snapshots are not supported"
#define TEXT_NO_CACHES         "Cache directives are not supported"
#define TEXT_NO_ZONES          "Encryption zones are not supported"
#define TEXT_NO_ERASURE_CODING "Erasure coding is not supported"
/* As HDFS puts it when they are switched off. */
#define TEXT_NO_XATTRS                                                                             \
	"The XAttr operation has been rejected.  Support for XAttrs has been disabled by "         \
	"setting dfs.namenode.xattrs.enabled to false."
#define TEXT_NO_ACLS                                                                               \
	"The ACL operation has been rejected.  Support for ACLs has been disabled by "             \
	"setting dfs.namenode.acls.enabled to false."

static const struct method rows[] = {
#define PROTOCOL(name_)     {.name = STR(name_), .kind = METHOD_PROTOCOL},
#define FREE(name_, start_) {.name = STR(#name_), .kind = METHOD_FREE, .start = start_},
#define ADMIN(name_, start_, what)                                                                 \
	{.name = STR(#name_),                                                                      \
	 .kind = METHOD_FREE,                                                                      \
	 .start = start_,                                                                          \
	 .is_for_superusers = true,                                                                \
	 .text = STR(what)},
#define LOOKUP(name_)       {.name = STR(#name_), .kind = METHOD_LOOKUP},
#define READ(name_, start_) {.name = STR(#name_), .kind = METHOD_READ, .start = start_},
#define PRIMARY(name_, start_)                                                                     \
	{.name = STR(#name_), .kind = METHOD_READ, .start = start_, .is_for_primary = true},
#define WRITE(name_, fill_, answer_)                                                               \
	{.name = STR(#name_), .kind = METHOD_WRITE, .fill = fill_, .answer = answer_},
#define ONCE(name_, fill_, answer_)                                                                \
	{.name = STR(#name_),                                                                      \
	 .kind = METHOD_WRITE,                                                                     \
	 .is_at_most_once = true,                                                                  \
	 .fill = fill_,                                                                            \
	 .answer = answer_},
#define ABSENT(name_, rc, text_)                                                                   \
	{.name = STR(#name_), .kind = METHOD_ABSENT, .refusal = rc, .text = STR(text_)},
#include "service/methods.def"
#undef PROTOCOL
#undef FREE
#undef ADMIN
#undef LOOKUP
#undef READ
#undef PRIMARY
#undef WRITE
#undef ONCE
#undef ABSENT
};

enum { SLOTS = 1024, PROTOCOLS_MAX = 16 };
static_assert(SLOTS >= 4 * COUNT_OF(rows), "probes stay short");

struct slot {
	const struct method *protocol; /* heading; NULL: free */
	const struct method *method;
};

struct methods {
	const struct method *protocols[PROTOCOLS_MAX];
	size_t protocol_count;
	struct slot slots[SLOTS];
};

static const struct method *find_protocol(const struct methods *methods, struct str name)
{
	for (size_t i = 0; i < methods->protocol_count; i++) {
		if (str_equal(methods->protocols[i]->name, name))
			return methods->protocols[i];
	}
	return NULL;
}

/* The method's slot, or the free one where it would be. */
static const struct slot *find_slot(const struct methods *methods, const struct method *protocol,
                                    struct str name)
{
	size_t i = hash64((uintptr_t)protocol, name.data, name.size) % SLOTS;

	while (methods->slots[i].protocol != NULL &&
	       (methods->slots[i].protocol != protocol ||
	        !str_equal(methods->slots[i].method->name, name)))
		i = (i + 1) % SLOTS;
	return &methods->slots[i];
}

int methods_find(const struct methods *methods, struct str protocol, struct str name,
                 const struct method **ret_method)
{
	const struct method *heading = find_protocol(methods, protocol);
	const struct slot *slot;

	if (heading == NULL)
		return -ERR_NO_PROTOCOL;
	slot = find_slot(methods, heading, name);
	if (slot->protocol == NULL)
		return -ERR_NO_METHOD;
	*ret_method = slot->method;
	return 0;
}

struct methods *methods_create(void)
{
	struct methods *methods = mem_zalloc(sizeof(*methods));
	const struct method *protocol = NULL;

	if (methods == NULL)
		return NULL;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct slot *slot;

		if (rows[i].kind == METHOD_PROTOCOL) {
			CHECK(methods->protocol_count < PROTOCOLS_MAX);
			protocol = &rows[i];
			methods->protocols[methods->protocol_count++] = protocol;
			continue;
		}
		slot = (struct slot *)find_slot(methods, protocol, rows[i].name);
		CHECK(slot->protocol == NULL); /* no name twice */
		*slot = (struct slot){.protocol = protocol, .method = &rows[i]};
	}
	return methods;
}

void methods_destroy(struct methods *methods)
{
	mem_free(methods);
}
