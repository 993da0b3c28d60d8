# SPDX-License-Identifier: Apache-2.0
"""rclone's hdfs backend.  Expected outputs were seen with Apache's NameNode 3.4.3, but for copies
of files of several packets: there rclone gives up because complete() is answered false at once."""
import re
import shutil
import subprocess

import pytest
import transcript

pytestmark = pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed")


@pytest.fixture
def rclone(cluster, worker, tmp_path):
    transcript.make_local_files(tmp_path)

    def run(*args):
        return subprocess.run(
            ["rclone", "--config", "/dev/null", "--hdfs-namenode", f"127.0.0.1:{cluster.port}",
             "--hdfs-username", "root", *args], cwd=tmp_path, capture_output=True, text=True,
            timeout=120)
    return run


def test_rclone_copies_lists_moves_and_purges(rclone, tmp_path):
    def fine(*args):
        done = rclone(*args)
        assert done.returncode == 0, done.stderr
        return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "<time>", done.stdout)

    assert fine("mkdir", ":hdfs:/rc") == ""
    assert fine("lsd", ":hdfs:/") == "          -1 <time>        -1 rc\n"
    fine("copy", "tree", ":hdfs:/rc/tree")
    assert fine("ls", ":hdfs:/rc") == (
        "        1 tree/a\n        0 tree/empty\n        2 tree/sub/b\n")
    assert fine("lsl", ":hdfs:/rc") == (
        "        1 <time> tree/a\n        0 <time> tree/empty\n        2 <time> tree/sub/b\n")
    fine("copyto", "small.txt", ":hdfs:/rc/s.txt")
    assert fine("cat", ":hdfs:/rc/s.txt") == "one\ntwo\nthree\n"
    fine("copyto", "big.bin", ":hdfs:/rc/big.bin")
    fine("copyto", ":hdfs:/rc/big.bin", "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "big.bin").read_bytes()
    fine("deletefile", ":hdfs:/rc/big.bin")
    fine("sync", "tree", ":hdfs:/rc/tree")
    fine("check", "tree", ":hdfs:/rc/tree")
    fine("moveto", ":hdfs:/rc/s.txt", ":hdfs:/rc/s2.txt")
    fine("move", ":hdfs:/rc/tree", ":hdfs:/rc/tree3")
    assert fine("size", ":hdfs:/rc").startswith("Total objects: 4 (4)\nTotal size: 17 B (17 Byte)")
    assert fine("about", ":hdfs:").startswith("Total:")
    fine("touch", ":hdfs:/rc/touched")
    fine("delete", ":hdfs:/rc/tree3")
    fine("purge", ":hdfs:/rc")
    gone = rclone("ls", ":hdfs:/rc")
    assert gone.returncode == 3 and "directory not found" in gone.stderr
