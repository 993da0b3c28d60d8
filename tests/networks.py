# SPDX-License-Identifier: Apache-2.0
"""Hosts of their own for masters: network namespaces on a bridge, with ways that can be cut."""
import contextlib
import ctypes
import itertools
import os
import subprocess


CLONE_NEWNET = 0x40000000  # in sched.h; os.setns() is younger than our Python
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*args):
    subprocess.run(args, check=True, capture_output=True, text=True)


def can_make():
    """True where the kernel and our rights allow it."""
    name = f"hf-try-{os.getpid()}"
    try:
        run("ip", "netns", "add", name)
        run("ip", "netns", "exec", name, "nft", "add", "table", "inet", "try")
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        with contextlib.suppress(OSError):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return True


class Host:
    def __init__(self, number, subnet, prefix, bridge):
        self.address = f"{subnet}.{number}"
        self.name = f"{prefix}-{number}"
        self.link = f"{prefix}h{number}"
        self.wrapper = ("ip", "netns", "exec", self.name)
        here, there = self.link, f"{prefix}n{number}"
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        run("ip", "link", "set", here, "master", bridge, "up")
        run("ip", "link", "set", there, "netns", self.name)
        self.run("ip", "addr", "add", f"{self.address}/24", "dev", there)
        self.run("ip", "link", "set", there, "up")
        self.run("ip", "link", "set", "lo", "up")
        self.heal()

    def run(self, *args):
        run(*self.wrapper, *args)

    def enter(self):
        """The calling thread is on this host from now on, and so is what it connects and starts."""
        with open(f"/run/netns/{self.name}", "rb") as file:
            if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"{self.name} cannot be entered")

    def heal(self):
        """Everything comes in again."""
        self.run("nft", "add", "table", "inet", "cuts")
        self.run("nft", "delete", "table", "inet", "cuts")
        self.run("nft", "add", "table", "inet", "cuts")
        self.run("nft", "add", "chain", "inet", "cuts", "in",
                 "{ type filter hook input priority 0; policy accept; }")

    def cut_from(self, other):
        """Nothing comes in from there any more; what goes there still does."""
        self.run("nft", "add", "rule", "inet", "cuts", "in", "ip", "saddr", other.address, "drop")


class Network:
    """`count` hosts; the test itself is a further one, which is never cut off."""

    numbers = itertools.count(os.getpid() * 10)

    def __init__(self, count):
        number = next(self.numbers)
        self.prefix = f"hf{number % 100000}"
        self.bridge = f"{self.prefix}br"
        subnet = f"10.{200 + number // 250 % 50}.{number % 250}"
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "addr", "add", f"{subnet}.254/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")
        self.hosts = []
        for place in range(1, count + 1):
            self.hosts.append(Host(place, subnet, self.prefix, self.bridge))

    def cut(self, one, other):
        one.cut_from(other)
        other.cut_from(one)

    def isolate(self, host):
        for other in self.hosts:
            if other is not host:
                self.cut(host, other)

    def heal(self):
        for host in self.hosts:
            host.heal()

    def close(self):
        for host in self.hosts:
            subprocess.run(["ip", "link", "del", host.link], check=False, capture_output=True)
            subprocess.run(["ip", "netns", "del", host.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self.bridge], check=False, capture_output=True)
