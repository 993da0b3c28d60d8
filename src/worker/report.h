/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The full report of a store, in both encodings of StorageBlockReport.  Inside of worker/.
 */
#ifndef HOLDFAST_WORKER_REPORT_H
#define HOLDFAST_WORKER_REPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "proto/datanode.pb-c.h"
#include "worker/block_store.h"

/* Appends `request` with the report of the store in it.  in_buffers: runs of varints, which masters
 * with capability bit 0 take; else a list of numbers. */
void worker_report_append(const struct block_store *store, Datanode__BlockReportRequest *request,
                          bool in_buffers, struct buf *buf);

#endif
