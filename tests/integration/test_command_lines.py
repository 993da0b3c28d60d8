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
