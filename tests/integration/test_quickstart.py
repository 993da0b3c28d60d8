# SPDX-License-Identifier: Apache-2.0
"""quickstart, but for its build: a stand-in for cmake lets it take the binary that is there."""
import concurrent.futures
import contextlib
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import tempfile

import pytest
from processes import BINARY, ROOT, answers, wait_until


def free_port_base():
    """A number whose successors nobody answers at, as far as three masters need them."""
    while True:
        base = random.randrange(20000, 30000)
        if not any(answers(base + offset) for offset in (0, 1, 2, 3, 4, 5, 10, 15, 20, 25)):
            return base


class House:
    def __init__(self, folder, port_base):
        self.folder = folder
        self.dir = folder / "run"
        self.port_base = port_base
        source = folder / "source"
        (source / "build/release").mkdir(parents=True)
        (source / "build/release/holdfast").symlink_to(BINARY)
        (source / "tools").mkdir()
        for name in ("quickstart", "tools/install-packages"):
            shutil.copy(ROOT / name, source / name)
        (folder / "bin").mkdir()
        self.stand_in("cmake", "")
        self.path = f"{folder}/bin:{os.environ['PATH']}"
        self.script = source / "quickstart"

    def stand_in(self, program, script):
        """What is found instead of a program of this machine."""
        path = self.folder / "bin" / program
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *words):
        environment = {**os.environ, "PATH": self.path}
        return subprocess.run([self.script, *words, "--dir", self.dir], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=180)

    def start(self, *words):
        return self.run("start", "--no-install", "--port-base", str(self.port_base), *words)

    def env(self):
        return dict(line.split("=", 1)
                    for line in (self.dir / "cluster.env").read_text().splitlines())

    def tool(self, name, *words):
        environment = {**os.environ, "HADOOP_CONF_DIR": str(self.dir / "conf"),
                       "ALLUXIO_CONF_DIR": str(self.dir / "conf")}
        return subprocess.run([self.dir / "bin" / name, *words], env=environment, text=True,
                              capture_output=True, timeout=120)


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, free_port_base())
    yield house
    house.run("stop")


def test_one_master(house):
    done = house.start()
    assert done.returncode == 0, done.stdout
    assert "Hello from" in done.stdout and "kill -9" in done.stdout
    assert house.run("primary").stdout == "1\n"
    assert house.env()["MASTER_RPC"] == f"127.0.0.1:{house.port_base}"
    assert "3" in house.start("--masters", "3").stdout  # not in this folder
    assert house.run("stop").stdout.count("stopped the ") == 2


def test_two_starts_at_once_make_one_cluster(house):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        starts = [pool.submit(house.start, "--masters", "3", "--no-demo") for _ in range(2)]
    outputs = [start.result().stdout for start in starts]
    assert [start.result().returncode for start in starts] == [0, 0], outputs
    for i in (1, 2, 3):
        assert sum(output.count(f"started the master{i} ") for output in outputs) == 1, outputs


def open_to_others(folder):
    """So that another user finds the way to it, as far as it is a temporary one."""
    temporary = pathlib.Path(tempfile.gettempdir())
    for place in (folder, *folder.parents):
        if temporary in place.parents:
            place.chmod(place.stat().st_mode | 0o055)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user as well")
def test_who_may_not_stop_it_is_told_so(house):
    assert house.start().returncode == 0
    open_to_others(house.folder)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           house.script, "stop", "--dir", house.dir], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert "runs as root: only that user, or root, can stop it" in refused(done)
    assert house.run("stop").stdout.count("stopped the ") == 2


def refused(done):
    """The one line that says why nothing was started."""
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) == 1 and lines[0].startswith("quickstart: "), done.stdout
    return lines[0]


def test_a_taken_port_is_named(house):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", house.port_base + 2))
        other.listen()
        line = refused(house.start())
    assert f"port {house.port_base + 2} is taken" in line and "--port-base" in line


@pytest.mark.parametrize("port", ["80", "1023", "65500", "x"])
def test_ports_are_free_for_everybody(house, port):
    assert "--port-base" in refused(house.run("--no-install", "--port-base", port))


def test_a_missing_compiler_is_named(house):
    for program in ("bash", "env", "cat", "cut", "dirname", "flock", "grep", "head", "mkdir",
                    "realpath", "seq", "touch", "ninja", "protoc", "protoc-c", "pkg-config"):
        (house.folder / "bin" / program).symlink_to(shutil.which(program))
    house.stand_in("cmake", "echo 'No CMAKE_C_COMPILER could be found.'; exit 1")
    house.path = f"{house.folder}/bin"
    assert "there is no cc in the PATH" in refused(house.start())


