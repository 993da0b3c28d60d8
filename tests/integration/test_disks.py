# SPDX-License-Identifier: Apache-2.0
"""A master's disk is full, fails or hangs, under load: another one is primary meanwhile."""
import json
import os
import pathlib
import signal

import pytest
from disks import Disk, inject
from hadoop_rpc import Connection, RemoteError
from processes import wait_until
from quorum import Quorum
from quorum_writers import Load


@pytest.fixture
def disks(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    disks = [Disk(tmp_path / f"disk{i}") for i in range(3)]
    yield disks
    for disk in disks:
        disk.close()


@pytest.fixture
def quorum(tmp_path):
    quorum = Quorum(tmp_path)
    yield quorum
    quorum.close()


def test_a_full_disk(quorum, disks):
    for member, disk in zip(quorum.members, disks):
        member.set("alluxio.master.journal.folder", disk.folder / "journal")
    quorum.start()
    full = quorum.primary()
    load = Load(quorum)
    load.goes_on()
    disk = disks[quorum.members.index(full)]
    disk.fill()
    wait_until(lambda: not quorum.is_primary(full), "another master is primary")
    load.goes_on()
    disk.empty()
    load.goes_on()
    load.ends()
    print("longest calls:", load.gaps())
    assert full.master.popen.poll() is None
    wait_until(lambda: "there is room again" in full.master_log(), "it sees that there is room")


def test_the_full_disk_of_a_lone_master(make_cluster, disks):
    cluster = make_cluster(alluxio__master__journal__folder=disks[0].folder / "journal")
    cluster.start_master()
    disks[0].fill()
    client = Connection(cluster.port)

    def is_taken():
        try:
            client.mkdirs("".join(f"/{os.urandom(120).hex()}" for _ in range(10)))
        except RemoteError as error:
            assert "changes are refused until there is room" in error.text
            return False
        return True

    while is_taken():
        pass  # what was prepared is used up
    assert client.stat("/") is not None
    assert "this disk is full" in cluster.run("status", "--conf", cluster.conf).stdout
    disks[0].empty()
    wait_until(is_taken, "changes are taken by themselves")
    assert "this disk is full" not in cluster.run("status", "--conf", cluster.conf).stdout


def is_marked(cluster):
    done = cluster.run("journal", "--conf", cluster.conf, "verify", "--json")
    verdict = json.loads(done.stdout)
    return verdict["last_mark"] == verdict["last_index"]


@pytest.mark.parametrize("ends_well", [True, False], ids=["stopped", "killed"])
def test_a_lone_master_starts_on_a_full_disk_and_serves_reads(make_cluster, disks, ends_well):
    cluster = make_cluster(alluxio__master__journal__folder=disks[0].folder / "journal")
    cluster.start_master()
    client = Connection(cluster.port)
    assert client.mkdirs("/before")
    disks[0].fill()

    def is_taken(client):
        try:
            return client.mkdirs("".join(f"/{os.urandom(120).hex()}" for _ in range(10)))
        except RemoteError:
            return False

    while is_taken(client):
        pass
    wait_until(lambda: is_marked(cluster), "the last mark is written")
    if ends_well:
        assert cluster.master.stop() == 0
    else:
        cluster.master.kill()
    disks[0].fill()  # what was prepared ahead is gone
    cluster.start_master()
    client = Connection(cluster.port)
    assert client.stat("/before") is not None
    assert not is_taken(client)
    shown = cluster.run("status", "--conf", cluster.conf)
    assert shown.returncode == 0  # primary
    assert "KiB are free" in shown.stdout
    disks[0].empty()
    wait_until(lambda: is_taken(client), "changes are taken by themselves")


def shown(member):
    return member.run("status", "--conf", member.conf).stdout


def is_traced(member):
    status = pathlib.Path(f"/proc/{member.master.popen.pid}/status").read_text()
    return "TracerPid:\t0\n" not in status


def test_a_write_fails(quorum):
    quorum.start()
    failing = quorum.primary()
    load = Load(quorum)
    load.goes_on()
    tracer = inject(failing, "error=EIO")
    failing.master.popen.wait(30)
    tracer.wait(30)
    assert "input or output error" in failing.master_log()
    load.goes_on()
    failing.start_master()
    load.ends()
    print("longest calls:", load.gaps())


def tells_trouble(status, address):
    """Of that member: what `holdfast status` prints for health above 0."""
    return any(address in line and "its disk is in trouble" in line for line in status.splitlines())


def test_a_disk_hangs(quorum):
    """Each write takes 2 s: primacy goes to a master whose disk is better."""
    quorum.start()
    hanging = quorum.primary()
    load = Load(quorum)
    load.goes_on()
    tracer = inject(hanging, "delay_enter=2000000")
    wait_until(lambda: not quorum.is_primary(hanging), "another master is primary")
    journal_port = quorum.journal_ports[quorum.members.index(hanging)]
    wait_until(lambda: tells_trouble(shown(quorum.primary()), f"127.0.0.1:{journal_port}"),
               "the next one's status tells of the disk")
    load.goes_on()
    tracer.send_signal(signal.SIGINT)
    tracer.wait(30)
    load.goes_on()
    load.ends()
    print("longest calls:", load.gaps())


def test_a_vote_record_hangs(quorum):
    """An election asks for a write that does not return: that master says so, and ends."""
    what = "a write of the vote record"
    for member in quorum.members:
        member.set("holdfast.journal.sync.hang", "5s")
    quorum.start()
    killed = quorum.primary()
    hanging = next(member for member in quorum.members if member is not killed)
    load = Load(quorum)
    load.goes_on()
    tracer = inject(hanging, "delay_enter=60000000", hanging.folder / "master/vote")
    wait_until(lambda: is_traced(hanging), "the tracer is there")
    killed.master.kill()
    wait_until(lambda: f"this disk is slow or hangs: {what} has taken" in shown(hanging),
               "its status tells what hangs")
    status = quorum.status(hanging)
    assert status["disk_work"] == what and 500 <= status["disk_work_ms"] < 6000
    wait_until(lambda: f"{what} has not returned for 5000 ms" in hanging.master_log(),
               "it says what hangs")
    killed.start_master()
    load.goes_on()
    tracer.kill()  # until then the kernel keeps what is left of the process
    hanging.master.popen.wait(30)
    hanging.start_master()
    load.ends()
