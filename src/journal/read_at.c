/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/read_at.h"

#include <inttypes.h>

#include "base/err.h"
#include "journal/text.h"

int read_at(struct io_file *file, const char *path, void *data, size_t size, uint64_t offset,
            size_t *ret_size, char **ret_text)
{
	int rc = io_file_read(file, data, size, offset, ret_size);

	if (rc < 0)
		rc = io_file_read(file, data, size, offset, ret_size);
	if (rc < 0)
		*ret_text = text_make("%s: cannot read %zu bytes at offset %" PRIu64
		                      ", twice: %s. Check the disk; if other masters have this "
		                      "journal too, this one may be formatted on another one and "
		                      "join again",
		                      path, size, offset, err_text(rc));
	return rc;
}
