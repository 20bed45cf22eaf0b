# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Domino host in a temporary directory: a data directory, and a program `server` that takes console commands.

The program does what the collection relies on and no more: it works in the data directory, edits notes.ini, and appends
its answer to console.log. How it behaves is in `behaviour.json`, what it was told in `received.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Before any machine was started; in seconds since 1970.
LONG_AGO = 1.0

_SERVER = r"""#!{python} -I
import json, os, re, signal, sys, time
from pathlib import Path

behaviour = json.loads(Path("behaviour.json").read_text())
command = sys.argv[2]
call = {{"argv": sys.argv[1:], "cwd": os.getcwd(), "uid": os.getuid(), "env": dict(os.environ)}}
with open("received.json", "a") as received:
    print(json.dumps(call), file=received)
log, ini = Path("IBM_TECHNICAL_SUPPORT/console.log"), Path("notes.ini")

def say(text):
    with log.open("a") as console:
        console.write("[000191:000002-00007F5CDCD98700] 03/01/2026 10:30:00 AM  " + text + "\n")

def set_config(name, value):
    if name in behaviour.get("unsettable", ()):
        return say("This system variable cannot be set via the server console. "
                   "You must edit NOTES.INI to set this variable.")
    if name in behaviour.get("deaf", ()):
        return say("AMgr: Executive is idle")
    name, value = name.strip(), value.strip()
    lines = ini.read_bytes().splitlines()
    if behaviour.get("damages"):
        return ini.write_bytes(b"")
    new = (name + "=" + (value.upper() if behaviour.get("upper") else value)).encode()
    if behaviour.get("removes"):
        lines, new = [line for line in lines if line.partition(b"=")[0] != name.encode()], None
    places = [n for n, line in enumerate(lines) if line.lower().startswith(name.lower().encode() + b"=")]
    lines = [new if n in places[:1] else line for n, line in enumerate(lines)] + ([] if places or not new else [new])
    ini.write_bytes(b"\n".join(lines) + b"\n")

if behaviour.get("dies"):
    os.kill(int(Path("pid.nbf").read_text().splitlines()[-1].split()[1]), signal.SIGKILL)
    sys.exit(0)
if behaviour.get("hang"):
    time.sleep(600)
if behaviour.get("log") == "rotated":
    log.rename(log.with_name("console_old.log"))
elif behaviour.get("log") == "truncated":
    log.write_text("")
if behaviour.get("lingers"):
    child = os.fork()
    if child == 0:
        time.sleep(600)
        os._exit(0)
    Path("lingering").write_text(str(child))
print("what server -c prints means nothing")
if behaviour.get("later") and os.fork():
    sys.exit(1)
time.sleep(behaviour.get("later", 0))
match = re.fullmatch(r"set config ([^=]+)=(.*)", command, re.IGNORECASE)
if match:
    for other in behaviour.get("also", {{}}).items():
        set_config(*other)
    set_config(*match.groups())
elif command.lower() in behaviour.get("answers", {{}}):
    for line in behaviour["answers"][command.lower()]:
        say(line)
else:
    say("Command or option is not recognized")
"""


def process_called(name: str, directory: Path, *arguments: str, **rights: Any) -> subprocess.Popen[bytes]:
    """Return a process of that name which works in a directory and does nothing; it ends with this one at the latest.

    `rights` are user, group, and extra_groups.
    """
    argv = [name, "-s", "--", *arguments]
    process = subprocess.Popen(argv, executable="/bin/sh", cwd=directory, stdin=subprocess.PIPE, **rights)
    while not Path(f"/proc/{process.pid}/cmdline").read_bytes():  # empty for a moment after exec
        time.sleep(0.01)
    return process


@dataclass
class Host:
    """A Domino host; its server is running while there is a process `server` that works in the data directory."""

    data_directory: Path
    program_directory: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def ini(self) -> Path:
        """The server's notes.ini."""
        return self.data_directory / "notes.ini"

    @property
    def log(self) -> Path:
        """The server's console.log."""
        return self.data_directory / "IBM_TECHNICAL_SUPPORT" / "console.log"

    def start(self, **behaviour: Any) -> None:
        """Let the server run, and behave so."""
        process = process_called("server", self.data_directory)
        self.processes.append(process)
        (self.data_directory / "pid.nbf").write_text(f"0 1 0 router\n1 {process.pid} 0 server\n", encoding="ascii")
        (self.data_directory / "behaviour.json").write_text(json.dumps(behaviour), encoding="ascii")

    def stop(self) -> None:
        """End the process; pid.nbf stays, as after a crash."""
        for process in self.processes:
            process.kill()
            process.communicate()

    @property
    def received(self) -> list[dict[str, Any]]:
        """What the server was told, with its surroundings."""
        path = self.data_directory / "received.json"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    @property
    def commands(self) -> list[str]:
        """The console commands that the server received."""
        return [call["argv"][1] for call in self.received]

    @classmethod
    def create(cls, directory: Path) -> Host:
        """Return a host with a stopped server and some lines in console.log, but without notes.ini."""
        host = cls(directory / "local" / "notesdata", directory / "opt" / "hcl" / "domino")
        host.log.parent.mkdir(parents=True)
        host.log.write_text(
            "[000191:000002-00007F5CDCD98700] 03/01/2026 10:00:00 AM  Task is already running\n", "ascii"
        )
        server = host.program_directory / "bin" / "server"
        server.parent.mkdir(parents=True)
        server.write_text(_SERVER.format(python=sys.executable), encoding="utf-8")
        server.chmod(0o755)
        return host

    def run(self, module: str, case: Mapping[str, Any]) -> dict[str, Any]:
        """Make the world of a case, run the module in it, and check what every module has in common."""
        if "server" in case:
            self.start(**case["server"])
        options = {
            "data_directory": str(self.data_directory),
            "program_directory": str(self.program_directory),
            **case["input"],
        }
        given = {name: value for name, value in options.items() if value is not None}
        result = run_module(module, given, check=case.get("check", False), diff=True)
        assert {name: result.get(name) for name in case["output"]} == case["output"], result
        assert result["failed"] == case["output"].get("failed", False), result
        for part in case.get("error", ()):
            assert part in result["msg"]
        if "diff" in case:
            assert {name: result["diff"][name] for name in ("before", "after")} == case["diff"]
        warnings = zip(case.get("warnings", []), result["warnings"], strict=True)
        assert [text for part, text in warnings if part not in text] == []
        assert self.commands == case.get("commands", [])
        return result

    def run_on_ini(self, module: str, case: Mapping[str, Any]) -> None:
        """Run a module that changes notes.ini, and check the file; what changed is unchanged the second time."""
        if "ini" in case:
            self.ini.write_bytes(case["ini"].encode("latin-1"))
        result = self.run(module, case)
        after = case.get("ini_after", case.get("ini"))
        assert (self.ini.read_bytes().decode("latin-1") if self.ini.exists() else None) == after
        if "ini_after" in case and not result["failed"]:
            again = {**case, "output": {"changed": False, "changes": []}, "diff": {"before": "", "after": ""}}
            self.run(module, again)


@dataclass
class ProcessTable:
    """A /proc with processes of its own, as another PID namespace has it, or one that hides those of other users."""

    directory: Path
    data_directory: Path

    def process(self, pid: int, name: str, argv: str = "", cwd: Path | None = None) -> None:
        """Add a process."""
        folder = self.directory / str(pid)
        folder.mkdir()
        lines = (f"Name:\t{name}", "State:\tS (sleeping)", "Uid:\t5\t5\t5\t5", "Gid:\t6\t6\t6\t6", "Groups:\t6 7 ")
        (folder / "status").write_text("\n".join(lines), "ascii")
        (folder / "cmdline").write_text(argv or name, "ascii")
        (folder / "comm").write_text(f"{name}\n", "ascii")
        (folder / "cwd").symlink_to(cwd or "/")

    def pid_nbf(self, lines: str, *, stale: bool = False) -> None:
        """Write pid.nbf, now or before the machine was started."""
        path = self.data_directory / "pid.nbf"
        path.write_text(lines, "ascii")
        if stale:
            os.utime(path, (LONG_AGO, LONG_AGO))

    @classmethod
    def create(cls, directory: Path) -> ProcessTable:
        """Return the table of a container, and the data directory of a server, without pid.nbf."""
        table = cls(directory / "proc", directory / "notesdata")
        table.data_directory.mkdir()
        table.directory.mkdir()
        (table.directory / "stat").write_text("cpu 1 2 3\nbtime 1000\n", "ascii")
        (table.directory / "self" / "ns").mkdir(parents=True)
        (table.directory / "self" / "ns" / "pid").touch()  # not the number of the first PID namespace
        table.process(1, "entrypoint.sh")
        return table
