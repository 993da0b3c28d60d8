# SPDX-License-Identifier: Apache-2.0
"""Storms: all kinds of faults at once, at random, while clients write, rename and look.

HOLDFAST_STORM_SECONDS is how long; HOLDFAST_STORM_SEED repeats what a failed run drew."""
import collections
import contextlib
import os
import random
import time

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
    }


def one_round(quorum, nemesis, load):
    nemesis.rage(ROUND_SECONDS, load)
    nemesis.heal()
    load.goes_on(1, seconds=10)
    nemesis.settle()
    load.goes_on(100)
    load.ends()
    quorum.check_processes()


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
            loads.append(Load(quorum, f"/round{len(loads)}", f"{seed}/{len(loads)}"))
            stack.callback(loads[-1].give_up)
            loads[-1].goes_on(1)
            one_round(quorum, nemesis, loads[-1])
        for member in quorum.members:
            assert member.master.stop() == 0
        for member in quorum.members:
            done = member.run("journal", "--conf", member.conf, "verify")
            assert done.returncode == 0, done.stdout + done.stderr
            quorum.start_member(member, wait=False)
        wait_until(loads[-1].are_equal, "equal digests after a start of all")
        for load in loads:
            load.check_names()


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
