/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stddef.h>

#include "base/check.h"

struct err_row {
	const char *name;
	const char *java_class;
	const char *text;
	enum err_action action;
};

static const struct err_row rows[] = {
        [ERR_OK] = {"OK", "", "success", ERR_ACTION_FAIL},
#define ERR(name_, number, java_class_, action_, text_)                                            \
	[number] = {#name_, java_class_, text_, ERR_ACTION_##action_},
#include "base/err.def"
#undef ERR
};

static const struct err_row *row_of(int code)
{
	size_t number = code < 0 ? (size_t) - (long)code : (size_t)code;

	if (number >= COUNT_OF(rows) || rows[number].name == NULL)
		return &rows[ERR_INTERNAL];
	return &rows[number];
}

const char *err_text(int code)
{
	return row_of(code)->text;
}

const char *err_name(int code)
{
	return row_of(code)->name;
}

const char *err_java_class(int code)
{
	return row_of(code)->java_class;
}

enum err_action err_action(int code)
{
	return row_of(code)->action;
}

int err_from_errno(int error_number)
{
	switch (error_number) {
	case 0: return 0;
	case ENOMEM: return -ERR_NO_MEMORY;
	case ENOSPC:
	case EDQUOT: return -ERR_NO_SPACE;
	case EINVAL: return -ERR_INVALID;
	case EFBIG: return -ERR_TOO_LARGE;
	case EBUSY: return -ERR_BUSY;
	case ENOENT: return -ERR_NO_FILE;
	case EEXIST:
	case ENOTEMPTY: return -ERR_FILE_EXISTS;
	case EPIPE:
	case ECONNRESET:
	case ECONNABORTED: return -ERR_CLOSED;
	case ETIMEDOUT: return -ERR_TIMEOUT;
	case ENOTSUP: return -ERR_UNSUPPORTED;
	case EACCES:
	case EPERM: return -ERR_ACCESS;
	case EROFS: return -ERR_READ_ONLY;
	case ENOTDIR: return -ERR_NO_FOLDER;
	case EISDIR: return -ERR_IS_FOLDER;
	case EADDRNOTAVAIL: return -ERR_NO_ADDRESS;
	case EMFILE:
	case ENFILE: return -ERR_NO_DESCRIPTORS;
	case ECONNREFUSED: return -ERR_REFUSED;
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTUNREACH:
	case EHOSTDOWN: return -ERR_UNREACHABLE;
	case EADDRINUSE: return -ERR_IN_USE;
	case EAGAIN: return -ERR_AGAIN;
	default: return -ERR_IO;
	}
}
