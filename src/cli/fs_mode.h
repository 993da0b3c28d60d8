/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modes as chmod takes them: octal, or a list such as u+x,g-w,o=r.  Inside of cli/.
 */
#ifndef HOLDFAST_CLI_FS_MODE_H
#define HOLDFAST_CLI_FS_MODE_H

#include <stdbool.h>
#include <stdint.h>

/* The mode after `text` was applied to `mode`; X sets execution for directories and for what
 * somebody may execute already.  False: not a mode. */
bool fs_mode_apply(const char *text, uint32_t mode, bool is_directory, uint32_t *ret_mode);

#endif
