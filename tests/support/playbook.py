# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks as a user does, and keep what each task did, so that runs can be compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import forked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class TaskResult:
    """What one task did on one host."""

    host: str
    task: str
    action: str
    status: str
    changed: bool
    diff: list[Any]
    msg: str | list[str]  # a list where a task lists things, such as findings

    playbook: str
    check: bool


@dataclass(frozen=True)
class PlaybookRun:
    """A finished run."""

    returncode: int
    output: str
    seconds: float
    results: tuple[TaskResult, ...]

    def changes(self) -> set[tuple[str, str, str]]:
        """Return what changed: (host, task, difference as text)."""
        return {(r.host, r.task, json.dumps(r.diff, sort_keys=True)) for r in self.results if r.changed}

    def changed_tasks(self) -> Counter[str]:
        """Return how many tasks changed something on each host; hosts without a change count 0."""
        counter = Counter({r.host: 0 for r in self.results})
        counter.update(r.host for r in self.results if r.changed)
        return counter

    def failures(self) -> list[TaskResult]:
        """Return the results that ended a host's run."""
        return [r for r in self.results if r.status in ("failed", "unreachable")]


def run_playbook(
    playbook: str,
    inventory: Path,
    *arguments: str,
    extra: dict[str, Any] | None = None,
    show: bool = False,
    programs: Path | None = None,
    callbacks: Sequence[str] = ("recorder",),
    environment: Mapping[str, str] | None = None,
) -> PlaybookRun:
    """Run `ansible-playbook` with the collection of this checkout.

    `playbook` is a name such as `opendomino.mail.site` or a path. `extra` becomes extra variables. With `show`, the
    output goes to the terminal as well. `programs` is where another Ansible is than the one beside this Python; without
    either, the process is forked from one that has Ansible imported. `callbacks` are those of this folder's
    callback_plugins. `environment` is added to that of this process.
    """
    with tempfile.TemporaryDirectory(prefix="playbook-") as scratch:
        record = Path(scratch) / "record.jsonl"
        record.touch()
        whole = {
            **os.environ,
            **(environment or {}),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "support" / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": ",".join(callbacks),
            "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_RETRY_FILES_ENABLED": "false",
            "ANSIBLE_DEPRECATION_WARNINGS": "true",
            "RECORDER_FILE": str(record),
        }
        whole.pop("ANSIBLE_CONFIG", None)
        command: list[str] = [
            str((programs or Path(sys.executable).parent) / "ansible-playbook"),
            playbook,
            "-i",
            str(inventory),
            *arguments,
        ]
        if extra:
            command += ["-e", json.dumps(extra)]
        started = time.monotonic()
        if show or programs:
            returncode, output = _run(command, whole, show)
        else:
            ended = forked.run(command, whole, imports=["ansible.cli.playbook"], merged=True)
            returncode, output = ended.returncode, ended.output.decode()
        lines = record.read_text(encoding="utf-8").splitlines()
    return PlaybookRun(
        returncode=returncode,
        output=output,
        seconds=time.monotonic() - started,
        results=tuple(TaskResult(**json.loads(line)) for line in lines),
    )


def _run(command: Sequence[str], environment: dict[str, str], show: bool) -> tuple[int, str]:
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            if show:
                sys.stdout.write("  " + line)
                sys.stdout.flush()
    return process.returncode, "".join(lines)
