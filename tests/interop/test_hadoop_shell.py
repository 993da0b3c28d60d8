# SPDX-License-Identifier: Apache-2.0
"""Hadoop's own shell: what it prints here is what it prints with Apache's NameNode."""
import pathlib

import transcript

HERE = pathlib.Path(__file__).resolve().parent


def play(name, cluster, tools, folder, restart):
    address = f"127.0.0.1:{cluster.port}"
    transcript.play(HERE / name, tools.shell(f"hdfs://{address}"), address, folder, restart)


def test_names_are_as_with_hdfs(cluster, hadoops_tools, kill_and_restart, tmp_path):
    play("hadoop_shell.txt", cluster, hadoops_tools, tmp_path, kill_and_restart)


def test_data_is_as_with_hdfs(cluster, hadoops_tools, worker, kill_and_restart, tmp_path):
    play("hadoop_shell_data.txt", cluster, hadoops_tools, tmp_path, kill_and_restart)
