# SPDX-License-Identifier: Apache-2.0
"""Three masters: the primary is killed, and what it acknowledged is there."""
import os
import time

import pytest
from hadoop_rpc import Connection, RemoteError
from processes import wait_until
from quorum import Quorum

ROUNDS = int(os.environ.get("HOLDFAST_KILL_ROUNDS", "3")) or 1


@pytest.fixture
def quorum(tmp_path):
    quorum = Quorum(tmp_path)
    yield quorum.start()
    quorum.close()


class Client:
    """One call at a time, repeated with the same ids at the next address until it is answered."""

    def __init__(self, quorum):
        self.ports = quorum.ports
        self.at = 0
        self.connection = None
        self.client_id = os.urandom(16)
        self.call_id = 0

    def call(self, make):
        call_id, retry, deadline = self.call_id, 0, time.monotonic() + 30
        self.call_id += 1
        while True:
            try:
                if self.connection is None:
                    self.connection = Connection(self.ports[self.at], client_id=self.client_id,
                                                 timeout=5)
                return make(self.connection, call_id=call_id, retry=retry)
            except (OSError, RemoteError) as e:
                if isinstance(e, RemoteError) and "StandbyException" not in e.java_class \
                        and "RetriableException" not in e.java_class:
                    raise
                if time.monotonic() > deadline:
                    raise
                self.connection = None
                self.at = (self.at + 1) % len(self.ports)
                retry += 1

    def mkdirs(self, path):
        return self.call(lambda c, **ids: c.mkdirs(path, **ids))


def test_a_quorum_forms_and_serves(quorum):
    primary = quorum.primary()
    client = Client(quorum)
    assert client.mkdirs("/a/b")
    connection = Connection(primary.port)
    assert connection.list("/a") == [b"b"] or connection.list("/a") == ["b"]


def test_nothing_acknowledged_is_lost_when_the_primary_is_killed(quorum):
    client = Client(quorum)
    made, gaps = [], []
    for round_number in range(ROUNDS):
        for i in range(200):
            path = f"/r{round_number}/d{i}"
            assert client.mkdirs(path)
            made.append(path)
        primary = quorum.primary()
        primary.master.kill()
        primary.master = None
        began = time.monotonic()
        path = f"/after{round_number}"
        assert client.mkdirs(path)
        made.append(path)
        gaps.append(time.monotonic() - began)
        primary.start_master()
    print("from the kill to the next acknowledged call:", [round(gap, 3) for gap in gaps])
    for member in quorum.members:
        def sees_all():
            connection = Connection(member.port)
            return all(connection.stat(path) is not None for path in made)
        wait_until(sees_all, f"every path at {member.folder}")
