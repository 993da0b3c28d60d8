# SPDX-License-Identifier: Apache-2.0
"""Rates, latencies and memory of several masters: the other parts of bench/quorum."""
import signal
import statistics
import time

from harness import SyncsBeside, median, note, rate
from masters import Counters, Masters, Member, wait_until

CREATE_SHAPES = [(16, 16), (32, 16)]
CREATE_PER_S, CREATE_P99_MS = 80_000, 10
OVER_SYNCS_US = 150
READ_SHAPES = [(32, 1), (16, 16)]
READ_PERCENT = 90
READ_FILES = 100_000
JOIN_PERCENT, JOIN_GAP_MS, JOIN_S = 80, 20, 120


def shape(connections, inflight):
    return ["--connections", connections, "--inflight", inflight]


# ---- rates ----

class Cpu:
    """Processor time a call, of the leader and of the followers together."""

    def __init__(self, masters, primary):
        self.masters, self.primary = masters, primary
        self.before = masters.by_server()

    def per_call_us(self, calls):
        used = self.masters.by_server(self.before)
        leader = used.pop(self.primary.address)
        return leader / calls / 1000, sum(used.values()) / calls / 1000


def create(bench, table):
    masters, echo = Masters(bench), bench.wait(bench.start_echo(is_durable=True))
    try:
        for connections, inflight in CREATE_SHAPES:
            create_shape(bench, table, masters, echo, connections, inflight)
    finally:
        echo.stop()
        masters.close()


def create_shape(bench, table, masters, echo, connections, inflight):
    primary = masters.settled()
    arguments = ["--op", "create", *shape(connections, inflight), "--seconds",
                 bench.options.seconds, "--warmup", 0]
    ours, ceiling, cpu = [], [], []
    bench.load(primary.server, "--target", primary.address, *arguments)  # not counted
    for _ in range(3):
        ceiling.append(bench.load(echo, "--target", echo.address, *arguments))
        meter = Cpu(masters, primary)
        ours.append(bench.load(primary.server, "--target", primary.address, *arguments))
        cpu.append(meter.per_call_us(ours[-1]["calls"]))
    files, most = median(ours, "ops_per_s"), median(ceiling, "ops_per_s")
    leader, followers = (statistics.median(parts) for parts in zip(*cpu))
    what = f"durable create, {connections} x {inflight} in flight"
    table.add(f"{what}: calls (create and complete)", f">= {CREATE_PER_S / 1000:.0f} k/s",
              f"{rate(2 * files)}, of files {rate(files)}; CPU a call: leader {leader:.1f} us, "
              f"the two others {followers:.1f} us", 2 * files >= CREATE_PER_S,
              ceiling=f"echo with syncs: {rate(2 * most)}, of files {rate(most)}; CPU a call "
              f"{median(ceiling, 'server_cpu_us'):.1f} us",
              elsewhere="Alluxio 3 k/s, HDFS mkdirs 29 k/s, etcd 50 k/s on 24 cores",
              values={"files_per_s": files, "leader_us": leader, "followers_us": followers,
                      "echo_files_per_s": most})
    call_ms, file_ms = (median(ours, key) / 1000 for key in ("call_p99_us", "p99_us"))
    table.add(f"{what}: p99 of a call", f"<= {CREATE_P99_MS} ms", f"{call_ms:.1f} ms",
              call_ms <= CREATE_P99_MS,
              ceiling=f"{median(ceiling, 'call_p99_us') / 1000:.1f} ms", values={"p99_ms": call_ms})
    table.add(f"{what}: p99 of a file, two calls one after the other", "", f"{file_ms:.1f} ms", None,
              ceiling=f"{median(ceiling, 'p99_us') / 1000:.1f} ms", values={"p99_ms": file_ms})


def latency(bench, table):
    """Rounds: other work on the disk comes and goes."""
    masters, syncs, calls = Masters(bench), [], []
    try:
        primary = masters.settled()
        for _ in range(5):
            syncs.append(bench.probe_sync("--writers", "3")["p50_us"])
            calls.append(bench.load(primary.server, "--target", primary.address, "--op", "mkdirs",
                                    "--seconds", bench.options.seconds, "--warmup", 0.3))
    finally:
        masters.close()
    sync_us, p50_us = statistics.median(syncs), median(calls, "p50_us")
    limit_us = 2 * sync_us + OVER_SYNCS_US
    table.add("one client, one mkdirs at a time: p50",
              f"<= {limit_us:,.0f} us (two syncs + {OVER_SYNCS_US} us)", f"{p50_us:,.0f} us",
              p50_us <= limit_us, ceiling=f"one sync under three writers: {sync_us:,.0f} us",
              elsewhere="etcd 1.6 ms", values={"p50_us": p50_us, "sync_us": sync_us})


def reads(bench, table):
    masters, lone = Masters(bench), bench.wait(bench.start_ours())
    try:
        primary = masters.settled()
        files = min(READ_FILES, bench.options.files)
        for server in (primary.server, lone):
            bench.prepare(server, files)
        for connections, inflight in READ_SHAPES:
            read_shape(bench, table, primary.server, lone, files, connections, inflight)
    finally:
        lone.stop()
        masters.close()


