# SPDX-License-Identifier: Apache-2.0
"""The commands of the guides on three real masters; texts as recorded from Alluxio 2.9.6."""
import signal
import time

import pytest
from hadoop_rpc import Connection
from masters import Masters
from processes import Cluster, wait_until


@pytest.fixture
def masters(tmp_path):
    masters = Masters(tmp_path)
    yield masters
    masters.quorum.close()


# ---- who is there ----

def test_info_shows_all_of_them(masters):
    primary = masters.addresses[masters.primary()]
    done = masters.fsadmin("journal", "quorum", "info", "-domain", "MASTER")
    rows = "".join(f"AVAILABLE   | 0        | {address}\n"
                   for address in sorted(masters.addresses))
    assert (done.stdout, done.returncode) == (f"""\
Journal domain\t: MASTER
Quorum size\t: 3
Quorum leader\t: {primary}

STATE       | PRIORITY | SERVER ADDRESS
{rows}""", 0)


def test_a_dead_master_is_unavailable_and_one_more_would_be_too_many(masters):
    dead = masters.standby()
    masters.kill(dead)
    wait_until(lambda: masters.info()[1][masters.addresses[dead]] == "UNAVAILABLE",
               "it is seen to be gone")
    warned = masters.quorum.members[masters.primary()].run("status")
    assert warned.returncode == 0 and "WARNING        one more failure" in warned.stdout
    report = masters.fsadmin("report").stdout
    assert f"127.0.0.1:{masters.quorum.ports[dead]}" in next(
        line for line in report.splitlines() if " LOST " in line)


def test_without_a_majority_status_says_that_nothing_can_be_written(masters):
    primary = masters.primary()
    for place in {0, 1, 2} - {primary}:
        masters.kill(place)
    alone = masters.quorum.members[primary]
    wait_until(lambda: "WARNING        1 of 3 voters are there, no majority" in
               alone.run("status", f"127.0.0.1:{alone.port}").stdout, "it knows")


def test_the_primary_is_named_by_its_clients_address(masters):
    ports = masters.quorum.ports
    assert masters.alluxio("fs", "masterInfo").stdout == (
        f"Current leader master: 127.0.0.1:{ports[masters.primary()]}\n"
        "All masters: [" + ", ".join(f"127.0.0.1:{port}" for port in ports) + "]\n")
    leader = masters.alluxio("fs", "leader")
    assert leader.stdout.splitlines()[1:] == ["127.0.0.1"]


def test_an_ipv6_address_is_printed_as_the_next_command_takes_it(tmp_path):
    member = Cluster(tmp_path, {"alluxio.master.hostname": "::1"})
    member.host = "::1"
    try:
        member.format().start_master()
        address = f"[::1]:{member.port}"
        known = ("-D", f"alluxio.master.rpc.addresses={address}")
        info = member.run("fs", *known, "masterInfo", name="alluxio")
        assert info.stdout == f"Current leader master: {address}\nAll masters: [{address}]\n"
        report = member.run("fsadmin", *known, "report", "summary", name="alluxio")
        assert f"    Master Address: {address}\n" in report.stdout
    finally:
        member.close()


def test_a_command_that_knows_one_standby_finds_the_primary(masters):
    member = masters.quorum.members[masters.standby()]
    done = member.run("fsadmin", "journal", "quorum", "info", "-domain", "MASTER",
                      name="alluxio")
    assert done.returncode == 0, done.stdout + done.stderr


def test_status_ends_by_the_role_of_the_master_that_is_asked(masters):
    primary = masters.primary()
    code, status = masters.status(primary)
    assert (code, status["role"]) == (0, "primary")
    code, status = masters.status(masters.standby())
    assert (code, status["role"]) == (10, "standby")
    masters.kill(masters.standby())
    assert masters.status((primary + 1) % 3) == (1, None)


def test_without_a_majority_there_is_no_leader(masters):
    survivor = masters.primary()
    for place in {0, 1, 2} - {survivor}:
        masters.kill(place)
    wait_until(lambda: masters.status(survivor)[0] == 10, "the last one steps down")
    assert masters.alluxio("fs", "masterInfo").stdout.startswith(
        "Failed to find leader master\nAll masters: [")
    leader = masters.alluxio("fs", "leader")
    assert leader.stderr.endswith("Failed to get the leader master.\n")
    assert leader.returncode == 0
    for words, text in [(("report",), "Cannot connect to Alluxio leader master.\n"),
                        (("journal", "quorum", "info", "-domain", "MASTER"),
                         "Failed to determine address for JournalMasterClient after 1 "
                         "attempts\n")]:
        done = masters.fsadmin(*words)
        assert (done.stdout, done.returncode) == (text, 255)
        assert "is standby: 1 of 3 voters are there, no majority; start the others" in done.stderr
    done = masters.fsadmin("journal", "quorum", "elect", "-address", masters.addresses[survivor])
    assert done.returncode == 255
    assert done.stderr.count("no majority") == 1


# ---- electing ----

