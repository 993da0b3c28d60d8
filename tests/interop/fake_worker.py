# SPDX-License-Identifier: Apache-2.0
"""A DataNode that only talks: DatanodeProtocol from the wire format, no blocks behind it."""
import hadoop_rpc
from hadoop_rpc import decode, encode, field, varint, zigzag

DATANODE_PROTOCOL = "org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol"
LAYOUT = -57 & 0xFFFFFFFF
RECEIVING, RECEIVED, DELETED = 1, 2, 3
FINALIZED, BEING_WRITTEN = 0, 1


class FakeWorker:
    def __init__(self, port, uuid="worker-1", xfer_port=9866):
        self.connection = hadoop_rpc.Connection(port)
        self.connection.stat("/")  # held until the master is primary
        self.uuid = uuid
        self.store = f"DS-{uuid}"
        self.xfer_port = xfer_port
        info = decode(field(self.call("versionRequest", []), 1))
        self.pool = field(info, 3)
        self.storage_info = field(info, 4)
        self.info = info
        self.ip = "10.9.8.7"    # until the master says what it sees

    def call(self, method, message):
        return self.connection.call(method, message, protocol=DATANODE_PROTOCOL)

    def registration(self):
        info = decode(self.storage_info)
        mine = [(1, LAYOUT)] + [(n, v) for n, v in info if n != 1]
        return [(1, [(1, self.ip), (2, "fake"), (3, self.uuid), (4, self.xfer_port), (5, 9864),
                     (6, 9867)]),
                (2, mine), (3, [(1, False), (2, 0), (3, 0), (4, [(1, 0), (2, 0)])]), (4, "3.4.3")]

    def register(self):
        answer = self.call("registerDatanode", [(1, self.registration())])
        self.ip = field(decode(field(decode(field(answer, 1)), 1)), 1)
        return answer

    def heartbeat(self, capacity=1 << 40, wants_report=False):
        report = [(1, self.store), (3, capacity), (4, 1000), (5, capacity - 1000), (6, 1000),
                  (7, [(1, self.store), (3, 1)])]
        return self.call("sendHeartbeat", [(1, self.registration()), (2, report), (3, 0), (4, 0),
                                           (5, 0), (9, wants_report)])

    def full_report(self, replicas=()):
        """replicas: (id, length, stamp, state)."""
        body = b"".join(varint(zigzag(i)) + varint(size) + varint(stamp) + varint(state)
                        for i, size, stamp, state in replicas)
        store = [(1, [(1, self.store), (3, 1)]), (3, len(replicas)), (4, body)]
        return self.call("blockReport", [(1, self.registration()), (2, self.pool), (3, store),
                                         (4, [(1, 1), (2, 0), (3, 7)])])

    def change(self, block, event, length):
        """block: ExtendedBlockProto's fields."""
        changed = [(1, [(1, field(block, 2)), (2, field(block, 3)), (3, length)]), (3, event)]
        return self.call("blockReceivedAndDeleted", [
            (1, self.registration()), (2, self.pool),
            (3, [(1, self.store), (2, changed), (3, [(1, self.store), (3, 1)])])])

    def join(self):
        """What a DataNode does at its start."""
        self.register()
        self.heartbeat()
        self.full_report()
        return self


def deletions(heartbeat):
    """(id, stamp) of the blocks that an answer orders to delete."""
    found = []
    for number, command in heartbeat:
        if number != 1 or field(decode(command), 1) != 1:
            continue
        blocks = decode(field(decode(command), 3))
        assert field(blocks, 1) == 2, "INVALIDATE"
        found += [(field(decode(b), 1), field(decode(b), 2)) for n, b in blocks if n == 3]
    return found


def extended(block, length):
    """The same ExtendedBlockProto with another length."""
    return encode([(n, v) for n, v in block if n != 4] + [(4, length)])
