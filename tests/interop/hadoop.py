# SPDX-License-Identifier: Apache-2.0
"""Hadoop's own tools, assembled from Maven Central.

The jars are kept below $HOLDFAST_CACHE (default ~/.cache/holdfast).
"""
import os
import pathlib
import shutil
import socket
import subprocess

VERSION = "3.4.3"
HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("HOLDFAST_CACHE", "~/.cache/holdfast")).expanduser()
MAIN_CLASSES = {
    "dfs": "org.apache.hadoop.fs.FsShell",
    "dfsadmin": "org.apache.hadoop.hdfs.tools.DFSAdmin",
    "groups": "org.apache.hadoop.hdfs.tools.GetGroups",
    "haadmin": "org.apache.hadoop.hdfs.tools.DFSHAAdmin",
    "datanode": "org.apache.hadoop.hdfs.server.datanode.DataNode",
}
# What a DataNode reaches into on newer Java.
OPENS = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in (
    "java.io", "java.lang", "java.lang.reflect", "java.net", "java.util", "java.util.concurrent",
    "sun.nio.ch")]
# A short-lived JVM: neither a second compiler nor a parallel collector pays.
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
        "-Djava.net.preferIPv4Stack=true"]
LOG4J = """\
log4j.rootLogger=WARN,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR
"""


def missing():
    """A program that is needed and not installed, or None."""
    return next((name for name in ("java", "mvn") if shutil.which(name) is None), None)


def fetch_jars(folder):
    done = subprocess.run(
        ["mvn", "-q", "-B", "-f", HERE / "hadoop-pom.xml", f"-Dhadoop.version={VERSION}",
         "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"],
        capture_output=True, text=True)
    assert done.returncode == 0, f"mvn could not fetch Hadoop:\n{done.stdout}{done.stderr}"
    (folder / "complete").touch()


def home():
    """Folder with lib/ and etc/; downloads the jars the first time."""
    folder = CACHE / f"hadoop-{VERSION}"
    if not (folder / "lib/complete").exists():
        fetch_jars(folder / "lib")
    (folder / "etc/webapps/datanode").mkdir(parents=True, exist_ok=True)  # a DataNode wants it
    (folder / "etc/log4j.properties").write_text(LOG4J)
    (folder / "etc/core-site.xml").write_text("<configuration/>\n")  # there must be one
    (folder / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
    return folder


def java(conf=None):
    """The beginning of a command line of a JVM that knows Hadoop's classes."""
    folder = home()
    path = ":".join(str(part) for part in (conf, folder / "etc", folder / "lib/*") if part)
    hosts = f"-Djdk.net.hosts.file={folder}/etc/hosts"  # not all machines know their own name
    return [*JAVA, *OPENS, hosts, "-cp", path]


def command_line(command, conf=None):
    """The beginning of a command line of one of Hadoop's tools."""
    return [*java(conf), MAIN_CLASSES[command]]


def program(source, *args):
    """Runs a program of ours, one file beside this one, to its end."""
    return subprocess.run([*java(), HERE / source, *args], capture_output=True, text=True,
                          timeout=300, env={"PATH": os.environ["PATH"], "HADOOP_USER_NAME": "root",
                                            "HOME": os.environ.get("HOME", "/")})


def shell(uri):
    """tool(args, user, folder): args as after `hdfs`, such as ["dfs", "-ls", "/"]."""
    def tool(args, user="root", folder=None):
        env = {"PATH": os.environ["PATH"], "HADOOP_USER_NAME": user, "TZ": "UTC",
               "HOME": os.environ.get("HOME", "/")}
        return subprocess.run([*command_line(args[0]), "-fs", uri, *args[1:]], env=env, cwd=folder,
                              capture_output=True, text=True, timeout=120)
    return tool


class DataNode:
    """Apache's DataNode, with the ports and the folder of a cluster's configuration."""

    def __init__(self, cluster):
        self.log = cluster.folder / "datanode.log"
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                [*command_line("datanode", cluster.conf)], stdout=out, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True,
                env={"PATH": os.environ["PATH"], "TZ": "UTC", "HOME": str(cluster.folder)})

    def kill(self):
        self.popen.kill()
        self.popen.wait()
