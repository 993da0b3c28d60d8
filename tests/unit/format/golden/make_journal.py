#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the golden files of version 1 from docs/formats.md alone, without Holdfast's code.

Once released they are never written again: a later version adds files of its own.  Only the hash (XXH3) and the
packing (zstd) come from libraries.
"""
import ctypes
import struct
import sys
from pathlib import Path

xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits_withSeed.restype = ctypes.c_uint64
xxhash.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
zstd = ctypes.CDLL("libzstd.so.1")
zstd.ZSTD_compress.restype = ctypes.c_size_t

CLUSTER = b"CID-golden"
BLOCK, SECTOR = 4096, 512


def hash64(seed, data):
    return xxhash.XXH3_64bits_withSeed(data, len(data), seed)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def with_crc(data, at):
    """Fills the four bytes at `at` with the checksum of all the others."""
    return data[:at] + struct.pack("<I", crc32c(data[:at] + data[at + 4:])) + data[at + 4:]


def entry(index, epoch, kind, version, payload, chain_before):
    fields = struct.pack("<QQHBB", index, epoch, kind, version, 0) + payload
    chain = hash64(chain_before, fields)
    length = 8 + len(fields) + 8
    return with_crc(struct.pack("<II", length, 0) + fields + struct.pack("<Q", chain), 4), chain


def segment_header(epoch, first, before, file_bytes, chain):
    data = b"HFSEGMNT" + struct.pack("<IIIIQQQ", 1, 0, BLOCK, 0, file_bytes, epoch, first)
    data += struct.pack("<QQQQQQ", before["epoch"], before["first"], before["end"],
                        before["end_epoch"], chain, 1790000000000)
    data += CLUSTER.ljust(64, b"\0")
    return with_crc(data.ljust(BLOCK, b"\0"), 12)


def batch(epoch, first_of_segment, offset, mark, indexes, epochs, body):
    capacity, sectors = 440, 1
    while capacity < len(body) or sectors * SECTOR % BLOCK:
        capacity += 508
        sectors += 1
    head = b"HFBT" + struct.pack("<IIIIIQQQQQQ", 0, sectors, indexes[1] + 1 - indexes[0], len(body),
                                 0, offset, mark, indexes[0], epochs[0], indexes[1], epochs[1])
    body = body.ljust(capacity, b"\0")
    data = with_crc(head + body[:440], 4)
    for sector in range(1, sectors):
        at = 440 + 508 * (sector - 1)
        stamp = hash64(epoch, struct.pack("<QQQ", first_of_segment, offset, sector)) & 0xFFFFFFFF
        data += struct.pack("<I", stamp or 1) + body[at:at + 508]
    return data


def segment():
    before = {"epoch": 3, "first": 1, "end": 10, "end_epoch": 3}
    chain, body = 0x1122334455667788, b""
    data = segment_header(4, 11, before, 6 * BLOCK, chain)
    for index, payload in ((11, b"first"), (12, b"x" * 5000)):
        one, chain = entry(index, 4, 10, 1, payload, chain)
        body += one
    data += batch(4, 11, BLOCK, 10, (11, 12), (4, 4), body)
    data += batch(4, 11, 3 * BLOCK, 12, (13, 12), (0, 0), b"")
    return data.ljust(6 * BLOCK, b"\0")


def checkpoint_block(number, records, packed):
    data = records
    if packed:
        room = ctypes.create_string_buffer(1024)
        size = zstd.ZSTD_compress(room, ctypes.c_size_t(1024), records,
                                  ctypes.c_size_t(len(records)), 1)
        data = room.raw[:size]
    head = b"HFCB" + struct.pack("<IIIIIQ", 0, len(data), len(records), int(packed), 0, number)
    return with_crc(head + data, 4)


def members():
    """The list of raft/members.h: a voter and a learner."""
    def member(id_byte, role, priority, address):
        return bytes([id_byte]) * 16 + struct.pack("<BBH", role, priority, len(address)) + address
    return b"\x01\x02" + member(1, 1, 0, b"m1:19200") + member(2, 0, 3, b"m2:19200")


def checkpoint():
    header = b"HFCHKPNT" + struct.pack("<IIQQQQ", 1, 0, 12, 4, 0x99, 1790000000000)
    header += CLUSTER.ljust(64, b"\0") + struct.pack("<QII", 9, len(members()), 0) + members()
    header = with_crc(header.ljust(4096, b"\0"), 12)
    blocks = [checkpoint_block(0, b"plain records", False),
              checkpoint_block(1, b"packed " * 50, True)]
    hashed = 0
    for block in blocks:
        hashed = hash64(hashed, block[4:8])
    offset = len(header) + sum(map(len, blocks))
    footer = b"HFCF" + struct.pack("<IQQQQQQQQQQQ", 0, len(blocks), 7, 13 + 350, offset, 5, 6, 12,
                                   4, 0x99, hashed, 0)
    return header + b"".join(blocks) + with_crc(footer, 4)


def vote_slot(sequence, term, more):
    data = b"HFVOTERC" + struct.pack("<IIQQ", 1, 0, sequence, term) + bytes(range(16))
    return with_crc((data + struct.pack("<QQ", 4, 11) + more).ljust(4096, b"\0"), 12)


def vote():
    """A lone master's."""
    return vote_slot(8, 5, b"") + vote_slot(7, 4, b"")


def vote_of_many():
    more = bytes(range(16, 32)) + struct.pack("<QBB6xQQ", 15000, 1, 1, 3, 12)
    return vote_slot(8, 5, more) + vote_slot(7, 4, b"")


def marker():
    lines = b"holdfast journal 1\ncluster %s\nmember %s\ncreated 1790000000000\n" % (
        CLUSTER, bytes(range(16)).hex().encode())
    return lines + b"check %08x\n" % crc32c(lines)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    for make in (segment, checkpoint, vote, vote_of_many, marker):
        (folder / f"{make.__name__}-1").write_bytes(make())
