# SPDX-License-Identifier: Apache-2.0
"""alluxio fsadmin as operators type it: texts and exit codes of Alluxio 2.9.6."""
import re

import pytest

from processes import Cluster, wait_until

JOURNAL_USAGE = """\
Usage: journal [checkpoint] [quorum]
Provide operations for the journal. See sub-commands' descriptions for more details.
"""
QUORUM_USAGE = """\
Usage: quorum [remove] [elect] [info]
Manage embedded journal quorum configuration. See sub-commands' descriptions for more details.
"""
INFO_USAGE = """\
Usage: info -domain <[MASTER, JOB_MASTER]>

Shows quorum information for embedded journal.
"""
REMOVE_USAGE = """\
Usage: remove -domain <MASTER|JOB_MASTER>
 -address <HostName:Port>
Removes a server from embedded journal quorum.
"""
ELECT_USAGE = """\
Usage: elect -address <HOSTNAME:PORT>
Transfers leadership of the quorum to the master located at <hostname>:<port>
"""
NO_PRIMARY = "Failed to determine address for JournalMasterClient after 1 attempts"

WRONG_USES = [
    ("journal", "No sub-command is specified\n" + JOURNAL_USAGE),
    ("journal bogus", "Unknown sub-command: bogus\n" + JOURNAL_USAGE),
    ("journal quorum", "No sub-command is specified\n" + QUORUM_USAGE),
    ("journal quorum bogus", "Unknown sub-command: bogus\n" + QUORUM_USAGE),
    ("journal quorum info", "Invalid option count. Expected: 1, Found: 0\n" + INFO_USAGE),
    ("journal quorum info -domain",
     "Failed to parse args for info: Missing argument for option: domain\n" + INFO_USAGE),
    ("journal quorum info -domain master",
     "Invalid value provided for option: domain. Supported values: [MASTER, JOB_MASTER]\n"),
    ("journal quorum remove", "Invalid option count. Expected: 2, Found: 0\n" + REMOVE_USAGE),
    ("journal quorum remove -domain MASTER",
     "Invalid option count. Expected: 2, Found: 1\n" + REMOVE_USAGE),
    ("journal quorum remove -domain MASTER -address bogus", "Invalid address provided.\n"),
    ("journal quorum elect",
     "Invalid option provided. Supported options: [address]\n" + ELECT_USAGE),
    ("journal quorum elect -address bogus", "Invalid address provided.\n"),
    ("journal quorum elect -domain MASTER -address 127.0.0.1:19200",
     "Failed to parse args for elect: Unrecognized option: -domain\n" + ELECT_USAGE),
    ("journal quorum info -domain MASTER", NO_PRIMARY + "\n"),
    ("journal quorum elect -address 127.0.0.1:19200", f"""\
Initiating transfer of leadership to 127.0.0.1:19200
Failed to elect 127.0.0.1:19200 as the new leader: {NO_PRIMARY}
Resetting priorities of masters after failed transfer of leadership
Quorum priorities failed to be reset: alluxio.exception.status.UnavailableException: {NO_PRIMARY}
"""),
    ("report", "Cannot connect to Alluxio leader master.\n"),
    ("report capacity", "Cannot connect to Alluxio leader master.\n"),
    ("report bogus", """\
report [category] [category args]
Report Alluxio running cluster information.
Where [category] is an optional argument. If no arguments are passed in, summary information will \
be printed out.
[category] can be one of the following:
    capacity         worker capacity information
    metrics          metrics information
    summary          cluster summary
    ufs              under storage system information
    jobservice       job service metrics information

report category is invalid.
"""),
]


@pytest.fixture(scope="module")
def nobody(tmp_path_factory):
    """A configuration whose master does not run."""
    return Cluster(tmp_path_factory.mktemp("fsadmin") / "cluster")


@pytest.mark.parametrize("words,text", WRONG_USES, ids=[words for words, _ in WRONG_USES])
def test_what_fails_says_so_in_alluxios_words(nobody, words, text):
    done = nobody.run("fsadmin", *words.split(), name="alluxio")
    assert (done.stdout, done.returncode) == (text, 255)


