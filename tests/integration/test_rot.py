# SPDX-License-Identifier: Apache-2.0
"""Disks that lie: a standby whose journal was damaged while it was down starts, says what it lost,
and gets it again from the others."""
import contextlib
import os
import random

import pytest
from processes import wait_until
from quorum import Quorum
from quorum_writers import QuorumWriter

BLOCK = 4096


@pytest.fixture
def quorum(tmp_path):
    quorum = Quorum(tmp_path)
    yield quorum.start()
    quorum.close()


@contextlib.contextmanager
def writing(quorum):
    """A writer in the background; at the end every acknowledged name is at every master."""
    seed = os.environ.get("HOLDFAST_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print(f"seed {seed}")
    writer = QuorumWriter(quorum, 0, seed)
    writer.start()
    yield writer
    writer.stop()
    for member in quorum.members:
        writer.check(member)


def goes_on(writer, calls=200):
    goal = writer.acknowledged + calls
    wait_until(lambda: writer.acknowledged >= goal or writer.failure, f"{calls} more calls")


def reaches(quorum, member, other):
    """`member` has applied what `other` has now."""
    goal = quorum.status(other)["applied_index"]
    wait_until(lambda: quorum.status(member)["applied_index"] >= goal, f"index {goal}")


def newest_segment(member):
    return max((member.folder / "master").rglob("segment-*"))


def flip(path, offset):
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x40]))


def rot_in_a_batch(path):
    """In the sixth sector of a batch in the middle: its end is told by what stands behind."""
    content = path.read_bytes()
    batches = [at for at in range(BLOCK, len(content), BLOCK) if content[at:at + 4] == b"HFBT"]
    flip(path, batches[len(batches) // 2] + 5 * 512 + 100)


DAMAGE = {
    "a batch": (rot_in_a_batch, "votes only for one that has it"),
    "the header": (lambda path: flip(path, 40), "votes for nobody"),
    "the whole file": (lambda path: path.unlink(), "votes for nobody"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_one_master_lost_comes_again_from_the_others(quorum, what):
    damage, told = DAMAGE[what]
    with writing(quorum) as writer:
        goes_on(writer, 500)
        primary = quorum.primary()
        standby = next(m for m in quorum.members if m is not primary)
        standby.master.kill()
        goes_on(writer)
        damage(newest_segment(standby))
        standby.start_master()
        wait_until(lambda: told in standby.master_log(), told)
        reaches(quorum, standby, primary)
        # Without its vote there would be no other primary.
        primary.master.kill()
        goes_on(writer)
        primary.start_master()
        reaches(quorum, primary, standby)
