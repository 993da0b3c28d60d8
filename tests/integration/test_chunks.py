# SPDX-License-Identifier: Apache-2.0
"""Blocks whose checksums cover other than 512 bytes: writers choose (dfs.bytes-per-checksum)."""
import os

import pytest

from hadoop_rpc import Connection
from transfers import add_block, begin_write, read_all, sums_of


@pytest.mark.parametrize("chunk", [1, 512, 1000, 65536, 524289, 1048576])
def test_a_block_is_read_back_whatever_its_checksums_cover(cluster, chunk):
    cluster.start_worker()
    connection = Connection(cluster.port)
    connection.create("/f", "writer")
    block = add_block(connection, "/f", "writer")
    data = os.urandom(1500000 if chunk > 1 else 5000)
    step = max(chunk, 65536 // chunk * chunk)

    write = begin_write(cluster.xfer_port, block, chunk)
    offsets = list(range(0, len(data), step))
    for seqno, at in enumerate(offsets):
        piece = data[at:at + step]
        assert write.is_taken(seqno, at, piece, sums_of(piece, chunk))
    assert write.is_taken(len(offsets), len(data), b"", b"", last=True)

    assert read_all(cluster.xfer_port, block, len(data), chunk) == data
    assert cluster.worker.popen.poll() is None
