/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records from outside: a checkpoint that somebody wrote.  Loading them ends with an error or with
 * a namespace that can be used.
 *
 * Input: records.
 */
#include <stdint.h>

#include "base/check.h"
#include "namespace/namespace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load(struct namespace *ns, const uint8_t *data, size_t size, struct hash128 digest)
{
	struct ns_load *loading = ns_load_begin(ns);
	int rc = ns_load_step(loading, str_make(data, size));

	if (rc < 0)
		ns_load_cancel(loading);
	return rc < 0 ? rc : ns_load_end(loading, 7, digest);
}

static void use(struct namespace *ns)
{
	struct command mkdirs = {.kind = ENTRY_mkdirs,
	                         .flags = COMMAND_SUPERUSER,
	                         .user = STR("root"),
	                         .mkdirs = {.path = STR("/a/b/c"), .create_parent = true}};
	struct command reclaim = {.kind = ENTRY_reclaim, .reclaim = {.steps = 10}};
	struct command clear = {.kind = ENTRY_delete,
	                        .flags = COMMAND_SUPERUSER,
	                        .delete = {.path = STR("/a"), .recursive = true}};
	const struct command *commands[] = {&mkdirs, &reclaim, &clear, &reclaim, &reclaim};
	struct ns_result result;
	struct hash128 kept;
	struct hash128 made;

	for (size_t i = 0; i < COUNT_OF(commands); i++)
		ns_apply(ns, ns_applied(ns) + 1, commands[i], NULL, &result);
	kept = ns_digest(ns);
	made = ns_digest_recompute(ns);
	CHECK(kept.low == made.low && kept.high == made.high);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct namespace *ns = ns_create(0);
	struct hash128 digest = {0};

	/* The digest guards against accidents only: whoever writes records can write that too. */
	if (load(ns, data, size, digest) < 0) {
		digest = ns_digest(ns);
		ns_destroy(ns);
		ns = ns_create(0);
		if (load(ns, data, size, digest) == 0)
			use(ns);
	}
	ns_destroy(ns);
	return 0;
}
