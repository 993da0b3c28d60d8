/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of users as clients write them.
 */
#ifndef HOLDFAST_SECURITY_USER_NAME_H
#define HOLDFAST_SECURITY_USER_NAME_H

#include "base/check.h"
#include "base/str.h"

enum { USER_NAME_BYTES_MAX = 255 };

/* The name by which files know the user: "nn" of "nn/host.example@REALM".  -ERR_INVALID: empty,
 * longer than USER_NAME_BYTES_MAX, or with control characters, which could forge lines of a log. */
MUST_USE int user_name_short(struct str name, struct str *ret_short);

#endif
