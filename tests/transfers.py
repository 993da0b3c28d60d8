# SPDX-License-Identifier: Apache-2.0
"""A client of workers that speaks DataTransferProtocol from the wire format alone."""
import socket
import struct
import zlib

from hadoop_rpc import RemoteError, decode, delimited, encode, field, read_varint
from processes import wait_until

VERSION, WRITE, READ = 28, 80, 81
CREATE_STAGE, SUCCESS, CRC32 = 6, 0, 1


class Transfer:
    """One operation with a worker."""

    def __init__(self, port, operation, message):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rb")
        self.socket.sendall(struct.pack(">hB", VERSION, operation) + delimited(encode(message)))
        reply = self.message()
        assert field(reply, 1) == SUCCESS, field(reply, 5)

    def close(self):
        self.stream.close()
        self.socket.close()

    def message(self):
        head = bytearray()
        while not head or head[-1] >= 0x80:
            head += self.stream.read(1)
        return decode(self.stream.read(read_varint(head, 0)[0]))

    def send_packet(self, seqno, offset, data, sums, last=False, sync=False):
        header = b"".join([b"\x09", struct.pack("<q", offset), b"\x11", struct.pack("<q", seqno),
                           b"\x18", bytes([last]), b"\x25", struct.pack("<i", len(data)),
                           b"\x28\x01" if sync else b""])
        self.socket.sendall(struct.pack(">ih", 4 + len(sums) + len(data), len(header)) + header +
                            sums + data)

    def is_taken(self, seqno, offset, data, sums, **flags):
        """Sends a packet; whether the worker acknowledges it."""
        self.send_packet(seqno, offset, data, sums, **flags)
        ack = self.message()
        assert field(ack, 1) == seqno << 1
        return field(ack, 2) in (SUCCESS, bytes([SUCCESS]))

    def receive_packet(self):
        """(checksums, data); no data in the last one."""
        size, head = struct.unpack(">ih", self.stream.read(6))
        header = self.stream.read(head)
        data_size = struct.unpack("<i", header[header.index(b"\x25", 18) + 1:][:4])[0]
        return self.stream.read(size - 4 - data_size), self.stream.read(data_size)


def begin_write(port, block, chunk=512):
    return Transfer(port, WRITE, [
        (1, [(1, [(1, block)]), (2, "writer")]), (4, CREATE_STAGE), (5, 1), (6, 0), (7, 0), (8, 0),
        (9, [(1, CRC32), (2, chunk)])])


def read_all(port, block, size, chunk=512):
    """The block's first bytes, which lie in whole chunks under the right checksums."""
    read = Transfer(port, READ, [(1, [(1, [(1, block)]), (2, "reader")]), (2, 0), (3, size),
                                 (4, True)])
    got = b""
    while True:
        sums, piece = read.receive_packet()
        if not piece:
            return got
        assert sums == sums_of(piece, chunk)
        assert len(got) % chunk == 0
        got += piece


def sums_of(data, chunk):
    return b"".join(struct.pack(">I", zlib.crc32(data[at:at + chunk]))
                    for at in range(0, len(data), chunk))


def add_block(connection, path, holder):
    """ExtendedBlockProto's bytes, once there is a worker."""
    def added():
        try:
            reply = connection.call("addBlock", [(1, path), (2, holder)])
        except RemoteError as error:
            assert "could only be written to 0" in error.text
            return None
        return field(decode(field(reply, 1)), 1)
    return wait_until(added, "a worker takes the block")
