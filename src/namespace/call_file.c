/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are being written: who may, and the texts of those who may not (FSNamesystem's
 * checkLease).
 */
#include "namespace/call.h"

#include <inttypes.h>

int find_file(struct call *call, uint64_t id, struct str path)
{
	struct namespace *ns = call->ns;

	if (id == 0)
		return call_find(call, path, false);
	call->place = (struct place){.path = path};
	call->place.exists = tree_get_id(&ns->tree, id, &call->place.inode, NULL) &&
	                     inode_is_attached(ns, &call->place.inode);
	return 0;
}

/* "<what><path> (inode <id>) [Lease.  Holder: h, pending creates: n]" */
static int refuse_writer(struct call *call, enum err err, const char *what, uint64_t id,
                         struct str holder)
{
	struct namespace *ns = call->ns;
	uint64_t files = leases_count(&ns->leases, text_find(&ns->interns, holder));
	struct str path = call->place.path;

	if (files == 0)
		return refuse(&call->asker, err,
		              "%s%.*s (inode %" PRIu64
		              ") Holder %.*s does not have any open files.",
		              what, STR_ARGS(path), id, STR_ARGS(holder));
	return refuse(&call->asker, err,
	              "%s%.*s (inode %" PRIu64 ") [Lease.  Holder: %.*s, pending creates: %" PRIu64
	              "]",
	              what, STR_ARGS(path), id, STR_ARGS(holder), files);
}

static int refuse_other_holder(struct call *call, uint64_t id, struct str holder)
{
	struct str owner = text_of(&call->ns->interns, call->place.inode.holder);
	struct buf what = {0};
	int rc;

	buf_append_format(&what, "Client (=%.*s) is not the lease owner (=%.*s: ", STR_ARGS(holder),
	                  STR_ARGS(owner));
	buf_append_u8(&what, '\0');
	buf_must(&what);
	rc = refuse_writer(call, ERR_LEASE_EXPIRED, (const char *)what.data, id, holder);
	buf_finish(&what);
	return rc;
}

int check_is_open_by(struct call *call, uint64_t id, struct str holder)
{
	const struct inode *inode = &call->place.inode;

	if (!call->place.exists)
		return refuse_writer(call, ERR_NOT_FOUND, "File does not exist: ", id, holder);
	if (inode->is_directory)
		return refuse_writer(call, ERR_LEASE_EXPIRED, "INode is not a regular file: ", id,
		                     holder);
	if (!inode->is_open)
		return refuse_writer(call, ERR_LEASE_EXPIRED, "File is not open for writing: ", id,
		                     holder);
	if (!str_equal(text_of(&call->ns->interns, inode->holder), holder))
		return refuse_other_holder(call, id, holder);
	return 0;
}

int find_open_file(struct call *call, uint64_t id, struct str path, struct str holder)
{
	int rc = find_file(call, id, path);

	return rc < 0 ? rc : check_is_open_by(call, id, holder);
}

bool can_close(const struct inode *inode)
{
	return inode->block_count == 0 || inode->workers == 0;
}

void close_file(struct call *call, uint64_t id, const struct block *last)
{
	struct namespace *ns = call->ns;
	struct inode_change change;

	CHECK(inode_change_begin(ns, id, &change));
	if (change.inode.workers != 0 && last != NULL)
		blocks_set_last(&ns->tree.nodes, &change.inode, *last);
	change.inode.is_open = false;
	change.inode.lease = 0;
	inode_set_text(ns, &change.inode.holder, (struct str){0});
	inode_set_text(ns, &change.inode.machine, (struct str){0});
	inode_set_text(ns, &change.inode.workers, (struct str){0});
	change.inode.mtime_ms = call->command->wall_ms;
	inode_change_end(ns, &change);
}
