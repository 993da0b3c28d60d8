# SPDX-License-Identifier: Apache-2.0
import contextlib
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import masters  # noqa: E402
import processes  # noqa: E402


@pytest.fixture
def make_cluster(tmp_path):
    """Function that makes a formatted cluster with extra properties; ended with the test."""
    made = []

    def make(name="cluster", **properties):
        cluster = processes.Cluster(tmp_path / name,
                                    {k.replace("__", "."): v for k, v in properties.items()})
        made.append(cluster)
        return cluster.format()

    yield make
    for cluster in made:
        cluster.close()


@pytest.fixture
def cluster(make_cluster):
    """A running master, without a worker."""
    cluster = make_cluster()
    cluster.start_master()
    return cluster


@pytest.fixture
def make_masters(tmp_path):
    """Function that starts so many masters and commands for them; ended with the test."""
    with contextlib.ExitStack() as stack:
        def make(count, lists=True, properties=None):
            made = masters.Masters(tmp_path, count, lists, properties)
            stack.callback(made.quorum.close)
            return made
        yield make
