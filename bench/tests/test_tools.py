# SPDX-License-Identifier: Apache-2.0
"""The load generator against the echo server.  usage: test_tools.py LOADGEN ECHO"""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

LOADGEN, ECHO = sys.argv.pop(1), sys.argv.pop(1)
FIELDS = {"op", "connections", "inflight", "seconds", "ops", "calls", "errors", "repeats", "ops_per_s",
          "p50_us", "p99_us", "p999_us", "max_us", "call_p99_us", "longest_gap_ms", "own_cpu_us"}
OPS = ["root", "getFileInfo", "getListing", "mkdirs", "create", "delete", "rename", "mixed"]


class Echo:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([ECHO, "--listen", "127.0.0.1:0", *arguments],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[-1])
        self.address = f"127.0.0.1:{self.port}"

    def signal(self, number):
        os.kill(self.process.pid, number)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def loadgen(*arguments):
    """Exit status, and the line of JSON if there is one."""
    done = subprocess.run([LOADGEN, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, timeout=60)
    lines = done.stdout.splitlines()
    assert len(lines) <= 1, done.stdout
    return done.returncode, json.loads(lines[0]) if lines else None


def wait_for_calls(pid):
    """Returns when that process has worked a little."""
    worked_ns = 0
    while worked_ns < 20_000_000:
        with open(f"/proc/{pid}/schedstat", encoding="utf-8") as file:
            worked_ns = int(file.read().split()[0])


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Tools(unittest.TestCase):
    def echo(self, *arguments):
        echo = Echo(*arguments)
        self.addCleanup(echo.close)
        return echo

    def test_probes_of_a_disk_pause(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [ECHO, "--sync", f"{folder}/probe", "--probe", "20", "--pause-us", "5000"]
            began = time.monotonic()
            for _ in range(2):  # the second time the file is there
                done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60)
                self.assertEqual(json.loads(done.stdout)["syncs"], 20)
            self.assertGreater(time.monotonic() - began, 0.2)

    def test_every_operation_is_answered_right_and_reported(self):
        echo = self.echo()
        for op in OPS:
            for connections, inflight in ((1, 1), (4, 8)):
                with self.subTest(op=op, connections=connections, inflight=inflight):
                    status, result = loadgen(
                        "--target", echo.address, "--op", op, "--connections", connections,
                        "--inflight", inflight, "--seconds", 0.2, "--warmup", 0.05, "--files", 3000,
                        "--server-pid", echo.process.pid)
                    self.assertEqual(status, 0, result)
                    self.assertEqual(set(result), FIELDS | {"server_cpu_us"})
                    self.assertEqual((result["op"], result["connections"], result["inflight"]),
                                     (op, connections, inflight))
                    self.assertEqual(result["errors"], 0)
                    self.assertGreaterEqual(result["calls"], result["ops"])
                    self.assertEqual(result["call_p99_us"] > 0, result["calls"] > 0)
                    if op != "delete":  # it may have deleted all before the measuring began
                        self.assertGreater(result["ops"], 0)
                        self.assertGreaterEqual(result["seconds"], 0.19)
                        self.assertLessEqual(0, result["p50_us"])
                        self.assertLessEqual(result["p50_us"], result["p99_us"])
                        self.assertLessEqual(result["p99_us"], result["p999_us"])
                        self.assertLessEqual(result["p999_us"], result["max_us"])

    def test_a_count_is_kept_exactly(self):
        echo = self.echo()
        status, result = loadgen("--target", echo.address, "--op", "create", "--count", 1234,
                                 "--connections", 3, "--inflight", 5)
        self.assertEqual((status, result["ops"], result["calls"]), (0, 1234, 2468))
        status, result = loadgen("--target", echo.address, "--prepare", "--files", 777)
        self.assertEqual((status, result["op"], result["ops"]), (0, "prepare", 777))
        status, result = loadgen("--target", echo.address, "--op", "delete", "--files", 500,
                                 "--warmup", 0)
        self.assertEqual((status, result["ops"]), (0, 500))

    def test_every_wrong_answer_is_counted_and_fails(self):
        for op in ("root", "getFileInfo", "getListing", "mkdirs"):
            with self.subTest(op=op):
                echo = self.echo("--wrong", "100")
                status, result = loadgen("--target", echo.address, "--op", op, "--count", 1000,
                                         "--inflight", 4)
                self.assertEqual((status, result["errors"], result["ops"]), (1, 10, 990))
                self.assertIn(f"{'getFileInfo' if op == 'root' else op}: wrong answer: ",
                              result["first_error"])

    def test_replies_of_any_size_are_read_but_are_wrong(self):
        for size in (1, 600, 100000):
            echo = self.echo("--reply-bytes", str(size))
            status, result = loadgen("--target", echo.address, "--op", "getFileInfo", "--count",
                                     50, "--inflight", 10)
            self.assertEqual((status, result["errors"], result["ops"]), (1, 50, 0))

    def test_replies_larger_than_the_sockets_take_are_read_whole(self):
        echo = self.echo("--entries", "1500")
        status, result = loadgen("--target", echo.address, "--op", "getListing", "--per-dir", 1500,
                                 "--count", 2000, "--inflight", 200)
        self.assertEqual((status, result["errors"], result["ops"]), (0, 0, 2000))

    def test_durable_echo_answers_too(self):
        with tempfile.TemporaryDirectory() as folder:
            echo = self.echo("--sync", f"{folder}/sync")
            status, result = loadgen("--target", echo.address, "--op", "mkdirs", "--count", 500,
                                     "--connections", 4, "--inflight", 4)
            self.assertEqual((status, result["errors"], result["ops"]), (0, 0, 500))

    def test_a_server_that_is_not_there_is_said(self):
        status, result = loadgen("--target", f"127.0.0.1:{closed_port()}", "--op", "root")
        self.assertEqual((status, result), (2, None))

    def test_a_server_that_dies_makes_errors(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"127.0.0.1:{listener.getsockname()[1]}"
            with subprocess.Popen([LOADGEN, "--target", address, "--op", "root", "--inflight", "7"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                connection, _ = listener.accept()
                connection.close()
                result = json.loads(process.communicate(timeout=30)[0])
        self.assertEqual((process.returncode, result["errors"], result["ops"]), (1, 7, 0))

    def test_a_frozen_server_makes_errors_without_retry(self):
        echo = self.echo()
        echo.signal(signal.SIGSTOP)
        status, result = loadgen("--target", echo.address, "--op", "root", "--timeout", 0.3)
        self.assertEqual((status, result["errors"], result["ops"]), (1, 1, 0))

    def test_retry_goes_past_a_refusing_and_a_frozen_server(self):
        frozen, working = self.echo(), self.echo()
        frozen.signal(signal.SIGSTOP)
        addresses = f"127.0.0.1:{closed_port()},{frozen.address},{working.address}"
        status, result = loadgen("--retry", addresses, "--op", "mkdirs", "--connections", 3,
                                 "--inflight", 2, "--count", 600)
        self.assertEqual((status, result["errors"], result["ops"]), (0, 0, 600))
        self.assertEqual(result["repeats"], 6)
        self.assertGreaterEqual(result["longest_gap_ms"], 200)
        self.assertLess(result["longest_gap_ms"], 1000)

    def test_a_signal_ends_the_run_and_the_results_are_printed(self):
        for warmup in (0, 600):
            with self.subTest(warmup=warmup):
                echo = self.echo()
                with subprocess.Popen([LOADGEN, "--target", echo.address, "--op", "root",
                                       "--seconds", "600", "--warmup", str(warmup)],
                                      stdout=subprocess.PIPE, text=True) as process:
                    wait_for_calls(process.pid)
                    process.send_signal(signal.SIGTERM)
                    result = json.loads(process.communicate(timeout=30)[0])
                self.assertEqual((process.returncode, result["errors"]), (0, 0))
                self.assertEqual(result["ops"] > 0, warmup == 0)

    def test_retry_finds_a_server_that_starts_later(self):
        port = closed_port()
        with contextlib.ExitStack() as stack:
            process = stack.enter_context(subprocess.Popen(
                [LOADGEN, "--retry", f"127.0.0.1:{port}", "--op", "root", "--count", "1"],
                stdout=subprocess.PIPE, text=True))
            server = subprocess.Popen([ECHO, "--listen", f"127.0.0.1:{port}"],
                                      stdout=subprocess.DEVNULL)
            stack.callback(server.wait)
            stack.callback(server.kill)
            result = json.loads(process.communicate(timeout=30)[0])
        self.assertEqual((process.returncode, result["ops"]), (0, 1))

    def test_mistakes_on_the_command_line_are_said(self):
        for arguments in ([], ["--target", "x"], ["--target", "127.0.0.1:1"],
                          ["--target", "127.0.0.1:1", "--op", "fly"],
                          ["--target", "127.0.0.1:1", "--op", "root", "--inflight", "0"],
                          ["--target", "127.0.0.1:1", "--op", "root", "--count", "-1"],
                          ["--target", "127.0.0.1:1", "--op", "root", "--base", "bench"],
                          ["--target", "127.0.0.1:1", "--op", "getListing", "--files", "1"]):
            done = subprocess.run([LOADGEN, *arguments], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(done.stderr.startswith("loadgen: "), done.stderr)


if __name__ == "__main__":
    unittest.main()
