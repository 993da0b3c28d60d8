# SPDX-License-Identifier: Apache-2.0
"""kill -9 spares the page cache, so it proves no sync: a system-call trace does.

Every reply of a write must follow the return of a durable write that covers it.  The trace has the
bytes of both: an entry's client id and call id stand in the journal write and in the reply frame.
"""
import re
import shutil
import threading

import pytest

from hadoop_rpc import Connection
from processes import wait_until

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

WRITE = re.compile(r"(pwrite64|pwritev2?|pwritev|write|writev|sendmsg|sendto|fdatasync|fsync)\(")
MARK = "sync-mark-"


def trace(cluster):
    path = cluster.folder / "strace.txt"
    wrapper = ["strace", "-f", "-o", str(path), "-s", "200000", "-y", "-ttt", "-e",
               "trace=openat,pwrite64,pwritev,pwritev2,write,writev,sendmsg,sendto,fdatasync,fsync,"
               "rename,renameat,renameat2"]
    return path, wrapper


class Calls(threading.Thread):
    def __init__(self, port, number, count):
        super().__init__(daemon=True)
        self.connection = Connection(port)
        self.number, self.count, self.done = number, count, 0

    def run(self):
        for i in range(self.count):
            assert self.connection.mkdirs(f"/{MARK}{self.number}-{i}")
            self.done += 1


def events(path):
    """('durable', names) when a write into a segment has returned durable, ('reply', fd) for socket
    writes, in order of their return."""
    unfinished = {}
    for line in path.read_text(errors="replace").splitlines():
        pid, _, rest = line.split(" ", 2)
        if "<unfinished ...>" in rest:
            unfinished[pid] = rest.replace("<unfinished ...>", "")
            continue
        if "resumed>" in rest:
            rest = unfinished.pop(pid, "") + rest.split("resumed>", 1)[1]
        yield pid, rest


def test_a_sync_returns_before_every_reply_of_a_write(make_cluster):
    cluster = make_cluster()
    path, wrapper = trace(cluster)
    cluster.start_master(wrapper)
    callers = [Calls(cluster.port, number, 50) for number in range(4)]
    for caller in callers:
        caller.start()
    wait_until(lambda: all(caller.done == caller.count for caller in callers), "all calls answered",
               seconds=120)
    cluster.master.stop()

    direct = set()         # segment files opened so that a write is durable when it returns
    written = {}           # file: names written and not yet synced
    durable = set()
    replies = syncs = 0
    answered = 0
    for _, call in events(path):
        opened = re.match(r'openat\(.*?"([^"]*\.seg[^"]*|[^"]*segment[^"]*)", ([A-Z_|]+).*= (\d+)', call)
        if opened and ("O_DSYNC" in opened[2] or "O_SYNC" in opened[2]):
            direct.add(opened[1])
        target = re.match(r"(\w+)\((\d+)<([^>]*)>", call)
        if not target:
            continue
        name, file = target[1], target[3]
        if name in ("fdatasync", "fsync"):
            durable |= written.pop(file, set())
            syncs += 1
        elif "socket" in file or "TCP" in file:
            # One reply frame for each success; the mark is not in replies, so count them.
            replies = call.count(r"\0\0\0\36\32\10")
            answered += replies
            assert answered <= len(durable), f"a reply before its sync: {call[:200]}"
        elif str(cluster.folder / "master") in file and name.startswith("pwrite"):
            names = set(re.findall(MARK + r"\d+-\d+", call))
            if file in direct or any(file.endswith(d.rsplit("/", 1)[-1]) for d in direct):
                durable |= names
                syncs += bool(names)
            else:
                written.setdefault(file, set()).update(names)
    assert len(durable) == 200, "every call's entry was seen going to the disk"
    assert answered > 0, "replies were recognised in the trace"
    assert syncs < 200, "calls that wait together share one sync"
