# SPDX-License-Identifier: Apache-2.0
"""Commands when no master is primary: they say what they wait for, and end."""
import signal
import time

import pytest

from hadoop_rpc import Connection
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


WRITE_TIMEOUT = "alluxio.master.embedded.journal.write.timeout"


def test_a_call_that_may_be_in_a_journal_is_hung_up_after_the_write_timeout(make_masters):
    masters = make_masters(3, properties={WRITE_TIMEOUT: "2s"})
    primary = masters.quorum.primary()
    others = [member for member in masters.quorum.members if member is not primary]
    connection = Connection(primary.port, timeout=20)
    connection.mkdirs("/before")
    for member in others:
        member.master.popen.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(ConnectionError):
        connection.mkdirs("/during")
    assert 1.5 < time.monotonic() - began < 8
    for member in others:
        member.master.popen.send_signal(signal.SIGCONT)
    assert Connection(masters.quorum.primary().port).mkdirs("/after")
