# SPDX-License-Identifier: Apache-2.0
"""A Hadoop IPC client for tests, written from the wire format alone and sharing no code with src/.

One `Connection` is one TCP connection with one call at a time.  Messages are given and returned as
lists of (field number, value): int for varints, bytes or str for strings, list for nested messages.
"""
import os
import socket
import struct

CLIENT_PROTOCOL = "org.apache.hadoop.hdfs.protocol.ClientProtocol"
CREATE, OVERWRITE = 1, 2


class RemoteError(Exception):
    """The server answered with an exception."""

    def __init__(self, java_class, text):
        super().__init__(f"{java_class}: {text}")
        self.java_class = java_class
        self.text = text


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return (value << 1) ^ (value >> 63)


def encode(fields):
    out = bytearray()
    for number, value in fields:
        if isinstance(value, bool) or isinstance(value, int):
            out += varint(number << 3) + varint(int(value))
            continue
        if isinstance(value, str):
            value = value.encode()
        elif isinstance(value, list):
            value = encode(value)
        out += varint(number << 3 | 2) + varint(len(value)) + value
    return bytes(out)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def decode(data):
    """List of (number, int or bytes)."""
    fields, at = [], 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            value, at = bytes(data[at:at + size]), at + size
            assert len(value) == size, "a field ends after its message"
        else:
            raise ValueError(f"wire type {key & 7} is not used by Hadoop's headers")
        fields.append((key >> 3, value))
    return fields


def delimited(message):
    return varint(len(message)) + message


def field(fields, number, default=None):
    """Last value of a field, as protobuf reads it."""
    for n, value in reversed(fields):
        if n == number:
            return value
    return default


class Connection:
    """`client_id` and explicit call ids let a test repeat a call as clients do after a failure."""

    def __init__(self, port, user="root", host="127.0.0.1", timeout=30, client_id=None):
        self.client_id = client_id or os.urandom(16)
        self.next_call_id = 0
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = delimited(self._header(-3)) + delimited(
            encode([(2, [(1, user)]), (3, CLIENT_PROTOCOL)]))
        self.socket.sendall(b"hrpc\x09\x00\x00" + struct.pack(">I", len(context)) + context)

    def _header(self, call_id, retry=-1):
        return encode([(1, 2), (2, 0), (3, zigzag(call_id)), (4, self.client_id),
                       (5, zigzag(retry))])

    def send(self, method, message, call_id=None, retry=0, protocol=CLIENT_PROTOCOL):
        """Returns the call id; a new one unless given."""
        if call_id is None:
            call_id = self.next_call_id
            self.next_call_id += 1
        body = (delimited(self._header(call_id, retry))
                + delimited(encode([(1, method), (2, protocol), (3, 1)]))
                + delimited(encode(message)))
        self.socket.sendall(struct.pack(">I", len(body)) + body)
        return call_id

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("the server closed the connection")
            data += piece
        return bytes(data)

    def receive(self):
        """(call id, message fields) of the next reply; raises RemoteError for exceptions."""
        frame = self._read(struct.unpack(">I", self._read(4))[0])
        size, at = read_varint(frame, 0)
        header = decode(frame[at:at + size])
        if field(header, 2) != 0:
            raise RemoteError(field(header, 4, b"").decode(), field(header, 5, b"").decode())
        rest = frame[at + size:]
        size, at = read_varint(rest, 0)
        return field(header, 1), decode(rest[at:at + size])

    def call(self, method, message, call_id=None, retry=0, protocol=CLIENT_PROTOCOL):
        self.send(method, message, call_id, retry, protocol)
        return self.receive()[1]

    def close(self):
        self.socket.close()

    # The calls that tests use most.

    def is_active(self):
        """True for a primary (HAServiceStateProto ACTIVE is 1)."""
        return field(self.call("getHAServiceState", []), 1) == 1

    def mkdirs(self, path, mode=0o755, parents=True, **ids):
        return bool(field(self.call(
            "mkdirs", [(1, path), (2, [(1, mode)]), (3, parents)], **ids), 1))

    def create(self, path, holder, flags=CREATE, parents=False, replication=1,
               block_size=134217728, mode=0o644, **ids):
        """HdfsFileStatusProto's fields."""
        reply = self.call("create", [(1, path), (2, [(1, mode)]), (3, holder), (4, flags),
                                     (5, parents), (6, replication), (7, block_size)], **ids)
        return decode(field(reply, 1))

    def complete(self, path, holder, file_id=0, **ids):
        return bool(field(self.call("complete", [(1, path), (2, holder), (4, file_id)], **ids), 1))

    def rename(self, source, target, overwrite=False, **ids):
        self.call("rename2", [(1, source), (2, target), (3, overwrite)], **ids)

    def delete(self, path, recursive=False, **ids):
        return bool(field(self.call("delete", [(1, path), (2, recursive)], **ids), 1))

    def has_room(self):
        """A worker registered and said with its first heartbeat how much room it has."""
        nodes = self.call("getDatanodeReport", [(1, 2)])
        return any(field(decode(node), 4) for _, node in nodes)

    def stat(self, path):
        """HdfsFileStatusProto's fields, or None."""
        status = field(self.call("getFileInfo", [(1, path)]), 1)
        return None if status is None else decode(status)

    def list(self, path):
        """Names in a directory, in order."""
        names, after = [], b""
        while True:
            listing = field(self.call("getListing", [(1, path), (2, after), (3, False)]), 1)
            if listing is None:
                return None
            listing = decode(listing)
            page = [field(decode(entry), 2) for number, entry in listing if number == 1]
            names += page
            if not page or field(listing, 2) == 0:
                return [name.decode() for name in names]
            after = page[-1]
