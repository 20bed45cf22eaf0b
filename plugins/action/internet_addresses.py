# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module internet_addresses needs on the controller: somebody who shows how far it is.

A module cannot show anything before its end, because Ansible takes its output for the result. It writes lines into a
file; where that file is on the controller, they are shown here while the module runs.
"""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_SECONDS = 0.5  # how often it is looked whether there is a new line

display = Display()


class ActionModule(ActionBase):
    """Runs the module and shows its progress."""

    _supports_async = True
    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; see ActionBase."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
        arguments = dict(self._task.args)
        if wrap_async or self._connection.transport != "local" or self._play_context.become:
            done = self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=wrap_async)
        else:
            host = (task_vars or {}).get("inventory_hostname", "")
            with _progress_file(arguments) as path, _shown(path, f"[{host}] "):
                done = self._execute_module(module_args=arguments, task_vars=task_vars)
        result.update(done)
        return result


@contextmanager
def _progress_file(arguments: dict[str, Any]) -> Iterator[Path]:
    """Give the file that the module writes its progress into, one of our own where none is wanted."""
    if arguments.get("progress_file"):
        yield Path(arguments["progress_file"]).expanduser()
        return
    with tempfile.TemporaryDirectory(prefix="internet-addresses-") as directory:
        arguments["progress_file"] = str(Path(directory) / "progress")
        yield Path(arguments["progress_file"])


@contextmanager
def _shown(path: Path, head: str) -> Iterator[None]:
    """Show each new line of a file while something is done."""
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(path, head, ended, _identity(path)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(path: Path, head: str, ended: threading.Event, before: tuple[int, int] | None) -> None:
    """Show lines until the end; those of an earlier run, which the file still holds, are not shown."""
    file: TextIO | None = None
    while True:
        last = ended.wait(_SECONDS)
        if file is None and _identity(path) not in (None, before):
            try:
                file = path.open(encoding="utf-8")
            except OSError:  # it is there and not ours to read
                return
        for line in file or ():
            display.display(head + line.rstrip("\n"))
        if last:
            break
    if file is not None:
        file.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from one that was begun anew, its time of change and size; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
