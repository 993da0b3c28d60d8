# SPDX-License-Identifier: Apache-2.0
"""Writers that know what the file system must hold after any crash.

Each writer has a directory and a connection of its own.  It remembers what was acknowledged and the
one call that was on its way when the master died; that call is repeated with the same ids.
"""
import random
import threading

from hadoop_rpc import Connection, RemoteError

FILE, FOLDER = "file", "folder"


class Writer(threading.Thread):
    def __init__(self, port, number, seed):
        super().__init__(name=f"writer {number}", daemon=True)
        self.port = port
        self.root = f"/w{number}"
        self.random = random.Random(f"{seed}/{number}")
        self.connection = None
        self.client_id = None
        self.entries = {}      # name: FILE or FOLDER, all acknowledged
        self.pending = None    # (operation, names, call id) without an answer
        self.acknowledged = 0
        self.refused = 0
        self.serial = 0
        self.failure = None

    def connect(self):
        self.connection = Connection(self.port, client_id=self.client_id)
        self.client_id = self.connection.client_id
        if self.pending is not None:
            self.connection.next_call_id = self.pending[2] + 1

    def path(self, name):
        return f"{self.root}/{name}"

    def choose(self):
        """An operation that must succeed, or one that must be refused."""
        self.serial += 1
        new = f"n{self.serial}"
        old = self.random.choice(sorted(self.entries)) if self.entries else None
        kinds = ["mkdirs", "create"]
        if old is not None:
            kinds += ["rename", "delete", "create-existing", "mkdirs"]
        kind = self.random.choice(kinds)
        if kind in ("mkdirs", "create"):
            return kind, (new,)
        if kind == "rename":
            return kind, (old, new)
        return kind, (old,)

    def is_elsewhere(self, error):
        """True for exceptions that say nothing about the call itself."""
        return False

    def perform(self, operation, names, call_id, retry):
        paths = [self.path(name) for name in names]
        ids = {"call_id": call_id, "retry": retry}
        connection = self.connection
        if operation == "mkdirs":
            assert connection.mkdirs(paths[0], **ids) is True
        elif operation in ("create", "create-existing"):
            connection.create(paths[0], self.name, **ids)
        elif operation == "rename":
            connection.rename(*paths, **ids)
        elif operation == "delete":
            assert connection.delete(paths[0], True, **ids) is True

    def remember(self, operation, names):
        if operation == "mkdirs":
            self.entries[names[0]] = FOLDER
        elif operation == "create":
            self.entries[names[0]] = FILE
        elif operation == "rename":
            self.entries[names[1]] = self.entries.pop(names[0])
        elif operation == "delete":
            del self.entries[names[0]]
        else:
            raise AssertionError(f"{operation} {names} succeeded and must not")
        self.acknowledged += 1

    def step(self, operation, names, call_id, retry=0):
        self.pending = (operation, names, call_id)
        try:
            self.perform(operation, names, call_id, retry)
        except RemoteError as error:
            if operation != "create-existing" or self.is_elsewhere(error):
                raise
            assert error.java_class.endswith(("FileAlreadyExistsException",
                                              "AlreadyBeingCreatedException")), error
            self.refused += 1
        else:
            self.remember(operation, names)
        self.pending = None

    def run(self):
        """Until the connection breaks; any other end is a failure."""
        try:
            while True:
                operation, names = self.choose()
                call_id = self.connection.next_call_id
                self.connection.next_call_id += 1
                self.step(operation, names, call_id)
        except (ConnectionError, TimeoutError, OSError):
            pass
        except BaseException as error:  # noqa: BLE001 - reported by the test's thread
            self.failure = error

    def resume(self):
        """After a restart: repeats the call on its way, then compares every name and kind."""
        if self.failure is not None:
            raise self.failure
        self.connect()
        if self.pending is not None:
            self.step(*self.pending, retry=1)
        assert self.connection.list(self.root) == sorted(self.entries)
        for name in self.random.sample(sorted(self.entries), min(20, len(self.entries))):
            kind = dict(self.connection.stat(self.path(name)))[1]
            assert kind == (1 if self.entries[name] == FOLDER else 2), name

    def again(self):
        """A fresh thread that goes on where this one stopped."""
        next_writer = Writer(self.port, 0, 0)
        next_writer.__dict__.update({key: value for key, value in self.__dict__.items()
                                     if key in ("root", "random", "connection", "client_id",
                                                "entries", "acknowledged", "refused", "serial")})
        next_writer.name = self.name
        return next_writer
