/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a call's RequestHeader and a connection's context carry (all are version 1).
 */
#ifndef HOLDFAST_WIRE_PROTOCOLS_H
#define HOLDFAST_WIRE_PROTOCOLS_H

/* served by a master */
#define WIRE_CLIENT_PROTOCOL   "org.apache.hadoop.hdfs.protocol.ClientProtocol"
#define WIRE_DATANODE_PROTOCOL "org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol"
#define WIRE_LIFELINE_PROTOCOL "org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol"
#define WIRE_NAMENODE_PROTOCOL "org.apache.hadoop.hdfs.server.protocol.NamenodeProtocol"
#define WIRE_HA_PROTOCOL       "org.apache.hadoop.ha.HAServiceProtocol"
#define WIRE_GROUPS_PROTOCOL   "org.apache.hadoop.tools.GetUserMappingsProtocol"
#define WIRE_REFRESH_POLICY_PROTOCOL                                                               \
	"org.apache.hadoop.security.authorize.RefreshAuthorizationPolicyProtocol"
#define WIRE_REFRESH_USERS_PROTOCOL "org.apache.hadoop.security.RefreshUserMappingsProtocol"
#define WIRE_REFRESH_QUEUE_PROTOCOL "org.apache.hadoop.ipc.RefreshCallQueueProtocol"
#define WIRE_REFRESH_PROTOCOL       "org.apache.hadoop.ipc.GenericRefreshProtocol"

/* our own, of a master */
#define WIRE_STATUS_PROTOCOL  "io.holdfast.StatusProtocol"
#define WIRE_QUORUM_PROTOCOL  "io.holdfast.QuorumProtocol"
#define WIRE_FORWARD_PROTOCOL "io.holdfast.ForwardProtocol"

/* served by a worker */
#define WIRE_CLIENT_DATANODE_PROTOCOL "org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol"
#define WIRE_INTER_DATANODE_PROTOCOL  "org.apache.hadoop.hdfs.server.protocol.InterDatanodeProtocol"

/* served by a failover controller */
#define WIRE_ZKFC_PROTOCOL "org.apache.hadoop.ha.ZKFCProtocol"

#endif
