/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of DatanodeProtocol share.
 */
#ifndef HOLDFAST_SERVICE_DATANODE_H
#define HOLDFAST_SERVICE_DATANODE_H

#include "master/workers.h"
#include "proto/datanode.pb-c.h"
#include "service/call.h"

/* False: another cluster's, and the call was refused. */
bool datanode_is_ours(struct call *call, const Datanode__DatanodeRegistration *registration);

#endif
