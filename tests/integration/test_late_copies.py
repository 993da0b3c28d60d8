# SPDX-License-Identifier: Apache-2.0
"""A client that repeats a call takes the answer to the last copy.  An earlier one may still be on its
way, in a connection that was given up and a network that was cut: whenever it comes, it gets the
same answer and changes nothing, also where the answer was that nothing was changed."""
import os

import pytest
from hadoop_rpc import Connection, RemoteError
from processes import wait_until
from quorum import Quorum


def outcome(call):
    try:
        return call()
    except RemoteError as error:
        return error.java_class


def delete(connection, **ids):
    return connection.delete("/a", **ids)


def rename(connection, **ids):
    return connection.rename("/a", "/b", **ids)


def create(connection, **ids):
    connection.create("/c", "holder", **ids)
    return "created"


def mkdirs(connection, **ids):
    return connection.mkdirs("/c", **ids)


# The call; what lets it change nothing; what would let it change something.
CASES = {
    "delete of what is not there": (delete, lambda other: None,
                                    lambda other: other.mkdirs("/a")),
    "rename of what is not there": (rename, lambda other: None,
                                    lambda other: other.mkdirs("/a")),
    "create of what is there": (create, lambda other: other.mkdirs("/c"),
                                lambda other: other.delete("/c")),
    "mkdirs of what is there": (mkdirs, lambda other: other.mkdirs("/c"),
                                lambda other: other.delete("/c")),
}


def come_late(case, addresses):
    """`addresses`: of the master that gets the last copy, and of the one that gets the first."""
    call, before, after = case
    client_id = os.urandom(16)
    (host, port), (late_host, late_port) = addresses
    other = Connection(port, host=host)
    before(other)
    last = Connection(port, host=host, client_id=client_id)
    answer = outcome(lambda: call(last, call_id=7, retry=1))
    after(other)
    names = other.list("/")
    first = Connection(late_port, host=late_host, client_id=client_id)
    assert outcome(lambda: call(first, call_id=7, retry=0)) == answer
    assert other.list("/") == names


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_first_copy_comes_after_the_last(cluster, case):
    come_late(case, [("127.0.0.1", cluster.port)] * 2)


def test_it_comes_over_a_master_that_forwards(tmp_path):
    """The last one, too."""
    quorum = Quorum(tmp_path, properties={"holdfast.master.forward.writes": "true"})
    try:
        quorum.start()
        primary = quorum.primary()
        standbys = [member for member in quorum.members if member is not primary]
        for case in CASES.values():
            come_late(case, [(member.host, member.port) for member in standbys])
            connection = Connection(primary.port)
            for name in connection.list("/"):
                connection.delete(f"/{name}")
    finally:
        quorum.close()
