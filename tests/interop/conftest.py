# SPDX-License-Identifier: Apache-2.0
"""Fixtures for other people's clients; `cluster` (a running master) comes from tests/conftest.py."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hadoop  # noqa: E402
import hadoop_rpc  # noqa: E402
import processes  # noqa: E402


@pytest.fixture
def kill_and_restart(cluster):
    """Function: SIGKILL, then a new start on the same folder."""
    def restart():
        cluster.master.kill()
        cluster.start_master()
    return restart


@pytest.fixture
def hadoops_tools():
    """The module `hadoop`, or says why Hadoop's tools are not tried."""
    mode = os.environ.get("HOLDFAST_CHECK_MODE", "")
    if mode == "quick":
        pytest.skip("a JVM for every command takes too long for --quick")
    if hadoop.missing() and mode not in ("ci", "all"):
        pytest.skip(f"{hadoop.missing()} is not installed (tools/install-packages java)")
    return hadoop


@pytest.fixture
def our_worker(cluster):
    cluster.start_worker()
    processes.wait_until(hadoop_rpc.Connection(cluster.port).has_room, "a worker is there")


@pytest.fixture(params=["our worker", "Hadoop's DataNode"])
def worker(request, cluster):
    """A worker that the master knows: ours, and Apache's."""
    if request.param == "our worker":
        cluster.start_worker()
        datanode = None
    else:
        datanode = request.getfixturevalue("hadoops_tools").DataNode(cluster)
    try:
        processes.wait_until(hadoop_rpc.Connection(cluster.port).has_room, "a worker is there",
                             120)
        yield request.param
    finally:
        if datanode is not None:
            datanode.kill()
