# SPDX-License-Identifier: Apache-2.0
"""The tools that look into a journal, on what clients and checkpoints left there."""
import json

from hadoop_rpc import Connection
from processes import wait_until

NAMES = [b"/plain", b"/\xff\xfe", "/äöü".encode(), b"/with\nline", b'/"quoted\\']


def entries(cluster):
    done = cluster.run("journal", "cat", "--json", cluster.folder / "master")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_entries_of_any_names_are_lines_of_json(cluster):
    connection = Connection(cluster.port)
    for name in NAMES:
        assert connection.mkdirs(name)
    made = [entry["text"] for entry in entries(cluster) if entry["kind"] == "mkdirs"]
    assert len(made) == len(NAMES)
    assert "/\\xff\\xfe" in made[1] and "/äöü" in made[2]


def test_a_digest_from_the_beginning_says_that_the_beginning_is_gone(make_cluster):
    cluster = make_cluster(**{"alluxio__master__journal__checkpoint__period__entries": 5})

    def begins_later():
        """The first segment goes when two checkpoints and a newer segment are there."""
        cluster.start_master()
        connection = Connection(cluster.port)
        for i in range(12):
            connection.mkdirs(f"/{i}-{cluster.master.popen.pid}")
        cluster.master.kill()
        return entries(cluster)[0]["index"] > 1

    wait_until(begins_later, "the first segment goes")
    done = cluster.run("journal", "digest", cluster.folder / "master")
    assert done.returncode == 1
    assert "holdfast.journal.keep.segments" in done.stderr


def test_the_digest_is_a_line_of_json_too(cluster):
    cluster.master.stop()
    text = cluster.run("journal", "digest", cluster.folder / "master").stdout
    line = json.loads(cluster.run("journal", "digest", "--json", cluster.folder / "master").stdout)
    assert text == f"index={line['index']} digest={line['digest']}\n"


def test_the_configured_folder_is_told(cluster):
    assert cluster.run("journal", "folder").stdout == f"{cluster.folder}/master\n"


def test_damage_is_named_with_its_file(cluster):
    cluster.master.kill()
    segment = sorted((cluster.folder / "master").glob("segment-*"))[0]
    with open(segment, "r+b") as file:  # in the header
        file.seek(8)
        file.write(b"x")
    done = cluster.run("journal", "cat", cluster.folder / "master")
    assert done.returncode == 1
    assert str(segment) in done.stderr
    cluster.start_master(wait=False).popen.wait(timeout=60)
    assert cluster.master_log().count("does not start without it") == 1
