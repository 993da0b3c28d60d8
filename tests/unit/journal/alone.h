/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a journal runs whose master is alone and knows of no others.
 */
#ifndef HOLDFAST_TESTS_UNIT_JOURNAL_ALONE_H
#define HOLDFAST_TESTS_UNIT_JOURNAL_ALONE_H

#include "journal/journal.h"

static const struct journal_replication alone_replication = {
        .address = "alone:19200",
        .service_address = "alone:19998",
        .election_min_ms = 200,
        .election_max_ms = 300,
        .heartbeat_ms = 33,
        .retry_ms = 50,
        .silence_ms = 5000,
        .message_bytes_max = 1 << 20,
        .append_bytes_max = 64 << 10,
        .window_bytes_max = 256 << 10,
        .chunk_bytes_max = 16 << 10,
        .tail_bytes_max = 1 << 20,
        .clock_skew_max_ms = 10000,
        .reads_by_lease = true,
};

#endif
