# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several runs change one file at once: each change that a run reports is in the file afterwards.

The number of races of each kind is small, unless the environment variable NOTES_INI_RACES says otherwise.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import Host

RACES = int(os.environ.get("NOTES_INI_RACES", "3"))
#: Takes the lock as a run does, says so, and holds it until it is killed.
HOLDS = """
import sys, time
from pathlib import Path
from ansible_collections.opendomino.mail.plugins.module_utils._directory_lock import locked
with locked(Path(sys.argv[1]), 10):
    print("locked", flush=True)
    sys.stdin.read()
"""


def options(host: Host, **more: Any) -> dict[str, Any]:
    return {"data_directory": str(host.data_directory), "program_directory": str(host.program_directory), **more}


def change(host: Host, number: int) -> dict[str, Any]:
    """Run a module as one of several writers: each adds a task, and every second one sets a variable, too."""
    result = run_module("server_tasks", options(host, present=[f"Task{number}"]))
    if number % 2 == 0 or result["failed"]:
        return result
    return run_module("notes_ini", options(host, settings=[{"name": f"Variable{number}", "value": number}]))


@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
@pytest.mark.parametrize("writers", [2, 5])
def test_no_change_that_a_run_reports_is_lost(host: Host, writers: int, running: bool) -> None:
    if running:
        host.start()
    with ThreadPoolExecutor(writers) as pool:
        for race in range(RACES):
            host.ini.write_bytes(b"[Notes]\nServerTasks=Router\n")
            results = list(pool.map(lambda number: change(host, number), range(writers)))
            assert [result for result in results if result["failed"] or not result["changed"]] == [], race
            lines = dict(line.split("=") for line in host.ini.read_text("ascii").splitlines()[1:])
            tasks = lines.pop("ServerTasks").split(",")
            assert tasks[0] == "Router"
            assert sorted(tasks[1:]) == [f"Task{number}" for number in range(writers)], race
            assert lines == {f"Variable{number}": str(number) for number in range(1, writers, 2)}, race


@pytest.mark.parametrize("writers", [2, 5])
def test_no_variable_of_a_one_touch_setup_file_is_lost(tmp_path: Path, writers: int) -> None:
    path = tmp_path / "setup.json"

    def change(number: int) -> dict[str, Any]:
        return run_module("one_touch_setup", {"path": str(path), "notes_ini": {f"Variable{number}": number}})

    with ThreadPoolExecutor(writers) as pool:
        for race in range(RACES):
            path.unlink(missing_ok=True)
            results = list(pool.map(change, range(writers)))
            assert [result for result in results if result["failed"] or not result["changed"]] == [], race
            variables = json.loads(path.read_text("utf-8"))["serverSetup"]["notesINI"]
            assert variables == {f"Variable{number}": str(number) for number in range(writers)}, race


@contextmanager
def another_run(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that holds the lock on a directory."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"locked\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
def test_a_lock_that_is_not_released_in_time_is_an_error_and_nothing_is_changed(host: Host, running: bool) -> None:
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    if running:
        host.start()
    settings = [{"name": "A", "value": "2"}]
    with another_run(host.data_directory):
        result = run_module("notes_ini", options(host, settings=settings, console_timeout=0.3))
        assert result["failed"]
        for part in (f"{host.data_directory} is locked: another run", "within 0.3 seconds", "Nothing was changed. Run"):
            assert part in result["msg"]
        assert host.ini.read_bytes() == b"[Notes]\nA=1\n"
        assert host.commands == []
        foreseen = run_module("notes_ini", options(host, settings=settings), check=True)
        assert foreseen["changed"], "check mode changes nothing, and waits for nobody"


def test_a_killed_run_leaves_neither_a_lock_nor_a_file(host: Host) -> None:
    host.ini.write_bytes(b"[Notes]\nServerTasks=Router\n")
    before = set(host.data_directory.iterdir())
    with another_run(host.data_directory) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        result = run_module("server_tasks", options(host, present=["SMTP"], console_timeout=0.5))
    assert result["changed"], result
    assert set(host.data_directory.iterdir()) == before


def test_the_lock_is_of_the_directory_that_holds_the_file_however_it_is_named(host: Host, tmp_path: Path) -> None:
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    link = tmp_path / "notes.ini"
    link.symlink_to(host.ini)
    arguments = {"path": str(link), "settings": [{"name": "A", "value": "2"}], "console_timeout": 0.3}
    with another_run(host.data_directory):
        assert "is locked" in run_module("notes_ini", arguments)["msg"]
    assert run_module("notes_ini", arguments)["changed"]


def test_the_servers_program_does_not_inherit_the_lock(host: Host) -> None:
    """What `server -c` leaves behind would hold the lock after the run."""
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    host.start(lingers=True)
    result = run_module("notes_ini", options(host, settings=[{"name": "A", "value": "2"}]))
    assert result["changed"], result
    lingering = int((host.data_directory / "lingering").read_text("ascii"))
    descriptor = os.open(host.data_directory, os.O_RDONLY)
    try:
        assert Path(f"/proc/{lingering}").exists()
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)
        os.kill(lingering, signal.SIGKILL)


def test_what_somebody_else_sets_on_the_running_server_meanwhile_is_not_overwritten(host: Host) -> None:
    """An administrator at the console takes no lock; the value is read again just before each command."""
    host.ini.write_bytes(b"[Notes]\nA=1\nB=1\n")
    host.start(also={"B": "3"})
    settings = [{"name": "A", "value": "2"}, {"name": "B", "value": "2"}]
    result = run_module("notes_ini", options(host, settings=settings))
    assert result["failed"]
    assert result["changed"]
    assert "B was changed by somebody else meanwhile. Already set: A. Run again." in result["msg"]
    assert host.ini.read_bytes() == b"[Notes]\nA=2\nB=3\n"
    assert host.commands == ["set config A=2"]
