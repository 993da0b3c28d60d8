# SPDX-License-Identifier: Apache-2.0
"""Debian's hdfs-cli: what it prints here is what it prints with Apache's NameNode."""
import pathlib
import subprocess

import transcript

HERE = pathlib.Path(__file__).resolve().parent


def play(name, cluster, folder, restart):
    address = f"127.0.0.1:{cluster.port}"
    transcript.play(HERE / name, transcript.debian_cli(address), address, folder, restart)


def test_names_are_as_with_hdfs(cluster, kill_and_restart, tmp_path):
    play("hdfs_cli.txt", cluster, tmp_path, kill_and_restart)


def test_data_is_as_with_hdfs(cluster, worker, kill_and_restart, tmp_path):
    play("hdfs_cli_data.txt", cluster, tmp_path, kill_and_restart)


def test_hdfs_cli_takes_addresses_and_the_clusters_configuration(cluster):
    cli = transcript.debian_cli("")
    for port in (cluster.port, cluster.hdfs_port):
        done = cli(["mkdir", f"hdfs://127.0.0.1:{port}/by-{port}"])
        assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run(["/usr/bin/hdfs", "ls", "/"], capture_output=True, text=True, timeout=60,
                          env={"HADOOP_CONF_DIR": str(cluster.conf), "HADOOP_USER_NAME": "root"})
    assert done.stderr == ""
    assert done.stdout.split() == sorted(f"by-{p}" for p in (cluster.port, cluster.hdfs_port))


def test_hdfs_cli_df_works_before_the_first_worker(cluster):
    # It divides by the capacity; Apache's NameNode says 0 and the tool panics.
    done = transcript.debian_cli(f"127.0.0.1:{cluster.port}")(["df"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:5] == ["Filesystem", "Size", "Used", "Available", "Use%"]
