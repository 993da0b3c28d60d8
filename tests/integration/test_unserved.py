# SPDX-License-Identifier: Apache-2.0
"""A configuration that this version cannot serve does not start a master that is alone."""
import pytest

from processes import Cluster

UNSERVED = {
    "alluxio.master.journal.type": "UFS",
    "alluxio.zookeeper.enabled": "true",
    "dfs.namenode.shared.edits.dir": "file:///shared",
    "dfs.ha.automatic-failover.enabled": "true",
}


def refusal(tmp_path, properties):
    cluster = Cluster(tmp_path / "cluster", properties)
    done = cluster.run("master", "--conf", cluster.conf)
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize("key", UNSERVED)
def test_it_is_refused_by_name(tmp_path, key):
    error = refusal(tmp_path, {key: UNSERVED[key]})
    assert key in error and "holdfast.master.lone" in error


def check(tmp_path, properties):
    cluster = Cluster(tmp_path / "cluster", properties)
    return cluster.run("config", "check", "--conf", cluster.conf)


@pytest.mark.parametrize("key,value", [
    *UNSERVED.items(),
    ("hadoop.security.authentication", "kerberos"),
    ("alluxio.master.embedded.journal.addresses", "m1:19200,m1:19200"),
    ("alluxio.master.embedded.journal.election.timeout.max", "200ms"),
    ("alluxio.master.embedded.journal.transport.max.inbound.message.size", "5MB"),
])
def test_config_check_refuses_what_a_master_refuses(tmp_path, key, value):
    done = check(tmp_path, {key: value})
    assert done.returncode == 1 and key in done.stderr
    assert done.stdout.splitlines()[-1] == "a master refuses the configuration"


def test_config_check_takes_a_list_without_the_machine_that_asks(tmp_path):
    done = check(tmp_path, {"alluxio.master.embedded.journal.addresses": "m1:19200,m2:19200"})
    assert done.returncode == 0 and "can be used" in done.stdout


def test_masters_of_a_nameservice_need_a_journal_in_common(tmp_path):
    cluster = Cluster(tmp_path / "cluster")
    names = ["-D", "dfs.nameservices=ns", "-D", "dfs.ha.namenodes.ns=a,b"]
    done = cluster.run("master", "--conf", cluster.conf, *names)
    assert done.returncode == 1
    assert "dfs.ha.namenodes" in done.stderr


LIST = "alluxio.master.embedded.journal.addresses"


def test_a_master_that_is_not_in_its_list_says_what_it_compared(tmp_path):
    error = refusal(tmp_path, {LIST: "127.0.0.1:19201,127.0.0.2:19200",
                               "alluxio.master.embedded.journal.port": "19200"})
    assert "127.0.0.1:19200" in error
    assert "alluxio.master.hostname" in error and "alluxio.master.embedded.journal.port" in error
    assert f"{LIST}=127.0.0.1:19201,127.0.0.2:19200" in error


def test_a_list_that_names_a_master_twice_is_refused(tmp_path):
    assert "127.0.0.1:19200 twice" in refusal(tmp_path, {LIST: "127.0.0.1:19200,127.0.0.1:19200"})


@pytest.mark.parametrize("key,value", [
    ("alluxio.master.embedded.journal.election.timeout.max", "199ms"),
    ("alluxio.master.embedded.journal.transport.max.inbound.message.size", "5MB"),
])
def test_values_that_do_not_fit_each_other_are_refused(tmp_path, key, value):
    assert key in refusal(tmp_path, {LIST: "127.0.0.1:19200", key: value})


def test_lone_starts_it_all_the_same(make_cluster):
    cluster = make_cluster(**{"alluxio__zookeeper__enabled": "true",
                              "alluxio__zookeeper__address": "zk:2181",
                              "holdfast__master__lone": "true"})
    cluster.start_master()
    assert cluster.master.stop() == 0
