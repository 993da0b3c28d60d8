# SPDX-License-Identifier: Apache-2.0
"""Several masters, and everything that may happen to a primary under load."""
import os
import signal

import pytest
from clocks import Clock
from hadoop_rpc import Connection, RemoteError, field
from processes import wait_until
from quorum import Quorum
from quorum_writers import Load

ROUNDS = int(os.environ.get("HOLDFAST_FAILOVER_ROUNDS", "2")) or 1


@pytest.fixture
def quorum(tmp_path):
    quorum = Quorum(tmp_path, properties={
        "alluxio.master.journal.checkpoint.period.entries": 3000})
    yield quorum.start()
    quorum.close()


@pytest.fixture
def load(quorum):
    quorum.primary()
    return Load(quorum)


def kill(member):
    member.master.kill()
    member.master = None


def test_a_quorum_forms_and_serves(quorum):
    quorum.primary()
    for member in quorum.members:
        connection = Connection(member.port)
        assert connection.list("/") == []
        connection.close()


def test_kill_of_the_primary(quorum, load):
    for _ in range(ROUNDS):
        load.goes_on()
        primary = quorum.primary()
        kill(primary)
        load.goes_on()
        primary.start_master()
    load.ends()
    print("longest calls:", load.gaps())


def test_kill_of_all_at_once(quorum, load):
    for _ in range(ROUNDS):
        load.goes_on()
        for member in quorum.members:
            kill(member)
        for member in quorum.members:
            member.start_master()
        load.goes_on()
    load.ends()


def test_freeze_of_the_primary(quorum, load):
    for _ in range(ROUNDS):
        load.goes_on()
        primary = quorum.primary()
        os.kill(primary.master.popen.pid, signal.SIGSTOP)
        load.goes_on()
        os.kill(primary.master.popen.pid, signal.SIGCONT)
        load.goes_on()
    load.ends()
    print("longest calls:", load.gaps())


def test_rolling_restart(quorum, load):
    for member in quorum.members:
        load.goes_on()
        assert member.master.stop() == 0
        member.start_master()
    load.goes_on()
    load.ends()
    print("longest calls:", load.gaps())


def test_a_standby_that_was_away_catches_up(quorum, load):
    primary = quorum.primary()
    away = next(member for member in quorum.members if member is not primary)
    kill(away)
    load.goes_on(8000)
    away.start_master()
    load.ends()


def test_a_wiped_master_joins_anew(quorum, load):
    primary = quorum.primary()
    wiped = next(member for member in quorum.members if member is not primary)
    load.goes_on()
    kill(wiped)
    wiped.format()
    wiped.start_master()
    load.goes_on()
    wait_until(lambda: all(m["is_voter"] for m in quorum.status(wiped)["quorum"]["members"])
               and len(quorum.status(wiped)["quorum"]["members"]) == 3, "the newcomer votes")
    load.ends()


def test_safe_mode_is_entered_and_left_through_any_master(quorum):
    """As Java's dfsadmin does it: all masters are asked, and each must obey."""
    leave, enter, get = 1, 2, 3
    primary = quorum.members.index(quorum.primary())
    connections = [Connection(member.port) for member in quorum.members]

    def ask(connection, action):
        return field(connection.call("setSafeMode", [(1, action)]), 1)
    for connection in connections:
        assert ask(connection, enter) == 1
    with pytest.raises(RemoteError, match="safe mode"):
        connections[primary].mkdirs("/refused")
    for connection in connections:
        assert ask(connection, leave) == 0
    wait_until(lambda: not any(ask(connection, get) for connection in connections),
               "every master has left it")


def test_a_master_whose_clock_is_wrong_says_so(tmp_path):
    quorum = Quorum(tmp_path)
    wrong = quorum.members[0]
    try:
        for member in quorum.members:
            member.format()
            clock = Clock(member.folder)
            clock.set(3600 if member is wrong else 0)
            member.start_master(wait=False, wrapper=clock.wrapper)
        quorum.primary()
        wait_until(lambda: "ms ahead of that of the other masters" in wrong.master_log(),
                   "the clock is noticed")
        load = Load(quorum)
        load.goes_on()
        load.ends()
        for member in quorum.members[1:]:
            assert "that of the other masters" not in member.master_log()
    finally:
        quorum.close()
