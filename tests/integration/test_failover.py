# SPDX-License-Identifier: Apache-2.0
"""Several masters, and everything that may happen to a primary under load."""
import contextlib
import os
import random
import signal
import statistics

import pytest
from hadoop_rpc import Connection
from processes import wait_until
from quorum import Quorum
from quorum_writers import QuorumWriter

ROUNDS = int(os.environ.get("HOLDFAST_KILL_ROUNDS", "3")) or 1
WRITERS = 4


@pytest.fixture
def quorum(tmp_path):
    quorum = Quorum(tmp_path, properties={
        "alluxio.master.journal.checkpoint.period.entries": 3000})
    yield quorum.start()
    quorum.close()


class Load:
    """Writers in the background, whose names are compared at the end."""

    def __init__(self, quorum):
        seed = os.environ.get("HOLDFAST_SEED") or str(random.SystemRandom().randrange(1 << 32))
        print(f"seed {seed}")
        self.quorum = quorum
        self.writers = [QuorumWriter(quorum, number, seed) for number in range(WRITERS)]
        for writer in self.writers:
            writer.start()

    @property
    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)

    def goes_on(self, calls=200):
        """Returns when so many more calls were acknowledged."""
        goal = self.acknowledged + calls
        wait_until(lambda: self.acknowledged >= goal
                   or any(writer.failure for writer in self.writers), f"{calls} more calls")

    def ends(self):
        """Every acknowledged name, and no other, is at every master, and the states are equal."""
        for writer in self.writers:
            writer.stop()
        for member in self.quorum.members:
            for writer in self.writers:
                writer.check(member.port)
        wait_until(lambda: len({(s["applied_index"], s["digest"])
                                for s in map(self.quorum.status, self.quorum.members)}) == 1,
                   "equal digests")

    def gaps(self):
        return [round(writer.longest_gap, 3) for writer in self.writers]


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
