# SPDX-License-Identifier: Apache-2.0
"""Masters join, leave and are replaced, live; the namespace is there all the while."""
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest
from hadoop_rpc import Connection
from processes import Cluster, Process, answers, copy_folder, free_ports, wait_until
from quorum import Quorum


def mkdirs(masters, path):
    assert Connection(masters.quorum.primary().port).mkdirs(path)


def sees(masters, place, path):
    return Connection(masters.quorum.ports[place]).stat(path) is not None


def remove(masters, place):
    return masters.fsadmin("journal", "quorum", "remove", "-domain", "MASTER", "-address",
                           masters.addresses[place])


def waits_in_vain(masters, place, why):
    """It was told that, and is no member."""
    wait_until(lambda: why in masters.quorum.members[place].master_log(), "it is told why")
    assert "the log says why" in masters.status(place)[1]["quorum"]["waits_for"]
    return masters.state(place) is None


def test_one_that_names_all_members_joins_when_it_is_started_and_can_lead(make_masters):
    """As Alluxio's guide adds a master."""
    masters = make_masters(3)
    mkdirs(masters, "/before")
    new = masters.add()
    masters.await_state(new, "AVAILABLE")
    assert sees(masters, new, "/before")
    done = masters.fsadmin("journal", "quorum", "elect", "-address", masters.addresses[new])
    assert done.returncode == 0, done.stdout
    assert masters.primary() == new
    mkdirs(masters, "/by-the-new-one")


def test_two_newcomers_queue(make_masters):
    masters = make_masters(3)
    new = [masters.add(), masters.add()]  # the second one's list has the first one too
    for place in new:
        masters.await_state(place, "AVAILABLE")
    assert len(masters.info()[1]) == 5


def test_two_newcomers_that_do_not_know_of_each_other_queue(make_masters):
    masters = make_masters(3)
    new = [masters.add(names=3), masters.add(names=3)]
    for place in new:
        masters.await_state(place, "AVAILABLE")
    assert len(masters.info()[1]) == 5


def test_one_that_names_some_members_joins_when_it_has_leave(make_masters):
    masters = make_masters(3)
    new = masters.add(names=2)
    assert waits_in_vain(masters, new, "must name all members")
    wait_until(lambda: f"lacks the member {masters.addresses[2]}\n"
               in masters.quorum.members[new].master_log(), "it says which one is missing")
    masters.allow(new)
    masters.await_state(new, "AVAILABLE")


def test_every_master_has_the_members_changes_in_its_log(make_masters):
    masters = make_masters(3)
    log_of = masters.quorum.members[masters.standby()].master_log
    lists = re.compile(r"the quorum: (127\.0\.0\.1:\d+(?:, 127\.0\.0\.1:\d+)*)\n")
    wait_until(lambda: [sorted(found.split(", ")) for found in lists.findall(log_of())] ==
               [sorted(masters.addresses)], "the first list is in the log")
    new = masters.add()
    masters.await_state(new, "AVAILABLE")
    newcomer = masters.addresses[new]
    wait_until(lambda: f"the quorum: {newcomer} has what is there, and votes; 4 vote now\n"
               in log_of(), "that it votes is in the log")
    assert remove(masters, new).returncode == 0
    wait_until(lambda: f"the quorum: {newcomer} was taken out; 3 vote now\n" in log_of(),
               "that it left is in the log")


def test_one_joins_with_leave_only_where_that_is_needed(make_masters):
    masters = make_masters(3, properties={"holdfast.quorum.leave.needed": "true"})
    new = masters.add()
    assert waits_in_vain(masters, new, "newcomers need leave")
    masters.allow(new)
    masters.await_state(new, "AVAILABLE")


def test_all_members_are_replaced_one_after_the_other(make_masters):
    masters = make_masters(3)
    for old in range(3):
        mkdirs(masters, f"/before-{old}")
        new = masters.add()
        masters.await_state(new, "AVAILABLE")
        done = remove(masters, old)
        assert done.returncode == 0, done.stdout
        masters.quorum.members[old].master.popen.wait(timeout=30)
        masters.quorum.members[old].master = None
    primary = masters.primary()
    assert sorted(masters.info()[1]) == sorted(masters.addresses[3:])
    assert all(sees(masters, primary, f"/before-{old}") for old in range(3))


