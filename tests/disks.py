# SPDX-License-Identifier: Apache-2.0
"""Disks for masters, which get full and get room again, fail or hang."""
import contextlib
import os
import subprocess


class Disk:
    """A small file system of its own."""

    def __init__(self, folder, size_bytes=24 << 20):
        self.folder = folder
        folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", folder],
                       check=True)

    def fill(self, but=0):
        """All of it, or all but so many bytes."""
        with contextlib.suppress(OSError), open(self.folder / "filler", "ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        if but:
            os.truncate(file.name, os.stat(file.name).st_size - but)

    def empty(self):
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=False)


def inject(member, what, path=None):
    """From now on, into writes of one file or of all; returns the tracer."""
    only = [] if path is None else ["-P", path]
    return subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64",
                             "-e", f"inject=pwrite64:{what}", *only,
                             "-p", str(member.master.popen.pid)], stderr=subprocess.DEVNULL)
