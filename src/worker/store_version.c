/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/store_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "worker/refuse.h"

enum { PATH_BYTES_MAX = 4096, FILE_BYTES_MAX = 64 << 10, LAYOUT_VERSION = -57 };

static void path_of(const char *folder, char path[PATH_BYTES_MAX])
{
	snprintf(path, PATH_BYTES_MAX, "%s/VERSION", folder);
}

int store_version_save(struct io *io, const char *folder, const struct store_version *version)
{
	char path[PATH_BYTES_MAX];
	struct buf text = {0};
	int rc;

	buf_append_format(&text,
	                  "storageType=DATA_NODE\nlayoutVersion=%d\nstorageID=%s\n"
	                  "datanodeUuid=%s\nclusterID=%s\nnamespaceID=%u\nblockpoolID=%s\n",
	                  LAYOUT_VERSION, version->storage_uuid, version->worker_uuid,
	                  version->cluster_id, version->namespace_id, version->pool);
	path_of(folder, path);
	rc = text.failed ? -ERR_NO_MEMORY : io_replace_file(io, path, text.data, text.size);
	buf_finish(&text);
	return rc;
}

/* ---- a new one ---- */

static void draw_uuid(struct io *io, const char *prefix, char uuid[STORE_NAME_BYTES])
{
	uint8_t b[16];

	io_random(io, b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(uuid, STORE_NAME_BYTES,
	         "%s%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", prefix,
	         b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
	         b[13], b[14], b[15]);
}

/* What a start may leave behind before VERSION is written, and what file systems put there. */
static bool may_be_in_new_folder(const char *name)
{
	static const char *const names[] = {"in_use.lock", "lost+found"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static int make_new(struct io *io, const char *folder, struct store_version *ret_version,
                    char **ret_text)
{
	struct store_version version = {0};
	bool is_empty = true;
	char **names;
	size_t count;
	int rc = io_list_folder(io, folder, &names, &count);

	if (rc < 0)
		return worker_refuse(rc, ret_text, "%s cannot be listed: %s", folder, err_text(rc));
	for (size_t i = 0; i < count; i++)
		is_empty = is_empty && may_be_in_new_folder(names[i]);
	io_free_names(names, count);
	if (!is_empty)
		return worker_refuse(-ERR_FOREIGN, ret_text,
		                     "%s has no VERSION file, and is not empty: it belongs to "
		                     "something else. Name an empty folder "
		                     "(dfs.datanode.data.dir).",
		                     folder);
	draw_uuid(io, "", version.worker_uuid);
	draw_uuid(io, "DS-", version.storage_uuid);
	rc = store_version_save(io, folder, &version);
	if (rc < 0)
		return worker_refuse(rc, ret_text, "%s/VERSION cannot be written: %s", folder,
		                     err_text(rc));
	*ret_version = version;
	return 0;
}

/* ---- reading ---- */

static void take_value(struct str line, const char *key, char value[STORE_NAME_BYTES])
{
	size_t length = strlen(key);

	if (line.size > length && memcmp(line.data, key, length) == 0 && line.data[length] == '=')
		snprintf(value, STORE_NAME_BYTES, "%.*s", (int)(line.size - length - 1),
		         line.data + length + 1);
}

static int parse(struct str text, struct store_version *ret_version)
{
	struct store_version version = {0};
	char namespace_id[STORE_NAME_BYTES] = "";

	while (text.size > 0) {
		const char *newline = memchr(text.data, '\n', text.size);
		size_t size = newline == NULL ? text.size : (size_t)(newline - text.data);
		struct str line = str_make(text.data, size);

		take_value(line, "storageID", version.storage_uuid);
		take_value(line, "datanodeUuid", version.worker_uuid);
		take_value(line, "clusterID", version.cluster_id);
		take_value(line, "blockpoolID", version.pool);
		take_value(line, "namespaceID", namespace_id);
		size += newline != NULL;
		text = str_make(text.data + size, text.size - size);
	}
	if (version.storage_uuid[0] == '\0' || version.worker_uuid[0] == '\0')
		return -ERR_DAMAGED;
	version.namespace_id = (uint32_t)strtoul(namespace_id, NULL, 10);
	*ret_version = version;
	return 0;
}

int store_version_load(struct io *io, const char *folder, struct store_version *ret_version,
                       char **ret_text)
{
	char path[PATH_BYTES_MAX];
	struct buf text = {0};
	int rc;

	path_of(folder, path);
	rc = io_read_file(io, path, FILE_BYTES_MAX, &text);
	if (rc == -ERR_NO_FILE)
		rc = make_new(io, folder, ret_version, ret_text);
	else if (rc < 0)
		rc = worker_refuse(rc, ret_text, "%s cannot be read: %s", path, err_text(rc));
	else if (parse(buf_str(&text), ret_version) < 0)
		rc = worker_refuse(-ERR_DAMAGED, ret_text,
		                   "%s is damaged: no storageID or datanodeUuid. Restore it, or "
		                   "name an empty folder (dfs.datanode.data.dir).",
		                   path);
	buf_finish(&text);
	return rc;
}
