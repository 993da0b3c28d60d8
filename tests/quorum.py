# SPDX-License-Identifier: Apache-2.0
"""Several real masters on this machine, for tests of failover."""
import contextlib
import json

from hadoop_rpc import Connection, RemoteError
from processes import Cluster, free_ports, wait_until


class Quorum:
    """`count` masters, each with a folder and a configuration of its own; with `hosts`, each on one
    of those.  They list each other, unless `lists` is false."""

    def __init__(self, folder, count=3, properties=None, hosts=(), lists=True):
        self.hosts = list(hosts)
        self.journal_ports = free_ports(count)
        addresses = [host.address for host in hosts] or ["127.0.0.1"] * count
        self.properties = {**(properties or {})}
        if lists:
            self.properties.setdefault(
                "alluxio.master.embedded.journal.addresses",
                ",".join(f"{address}:{port}"
                         for address, port in zip(addresses, self.journal_ports)))
        self.members = [self._member(folder / f"m{i}", address, port)
                        for i, (address, port) in enumerate(zip(addresses, self.journal_ports))]

    def _member(self, folder, address, journal_port):
        return Cluster(folder, {**self.properties,
                                "alluxio.master.embedded.journal.port": journal_port}, address)

    def start_member(self, member, wait=True):
        member.start_master(wrapper=self.wrapper_of(member), wait=wait)

    def wrapper_of(self, member):
        host = self.host_of(member)
        return host.wrapper if host else ()

    def host_of(self, member):
        return self.hosts[self.members.index(member)] if self.hosts else None

    def enter_client(self, number):
        """The calling thread is a client from now on; where clients have hosts, on one of those."""

    def start(self):
        for member in self.members:
            member.format()
        for member in self.members:
            self.start_member(member, wait=False)
        for member in self.members:
            member.master.wait_ready()
        return self

    @property
    def ports(self):
        return [member.port for member in self.members]

    @property
    def addresses(self):
        """Of their clients: (host, port)."""
        return [(member.host, member.port) for member in self.members]

    def status(self, member):
        """What it says of itself; None: it does not answer."""
        done = member.run("status", "--json", "--conf", member.conf)
        return json.loads(done.stdout) if done.stdout else None

    def are_equal(self):
        """All have applied the same, and it gave the same state."""
        states = [self.status(member) for member in self.members]
        return all(states) and len({(s["applied_index"], s["digest"]) for s in states}) == 1

    def is_primary(self, member):
        """By what HDFS clients ask."""
        with contextlib.suppress(OSError, RemoteError, EOFError):
            connection = Connection(member.port, host=member.host, timeout=5)
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