def test_job_masters_have_a_clear_answer(nobody):
    done = nobody.run("fsadmin", "journal", "quorum", "info", "-domain", "JOB_MASTER",
                      name="alluxio")
    assert "no job masters" in done.stdout and done.returncode == 255


@pytest.mark.parametrize("words,text", [
    ("backup", "Backups are not supported in this version.\n"),
    ("backup /folder --local", "Backups are not supported in this version.\n"),
    ("statelock", "There is no state lock: nothing waits for one.\n"),
])
def test_commands_that_are_not_there_say_so_alone(nobody, words, text):
    done = nobody.run("fsadmin", *words.split(), name="alluxio")
    assert (done.stdout, done.stderr, done.returncode) == (text, "", 255)


@pytest.mark.parametrize("name,words,code,text", [
    ("alluxio", "readJournal -help", 1, "alluxio readJournal: holdfast journal cat shows what is in a "
     "journal\n"),
    ("alluxio", "job leader", 1, "alluxio job: there are no job masters in this version\n"),
    ("hdfs", "zkfc -formatZK", 1, "hdfs zkfc: failover controllers are not supported in this "
     "version\n"),
    ("hdfs", "namenode -bootstrapStandby", 1, "hdfs namenode -bootstrapStandby: a new master needs "
     "none: format its folder and start it, it gets everything from the primary\n"),
    ("hdfs", "haadmin -failover nn1 nn2", 255, "failover: masters elect their primary among "
     "themselves; holdfast quorum elect HOST:PORT hands over\n"),
])
def test_what_other_tools_have_is_no_unknown_word(nobody, name, words, code, text):
    done = nobody.run(*words.split(), name=name)
    assert (done.stdout, done.stderr, done.returncode) == ("", text, code)


@pytest.mark.parametrize("uri,why", [
    ("alluxio://zk@z1:2181,z2:2181/p", "ZooKeeper is not asked in this version; name the masters"),
    ("alluxio://ebj@nobodys/p", "no masters are configured under that name: "
     "alluxio.master.nameservices.NAME"),
    ("alluxio://m1:x/p", "no address can be read from it"),
])
def test_an_authority_that_names_no_master_is_explained(nobody, uri, why):
    done = nobody.run("fs", "ls", uri, name="alluxio")
    assert done.returncode == 255 and f"{uri}: {why}" in done.stderr


def test_why_no_master_answers_is_told_aside(nobody):
    done = nobody.run("fsadmin", "report", name="alluxio")
    assert f"127.0.0.1:{nobody.port}" in done.stderr and "refused" in done.stderr


# ---- one master ----

def test_a_lone_master_is_a_quorum_of_one(cluster):
    done = cluster.run("fsadmin", "journal", "quorum", "info", "-domain", "MASTER",
                       name="alluxio")
    assert done.returncode == 0
    assert done.stdout == """\
Journal domain\t: MASTER
Quorum size\t: 1
Quorum leader\t: 127.0.0.1:19200

STATE       | PRIORITY | SERVER ADDRESS
AVAILABLE   | 0        | 127.0.0.1:19200
"""


@pytest.mark.parametrize("address,why", [
    ("127.0.0.1:1", "<127.0.0.1:1> is not part of the quorum <[127.0.0.1:19200]>."),
    ("127.0.0.1:19200", "127.0.0.1:19200 is already the leader"),
])
def test_nobody_else_can_be_elected(cluster, address, why):
    done = cluster.run("fsadmin", "journal", "quorum", "elect", "-address", address,
                       name="alluxio")
    assert done.returncode == 255
    assert done.stdout == f"""\
Initiating transfer of leadership to {address}
Failed to elect {address} as the new leader: {why}
Resetting priorities of masters after failed transfer of leadership
Quorum priorities were reset to 1
"""


