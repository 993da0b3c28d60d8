# SPDX-License-Identifier: Apache-2.0
"""The majority is gone for ever: `holdfast quorum recover` makes a quorum of one of who is left."""
import re

from hadoop_rpc import Connection, field
from processes import copy_folder, wait_until

NAMES = 30
FILE_ID = 13  # in HdfsFileStatusProto


def recover(member, *words):
    return member.run("quorum", "--conf", member.conf, "recover", *words)


def last_index(member):
    done = member.run("journal", "verify", member.folder / "master")
    return int(re.search(r"-(\d+), acknowledged", done.stdout)[1])


def lose_two(masters):
    """All have everything; then two are gone.  The place of the third."""
    connection = Connection(masters.quorum.primary().port)
    for i in range(NAMES):
        assert connection.mkdirs(f"/d{i}")
    left = masters.standby()
    wait_until(lambda: Connection(masters.quorum.ports[left]).stat(f"/d{NAMES - 1}"),
               "the one that will be left has everything")
    for place in range(3):
        masters.kill(place)
    return left


def test_without_unsafe_it_tells_what_may_be_lost_and_changes_nothing(make_masters):
    masters = make_masters(3)
    member = masters.quorum.members[lose_two(masters)]
    before = (member.folder / "master" / "vote").read_bytes()
    done = recover(member)
    assert done.returncode == 1
    assert f"entries up to index {last_index(member)}, epoch " in done.stdout
    assert "lost:" in done.stdout and "nothing was changed" in done.stderr
    assert (member.folder / "master" / "vote").read_bytes() == before


def test_who_is_left_has_everything_and_grows_to_three_again(make_masters):
    masters = make_masters(3)
    left = lose_two(masters)
    member = masters.quorum.members[left]
    others = [place for place in range(3) if place != left]
    old = others[0]
    copy_folder(masters.quorum.members[old].folder / "master", member.folder / "old")

    done = recover(member, "--unsafe")
    assert done.returncode == 0, done.stderr
    assert len(list(member.folder.glob("master.vote-before-recover-*"))) == 1
    member.start_master()
    assert masters.primary() == left
    connection = Connection(member.port)
    assert all(connection.stat(f"/d{i}") for i in range(NAMES))
    assert connection.mkdirs("/after")
    assert masters.info()[1] == {masters.addresses[left]: "AVAILABLE"}

    # An old one that comes back is told that it does not belong here any more.
    masters.quorum.members[old].start_master()
    wait_until(lambda: "refuses: it belongs to another cluster" in
               masters.quorum.members[old].master_log(), "it is told")
    assert not masters.quorum.is_primary(masters.quorum.members[old])
    assert masters.info()[1] == {masters.addresses[left]: "AVAILABLE"}
    masters.kill(old)

    for place in others:
        masters.quorum.members[place].format().start_master()
    for place in others:
        masters.await_state(place, "AVAILABLE")
    masters.kill(left)
    primary = masters.quorum.primary()
    assert Connection(primary.port).stat("/after")
    assert Connection(primary.port).mkdirs("/with-three-again")


def test_ids_that_the_lost_may_have_given_out_are_not_given_out_again(make_masters):
    masters = make_masters(3)
    left = lose_two(masters)
    member = masters.quorum.members[left]
    assert recover(member, "--unsafe").returncode == 0
    member.start_master()
    connection = Connection(masters.quorum.primary().port)
    assert connection.mkdirs("/after")
    before, after = (field(connection.stat(path), FILE_ID) for path in ("/d0", "/after"))
    assert after > before + 2 ** 32


def test_a_master_that_runs_or_is_damaged_or_was_alone_is_not_recovered(make_masters):
    masters = make_masters(3)
    running = masters.quorum.members[0]
    done = recover(running, "--unsafe")
    assert done.returncode == 1 and str(running.master.popen.pid) in done.stderr
    member = masters.quorum.members[lose_two(masters)]
    segment = sorted((member.folder / "master").glob("segment-*"))[-1]
    with open(segment, "r+b") as file:
        file.seek(4096 + 100)
        byte = file.read(1)
        file.seek(4096 + 100)
        file.write(bytes([byte[0] ^ 1]))
    done = recover(member, "--unsafe")
    assert done.returncode == 1 and "the journal is damaged" in done.stderr
    assert segment.name in done.stdout


def test_a_master_that_was_always_alone_needs_no_recovery(make_masters):
    masters = make_masters(1, lists=False)
    masters.kill(0)
    done = recover(masters.quorum.members[0], "--unsafe")
    assert done.returncode == 1 and "was always alone" in done.stderr
