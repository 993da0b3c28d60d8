# SPDX-License-Identifier: Apache-2.0
"""What operators get wrong: one clear line that says what, where and what to do, and no loss."""
import os
import subprocess

import pytest
from processes import BINARY, Process, wait_until
from quorum import Quorum

JOURNAL = "alluxio.master.embedded.journal."


def start(cluster, *options, wrapper=()):
    """A start that fails: its exit status, and what it said."""
    done = subprocess.run([*wrapper, BINARY, "master", "--conf", cluster.conf, *options],
                          capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def said_once(output, words):
    return sum(words in line for line in output.splitlines()) == 1


@pytest.mark.parametrize("key, value, words", [
    ("alluxio.master.hostname", "no-such-host.invalid", "host name does not resolve; correct"),
    ("alluxio.master.hostname", "192.0.2.1", "not an address of this machine; correct"),
    ("alluxio.master.rpc.port", "70000", '"70000" is too large; allowed: 1 to 65535'),
    ("alluxio.master.rpc.port", "", '"" is empty; allowed: 1 to 65535'),
    ("alluxio.master.rpc.port", "${nothere}", "refers to ${nothere}, which is not set"),
    ("alluxio.master.journal.folder", "relative/path", "neither an absolute path nor a URI"),
    (JOURNAL + "election.timeout.min", "1us", "shorter than a millisecond; allowed: 50ms"),
    (JOURNAL + "flush.size.max", "99999999TB", "is too large; allowed: 1MB to 64GB"),
    (JOURNAL + "addresses", "a:1,a:1", "names a:1 twice"),
    (JOURNAL + "addresses", "a:1,b:1", "does not name it; add it to the list"),
    ("holdfast.log.file", "/nonexistent/log", "/nonexistent/log cannot be written: no such file"),
    ("holdfast.log.file", "/tmp", "the log /tmp cannot be written: a folder stands where"),
])
def test_a_value_that_cannot_be_meant(make_cluster, key, value, words):
    status, output = start(make_cluster(), "-D", f"{key}={value}")
    assert status == 1
    assert said_once(output, words), output


@pytest.mark.parametrize("limits, words, wanted", [
    (["--nofile=16:16"], "may open 16 files (ulimit -n), and a master needs 64 at least", 1),
    (["--as=60000000"], "raise the limit (ulimit -v)", 3),
    (["--fsize=100000"], "Check the limit of file sizes (ulimit -f)", 3),
])
def test_a_limit_that_is_too_low(make_cluster, limits, words, wanted):
    status, output = start(make_cluster(), wrapper=["prlimit", *limits])
    assert status == wanted
    assert said_once(output, words), output


def put_file(folder):
    os.rename(folder, f"{folder}.away")
    folder.write_text("")


def put_lock_folder(folder):
    (folder / "lock").unlink()
    (folder / "lock").mkdir()


@pytest.mark.parametrize("spoil, words, wanted", [
    (put_file, "a file stands where a folder should", 1),
    (put_lock_folder, "cannot lock it: a folder stands where a file should", 1),
    (lambda folder: (folder / "holdfast-journal").write_text(""), "holdfast-journal is damaged", 3),
    (lambda folder: (folder / "vote").unlink(), "vote: it is missing", 3),
    (lambda folder: next(folder.glob("segment-*")).unlink(), "is missing. Changes that were acknowledged may be in it", 3),
], ids=["a file", "lock is a folder", "marker", "vote", "segment"])
def test_a_folder_that_was_tampered_with(make_cluster, spoil, words, wanted):
    cluster = make_cluster()
    spoil(cluster.folder / "master")
    status, output = start(cluster)
    assert status == wanted
    assert said_once(output, words), output


def as_nobody(cluster, *command):
    cluster.folder.chmod(0o755)
    for folder in cluster.folder.parents:
        if os.stat(folder).st_uid == os.getuid() and str(folder) != "/tmp":
            folder.chmod(0o755)
    return subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", BINARY, *command],
                          capture_output=True, text=True, timeout=30)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
def test_a_folder_of_somebody_else(make_cluster):
    cluster = make_cluster()
    done = as_nobody(cluster, "master", "--conf", cluster.conf)
    if "cannot open shared object" in done.stderr or done.returncode == 126:
        pytest.skip("nobody may not run the binary where it lies")
    assert done.returncode == 1
    assert "must belong to the user that runs the master; this process runs as nobody" in (
        done.stderr)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_device_that_is_mounted_read_only(make_cluster):
    cluster = make_cluster()
    folder = cluster.folder / "master"
    mount = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && exec \"$@\""
    wrapper = ["unshare", "-m", "bash", "-c", mount, "bash"]
    if subprocess.run([*wrapper, "true"], capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    status, output = start(cluster, wrapper=wrapper)
    assert status == 1
    assert "mounted read-only. Mount it for writing" in output


def test_files_as_other_systems_write_them(make_cluster):
    cluster = make_cluster()
    path = cluster.conf / "alluxio-site.properties"
    text = path.read_bytes()
    path.write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    cluster.start_master()


def test_another_port_of_the_masters_is_said_once(tmp_path):
    quorum = Quorum(tmp_path, 3)
    one = quorum.members[0].format()
    holder = Process(["master", "--conf", one.conf], tmp_path / "holder.log", one.port)
    try:
        holder.wait_ready()
        other = quorum.members[1].format()
        status, output = start(other, "-D", f"{JOURNAL}port={quorum.journal_ports[0]}")
        assert status == 1
        assert said_once(output, "see who has it: ss -ltnp"), output
    finally:
        holder.kill()


def test_lists_that_differ_are_told_and_nothing_is_formed(tmp_path):
    quorum = Quorum(tmp_path, 3)
    quorum.members[2].set(
        JOURNAL + "addresses",
        ",".join(f"127.0.0.1:{quorum.journal_ports[i]}" for i in (0, 2)))
    try:
        quorum.start()
        for member in quorum.members:
            wait_until(lambda m=member: "and they are not" in m.master_log(), "it is told")
            assert "the same" in quorum.status(member)["quorum"]["waits_for"]
        assert not any(quorum.is_primary(member) for member in quorum.members)
    finally:
        quorum.close()


def test_a_name_that_is_everybodys_own_is_warned_of(tmp_path):
    quorum = Quorum(tmp_path, 1)
    member = quorum.members[0].format()
    member.set(JOURNAL + "addresses", f"127.0.0.1:{quorum.journal_ports[0]},m2.invalid:19200")
    try:
        member.start_master()
        wait_until(lambda: "on each machine means that machine itself" in member.master_log(),
                   "it is told")
    finally:
        quorum.close()


def test_a_copy_of_another_masters_folder_takes_no_part(tmp_path):
    quorum = Quorum(tmp_path, 3)
    try:
        quorum.start()
        primary = quorum.primary()
        first, second = (m for m in quorum.members if m is not primary)
        second.master.kill()
        os.rename(second.folder / "master", second.folder / "away")
        subprocess.run(["cp", "-r", first.folder / "master", second.folder / "master"], check=True)
        second.start_master()
        wait_until(lambda: "have the same member id" in primary.master_log(), "the primary says it")
        wait_until(lambda: "one's folder is a copy" in second.master_log(), "it says so itself")
        assert quorum.primary() is primary
    finally:
        quorum.close()
