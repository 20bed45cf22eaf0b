# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Domino server's host shows without being changed: whether the server is running, and its notes.ini.

This file is a program, too, which needs nothing but Python: with the path of a notes.ini and whether to look for the
server, it prints what it sees as JSON. So a controller can look at a host without starting a module there.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

#: The marker in the data directory: what a run has begun and not finished, one word on each line.
PENDING_FILE = ".opendomino-mail-pending"
#: Its words, in the order in which the work is done: the server reloads what was changed, and the open-relay test.
PENDING_WORK = ("reload", "relay_test")


class OutOfSightError(Exception):
    """A data directory is none, or cannot be looked at; the text says why."""


def is_running(data_directory: Path) -> bool:
    """Return whether the server with this data directory is running.

    It is if pid.nbf names a living process, or if a process `server` (neither `-c`, which sends a command, nor `-jc`,
    which is the controller) has the data directory as its working directory. In both cases the process belongs to the
    owner of the directory (nashcom/domino-startscript, rc_domino_script: domino_process_monitor, domino_is_running).
    A directory that is none, or that is out of sight, raises OutOfSightError.
    """
    owner = owner_of(data_directory)
    return _named_in_pid_nbf(data_directory, owner) or _among_processes(data_directory, owner)


def _named_in_pid_nbf(data_directory: Path, owner: int) -> bool:
    """Return whether a line of pid.nbf (status, pid, unknown, task) names a living process; it stays after a crash."""
    try:
        content = (data_directory / "pid.nbf").read_bytes()
    except OSError:
        return False
    for line in content.split(b"\n"):
        words = [*line.split(), b"", b"", b"", b""]
        (status, pid), task = words[:2], words[3]
        if status == b"1" and pid.isdigit() and task != b"nsd.sh" and _lives(int(pid), owner):
            return True
    return False


def _among_processes(data_directory: Path, owner: int) -> bool:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program, *arguments = (process / "cmdline").read_bytes().split(b"\0")
            if program.split(b"/")[-1] != b"server" or b"-c" in arguments or b"-jc" in arguments:
                continue
            if _lives(int(process.name), owner) and (process / "cwd").samefile(data_directory):
                return True
        except OSError:  # it has ended, or is nobody's business
            continue
    return False


def _lives(pid: int, owner: int) -> bool:
    """Return whether a process lives (a zombie does not) and runs as `owner`."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives, as somebody else
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return True
    status = {name: value.split() for name, _colon, value in (line.partition(":") for line in lines)}
    return status["State"][0] != "Z" and int(status["Uid"][1]) == owner


def owner_of(directory: Path) -> int:
    """Return who a data directory belongs to; raise OutOfSightError where it is none, or cannot be seen."""
    try:
        os.scandir(directory).close()
        return directory.stat().st_uid
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


def see(path: str, look_for_server: bool) -> dict[str, object]:
    """Return what is to be seen of a server by the path of its notes.ini.

    `path` has links resolved, `content` is the file in Base64, `running` tells of the server, `pending` is what the
    marker names.
    """
    given, real = Path(path), Path(os.path.realpath(path))
    # The server works in its data directory, which holds the file or the link to it.
    running = look_for_server and any(is_running(directory) for directory in (given.parent, real.parent))
    content = base64.b64encode(real.read_bytes()).decode("ascii")
    return {"path": str(real), "content": content, "running": running, "pending": pending_in(given.parent)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(see(sys.argv[1], sys.argv[2] == "yes")))
