# SPDX-License-Identifier: Apache-2.0
"""Storms: all kinds of faults at once, at random, while clients write, rename and look, and tools
put files with blocks.

HOLDFAST_STORM_SECONDS is how long; HOLDFAST_STORM_SEED repeats what a failed run drew."""
import collections
import contextlib
import os
import random
import time

from file_writers import BLOCK_BYTES, FileLoad
from hadoop_rpc import Connection
from nemesis import Nemesis
from processes import wait_until
from quorum_writers import Load
from storm_quorum import StormQuorum

SECONDS = float(os.environ.get("HOLDFAST_STORM_SECONDS", "20"))
STORM_SECONDS = 60  # then other masters
ROUND_SECONDS = 10  # then all is healed and judged


def properties(draw):
    """Small segments, and checkpoints all the while."""
    return {
        "holdfast.journal.segment.bytes": "1MB",
        "alluxio.master.journal.checkpoint.period.entries": draw.choice([300, 1000, 5000]),
        "alluxio.master.embedded.journal.snapshot.replication.chunk.size": "16KB",
        "alluxio.master.embedded.journal.snapshot.replication.compression.type":
            draw.choice(["NO_COMPRESSION", "GZIP"]),
        "holdfast.master.forward.writes": draw.choice(["true", "false", "false"]),
        "holdfast.read.mode": draw.choice(["lease", "lease", "index"]),
        "dfs.blocksize": BLOCK_BYTES,
        "dfs.namenode.fs-limits.min-block-size": BLOCK_BYTES,
        "dfs.heartbeat.interval": 1,
    }


def one_round(quorum, nemesis, load, files):
    nemesis.rage(ROUND_SECONDS, lambda: load.has_failed() or files.has_failed())
    nemesis.heal()
    load.goes_on(1, seconds=10)
    nemesis.settle()
    load.goes_on(100)
    files.goes_on()
    files.ends()
    load.ends()
    quorum.check_processes()


def judge(quorum, loads, draw):
    """After everything: names and contents are as they were acknowledged, and of blocks there are
    those of files and no others."""
    for load in loads:
        load.check()
    primary = quorum.primary()
    connection = Connection(primary.port, host=primary.host)
    files = [load for load in loads if isinstance(load, FileLoad)]
    for load in files:
        load.thin_out(connection, draw)
    kept = set.union(*(load.blocks(connection) for load in files))
    wait_until(lambda: quorum.stored_blocks() == kept, "blocks of removed files are removed")
    for load in files:
        load.check()


def storm(folder, seed, end, counts):
    draw = random.Random(seed)
    count, drawn = draw.choice([3, 3, 3, 5]), properties(draw)
    print(f"HOLDFAST_STORM_SEED={seed}: {count} masters, {drawn}", flush=True)
    with contextlib.ExitStack() as stack:
        quorum = StormQuorum(folder, count, drawn, stack)
        nemesis = Nemesis(quorum, seed, counts)
        stack.callback(nemesis.pool.shutdown)
        loads = []
        while not loads or time.monotonic() < end:
            at = len(loads) // 2
            of_round = [kind(quorum, f"/{kind.__name__}{at}", f"{seed}/{at}")
                        for kind in (Load, FileLoad)]
            loads += of_round
            for load in of_round:
                stack.callback(load.give_up)
                load.goes_on(1)
            one_round(quorum, nemesis, *of_round)
        for member in quorum.members:
            assert member.master.stop() == 0
        for member in quorum.members:
            done = member.run("journal", "--conf", member.conf, "verify")
            assert done.returncode == 0, done.stdout + done.stderr
            quorum.start_member(member, wait=False)
        wait_until(quorum.are_equal, "equal digests after a start of all")
        judge(quorum, loads, draw)


def test_storm(tmp_path, monkeypatch):
    monkeypatch.setenv("LSAN_OPTIONS", "detect_leaks=0")  # it cannot while strace makes writes fail
    seed = int(os.environ.get("HOLDFAST_STORM_SEED") or random.SystemRandom().randrange(1 << 32))
    end = time.monotonic() + SECONDS
    counts = collections.Counter()
    storms = 0
    while storms == 0 or time.monotonic() < end:
        storm(tmp_path / f"storm{storms}", seed + storms,
              min(end, time.monotonic() + STORM_SECONDS), counts)
        storms += 1
    print(f"{storms} storms: {dict(counts)}")
