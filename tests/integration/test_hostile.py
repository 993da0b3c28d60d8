# SPDX-License-Identifier: Apache-2.0
"""Clients that mean harm, or do not know better: others are answered meanwhile, memory is bounded."""
import contextlib
import os
import random
import re
import resource
import socket
import struct
import threading

import pytest

from hadoop_rpc import (CLIENT_PROTOCOL, Connection, decode, delimited, encode, field, varint,
                        zigzag)
from processes import wait_until

HELLO = b"hrpc\x09\x00\x00"
MEMORY_GROWTH_MAX = 200 << 20
IDLE_BYTES_MAX = 1024


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def is_instrumented(pid):
    """Sanitizers put room around whatever is allocated."""
    with open(f"/proc/{pid}/maps") as maps:
        return re.search(r"lib[at]san", maps.read()) is not None


def raw(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Watcher(threading.Thread):
    """An ordinary client that must be answered all the time."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.connection = Connection(port, timeout=10)
        self.stopping = threading.Event()
        self.answers = 0
        self.failure = None

    def run(self):
        try:
            while not self.stopping.is_set():
                assert self.connection.stat("/") is not None
                self.answers += 1
        except BaseException as error:  # noqa: BLE001 - reported by check()
            self.failure = error

    def check(self):
        before = self.answers
        wait_until(lambda: self.answers > before + 5 or self.failure, "others are answered", 20)
        if self.failure:
            raise self.failure


@pytest.fixture
def watched(cluster):
    watcher = Watcher(cluster.port)
    watcher.start()
    before = resident_bytes(cluster.master.popen.pid)
    yield cluster
    watcher.check()
    watcher.stopping.set()
    watcher.join()
    assert cluster.master.popen.poll() is None, cluster.master.tail()
    assert resident_bytes(cluster.master.popen.pid) - before < MEMORY_GROWTH_MAX


def header(call_id, client_id=b"0123456789abcdef"):
    return delimited(encode([(1, 2), (2, 0), (3, zigzag(call_id)), (4, client_id)]))


def frame(body):
    return struct.pack(">I", len(body)) + body


CONTEXT = frame(header(-3) + delimited(encode([(2, [(1, "eve")]), (3, CLIENT_PROTOCOL)])))
METHOD = delimited(encode([(1, "getFileInfo"), (2, CLIENT_PROTOCOL), (3, 1)]))

BAD_STREAMS = {
    "nothing but a length": HELLO + struct.pack(">I", 0x7FFFFFFF),
    "a negative length": HELLO + struct.pack(">i", -1),
    "the largest length": HELLO + struct.pack(">I", 0xFFFFFFFF),
    "an empty frame": HELLO + frame(b""),
    "a header longer than its frame": HELLO + frame(varint(1 << 30) + b"x"),
    "a header length that never ends": HELLO + frame(b"\xff" * 64),
    "a request longer than its frame": HELLO + CONTEXT + frame(header(1) + METHOD + varint(1 << 40)),
    "a call before the context": HELLO + frame(header(1) + METHOD + delimited(b"\x0a\x01/")),
    "a string longer than its message":
        HELLO + CONTEXT + frame(header(1) + METHOD + delimited(b"\x0a" + varint(1 << 31))),
    "an old version": b"hrpc\x04\x00\x00",
    "a browser": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
}


@pytest.mark.parametrize("name", BAD_STREAMS)
def test_a_bad_stream_harms_nobody(watched, name):
    with raw(watched.port) as connection:
        connection.sendall(BAD_STREAMS[name])
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError, TimeoutError):
            while connection.recv(65536):
                pass


def test_random_bytes_harm_nobody(watched):
    chance = random.Random(7)
    for beginning in (b"", HELLO, HELLO + CONTEXT):
        for _ in range(100):
            with raw(watched.port) as connection, contextlib.suppress(ConnectionError):
                connection.sendall(beginning + chance.randbytes(chance.randrange(1, 3000)))


def open_idle(port, connections, count):
    """Connections that have been served, and are idle now."""
    call = frame(header(1) + METHOD + delimited(encode([(1, "/")])))
    for _ in range(count):
        connection = raw(port)
        connections.append(connection)
        connection.sendall(HELLO + CONTEXT + call)
        assert connection.recv(1)


def test_two_thousand_idle_connections_harm_nobody(watched):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    idle = []
    pid = watched.master.popen.pid
    try:
        open_idle(watched.port, idle, 500)  # what the first ones make is there for all
        before = resident_bytes(pid)
        open_idle(watched.port, idle, 2000)
        grown = (resident_bytes(pid) - before) / 2000
        assert Connection(watched.port).stat("/") is not None
        print(f"{grown:.0f} bytes of the process for an idle connection")
        assert grown <= IDLE_BYTES_MAX * (16 if is_instrumented(pid) else 1)
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_client_that_never_reads_harms_nobody(watched):
    setup = Connection(watched.port)
    for i in range(300):
        setup.mkdirs(f"/many/{'x' * 200}{i}")
    listing = delimited(encode([(1, "getListing"), (2, CLIENT_PROTOCOL), (3, 1)]))
    request = delimited(encode([(1, "/many"), (2, b""), (3, False)]))
    with raw(watched.port) as connection:
        connection.sendall(HELLO + CONTEXT)
        connection.settimeout(1)
        sent = 0
        with contextlib.suppress(TimeoutError, ConnectionError):
            for call_id in range(100000):
                connection.sendall(frame(header(call_id) + listing + request))
                sent += 1
        # 100 000 answers of 80 KB would be 8 GB; the server stopped reading long before
        assert sent < 100000


def test_a_reader_that_talks_and_takes_nothing_costs_its_worker_little(cluster, tmp_path):
    cluster.start_worker()
    wait_until(Connection(cluster.port).has_room, "it registers")
    content = tmp_path / "content"
    content.write_bytes(bytes(32 << 20))
    put = cluster.run("fs", "-put", content, "/file")
    assert put.returncode == 0, put.stderr
    located = decode(field(Connection(cluster.port).call(
        "getBlockLocations", [(1, "/file"), (2, 0), (3, 1)]), 1))
    block = field(decode(field(located, 2)), 1)
    read = delimited(encode([(1, [(1, [(1, block)]), (2, "eve")]), (2, 0), (3, 32 << 20)]))
    pid = cluster.worker.popen.pid
    before = resident_bytes(pid)
    with raw(cluster.xfer_port) as connection:
        connection.sendall(b"\x00\x1c\x51" + read)
        connection.settimeout(2)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(400):
                connection.sendall(bytes(1 << 20))
        assert resident_bytes(pid) - before < 64 << 20
        got = cluster.run("fs", "-cat", "/file")
        assert got.returncode == 0 and len(got.stdout) == 32 << 20
