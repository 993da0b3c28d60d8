# SPDX-License-Identifier: Apache-2.0
"""Fixtures for other people's clients; `cluster` (a running master) comes from tests/conftest.py."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hadoop  # noqa: E402


@pytest.fixture
def kill_and_restart(cluster):
    """Function: SIGKILL, then a new start on the same folder."""
    def restart():
        cluster.master.kill()
        cluster.start_master()
    return restart


@pytest.fixture
def hadoop_shell():
    """Makes hadoop.shell() available, or says why Hadoop's tools are not tried."""
    mode = os.environ.get("HOLDFAST_CHECK_MODE", "")
    if mode == "quick":
        pytest.skip("a JVM for every command takes too long for --quick")
    if hadoop.missing() and mode not in ("ci", "all"):
        pytest.skip(f"{hadoop.missing()} is not installed (tools/install-packages java)")
    return hadoop.shell
