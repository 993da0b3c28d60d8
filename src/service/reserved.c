/* SPDX-License-Identifier: Apache-2.0 */
#include "service/reserved.h"

#include "proto/hdfs.pb-c.h"

static bool is_reserved(struct str path)
{
	while (path.size > 1 && path.data[path.size - 1] == '/')
		path.size--;
	return str_equal(path, STR("/.reserved"));
}

/* Nobody owns it, and it has no number. */
static struct wire_file_status directory(uint32_t mode)
{
	return (struct wire_file_status){
	        .type = HDFS__FILE_STATUS__FILE_TYPE__IS_DIR,
	        .mode = mode,
	        .file_id = UINT64_MAX,
	};
}

bool reserved_status(struct str path, struct wire_file_status *ret_status)
{
	if (!is_reserved(path))
		return false;
	*ret_status = directory(01770);
	return true;
}

bool reserved_list(struct call *call, struct str path)
{
	static const struct str names[] = {{.data = ".inodes", .size = 7},
	                                   {.data = "raw", .size = 3}};
	struct wire_file_status entry = directory(0770);
	struct ns_identity identity = {0};
	struct wire_listing_writer writer;

	if (!is_reserved(path))
		return false;
	ns_identity(call_namespace(call), &identity);
	entry.mtime = identity.ctime_ms;
	entry.atime = identity.ctime_ms;
	entry.group = call_options(call)->supergroup;
	wire_listing_begin(&writer, call_reply_begin(call));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		entry.path = names[i];
		wire_listing_add(&writer, &entry);
	}
	wire_listing_end(&writer, 0);
	call_reply_end(call);
	return true;
}
