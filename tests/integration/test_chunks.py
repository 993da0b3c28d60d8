# SPDX-License-Identifier: Apache-2.0
"""Blocks whose checksums cover other than 512 bytes: writers choose (dfs.bytes-per-checksum).

The client here speaks DataTransferProtocol from the wire format alone.
"""
import os
import socket
import struct
import zlib

import pytest

from hadoop_rpc import Connection, RemoteError, decode, delimited, encode, field, read_varint
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

    def message(self):
        head = bytearray()
        while not head or head[-1] >= 0x80:
            head += self.stream.read(1)
        return decode(self.stream.read(read_varint(head, 0)[0]))

    def send_packet(self, seqno, offset, data, sums):
        header = b"".join([b"\x09", struct.pack("<q", offset), b"\x11", struct.pack("<q", seqno),
                           b"\x18", bytes([not data]), b"\x25", struct.pack("<i", len(data))])
        self.socket.sendall(struct.pack(">ih", 4 + len(sums) + len(data), len(header)) + header +
                            sums + data)
        ack = self.message()
        assert field(ack, 2) in (SUCCESS, bytes([SUCCESS])), ack

    def receive_packet(self):
        """(checksums, data); no data in the last one."""
        size, head = struct.unpack(">ih", self.stream.read(6))
        header = self.stream.read(head)
        data_size = struct.unpack("<i", header[header.index(b"\x25", 18) + 1:][:4])[0]
        return self.stream.read(size - 4 - data_size), self.stream.read(data_size)


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


@pytest.mark.parametrize("chunk", [1, 512, 1000, 65536, 524289, 1048576])
def test_a_block_is_read_back_whatever_its_checksums_cover(cluster, chunk):
    cluster.start_worker()
    connection = Connection(cluster.port)
    connection.create("/f", "writer")
    block = add_block(connection, "/f", "writer")
    data = os.urandom(1500000 if chunk > 1 else 5000)
    step = max(chunk, 65536 // chunk * chunk)

    write = Transfer(cluster.xfer_port, WRITE, [
        (1, [(1, [(1, block)]), (2, "writer")]), (4, CREATE_STAGE), (5, 1), (6, 0), (7, 0), (8, 0),
        (9, [(1, CRC32), (2, chunk)])])
    offsets = list(range(0, len(data), step))
    for seqno, at in enumerate(offsets):
        piece = data[at:at + step]
        write.send_packet(seqno, at, piece, sums_of(piece, chunk))
    write.send_packet(len(offsets), len(data), b"", b"")

    read = Transfer(cluster.xfer_port, READ, [(1, [(1, [(1, block)]), (2, "reader")]), (2, 0),
                                              (3, len(data)), (4, True)])
    got, sums = b"", b""
    while True:
        piece_sums, piece = read.receive_packet()
        if not piece:
            break
        assert piece_sums == sums_of(piece, chunk)
        assert len(got) % chunk == 0
        got += piece
    assert got == data
    assert cluster.worker.popen.poll() is None
