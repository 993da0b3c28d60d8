# SPDX-License-Identifier: Apache-2.0
"""Real masters for storms: each with a host, a disk and a clock of its own, and one more in reserve;
workers and clients on hosts of their own."""
import os
import re
import shutil

import clocks
import networks
from disks import Disk
from masters import LIST
from processes import Cluster, nameservice, write_xml
from quorum import Quorum

CLIENTS, WORKERS = 2, 2  # hosts of them

# Of a log: all that it may say, and what it may never say here.
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO |WARN |ERROR) [A-Z_]+ .+")
TAKEN_OUT = "this master was taken out of the quorum and stops"
NEVER = re.compile(r" ERROR (?!.*(" + TAKEN_OUT + r"|input or output error))|state after index \d+ differs|"
                   r"not everything has ended")


class Loopback:
    """A host where no namespaces can be made."""
    address, wrapper = "127.0.0.1", ()

    def enter(self):
        pass


class StormQuorum(Quorum):
    """Masters that come and go: there is a host more than masters, for the next newcomer."""

    def __init__(self, folder, count, properties, stack):
        self.network = None
        hosts = [Loopback()] * (count + 1 + CLIENTS + WORKERS)
        if networks.can_make():
            self.network = networks.Network(len(hosts))
            stack.callback(self.network.close)
            hosts = self.network.hosts
        super().__init__(folder, count + 1, properties, hosts[:count + 1])
        stack.callback(self.close)
        self.everybody = list(self.members)  # whatever they are at the moment
        rest = iter(hosts[count + 1:])
        self.clients = [self.outsider(folder / f"c{i}", next(rest)) for i in range(CLIENTS)]
        self.workers = [self.outsider(folder / f"w{i}", next(rest)) for i in range(WORKERS)]
        self.places = dict(zip(self.everybody + self.clients + self.workers, hosts))
        self.disks = {}
        if os.geteuid() == 0:
            for member in self.everybody:
                self.disks[member] = disk = Disk(member.folder / "disk", 128 << 20)
                stack.callback(disk.close)
                member.set("alluxio.master.journal.folder", disk.folder / "journal")
        self.clocks = {}
        if clocks.can_make():
            self.clocks = {member: clocks.Clock(member.folder) for member in self.everybody}
        self.spare = self.take_away(self.members[-1])
        self.write_lists()
        self.start()
        for worker in self.workers:
            self.start_node(worker)

    def close(self):
        for node in self.everybody + self.workers:
            node.close()

    def start_node(self, node, wait=True):
        """A master or a worker."""
        if node in self.workers:
            node.start_worker(self.wrapper_of(node), wait)
        else:
            self.start_member(node, wait)

    def process_of(self, node):
        return node.worker if node in self.workers else node.master

    def host_of(self, node):
        return self.places[node]

    def outsider(self, folder, host):
        """Who is no master, and knows all of them."""
        made = Cluster(folder, self.properties, host.address)
        made.set("alluxio.master.rpc.addresses", self.rpc_addresses)
        write_xml(made.conf / "core-site.xml", nameservice(self.addresses))
        return made

    def enter_client(self, number):
        self.host_of(self.clients[number % CLIENTS]).enter()

    def wrapper_of(self, node):
        clock = self.clocks.get(node)
        return (*super().wrapper_of(node), *(clock.wrapper if clock else ()))

    @property
    def addresses(self):
        return [(member.host, member.port) for member in self.everybody]

    @property
    def rpc_addresses(self):
        return ",".join(f"{host}:{port}" for host, port in self.addresses)

    def journal_address(self, member):
        place = self.members.index(member)
        return f"{member.host}:{self.journal_ports[place]}"

    def write_lists(self):
        """Everybody's, for its next start."""
        for member in self.members:
            member.set(LIST, ",".join(map(self.journal_address, self.members)))

    def take_away(self, member):
        place = self.members.index(member)
        return self.members.pop(place), self.journal_ports.pop(place)

    def enlist(self):
        """The spare one starts, as a newcomer that names all others."""
        newcomer, port = self.spare
        self.members.append(newcomer)
        self.journal_ports.append(port)
        self.spare = None
        self.write_lists()
        self.format(newcomer)
        self.start_member(newcomer)
        return newcomer

    def dismiss(self, member):
        self.spare = self.take_away(member)
        self.write_lists()

    def format(self, member):
        member.format()
        for old in member.folder.glob("**/*.before-format-*"):
            shutil.rmtree(old)

    def quorum_command(self, tool, *words):
        """Asks all masters; its result may be anything while there are faults."""
        return self.members[0].run(
            *words[:1], "-D", f"alluxio.master.rpc.addresses={self.rpc_addresses}", *words[1:],
            name=tool)

    def fsadmin(self, word, member):
        return self.quorum_command("alluxio", "fsadmin", "journal", "quorum", word, *(
            ["-domain", "MASTER"] if word == "remove" else []), "-address",
            self.journal_address(member))

    def is_voter(self, member):
        status = self.status(member)
        return status is not None and any(m["is_self"] and m["is_voter"]
                                          for m in status["quorum"]["members"])

    def check_processes(self):
        """All run, and said nothing that nobody can read or that nothing here explains."""
        for node in self.members + self.workers:
            process = self.process_of(node)
            assert process.popen.poll() is None, f"{node.folder} ended: {process.tail()}"
        for process in filter(None, map(self.process_of, self.everybody + self.workers)):
            for line in process.log.read_text(errors="replace").splitlines():
                assert LINE.fullmatch(line) and line.isprintable(), f"{process.log}: {line}"
                assert not NEVER.search(line), f"{process.log}: {line}"

    def stored_blocks(self):
        """Ids of those that lie on workers."""
        return {int(path.name.removeprefix("blk_")) for worker in self.workers
                for path in (worker.folder / "worker").rglob("blk_*")
                if not path.name.endswith(".meta")}
