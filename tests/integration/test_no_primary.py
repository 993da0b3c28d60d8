# SPDX-License-Identifier: Apache-2.0
"""Commands when no master is primary: they say what they wait for, and end."""
import time

import pytest

from processes import wait_until


@pytest.fixture
def minority(make_masters):
    """One of three masters, left alone; commands ask it.  If it was primary, its lease has ended."""
    masters = make_masters(3)
    for place in (1, 2):
        masters.kill(place)
    survivor = masters.quorum.members[0]
    wait_until(lambda: not masters.quorum.is_primary(survivor), "the end of its lease")
    return masters


def test_a_command_without_a_primary_says_so_and_ends(minority):
    began = time.monotonic()
    done = minority.tool("hdfs", "dfs", "-ls", "/")
    assert 5 < time.monotonic() - began < 60, done.stderr
    assert done.returncode == 1
    *waiting, last = done.stderr.splitlines()
    assert waiting and all("trying again for up to" in line for line in waiting)
    assert waiting[0].startswith("holdfast fs: getFileInfo: No primary master is known")
    assert last.startswith("ls: No primary master is known")
