# SPDX-License-Identifier: Apache-2.0
"""alluxio getConf.  Values, exit codes and the texts of errors are those of Alluxio 2.9.6."""
import os
import subprocess

import processes
import pytest


@pytest.fixture
def getconf(tmp_path):
    site = tmp_path / "alluxio-site.properties"
    site.write_text("alluxio.master.rpc.port=24001\n"
                    "alluxio.master.embedded.journal.entry.size.max=10MB\n"
                    "alluxio.master.embedded.journal.election.timeout.max=20s\n")

    def run(*args):
        return subprocess.run(["alluxio", "getConf", *args], executable=processes.BINARY, text=True,
                              capture_output=True, timeout=60,
                              env={"PATH": os.environ["PATH"], "ALLUXIO_CONF_DIR": str(tmp_path)})
    run.site = site
    return run


@pytest.mark.parametrize("args, printed", [
    (["alluxio.master.rpc.port"], "24001"),
    (["alluxio.zookeeper.address"], ""),
    (["--source", "alluxio.master.rpc.port"], "SITE_PROPERTY ({site})"),
    (["--source", "alluxio.master.journal.checkpoint.period.entries"], "DEFAULT"),
    (["-Dalluxio.master.rpc.port=5", "--source", "alluxio.master.rpc.port"], "SYSTEM_PROPERTY"),
    (["--unit", "S", "alluxio.master.embedded.journal.election.timeout.max"], "20"),
    (["--unit", "KB", "alluxio.master.embedded.journal.entry.size.max"], "10240"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_a_value_its_unit_and_its_source(getconf, args, printed):
    done = getconf(*args)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == printed.format(site=getconf.site) + "\n"


@pytest.mark.parametrize("args, text", [
    (["bogus.key"], "bogus.key is not a valid configuration key"),
    (["a", "b"], "More arguments than expected. Args: [a, b]"),
    (["--unit", "XX", "alluxio.master.embedded.journal.entry.size.max"], "XX is not a valid unit"),
], ids=lambda value: "" if isinstance(value, str) else " ".join(value))
def test_what_is_wrong_is_said_below_the_usage(getconf, args, text):
    done = getconf(*args)
    assert (done.returncode, done.stderr) == (1, text + "\n")
    assert done.stdout.startswith(
        "usage: USAGE: GetConf [--unit <arg>] [--source] [--master] [key]\n")


def test_a_list_has_sources_if_they_are_asked_for(getconf):
    plain, sources = (getconf(*args).stdout.splitlines() for args in ([], ["--source"]))
    assert "alluxio.master.rpc.port=24001" in plain
    assert f"alluxio.master.rpc.port=24001 (SITE_PROPERTY ({getconf.site}))" in sources
    assert "alluxio.worker.rpc.port=29999 (DEFAULT)" in sources and len(plain) == len(sources)


def test_the_masters_own_values_cannot_be_asked_for(getconf):
    done = getconf("--master", "alluxio.master.rpc.port")
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr.startswith("Unable to get master-side configuration: ")
