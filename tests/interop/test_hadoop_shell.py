# SPDX-License-Identifier: Apache-2.0
"""Hadoop's own shell: what it prints here is what it prints with Apache's NameNode."""
import pathlib

import transcript

HERE = pathlib.Path(__file__).resolve().parent


def test_hadoops_shell_prints_what_it_prints_with_hdfs(cluster, kill_and_restart, hadoop_shell):
    address = f"127.0.0.1:{cluster.port}"
    transcript.play(HERE / "hadoop_shell.txt", hadoop_shell(f"hdfs://{address}"), address,
                    kill_and_restart)
