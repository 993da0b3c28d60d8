# SPDX-License-Identifier: Apache-2.0
"""Masters that acknowledge before they sync, because they were told to."""
import contextlib
import shutil
import subprocess
import time

import pytest
from hadoop_rpc import Connection, RemoteError
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


def is_behind(quorum):
    """Ten calls are answered in less time than one sync takes, and are not synced."""
    # The tracer stops masters for a moment, after which another one may be primary.
    with contextlib.suppress(OSError, RemoteError, EOFError):
        primary = quorum.primary()
        connection = Connection(primary.port)
        connection.mkdirs(f"/first{time.monotonic()}")
        started = time.monotonic()
        for i in range(10):
            connection.mkdirs(f"/d{started}-{i}")
        took = time.monotonic() - started
        inside = quorum.status(primary)["quorum"]
        connection.close()
        return inside["synced"] < inside["last"] and took < SLOW_SYNC_US / 1e6
    return False


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_nobody_waits_for_a_sync(quorum):
    def is_synced():
        inside = quorum.status(quorum.primary())["quorum"]
        return inside["synced"] == inside["last"]
    with slow_syncs(quorum.members):
        wait_until(lambda: is_behind(quorum), "calls are answered while a sync runs")
    wait_until(is_synced, "syncs catch up")


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
