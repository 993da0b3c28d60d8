# SPDX-License-Identifier: Apache-2.0
"""holdfast worker as an operator meets it."""
import contextlib
import os
import signal
import socket
import threading
import time

import hadoop_rpc
import pytest
from processes import Cluster, wait_until


def with_a_worker(make_cluster, limit, key="alluxio.worker.block.heartbeat.timeout"):
    """A master, and a worker that ends when none answers within the limit."""
    cluster = make_cluster(**{key: limit, "dfs.heartbeat.interval": "1"})
    cluster.start_master()
    cluster.start_worker()
    return cluster


@pytest.mark.parametrize("key", ["alluxio.worker.block.heartbeat.timeout",
                                 "alluxio.worker.block.heartbeat.timeout.ms"])
def test_it_ends_when_no_master_answers_for_the_configured_time(make_cluster, key):
    cluster = with_a_worker(make_cluster, "2000", key)
    wait_until(lambda: cluster.run("status", "--json").stdout.count('"live":1'), "it registers")
    cluster.master.kill()
    assert cluster.worker.popen.wait(timeout=30) == 1
    assert "alluxio.worker.block.heartbeat.timeout" in cluster.worker.tail()


def test_it_stays_as_long_as_one_answers(make_cluster):
    limit_s = 6
    cluster = with_a_worker(make_cluster, f"{limit_s}s")
    began = time.monotonic()
    while time.monotonic() < began + limit_s + 1:
        wait_until(lambda: '"live":1' in cluster.run("status", "--json").stdout, "it registers")
        cluster.master.kill()
        cluster.start_master()
    assert cluster.worker.popen.poll() is None


def test_the_time_in_which_it_is_stopped_does_not_count(make_cluster):
    limit_s = 2
    cluster = with_a_worker(make_cluster, f"{limit_s}s")
    wait_until(hadoop_rpc.Connection(cluster.port).has_room, "it registers")
    os.kill(cluster.worker.popen.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    wait_until(lambda: time.monotonic() > stopped + limit_s + 1, "it was stopped for longer")
    os.kill(cluster.worker.popen.pid, signal.SIGCONT)
    cluster.master.kill()
    cluster.start_master()
    wait_until(hadoop_rpc.Connection(cluster.port).has_room, "it registers again")
    assert cluster.worker.popen.poll() is None


class Way:
    """Between a worker and its master: what the master says can be lost, with the connection."""

    def __init__(self, master_port):
        self.master_port = master_port
        self.unwanted = None  # a call of these bytes: the first message with them is lost
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            worker, _ = self.listener.accept()
            master = socket.create_connection(("127.0.0.1", self.master_port))
            for source, target in ((worker, master), (master, worker)):
                threading.Thread(target=self.carry, args=(source, target), daemon=True).start()

    def carry(self, source, target):
        with source, target, contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if self.unwanted is not None and source.getpeername()[1] == self.master_port \
                        and self.unwanted in data:
                    self.unwanted = None
                    source.shutdown(socket.SHUT_RDWR)
                    target.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)


def test_orders_that_were_lost_on_the_way_are_given_again(make_cluster, tmp_path):
    cluster = make_cluster(**{"dfs.heartbeat.interval": "1"})
    cluster.start_master()
    way = Way(cluster.port)
    cluster.set("alluxio.master.rpc.addresses", f"127.0.0.1:{way.port}")
    cluster.start_worker()
    master = hadoop_rpc.Connection(cluster.port)
    wait_until(master.has_room, "it registers")
    (tmp_path / "data").write_bytes(b"data")
    assert cluster.run("fs", "-put", tmp_path / "data", "/file").returncode == 0
    way.unwanted = b"BP-"  # orders name the block pool
    assert master.delete("/file")
    wait_until(lambda: way.unwanted is None, "the order to delete its block is lost")
    wait_until(lambda: not list((cluster.folder / "worker").rglob("blk_*")), "it is deleted")


def test_without_that_time_it_waits_for_a_master(tmp_path):
    cluster = Cluster(tmp_path / "cluster").format()
    try:
        cluster.start_worker()
        cluster.start_master()
        wait_until(lambda: '"live":1' in cluster.run("status", "--json").stdout, "it registers")
    finally:
        cluster.close()
