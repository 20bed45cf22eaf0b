# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The console: what refuses a command, which server runs, who sends commands."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ansible_collections.opendomino.mail.plugins.module_utils import _console
from ansible_collections.opendomino.mail.plugins.module_utils._console import (
    ERROR_TEXTS,
    Command,
    Console,
    ConsoleError,
    ServerC,
    is_running,
    refusal_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["line"])
def test_case(case: dict[str, Any]) -> None:
    refusal = refusal_in(["AMgr: Executive is idle", case["line"]])
    assert (refusal and refusal.constant) == case["constant"]
    if refusal:
        assert refusal.line == case["line"]
        assert [word for word in case.get("accepted", ()) if not refusal.accepted_by([word])] == []
        assert not refusal.accepted_by(case.get("refused", ()))


@pytest.mark.parametrize(("constant", "text"), ERROR_TEXTS)
def test_each_text_is_its_own_refusal(constant: str, text: str) -> None:
    refusal = refusal_in([f"[000191:000002-00007F5CDCD98700] 12/31/2019 05:16:40 PM  {re.sub('%s', 'xyz', text)}"])
    assert refusal is not None
    assert refusal.constant == constant


# ---------------------------------------------------------------------------------------------- is the server running?


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a process of any name and arguments, by default in the temporary directory."""
    started = []

    def start(name: str, *arguments: str, cwd: Path = tmp_path, **rights: Any) -> subprocess.Popen[bytes]:
        process = process_called(name, cwd, *arguments, **rights)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("lines", "running"),
    [
        ("1 {pid} 0 server", True),
        ("0 1 0 update\n1 {pid} 0 router\n", True),
        ("1  {pid}  0  router", True),
        ("0 {pid} 0 server", False),
        ("1 {pid} 0 nsd.sh", False),
        ("1 x 0 server\n1\n\n", False),
        ("", False),
    ],
)
def test_pid_nbf_names_a_process_that_lives(lines: str, running: bool, tmp_path: Path, start: Start) -> None:
    process = start("task")
    (tmp_path / "pid.nbf").write_text(lines.format(pid=process.pid), "ascii")
    assert is_running(tmp_path) == running
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # from here on a zombie
    assert not is_running(tmp_path)
    process.wait()
    assert not is_running(tmp_path)


def test_pid_nbf_names_a_process_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "pid.nbf").write_text("1 1 0 server\n", "ascii")  # process 1 belongs to root, the directory does not
    if os.geteuid() == 0:
        os.chown(tmp_path, NOBODY, -1)
    assert not is_running(tmp_path)


@pytest.mark.parametrize(
    ("argv", "running"),
    [
        (("server",), True),
        (("/opt/hcl/domino/notes/latest/linux/server", "=/local/notesdata/notes.ini"), True),
        (("server", "-jc"), False),
        (("server", "-c", "show tasks"), False),
        (("smtp",), False),
        (("/opt/server/http",), False),
    ],
)
def test_a_process_is_the_server(argv: tuple[str, ...], running: bool, tmp_path: Path, start: Start) -> None:
    data_directory = tmp_path / "notesdata"
    data_directory.mkdir()
    start(*argv)  # elsewhere
    assert not is_running(data_directory)
    start(*argv, cwd=data_directory)
    assert is_running(data_directory) == running


# --------------------------------------------------------------------------------------------------- who sends commands


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Return a temporary directory that other users can enter."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def server_c(directory: Path, script: str) -> ServerC:
    program = directory / "bin" / "server"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n", "ascii")
    program.chmod(0o755)
    (directory / "data").mkdir()
    return ServerC(directory / "data", directory)


def test_root_sends_as_the_owner_of_the_data_directory(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "not for others")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    transport = server_c(open_directory, 'id -u; id -g; id -G; pwd; printf "%s\\n" "$@"; env')
    owner = pwd.getpwuid(NOBODY if os.geteuid() == 0 else os.geteuid())
    os.chown(open_directory / "data", owner.pw_uid, owner.pw_gid)
    uid, gid, groups, cwd, option, command, *environment = transport.send("set config A=$(x) \"y\" 'z'")
    assert (int(uid), int(gid)) == (owner.pw_uid, owner.pw_gid)
    assert {int(group) for group in groups.split()} == set(os.getgrouplist(owner.pw_name, owner.pw_gid))
    assert cwd == str(open_directory / "data")
    assert (option, command) == ("-c", "set config A=$(x) \"y\" 'z'")
    variables = dict(line.split("=", 1) for line in environment)
    assert (variables["HOME"], variables["LOGNAME"], variables["TZ"]) == (owner.pw_dir, owner.pw_name, "Europe/Berlin")
    assert variables.keys() <= {
        "HOME",
        "USER",
        "LOGNAME",
        "PATH",
        "LANG",
        "LC_ALL",
        "TZ",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    }


def test_another_user_cannot_send(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = server_c(open_directory, "echo sent > sent")
    owner = open_directory.stat().st_uid
    # A test is one user, so the kernel's answer is put in its mouth.
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(ConsoleError, match=r"only this user and root can use the console.*Set become_user"):
        transport.send("show tasks")
    assert not (open_directory / "data" / "sent").exists()


def test_a_directory_of_nobody_known(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    transport = server_c(open_directory, "echo sent > sent")
    monkeypatch.setattr(pwd, "getpwuid", unknown)  # only root could give a directory away
    with pytest.raises(ConsoleError, match=r"this host knows no such user. The command was not sent."):
        transport.send("show tasks")


def test_a_program_that_hangs_is_stopped(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_console, "_SEND_TIMEOUT", 0.2)
    transport = server_c(open_directory, "sleep 600 & echo $! > child; wait")
    with pytest.raises(ConsoleError, match=r"did not end within 0.2 seconds and was stopped. Whether the server"):
        transport.send("show tasks")
    child = int((open_directory / "data" / "child").read_text("ascii"))
    deadline = time.monotonic() + 60
    while _is_alive(child):  # it was told to end, and may be waiting for its turn to do so
        assert time.monotonic() < deadline, "the program's child was not stopped"
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return False


def test_a_program_that_leaves_a_child_behind_ends(open_directory: Path) -> None:
    transport = server_c(open_directory, "sleep 5 & echo done")
    assert transport.send("show tasks") == ["done"]


def test_a_program_that_is_none(open_directory: Path) -> None:
    transport = server_c(open_directory, "")
    (open_directory / "bin" / "server").write_bytes(b"\x7fELF")
    with pytest.raises(ConsoleError, match=r"could not be started.*The command was not sent."):
        transport.send("show tasks")


def test_what_the_program_itself_writes_can_be_a_refusal(open_directory: Path) -> None:
    transport = server_c(open_directory, 'echo "You are not authorized to use the remote console on this server"')
    answer = Console(open_directory / "data", transport).run(Command("show tasks", timeout=1), settle=0.1)
    assert answer.response is None
    assert answer.as_result()["error"] == "ERR_NO_REMOTE_CONSOLE_ACCESS"