@pytest.mark.parametrize("lists", [True, False], ids=["with a list", "with nothing configured"])
def test_one_master_grows_to_three_without_a_stop(make_masters, lists):
    masters = make_masters(1, lists)
    mkdirs(masters, "/alone")
    first = masters.add()
    masters.allow(first)
    masters.await_state(first, "CATCHING UP")  # two would not be safer than one
    second = masters.add()
    masters.allow(second)
    for place in (first, second):
        masters.await_state(place, "AVAILABLE")
        wait_until(lambda: sees(masters, place, "/alone"), "it has what was there")
    masters.quorum.members[0].master.kill()
    masters.quorum.members[0].master = None
    masters.quorum.primary()
    mkdirs(masters, "/after-the-first-one-died")
    masters.quorum.members[0].start_master()  # its journal tells it of the others
    masters.await_state(0, "AVAILABLE")
    wait_until(lambda: sees(masters, 0, "/after-the-first-one-died"), "it has what it missed")


def test_a_master_that_is_alone_listens_for_nobody_until_one_is_let_in(make_masters):
    masters = make_masters(1, lists=False)
    port = masters.quorum.journal_ports[0]
    assert not answers(port)
    assert masters.info()[1] == {f"127.0.0.1:{port}": "AVAILABLE"}
    done = masters.tool("holdfast", "quorum", "allow", "127.0.0.1:1")
    assert done.returncode == 0, done.stderr
    assert answers(port)


