/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HDFS's permission model (FSPermissionChecker): one of owner, group or others decides, in that
 * order; a superuser may do all; a sticky directory lets only owners remove what is in it.
 */
#include "namespace/permission.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"

/* ---- refusals ---- */

enum { REFUSAL_BYTES_MAX = 16384 }; /* the longest path that can be made, and some words */

int refuse(struct asker *asker, enum err err, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	if (asker->arena == NULL)
		return -(int)err;
	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length > REFUSAL_BYTES_MAX)
		length = REFUSAL_BYTES_MAX;
	if (length >= 0)
		text = arena_alloc(asker->arena, (size_t)length + 1);
	if (text == NULL)
		return -(int)err;
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	asker->message = str_make(text, (size_t)length);
	return -(int)err;
}

static const char *const action_names[] = {
        "NONE", "EXECUTE", "WRITE", "WRITE_EXECUTE", "READ", "READ_EXECUTE", "READ_WRITE", "ALL",
};

struct mode_text {
	char text[10];
};

static struct mode_text mode_text(uint16_t mode)
{
	struct mode_text out = {"rwxrwxrwx"};

	for (int i = 0; i < 9; i++)
		if ((mode & 0400 >> i) == 0)
			out.text[i] = '-';
	if ((mode & MODE_STICKY) != 0)
		out.text[8] = (mode & MAY_EXECUTE) != 0 ? 't' : 'T';
	return out;
}

int deny_access(const struct namespace *ns, struct asker *asker, unsigned action, struct str path,
                uint32_t rights_number, bool is_directory)
{
	struct rights rights = rights_of(&ns->interns, rights_number);

	return refuse(asker, ERR_PERMISSION,
	              "Permission denied: user=%.*s, access=%s, inode=\"%.*s\":%.*s:%.*s:%c%s",
	              STR_ARGS(asker->user), action_names[action & MAY_ALL], STR_ARGS(path),
	              STR_ARGS(rights.owner), STR_ARGS(rights.group), is_directory ? 'd' : '-',
	              mode_text(rights.mode).text);
}

int deny_sticky(const struct namespace *ns, struct asker *asker, struct str path,
                const struct inode *inode, struct str parent_path, uint32_t parent_rights,
                bool hides_sticky)
{
	struct rights rights = rights_of(&ns->interns, inode->rights);
	struct rights above = rights_of(&ns->interns, parent_rights);
	uint16_t mask = hides_sticky ? 0777 : 01777;

	return refuse(asker, ERR_PERMISSION,
	              "Permission denied by sticky bit: user=%.*s, path=\"%.*s\":%.*s:%.*s:%c%s, "
	              "parent=\"%.*s\":%.*s:%.*s:d%s",
	              STR_ARGS(asker->user), STR_ARGS(path), STR_ARGS(rights.owner),
	              STR_ARGS(rights.group), inode->is_directory ? 'd' : '-',
	              mode_text(rights.mode & mask).text, STR_ARGS(parent_path),
	              STR_ARGS(above.owner), STR_ARGS(above.group),
	              mode_text(above.mode & mask).text);
}

/* ---- decisions ---- */

static bool is_member(const struct asker *asker, struct str group)
{
	for (size_t i = 0; i < asker->groups.count; i++)
		if (str_equal(asker->groups.items[i], group))
			return true;
	return false;
}

bool rights_allow(const struct namespace *ns, const struct asker *asker, uint32_t number,
                  unsigned action)
{
	struct rights rights = rights_of(&ns->interns, number);
	unsigned bits = rights.mode;

	if (asker->is_superuser)
		return true;
	if (str_equal(rights.owner, asker->user))
		bits >>= 6;
	else if (is_member(asker, rights.group))
		bits >>= 3;
	return (bits & action) == action;
}

bool violates_sticky(const struct namespace *ns, const struct asker *asker, uint32_t parent_rights,
                     uint32_t rights)
{
	struct rights parent = rights_of(&ns->interns, parent_rights);

	return !asker->is_superuser && (parent.mode & MODE_STICKY) != 0 &&
	       !str_equal(parent.owner, asker->user) &&
	       !str_equal(rights_of(&ns->interns, rights).owner, asker->user);
}

static int check_above(struct namespace *ns, struct asker *asker, const struct place *place,
                       unsigned action)
{
	if (rights_allow(ns, asker, place->above_rights, action))
		return 0;
	return deny_access(ns, asker, action, path_prefix(place->path, place->above_end),
	                   place->above_rights, true);
}

/* On a directory and all below it: at once if that is little, else only as checked before. */
static int check_below(struct namespace *ns, struct asker *asker, const struct place *place,
                       const struct wanted *wanted)
{
	const struct dir *dir = dir_at(&ns->dirs, dirs_find(&ns->dirs, place->inode.id));
	struct rights_walk walk;
	int rc;

	if (dir->below.files + dir->below.directories > RIGHTS_WALK_INODES_MAX) {
		if (wanted->checked_index == 0)
			return refuse(asker, ERR_AGAIN, "the rights below %.*s are not checked",
			              STR_ARGS(place->path));
		if (dir->rights_index <= wanted->checked_index)
			return 0;
		return refuse(asker, ERR_CHANGED, "the rights below %.*s have changed meanwhile",
		              STR_ARGS(place->path));
	}
	rights_walk_begin(ns, ns->tree.root, asker, wanted->below, wanted->skips_empty, place->path,
	                  &place->inode, &walk);
	do {
		rc = rights_walk_step(&walk, SIZE_MAX);
	} while (rc > 0);
	rights_walk_end(&walk);
	return rc;
}

int check_rights(struct namespace *ns, struct asker *asker, const struct place *place,
                 const struct wanted *wanted)
{
	int rc = 0;

	if (asker->is_superuser)
		return 0;
	if ((wanted->parent & MAY_WRITE) != 0 && place->exists && !place->is_root &&
	    violates_sticky(ns, asker, place->above_rights, place->inode.rights))
		return deny_sticky(ns, asker, place->path, &place->inode,
		                   path_prefix(place->path, place->above_end), place->above_rights,
		                   false);
	if (wanted->above != 0 && place->above_row != 0)
		rc = check_above(ns, asker, place, wanted->above);
	if (rc == 0 && wanted->parent != 0 && place->above_row != 0 && place->is_above_parent)
		rc = check_above(ns, asker, place, wanted->parent);
	if (rc < 0 || !place->exists)
		return rc;
	if (wanted->self != 0 && !rights_allow(ns, asker, place->inode.rights, wanted->self))
		return deny_access(ns, asker, wanted->self, place->path, place->inode.rights,
		                   place->inode.is_directory);
	if (wanted->below != 0 && place->inode.is_directory)
		return check_below(ns, asker, place, wanted);
	return 0;
}

int check_owner(struct namespace *ns, struct asker *asker, const struct place *place)
{
	struct rights rights = rights_of(&ns->interns, place->inode.rights);

	if (asker->is_superuser || str_equal(rights.owner, asker->user))
		return 0;
	return refuse(asker, ERR_PERMISSION,
	              "Permission denied. user=%.*s is not the owner of inode=%.*s",
	              STR_ARGS(asker->user), STR_ARGS(place->path));
}