def test_a_full_disk_is_named(house):
    house.stand_in("df", "echo header; echo /dev/x 100 98976 1024 99% /")
    line = refused(house.start())
    assert "1 MiB are free" in line and str(house.dir) in line
    house.stand_in("cmake", "echo 'fatal error: No space left on device'; exit 1")
    assert "no space left" in refused(house.start())


def test_three_masters_show_a_failover_and_keep_the_file(house):
    done = house.start("--masters", "3")
    assert done.returncode == 0, done.stdout
    gap = re.search(r"acknowledged (\d+) ms after the kill", done.stdout)
    assert gap and int(gap[1]) < 5000, done.stdout
    assert done.stdout.count("Hello from") == 2
    env = house.env()
    primary = house.run("primary").stdout.strip()
    port = house.port_base + 10 * (int(primary) - 1)
    assert env[f"MASTER{primary}_RPC"] == f"127.0.0.1:{port}"


def test_the_clients_files_name_all_masters(house):
    assert house.start("--masters", "3", "--no-demo").returncode == 0
    primary = house.run("primary").stdout.strip()
    states = house.tool("hdfs", "haadmin", "-getAllServiceState").stdout.splitlines()
    assert [row.split() for row in states] == [
        [house.env()[f"MASTER{i}_RPC"], "active" if str(i) == primary else "standby"]
        for i in (1, 2, 3)]
    assert house.tool("hdfs", "haadmin", "-getServiceState", f"nn{primary}").stdout == "active\n"
    assert "/hello.txt" in house.tool("hadoop", "fs", "-ls", "/").stdout
    info = house.tool("alluxio", "fsadmin", "journal", "quorum", "info", "-domain", "MASTER")
    assert info.stdout.count("\nAVAILABLE ") == 3
    for word, state in (("enter", "ON"), ("leave", "OFF")):
        done = house.tool("hdfs", "dfsadmin", "-safemode", word)
        assert done.stdout.splitlines() == [
            f"Safe mode is {state} in {house.env()[f'MASTER{i}_RPC']}" for i in (1, 2, 3)]


def has_ended(pid):
    """It is gone, or nobody has asked yet how it ended."""
    with contextlib.suppress(FileNotFoundError):
        return not pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    return True


def test_a_second_run_starts_what_does_not_run(house):
    assert house.start("--masters", "3", "--no-demo").returncode == 0
    env = house.env()
    for name in ("MASTER2_PID", "WORKER_PID"):
        os.kill(int(env[name]), 9)
        wait_until(lambda: has_ended(env[name]), "it is gone")
    done = house.run("--no-install")
    assert done.returncode == 0, done.stdout
    assert "started the master2" in done.stdout and "started the worker" in done.stdout
    assert "kill -9" not in done.stdout.split("Try next")[0]  # shown once
    again = house.env()
    assert again["MASTER1_PID"] == env["MASTER1_PID"]
    assert again["MASTER2_PID"] != env["MASTER2_PID"]


def test_a_file_being_put_lives_through_a_failover(house):
    assert house.start("--masters", "3", "--no-demo").returncode == 0
    half = os.urandom(3 * (1 << 20) + 7)
    environment = {**os.environ, "HADOOP_CONF_DIR": str(house.dir / "conf")}
    put = subprocess.Popen([house.dir / "bin/hdfs", "dfs", "-D", "dfs.blocksize=1048576", "-put",
                            "-", "/large"], env=environment, stdin=subprocess.PIPE)
    put.stdin.write(half)
    put.stdin.flush()
    primary = house.run("primary").stdout.strip()
    os.kill(int(house.env()[f"MASTER{primary}_PID"]), 9)
    put.stdin.write(half)
    put.stdin.close()
    assert put.wait(timeout=120) == 0
    read = subprocess.run([house.dir / "bin/hdfs", "dfs", "-cat", "/large"], env=environment,
                          capture_output=True, timeout=120)
    assert read.returncode == 0 and read.stdout == half + half


def test_the_product_configures_where_only_its_own_packages_are(tmp_path):
    """A newcomer's machine has none of the libraries that only tests need."""
    packages = (ROOT / "tools/packages.txt").read_text().splitlines()
    assert not any(line.startswith("build") and "cmocka" in line for line in packages)
    pkg_config = tmp_path / "pkg-config"
    pkg_config.write_text('#!/bin/sh\ncase "$*" in *cmocka*) exit 1 ;; esac\n'
                          'exec /usr/bin/pkg-config "$@"\n')
    pkg_config.chmod(0o755)
    result = subprocess.run(["cmake", "-S", ROOT, "-B", tmp_path / "build", "-G", "Ninja",
                             f"-DPKG_CONFIG_EXECUTABLE={pkg_config}"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert result.returncode == 0, result.stdout
