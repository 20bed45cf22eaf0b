# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running server is treated as running by every module that works on its host, whoever owns the data directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils import _domino_host, _host_state
from ansible_collections.opendomino.mail.plugins.module_utils._console import HiddenServerError
from ansible_collections.opendomino.mail.plugins.modules import console
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import (
    LONG_AGO,
    Host,
    ProcessTable,
    process_called,
)
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOTES = 65534
#: Sets a variable of a notes.ini that has no other, in a shell, because every user can run that.
SERVER = """#!/bin/sh
{ id -u; id -g; id -G; } > sent_as
case "$2" in "set config "*) printf '[Notes]\\n%s\\n' "${2#set config }" > notes.ini ;; esac
"""


@pytest.fixture
def volume() -> Iterator[Host]:
    """Return a host as a container platform makes it: the volume is root:notes 2775, the server runs as notes.

    Where this user cannot give files away, all of it is this user's.
    """
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    host = Host.create(root)
    host.log.unlink()
    (host.program_directory / "bin" / "server").write_text(SERVER, "ascii")
    host.ini.write_bytes(b"[Notes]\nServerTasks=Router\n")
    rights: dict[str, Any] = {}
    if os.geteuid() == 0:
        rights = {"user": NOTES, "group": NOTES, "extra_groups": [NOTES, 4242]}
        os.chown(host.data_directory, 0, NOTES)
        os.chown(host.ini, NOTES, NOTES)
    host.data_directory.chmod(0o2775)
    host.processes.append(process_called("server", host.data_directory, **rights))
    yield host
    host.stop()
    shutil.rmtree(root)


