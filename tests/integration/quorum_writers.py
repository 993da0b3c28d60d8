# SPDX-License-Identifier: Apache-2.0
"""Writers that go on over failovers: a call without an answer is repeated, with the same ids, at the
next master, until it is answered."""
import contextlib
import os
import random
import threading
import time

from hadoop_rpc import Connection, RemoteError
from processes import wait_until
from writers import Writer

WRITERS = 4


class QuorumWriter(Writer):
    elsewhere = ("StandbyException", "RetriableException")

    def __init__(self, quorum, number, seed, timeout=1.0):
        super().__init__(None, number, seed)
        self.addresses = quorum.addresses
        self.at = number % len(self.addresses)
        self.timeout = timeout  # after it the next master is asked
        self.stopping = threading.Event()
        self.longest_gap = 0.0

    def move_on(self):
        """To the next master that can be reached."""
        while True:
            if self.connection is not None:
                self.connection.close()
            self.at = (self.at + 1) % len(self.addresses)
            host, port = self.addresses[self.at]
            with contextlib.suppress(OSError):
                self.connection = Connection(port, host=host, client_id=self.client_id,
                                             timeout=self.timeout)
                self.client_id = self.connection.client_id
                return
            if self.stopping.wait(0.005):
                raise ConnectionError("no master can be reached")

    def insist(self, operation, names, call_id):
        retry, began = 0, time.monotonic()
        while True:
            try:
                self.step(operation, names, call_id, retry)
                break
            except RemoteError as error:
                if not error.java_class.endswith(self.elsewhere):
                    raise
            except OSError:
                pass
            retry += 1
            self.move_on()
        self.longest_gap = max(self.longest_gap, time.monotonic() - began)

    def run(self):
        call_id = 0
        try:
            self.move_on()
            self.insist("mkdirs", [""], call_id)
            self.entries.clear()
            while not self.stopping.is_set():
                call_id += 1
                self.insist(*self.choose(), call_id)
        except BaseException as error:  # noqa: BLE001 - reported by the test's thread
            self.failure = error

    def stop(self):
        self.stopping.set()
        self.join(60)
        assert not self.is_alive(), f"{self.name} hangs"
        if self.failure is not None:
            raise self.failure

    def check(self, member):
        """Every name and no other, at that master."""
        connection = Connection(member.port, host=member.host)
        assert connection.list(self.root) == sorted(self.entries)
        connection.close()


class Load:
    """Writers in the background, whose names are compared at the end."""

    def __init__(self, quorum):
        seed = os.environ.get("HOLDFAST_SEED") or str(random.SystemRandom().randrange(1 << 32))
        print(f"seed {seed}")
        self.quorum = quorum
        self.writers = [QuorumWriter(quorum, number, seed) for number in range(WRITERS)]
        for writer in self.writers:
            writer.start()

    @property
    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)

    def goes_on(self, calls=200):
        """Returns when so many more calls were acknowledged."""
        goal = self.acknowledged + calls
        wait_until(lambda: self.acknowledged >= goal
                   or any(writer.failure for writer in self.writers), f"{calls} more calls")

    def ends(self):
        """Every acknowledged name, and no other, is at every master, and the states are equal."""
        for writer in self.writers:
            writer.stop()
        for member in self.quorum.members:
            for writer in self.writers:
                writer.check(member)
        wait_until(lambda: len({(s["applied_index"], s["digest"])
                                for s in map(self.quorum.status, self.quorum.members)}) == 1,
                   "equal digests")

    def gaps(self):
        return [round(writer.longest_gap, 3) for writer in self.writers]
