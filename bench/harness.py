# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: servers in folders of their own, the load generator, tables."""
import concurrent.futures
import contextlib
import glob
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent


def note(text):
    print(text, file=sys.stderr, flush=True)


# ---- processes ----

class Server:
    """Something that speaks Hadoop RPC at `address`; `popen` is None when it is not ours to end."""

    def __init__(self, name, address, pid, popen=None):
        self.name, self.address, self.pid, self.popen = name, address, pid, popen

    def stop(self):
        if self.popen is None:
            return
        self.popen.terminate()
        try:
            self.popen.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()

    def rss_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"{self.name}: no VmRSS of process {self.pid}")

    def cpu_ns(self):
        """Processor time of all its threads, finer than the clock ticks of /proc/PID/stat."""
        tasks = glob.glob(f"/proc/{self.pid}/task/*/schedstat")
        return sum(int(pathlib.Path(task).read_text().split()[0]) for task in tasks)


class Bench:
    def __init__(self, options):
        self.options = options
        self.tools = pathlib.Path(options.build) / "bench"
        self.next_port = options.port_base
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.dir))
        self.results = []  # every line of JSON
        self.has_errors = False

    def port(self):
        """The next that nobody uses."""
        while True:
            self.next_port += 1
            with contextlib.suppress(OSError), socket.socket() as listener:
                listener.bind(("127.0.0.1", self.next_port - 1))
                return self.next_port - 1

    def folder(self, name):
        return pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.dir))

    def start(self, name, command, address, folder, environment=None):
        # Not in a session of its own: Linux would share the processors among sessions, so that what
        # a master does at a low priority took as much of them as the others' service.
        with open(folder / f"{name}.log", "ab") as log:
            popen = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log,
                                     stdin=subprocess.DEVNULL, process_group=0,
                                     env={**os.environ, **(environment or {})})
        return Server(name, address, popen.pid, popen)

    # ---- the servers ----

    def start_echo(self, is_durable):
        folder = self.folder("echo")
        address = f"127.0.0.1:{self.port()}"
        command = [self.tools / "echo", "--listen", address]
        if is_durable:
            command += ["--sync", folder / "sync"]
        return self.start("echo", command, address, folder)

    def ours_command(self, folder, port):
        """Formats a folder; returns how its master is started."""
        binary = pathlib.Path(self.options.build) / "holdfast"
        (folder / "conf").mkdir()
        (folder / "conf" / "alluxio-site.properties").write_text(
            "alluxio.master.hostname=127.0.0.1\n"
            f"alluxio.master.rpc.port={port}\n"
            f"alluxio.master.journal.folder={folder}/master\n")
        (folder / "conf" / "hdfs-site.xml").write_text(
            "<configuration><property><name>dfs.namenode.rpc-address</name>"
            f"<value>127.0.0.1:{self.port()}</value></property></configuration>\n")
        subprocess.run([binary, "format", "--conf", folder / "conf"], check=True,
                       stdout=subprocess.DEVNULL)
        return [binary, "master", "--conf", folder / "conf"]

    def start_ours(self):
        folder, port = self.folder("ours"), self.port()
        command = self.ours_command(folder, port)
        return self.start("ours", command, f"127.0.0.1:{port}", folder)

    # ---- the load generator ----

    def load_begin(self, *arguments):
        """Begins one run, which load_end() ends."""
        command = [self.tools / "loadgen", *arguments]
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def load_end(self, popen):
        """What it printed."""
        out, err = popen.communicate()
        if popen.returncode not in (0, 1) or not out:
            raise RuntimeError(f"loadgen: {err.strip()}")
        return json.loads(out)

    def load(self, server, *arguments):
        """One run; returns what it printed."""
        result = {"server": server.name,
                  **self.load_end(self.load_begin(*arguments, "--server-pid", server.pid))}
        if result["errors"] != 0:
            self.has_errors = True
            note(f"  {server.name}: {result['errors']} errors, the first: {result['first_error']}")
        self.results.append(result)
        return result

    def wait(self, server, seconds=60):
        self.load(server, "--retry", server.address, "--op", "root", "--count", 1, "--timeout",
                  seconds)
        return server

    def prepare(self, server, files):
        return self.load(server, "--target", server.address, "--prepare", "--files", files,
                         "--connections", 8, "--inflight", 32)

    def probe_sync(self, *arguments, name="probe", count=1000):
        """Bare syncs on the disk that the masters use: p50_us, p99_us, max_us."""
        done = subprocess.run([str(self.tools / "echo"), "--sync", str(self.dir / name),
                               "--probe", str(count), *arguments], check=True,
                              capture_output=True, text=True)
        return json.loads(done.stdout)


class SyncsBeside:
    """A bare sync every few milliseconds, to see what the disk makes everybody wait meanwhile."""

    def __init__(self, bench):
        self.bench = bench
        self.is_over = threading.Event()
        self.pool = concurrent.futures.ThreadPoolExecutor(1)

    def _watch(self):
        longest_us = 0
        while not self.is_over.is_set():
            result = self.bench.probe_sync("--pause-us", "2000", name="beside", count=500)
            longest_us = max(longest_us, result["max_us"])
        return longest_us / 1000

    def __enter__(self):
        self.watch = self.pool.submit(self._watch)
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.pool.shutdown()

    @property
    def longest_ms(self):
        """When it is over; raises what kept it from being measured."""
        return self.watch.result()


# ---- results ----

def median(results, field):
    return statistics.median(result[field] for result in results) if results else None


def rate(value):
    return "-" if value is None else f"{value / 1000:,.1f} k/s"


def verdict(is_cleared):
    return "PASS" if is_cleared else "FAIL"


def machine():
    """One line about what was measured on."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), "unknown processor")
    load = pathlib.Path("/proc/loadavg").read_text().split()[0]
    return f"{os.cpu_count()} x {model}, Linux {os.uname().release}, load average before: {load}"
