# SPDX-License-Identifier: Apache-2.0
"""Transcripts of other people's tools: a command, what it printed, how it ended.

    $ hdfs mkdir /a              a command line, split as a shell would; bob$ runs it as bob
    [exit] 1
    [stderr]
      mkdir /a: file already exists
    ! restart                    the master is killed and started again
    ! same a b                   two local files have the same content

Commands run in a folder with small.txt (three lines, 14 bytes), b.txt (one line), big.bin (2.5 MB)
and tree/ (a, empty, sub/b).  What differs from run to run is masked: <time>, <master> for the
address, <folder>, <n> for sizes in df.
Expected outputs come from Apache's NameNode, never from ours:

    python3 transcript.py record TOOL ADDRESS FILE

runs the file's commands against the NameNode at ADDRESS and writes what it saw into the file.
TOOL is `cli` (Debian's hdfs-cli) or `shell` (Hadoop's own).
"""
import dataclasses
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TIMES = [
    re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d"),        # hdfs-cli
    re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"),      # Hadoop
    re.compile(r"\b1\d{12}\b"),                             # Hadoop, milliseconds
]
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ")


@dataclasses.dataclass
class Step:
    line: int
    user: str = "root"
    command: str = ""       # empty: a directive or a comment
    text: str = ""          # the line of a directive or comment
    exit: int = 0
    stdout: str = ""
    stderr: str = ""

    @property
    def directive(self):
        return self.text[2:].split() if self.text.startswith("! ") else [""]

    def shown(self):
        if not self.command:
            return self.text + "\n"
        user = "" if self.user == "root" else self.user
        out = f"{user}$ {self.command}\n[exit] {self.exit}\n"
        for name, text in (("stdout", self.stdout), ("stderr", self.stderr)):
            if text:
                out += f"[{name}]\n" + "".join(f"  {line}\n" for line in text.splitlines())
        return out


def parse(path):
    steps, into = [], None
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        start = re.match(r"^([a-z]*)\$ (.*)$", line)
        if start:
            steps.append(Step(number, start[1] or "root", start[2]))
            into = None
        elif line.startswith("[exit] "):
            steps[-1].exit = int(line[7:])
        elif line in ("[stdout]", "[stderr]"):
            into = line[1:-1]
        elif line.startswith("  "):
            setattr(steps[-1], into, getattr(steps[-1], into) + line[2:] + "\n")
        else:
            steps.append(Step(number, text=line))
            into = None
    return steps


def mask(text, address, folder, command):
    text = text.replace(address, "<master>").replace(str(folder), "<folder>")
    for pattern in TIMES:
        text = pattern.sub("<time>", text)
    if re.search(r"(^| )-?df( |$)", command):
        text = re.sub(r"\b\d+(\.\d+)?( ?[BKMGTP])?\b", "<n>", text)
        text = re.sub(r" +", " ", text)
    return text


def make_local_files(folder):
    folder = pathlib.Path(folder)
    (folder / "tree/sub").mkdir(parents=True)
    for name, data in {"small.txt": b"one\ntwo\nthree\n", "b.txt": b"four\n",
                       "big.bin": bytes(range(256)) * 10240, "tree/a": b"1", "tree/empty": b"",
                       "tree/sub/b": b"22"}.items():
        (folder / name).write_bytes(data)


def run(step, tool, address, folder):
    """The same step with what happened now; `tool(args, user, folder)` runs a command line."""
    done = tool(shlex.split(step.command)[1:], step.user, folder)
    stderr = "".join(line for line in done.stderr.splitlines(True) if not LOG_LINE.match(line))
    return Step(step.line, step.user, step.command, exit=done.returncode,
                stdout=mask(done.stdout, address, folder, step.command),
                stderr=mask(stderr, address, folder, step.command))


def follow(step, folder, restart):
    verb, *args = step.directive
    if verb == "restart":
        restart()
    elif verb == "same":
        one, other = (pathlib.Path(folder, name).read_bytes() for name in args)
        assert one == other, f"line {step.line}: {step.text}"


def play(path, tool, address, folder, restart):
    """Runs the transcript and asserts that every answer is the recorded one."""
    make_local_files(folder)
    for step in parse(path):
        if not step.command:
            follow(step, folder, restart)
            continue
        seen = run(step, tool, address, folder)
        if seen.shown() != step.shown():
            difference = "\n".join(difflib.unified_diff(
                step.shown().splitlines(), seen.shown().splitlines(), "recorded", "seen",
                lineterm=""))
            raise AssertionError(f"{path.name}:{step.line}\n{difference}")


def debian_cli(address):
    """Debian's hdfs-cli, by its full path: our own links have the same name."""
    def tool(args, user="root", folder=None):
        env = {"PATH": os.environ["PATH"], "HADOOP_NAMENODE": address, "HADOOP_USER_NAME": user,
               "TZ": "UTC"}
        return subprocess.run(["/usr/bin/hdfs", *args], env=env, cwd=folder, capture_output=True,
                              text=True, timeout=60)
    return tool


def main():
    _, verb, name, address, path = sys.argv
    assert verb == "record"
    if name == "cli":
        tool = debian_cli(address)
    else:
        import hadoop
        tool = hadoop.shell(f"hdfs://{address}")
    with tempfile.TemporaryDirectory() as folder:
        make_local_files(folder)
        steps = [run(step, tool, address, folder) if step.command else step
                 for step in parse(path)]
    pathlib.Path(path).write_text("".join(step.shown() for step in steps))


if __name__ == "__main__":
    main()