@pytest.mark.parametrize(
    ("module", "more", "changed"),
    [
        ("server_tasks", {"present": ["SMTP"]}, True),
        ("notes_ini", {"settings": [{"name": "ServerTasks", "value": "Router,SMTP"}]}, True),
        (
            "console",
            {"commands": ["set config ServerTasks=Router,SMTP"], "response_timeout": 0.1, "settle": 0.05},
            True,
        ),
        ("notes_ini_info", {"names": ["ServerTasks"]}, False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_server_in_a_volume_of_root_is_running_and_is_told_as_its_own_user(
    volume: Host, module: str, more: Mapping[str, Any], changed: bool
) -> None:
    arguments = {"data_directory": str(volume.data_directory), **more}
    if module != "notes_ini_info":
        arguments["program_directory"] = str(volume.program_directory)
    result = run_module(module, arguments)
    assert not result["failed"], result
    assert result["changed"] == changed
    assert result.get("running", True)
    sent_as = volume.data_directory / "sent_as"
    assert sent_as.exists() == changed
    if changed:
        assert volume.ini.read_bytes() == b"[Notes]\nServerTasks=Router,SMTP\n"
        uid, gid, groups = sent_as.read_text("ascii").splitlines()
        if os.geteuid() == 0:
            assert (uid, gid, set(groups.split())) == (str(NOTES), str(NOTES), {str(NOTES), "4242"})
            assert (volume.ini.stat().st_uid, volume.data_directory.stat().st_uid) == (NOTES, 0)
        else:
            assert uid == str(os.geteuid())


def test_a_stale_pid_nbf_names_another_program_so_the_file_of_the_stopped_server_is_edited(host: Host) -> None:
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    host.processes.append(process_called("backup", host.data_directory))
    pid_nbf = host.data_directory / "pid.nbf"
    pid_nbf.write_text(f"1 {host.processes[0].pid} 0 server\n1 0 0 router\n1 99999999999999999999 0 update\n", "ascii")
    os.utime(pid_nbf, (LONG_AGO, LONG_AGO))
    arguments = {"data_directory": str(host.data_directory), "settings": [{"name": "A", "value": "2"}]}
    result = run_module("notes_ini", arguments)
    assert (result["failed"], result["changed"], result["running"]) == (False, True, False), result
    assert host.ini.read_bytes() == b"[Notes]\nA=2\n"


@pytest.mark.parametrize(
    ("setting", "texts"),
    [
        ({"state": "absent"}, ["the server is running ({pid_nbf} names process"]),
        ({"value": "2"}, ["within 0.3 seconds", "If it is stopped already ({pid_nbf} names process", "remove pid.nbf"]),
    ],
    ids=["refused", "not set in time"],
)
def test_where_pid_nbf_alone_shows_that_a_server_runs_the_message_names_it(
    host: Host, tmp_path: Path, setting: dict[str, str], texts: list[str]
) -> None:
    host.start(deaf=["A"])
    host.stop()
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    host.processes.append(process_called("router", tmp_path))
    pid_nbf = host.data_directory / "pid.nbf"
    # As root a command is not sent on the word of pid.nbf about a process of root's.
    pid_nbf.write_text(f"1 {host.processes[-1].pid} 0 router\n", "ascii")
    result = run_module(
        "notes_ini",
        {
            "data_directory": str(host.data_directory),
            "program_directory": str(host.program_directory),
            "settings": [{"name": "A", **setting}],
            "console_timeout": 0.3,
        },
    )
    assert result["failed"]
    if os.geteuid() == 0 and "value" in setting:
        texts = ["{pid_nbf} names process", "not enough to send a console command as root", "remove pid.nbf"]
    for text in texts:
        assert text.format(pid_nbf=pid_nbf) in result["msg"]


# ------------------------------------------------------------------------- the server may be running out of sight


@pytest.fixture
def hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProcessTable:
    """Return a container that shares its data directory with another one, in which a server may be running."""
    table = ProcessTable.create(tmp_path)
    monkeypatch.setattr(_host_state, "_PROC", table.directory)
    table.pid_nbf("1 4711 0 server\n")
    (table.data_directory / "notes.ini").write_bytes(b"[Notes]\nA=1\n")
    return table


def module(table: ProcessTable, running: str) -> Any:
    warnings: list[str] = []
    params = {
        "path": None,
        "data_directory": str(table.data_directory),
        "program_directory": "/nowhere",
        "running": running,
        "console_timeout": 1.0,
        "stopped": "ignore",
    }
    return SimpleNamespace(params=params, check_mode=False, warn=warnings.append, warnings=warnings)


def test_where_a_server_may_run_out_of_sight_notes_ini_is_opened_only_if_the_user_says_how(
    hidden: ProcessTable,
) -> None:
    refused = pytest.raises(HiddenServerError, match=r"names process 4711 \(server\)")
    with refused, _domino_host.open_notes_ini(module(hidden, "auto")):
        pass
    with _domino_host.open_notes_ini(module(hidden, "stopped")) as access:
        assert not access.running
    with _domino_host.open_notes_ini(module(hidden, "running")) as access:
        assert access.running


def test_where_a_server_may_run_out_of_sight_no_command_is_taken_for_unnecessary(hidden: ProcessTable) -> None:
    with pytest.raises(HiddenServerError):
        console.is_running(module(hidden, "auto").params, hidden.data_directory)
    assert not console.is_running(module(hidden, "stopped").params, hidden.data_directory)
    assert console.is_running(module(hidden, "running").params, hidden.data_directory)


def test_where_a_server_may_run_out_of_sight_reading_notes_ini_says_so(hidden: ProcessTable) -> None:
    reader = module(hidden, "auto")
    _path, ini, running = _domino_host.read_notes_ini(reader)
    assert ini.get("A") == b"1"
    assert running is None
    assert len(reader.warnings) == 1
    assert "cannot be seen" in reader.warnings[0]


def test_where_a_server_may_run_out_of_sight_a_host_that_is_only_looked_at_says_so(hidden: ProcessTable) -> None:
    seen = _host_state.see(str(hidden.data_directory / "notes.ini"), look_for_server=True)
    assert seen["running"] is None
