# SPDX-License-Identifier: Apache-2.0
"""A disk is full before its master is anybody's member: it waits, and goes on when there is room."""
import os

import pytest
from disks import Disk
from hadoop_rpc import Connection
from masters import LIST
from processes import free_ports, wait_until
from quorum import Quorum


@pytest.fixture
def disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    disk = Disk(tmp_path / "disk")
    yield disk
    disk.close()


@pytest.fixture
def quorum(tmp_path):
    quorum = Quorum(tmp_path, properties={
        "holdfast.journal.segment.bytes": "1MB",
        "alluxio.master.journal.checkpoint.period.entries": 300})
    yield quorum
    quorum.close()


def is_voter(quorum, member):
    status = quorum.status(quorum.primary())
    port = quorum.journal_ports[quorum.members.index(member)]
    return any(m["address"].endswith(f":{port}") and m["is_voter"]
               for m in status["quorum"]["members"])


def add(quorum, disk, tmp_path):
    """A newcomer with that disk."""
    quorum.journal_ports += free_ports(1)
    quorum.properties[LIST] = ",".join(f"127.0.0.1:{port}" for port in quorum.journal_ports)
    member = quorum._member(tmp_path / "new", "127.0.0.1", quorum.journal_ports[-1])
    member.set("alluxio.master.journal.folder", disk.folder / "journal")
    quorum.members.append(member)
    return member.format()


def says(member, text):
    wait_until(lambda: text in member.master_log(), f"the log says: {text}")
    assert "make room on this device" in member.master_log()


def waits_for(member):
    return member.run("status", "--conf", member.conf).stdout


def mkdirs(quorum, count=1):
    client = Connection(quorum.primary().port)
    for _ in range(count):
        assert client.mkdirs("".join(f"/{os.urandom(120).hex()}" for _ in range(10)))
    client.close()


def first_start_on_full_disk(quorum, disk, place):
    """The member of that place has the full disk."""
    full = quorum.members[place]
    full.set("alluxio.master.journal.folder", disk.folder / "journal")
    for member in quorum.members:
        member.format()
    disk.fill()
    for member in quorum.members:
        member.start_master()
    says(full, "the marker, which is to name the cluster, cannot be written")
    return full


@pytest.mark.parametrize("place", [0, 2], ids=["who forms", "who is bound"])
def test_a_first_start_waits_for_room(quorum, disk, place):
    full = first_start_on_full_disk(quorum, disk, place)
    wait_until(lambda: "room on its disk" in waits_for(full), "its status says what it waits for")
    disk.empty()
    wait_until(lambda: is_voter(quorum, full), "it is a member")
    mkdirs(quorum)
    assert full.master_log().count("cannot be written") == 1


def test_who_stops_while_it_waits_stops_at_once(quorum, disk):
    full = first_start_on_full_disk(quorum, disk, 2)
    assert full.master.stop() == 0
    full.start_master()  # and waits again
    disk.empty()
    wait_until(lambda: is_voter(quorum, full), "it is a member")


def test_a_newcomer_waits_for_room_to_note_whom_it_joins(quorum, disk, tmp_path):
    quorum.start()
    new = add(quorum, disk, tmp_path)
    disk.fill()
    new.start_master()
    says(new, "the marker, which is to name the cluster, cannot be written")
    mkdirs(quorum)
    disk.empty()
    wait_until(lambda: is_voter(quorum, new), "it is a member")


def test_a_newcomer_waits_for_room_for_what_is_there(quorum, disk, tmp_path):
    quorum.start()
    mkdirs(quorum, 1500)
    new = add(quorum, disk, tmp_path)
    disk.fill(but=128 << 10)
    new.start_master()
    says(new, "a piece of a checkpoint from the primary cannot be stored")
    mkdirs(quorum)
    assert not is_voter(quorum, new)
    disk.empty()
    wait_until(lambda: is_voter(quorum, new), "it is a member")
    assert new.master_log().count("cannot be stored") == 1
