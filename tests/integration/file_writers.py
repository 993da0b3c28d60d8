# SPDX-License-Identifier: Apache-2.0
"""Tools in loops that put files with blocks, read, rename and remove them, over failovers and deaths of
workers.

A tool that ends with 0 has told the truth: what it put is there, what it removed is not, and what it
read is what was put.  One that fails, or hangs and is killed, has said nothing, and nobody uses that
name any more."""
import contextlib
import functools
import random
import re
import shutil
import subprocess
import threading

from hadoop_rpc import Connection, decode, field
from processes import wait_until

BLOCK_BYTES = 256 << 10
SIZES = (0, 1, 100_000, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES - 1, 5 * BLOCK_BYTES + 77)
FILES_MAX = 12  # of one writer
TOOL_SECONDS = 20
UNFINISHED = "._COPYING_"  # until a put ends
MISSING = re.compile("no such file|not exist|not found", re.IGNORECASE)


def holdfast(writer, verb, *args):
    option = {"move": "-mv", "remove": "-rm"}.get(verb, f"-{verb}")
    return writer.client.run("fs", option, *args, timeout=TOOL_SECONDS)


def hdfs_cli(writer, verb, *args):
    """Its put does not say that the close failed.  Its get ends with 0 after nothing when a master
    goes that it asks for blocks.  So what is too short has failed."""
    def run(*words):
        return writer.client.run(*words, name="hdfs", executable="/usr/bin/hdfs",
                                 timeout=TOOL_SECONDS)
    done = run({"move": "mv", "remove": "rm"}.get(verb, verb), *args)
    if verb == "put" and done.returncode == 0:
        local, name = args
        size = local.stat().st_size
        local.unlink()
        done = run("get", name, local)
    elif verb == "get":
        name, local = args
        _, size = writer.files[name]
    if verb in ("put", "get") and done.returncode == 0 and local.stat().st_size < size:
        done.returncode = 1
    return done


def rclone(writer, verb, *args):
    """It knows one master; names in the file system are str."""
    master = writer.random.choice(list(writer.quorum.members))
    return writer.client.run(
        "--config", "/dev/null", "--hdfs-namenode", f"{master.host}:{master.port}", "--hdfs-username", "root",
        {"move": "moveto", "remove": "deletefile"}.get(verb, "copyto"),
        *(f":hdfs:{arg}" if isinstance(arg, str) else arg for arg in args),
        name="rclone", executable=shutil.which("rclone"), timeout=TOOL_SECONDS)


def tools():
    return [holdfast, *([hdfs_cli] if shutil.which("hdfs", path="/usr/bin") else []),
            *([rclone] if shutil.which("rclone") else [])]


