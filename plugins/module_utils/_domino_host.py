# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host that a Domino server runs on, for modules: change notes.ini in the way that the server's state allows.

While the server is stopped, notes.ini is a file. While it runs, the server owns the file: it caches values and writes
the file itself (nashcom/nshini, README.md), so variables are changed with the console command `set config` only.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.opendomino.mail.plugins.module_utils._console import (
    Console,
    ConsoleError,
    HiddenServerError,
    ServerC,
    server_of,
)
from ansible_collections.opendomino.mail.plugins.module_utils._directory_lock import LockError, locked_for
from ansible_collections.opendomino.mail.plugins.module_utils._host_state import (
    OutOfSightError,
    check_directory,
)
from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import NotesIni, NotesIniError, as_text
from ansible_collections.opendomino.mail.plugins.module_utils._whole_file import (
    FileError,
    WholeFile,
    read,
    resolve,
)

if TYPE_CHECKING:
    from typing import Any, Iterator

    from ansible.module_utils.basic import AnsibleModule

    from ansible_collections.opendomino.mail.plugins.module_utils._host_state import Server
    from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import Change, Plan

DEFAULT_PROGRAM_DIRECTORY = "/opt/hcl/domino"
#: Seconds after which it is looked whether a server that does not answer runs still.
_LIFE_SIGN = 2.0

RUNNING_OPTION = {"type": "str", "choices": ["auto", "running", "stopped"], "default": "auto"}

#: Options of every module that changes notes.ini; documented in the fragment `_host.notes_ini`.
NOTES_INI_ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "path": {"type": "path"},
    "data_directory": {"type": "path"},
    "running": RUNNING_OPTION,
    "backup": {"type": "bool", "default": False},
    "program_directory": {"type": "path", "default": DEFAULT_PROGRAM_DIRECTORY},
    "console_timeout": {"type": "float", "default": 30.0},
}


class NotesIniFile:
    """notes.ini of a stopped server."""

    running = False

    def __init__(self, module: AnsibleModule, path: Path) -> None:
        with _as_notes_ini_error():
            self._file = WholeFile(module, str(path))
        self.path = self._file.path
        if self._file.content is None:
            raise _missing(path)
        self.ini = NotesIni.parse(self._file.content, str(path))

    def check(self, plan: Plan) -> None:
        """Raise NotesIniError where the plan could not be applied."""
        with _as_notes_ini_error():
            self._file.check()

    def apply(self, plan: Plan) -> None:
        """Replace the file in one step; owner, mode and SELinux context stay."""
        with _as_notes_ini_error():
            self._file.replace(plan.after.render())


class NotesIniConsole:
    """notes.ini of a running server; `server` is None where the user says that it runs and it cannot be seen."""

    running = True

    def __init__(self, module: AnsibleModule, path: Path, data_directory: Path, server: Server | None) -> None:
        self.path = path
        self.ini = NotesIni.parse(_read(path), str(path))
        self._server = server
        self._timeout: float = module.params["console_timeout"]
        self._console = Console(data_directory, ServerC(data_directory, Path(module.params["program_directory"])))

    def check(self, plan: Plan) -> None:
        """Raise NotesIniError or ConsoleError where the plan could not be applied."""
        because = self._server.evidence if self._server else "as the option running says"
        for change in plan.changes:
            problem = _unfit_for_console(change)
            if problem:
                raise NotesIniError(
                    f"{change.name}: the server is running ({because}), and {problem}. Nothing was changed. Stop the "
                    "server and run again."
                )
        self._console.check(_set_config(change) for change in plan.changes)

    def apply(self, plan: Plan) -> None:
        """Set each variable, and wait until the file shows it."""
        done: list[str] = []
        for change in plan.changes:
            if self._value(change.name) != change.before:
                so_far = f"Already set: {', '.join(done)}." if done else "Nothing was changed."
                raise ConsoleError(
                    f"{self.path}: {change.name} was changed by somebody else meanwhile. {so_far} Run again.",
                    changed=bool(done),
                )
            try:
                self._set(change)
            except ConsoleError as exc:
                outcome, changed = self._outcome(change, done)
                raise ConsoleError(f"{exc} {outcome}", **exc.details, changed=changed) from exc
            done.append(change.name)

    def _set(self, change: Change) -> None:
        with self._console.send(_set_config(change)) as talk:
            end, patience = time.monotonic() + self._timeout, min(_LIFE_SIGN, self._timeout)
            while not talk.wait(lambda: self._shows(change) or talk.refusal is not None, patience):
                if time.monotonic() >= end or self._has_ended:
                    break
            if self._shows(change):
                return
            refusal, lines = talk.refusal, talk.lines
        if refusal:
            raise ConsoleError(
                f'The server did not set {change.name}. It said: "{refusal.line}". {self._advice}',
                error=refusal.constant,
                response=lines,
            )
        if self._has_ended:
            raise ConsoleError(
                f"The server ended while it was told to set {change.name}, and {self.path} does not show the new "
                "value. Find out why it ended, start it, and run again.",
                error=None,
                response=lines,
            )
        raise ConsoleError(
            f"The server was told to set {change.name}, but {self.path} did not show the new value within "
            f"{self._timeout:g} seconds. {self._advice}",
            error=None,
            response=lines,
        )

    @property
    def _advice(self) -> str:
        """Return what to do about a variable that the running server does not set."""
        advice = "Stop the server, change the variable while it is stopped, and start the server again."
        if self._server is None or not self._server.from_pid_nbf:
            return advice
        return f"{advice} If it is stopped already ({self._server.evidence}), remove pid.nbf and run again."

    @property
    def _has_ended(self) -> bool:
        return self._server is not None and not self._server.process.lives

    def _outcome(self, change: Change, done: list[str]) -> tuple[str, bool]:
        """Return what the file shows after a variable that was not set, and whether anything was changed."""
        already = f"Already set: {', '.join(done)}. " if done else ""
        try:
            now = self._value(change.name)
        except NotesIniError as exc:
            return f"{already}What {change.name} is now is not known: {exc}", True
        if now != change.before:
            value = f"has no {change.name}" if now is None else f"has {change.name}={as_text(now)}"
            return f"{already}{self.path} {value} now.", True
        return already.rstrip() or f"Nothing was changed: {self.path} still has the old value.", bool(done)

    def _value(self, name: str) -> bytes | None:
        """Return what the file shows now."""
        return NotesIni.parse(_read(self.path), str(self.path)).get(name)

    def _shows(self, change: Change) -> bool:
        try:
            return self._value(change.name) == change.after
        except NotesIniError:
            return False  # the server is writing it


