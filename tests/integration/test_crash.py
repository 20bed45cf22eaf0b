# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of notes.ini, cut by SIGKILL before each of its system calls.

strace kills the module as it enters the n-th call of a kind, which is then not carried out. It is attached to a process
that has everything imported and is about to begin, so the calls are those of the module itself, and all of them.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = b"[Notes]\r\nA=1\r\nServerTasks=Router\r\nB=\x84\x86", b"[Notes]\r\nA=2\r\nServerTasks=Router\r\nB=\x84\x86"
DEADLINE = 60.0
STRACE = shutil.which("strace") or "strace"
#: Forks a child for each line that it reads; the child stops, and goes on as the module when it is told to.
FORKS = """
import os, signal, sys
from ansible_collections.opendomino.mail.plugins.modules import notes_ini
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.argv = ["notes_ini", line.strip()]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.kill(os.getpid(), signal.SIGSTOP)
        notes_ini.main()
        os._exit(1)  # main() ends the process by itself
    os.waitid(os.P_PID, child, os.WSTOPPED)
    print(child, flush=True)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print("ended", status, flush=True)
"""
#: What makes the new file, and puts it in the place of the old one.
FILE_CALLS = {"openat", "write", "fsync", "close", "chmod", "rename"}
CALL = re.compile(r"^(\w+)\(", re.MULTILINE)


class Module:
    """The module, time and again, each time from the same start."""

    def __init__(self, tmp_path: Path, *, backup: bool) -> None:
        self.directory = tmp_path / "notesdata"
        self.directory.mkdir()
        self.file = self.directory / "notes.ini"
        self._trace = tmp_path / "trace"
        self._arguments = tmp_path / "args.json"
        options: dict[str, Any] = {
            "path": str(self.file),
            "settings": [{"name": "A", "value": "2"}],
            "backup": backup,
            "running": "stopped",  # or it would look at all processes of this machine, whose number changes
            "_ansible_remote_tmp": str(tmp_path),
            "_ansible_tmpdir": str(tmp_path),
        }
        self._arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-c", FORKS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / ".collections"), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C"},
        )

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def reset(self) -> None:
        """Put the old file there, alone."""
        for path in self.directory.iterdir():
            path.unlink()
        self.file.write_bytes(OLD)
        self.file.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(self.file, 65534, 65533)

    def run(self, *options: str) -> tuple[int, str]:
        """Run the module under strace; return how it ended and what strace saw."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self._arguments}\n")
        self._process.stdin.flush()
        child = int(self._line())
        strace = subprocess.Popen(
            [STRACE, "-qq", "-o", str(self._trace), "-p", str(child), *options], stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + DEADLINE
        while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text(encoding="ascii"):
            assert strace.poll() is None, strace.communicate()
            assert time.monotonic() < deadline, "strace does not attach"
            time.sleep(0.002)
        os.kill(child, signal.SIGCONT)
        line = self._line()
        strace.communicate(timeout=DEADLINE)
        return int(line.split()[1]), self._trace.read_text(encoding="utf-8", errors="replace")

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process with the module has ended"
        return line


@pytest.fixture(params=[False, True], ids=["no backup", "with backup"])
def module(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Module]:
    module = Module(tmp_path, backup=request.param)
    yield module
    module.close()


def test_a_kill_before_any_system_call_leaves_the_old_or_the_new_file(module: Module) -> None:
    module.reset()
    before = module.file.stat()
    status, trace = module.run()
    assert status == 0
    assert module.file.read_bytes() == NEW
    calls = Counter(CALL.findall(trace))
    assert set(calls) >= FILE_CALLS

    found = set()
    for call in calls:
        for number in itertools.count(1):  # until there is none: calls for memory, locks and waiting vary in number
            where = f"before {call} number {number}"
            module.reset()
            status, trace = module.run("-e", f"inject={call}:signal=KILL:when={number}")
            if status == 0:
                assert number > 1 or call not in FILE_CALLS, (where, trace[-2000:])
                assert module.file.read_bytes() == NEW
                break
            assert status == -signal.SIGKILL, (where, trace[-2000:])
            assert call not in FILE_CALLS or Counter(CALL.findall(trace))[call] == number, (where, trace[-2000:])
            content, after = module.file.read_bytes(), module.file.stat()
            assert content in (OLD, NEW), where
            found.add(content)
            assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid), where
            for path in module.directory.iterdir():
                if path == module.file:
                    continue
                assert re.fullmatch(r"\.notes\.ini\.\w+|notes\.ini\.\d+\.[-\d@:]+~", path.name), where
                # What was to become the file: nobody may do with it what he may not with the file. The copy of the file
                # is made by ansible-core, which gives it its mode last.
                assert path.name.endswith("~") or path.stat().st_mode & ~before.st_mode & 0o077 == 0, where
    assert found == {OLD, NEW}

    # What a cut run has left does not hinder the next one: nothing was cleaned up since the last.
    assert module.run()[0] == 0
    assert module.file.read_bytes() == NEW
