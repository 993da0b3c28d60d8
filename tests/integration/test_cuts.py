# SPDX-License-Identifier: Apache-2.0
"""Masters on hosts of their own, whose network is cut in every shape, under load."""
import os

import networks
import pytest
from processes import wait_until
from quorum import Quorum
from quorum_writers import Load

ROUNDS = int(os.environ.get("HOLDFAST_FAILOVER_ROUNDS", "2")) or 1

pytestmark = pytest.mark.skipif(not networks.can_make(), reason="no network namespaces here")


@pytest.fixture
def network():
    network = networks.Network(3)
    yield network
    network.close()


@pytest.fixture
def quorum(network, tmp_path):
    quorum = Quorum(tmp_path, hosts=network.hosts)
    yield quorum.start()
    quorum.close()


@pytest.fixture
def load(quorum):
    quorum.primary()
    return Load(quorum)


def heal(network, quorum, load):
    network.heal()
    wait_until(lambda: all(s is not None and s["applied_index"] > 0
                           for s in map(quorum.status, quorum.members)), "all answer")
    load.goes_on()


def under_load(network, quorum, load, *cuts):
    """Each cut is made around whoever is primary then, and calls must go on behind it."""
    for _ in range(ROUNDS):
        load.goes_on()
        primary = quorum.host_of(quorum.primary())
        others = [host for host in network.hosts if host is not primary]
        for cut in cuts:
            network.heal()
            cut(primary, others)
            load.goes_on()
        heal(network, quorum, load)
    load.ends()
    print("longest calls:", load.gaps())


def test_the_primary_is_cut_off(network, quorum, load):
    under_load(network, quorum, load, lambda primary, others: network.isolate(primary))


def test_the_primary_is_not_heard_but_hears(network, quorum, load):
    def mute(primary, others):
        for other in others:
            other.cut_from(primary)
    under_load(network, quorum, load, mute)


def test_the_primary_hears_nobody(network, quorum, load):
    def deafen(primary, others):
        for other in others:
            primary.cut_from(other)
    under_load(network, quorum, load, deafen)


def test_one_master_is_a_bridge_between_two(network, quorum, load):
    """Whoever is primary: the two others, or it and one other, do not see each other."""
    under_load(network, quorum, load, lambda primary, others: network.cut(primary, others[0]),
               lambda primary, others: network.cut(*others))


def test_nobody_hears_anybody(network, quorum, load):
    for _ in range(ROUNDS):
        load.goes_on()
        for host in network.hosts:
            network.isolate(host)
        wait_until(lambda: not any(map(quorum.is_primary, quorum.members)), "no primary is left")
        heal(network, quorum, load)
    load.ends()
