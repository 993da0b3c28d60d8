# SPDX-License-Identifier: Apache-2.0
"""Masters that acknowledge before they sync, because they were told to."""
import contextlib
import shutil
import subprocess
import time

import pytest
from hadoop_rpc import Connection
from processes import wait_until
from quorum import Quorum
from quorum_writers import Load

SLOW_SYNC_US = 500_000


@pytest.fixture
def quorum(tmp_path):
    quorum = Quorum(tmp_path, properties={
        "alluxio.master.embedded.journal.unsafe.flush.enabled": "true"})
    yield quorum.start()
    quorum.close()


@contextlib.contextmanager
def slow_syncs(members):
    tracers = [subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync",
                                 "-e", f"inject=fdatasync:delay_enter={SLOW_SYNC_US}",
                                 "-p", str(member.master.popen.pid)], stderr=subprocess.DEVNULL)
               for member in members]
    yield
    for tracer in tracers:
        tracer.terminate()
        tracer.wait()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_nobody_waits_for_a_sync(quorum):
    primary = quorum.primary()
    connection = Connection(primary.port)
    connection.mkdirs("/first")

    def is_behind():
        started = time.monotonic()
        for i in range(10):
            connection.mkdirs(f"/d{started}-{i}")
        took = time.monotonic() - started
        inside = quorum.status(primary)["quorum"]
        # Ten syncs one after the other would take five seconds.
        return inside["synced"] < inside["last"] and took < SLOW_SYNC_US / 1e6
    with slow_syncs(quorum.members):
        wait_until(is_behind, "calls are answered while a sync runs")
    wait_until(lambda: quorum.status(primary)["quorum"]["synced"] ==
               quorum.status(primary)["quorum"]["last"], "syncs catch up")
    connection.close()


def test_it_is_said_everywhere(quorum):
    primary = quorum.primary()
    assert quorum.status(primary)["quorum"]["syncs_behind"]
    assert "unsafe flush" in primary.run("status", "--conf", primary.conf).stdout
    for member in quorum.members:
        assert member.master_log().count("WARN  UNSAFE_FLUSH") == 1


def test_kill_of_all_processes_loses_nothing(quorum):
    quorum.primary()
    load = Load(quorum)
    for _ in range(2):
        load.goes_on()
        for member in quorum.members:
            member.master.kill()
            member.master = None
        for member in quorum.members:
            member.start_master()
        load.goes_on()
    load.ends()
