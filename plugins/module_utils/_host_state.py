# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Domino server's host shows without being changed: whether the server is running, and its notes.ini.

This file is a program, too, which needs nothing but Python: with the path of a notes.ini and whether to look for the
server, it prints what it sees as JSON. So a controller can look at a host without starting a module there.

A server is running if a process shows it; who owns the data directory proves nothing (a volume of a container platform
belongs to root). Two things are evidence:

* A process `server` has the data directory as its working directory. `server -c` sends a command and `server -jc` is
  the Java controller, so neither counts.
* A line of pid.nbf names a process that lives and is the task named there. The file outlasts a crash, and its process
  ids are used again by other programs (nashcom/domino-startscript, rc_domino_script: domino_is_running,
  domino_process_monitor).

A server that does not show is stopped, unless its processes may be out of sight: pid.nbf was written after this machine
was started and names processes, none of them is visible, and not all processes of this machine are visible.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Iterator

#: The marker in the data directory: what a run has begun and not finished, one word on each line.
PENDING_FILE = ".opendomino-mail-pending"
#: Its words, in the order in which the work is done: the server reloads what was changed, and the open-relay test.
PENDING_WORK = ("reload", "relay_test")

_PROC = Path("/proc")
#: The kernel's number of the first PID namespace (PROC_PID_INIT_INO): all processes of the machine are visible there.
_FIRST_PID_NAMESPACE = 0xEFFFFFFC
_PID = re.compile(rb"[1-9][0-9]{0,9}")
#: Bytes of a name that the kernel keeps (TASK_COMM_LEN without the final zero).
_KERNEL_NAME = 15


class OutOfSightError(Exception):
    """The data directory does not exist or cannot be read; the message is for the user."""


class HiddenServerError(OutOfSightError):
    """The server may be running where its processes cannot be seen; the message is for the user."""


@dataclass(frozen=True)
class Process:
    """A living process, with the rights that it has."""

    pid: int
    names: frozenset[str]
    arguments: tuple[bytes, ...]
    uid: int
    gid: int
    groups: tuple[int, ...]

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """Return the process, None where it has ended or cannot be seen."""
        folder = _PROC / str(pid)
        try:
            lines = (folder / "status").read_text("utf-8", "replace").split("\n")
            program, *arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        status = {name: value.split() for name, _colon, value in (line.partition(":") for line in lines)}
        if status["State"][0] in "ZX":  # it has ended, and its parent does not know yet
            return None
        names = {" ".join(status["Name"]), os.path.basename(os.fsdecode(program))}  # noqa: PTH119
        with suppress(OSError):  # a process of the kernel, or of somebody else
            names.add(Path(os.readlink(folder / "exe")).name)  # Path.readlink came with Python 3.9
        uid, gid = int(status["Uid"][1]), int(status["Gid"][1])
        return cls(pid, frozenset(names), tuple(arguments), uid, gid, tuple(map(int, status["Groups"])))

    def is_task(self, task: str) -> bool:
        """Return whether this is the server task of that name, as far as names tell."""
        return any(name.lower() in (task.lower(), task[:_KERNEL_NAME].lower()) for name in self.names)

    def works_in(self, directory: Path) -> bool | None:
        """Return whether this is the working directory; None where it has ended, or is somebody else's."""
        try:
            return (_PROC / str(self.pid) / "cwd").samefile(directory)
        except OSError:
            return None

    @property
    def is_server(self) -> bool:
        """Return whether this is a server, and neither sends a command nor is the Java controller."""
        return "server" in self.names and not {b"-c", b"-jc"}.intersection(self.arguments)

    @property
    def lives(self) -> bool:
        """Return whether the process lives still."""
        now = Process.of(self.pid)
        return now is not None and bool(now.names & self.names)


@dataclass(frozen=True)
class Server:
    """A running server: the process that shows it, its data directory, and whether pid.nbf is the only evidence."""

    process: Process
    data_directory: Path
    from_pid_nbf: bool = False

    @property
    def evidence(self) -> str:
        """Return what shows that the server is running."""
        if self.from_pid_nbf:
            return f"{self.data_directory / 'pid.nbf'} names process {self.process.pid}"
        return f"process {self.process.pid} works in {self.data_directory}"


def server_of(*data_directories: Path) -> Server | None:
    """Return the running server with one of these data directories, None where it is stopped.

    Raise OutOfSightError where a directory cannot be read, HiddenServerError where a server may be out of sight.
    """
    directories = list(dict.fromkeys(data_directories))
    for directory in directories:
        check_directory(directory)
    servers = [process for process in _processes() if process.is_server]
    for directory in directories:
        server = _server_of(directory, servers)
        if server is not None:
            return server
    for directory in directories:
        _check_in_sight(directory)
    return None