def test_hadoops_shell_takes_several_masters_in_a_uri(cluster):
    masters = f"alluxio://127.0.0.1:{cluster.port},127.0.0.1:1"
    assert cluster.run("fs", "-mkdir", f"{masters}/by-hadoop", name="hadoop").returncode == 0
    done = cluster.run("fs", "-ls", f"{masters}/", name="hadoop")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(f" {masters}/by-hadoop")


def test_the_last_one_is_not_removed(cluster):
    done = cluster.run("fsadmin", "journal", "quorum", "remove", "-domain", "MASTER", "-address",
                       "127.0.0.1:19200", name="alluxio")
    assert (done.stdout, done.returncode) == (
        "it is the only one that votes: nobody would be left\n", 255)


def test_who_is_primary_is_not_told_to_elect_another(cluster):
    done = cluster.run("quorum", "elect", "127.0.0.1:19200")
    assert (done.stderr, done.returncode) == (
        "holdfast quorum: 127.0.0.1:19200 is primary already\n", 1)


def test_an_unknown_member_is_not_said_to_be_removed(cluster):
    done = cluster.run("fsadmin", "journal", "quorum", "remove", "-domain", "MASTER", "-address",
                       "127.0.0.1:1", name="alluxio")
    assert "not part of the quorum" in done.stdout and done.returncode == 255


def test_the_report_has_alluxios_lines(cluster):
    done = cluster.run("fsadmin", "report", name="alluxio")
    assert done.returncode == 0
    shape = re.sub(r"\d\d-\d\d-\d{4} \d\d:\d\d:\d\d:\d{3}", "<time>", done.stdout)
    shape = re.sub(r"and \d+ second", "and <n> second", shape)
    version = re.search("Version: (.*)", shape)[1]
    address = f"127.0.0.1:{cluster.port}"
    assert shape == f"""\
Alluxio cluster summary: \n    Master Address: {address}
    Web Port: 19999
    Rpc Port: {cluster.port}
    Started: <time>
    Uptime: 0 day(s), 0 hour(s), 0 minute(s), and <n> second(s)
    Version: {version}
    Safe Mode: false
    Zookeeper Enabled: false
    Raft-based Journal: true
    Raft Journal Addresses: \n        127.0.0.1:19200
    {'Master Address':32} {'State':8} {'Version':32}
    {address:32} {'PRIMARY':8} {version:32}
    Live Workers: 0
    Lost Workers: 0
    Total Capacity: 0B
    Used Capacity: 0B
    Free Capacity: 0B
"""


def test_the_report_of_capacity_has_each_worker(cluster):
    def report(*words):
        done = cluster.run("fsadmin", "report", "capacity", *words, name="alluxio")
        assert done.returncode == 0
        return done.stdout
    assert report() == "No workers found.\n"
    cluster.start_worker()
    wait_until(lambda: report() != "No workers found.\n", "the worker is known")
    lines = report("-live").splitlines()
    size = r"[\d.]+[KMGT]?B"
    shapes = ["Capacity information for live workers: ",
              f"    Total Capacity: ({size})", f"        Tier: HDD  Size: {size}",
              f"    Used Capacity: {size}", f"        Tier: HDD  Size: {size}",
              r"    Used Percentage: \d+%", r"    Free Percentage: \d+%", "",
              "Worker Name +Last Heartbeat   Storage       HDD",
              rf"(\S+) +\d+ +capacity      {size}", rf" +used          {size} \(\d+%\)"]
    assert len(lines) == len(shapes)
    assert all(re.fullmatch(shape, line) for shape, line in zip(shapes, lines)), lines
    host = lines[9].split()[0]
    assert report("-lost") == report("-workers", "elsewhere") == "No workers found.\n"
    assert report("-workers", f"elsewhere,{host}").startswith(
        "Capacity information for specified workers: \n")


@pytest.mark.parametrize("category,why", [
    ("metrics", "status --json"), ("ufs", "no under storage"), ("jobservice", "no job masters"),
])
def test_what_is_not_reported_has_a_clear_answer(nobody, category, why):
    done = nobody.run("fsadmin", "report", category, name="alluxio")
    assert why in done.stdout and done.returncode == 255
