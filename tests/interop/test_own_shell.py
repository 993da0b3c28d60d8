# SPDX-License-Identifier: Apache-2.0
"""Our shell prints what Hadoop's prints: every command with every letter, and its errors."""
import os
import pathlib
import re
import subprocess
import zlib

import pytest

import processes
import transcript

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture
def shell(cluster, our_worker, kill_and_restart):
    """tool(args, user, folder) as transcripts want it."""
    def tool(args, user="root", folder=None):
        env = {"PATH": os.environ["PATH"], "HADOOP_CONF_DIR": str(cluster.conf), "TZ": "UTC",
               "HADOOP_USER_NAME": user, "HOME": os.environ.get("HOME", "/")}
        done = subprocess.run(["hdfs", *args], executable=processes.BINARY, env=env, cwd=folder,
                              capture_output=True, text=True, timeout=60)
        # the list of all commands is shorter than Hadoop's
        done.stderr = re.sub(r"\n\t\[-.*?(?=\nUsage:)", "\n...", done.stderr, flags=re.S)
        return done

    tool.cluster = cluster
    tool.restart = kill_and_restart
    return tool


@pytest.mark.skipif(os.environ.get("HOLDFAST_CHECK_MODE") == "quick",
                    reason="so many processes take too long for --quick")
def test_all_is_as_with_hadoops_shell(shell, tmp_path):
    for name in ("shell.txt", "shell_names.txt"):
        transcript.play(HERE / name, shell, f"127.0.0.1:{shell.cluster.port}", tmp_path / name,
                        shell.restart)


def test_checksums_are_those_of_hadoops_local_files(shell, tmp_path):
    data = os.urandom(1300)
    (tmp_path / "data").write_bytes(data)
    assert shell(["dfs", "-put", "data", "/data"], folder=tmp_path).returncode == 0
    assert shell(["dfs", "-get", "-crc", "/data", "got"], folder=tmp_path).returncode == 0
    sums = b"".join(zlib.crc32(data[at:at + 512]).to_bytes(4, "big") for at in range(0, 1300, 512))
    assert (tmp_path / ".got.crc").read_bytes() == b"crc\0\0\0\2\0" + sums
    assert shell(["dfs", "-get", "-f", "/data", "got"], folder=tmp_path).returncode == 0
    assert not (tmp_path / ".got.crc").exists(), "of older contents"


def test_standard_input_is_put(shell, tmp_path):
    text = "from elsewhere\n"
    shell.cluster.run("fs", "-put", "-", "/in", input=text)
    assert shell(["dfs", "-cat", "/in"]).stdout == text
    # beside other names it is one of them
    (tmp_path / "b").write_text("b")
    both = shell(["dfs", "-put", "-", "b", "/"], folder=tmp_path)
    assert (both.returncode, both.stderr) == (1, "put: `-': No such file or directory\n")


def test_a_master_that_is_not_there_is_said_in_hadoops_words(shell):
    shell.cluster.master.kill()
    done = shell(["dfs", "-ls", "/"])
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert re.match(rf"ls: Call From \S+/[0-9.:a-f]+ to 127\.0\.0\.1:{shell.cluster.port} failed on "
                    r"connection exception: java\.net\.ConnectException: Connection refused; For more "
                    r"details see:  http://wiki\.apache\.org/hadoop/ConnectionRefused$", lines[-1])