class FileWriter(threading.Thread):
    def __init__(self, quorum, number, tool, folder, seed):
        super().__init__(name=f"{tool.__name__} {number}", daemon=True)
        self.client = quorum.clients[number % len(quorum.clients)]
        self.quorum = quorum
        self.enter = functools.partial(quorum.enter_client, number)
        self.tool = tool
        self.folder = folder
        self.prefix = f"{folder}/{tool.__name__}"
        self.local = self.client.folder / f"{tool.__name__}{number}"
        self.random = random.Random(f"{seed}/{number}")
        self.files = {}  # acknowledged: what was put there, as a seed and a size
        self.unsure = set()  # names that may be there or not
        self.serial = 0
        self.acknowledged = 0  # puts
        self.stopping = threading.Event()
        self.failure = None

    def try_tool(self, verb, *args):
        """None: it was killed, as it hangs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.tool(self, verb, *args)
        return None

    def change(self, verb, *args):
        """True: it is done.  Else those names are not used any more."""
        done = self.try_tool(verb, *args)
        if done is not None and done.returncode == 0:
            return True
        self.unsure.update(arg for arg in args if isinstance(arg, str))
        return False

    def new_name(self):
        self.serial += 1
        return f"{self.prefix}{self.serial}"

    def put(self):
        name = self.new_name()
        content = (name, self.random.choice(SIZES))
        self.local.write_bytes(bytes_of(content))
        if self.change("put", self.local, name):
            self.files[name] = content
            self.acknowledged += 1

    def move(self, name):
        content, target = self.files.pop(name), self.new_name()
        if self.change("move", name, target):
            self.files[target] = content

    def remove(self, name):
        del self.files[name]
        self.change("remove", name)

    def get(self, name):
        """False: it cannot be read now."""
        self.local.unlink(missing_ok=True)
        done = self.try_tool("get", name, self.local)
        if done is None or done.returncode != 0:
            assert done is None or not MISSING.search(done.stderr), f"{name}: {done.stderr}"
            return False
        got, put = self.local.read_bytes(), bytes_of(self.files[name])
        assert got == put, f"{name}: {len(put)} bytes were put, {len(got)} others are there"
        return True

    def step(self):
        kind = self.random.choice([self.put, self.put, self.get, self.move, self.remove])
        if len(self.files) >= FILES_MAX:
            kind = self.remove
        if kind == self.put or not self.files:
            self.put()
        else:
            kind(self.random.choice(sorted(self.files)))

    def run(self):
        try:
            self.enter()
            while not self.stopping.wait(self.random.uniform(0, 0.2)):
                self.step()
        except BaseException as error:  # noqa: BLE001 - reported by the test's thread
            self.failure = error

    def check(self):
        """Everything is there, byte for byte."""
        for name in self.files:
            wait_until(lambda name=name: self.get(name), f"{name} can be read", 60)


def bytes_of(content):
    seed, size = content
    return random.Random(seed).randbytes(size)


class FileLoad:
    """Tools in the background, on files of one folder."""

    def __init__(self, quorum, folder, seed):
        self.quorum = quorum
        self.folder = folder
        made = quorum.clients[0].run("fs", "-mkdir", "-p", folder)
        assert made.returncode == 0, made.stderr
        self.writers = [FileWriter(quorum, number, tool, folder, seed)
                        for number, tool in enumerate(tools())]
        for writer in self.writers:
            writer.start()

    def has_failed(self):
        return any(writer.failure for writer in self.writers)

    def goes_on(self, files=1):
        """Returns when every tool has put so many more."""
        goals = [writer.acknowledged + files for writer in self.writers]
        wait_until(lambda: self.has_failed() or all(
            writer.acknowledged >= goal for writer, goal in zip(self.writers, goals)),
            "every tool puts a file", 60)

    def give_up(self):
        for writer in self.writers:
            writer.stopping.set()

    def ends(self):
        self.give_up()
        for writer in self.writers:
            writer.join(2 * TOOL_SECONDS)
            assert not writer.is_alive(), f"{writer.name} hangs"
            if writer.failure is not None:
                raise writer.failure
        self.check()

    def names(self, connection):
        return {f"{self.folder}/{name}" for name in connection.list(self.folder)}

    def sure(self):
        return {name for writer in self.writers for name in writer.files}

    def check(self):
        """Every file that was acknowledged is there, at every master, and none that was removed."""
        sure = self.sure()
        unsure = {name for writer in self.writers for name in writer.unsure}
        for member in self.quorum.members:
            connection = Connection(member.port, host=member.host)
            names = self.names(connection)
            connection.close()
            left_over = {name.removesuffix(UNFINISHED) for name in names - sure}
            assert sure <= names and left_over <= unsure, (sure - names, left_over - unsure)
        for writer in self.writers:
            writer.check()

    def thin_out(self, connection, draw):
        """Removes half of the files, and what was left over."""
        for writer in self.writers:
            for name in draw.sample(sorted(writer.files), len(writer.files) // 2):
                del writer.files[name]
            writer.unsure.clear()
        for name in self.names(connection) - self.sure():
            assert connection.delete(name)

    def blocks(self, connection):
        """Ids of those of all files."""
        ids = set()
        for name in self.names(connection):
            reply = connection.call("getBlockLocations", [(1, name), (2, 0), (3, 1 << 40)])
            for number, block in decode(field(reply, 1)):
                if number == 2:
                    ids.add(field(decode(field(decode(block), 1)), 2))
        return ids
