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


def start_without_its_disk(house):
    """What a start says whose journal was there the time before."""
    house.start("master")
    house.run("alluxio-stop.sh", "master")
    (house.folder / "master").rename(house.folder / "unmounted")
    done = house.start("master")
    assert done.returncode == 1
    assert not (house.folder / "master").exists()
    return done.stdout


def test_a_journal_that_is_gone_is_not_made_anew(house):
    assert "formatJournal" in start_without_its_disk(house)
    assert house.start("master", "-f").returncode == 0


def test_a_journal_that_was_formatted_by_hand_is_not_made_anew_either(house):
    house.run("alluxio", "formatJournal")
    assert "is gone" in start_without_its_disk(house)


def configure_folder(house, name, value):
    """The journal's folder by this property instead of Alluxio's."""
    site = house.cluster.conf / "alluxio-site.properties"
    lines = [line for line in site.read_text().splitlines()
             if not line.startswith("alluxio.master.journal.folder")]
    site.write_text("\n".join([*lines, f"{name}={value}"]) + "\n")


@pytest.mark.parametrize("name", ["holdfast.master.dir", "dfs.namenode.name.dir"])
def test_a_journal_that_another_property_names_stays(house, name):
    folder = house.folder / "elsewhere"
    configure_folder(house, name, folder)
    assert house.run("alluxio", "formatJournal").returncode == 0
    done = house.start("master")
    assert done.returncode == 0, done.stdout
    assert not list(house.folder.glob("elsewhere.before-format-*"))
    house.run("alluxio-stop.sh", "master")
    assert house.start("master").returncode == 0


def test_a_master_that_ends_a_moment_later_is_not_healthy(house):
    """Another one serves at its address, with the same folder."""
    house.start("master")
    twin = house.folder / "twin"
    twin.mkdir()
    for file in house.cluster.conf.iterdir():
        (twin / file.name).write_text(file.read_text())
    environment = {**os.environ, "ALLUXIO_CONF_DIR": str(twin),
                   "ALLUXIO_LOGS_DIR": str(house.folder / "logs-of-twin")}
    done = subprocess.run([house.bin / "alluxio-start.sh", "master"], env=environment, text=True,
                          capture_output=True, timeout=120)
    assert done.returncode == 1 and "--- [ FAILED ] " in done.stdout
    assert "is in use by the running process" in done.stdout


def test_without_a_configuration_nothing_is_formatted(house):
    environment = {**os.environ, "ALLUXIO_CONF_DIR": str(house.folder / "nowhere"),
                   "ALLUXIO_HOME": str(house.folder / "home")}
    done = subprocess.run([house.bin / "alluxio-start.sh", "master"], env=environment, text=True,
                          capture_output=True, timeout=120)
    assert done.returncode == 1
    assert "there is no alluxio-site.properties" in done.stderr
    assert f"{house.folder}/nowhere" in done.stderr
    assert not (house.folder / "home").exists()


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


def test_a_host_that_ssh_does_not_reach_is_named_and_the_others_start(house):
    (house.cluster.conf / "masters").write_text("# two\n\nfar-away  # the first\nlocalhost\n")
    ssh = house.folder / "ssh/ssh"
    ssh.write_text("#!/bin/sh\necho 'Permission denied (publickey).' >&2\nexit 255\n")
    done = house.start("masters")
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [
        "[far-away] Permission denied (publickey).",
        "[far-away] Error: nothing was done there: ssh far-away true must work from here, without "
        "a password"]
    assert "[localhost] --- [ OK ] The master service @ " in done.stdout
    done = house.run("alluxio", "formatMasters")
    assert "[far-away] Error: nothing was done there" in done.stdout


@pytest.mark.parametrize("words", [("-s", "masters"), ("masters", "-s")])
def test_a_soft_stop_is_soft_wherever_the_option_stands(house, words):
    (house.cluster.conf / "masters").write_text("far-away\n")
    assert house.run("alluxio-stop.sh", *words).returncode == 0
    assert "alluxio-stop.sh -s master" in house.ssh_calls()[-1]


@pytest.mark.parametrize("words,text", [
    ((), "Error: no ACTION specified"),
    (("master", "worker"), "Error: Invalid argument: worker"),
    (("-x", "master"), "Error: Invalid option: -x"),
])
def test_a_wrong_stop_says_how_it_is_done(house, words, text):
    done = house.run("alluxio-stop.sh", *words)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [text, "Usage: alluxio-stop.sh [-h] ACTION [-s]"]


def test_a_list_of_no_hosts_is_named(house):
    (house.cluster.conf / "masters").write_text("# none yet\n")
    done = house.start("masters")
    assert done.returncode == 1
    assert f"no hosts in {house.cluster.conf}/masters" in done.stdout


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
