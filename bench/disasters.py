# SPDX-License-Identifier: Apache-2.0
"""What happens to clients when something happens to the primary: the parts of bench/quorum that
count in gaps and failed calls.

The load renames files: a rename that was lost, or ran twice, makes the next one fail.
"""
import os
import pathlib
import signal
import socket
import statistics
import time

from harness import note
from masters import Disk, HdfsCli, Masters, RemoteError

BEFORE_S = 0.5  # of load before it happens
KILL_MS = {"worst": 1000, "median": 300}
ELECT_MS = {"worst": 50}
DISASTER_MS = {"worst": 1500}
ELSEWHERE_KILL = "HDFS 8-10 s (HopsFS, FAST'17); Alluxio: election time-out 10-20 s"


class Gaps:
    """Of the rounds of one kind."""

    def __init__(self):
        self.ms, self.errors, self.first_error = [], 0, None

    def add(self, result):
        self.ms.append(result["longest_gap_ms"])
        self.errors += result["errors"]
        self.first_error = self.first_error or result.get("first_error")

    def text(self):
        return (f"median {statistics.median(self.ms):,.0f} ms, worst {max(self.ms):,.0f} ms, "
                f"{self.errors} failed calls, {len(self.ms)} times")

    def clears(self, limits):
        return (self.errors == 0 and max(self.ms) <= limits["worst"]
                and statistics.median(self.ms) <= limits.get("median", limits["worst"]))


def bar_text(limits):
    return ", ".join(f"{name} <= {ms} ms" for name, ms in limits.items()) + ", no failed call"


def client_of_all(masters, primary):
    return ["--retry", masters.first(primary)]


def client_of_a_survivor(masters, primary):
    return ["--target", masters.others(primary)[0].address]


def round_of(bench, masters, client, seconds, happen):
    """Runs happen(primary) under load; returns the load's result and the primary that it was."""
    primary = masters.settled()
    load = bench.load_begin(*client(masters, primary), "--op", "rename", "--warmup", 0, "--seconds",
                            BEFORE_S + seconds, "--connections", 8, "--inflight", 4, "--per-dir",
                            1000000)
    try:
        time.sleep(BEFORE_S)
        happen(primary)
    finally:
        result = bench.load_end(load)
    bench.results.append({"part": happen.__name__, **result})
    return result, primary


def report(table, what, gaps, limits, elsewhere="", ceiling=""):
    if gaps.first_error:
        note(f"  {what}: first error: {gaps.first_error}")
    table.add(what, bar_text(limits), gaps.text(), gaps.clears(limits), ceiling=ceiling,
              elsewhere=elsewhere, values={"gaps_ms": gaps.ms, "errors": gaps.errors})


# ---- kill -9 ----

def kill_rounds(bench, table, masters, client, what):
    def kill(primary):
        primary.kill()

    gaps = Gaps()
    for _ in range(bench.options.rounds):
        result, primary = round_of(bench, masters, client, 2, kill)
        gaps.add(result)
        primary.start()
    report(table, what, gaps, KILL_MS, ELSEWHERE_KILL)


def kill(bench, table):
    masters = Masters(bench)
    try:
        kill_rounds(bench, table, masters, client_of_all,
                    "kill -9 of the primary; the client knows all masters")
        kill_with_hdfs_cli(bench, table, masters)
    finally:
        masters.close()
    masters = Masters(bench, holdfast__master__forward__writes="true")
    try:
        kill_rounds(bench, table, masters, client_of_a_survivor,
                    "kill -9; the client knows one survivor, which forwards")
    finally:
        masters.close()


def kill_with_hdfs_cli(bench, table, masters):
    what = "kill -9; hdfs-cli, one process a call, knows all masters"
    bar = "a failed call a kill at most, worst <= 1000 ms"
    if not pathlib.Path(HdfsCli.PROGRAM).exists():
        table.skip(what, bar, f"{HdfsCli.PROGRAM} is not there")
        return
    cli, gaps, failed = HdfsCli(bench, masters), [], []

    def kill_beside_cli(primary):
        began, kills_at = time.monotonic(), 0.4
        state = {"is_killed": False}

        def is_over():
            if not state["is_killed"] and time.monotonic() - began > kills_at:
                state["is_killed"] = True
                primary.kill()
            return time.monotonic() - began > kills_at + 1.5
        before = cli.failed
        gaps.append(1000 * cli.make_until(is_over, f"cli-{len(gaps)}"))
        failed.append(cli.failed - before)

    for _ in range(bench.options.rounds):
        primary = round_of(bench, masters, client_of_all, 2, kill_beside_cli)[1]
        primary.start()
    connection = masters.settled().call()
    lost = sum(connection.stat(path) is None for path in cli.made)
    connection.close()
    table.add(what, bar, f"median {statistics.median(gaps):,.0f} ms, worst {max(gaps):,.0f} ms "
              f"between two that were made, {sum(failed)} failed calls, at most {max(failed)} a "
              f"kill, {lost} of {len(cli.made)} lost, {len(gaps)} times",
              max(failed) <= 1 and lost == 0 and max(gaps) <= KILL_MS["worst"],
              elsewhere=ELSEWHERE_KILL, values={"gaps_ms": gaps, "failed": failed, "lost": lost})


