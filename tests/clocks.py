# SPDX-License-Identifier: Apache-2.0
"""Wall clocks that go wrong while a process runs."""
import os
import pathlib
import shutil
import struct
import subprocess
import time

SOURCE = pathlib.Path(__file__).with_name("wall_clock.c")


def can_make():
    return shutil.which("cc") is not None


class Clock:
    """That of processes started behind its wrapper; no other clock of theirs changes."""

    def __init__(self, folder):
        library, self.file = folder / "wall_clock.so", folder / "wall_clock"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE], check=True)
        self.set()
        self.wrapper = ("env", f"LD_PRELOAD={library}", f"WALL_CLOCK={self.file}",
                        f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0")

    def set(self, ahead_seconds=0, drift_ppm=0):
        """So far off at once, and so much further off from now on."""
        setting = struct.pack("=qqq", int(ahead_seconds * 1e9), time.time_ns(), drift_ppm)
        with open(self.file, "r+b" if self.file.exists() else "wb", buffering=0) as file:
            file.write(setting)
