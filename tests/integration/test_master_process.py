# SPDX-License-Identifier: Apache-2.0
"""holdfast master as an operator meets it: start, stop, ports, log."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import hadoop_rpc
import processes

QUORUM_PROTOCOL = "io.holdfast.QuorumProtocol"
STATUS_PROTOCOL = "io.holdfast.StatusProtocol"


def run_master(cluster, *options, timeout=30):
    """A start that is expected to fail."""
    return subprocess.run([processes.BINARY, "master", "--conf", cluster.conf, *options],
                          capture_output=True, text=True, timeout=timeout)


def test_a_taken_port_is_one_clear_line(make_cluster):
    cluster = make_cluster()
    with socket.socket() as other:
        other.bind(("127.0.0.1", cluster.port))
        other.listen()
        done = run_master(cluster)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("holdfast master:")]
    assert errors == [f"holdfast master: port {cluster.port} of 127.0.0.1 is taken by another "
                      "process; see which: ss -ltnp"]


def test_sigterm_ends_it_at_once_with_everything_kept(cluster):
    connection = hadoop_rpc.Connection(cluster.port)
    connection.mkdirs("/kept")
    began = time.monotonic()
    assert cluster.master.stop() == 0
    assert time.monotonic() - began < 2
    cluster.start_master()
    assert hadoop_rpc.Connection(cluster.port).stat("/kept") is not None


def test_questions_until_the_last_moment_do_not_disturb_its_end(cluster):
    """Those who are connected go on asking while what is in flight ends."""
    for _ in range(10):
        connection = hadoop_rpc.Connection(cluster.port)
        cluster.master.popen.send_signal(signal.SIGTERM)
        with contextlib.suppress(OSError, EOFError):
            while True:
                with contextlib.suppress(hadoop_rpc.RemoteError):
                    connection.call("getQuorum", [], protocol=QUORUM_PROTOCOL)
        assert cluster.master.popen.wait(timeout=10) == 0
        cluster.start_master()


def test_a_second_signal_ends_it_without_a_trace_of_trouble(cluster):
    rounds = range(20)
    for count in rounds:
        hadoop_rpc.Connection(cluster.port).mkdirs(f"/{count}")
        cluster.master.popen.send_signal(signal.SIGTERM)
        for _ in range(count * 10):  # a little later each time
            processes.answers(cluster.port)
        cluster.master.popen.send_signal(signal.SIGTERM)
        assert cluster.master.popen.wait(timeout=10) == 0, cluster.master_log()
        cluster.start_master()
    client = hadoop_rpc.Connection(cluster.port)
    assert all(client.stat(f"/{count}") is not None for count in rounds)


def test_a_terminal_that_goes_stops_it_unless_it_was_told_to_stay(make_cluster):
    cluster = make_cluster()
    cluster.start_master(wrapper=["env", "--default-signal=HUP"])
    cluster.master.popen.send_signal(signal.SIGHUP)
    assert cluster.master.popen.wait(timeout=10) == 0
    assert "signal 1: stopping" in cluster.master_log()
    cluster.start_master(wrapper=["nohup"])
    cluster.master.popen.send_signal(signal.SIGHUP)
    assert hadoop_rpc.Connection(cluster.port).mkdirs("/stays")


def test_running_out_of_descriptors_is_said_once_and_shown(cluster):
    cluster.master.stop()
    cluster.start_master(wrapper=["prlimit", "--nofile=80:80"])
    first = hadoop_rpc.Connection(cluster.port)

    def is_short():
        reply = first.call("getStatus", [], protocol=STATUS_PROTOCOL)
        return json.loads(hadoop_rpc.field(reply, 1))["is_out_of_descriptors"]

    others = [socket.create_connection(("127.0.0.1", cluster.port)) for _ in range(100)]
    processes.wait_until(lambda: "DESCRIPTORS_SHORT" in cluster.master_log(), "it is said")
    assert is_short()
    for other in others:
        other.close()
    processes.wait_until(lambda: "DESCRIPTORS_AGAIN" in cluster.master_log(), "it is over")
    assert not is_short()
    assert cluster.master_log().count("DESCRIPTORS_SHORT") == 1


def test_sigint_stops_it_too(cluster):
    cluster.master.popen.send_signal(signal.SIGINT)
    assert cluster.master.popen.wait(timeout=10) == 0


def test_a_folder_that_was_never_formatted_is_refused_with_both_ways_out(tmp_path):
    cluster = processes.Cluster(tmp_path / "fresh")
    done = run_master(cluster)
    assert done.returncode == 1
    assert "format" in done.stderr and "mount" in done.stderr


def test_a_second_start_on_a_folder_names_the_holder(cluster):
    done = run_master(cluster, "-D", f"alluxio.master.rpc.port={processes.free_ports(1)[0]}",
                      "-D", f"dfs.namenode.rpc-address=127.0.0.1:{processes.free_ports(1)[0]}")
    assert done.returncode == 1
    assert str(cluster.master.popen.pid) in done.stderr


def test_it_listens_at_both_dialects_ports(cluster):
    for port in (cluster.port, cluster.hdfs_port):
        assert hadoop_rpc.Connection(port).stat("/") is not None


def test_hdfs_files_alone_give_hdfs_port_alone(make_cluster):
    cluster = make_cluster()
    (cluster.conf / "alluxio-site.properties").unlink()
    hdfs_site = cluster.conf / "hdfs-site.xml"
    hdfs_site.write_text(re.sub(r"<property><name>dfs.namenode.rpc-address.*?</property>",
                                "<property><name>dfs.namenode.name.dir</name><value>"
                                f"{cluster.folder / 'master'}</value></property>",
                                hdfs_site.read_text()))
    cluster.start_master()  # answers at fs.defaultFS
    assert cluster.master_log().count("listening at") == 1


def own_address():
    """An address of this machine that is not loopback's, or None."""
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]
    return None


