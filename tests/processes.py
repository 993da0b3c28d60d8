# SPDX-License-Identifier: Apache-2.0
"""Real processes for tests: a master in a folder of its own, started, killed and started again."""
import contextlib
import fcntl
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("HOLDFAST_BINARY", ROOT / "build/release/holdfast"))


class Ports:
    """Which ports are somebody's: whoever is given one listens there only a while later."""

    def __init__(self):
        self.given = set()
        # A byte of this file is a port.  Whoever locks it has it, until its process ends.
        self.file = open(pathlib.Path(tempfile.gettempdir(), f"holdfast-ports-{os.getuid()}"), "ab")

    def claim(self, port):
        """False: somebody has it, here or in another run of tests."""
        if port in self.given:
            return False
        with contextlib.suppress(BlockingIOError, PermissionError):
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            self.given.add(port)
            return True
        return False


PORTS = Ports()


def free_ports(count):
    """Ports that nobody else is given, in order, that nobody listened on a moment ago, and that no
    outgoing connection has."""
    ports = []
    while len(ports) < count:
        port = random.randrange(10000, 32768)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            if PORTS.claim(port):
                ports.append(port)
    return sorted(ports)


def wait_until(condition, what, seconds=30):
    """Looks again until condition() is true; the one place where tests pause."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def answers(port, host="127.0.0.1"):
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


class Process:
    """One holdfast process; its output goes to a file in its folder."""

    def __init__(self, args, log, port, wrapper=(), host="127.0.0.1"):
        self.log = pathlib.Path(log)
        self.port = port
        self.host = host
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen([*wrapper, BINARY, *map(str, args)], stdout=out,
                                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                          start_new_session=True)

    def wait_ready(self, seconds=60):
        def ready():
            if self.popen.poll() is not None:
                raise AssertionError(f"ended with {self.popen.returncode}: {self.tail()}")
            return answers(self.port, self.host)
        wait_until(ready, f"port {self.port} answers; log: {self.log}", seconds)
        return self

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self):
        """SIGKILL to it and what it started; returns when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self, seconds=30):
        """SIGTERM, past a wrapper such as strace too; returns the exit status."""
        os.killpg(self.popen.pid, signal.SIGTERM)
        return self.popen.wait(timeout=seconds)


def nameservice(addresses, provider="ConfiguredFailoverProxyProvider"):
    """Hadoop's properties of a client that knows all these masters: (host, port)."""
    names = {f"nn{i}": f"{host}:{port}" for i, (host, port) in enumerate(addresses)}
    return {"fs.defaultFS": "hdfs://holdfast", "dfs.nameservices": "holdfast",
            "dfs.ha.namenodes.holdfast": ",".join(names),
            "dfs.client.failover.proxy.provider.holdfast":
                f"org.apache.hadoop.hdfs.server.namenode.ha.{provider}",
            **{f"dfs.namenode.rpc-address.holdfast.{name}": address
               for name, address in names.items()}}


def write_xml(path, properties):
    rows = "".join(f"<property><name>{key}</name><value>{value}</value></property>\n"
                   for key, value in properties.items())
    path.write_text(f"<configuration>\n{rows}</configuration>\n")


class Cluster:
    """A master (and a worker) with data in `folder`."""

    def __init__(self, folder, properties=None, host="127.0.0.1"):
        self.host = host
        self.folder = pathlib.Path(folder)
        self.conf = self.folder / "conf"
        self.conf.mkdir(parents=True)
        self.port, self.hdfs_port, self.xfer_port, self.ipc_port, self.http_port = free_ports(5)
        self.master = None
        self.worker = None
        self._write_conf(properties or {})

    def _write_conf(self, properties):
        site = {
            "alluxio.master.hostname": self.host,
            "alluxio.master.rpc.port": self.port,
            "alluxio.master.journal.folder": self.folder / "master",
            **properties,
        }
        (self.conf / "alluxio-site.properties").write_text(
            "".join(f"{key}={value}\n" for key, value in site.items()))
        write_xml(self.conf / "core-site.xml", {"fs.defaultFS": f"hdfs://{self.host}:{self.port}"})
        write_xml(self.conf / "hdfs-site.xml", {
            "dfs.namenode.rpc-address": f"{self.host}:{self.hdfs_port}",
            "dfs.replication": 1,
            "dfs.datanode.data.dir": self.folder / "worker",
            "dfs.datanode.address": f"{self.host}:{self.xfer_port}",
            "dfs.datanode.ipc.address": f"{self.host}:{self.ipc_port}",
            "dfs.datanode.http.address": f"{self.host}:{self.http_port}",
        })

    def set(self, key, value):
        """A property, anew or for the first time, for what is started later."""
        site = self.conf / "alluxio-site.properties"
        rows = [row for row in site.read_text().splitlines() if not row.startswith(f"{key}=")]
        site.write_text("".join(f"{row}\n" for row in [*rows, f"{key}={value}"]))

    def run(self, *args, name="holdfast", executable=BINARY, timeout=120, **kwargs):
        """Runs a command to its end, of the tool that the binary takes that name for; or another."""
        environment = {**os.environ, "HADOOP_CONF_DIR": str(self.conf),
                       "ALLUXIO_CONF_DIR": str(self.conf)}
        return subprocess.run([name, *map(str, args)], executable=executable, env=environment,
                              capture_output=True, text=True, timeout=timeout, **kwargs)

    def format(self):
        done = self.run("format", "--conf", self.conf)
        assert done.returncode == 0, done.stdout + done.stderr
        return self

    def start_master(self, wrapper=(), wait=True):
        self.master = Process(["master", "--conf", self.conf], self.folder / "master.log",
                              self.port, wrapper, self.host)
        return self.master.wait_ready() if wait else self.master

    def start_worker(self, wrapper=(), wait=True):
        self.worker = Process(["worker", "--conf", self.conf], self.folder / "worker.log",
                              self.xfer_port, wrapper, self.host)
        return self.worker.wait_ready() if wait else self.worker

    def master_log(self):
        return (self.folder / "master.log").read_text(errors="replace")

    def close(self):
        for process in (self.worker, self.master):
            if process is not None:
                process.kill()


def copy_folder(source, target):
    shutil.copytree(source, target)
