# SPDX-License-Identifier: Apache-2.0
"""A reader written from docs/formats.md alone reads what a master wrote."""
import ctypes
import struct

from hadoop_rpc import Connection
from processes import wait_until

BLOCK, SECTOR = 4096, 512


def crc_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


CRC = list(crc_table())


def crc32c(*pieces):
    crc = 0xFFFFFFFF
    for byte in b"".join(pieces):
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


XXH3 = ctypes.CDLL("libxxhash.so.0").XXH3_64bits_withSeed
XXH3.restype = ctypes.c_uint64
XXH3.argtypes = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64


def hash64(data, seed=0):
    return XXH3(data, len(data), seed)


def numbers(data, at, count, size=8):
    return struct.unpack_from(f"<{count}{'QI'[size == 4]}", data, at)


def is_sound(data, at):
    """Its checksum stands at `at` and is that of all other bytes."""
    return numbers(data, at, 1, 4)[0] == crc32c(data[:at], data[at + 4:])


def read_marker(folder):
    lines = (folder / "holdfast-journal").read_bytes().splitlines(keepends=True)
    assert lines[0] == b"holdfast journal 1\n"
    fields = dict(line.decode().split() for line in lines[1:])
    assert int(fields["check"], 16) == crc32c(*lines[:-1])
    return fields


class Batch:
    def __init__(self, data, offset, run, first_index):
        first = data[offset:offset + SECTOR]
        assert first[:4] == b"HFBT" and is_sound(first, 4)
        sectors, self.count, size = numbers(first, 8, 3, 4)
        place, self.mark, self.first, _, self.last, _ = numbers(first, 24, 6)
        assert place == offset
        body = first[72:]
        for i in range(1, sectors):
            sector = data[offset + i * SECTOR:offset + (i + 1) * SECTOR]
            stamp = hash64(struct.pack("<3Q", first_index, offset, i), run) & 0xFFFFFFFF
            assert numbers(sector, 0, 1, 4) == (stamp or 1,)
            body += sector[4:]
        self.entries, rest = body[:size], body[size:]
        assert not any(rest)
        self.end = offset + sectors * SECTOR
        self.end += -self.end % BLOCK

    def __iter__(self):
        """(index, payload, chain, what the chain hashes)"""
        at = 0
        while at < len(self.entries):
            size, = numbers(self.entries, at, 1, 4)
            entry = self.entries[at:at + size]
            assert is_sound(entry, 4)
            yield (*numbers(entry, 8, 1), entry[28:-8], *numbers(entry, size - 8, 1), entry[8:-8])
            at += size


class Segment:
    def __init__(self, path, cluster):
        self.data = path.read_bytes()
        header = self.data[:BLOCK]
        assert header[:8] == b"HFSEGMNT" and is_sound(header, 12)
        version, _, self.block = numbers(header, 8, 3, 4)
        (size, self.run, self.first, self.before_run, self.before_first, self.before_end,
         _, self.before_chain) = numbers(header, 24, 8)
        assert (version, size) == (1, len(self.data))
        assert header[96:160].rstrip(b"\0").decode() == cluster
        assert path.name == f"segment-{self.run:010}-{self.first:020}"

    def batches(self):
        at = self.block
        while any(self.data[at:at + SECTOR]):
            batch = Batch(self.data, at, self.run, self.first)
            yield batch
            at = batch.end
        assert not any(self.data[at:])  # zeros up to its end


def read_checkpoint(path, cluster):
    """Its index."""
    data = path.read_bytes()
    assert data[:8] == b"HFCHKPNT" and is_sound(data[:BLOCK], 12)
    index, = numbers(data, 16, 1)
    assert path.name == f"checkpoint-{index:020}"
    assert data[48:112].rstrip(b"\0").decode() == cluster
    at, blocks, record_bytes, all_blocks = BLOCK, 0, 0, 0
    while data[at:at + 4] == b"HFCB":
        size, = numbers(data, at + 8, 1, 4)
        assert is_sound(data[at:at + 32 + size], 4)
        assert numbers(data, at + 24, 1) == (blocks,)
        record_bytes += numbers(data, at + 12, 1, 4)[0]
        all_blocks = hash64(data[at + 4:at + 8], all_blocks)
        at += 32 + size
        blocks += 1
    footer = data[at:]
    assert len(footer) == 96 and footer[:4] == b"HFCF" and is_sound(footer, 4)
    assert numbers(footer, 8, 1) == (blocks,)
    assert numbers(footer, 24, 2) == (record_bytes, at)
    assert numbers(footer, 56, 1) == (index,)
    assert numbers(footer, 80, 1) == (all_blocks,)
    return index


def read_vote(path):
    """The newest segment's run and first index."""
    data = path.read_bytes()
    slots = [data[i * BLOCK:(i + 1) * BLOCK] for i in range(2)]
    assert all(slot[:8] == b"HFVOTERC" and is_sound(slot, 12) for slot in slots)
    return numbers(max(slots, key=lambda slot: numbers(slot, 16, 1)), 48, 2)


def test_every_byte_is_as_the_manual_says(make_cluster):
    cluster = make_cluster(holdfast__journal__keep__segments="true",
                           alluxio__master__journal__checkpoint__period__entries=20)
    folder = cluster.folder / "master"

    def whole_checkpoints():
        return [path for path in folder.glob("checkpoint-*") if path.suffix != ".tmp"]

    for start in range(2):
        cluster.start_master()
        connection = Connection(cluster.port)
        for i in range(40):
            assert connection.mkdirs(f"/{start}-{i}" + "/xxx" * 100 * (i % 3))
        wait_until(whole_checkpoints, "a checkpoint")
        cluster.master.stop()

    cluster_id = read_marker(folder)["cluster"]
    segments = [Segment(path, cluster_id) for path in sorted(folder.glob("segment-*"))]
    assert read_vote(folder / "vote") == (segments[-1].run, segments[-1].first)
    names, last, chain, mark = [], 0, 0, 0
    for before, segment in zip([None, *segments], segments):
        assert (segment.before_run, segment.before_first) == (
            (before.run, before.first) if before else (0, 0))
        assert (segment.before_end, segment.before_chain) == (last, chain)
        for batch in segment.batches():
            mark = batch.mark
            for index, payload, linked, hashed in batch:
                assert (index, linked) == (last + 1, hash64(hashed, chain))
                last, chain = index, linked
                names += [payload] if b"/0-" in payload or b"/1-" in payload else []
            assert last == (batch.last if batch.count else batch.first - 1)
    assert mark == last
    assert len(names) == 80

    checkpoints = [read_checkpoint(path, cluster_id) for path in whole_checkpoints()]
    assert checkpoints and all(0 < index <= last for index in checkpoints)
    shown = cluster.run("journal", "verify", folder).stdout
    assert f"{last} entries 1-{last}, acknowledged up to {last}, 0 problems" in shown
