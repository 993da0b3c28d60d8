# SPDX-License-Identifier: Apache-2.0
"""What people type at `holdfast` itself; no master is needed."""
import os
import subprocess

import pytest

import processes


@pytest.fixture
def site(tmp_path):
    return processes.Cluster(tmp_path / "site")


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_is_no_error(site, word):
    done = site.run(word)
    assert done.returncode == 0 and not done.stderr
    assert "journal" in done.stdout


@pytest.mark.parametrize("tool,command", [
    *(("holdfast", command) for command in (
        "master", "worker", "fs", "status", "quorum", "journal", "config", "format", "haadmin",
        "dfsadmin")),
    ("hdfs", "namenode"), ("hdfs", "datanode"),
    ("alluxio", "formatJournal"), ("alluxio", "formatMasters"), ("alluxio", "getConf"),
    ("alluxio", "master"), ("alluxio", "worker")])
@pytest.mark.parametrize("word", ["--help", "-h"])
def test_every_command_says_how_it_is_called(site, tool, command, word):
    done = site.run(command, word, name=tool)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith("Usage: ") or command == "dfsadmin"
    assert not (site.folder / "master").exists()


def test_no_journal_is_formatted_under_words_that_nobody_knows(site):
    done = site.run("formatJournal", "--force", name="alluxio")
    assert done.returncode == 255
    assert "usage: alluxio formatJournal" in done.stderr
    assert not (site.folder / "master").exists()


def test_who_formats_twice_in_a_second_keeps_both_journals(site):
    for _ in range(3):
        site.format()
    assert len(list(site.folder.glob("master.before-format-*"))) == 2


def test_a_worker_takes_no_words(site):
    done = site.run("worker", "now")
    assert done.returncode == 2
    assert "unexpected argument 'now'" in done.stderr


def test_an_unknown_command_is_named_on_the_error_stream(site):
    done = site.run("jornal")
    assert done.returncode == 2 and not done.stdout
    assert "unknown command: jornal" in done.stderr


@pytest.mark.parametrize("before", [True, False])
def test_options_stand_on_either_side_of_words(site, before):
    words, options = ["get", "fs.defaultFS"], ["--conf", site.conf]
    done = site.run("config", *(options + words if before else words + options))
    assert done.stdout == f"hdfs://127.0.0.1:{site.port}\n", done.stderr


@pytest.mark.parametrize("tool", ["alluxio", "hdfs", "holdfast"])
def test_a_tool_in_bin_finds_conf_beside_it(site, tool):
    words = {"alluxio": ["getConf"], "hdfs": ["getconf", "-confKey"],
             "holdfast": ["config", "get"]}[tool]
    link = site.folder / "bin" / tool
    link.parent.mkdir()
    link.symlink_to(processes.BINARY)
    none = {k: v for k, v in os.environ.items() if not k.endswith("_CONF_DIR")}
    for path in (link, tool):  # by its path, and found in PATH
        done = subprocess.run([path, *words, "fs.defaultFS"], text=True, capture_output=True,
                              env={**none, "PATH": f"{link.parent}:{os.environ['PATH']}"})
        assert done.stdout == f"hdfs://127.0.0.1:{site.port}\n", done.stderr


def test_an_unknown_key_gets_the_nearest_name(site):
    done = site.run("config", "get", "dfs.replicaton")
    assert done.returncode == 1
    assert "did you mean dfs.replication?" in done.stderr


def test_what_is_wrong_is_said_once_and_only_by_check(site):
    site.set("dfs.replicaton", 2)
    done = site.run("config", "check")
    assert done.returncode == 0
    assert (done.stdout + done.stderr).count("did you mean dfs.replication?") == 1
    assert not site.run("config", "get", "fs.defaultFS").stderr


def test_who_runs_it_counts_in_values_of_services_too(site):
    none = {k: v for k, v in os.environ.items() if k not in ("USER", "LOGNAME")}
    me = subprocess.run(["id", "-un"], text=True, capture_output=True, check=True).stdout.strip()
    done = subprocess.run([processes.BINARY, "config", "--conf", site.conf, "-D",
                           "hadoop.tmp.dir=/tmp/${user.name}", "get", "hadoop.tmp.dir"],
                          text=True, capture_output=True, env=none)
    assert done.stdout == f"/tmp/{me}\n", done.stderr


def test_a_folder_without_a_journal_is_named(site, tmp_path):
    for verb in ("ls", "cat", "verify", "digest"):
        done = site.run("journal", verb, tmp_path / "nowhere")
        assert done.returncode == 1
        assert f"{tmp_path}/nowhere" in done.stderr


def test_an_option_is_not_taken_for_a_folder(site):
    done = site.run("journal", "verify", "--what")
    assert done.returncode == 2
    assert "usage: holdfast journal" in done.stderr


def test_one_more_file_stands_behind_conf_as_with_hadoop(site, tmp_path):
    more = tmp_path / "more.xml"
    more.write_text("<configuration><property><name>dfs.replication</name><value>2</value>"
                    "</property></configuration>")
    assert site.run("config", "-conf", more, "get", "dfs.replication").stdout == "2\n"
    # the others still count
    assert str(site.port) in site.run("config", "-conf", more, "get", "fs.defaultFS").stdout
    missing = site.run("config", "-conf", tmp_path / "none.xml", "list")
    assert missing.returncode == 1 and "none.xml" in missing.stderr
