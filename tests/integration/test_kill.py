# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the master at random moments under load: nothing acknowledged is lost or doubled."""
import json
import os
import random

from processes import wait_until
from writers import Writer

WRITERS = 6
ROUNDS = int(os.environ.get("HOLDFAST_KILL_ROUNDS", "3")) or 1


def replay(cluster):
    """(index, digest) after every segment from the beginning, without checkpoints."""
    done = cluster.run("journal", "digest", "--json", cluster.folder / "master")
    assert done.returncode == 0, done.stdout + done.stderr
    end = json.loads(done.stdout)
    return end["index"], end["digest"]


def status_of(cluster):
    done = cluster.run("status", "--json", "--conf", cluster.conf)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_nothing_acknowledged_is_lost_over_kills(make_cluster):
    seed = os.environ.get("HOLDFAST_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print(f"seed {seed}")
    chance = random.Random(seed)
    cluster = make_cluster(holdfast__journal__keep__segments="true",
                           alluxio__master__journal__checkpoint__period__entries=3000)
    cluster.start_master()
    writers = [Writer(cluster.port, number, seed) for number in range(WRITERS)]
    for writer in writers:
        writer.connect()
        writer.connection.mkdirs(writer.root)
    for _ in range(ROUNDS):
        goal = sum(writer.acknowledged for writer in writers) + chance.randrange(20, 2000)
        for writer in writers:
            writer.start()
        wait_until(lambda: sum(writer.acknowledged for writer in writers) >= goal
                   or not all(writer.is_alive() for writer in writers), "enough acknowledged calls",
                   seconds=120)
        cluster.master.kill()
        for writer in writers:
            writer.join()
        cluster.start_master()
        for writer in writers:
            writer.resume()
        writers = [writer.again() for writer in writers]

    def is_replayed():
        """True: from the beginning it is what the master showed.  Once a minute it writes an entry
        of its own; if it did so between the two, False."""
        status = status_of(cluster)
        assert cluster.master.stop() == 0
        index, digest = replay(cluster)
        if index != status["applied_index"]:
            cluster.start_master()
            return False
        assert digest == status["digest"]
        return True

    wait_until(is_replayed, "a master that ends where it was asked")
    verdict = cluster.run("journal", "verify", cluster.folder / "master")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
