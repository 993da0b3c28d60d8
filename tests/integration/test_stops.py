# SPDX-License-Identifier: Apache-2.0
"""A master that is told to stop does so, whatever its callers wait for."""
import time

import hadoop_rpc
from processes import wait_until
from quorum import Quorum

CALLS = 1000
SOON_SECONDS = 5


def stops_soon(member):
    began = time.monotonic()
    assert member.master.stop() == 0
    assert time.monotonic() - began < SOON_SECONDS
    assert "not everything has ended" not in member.master_log()


def test_a_read_that_waits_for_a_worker_holds_no_stop_up(cluster, tmp_path):
    cluster.start_worker()
    wait_until(hadoop_rpc.Connection(cluster.port).has_room, "a worker is there")
    (tmp_path / "data").write_bytes(b"data")
    assert cluster.run("fs", "-put", tmp_path / "data", "/file").returncode == 0
    cluster.worker.kill()
    cluster.master.kill()
    cluster.start_master()
    reader = hadoop_rpc.Connection(cluster.port)
    wait_until(lambda: reader.stat("/file"), "it serves")
    reader.send("getBlockLocations", [(1, "/file"), (2, 0), (3, 4)])
    assert hadoop_rpc.Connection(cluster.port).stat("/file")  # it has come by now
    stops_soon(cluster)


def test_a_call_that_was_sent_on_holds_no_stop_up(tmp_path):
    quorum = Quorum(tmp_path, properties={"holdfast.master.forward.writes": "true"})
    try:
        quorum.start()
        primary = quorum.primary()
        first, second = (member for member in quorum.members if member is not primary)
        client = hadoop_rpc.Connection(first.port)
        assert client.mkdirs("/before")
        second.master.kill()  # so the primary answers nothing without the one that stops
        for number in range(CALLS):
            client.send("mkdirs", [(1, f"/{number}"), (2, [(1, 0o755)]), (3, True)])
        client.receive()
        stops_soon(first)
    finally:
        quorum.close()
