# SPDX-License-Identifier: Apache-2.0
"""alluxio-start.sh and alluxio-stop.sh, on this machine and, through a stand-in for ssh, on others."""
import os
import socket
import subprocess

import pytest
from processes import BINARY, ROOT, Cluster, wait_until

SCRIPTS = ("alluxio-config.sh", "alluxio-start.sh", "alluxio-stop.sh", "alluxio-masters.sh",
           "alluxio-workers.sh")


class House:
    """A folder as an operator has it: bin/, conf/, logs/."""

    def __init__(self, folder):
        self.cluster = Cluster(folder, {"alluxio.work.dir": folder})
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "alluxio").symlink_to(BINARY)
        for name in SCRIPTS:
            (self.bin / name).symlink_to(ROOT / "packaging/bin" / name)
        ssh = folder / "ssh/ssh"
        ssh.parent.mkdir()
        ssh.write_text('#!/bin/sh\n'
                       f'echo "$@" >> {folder}/ssh/calls\n'
                       'while [ "$1" != -- ] && [ "$#" -gt 2 ]; do shift; done\n'
                       'exec sh -c "$2"\n')
        ssh.chmod(0o755)

    def run(self, name, *words):
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("ALLUXIO_CONF_DIR", "HADOOP_CONF_DIR")}
        environment["PATH"] = f"{self.folder}/ssh:{environment['PATH']}"
        return subprocess.run([self.bin / name, *words], env=environment, text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def start(self, *words):
        return self.run("alluxio-start.sh", *words)

    def pids(self, title):
        found = subprocess.run(["pgrep", "-f", f"^{title} .*{self.folder}"], text=True,
                               capture_output=True)
        return found.stdout.split()

    def ssh_calls(self):
        return (self.folder / "ssh/calls").read_text().splitlines()


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path / "house")
    yield house
    house.run("alluxio-stop.sh", "local")


def test_local_starts_and_stops_a_master_and_a_worker(house):
    done = house.start("local", "NoMount")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert [line.split(" @ ")[0] for line in lines] == [
        "Starting master", "--- [ OK ] The master service",
        "Starting worker", "--- [ OK ] The worker service"]
    assert lines[0].endswith(f"Logging to {house.folder}/logs")
    assert lines[1].endswith("is in a healthy state.")
    done = house.run("alluxio-stop.sh", "local")
    assert done.stdout.count("Successfully Killed 1 process(es) successfully on ") == 2
    assert house.pids("AlluxioMaster") == house.pids("AlluxioWorker") == []


def test_what_does_not_come_up_is_told_with_the_end_of_its_log(house):
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.cluster.port))
        other.listen()
        done = house.start("master")
    assert done.returncode == 1
    assert "--- [ FAILED ] The master service @ " in done.stdout
    assert "is not serving requests." in done.stdout and "taken by another process" in done.stdout


def test_a_second_start_takes_the_place_of_the_first_unless_told_otherwise(house):
    house.start("master")
    first = house.pids("AlluxioMaster")
    assert house.start("-N", "master").returncode == 0
    assert house.pids("AlluxioMaster") == first
    assert house.start("master").returncode == 0
    assert len(house.pids("AlluxioMaster")) == 1 and house.pids("AlluxioMaster") != first


def test_a_journal_that_is_gone_is_not_made_anew(house):
    house.start("master")
    house.run("alluxio-stop.sh", "master")
    (house.folder / "master").rename(house.folder / "unmounted")
    done = house.start("master")
    assert done.returncode == 1 and "formatJournal" in done.stdout
    assert not (house.folder / "master").exists()
    assert house.start("master", "-f").returncode == 0


def test_beginning_anew_leaves_a_file_system_with_a_worker(house):
    def shell(*words):
        return house.run("alluxio", "fs", *words)

    def is_taken(name):
        return shell("copyFromLocal", __file__, name).returncode == 0

    assert house.start("local").returncode == 0
    wait_until(lambda: is_taken("/kept"), "the worker has registered")
    done = house.start("-f", "local")
    assert done.returncode == 0, done.stdout
    assert shell("test", "-e", "/kept").returncode != 0
    wait_until(lambda: is_taken("/new"), "a worker takes it")
    assert len(list(house.folder.glob("worker.before-format-*"))) == 1


def test_blocks_lie_in_the_work_folder_unless_said_otherwise(house):
    site = house.cluster.conf / "hdfs-site.xml"
    site.write_text("".join(line for line in site.read_text().splitlines(keepends=True)
                            if "dfs.datanode.data.dir" not in line))
    done = house.start("worker")
    assert done.returncode == 0, done.stdout
    assert (house.folder / "blocks").is_dir()


def test_waiting_lasts_until_the_processes_end(house):
    waits = subprocess.Popen([house.bin / "alluxio-start.sh", "-w", "master"], text=True,
                             stdout=subprocess.PIPE)
    assert any("[ OK ]" in line for line in waits.stdout)
    assert waits.poll() is None
    house.run("alluxio-stop.sh", "master")
    assert waits.wait(timeout=30) == 0


def test_masters_and_workers_are_reached_by_ssh(house):
    (house.cluster.conf / "masters").write_text("# the only one\nfar-away\n")
    (house.cluster.conf / "workers").write_text("far-away\n")
    done = house.start("all")
    assert done.returncode == 0, done.stdout
    assert "[far-away] --- [ OK ] The master service" in done.stdout
    assert "[far-away] --- [ OK ] The worker service" in done.stdout
    assert all(" far-away " in call for call in house.ssh_calls())
    assert house.run("alluxio-stop.sh", "all").returncode == 0
    assert house.pids("AlluxioMaster") == house.pids("AlluxioWorker") == []


def test_format_masters_formats_every_one_of_them(house):
    (house.cluster.conf / "masters").write_text("far-away\n")
    done = house.run("alluxio", "formatMasters")
    assert done.returncode == 0, done.stdout
    assert "[far-away] Formatting Alluxio Master @ " in done.stdout
    assert (house.folder / "master").is_dir()


@pytest.mark.parametrize("words,text", [
    ((), "Error: no ACTION specified"),
    (("bogus",), "Error: Invalid ACTION: bogus"),
    (("secondary_master",), "Secondary master is not supported for journal type: EMBEDDED"),
    (("job_masters",), "no job_masters in this version"),
])
def test_wrong_uses_end_with_1(house, words, text):
    done = house.start(*words)
    assert done.returncode == 1 and text in done.stdout
