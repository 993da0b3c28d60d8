/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /.reserved, which is no directory of the namespace: what HDFS shows there (FSDirectory).
 */
#ifndef HOLDFAST_SERVICE_RESERVED_H
#define HOLDFAST_SERVICE_RESERVED_H

#include "service/call.h"
#include "wire/hot_replies.h"

/* True: the path is /.reserved, and this is its status. */
bool reserved_status(struct str path, struct wire_file_status *ret_status);
/* True: the path is /.reserved, and the call was answered with what is in it. */
bool reserved_list(struct call *call, struct str path);

#endif
