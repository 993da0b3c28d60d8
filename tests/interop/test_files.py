# SPDX-License-Identifier: Apache-2.0
"""Contents of files: what is put comes back the same, through whatever client, over deaths of
workers and masters; what is removed gives its space back; what is damaged is said to be."""
import hashlib
import os
import pathlib
import random
import shutil
import subprocess

import processes
import pytest
import transcript

BLOCK = 1 << 20
SIZES = [0, 1, 511, 512, 513, 64512, 64513, BLOCK, BLOCK + 1, (128 << 20) + 1]


def contents(size):
    return random.Random(size).randbytes(size)


def md5(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def fs(cluster, *args, **kwargs):
    return cluster.run("fs", *args, **kwargs)


def fine(done):
    assert done.returncode == 0, f"{done.args}: {done.stdout}{done.stderr}"
    return done.stdout


def wait_for_worker(cluster):
    def has_room():
        rows = cluster.run("dfsadmin", "-report").stdout.splitlines()
        return any(row.startswith("DFS Remaining: ") and not row.startswith("DFS Remaining: 0 ")
                   for row in rows)
    processes.wait_until(has_room, "a worker with room", 60)


@pytest.fixture
def files(make_cluster, tmp_path):
    """A cluster with our worker and blocks of 1 MiB, and a folder for local files."""
    cluster = make_cluster("files", **{"dfs.blocksize": BLOCK, "dfs.heartbeat.interval": 1})
    cluster.start_master()
    cluster.start_worker()
    wait_for_worker(cluster)
    cluster.local = tmp_path / "local"
    cluster.local.mkdir()
    return cluster


def replicas(cluster, pattern="blk_*"):
    return sorted(path for path in (cluster.folder / "worker").rglob(pattern)
                  if not path.name.endswith(".meta"))


# ---- every size, through every client ----

def holdfast_tool(cluster):
    def put(source, target):
        fine(fs(cluster, "-put", source, target))

    def get(source, target):
        fine(fs(cluster, "-get", source, target))
    return put, get


def debian_tool(cluster):
    cli = transcript.debian_cli(f"127.0.0.1:{cluster.port}")

    def put(source, target):
        fine(cli(["put", str(source), target]))

    def get(source, target):
        fine(cli(["get", source, str(target)]))
    return put, get


def rclone_tool(cluster):
    if shutil.which("rclone") is None:
        pytest.skip("rclone is not installed")

    def run(source, target):
        fine(subprocess.run(["rclone", "--config", "/dev/null", "--hdfs-namenode",
                             f"127.0.0.1:{cluster.port}", "--hdfs-username", "root", "copyto",
                             str(source), str(target)], capture_output=True, text=True,
                            timeout=300))

    def put(source, target):
        run(source, f":hdfs:{target}")

    def get(source, target):
        run(f":hdfs:{source}", target)
    return put, get


def hadoop_tool(cluster, hadoops_tools):
    shell = hadoops_tools.shell(f"hdfs://127.0.0.1:{cluster.port}")

    def put(source, target):
        fine(shell(["dfs", "-D", f"dfs.blocksize={BLOCK}", "-put", str(source), target]))

    def get(source, target):
        fine(shell(["dfs", "-get", source, str(target)]))
    return put, get


@pytest.mark.parametrize("name", ["holdfast", "hdfs-cli", "rclone", "Hadoop's shell"])
def test_what_is_put_comes_back_the_same(files, request, name):
    if name == "Hadoop's shell":
        put, get = hadoop_tool(files, request.getfixturevalue("hadoops_tools"))
    else:
        put, get = {"holdfast": holdfast_tool, "hdfs-cli": debian_tool,
                    "rclone": rclone_tool}[name](files)
    ours_put, ours_get = holdfast_tool(files)
    for size in SIZES:
        source, back = files.local / f"in{size}", files.local / f"out{size}"
        source.write_bytes(contents(size))
        put(source, f"/theirs{size}")
        ours_get(f"/theirs{size}", back)
        assert md5(back) == md5(source), f"{size} bytes, read by us"
        back.unlink()
        ours_put(source, f"/ours{size}")
        get(f"/ours{size}", back)
        assert md5(back) == md5(source), f"{size} bytes, written by us"
        back.unlink()
    listed = fine(fs(files, "-stat", "%b %n", "/ours*")).split("\n")
    assert sorted(listed) == sorted([f"{size} ours{size}" for size in SIZES] + [""])


def test_hadoops_client_may_leave_the_checksums_to_the_worker(files, hadoops_tools):
    # -l: with one replica, written to memory, it sends none
    (files.local / "in").write_bytes(contents(BLOCK + 7))
    shell = hadoops_tools.shell(f"hdfs://127.0.0.1:{files.port}")
    fine(shell(["dfs", "-put", "-l", str(files.local / "in"), "/lazy"]))
    fine(fs(files, "-get", "/lazy", files.local / "out"))
    assert md5(files.local / "out") == md5(files.local / "in")


def test_hadoops_client_flushes_and_reads_what_it_flushed(cluster, worker, hadoops_tools):
    done = hadoops_tools.program("Flushes.java", f"hdfs://127.0.0.1:{cluster.port}/flushed")
    fine(done)
    assert done.stdout.startswith("written and read: ")


def test_attributes_are_kept_when_asked_for(files):
    source = files.local / "in"
    source.write_bytes(b"kept")
    source.chmod(0o640)
    os.utime(source, (1_600_000_000, 1_500_000_000))
    fine(fs(files, "-put", "-p", source, "/kept"))
    assert fine(fs(files, "-stat", "%a %Y %X", "/kept")) == "640 1500000000000 1600000000000\n"
    fine(fs(files, "-get", "-p", "/kept", files.local / "out"))
    stat = (files.local / "out").stat()
    assert (stat.st_mode & 0o7777, stat.st_mtime, stat.st_atime) == (
        0o640, 1_500_000_000, 1_600_000_000)


# ---- deaths ----

class SlowPut:
    """A put from standard input that is fed in pieces."""

    def __init__(self, cluster, target, *options):
        environment = {**os.environ, "HADOOP_CONF_DIR": str(cluster.conf)}
        self.sent = b""
        self.popen = subprocess.Popen([processes.BINARY, "fs", *options, "-put", "-", target],
                                      env=environment, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def feed(self, data):
        self.popen.stdin.write(data)
        self.popen.stdin.flush()
        self.sent += data

    def end(self):
        _, stderr = self.popen.communicate(timeout=180)
        return self.popen.returncode, stderr.decode()


def test_files_survive_deaths_of_worker_and_master(files):
    data = files.local / "in"
    data.write_bytes(contents(5 * BLOCK + 3))
    fine(fs(files, "-put", data, "/a"))
    files.worker.kill()
    files.master.kill()
    files.start_master()
    files.start_worker()
    wait_for_worker(files)
    fine(fs(files, "-get", "/a", files.local / "out"))
    assert md5(files.local / "out") == md5(data)
    fine(fs(files, "-put", data, "/b"))
    fine(fs(files, "-get", "/b", files.local / "out2"))
    assert md5(files.local / "out2") == md5(data)


def test_a_put_goes_on_over_the_masters_death(files):
    put = SlowPut(files, "/slow")
    put.feed(contents(3 * BLOCK))
    processes.wait_until(lambda: len(replicas(files)) >= 2, "blocks are written")
    files.master.kill()
    files.start_master()
    put.feed(contents(2 * BLOCK))
    assert put.end() == (0, "")
    fine(fs(files, "-get", "/slow", files.local / "out"))
    assert (files.local / "out").read_bytes() == put.sent
    assert fine(fs(files, "-ls", "-C", "/")) == "/slow\n"


def test_a_put_whose_worker_dies_fails_and_leaves_nothing(files):
    put = SlowPut(files, "/lost", "-D", f"dfs.blocksize={8 * BLOCK}")
    put.feed(contents(3 * BLOCK))
    processes.wait_until(lambda: any("rbw" in path.parts for path in replicas(files)),
                         "a block is being written")
    files.worker.kill()
    with pytest.raises(BrokenPipeError):
        while True:
            put.feed(contents(BLOCK))
    assert put.popen.wait(timeout=180) == 1
    assert "worker" in put.popen.stderr.read().decode()
    assert fine(fs(files, "-ls", "/")) == ""
    files.start_worker()
    wait_for_worker(files)
    fine(fs(files, "-touchz", "/after"))
    processes.wait_until(lambda: replicas(files) == [], "the worker has no leftovers", 60)


# ---- space ----

def test_rm_gives_the_space_back(files):
    (files.local / "in").write_bytes(contents(4 * BLOCK + 1))
    fine(fs(files, "-put", files.local / "in", "/a"))
    fine(fs(files, "-put", files.local / "in", "/b"))
    assert len(replicas(files)) == 10
    fine(fs(files, "-rm", "-skipTrash", "/a"))
    processes.wait_until(lambda: len(replicas(files)) == 5, "one file's replicas are gone", 60)
    fine(fs(files, "-put", "-f", files.local / "in", "/b"))
    processes.wait_until(lambda: len(replicas(files)) == 5, "the replaced file's, too", 60)
    fine(fs(files, "-get", "/b", files.local / "out"))
    assert md5(files.local / "out") == md5(files.local / "in")
    fine(fs(files, "-rm", "-r", "-skipTrash", "/b"))
    processes.wait_until(lambda: list((files.folder / "worker").rglob("blk_*")) == [],
                         "the folder is empty", 60)


# ---- damage ----

def damage(path, at=1000):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_damaged_replica_is_said_to_be(files):
    (files.local / "in").write_bytes(contents(BLOCK + 5000))
    fine(fs(files, "-put", files.local / "in", "/a"))
    damage(replicas(files)[1])
    out = files.local / "out"
    done = fs(files, "-get", "/a", out)
    assert done.returncode == 1
    assert "/a" in done.stderr and "does not match its checksums" in done.stderr
    assert list(files.local.iterdir()) == [files.local / "in"]
    fine(fs(files, "-get", "-ignoreCrc", "/a", out))
    assert out.stat().st_size == BLOCK + 5000 and md5(out) != md5(files.local / "in")


@pytest.mark.parametrize("harm", [
    lambda path: os.truncate(path, 100),
    lambda path: path.unlink(),
    lambda path: next(path.parent.glob("*.meta")).unlink(),
    lambda path: next(path.parent.glob("*.meta")).write_bytes(b""),
], ids=["shorter", "gone", "meta gone", "meta empty"])
def test_a_broken_replica_is_an_error_not_a_short_file(files, harm):
    (files.local / "in").write_bytes(contents(5000))
    fine(fs(files, "-put", files.local / "in", "/a"))
    harm(replicas(files)[0])
    done = fs(files, "-get", "/a", files.local / "out")
    assert done.returncode == 1 and done.stderr.startswith("get: ")
    assert list(files.local.iterdir()) == [files.local / "in"]
    fine(fs(files, "-put", files.local / "in", "/b"))  # the worker serves on


def test_without_workers_both_ways_say_so(files):
    (files.local / "in").write_bytes(contents(10))
    fine(fs(files, "-put", files.local / "in", "/a"))
    files.worker.kill()
    done = fs(files, "-get", "/a", files.local / "out")
    assert done.returncode == 1 and f"127.0.0.1:{files.xfer_port}" in done.stderr
    done = fs(files, "-put", files.local / "in", "/b")
    assert done.returncode == 1 and done.stderr.startswith("put: ")
    assert fine(fs(files, "-ls", "-C", "/")) == "/a\n"
    assert pathlib.Path(files.local / "in").read_bytes() == contents(10)
