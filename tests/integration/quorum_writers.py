# SPDX-License-Identifier: Apache-2.0
"""Writers that go on over failovers: a call without an answer is repeated, with the same ids, at the
next master, until it is answered.

Some have a directory each, and know what must be in it.  The others meet in shared directories,
look at any master, and what all of them were told must fit one order (linearizable.py)."""
import contextlib
import functools
import itertools
import os
import random
import threading
import time

from hadoop_rpc import Connection, RemoteError, field
from linearizable import EXISTS, MISSING, Call, misfit
from processes import wait_until
from writers import Writer

WRITERS = 4
SHARERS = 3
CELLS = 4
NAMES = ("a", "b", "c")
FILE_ID = 13  # in HdfsFileStatusProto
THINK_SECONDS = 0.002


class QuorumWriter(Writer):
    def __init__(self, quorum, number, seed, folder="", timeout=1.0):
        super().__init__(None, number, seed)
        self.root = folder + self.root
        self.enter = functools.partial(quorum.enter_client, number)
        self.addresses = quorum.addresses
        self.at = number % len(self.addresses)
        self.timeout = timeout  # after it the next master is asked
        self.stopping = threading.Event()
        self.longest_gap = 0.0

    def is_elsewhere(self, error):
        """Also where the one primary that there may be has no room, as HDFS's safe mode would."""
        return (error.java_class.endswith(("StandbyException", "RetriableException"))
                or "changes are refused until there is room" in error.text)

    def move_on(self):
        """To the next master that can be reached."""
        if self.connection is not None:
            self.connection.close()
        while True:
            for _ in self.addresses:
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
                if not self.is_elsewhere(error):
                    raise
            except OSError:
                pass
            retry += 1
            self.move_on()
        self.longest_gap = max(self.longest_gap, time.monotonic() - began)

    def begin(self):
        self.insist("mkdirs", [""], 0)
        self.entries.clear()

    def run(self):
        try:
            self.enter()
            self.move_on()
            self.begin()
            for call_id in itertools.count(1):
                if self.stopping.is_set():
                    break
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


class Sharer(QuorumWriter):
    """Its calls, as a history of each cell."""

    def __init__(self, quorum, number, seed, folder=""):
        super().__init__(quorum, number, seed)
        self.folder = folder
        self.histories = [[] for _ in range(CELLS)]

    def move_on(self):
        super().move_on()
        self.connection.next_call_id = 1 << 30  # of looks; writes have ids of their own

    def choose(self):
        kind = self.random.choice(["create", "create", "delete", "rename", "look", "look"])
        names = self.random.sample(NAMES, 2 if kind == "rename" else 1)
        return kind, (self.random.randrange(CELLS), *names)

    def perform(self, operation, names, call_id, retry):
        cell, *names = names
        paths = [f"{self.folder}/shared/{cell}/{name}" for name in names]
        ids = {"call_id": call_id, "retry": retry}
        try:
            if operation == "create":
                return field(self.connection.create(paths[0], self.name, parents=True, **ids),
                             FILE_ID)
            if operation == "delete":
                return self.connection.delete(paths[0], True, **ids)
            if operation == "rename":
                return self.connection.rename(*paths, **ids)
        except RemoteError as error:
            if error.java_class.endswith(("FileAlreadyExistsException",
                                          "AlreadyBeingCreatedException")):
                return EXISTS
            if operation == "rename" and error.java_class.endswith("FileNotFoundException"):
                return MISSING
            raise
        status = self.connection.stat(paths[0])
        return None if status is None else field(status, FILE_ID)

    def step(self, operation, names, call_id, retry=0):
        if retry == 0:
            self.began = time.monotonic()
        answer = self.perform(operation, names, call_id, retry)
        cell, *names = names
        self.histories[cell].append(Call(self.began, time.monotonic(), operation, tuple(names),
                                         answer))
        self.acknowledged += 1

    def insist(self, operation, names, call_id):
        super().insist(operation, names, call_id)
        self.stopping.wait(THINK_SECONDS)
        if operation == "look" and self.random.random() < 0.3:
            self.move_on()

    def begin(self):
        """The directories come with their files."""

    def look_everywhere(self):
        """At the end: what every master says."""
        for _ in self.addresses:
            for cell in range(CELLS):
                for name in NAMES:
                    self.step("look", (cell, name), 0)
            self.move_on()


class Load:
    """Writers in the background, each below `folder`, whose names and histories are judged at the
    end."""

    def __init__(self, quorum, folder="", seed=None):
        if seed is None:
            seed = os.environ.get("HOLDFAST_SEED") or random.SystemRandom().randrange(1 << 32)
            print(f"seed {seed}")
        self.quorum = quorum
        self.writers = [QuorumWriter(quorum, number, seed, folder) for number in range(WRITERS)]
        self.sharers = [Sharer(quorum, WRITERS + number, seed, folder)
                        for number in range(SHARERS)]
        for writer in self.writers + self.sharers:
            writer.start()

    @property
    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)

    def has_failed(self):
        return any(writer.failure for writer in self.writers + self.sharers)

    def goes_on(self, calls=200, seconds=30):
        """Returns when so many more calls were acknowledged."""
        goal = self.acknowledged + calls
        wait_until(lambda: self.acknowledged >= goal or self.has_failed(),
                   f"{calls} more calls", seconds + calls // 50)

    def give_up(self):
        for writer in self.writers + self.sharers:
            writer.stopping.set()

    def check(self):
        """Every acknowledged name, and no other, is at every master."""
        for member in self.quorum.members:
            for writer in self.writers:
                writer.check(member)

    def ends(self):
        """The names are right, the states are equal, and the histories of shared names fit one
        order."""
        for writer in self.writers + self.sharers:
            writer.stop()
        self.check()
        wait_until(self.quorum.are_equal, "equal digests")
        self.sharers[0].look_everywhere()
        for cell in range(CELLS):
            wrong = misfit([sharer.histories[cell] for sharer in self.sharers])
            assert wrong is None, f"cell {cell}: no order of the calls gives {wrong}"

    def gaps(self):
        return [round(writer.longest_gap, 3) for writer in self.writers]