def test_without_an_address_it_is_reached_from_this_machine_only(make_cluster):
    cluster = make_cluster()
    site = cluster.conf / "alluxio-site.properties"
    site.write_text(re.sub(r"alluxio.master.hostname=.*\n", "", site.read_text()))
    cluster.start_master()
    address = own_address()
    if address:
        with socket.socket() as probe:
            assert probe.connect_ex((address, cluster.port)) != 0


def test_it_is_found_by_alluxios_name(cluster):
    comm = pathlib.Path(f"/proc/{cluster.master.popen.pid}/comm").read_text()
    assert comm == "AlluxioMaster\n"
    found = subprocess.run(["pgrep", "-f", "AlluxioMaster"], capture_output=True, text=True)
    assert str(cluster.master.popen.pid) in found.stdout.split()


def test_it_is_found_however_it_was_started(make_cluster, tmp_path):
    cluster = make_cluster()
    for name, command in (("hdfs", "namenode"), ("alluxio", "master")):
        link = tmp_path / name
        link.symlink_to(processes.BINARY)
        started = subprocess.Popen([link, command, "--conf", cluster.conf],
                                   stderr=subprocess.DEVNULL)
        processes.wait_until(lambda: processes.answers(cluster.port), "it listens")
        words = pathlib.Path(f"/proc/{started.pid}/cmdline").read_text().split("\0")
        assert words[:2] == ["AlluxioMaster", "master"]
        started.terminate()
        assert started.wait(timeout=30) == 0


def test_acknowledging_before_the_sync_is_warned_of_at_every_start(make_cluster):
    cluster = make_cluster(
        **{"alluxio.master.embedded.journal.unsafe.flush.enabled": "true"})
    for starts in (1, 2):
        cluster.start_master()
        cluster.master.stop()
        assert cluster.master_log().count("WARN  UNSAFE_FLUSH") == starts


def test_status_tells_how_long_each_sync_took(cluster):
    connection = hadoop_rpc.Connection(cluster.port)
    for i in range(20):
        connection.mkdirs(f"/d{i}")
    status = json.loads(cluster.run("status", "--json").stdout)
    classes = status["sync_us_histogram"]
    assert sum(count for _, count in classes) == status["syncs"] >= 20
    limits = [limit for limit, _ in classes]
    assert limits == sorted(limits) and limits[-1] <= 4 * status["sync_us_max"] + 64


def test_the_log_goes_into_the_configured_file(make_cluster, tmp_path):
    cluster = make_cluster(**{"holdfast.log.file": str(tmp_path / "master.log")})
    cluster.start_master()
    cluster.master.stop()
    log = (tmp_path / "master.log").read_text()
    assert "listening at" in log and "stopped" in log
    assert cluster.master_log() == ""


def test_a_log_that_is_emptied_begins_at_its_beginning(make_cluster, tmp_path):
    log = tmp_path / "master.log"
    cluster = make_cluster(**{"holdfast.log.file": str(log)})
    cluster.start_master()
    os.truncate(log, 0)
    cluster.master.stop()
    assert "\0" not in log.read_text()
    assert log.read_text().startswith("20")


def test_a_full_log_is_put_aside(make_cluster, tmp_path):
    log = tmp_path / "master.log"
    with open(log, "wb") as file:
        file.truncate((64 << 20) - 10)
    (tmp_path / "master.log.1").write_text("older")
    cluster = make_cluster(**{"holdfast.log.file": str(log)})
    cluster.start_master()
    cluster.master.stop()
    assert "listening at" in log.read_text()
    assert (tmp_path / "master.log.1").stat().st_size == (64 << 20) - 10
    assert (tmp_path / "master.log.2").read_text() == "older"


def test_wrong_options_are_told(cluster):
    for options in (["--frob"], ["-D", "novalue"], ["extra"]):
        done = run_master(cluster, *options)
        assert done.returncode == 2, options
        assert done.stderr.startswith("holdfast master: ")


def test_calls_that_come_before_the_journal_is_read_are_held(cluster):
    cluster.master.kill()
    master = cluster.start_master(wait=False)
    processes.wait_until(lambda: processes.answers(cluster.port), "it listens")
    assert hadoop_rpc.Connection(cluster.port).mkdirs("/early")
    assert master.popen.poll() is None
