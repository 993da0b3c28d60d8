# SPDX-License-Identifier: Apache-2.0
"""Hadoop's own ways to find the primary of three masters, in one JVM that makes many directories.

Its -mkdir of what is there already fails: a call that ran twice, under the same or another call id,
ends the tool with an error.
"""
import os
import subprocess

import pytest
from hadoop_rpc import Connection
from masters import Masters
from processes import nameservice, wait_until, write_xml

COUNT = 3000


@pytest.fixture
def masters(tmp_path):
    masters = Masters(tmp_path)
    yield masters
    masters.quorum.close()


@pytest.fixture
def make_directories(masters, tmp_path, hadoops_tools):
    """Function: a process of Hadoop's shell that makes /d0, /d1, ... one after the other."""
    begun = []

    def begin(provider):
        properties = {**nameservice(masters.quorum.addresses, provider),
                      "dfs.client.failover.sleep.base.millis": 20}
        conf = tmp_path / "client"
        conf.mkdir()
        for file in ("core-site.xml", "hdfs-site.xml"):
            write_xml(conf / file, properties)
        begun.append(subprocess.Popen(
            [*hadoops_tools.command_line("dfs", conf), "-mkdir", *directories()], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "HADOOP_USER_NAME": "root",
                 "HOME": os.environ.get("HOME", "/")}))
        return begun[-1]
    yield begin
    for process in begun:  # one that is behind would go on asking for minutes
        process.kill()
        process.wait()


def directories():
    return [f"/d{i}" for i in range(COUNT)]


def must_have_made_all(masters, process):
    output, _ = process.communicate(timeout=180)
    assert process.returncode == 0, output
    connection = Connection(masters.quorum.primary().port)
    assert all(connection.stat(path) for path in directories())


@pytest.mark.parametrize("provider", ["ConfiguredFailoverProxyProvider",
                                      "RequestHedgingProxyProvider", "ObserverReadProxyProvider"])
def test_every_call_has_one_effect_and_one_true_answer(masters, make_directories, provider):
    must_have_made_all(masters, make_directories(provider))


def hands_over(masters):
    """False: a primary with a slow disk has done so by itself, just now."""
    to = masters.addresses[masters.standby()]
    return masters.fsadmin("journal", "quorum", "elect", "-address", to).returncode == 0


@pytest.mark.parametrize("provider", ["ConfiguredFailoverProxyProvider",
                                      "ObserverReadProxyProvider"])
def test_no_call_fails_when_the_primary_is_killed_or_hands_over(masters, make_directories,
                                                               provider):
    process = make_directories(provider)
    witness = Connection(masters.quorum.ports[masters.standby()])
    wait_until(lambda: witness.stat(f"/d{COUNT // 10}"), "it is at work", 120)
    wait_until(lambda: hands_over(masters), "primacy is handed over")
    wait_until(lambda: witness.stat(f"/d{COUNT // 3}"), "it goes on", 120)
    masters.kill(masters.primary())
    assert process.poll() is None, "more directories are needed"
    must_have_made_all(masters, process)
