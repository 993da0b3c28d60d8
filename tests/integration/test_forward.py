# SPDX-License-Identifier: Apache-2.0
"""Clients that know one master, which forwards, while the others come and go."""
import os
import signal
import threading

import pytest
from hadoop_rpc import Connection, RemoteError
from processes import wait_until
from quorum import Quorum

WRITERS = 4


class Plain(threading.Thread):
    """Makes and renames directories, one call after the other; repeats nothing, forgives nothing."""

    def __init__(self, port, number):
        super().__init__(name=f"plain {number}", daemon=True)
        self.connection = Connection(port, user=f"user{number}", timeout=30)
        self.root = f"/p{number}"
        self.names = []
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.stopping.is_set():
                name = f"n{len(self.names)}"
                assert self.connection.mkdirs(f"{self.root}/{name}.new")
                self.connection.rename(f"{self.root}/{name}.new", f"{self.root}/{name}")
                self.names.append(name)
        except BaseException as error:  # noqa: BLE001 - reported by the test's thread
            self.failure = error


@pytest.fixture
def quorum(tmp_path):
    quorum = Quorum(tmp_path, properties={"holdfast.master.forward.writes": "true",
                                          "dfs.permissions.enabled": "false"})
    yield quorum.start()
    quorum.close()


def goes_on(writers, calls=100):
    goal = sum(len(writer.names) for writer in writers) + calls
    wait_until(lambda: sum(len(writer.names) for writer in writers) >= goal
               or any(writer.failure for writer in writers), f"{calls} more calls")
    for writer in writers:
        if writer.failure is not None:
            raise writer.failure


def other_primary(quorum, survivor):
    """A primary that may be hurt."""
    target = next(m for m in quorum.members if m is not survivor)
    journal_port = quorum.journal_ports[quorum.members.index(target)]

    def find():
        primary = quorum.primary()
        if primary is not survivor:
            return primary
        # It fails if primacy has gone by itself meanwhile.
        survivor.run("fsadmin", "journal", "quorum", "elect", "-address",
                     f"127.0.0.1:{journal_port}", name="alluxio")
        return None
    return wait_until(find, "another primary than the one that is asked")


def kill(primary):
    primary.master.kill()
    primary.start_master()


def freeze(primary):
    pid = primary.master.popen.pid
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


@pytest.fixture
def writers(quorum):
    primary = quorum.primary()
    quorum.survivor = next(m for m in quorum.members if m is not primary)
    writers = [Plain(quorum.survivor.port, number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    yield writers
    for writer in writers:
        writer.stopping.set()
        writer.join(60)
    for member in quorum.members:
        for writer in writers:
            assert Connection(member.port).list(writer.root) == sorted(writer.names)


def test_no_call_fails_when_primaries_are_killed(quorum, writers):
    for _ in range(3):
        goes_on(writers)
        kill(other_primary(quorum, quorum.survivor))
        goes_on(writers)


def test_no_call_fails_when_primaries_freeze(quorum, writers):
    for _ in range(3):
        goes_on(writers)
        thaw = freeze(other_primary(quorum, quorum.survivor))
        goes_on(writers)
        thaw()


def test_what_is_refused_is_refused_as_by_the_primary(quorum, writers):
    connection = Connection(quorum.survivor.port)
    with pytest.raises(RemoteError) as refusal:
        connection.create("/no/such/folder/f", "holder")
    assert refusal.value.java_class == "java.io.FileNotFoundException"
    connection.close()
