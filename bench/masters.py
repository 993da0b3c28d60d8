# SPDX-License-Identifier: Apache-2.0
"""Several masters for benchmarks: started, looked at, killed and started again."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

from harness import ROOT, note

sys.path.insert(0, str(ROOT / "tests"))
from hadoop_rpc import Connection, RemoteError, field  # noqa: E402

STATUS_PROTOCOL = "io.holdfast.StatusProtocol"
JOURNAL = "alluxio.master.embedded.journal"


def wait_until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class Member:
    """One master with a folder and a configuration of its own."""

    def __init__(self, bench, folder, journal_folder, host, site):
        self.bench, self.folder, self.host = bench, folder, host
        self.ip = host.address if host else "127.0.0.1"
        self.port, self.journal_port, self.hdfs_port = bench.port(), bench.port(), bench.port()
        self.address = f"{self.ip}:{self.port}"
        self.journal_address = f"{self.ip}:{self.journal_port}"
        self.server = None
        self.site = {
            "alluxio.master.hostname": self.ip,
            "alluxio.master.rpc.port": self.port,
            "alluxio.master.journal.folder": journal_folder or folder / "master",
            f"{JOURNAL}.port": self.journal_port,
            **site,
        }

    def format(self, journal_addresses, rpc_addresses):
        conf = self.folder / "conf"
        conf.mkdir()
        site = {f"{JOURNAL}.addresses": ",".join(journal_addresses),
                "alluxio.master.rpc.addresses": ",".join(rpc_addresses), **self.site}
        (conf / "alluxio-site.properties").write_text(
            "".join(f"{key}={value}\n" for key, value in site.items()))
        (conf / "hdfs-site.xml").write_text(
            "<configuration><property><name>dfs.namenode.rpc-address</name>"
            f"<value>{self.ip}:{self.hdfs_port}</value></property></configuration>\n")
        self.tool("format", "--conf", conf)

    def tool(self, *words):
        binary = pathlib.Path(self.bench.options.build) / "holdfast"
        done = subprocess.run([str(word) for word in (binary, *words)], capture_output=True,
                              text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"holdfast {words[0]}: {done.stderr.strip() or done.stdout.strip()}")

    def start(self):
        binary = pathlib.Path(self.bench.options.build) / "holdfast"
        wrapper = self.host.wrapper if self.host else ()
        self.server = self.bench.start(
            "master", [*wrapper, binary, "master", "--conf", self.folder / "conf"], self.address,
            self.folder)

    def signal(self, number):
        os.kill(self.server.pid, number)

    def must_run(self):
        if self.server and self.server.popen.poll() is not None:
            log = (self.folder / "master.log").read_text(errors="replace").splitlines()
            raise RuntimeError(f"the master at {self.address} ended: {' / '.join(log[-3:])}")

    def kill(self):
        if self.server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.server.popen.kill()
        self.server.popen.wait()
        self.server = None

    def status(self, timeout=1):
        """What it says of itself; None: it does not answer."""
        with contextlib.suppress(OSError, RemoteError):
            connection = Connection(self.port, host=self.ip, timeout=timeout)
            try:
                reply = connection.call("getStatus", [], protocol=STATUS_PROTOCOL)
                return json.loads(field(reply, 1))
            finally:
                connection.close()
        return None

    def call(self, **options):
        return Connection(self.port, host=self.ip, **options)


class Masters:
    """A quorum that forms; with `hosts`, each member on one of those; with `disks`, each with its
    journal on one of those."""

    def __init__(self, bench, count=3, hosts=(), disks=(), **site):
        self.bench = bench
        self.site = {key.replace("__", "."): value for key, value in site.items()}
        self.members = []
        for i in range(count):
            folder = bench.folder("member")
            journal = disks[i].folder / "journal" if disks else None
            self.members.append(Member(bench, folder, journal, hosts[i] if hosts else None,
                                       self.site))
        for member in self.members:
            member.format(self.journal_addresses, self.addresses)
        try:
            for member in self.members:
                member.start()
            self.settled()
        except BaseException:
            self.close()
            raise

    @property
    def addresses(self):
        return [member.address for member in self.members]

    @property
    def journal_addresses(self):
        return [member.journal_address for member in self.members]

    def primary(self):
        """None: there is none just now."""
        for member in self.members:
            status = member.status() if member.server else None
            if status and status["role"] == "primary":
                return member
        return None

    def _is_settled(self, primary):
        status = primary.status()
        if not status or status["role"] != "primary":
            return False
        listed = status["quorum"]["members"]
        return len(listed) == len(self.members) and all(
            m["is_voter"] and m["health"] == 0
            and (m["is_self"] or (m["is_connected"] and m["match"] >= status["commit_index"]))
            for m in listed)

    def _why_unsettled(self):
        primary = self.primary()
        if primary is None:
            return "there is no primary"
        keys = ("address", "is_voter", "is_connected", "match", "health")
        return str([{key: m[key] for key in keys} for m in primary.status()["quorum"]["members"]])

    def settled(self, seconds=60):
        """Waits until all members vote, are well and have everything; returns the primary."""
        def look():
            for member in self.members:
                member.must_run()
            primary = self.primary()
            return primary if primary and self._is_settled(primary) else None
        try:
            return wait_until(look, "all masters in step", seconds)
        except RuntimeError as error:
            raise RuntimeError(f"{error}; {self._why_unsettled()}") from error

    def first(self, member):
        """Addresses for a client, that member's before the others'."""
        return ",".join([member.address, *(a for a in self.addresses if a != member.address)])

    def others(self, member):
        return [m for m in self.members if m is not member]

    def longest_sync_ms(self):
        """Of any of them, since they were started."""
        return max(member.status()["sync_us_max"] for member in self.members) / 1000

    def by_server(self, cpu_before=None):
        """Processor time of each member in ns, or what was added since `cpu_before`."""
        now = {m.address: m.server.cpu_ns() for m in self.members}
        return now if cpu_before is None else {a: now[a] - cpu_before[a] for a in now}

    def close(self):
        """Their folders go as well: all parts together would need tens of gigabytes."""
        for member in self.members:
            with contextlib.suppress(ProcessLookupError, AttributeError):
                member.signal(signal.SIGCONT)
            member.kill()
            if not self.bench.options.keep:
                shutil.rmtree(member.folder)


class Disk:
    """A small file system of its own, in memory."""

    def __init__(self, folder, mib):
        self.folder = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder], check=True)

    def fill(self):
        with contextlib.suppress(OSError), open(self.folder / "filler", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        with contextlib.suppress(OSError), open(self.folder / "filler", "ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def empty(self):
        (self.folder / "filler").unlink()

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=False)


class Counters:
    """The largest values that masters showed of what their memory is for, seen every 20 ms."""

    LIMITS = {  # what the masters keep to: held and forwarded calls, the journal's newest entries
        "held_calls": 10_000,
        "held_bytes": 64 << 20,
        "forwarded_bytes": 64 << 20,
        "tail_bytes": (64 << 20) + (160 << 20),
    }

    def __init__(self, masters):
        self.most = dict.fromkeys(self.LIMITS, 0)
        self.rss_bytes = 0
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._watch, args=(member,), daemon=True)
                        for member in masters.members]

    def _watch(self, member):
        while not self.is_over.wait(0.02):
            status = member.status()
            if status is None:
                continue
            seen = {**status, **status["quorum"]}
            with self.lock:
                self.rss_bytes = max(self.rss_bytes, status["resident_bytes"])
                for name in self.most:
                    self.most[name] = max(self.most[name], seen[name])

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


class HdfsCli:
    """Debian's hdfs-cli, which knows all masters; one short process a call."""

    PROGRAM = "/usr/bin/hdfs"

    def __init__(self, bench, masters):
        conf = bench.folder("client")
        names = [f"nn{i}" for i in range(len(masters.members))]
        site = {"fs.defaultFS": "hdfs://bench", "dfs.nameservices": "bench",
                "dfs.ha.namenodes.bench": ",".join(names),
                **{f"dfs.namenode.rpc-address.bench.{name}": member.address
                   for name, member in zip(names, masters.members)}}
        rows = "".join(f"<property><name>{key}</name><value>{value}</value></property>\n"
                       for key, value in site.items())
        for name in ("core-site.xml", "hdfs-site.xml"):
            (conf / name).write_text(f"<configuration>\n{rows}</configuration>\n")
        self.environment = {"HADOOP_CONF_DIR": str(conf), "HADOOP_USER_NAME": os.environ.get(
            "USER", "root"), "PATH": os.environ["PATH"]}
        self.made, self.failed, self.longest_s = [], 0, 0

    def run(self, *words):
        began = time.monotonic()
        done = subprocess.run([self.PROGRAM, *words], env=self.environment, capture_output=True,
                              text=True, timeout=60)
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        if done.returncode != 0:
            note(f"  hdfs-cli: {done.stderr.strip()}")
        return done.returncode == 0

    def make_until(self, is_over, name):
        """Directories, one after the other; returns the longest time between two that were made."""
        longest, last = 0, time.monotonic()
        number = 0
        while not is_over():
            path = f"/{name}-{number}"
            number += 1
            if self.run("mkdir", path):
                now = time.monotonic()
                longest, last = max(longest, now - last), now
                self.made.append(path)
            else:
                self.failed += 1
        return max(longest, time.monotonic() - last)
