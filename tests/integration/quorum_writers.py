# SPDX-License-Identifier: Apache-2.0
"""Writers that go on over failovers: a call without an answer is repeated, with the same ids, at the
next master, until it is answered."""
import contextlib
import threading
import time

from hadoop_rpc import Connection, RemoteError
from writers import Writer


class QuorumWriter(Writer):
    elsewhere = ("StandbyException", "RetriableException")

    def __init__(self, quorum, number, seed):
        super().__init__(quorum.ports[number % len(quorum.ports)], number, seed)
        self.ports = quorum.ports
        self.stopping = threading.Event()
        self.longest_gap = 0.0

    def move_on(self):
        """To the next master that can be reached."""
        while True:
            if self.connection is not None:
                self.connection.close()
            self.port = self.ports[(self.ports.index(self.port) + 1) % len(self.ports)]
            with contextlib.suppress(OSError):
                self.connection = Connection(self.port, client_id=self.client_id, timeout=5)
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

    def check(self, port):
        """Every name and no other, at that master."""
        connection = Connection(port)
        assert connection.list(self.root) == sorted(self.entries)
        connection.close()