def _server_of(directory: Path, servers: list[Process]) -> Server | None:
    for process in servers:
        if process.works_in(directory):
            return Server(process, directory)
    elsewhere = {process.pid for process in servers if process.works_in(directory) is False}
    for pid, task in _entries(directory):
        named = Process.of(pid)
        if named is not None and pid not in elsewhere and named.is_task(task):
            return Server(named, directory, from_pid_nbf=True)
    return None


def _check_in_sight(directory: Path) -> None:
    """Raise HiddenServerError where the server with a data directory may be running unseen."""
    doubt = f"Whether the server with {directory} is running cannot be seen: "
    pid_nbf = directory / "pid.nbf"
    if pid_nbf.exists() and not os.access(pid_nbf, os.R_OK):
        raise HiddenServerError(
            f"{doubt}this user cannot read {pid_nbf}. Nothing was changed. Set become_user to the user that the server "
            "runs as; or set the option running to running or stopped."
        )
    entries = _entries(directory)
    if entries and _is_fresh(pid_nbf) and not _all_processes_are_visible():
        pid, task = entries[0]
        raise HiddenServerError(
            f"{doubt}{pid_nbf} names process {pid} ({task}), which is not visible here, where not all processes are "
            "(another container or PID namespace, or hidepid). Nothing was changed. If the server is running, run this "
            "in its container, or as its user. If it has ended without removing pid.nbf, start it, or set the option "
            "running to stopped."
        )


def check_directory(directory: Path) -> None:
    """Raise OutOfSightError where a data directory does not exist or cannot be read."""
    try:
        os.scandir(directory).close()
    except OSError as exc:
        raise OutOfSightError(
            f"{directory} is no data directory of a server: {exc.strerror}. Nothing was changed."
        ) from exc


def pending_in(data_directory: Path) -> tuple[str, ...]:
    """Return the work that the marker of a data directory names; none where there is no marker.

    All of it where the marker cannot be read: work done twice does no harm.
    """
    try:
        with (data_directory / PENDING_FILE).open("rb") as file:
            words = file.read(1000).decode("ascii", "replace").split()
    except FileNotFoundError:
        return ()
    except OSError:
        return PENDING_WORK
    return tuple(word for word in PENDING_WORK if word in words)


def _processes() -> Iterator[Process]:
    """Yield the processes that can be seen."""
    for folder in _PROC.glob("[0-9]*"):
        process = Process.of(int(folder.name))
        if process is not None:
            yield process


def _entries(directory: Path) -> list[tuple[int, str]]:
    """Return process id and task of each line of pid.nbf (status, process id, unknown, task) with status 1."""
    try:
        lines = (directory / "pid.nbf").read_bytes().split(b"\n")
    except OSError:
        return []
    return [
        (int(words[1]), words[3].decode("utf-8", "replace"))
        for words in map(bytes.split, lines)
        if len(words) > 3 and words[0] == b"1" and _PID.fullmatch(words[1]) and words[3] != b"nsd.sh"
    ]


def _is_fresh(path: Path) -> bool:
    """Return whether a file was written since this machine was started."""
    try:
        started = next(line.split()[1] for line in (_PROC / "stat").read_bytes().splitlines() if line[:6] == b"btime ")
        return path.stat().st_mtime >= int(started)
    except (OSError, StopIteration):
        return True


def _all_processes_are_visible() -> bool:
    """Return whether /proc shows all processes of this machine: neither a container nor hidepid hides some.

    Where systemd is the first process, a container is a machine of its own.
    """
    try:
        (_PROC / "1" / "cmdline").read_bytes()
        first = (_PROC / "1" / "comm").read_bytes().strip()
        return first == b"systemd" or (_PROC / "self" / "ns" / "pid").stat().st_ino == _FIRST_PID_NAMESPACE
    except OSError:
        return False


def see(path: str, look_for_server: bool) -> dict[str, object]:
    """Return what is to be seen of a server by the path of its notes.ini.

    `path` has links resolved, `content` is the file in Base64, `running` tells of the server (None where that cannot be
    seen), `pending` is what the marker names.
    """
    given, real = Path(path), Path(os.path.realpath(path))
    running: bool | None = False
    if look_for_server:
        # The server works in its data directory, which holds the file or the link to it.
        try:
            running = server_of(given.parent, real.parent) is not None
        except HiddenServerError:
            running = None
    content = base64.b64encode(real.read_bytes()).decode("ascii")
    return {"path": str(real), "content": content, "running": running, "pending": pending_in(given.parent)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(see(sys.argv[1], sys.argv[2] == "yes")))