def read_shape(bench, table, primary, lone, files, connections, inflight):
    def measure(server):
        return bench.load(server, "--target", server.address, "--op", "getFileInfo", "--files",
                          files, *shape(connections, inflight), "--seconds",
                          bench.options.seconds / 2, "--warmup", 0.2)["ops_per_s"]

    rates = {primary.name: [], lone.name: []}
    for number in range(bench.options.pairs):
        pair = [primary, lone] if number % 2 == 0 else [lone, primary]
        for server in pair:
            rates[server.name].append(measure(server))
    ours, alone = (statistics.median(rates[server.name]) for server in (primary, lone))
    percent = 100 * ours / alone
    table.add(f"getFileInfo {connections} x {inflight}, primary with its lease",
              f">= {READ_PERCENT} % of a lone master", f"{percent:.0f} % ({rate(ours)}), "
              f"{bench.options.pairs} interleaved pairs", percent >= READ_PERCENT,
              ceiling=f"lone master: {rate(alone)}", values=rates)


# ---- joining ----

def join(bench, table):
    masters = Masters(bench)
    try:
        primary = masters.settled()
        began = time.monotonic()
        made = bench.load(primary.server, "--retry", masters.first(primary), "--op", "create",
                          "--count", bench.options.files, "--connections", 16, "--inflight", 32,
                          "--per-dir", 1000)
        note(f"  {made['ops']:,} files in {time.monotonic() - began:.0f} s")
        join_loaded(bench, table, masters, masters.settled(), made["ops"])
    finally:
        masters.close()


def join_loaded(bench, table, masters, primary, files):
    arguments = ["--retry", masters.first(primary), "--op", "mkdirs", *shape(16, 1), "--warmup",
                 0.3]
    seconds = max(bench.options.seconds, 0.5)
    before = bench.load(primary.server, *arguments, "--seconds", 2 * seconds)
    newcomer = Member(bench, bench.folder("member"), None, None, masters.site)
    newcomer.format([*masters.journal_addresses, newcomer.journal_address],
                    [*masters.addresses, newcomer.address])
    with SyncsBeside(bench) as beside:
        load = bench.load_begin(*arguments, "--seconds", 3600)
        time.sleep(0.5)
        masters.members.append(newcomer)
        began = time.monotonic()
        newcomer.start()
        try:
            wait_until(lambda: votes(primary, newcomer), "the newcomer votes", 10 * JOIN_S)
        finally:
            took_s = time.monotonic() - began
            load.send_signal(signal.SIGTERM)
            during = bench.load_end(load)
    bench.results.append({"part": "join", **during})
    after = bench.load(primary.server, *arguments, "--seconds", 2 * seconds)
    what = f"a new master joins a namespace of {files:,} files"
    percent = 100 * during["ops_per_s"] / before["ops_per_s"]
    table.add(f"{what}: until it votes", f"<= {JOIN_S} s", f"{took_s:.1f} s", took_s <= JOIN_S,
              values={"seconds": took_s})
    table.add(f"{what}: throughput meanwhile", f">= {JOIN_PERCENT} % of before",
              f"{percent:.0f} % ({rate(during['ops_per_s'])} of {rate(before['ops_per_s'])}), "
              f"{during['errors']} failed calls", percent >= JOIN_PERCENT and not during["errors"],
              ceiling=f"with one master more, afterwards: {rate(after['ops_per_s'])}",
              values={"before": before["ops_per_s"], "during": during["ops_per_s"],
                      "after": after["ops_per_s"]})
    table.add(f"{what}: longest gap", f"<= {JOIN_GAP_MS} ms",
              f"{during['longest_gap_ms']:.1f} ms", during["longest_gap_ms"] <= JOIN_GAP_MS,
              ceiling=f"a bare sync of this disk meanwhile, at most: {beside.longest_ms:.1f} ms; "
              f"before: {before['longest_gap_ms']:.1f} ms",
              values={"gap_ms": during["longest_gap_ms"], "beside_ms": beside.longest_ms})


def votes(primary, newcomer):
    status = primary.status()
    return status and any(m["address"] == newcomer.journal_address and m["is_voter"]
                          for m in status["quorum"]["members"])


# ---- memory ----

def memory(bench, table):
    """More calls than may be held or forwarded; and one master that stays behind."""
    masters = Masters(bench, holdfast__master__forward__writes="true")
    try:
        with Counters(masters) as counters:
            primary = masters.settled()
            standby, behind = masters.others(primary)
            behind.signal(signal.SIGSTOP)
            flood(bench, primary, "create")
            flood(bench, standby, "create")  # forwards
            primary.signal(signal.SIGSTOP)
            flood(bench, standby, "mkdirs")  # holds: there is no majority
            for member in (primary, behind):
                member.signal(signal.SIGCONT)
            masters.settled()
    finally:
        masters.close()
    for name, limit in Counters.LIMITS.items():
        most = counters.most[name]
        table.add(f"{name} under too many calls, at most", f"<= {limit:,}", f"{most:,}",
                  most <= limit, values={"most": most})
    table.add("resident memory meanwhile, at most", "", f"{counters.rss_bytes >> 20:,} MiB", None,
              values={"bytes": counters.rss_bytes})


def flood(bench, member, op):
    """Calls that fail are expected; that the master lives is what counts."""
    load = bench.load_begin("--target", member.address, "--op", op, *shape(48, 256), "--warmup", 0,
                            "--seconds", bench.options.seconds, "--timeout", 3)
    result = bench.load_end(load)
    bench.results.append({"part": "memory", **result})
    note(f"  flood of {op}: {rate(result['ops_per_s'])}, {result['errors']} refused or late")