def _unfit_for_console(change: Change) -> str:
    """Return why `set config` cannot make this change, nothing where it can."""
    if change.after is None:
        return "no console command is known that removes a variable"
    if not change.after:
        return "no console command is known that empties a variable"
    if not change.after.isascii():
        return "the new value would have characters other than ASCII, which the console may take for others"
    if change.after != change.after.strip():
        return "the new value begins or ends with a blank, which the console drops"
    if '"' in change.name:
        return "the console takes a quotation mark in a name for the beginning of a quoted text"
    return ""


def marker_directory(module: AnsibleModule) -> Path:
    """Return the directory of the marker, which is where the path of notes.ini that was given leads."""
    return _paths(module)[0].parent


@contextmanager
def open_notes_ini(module: AnsibleModule) -> Iterator[NotesIniFile | NotesIniConsole]:
    """Give notes.ini as the options of the module say; raise NotesIniError or ConsoleError where there is none.

    Unless in check mode no other run changes the file meanwhile, neither as a file nor through the console.
    """
    given, path = _paths(module)
    with ExitStack() as held:
        try:
            check_directory(path.parent)
            held.enter_context(locked_for(module, path.parent, module.params["console_timeout"]))
        except (OutOfSightError, LockError) as exc:
            raise NotesIniError(str(exc)) from exc
        # The server works in its data directory, which holds the file or the link to it.
        running = module.params["running"]
        server = server_of(given.parent, path.parent) if running == "auto" else None
        if server is not None or running == "running":
            yield NotesIniConsole(module, path, server.data_directory if server else given.parent, server)
        else:
            yield NotesIniFile(module, path)


def read_notes_ini(module: AnsibleModule) -> tuple[Path, NotesIni, bool | None]:
    """Return the path of notes.ini, what stands in it, and whether its server is running (None: warned, not seen).

    Raise NotesIniError where there is no notes.ini.
    """
    given, path = _paths(module)
    running: bool | None
    try:
        running = server_of(given.parent, path.parent) is not None
    except HiddenServerError as exc:
        module.warn(str(exc))
        running = None
    return path, NotesIni.parse(_read(path), str(path)), running


def _paths(module: AnsibleModule) -> tuple[Path, Path]:
    """Return the path as given, and with links resolved: a link stays a link. Raises NotesIniError."""
    given = Path(module.params["path"] or os.path.join(module.params["data_directory"], "notes.ini"))  # noqa: PTH118
    with _as_notes_ini_error():
        return given, resolve(str(given))


@contextmanager
def _as_notes_ini_error() -> Iterator[None]:
    try:
        yield
    except FileError as exc:
        raise NotesIniError(str(exc)) from exc


def as_result(plan: Plan, path: str, *, running: bool) -> dict[str, Any]:
    """Return what modules that change notes.ini say of a plan."""
    return {
        "changed": plan.changed,
        "changes": [change.as_result() for change in plan.changes],
        "diff": plan.diff(path),
        "notes_ini": path,
        "running": running,
    }


def carry_out(module: AnsibleModule, access: NotesIniFile | NotesIniConsole, plan: Plan) -> dict[str, Any]:
    """Apply a plan unless in check mode, and return the module's result."""
    for warning in plan.warnings:
        module.warn(warning)
    result = as_result(plan, str(access.path), running=access.running)
    if plan.changed:
        access.check(plan)
    if plan.changed and not module.check_mode:
        if module.params["backup"]:
            with _as_notes_ini_error():
                result["backup_file"] = WholeFile(module, str(access.path)).copy()
        access.apply(plan)
    return result


def _read(path: Path) -> bytes:
    with _as_notes_ini_error():
        content = read(path)
    if content is None:
        raise _missing(path)
    return content


def _missing(path: Path) -> NotesIniError:
    return NotesIniError(f"{path}: there is no such file. Nothing was changed.")


def _set_config(change: Change) -> str:
    return f"set config {change.name}={as_text(change.after or b'')}"
