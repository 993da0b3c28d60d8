# SPDX-License-Identifier: Apache-2.0
"""Packets of writers that flush in the middle of a chunk, and readers of what they flushed."""
import os

import pytest

from hadoop_rpc import Connection
from processes import wait_until
from transfers import add_block, begin_write, read_all, sums_of

CHUNK = 512
CONTENTS = os.urandom(5000)


class Open:
    """A block that is being written."""

    def __init__(self, cluster):
        self.cluster = cluster
        cluster.start_worker()
        self.master = Connection(cluster.port)
        self.master.create("/f", "writer")
        self.block = add_block(self.master, "/f", "writer")
        self.write = begin_write(cluster.xfer_port, self.block, CHUNK)
        self.seqno = -1

    def takes(self, begin, end, contents=CONTENTS, **flags):
        """Whether a packet of these bytes is acknowledged."""
        self.seqno += 1
        data = contents[begin:end]
        return self.write.is_taken(self.seqno, begin, data, sums_of(data, CHUNK), **flags)

    def is_read_to(self, end):
        return read_all(self.cluster.xfer_port, self.block, 1 << 20, CHUNK) == CONTENTS[:end]

    def stored_sums(self):
        """What follows the header of the replica's .meta file."""
        return next((self.cluster.folder / "worker").rglob("*.meta")).read_bytes()[7:]


@pytest.fixture
def opened(cluster):
    return Open(cluster)


def test_the_chunk_that_was_flushed_comes_again_with_what_follows(opened):
    # offsets as DFSOutputStream sends them: back to the chunk's beginning
    for begin, end in [(0, 100), (0, 512), (512, 1300), (1024, 1301), (1024, 3000), (2560, 3000)]:
        assert opened.takes(begin, end)
        assert opened.is_read_to(end)
        assert opened.stored_sums() == sums_of(CONTENTS[:end], CHUNK)
    assert opened.takes(3000, 3000, sync=True)
    assert opened.takes(3000, 3000, last=True)
    assert opened.is_read_to(3000)
    assert opened.stored_sums() == sums_of(CONTENTS[:3000], CHUNK)


def test_a_packet_may_go_on_in_the_middle_of_a_chunk_to_its_end(opened):
    # offsets as Go's client sends them
    for begin, end in [(0, 100), (100, 300), (300, 512), (512, 1030), (1030, 1536), (1536, 3000)]:
        assert opened.takes(begin, end, sync=True)
        assert opened.is_read_to(end)
        assert opened.stored_sums() == sums_of(CONTENTS[:end], CHUNK)
    assert opened.takes(3000, 3000, last=True)
    assert opened.is_read_to(3000)


def test_what_comes_again_may_overlap(opened):
    assert opened.takes(0, 700)
    for begin, end in [(512, 600), (512, 700), (600, 650), (650, 800), (700, 1024)]:
        assert opened.takes(begin, end)
    assert opened.is_read_to(1024)
    assert opened.stored_sums() == sums_of(CONTENTS[:1024], CHUNK)


def flipped(at):
    return CONTENTS[:at] + bytes([CONTENTS[at] ^ 1]) + CONTENTS[at + 1:]


@pytest.mark.parametrize("begin, end, contents", [
    (0, 1024, CONTENTS), (511, 512, CONTENTS), (1301, 1400, CONTENTS), (1536, 2000, CONTENTS),
    (1300, 1600, CONTENTS), (1024, 1400, flipped(1299)), (1200, 1300, flipped(1200)),
], ids=["a whole chunk again", "a byte before the last chunk", "a hole", "a hole of chunks",
        "over a chunk's end from within", "other bytes than before", "only other bytes"])
def test_what_does_not_fit_is_refused_and_what_was_there_stays(opened, begin, end, contents):
    assert opened.takes(0, 1300)
    assert not opened.takes(begin, end, contents)
    assert opened.is_read_to(1300)
    assert opened.stored_sums() == sums_of(CONTENTS[:1300], CHUNK)
    assert opened.cluster.worker.popen.poll() is None


def test_what_was_acknowledged_outlives_its_writer_and_goes_with_its_file(opened):
    assert opened.takes(0, 1300, sync=True)
    opened.write.close()
    assert opened.is_read_to(1300)
    opened.master.delete("/f")
    folder = opened.cluster.folder / "worker"
    wait_until(lambda: list(folder.rglob("blk_*")) == [], "the replica is deleted", 60)


def test_a_writer_that_was_acknowledged_nothing_leaves_nothing(opened):
    opened.write.close()
    folder = opened.cluster.folder / "worker"
    wait_until(lambda: list(folder.rglob("blk_*")) == [], "its files are gone")
