# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the master at random moments under load: nothing acknowledged is lost or doubled."""
import json
import os
import random

from processes import digest_in, wait_until
from writers import Writer

WRITERS = 6
ROUNDS = int(os.environ.get("HOLDFAST_KILL_ROUNDS", "3")) or 1


def digest_of_replay(cluster):
    """Digest after replaying every segment from the beginning, without checkpoints."""
    done = cluster.run("journal", "digest", cluster.folder / "master")
    assert done.returncode == 0, done.stdout + done.stderr
    return digest_in(done.stdout)


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
    status = status_of(cluster)
    assert cluster.master.stop() == 0
    assert digest_of_replay(cluster) == status["digest"]
    verdict = cluster.run("journal", "verify", cluster.folder / "master")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