def test_a_port_that_is_taken_is_told_to_who_lets_a_master_in(make_masters):
    masters = make_masters(1, lists=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", masters.quorum.journal_ports[0]))
        taken.listen()
        done = masters.tool("holdfast", "quorum", "allow", "127.0.0.1:1")
    assert done.returncode == 1
    assert f"port {masters.quorum.journal_ports[0]}" in done.stderr


def test_a_master_that_is_alone_may_move_to_another_address(make_masters):
    masters = make_masters(1, lists=False)
    mkdirs(masters, "/before")
    assert masters.tool("holdfast", "quorum", "allow", "127.0.0.1:1").returncode == 0
    masters.kill(0)
    before, (now,) = masters.addresses[0], free_ports(1)
    masters.quorum.journal_ports[0] = now
    masters.quorum.members[0].set("alluxio.master.embedded.journal.port", now)
    masters.quorum.members[0].start_master()
    masters.primary()
    log = masters.quorum.members[0].master_log()
    assert f"was at {before} and is at {masters.addresses[0]} now" in log
    wait_until(lambda: list(masters.info()[1]) == masters.addresses, "the list says so")
    new = masters.add()
    masters.allow(new)
    masters.await_state(new, "CATCHING UP")
    wait_until(lambda: sees(masters, new, "/before"), "it has what was there")


def test_five_shrink_to_three_after_two_died(make_masters):
    masters = make_masters(5)
    primary = masters.primary()
    dead = [(primary + 1) % 5, (primary + 2) % 5]
    for place in dead:
        masters.kill(place)
    for place in dead:
        done = remove(masters, place)
        assert done.returncode == 0, done.stdout
    assert len(masters.info()[1]) == 3
    masters.kill(masters.primary())
    masters.quorum.primary()
    mkdirs(masters, "/three-survive-one-more")


def test_who_was_taken_out_does_not_take_itself_for_the_one_that_is_left(make_masters):
    masters = make_masters(3)
    primary = masters.primary()
    for place in ((primary + 1) % 3, (primary + 2) % 3):
        assert remove(masters, place).returncode == 0
    out = masters.quorum.members[(primary + 2) % 3]
    out.master.popen.wait(timeout=30)
    out.start_master(wait=False).popen.wait(timeout=30)
    assert out.master_log().count("this master was taken out of the quorum and stops") == 2
    assert "the only one of its quorum" not in out.master_log()


def test_a_removal_that_would_lose_the_majority_is_refused(make_masters):
    masters = make_masters(3)
    primary = masters.primary()
    masters.kill((primary + 1) % 3)
    masters.await_state((primary + 1) % 3, "UNAVAILABLE")
    done = remove(masters, (primary + 2) % 3)
    assert done.returncode == 255, done.stdout
    assert len(masters.info()[1]) == 3


def test_the_disk_of_a_lone_master_does_not_serve_among_another_clusters(make_masters, tmp_path):
    lone = Cluster(tmp_path / "lone").format()
    lone.start_master()
    assert Connection(lone.port).mkdirs("/of-the-lone-one")
    lone.close()
    masters = make_masters(3)
    place = masters.standby()
    masters.kill(place)
    member = masters.quorum.members[place]
    shutil.rmtree(member.folder / "master")
    copy_folder(lone.folder / "master", member.folder / "master")
    member.start_master(wait=False)
    assert member.master.popen.wait(timeout=30) == 1
    assert "most of the configured masters (2 of 3) belong to another cluster" in (
        member.master_log())
    assert "PROMOTED" not in member.master_log()  # not for a moment
    mkdirs(masters, "/the-others-go-on")


def test_a_first_start_waits_for_a_late_master_and_says_so(tmp_path):
    quorum = Quorum(tmp_path)
    try:
        for member in quorum.members:
            member.format()
        early, late = quorum.members[:2], quorum.members[2]
        for member in early:
            member.start_master()

        def status():
            return early[0].run("status", f"127.0.0.1:{early[0].port}")

        wait_until(lambda: "waits until every configured master answers" in status().stdout,
                   "a status that says what the first start waits for")
        assert status().returncode == 10
        late.start_master()
        quorum.primary()
    finally:
        quorum.close()


def die_at(member, step):
    """A tracer that lets it do so many writes and renames of its journal, less one."""
    threads = pathlib.Path(f"/proc/{member.master.popen.pid}/task")
    syncing, = (t for t in threads.iterdir() if (t / "comm").read_text() == "journal-sync\n")
    tracer = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64,rename",
                               "-e", f"inject=pwrite64,rename:signal=KILL:when={step}",
                               "-p", syncing.name], stderr=subprocess.DEVNULL)
    wait_until(lambda: "TracerPid:\t0\n" not in (syncing / "status").read_text(), "it is traced")
    return tracer


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("place", [0, 2], ids=["who forms", "who is bound"])
@pytest.mark.parametrize("step", range(1, 12))
def test_a_death_at_any_step_of_the_first_start_is_got_over(tmp_path, place, step):
    """The marker, the vote record and the first segment are written one after the other."""
    quorum = Quorum(tmp_path)
    victim = quorum.members[place]
    others = [member for member in quorum.members if member is not victim]

    def waits():
        status = quorum.status(victim)
        return status and "every configured master" in str(status["quorum"]["waits_for"])

    def is_one_of_three():
        status = quorum.status(victim)
        members = status["quorum"]["members"] if status else []
        return len(members) == 3 and all(m["is_voter"] for m in members)

    try:
        victim.format().start_master()
        wait_until(waits, "it has done all that it can do alone")
        tracer = die_at(victim, step)
        for member in others:
            member.format().start_master(wait=False)
        assert victim.master.popen.wait(30) == -signal.SIGKILL
        tracer.wait()
        victim.start_master()
        quorum.primary()
        wait_until(is_one_of_three, "the victim is one of three")
    finally:
        quorum.close()


def test_an_operator_may_form_a_cluster_without_the_others(tmp_path):
    quorum = Quorum(tmp_path)
    try:
        alone = quorum.members[0].format()
        alone.master = Process(["master", "--conf", alone.conf, "--form"],
                               alone.folder / "master.log", alone.port).wait_ready()
        assert quorum.primary() == alone
        assert "WARN" in alone.master_log() and "--form" in alone.master_log()
    finally:
        quorum.close()