# ---- handing over ----

def elect(bench, table):
    masters = Masters(bench)

    def hand_over(primary):
        primary.tool("quorum", "--conf", primary.folder / "conf", "elect",
                     masters.others(primary)[0].journal_address)

    gaps = Gaps()
    try:
        for _ in range(bench.options.rounds):
            gaps.add(round_of(bench, masters, client_of_all, 1, hand_over)[0])
        sync_ms = masters.longest_sync_ms()
    finally:
        masters.close()
    report(table, "quorum elect", gaps, ELECT_MS,
           ceiling=f"one sync of these disks, at most: {sync_ms:.0f} ms")


# ---- a frozen primary ----

class HeldCalls:
    """Calls to a primary that is frozen: what becomes of them when it runs again."""

    COUNT = 4

    def __init__(self, primary, number):
        self.ends = {}
        self.paths = [f"/held-{number}-{i}" for i in range(self.COUNT)]
        self.connections = [primary.call(timeout=10) for _ in self.paths]

    def send(self):
        for path, connection in zip(self.paths, self.connections):
            connection.send("create", self._message(path))

    @staticmethod
    def _message(path):
        """A file that must not be there: done twice under other ids it fails."""
        return [(1, path), (2, [(1, 0o644)]), (3, "bench"), (4, 1), (5, False), (6, 1),
                (7, 128 << 20)]

    @staticmethod
    def _end_of(connection):
        try:
            connection.receive()
            return "done"
        except RemoteError as error:
            is_told = error.java_class.endswith(("StandbyException", "RetriableException"))
            return "sent elsewhere" if is_told else f"refused ({error})"
        except socket.timeout:
            return "not answered"
        except OSError:
            return "closed"

    def receive(self, primary):
        """Also repeats each at the primary, under the same ids: it is the same call."""
        for path, connection in zip(self.paths, self.connections):
            end = self._end_of(connection)
            connection.close()
            again = primary.call(client_id=connection.client_id)
            try:
                again.call("create", self._message(path), call_id=0, retry=1)
            except (RemoteError, OSError) as error:
                end = f"{end}, its repeat: {error}"
            again.close()
            self.ends[end] = self.ends.get(end, 0) + 1


TRUE_ENDS = {"done", "sent elsewhere", "closed"}


def stop(bench, table):
    masters = Masters(bench)
    gaps, ends = Gaps(), {}
    try:
        for number in range(bench.options.disaster_rounds):
            held = []

            def freeze(primary):
                held.append(HeldCalls(primary, number))
                primary.signal(signal.SIGSTOP)
                held[0].send()

            result, frozen = round_of(bench, masters, client_of_all, 2.5, freeze)
            gaps.add(result)
            frozen.signal(signal.SIGCONT)
            held[0].receive(masters.settled())
            for end, count in held[0].ends.items():
                ends[end] = ends.get(end, 0) + count
    finally:
        masters.close()
    report(table, "SIGSTOP of the primary", gaps, DISASTER_MS, ELSEWHERE_KILL)
    table.add("calls that it held, after SIGCONT", "each answered truly, or closed; its repeat has "
              "one effect", ", ".join(f"{count} {end}" for end, count in ends.items()),
              set(ends) <= TRUE_ENDS, values=ends)


# ---- disk and network ----

def disk(bench, table):
    what = "full disk of the primary"
    if os.geteuid() != 0:
        table.skip(what, bar_text(DISASTER_MS), "mounting needs root")
        return
    disks = []
    masters, gaps = None, Gaps()

    def fill(primary):
        disks[masters.members.index(primary)].fill()

    try:
        for i in range(3):
            disks.append(Disk(bench.folder("disk"), 256))
        masters = Masters(bench, disks=disks, holdfast__journal__segment__bytes="4MB",
                          holdfast__journal__checkpoint__bytes="16MB")
        for _ in range(bench.options.disaster_rounds):
            result, full = round_of(bench, masters, client_of_all, 2.5, fill)
            gaps.add(result)
            disks[masters.members.index(full)].empty()
    finally:
        if masters:
            masters.close()
        for one in disks:
            one.close()
    report(table, what, gaps, DISASTER_MS)


def network(bench, table):
    import networks
    what = "the primary is cut off from the others"
    if not networks.can_make():
        table.skip(what, bar_text(DISASTER_MS), "network namespaces cannot be made here")
        return
    net, masters, gaps = networks.Network(3), None, Gaps()

    def cut(primary):
        net.isolate(primary.host)

    try:
        masters = Masters(bench, hosts=net.hosts)
        for _ in range(bench.options.disaster_rounds):
            gaps.add(round_of(bench, masters, client_of_all, 2.5, cut)[0])
            net.heal()
    finally:
        if masters:
            masters.close()
        net.close()
    report(table, what, gaps, DISASTER_MS, ELSEWHERE_KILL)
