# SPDX-License-Identifier: Apache-2.0
"""A configuration that asks for several masters does not start one that is alone."""
import pytest

from processes import Cluster

SEVERAL = {
    "alluxio.master.embedded.journal.addresses": "m1:19200,m2:19200,m3:19200",
    "alluxio.master.journal.type": "UFS",
    "alluxio.zookeeper.enabled": "true",
}


@pytest.mark.parametrize("key", SEVERAL)
def test_several_masters_are_refused_by_name(tmp_path, key):
    cluster = Cluster(tmp_path / "cluster", {key: SEVERAL[key]}).format()
    done = cluster.run("master", "--conf", cluster.conf)
    assert done.returncode == 1
    assert key in done.stderr and "holdfast.master.lone" in done.stderr


def test_lone_starts_it_all_the_same(make_cluster):
    cluster = make_cluster(**{"alluxio__zookeeper__enabled": "true",
                              "alluxio__zookeeper__address": "zk:2181",
                              "holdfast__master__lone": "true"})
    cluster.start_master()
    assert cluster.master.stop() == 0
