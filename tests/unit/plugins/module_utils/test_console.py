# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The console: what refuses a command, which server runs, who sends commands."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ansible_collections.opendomino.mail.plugins.module_utils import _console, _host_state
from ansible_collections.opendomino.mail.plugins.module_utils._console import (
    ERROR_TEXTS,
    Command,
    Console,
    ConsoleError,
    HiddenServerError,
    ServerC,
    refusal_in,
    server_of,
)
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import (
    LONG_AGO,
    ProcessTable,
    process_called,
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


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Return a temporary directory that other users can enter."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def is_running(directory: Path) -> bool:
    return server_of(directory) is not None


@pytest.mark.parametrize(
    ("lines", "running"),
    [
        ("1 {pid} 0 router", True),
        ("0 1 0 update\n1 {pid} 0 router\n", True),
        ("1  {pid}  0  Router", True),
        ("0 {pid} 0 router", False),
        ("1 {pid} 0 nsd.sh", False),
        ("1 {pid} 0 server", False),
        ("1 {pid} 0", False),
        ("1 x 0 router\n1\n\n", False),
        ("1 0 0 router", False),
        ("1 -1 0 router", False),
        ("1 -{pid} 0 router", False),
        ("1 2147483648 0 router", False),
        ("1 9999999999999999999999 0 router", False),
        ("1 " + 5000 * "9" + " 0 router", False),
        ("1 \u00b2 0 router", False),
        ("\x00\xff\n1 {pid}\x00 0 router", False),
        ("", False),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_pid_nbf_names_a_process_that_is_the_task(lines: str, running: bool, tmp_path: Path, start: Start) -> None:
    process = start("router")
    (tmp_path / "pid.nbf").write_text(lines.format(pid=process.pid), "utf-8")
    os.utime(tmp_path / "pid.nbf", (LONG_AGO, LONG_AGO))  # before this machine was started
    assert is_running(tmp_path) == running
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # from here on a zombie
    assert not is_running(tmp_path)
    process.wait()
    assert not is_running(tmp_path)


def test_a_stale_pid_nbf_whose_process_id_is_now_another_program_counts_as_stopped(
    tmp_path: Path, start: Start
) -> None:
    process = start("/usr/bin/backup", "server")
    (tmp_path / "pid.nbf").write_text(f"1 {process.pid} 0 server\n1 {os.getpid()} 0 router\n", "ascii")
    os.utime(tmp_path / "pid.nbf", (LONG_AGO, LONG_AGO))
    assert not is_running(tmp_path)


def test_a_stale_pid_nbf_whose_process_id_is_now_the_server_of_another_directory_counts_as_stopped(
    tmp_path: Path, start: Start
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    process = start("server", cwd=other)
    (tmp_path / "pid.nbf").write_text(f"1 {process.pid} 0 server\n", "ascii")
    os.utime(tmp_path / "pid.nbf", (LONG_AGO, LONG_AGO))
    assert not is_running(tmp_path)
    assert is_running(other)


def test_a_task_with_a_long_name_is_recognised_by_what_the_kernel_keeps_of_it(
    open_directory: Path, start: Start
) -> None:
    program = open_directory / "averylongservertask"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen(["/bin/other", "60"], executable=program, cwd="/") as process:
        (open_directory / "pid.nbf").write_text(f"1 {process.pid} 0 averylongservertask\n", "ascii")
        try:
            assert is_running(open_directory)
        finally:
            process.kill()


def another_user() -> dict[str, Any]:
    """Return the rights of another user where this one may give them, else none: the process stays this user's."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": [NOBODY]} if os.geteuid() == 0 else {}


@pytest.mark.parametrize("evidence", ["working directory", "pid.nbf"])
def test_a_server_runs_whoever_owns_its_data_directory(evidence: str, open_directory: Path, start: Start) -> None:
    """As a container platform mounts a volume: root:notes, mode 2775, and the server is the Notes user's."""
    if os.geteuid() == 0:
        os.chown(open_directory, 0, NOBODY)
        open_directory.chmod(0o2775)
        assert open_directory.stat().st_uid != NOBODY
    if evidence == "pid.nbf":
        process = start("router", cwd=Path("/"), **another_user())
        (open_directory / "pid.nbf").write_text(f"1 {process.pid} 0 router\n", "ascii")
    else:
        process = start("server", cwd=open_directory, **another_user())
    server = server_of(open_directory)
    assert server is not None
    assert server.process.pid == process.pid
    assert server.process.uid == (NOBODY if os.geteuid() == 0 else os.geteuid())


def test_a_server_of_this_user_runs_in_a_directory_of_somebody_else(start: Start, open_directory: Path) -> None:
    """The root directory belongs to root; where this is root, the directory is somebody else's."""
    directory = Path("/")
    if os.geteuid() == 0:
        directory = open_directory
        os.chown(directory, NOBODY, NOBODY)
    process = start("server", cwd=directory)
    server = server_of(directory)
    assert server is not None
    assert (server.process.pid, server.process.uid) == (process.pid, os.geteuid())


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


# ---------------------------------------------------------------------------------- where not all processes are visible


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProcessTable:
    table = ProcessTable.create(tmp_path)
    monkeypatch.setattr(_host_state, "_PROC", table.directory)
    return table


def test_auto_refuses_where_pid_nbf_is_fresh_and_its_processes_are_in_another_container(table: ProcessTable) -> None:
    table.pid_nbf("0 12 0 update\n1 4711 0 server\n1 4712 0 router\n")
    with pytest.raises(HiddenServerError) as refusal:
        server_of(table.data_directory)
    for part in ("pid.nbf names process 4711 (server)", "another container or PID namespace", "Nothing was changed"):
        assert part in str(refusal.value)
    assert "set the option running to stopped" in str(refusal.value)


@pytest.mark.parametrize(
    "settle",
    [
        pytest.param(lambda table: table.pid_nbf("1 4711 0 server\n", stale=True), id="the machine was started since"),
        pytest.param(lambda table: table.pid_nbf("0 4711 0 server\n"), id="pid.nbf says that all tasks have ended"),
        pytest.param(lambda table: None, id="no pid.nbf"),
        pytest.param(
            lambda table: (
                table.pid_nbf("1 4711 0 server\n"),
                (table.directory / "1" / "comm").write_text("systemd\n", "ascii"),
            ),
            id="the container is a machine of its own",
        ),
    ],
)
def test_a_server_that_cannot_be_seen_counts_as_stopped_with_evidence(
    settle: Callable[[ProcessTable], object], table: ProcessTable
) -> None:
    settle(table)
    assert not is_running(table.data_directory)


def test_a_server_that_crashed_on_a_machine_with_all_processes_visible_counts_as_stopped(
    table: ProcessTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.pid_nbf("1 4711 0 server\n")
    inode = (table.directory / "self" / "ns" / "pid").stat().st_ino
    monkeypatch.setattr(_host_state, "_FIRST_PID_NAMESPACE", inode)
    assert not is_running(table.data_directory)
    shutil.rmtree(table.directory / "1")  # as hidepid does it
    with pytest.raises(HiddenServerError, match="hidepid"):
        server_of(table.data_directory)


def test_a_server_of_another_user_in_a_directory_that_cannot_be_seen_does_not_count(table: ProcessTable) -> None:
    """One user for each of several servers on a host: what the others do is out of sight and does not matter."""
    table.process(4711, "server")
    (table.directory / "4711" / "cwd").unlink()  # the kernel refuses to show it
    assert not is_running(table.data_directory)
    table.pid_nbf("1 4711 0 server\n")
    assert is_running(table.data_directory)


def test_a_pid_nbf_that_cannot_be_read_is_refused(table: ProcessTable, monkeypatch: pytest.MonkeyPatch) -> None:
    table.pid_nbf("1 4711 0 server\n")
    monkeypatch.setattr(os, "access", lambda *_args: False)  # root can read everything
    with pytest.raises(HiddenServerError, match=r"this user cannot read .*pid\.nbf.*Set become_user"):
        server_of(table.data_directory)


def test_without_a_process_table_a_fresh_pid_nbf_is_refused(table: ProcessTable) -> None:
    shutil.rmtree(table.directory)
    assert not is_running(table.data_directory)
    table.pid_nbf("1 4711 0 server\n")
    with pytest.raises(HiddenServerError):
        server_of(table.data_directory)


def test_the_rights_of_a_process_are_those_that_the_kernel_tells(table: ProcessTable) -> None:
    table.process(4711, "server", "/opt/hcl/domino/notes/latest/linux/server\0", table.data_directory)
    server = server_of(table.data_directory)
    assert server is not None
    assert (server.process.uid, server.process.gid, server.process.groups) == (5, 6, (6, 7))
    assert server.evidence == f"process 4711 works in {table.data_directory}"


def test_a_server_seen_by_one_of_two_directories_runs_though_the_other_is_unclear(
    table: ProcessTable, tmp_path: Path
) -> None:
    table.pid_nbf("1 4711 0 router\n")
    other = tmp_path / "other"
    other.mkdir()
    table.process(4800, "server", "server", other)
    server = server_of(table.data_directory, other)
    assert server is not None
    assert server.data_directory == other


def test_another_pid_namespace_of_the_kernel_is_recognised(open_directory: Path, start: Start) -> None:
    """With a real namespace where this user may make one; what is refused there is a server that is seen here."""
    process = start("server", cwd=open_directory)
    (open_directory / "pid.nbf").write_text(f"1 {process.pid} 0 server\n", "ascii")
    look = [sys.executable, "-I", _host_state.__file__, str(open_directory / "notes.ini"), "yes"]
    (open_directory / "notes.ini").write_text("[Notes]\n", "ascii")
    assert json.loads(subprocess.check_output(look, timeout=30))["running"] is True
    unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
    unshare += [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    inside = subprocess.run([*unshare, *look], capture_output=True, check=False, timeout=30)
    if inside.returncode == 0:
        assert json.loads(inside.stdout)["running"] is None
    else:
        assert b"unshare: " in inside.stderr, inside.stderr  # the kernel's refusal, and not the program's


# --------------------------------------------------------------------------------------------------- who sends commands


def server_c(directory: Path, script: str, start: Start | None = None, **rights: Any) -> ServerC:
    program = directory / "bin" / "server"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n", "ascii")
    program.chmod(0o755)
    (directory / "data").mkdir()
    if start is not None:
        start("server", cwd=directory / "data", **rights)
    return ServerC(directory / "data", directory)


def test_root_sends_as_the_user_of_the_servers_process(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    """Whoever the data directory belongs to: here this user, as with a volume of a container platform."""
    monkeypatch.setenv("SECRET", "not for others")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    groups = {NOBODY, 4242} if os.geteuid() == 0 else set(os.getgroups())
    rights = {**another_user(), "extra_groups": sorted(groups)} if os.geteuid() == 0 else {}
    transport = server_c(open_directory, 'id -u; id -g; id -G; pwd; printf "%s\\n" "$@"; env', start, **rights)
    user = pwd.getpwuid(NOBODY if os.geteuid() == 0 else os.geteuid())
    uid, gid, sent_groups, cwd, option, command, *environment = transport.send("set config A=$(x) \"y\" 'z'")
    assert (int(uid), int(gid)) == (user.pw_uid, NOBODY if os.geteuid() == 0 else os.getegid())
    assert {int(group) for group in sent_groups.split()} == groups | {int(gid)}
    assert cwd == str(open_directory / "data")
    assert (option, command) == ("-c", "set config A=$(x) \"y\" 'z'")
    variables = dict(line.split("=", 1) for line in environment)
    assert (variables["HOME"], variables["LOGNAME"], variables["TZ"]) == (user.pw_dir, user.pw_name, "Europe/Berlin")
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


def test_another_user_is_told_whom_to_become(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    transport = server_c(open_directory, "echo sent > sent", start, **another_user())
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    name = pwd.getpwuid(user).pw_name
    # A test is one user, so the kernel's answer is put in its mouth.
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    with pytest.raises(
        ConsoleError,
        match=rf"belongs to {name} \(process .* works in .*only this user and root.*Set become_user to {name}",
    ):
        transport.send("show tasks")
    assert not (open_directory / "data" / "sent").exists()


@pytest.mark.parametrize("named", [False, True], ids=["no process is seen", "pid.nbf names a process of root"])
def test_a_command_is_never_sent_as_root_by_accident(
    named: bool, open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = server_c(open_directory, "echo sent > sent")
    if named:
        first = Path("/proc/1/comm").read_text("ascii").strip()  # process 1 belongs to root
        (open_directory / "data" / "pid.nbf").write_text(f"1 1 0 {first}\n", "ascii")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ConsoleError, match=r"as root.*It was not sent\. Set become_user"):
        transport.send("show tasks")
    assert not (open_directory / "data" / "sent").exists()


def test_a_server_of_nobody_known(open_directory: Path, monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    transport = server_c(open_directory, "echo sent > sent", start)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(ConsoleError, match=r"this host knows no such user. The command was not sent."):
        transport.send("show tasks")


def test_a_program_that_hangs_is_stopped(open_directory: Path, monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    monkeypatch.setattr(_console, "_SEND_TIMEOUT", 0.2)
    transport = server_c(open_directory, "sleep 600 & echo $! > child; wait", start)
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


def test_a_program_that_leaves_a_child_behind_ends(open_directory: Path, start: Start) -> None:
    transport = server_c(open_directory, "sleep 5 & echo done", start)
    assert transport.send("show tasks") == ["done"]


def test_a_program_that_is_none(open_directory: Path, start: Start) -> None:
    transport = server_c(open_directory, "", start)
    (open_directory / "bin" / "server").write_bytes(b"\x7fELF")
    with pytest.raises(ConsoleError, match=r"could not be started.*The command was not sent."):
        transport.send("show tasks")


def test_what_the_program_itself_writes_can_be_a_refusal(open_directory: Path, start: Start) -> None:
    transport = server_c(
        open_directory, 'echo "You are not authorized to use the remote console on this server"', start
    )
    answer = Console(open_directory / "data", transport).run(Command("show tasks", timeout=1), settle=0.1)
    assert answer.response is None
    assert answer.as_result()["error"] == "ERR_NO_REMOTE_CONSOLE_ACCESS"
