/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NamenodeProtocol: what balancers and tools of other masters may ask of this one.
 */
#include "journal/journal.h"
#include "proto/namenode.pb-c.h"
#include "service/call.h"
#include "service/handlers.h"
#include "service/keys.h"

void namenode_get_index(struct call *call)
{
	Namenode__GetTransactionIdResponse reply = NAMENODE__GET_TRANSACTION_ID_RESPONSE__INIT;

	reply.tx_id = master_applied(call_master(call));
	call_reply_pb(call, &reply.base);
}

void namenode_get_checkpoint_index(struct call *call)
{
	Namenode__GetMostRecentCheckpointTxIdResponse reply =
	        NAMENODE__GET_MOST_RECENT_CHECKPOINT_TX_ID_RESPONSE__INIT;
	struct journal_stats stats;

	journal_stats(master_journal(call_master(call)), &stats);
	reply.tx_id = stats.newest_checkpoint;
	call_reply_pb(call, &reply.base);
}

void namenode_is_rolling_upgrade(struct call *call)
{
	call_reply_bool(call, false);
}

void namenode_get_block_keys(struct call *call)
{
	Namenode__GetBlockKeysResponse reply = NAMENODE__GET_BLOCK_KEYS_RESPONSE__INIT;
	struct no_keys none;

	reply.keys = no_keys(&none);
	call_reply_pb(call, &reply.base);
}
