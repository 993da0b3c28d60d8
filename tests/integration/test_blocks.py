# SPDX-License-Identifier: Apache-2.0
"""Blocks over masters that come and go."""
import contextlib

from hadoop_rpc import Connection, decode, field
from processes import wait_until
from quorum import Quorum


def is_located(answer):
    """LocatedBlockProto names workers."""
    return any(number == 3 for number, _ in decode(field(answer, 1)))


def test_a_master_that_knows_no_worker_yet_repeats_no_block_without_one(tmp_path):
    """A block that was given out has workers, whoever is asked again."""
    quorum = Quorum(tmp_path)
    try:
        quorum.start()
        primary = quorum.primary()
        standby = next(member for member in quorum.members if member is not primary)
        worker = quorum.members[0]
        worker.set("alluxio.master.rpc.addresses",
                   ",".join(f"{host}:{port}" for host, port in quorum.addresses))
        worker.start_worker()
        client = Connection(primary.port)
        wait_until(client.has_room, "a worker is there")
        client.create("/file", "writer")
        ask = ("addBlock", [(1, "/file"), (2, "writer")])
        given = client.call(*ask, call_id=7)
        assert is_located(given)
        worker.worker.kill()
        assert standby.master.stop() == 0
        quorum.start_member(standby)
        again = Connection(standby.port, client_id=client.client_id)
        wait_until(lambda: again.stat("/file"), "it has what is there")
        with contextlib.suppress(ConnectionError):  # it says nothing, or all
            assert is_located(again.call(*ask, call_id=7, retry=1))
    finally:
        quorum.close()
