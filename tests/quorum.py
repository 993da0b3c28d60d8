# SPDX-License-Identifier: Apache-2.0
"""Several real masters on this machine, for tests of failover."""
import contextlib
import json

from hadoop_rpc import Connection, RemoteError
from processes import Cluster, free_ports, wait_until


class Quorum:
    """`count` masters, each with a folder and a configuration of its own."""

    def __init__(self, folder, count=3, properties=None):
        self.journal_ports = free_ports(count)
        self.properties = {
            "alluxio.master.embedded.journal.addresses":
                ",".join(f"127.0.0.1:{port}" for port in self.journal_ports),
            **(properties or {}),
        }
        self.members = [self._member(folder / f"m{i}", port)
                        for i, port in enumerate(self.journal_ports)]

    def _member(self, folder, journal_port):
        return Cluster(folder, {**self.properties,
                                "alluxio.master.embedded.journal.port": journal_port})

    def start(self):
        for member in self.members:
            member.format()
        for member in self.members:
            member.start_master(wait=False)
        for member in self.members:
            member.master.wait_ready()
        return self

    @property
    def ports(self):
        return [member.port for member in self.members]

    def status(self, member):
        """What it says of itself; None: it does not answer."""
        done = member.run("status", "--json", "--conf", member.conf)
        return json.loads(done.stdout) if done.stdout else None

    def is_primary(self, member):
        """By what HDFS clients ask."""
        with contextlib.suppress(OSError, RemoteError, EOFError):
            connection = Connection(member.port, timeout=5)
            try:
                return connection.is_active()
            finally:
                connection.close()
        return False

    def primary(self, seconds=30):
        def find():
            return next((m for m in self.members if m.master is not None and self.is_primary(m)),
                        None)
        return wait_until(find, "a primary", seconds)

    def close(self):
        for member in self.members:
            member.close()