def test_each_master_can_be_elected_in_turn(masters):
    for address in masters.addresses + masters.addresses[:1]:
        if masters.info()[0] == address:
            continue
        done = masters.fsadmin("journal", "quorum", "elect", "-address", address)
        assert (done.stdout, done.returncode) == (f"""\
Initiating transfer of leadership to {address}
Successfully elected {address} as the new leader
Resetting priorities of masters after successful transfer of leadership
Quorum priorities were reset to 1
""", 0)
        assert masters.info()[0] == address
    done = masters.fsadmin("journal", "quorum", "info", "-domain", "MASTER")
    assert done.stdout.count("AVAILABLE   | 1        | ") == 3


def test_a_demoted_master_ends_where_that_is_wanted(make_masters):
    masters = make_masters(3, properties={"alluxio.master.journal.exit.on.demotion": "true"})
    old, new = masters.primary(), masters.standby()
    done = masters.fsadmin("journal", "quorum", "elect", "-address", masters.addresses[new])
    assert done.returncode == 0, done.stdout
    assert masters.quorum.members[old].master.popen.wait(timeout=30) == 1
    assert "alluxio.master.journal.exit.on.demotion" in masters.quorum.members[old].master_log()
    assert masters.primary() == new
    masters.quorum.members[old].start_master()
    masters.await_state(old, "AVAILABLE")


def test_a_dead_master_is_not_elected_and_the_old_primary_stays(masters):
    old, dead = masters.primary(), masters.standby()
    masters.kill(dead)
    address = masters.addresses[dead]
    done = masters.fsadmin("journal", "quorum", "elect", "-address", address)
    assert done.returncode == 255
    assert done.stdout.splitlines()[1].startswith(
        f"Failed to elect {address} as the new leader: ")
    assert "after failed transfer of leadership" in done.stdout
    assert masters.primary() == old
    assert Connection(masters.quorum.ports[old]).mkdirs("/still")


def test_a_stranger_is_not_elected(masters):
    done = masters.fsadmin("journal", "quorum", "elect", "-address", "127.0.0.1:1")
    assert done.returncode == 255
    assert "<127.0.0.1:1> is not part of the quorum <[127.0.0.1:" in done.stdout


@pytest.mark.parametrize("word", ["elect", "remove"])
def test_our_own_commands_name_the_stranger(masters, word):
    done = masters.tool("holdfast", "quorum", word, "127.0.0.1:1")
    assert (done.returncode, done.stderr) == (
        1, "holdfast quorum: 127.0.0.1:1 is not a member of the quorum\n")


# ---- taking out ----

def test_a_dead_member_is_taken_out(masters):
    dead = masters.standby()
    masters.kill(dead)
    done = masters.fsadmin("journal", "quorum", "remove", "-domain", "MASTER", "-address",
                           masters.addresses[dead])
    assert (done.stdout, done.returncode) == (
        f"Removed server at: {masters.addresses[dead]} from quorum: MASTER\n", 0)
    assert masters.addresses[dead] not in masters.info()[1]


def test_a_removed_master_says_so_and_stops(masters):
    leaving = masters.standby()
    member = masters.quorum.members[leaving]
    done = masters.fsadmin("journal", "quorum", "remove", "-domain", "MASTER", "-address",
                           masters.addresses[leaving])
    assert done.returncode == 0, done.stdout
    assert member.master.popen.wait(timeout=30) == 1
    assert "taken out of the quorum" in member.master_log()
    assert Connection(masters.quorum.ports[masters.primary()]).mkdirs("/goes-on")


def test_a_removed_master_comes_back_as_a_newcomer_once_its_folder_is_formatted(masters):
    leaving = masters.standby()
    member = masters.quorum.members[leaving]
    address = masters.addresses[leaving]
    masters.fsadmin("journal", "quorum", "remove", "-domain", "MASTER", "-address", address)
    member.master.popen.wait(timeout=30)
    assert Connection(masters.quorum.ports[masters.primary()]).mkdirs("/meanwhile")
    member.format()
    member.start_master()
    masters.await_state(leaving, "AVAILABLE")
    assert Connection(member.port).stat("/meanwhile") is not None


# ---- clients ----

def test_a_frozen_primary_does_not_keep_a_command_waiting(masters):
    frozen = masters.quorum.members[masters.primary()].master.popen
    frozen.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        uri = "alluxio://" + ",".join(f"127.0.0.1:{port}" for port in masters.quorum.ports)
        done = masters.alluxio("fs", "mkdir", f"{uri}/passed-by")
        assert done.returncode == 0, done.stdout + done.stderr
        assert time.monotonic() - began < 10  # a call to the frozen one alone waits for 60 s
    finally:
        frozen.send_signal(signal.SIGCONT)


def test_a_client_that_knows_a_standby_alone_is_told_who_is_primary(masters):
    member = masters.quorum.members[masters.standby()]
    done = member.run("fs", "-mkdir", "/x")
    primary = masters.quorum.ports[masters.primary()]
    assert done.returncode == 1
    assert f"(the primary is 127.0.0.1:{primary})" in done.stderr
