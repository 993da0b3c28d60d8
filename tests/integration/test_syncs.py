# SPDX-License-Identifier: Apache-2.0
"""kill -9 spares the page cache, so it proves no sync: a system-call trace does.

Every reply of a write says (stateId) at which journal index it stands; before it leaves, a durable
write of a batch that reaches this index must have returned.  Batches are counted on the way.
"""
import re
import shutil
import struct
import threading

import pytest

from hadoop_rpc import Connection, decode, field, read_varint
from processes import wait_until

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

CALLERS, CALLS = 4, 50
LINE = re.compile(r"^(\d+) +\S+ (.*)$")
OPENED = re.compile(r'openat\([^,]*, "([^"]*)", ([A-Z_|]+).*\) = (\d+)')
WRITTEN = re.compile(r'(pwrite64|pwritev2?|write|writev|sendmsg|sendto|fdatasync|fsync)\((\d+)<([^>]*)>')
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
BATCH_MAGIC = b"HFBT"


def unhex(text):
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()


def calls_in(path):
    """Calls in the order in which they returned, each on one line."""
    unfinished = {}
    for line in path.read_text(errors="replace").splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        thread, call = match.groups()
        if "<unfinished ...>" in call:
            unfinished[thread] = call.replace("<unfinished ...>", "")
        elif "resumed>" in call:
            yield unfinished.pop(thread, "") + call.split("resumed>", 1)[1]
        else:
            yield call


class Trace:
    """What a trace says of batches and replies."""

    def __init__(self, path):
        self.durable_index = 0
        self.pending_index = {}   # descriptor: last index written, not yet synced
        self.is_dsync = {}        # descriptor: a write is durable when it returns
        self.batches = 0
        self.replies = 0
        self.early = []           # replies that left before their sync
        self.unsent = {}          # descriptor: bytes of a frame that is not whole yet
        for call in calls_in(path):
            self._take(call)

    def _take(self, call):
        opened = OPENED.match(call)
        if opened:
            self.is_dsync[opened[3]] = "SYNC" in opened[2]
            return
        written = WRITTEN.match(call)
        if written is None:
            return
        name, descriptor, target = written.groups()
        if name in ("fdatasync", "fsync"):
            self.durable_index = max(self.durable_index, self.pending_index.pop(descriptor, 0))
            return
        data = b"".join(unhex(text) for text in STRING.findall(call))
        if name.startswith("pwrite") and data.startswith(BATCH_MAGIC):
            self._take_batch(descriptor, data)
        elif unhex(target).startswith((b"socket:", b"TCP:")):
            self._take_replies(descriptor, data)

    def _take_batch(self, descriptor, data):
        entries, = struct.unpack_from("<I", data, 12)
        last_index, = struct.unpack_from("<Q", data, 56)
        if entries == 0:
            return
        self.batches += 1
        if self.is_dsync.get(descriptor):
            self.durable_index = max(self.durable_index, last_index)
        else:
            self.pending_index[descriptor] = last_index

    def _take_replies(self, descriptor, data):
        data = self.unsent.pop(descriptor, b"") + data
        while len(data) >= 4:
            size, = struct.unpack_from(">I", data)
            if len(data) < 4 + size:
                break
            self._take_reply(data[4:4 + size])
            data = data[4 + size:]
        if data:
            self.unsent[descriptor] = data

    def _take_reply(self, frame):
        size, at = read_varint(frame, 0)
        index = field(decode(frame[at:at + size]), 9)
        assert index is not None, "a reply of a write says its index"
        self.replies += 1
        if index > self.durable_index:
            self.early.append((index, self.durable_index))


class Calls(threading.Thread):
    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.connection = Connection(port)
        self.number, self.done = number, 0

    def run(self):
        for i in range(CALLS):
            assert self.connection.mkdirs(f"/caller{self.number}-{i}")
            self.done += 1


@pytest.fixture
def trace(make_cluster):
    cluster = make_cluster()
    path = cluster.folder / "strace.txt"
    cluster.start_master([
        "strace", "-f", "-ttt", "-y", "-xx", "-s", "1000000", "-o", str(path), "-e",
        "trace=openat,pwrite64,pwritev,pwritev2,write,writev,sendmsg,sendto,fdatasync,fsync"])
    callers = [Calls(cluster.port, number) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    wait_until(lambda: all(caller.done == CALLS for caller in callers), "all calls answered", 120)
    cluster.master.stop()
    return Trace(path)


def test_a_sync_returns_before_every_reply_of_a_write(trace):
    assert trace.replies == CALLERS * CALLS
    assert trace.early == []


def test_calls_that_wait_together_share_one_sync(trace):
    assert trace.batches < trace.replies
