# SPDX-License-Identifier: Apache-2.0
"""Real masters under the hands of an operator."""
import json

from processes import free_ports, wait_until
from quorum import Quorum

JOURNAL = "alluxio.master.embedded.journal."
LIST = JOURNAL + "addresses"
# Who is primary stays so unless a test wants another: a machine that stands still for a moment, or
# whose disk does, elects nobody.  How fast the dead are missed is asked elsewhere.
CALM = {JOURNAL + "election.timeout.min": "1s", JOURNAL + "election.timeout.max": "1500ms"}


class Masters:
    """Running masters, and commands that know all of them."""

    def __init__(self, folder, count=3, lists=True, properties=None):
        self.folder = folder
        self.quorum = Quorum(folder, count, {**CALM, **(properties or {})}, lists=lists)
        self.quorum.start()
        self.quorum.primary()

    @property
    def addresses(self):
        return [f"127.0.0.1:{port}" for port in self.quorum.journal_ports]

    def add(self, names=None):
        """One more, whose list has itself beside the first `names` others, or all; they do not know of
        it.  Its place."""
        port, = free_ports(1)
        place = len(self.quorum.members)
        self.quorum.journal_ports.append(port)
        self.quorum.properties[LIST] = ",".join([*self.addresses[:place][:names],
                                                 self.addresses[place]])
        member = self.quorum._member(self.folder / f"m{place}", "127.0.0.1", port)
        self.quorum.members.append(member)
        member.format().start_master()
        return place

    def tool(self, name, *words):
        names = ",".join(f"127.0.0.1:{port}" for port in self.quorum.ports)
        return self.quorum.members[0].run(*words[:1], "-D",
                                          f"alluxio.master.rpc.addresses={names}", *words[1:],
                                          name=name)

    def alluxio(self, *words):
        return self.tool("alluxio", *words)

    def allow(self, place):
        done = self.tool("holdfast", "quorum", "allow", self.addresses[place])
        assert done.returncode == 0, done.stderr

    def fsadmin(self, *words):
        return self.alluxio("fsadmin", *words)

    def info(self):
        """(leader, {address: state}) by `quorum info`, of whoever is primary or becomes it."""
        def ask():
            done = self.fsadmin("journal", "quorum", "info", "-domain", "MASTER")
            return done.returncode == 0 and done.stdout.splitlines()
        lines = wait_until(ask, "a primary that tells of its quorum")
        rows = [[cell.strip() for cell in line.split("|")] for line in lines[5:]]
        return lines[2].split(": ")[1], {address: state for state, _, address in rows}

    def state(self, place):
        """AVAILABLE and the like; None: no member."""
        return self.info()[1].get(self.addresses[place])

    def await_state(self, place, wanted):
        wait_until(lambda: self.state(place) == wanted, f"master {place} is {wanted}")

    def place(self, address):
        return self.addresses.index(address)

    def primary(self):
        """Its place."""
        return self.quorum.members.index(self.quorum.primary())

    def standby(self):
        return (self.primary() + 1) % len(self.quorum.members)

    def kill(self, place):
        self.quorum.members[place].master.kill()
        self.quorum.members[place].master = None

    def status(self, place):
        member = self.quorum.members[place]
        done = member.run("status", "--json", f"127.0.0.1:{member.port}")
        return done.returncode, json.loads(done.stdout) if done.stdout else None
