/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error codes.  A function that can fail returns 0 or a negative code (-ERR_NOT_FOUND); outputs
 * named ret_x are untouched on failure.  A function either logs an error or returns it, never both.
 */
#ifndef HOLDFAST_BASE_ERR_H
#define HOLDFAST_BASE_ERR_H

enum err {
	ERR_OK = 0,
#define ERR(name, number, java_class, action, text) ERR_##name = number,
#include "base/err.def"
#undef ERR
};

enum err_action { ERR_ACTION_FAIL, ERR_ACTION_RETRY, ERR_ACTION_OTHER };

/* All three take the code with either sign; an unknown number reads as an internal error. */
const char *err_text(int code);
const char *err_name(int code);
const char *err_java_class(int code);
enum err_action err_action(int code);

/* Code for an errno value, negative (0 for 0). */
int err_from_errno(int error_number);

#endif
