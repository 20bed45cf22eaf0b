# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of server tasks in ServerTasks and ServerTasksAt0 to ServerTasksAt23 of notes.ini.

A list is separated by commas; an entry is a task name with optional arguments (HCL domino-c-api-docs,
Server_Add-In_Tasks.md; HCL domino-container, `certmgr -ACCEPT_TOU_AUTO_CONFIG`). Two entries are the same task when
their names are equal without regard to case. RunJava is no task but starts one, so its arguments belong to the name:
`RunJava JAddin Alpha` and `RunJava JAddin Beta` are two tasks.

A list of an hour starts tasks that run and end, so that one task may stand there several times with different
arguments (`Object Collect mailbox.box,Object Info`). In it, entries with different arguments are two entries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Pattern, Sequence


#: The list of the tasks that start with the server and keep running; the others are of an hour.
DEFAULT = "ServerTasks"
_CONTROL: Pattern[str] = re.compile(r"[\x00-\x1f\x7f]")


class ServerTasksError(Exception):
    """Tasks that cannot be asked for; the message is for the user."""


@dataclass(frozen=True)
class Task:
    """What an entry stands for: `name` compares equal for the same task, `arguments` are as written."""

    name: str
    arguments: tuple[str, ...]

    @classmethod
    def of(cls, entry: str) -> Task:
        """Return what an entry stands for."""
        words = entry.split()
        if words[0].lower() == "runjava":
            return cls(" ".join(words).lower(), ())
        return cls(words[0].lower(), tuple(words[1:]))

    def asks_for(self, other: Task) -> bool:
        """Return whether `other` is what this asks for; without arguments it asks for any arguments."""
        return self.name == other.name and (not self.arguments or self.arguments == other.arguments)


@dataclass(frozen=True)
class TaskList:
    """A list of server tasks as notes.ini has it: what stands between the commas, blanks included."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, value: str) -> TaskList:
        """Return the list in the value of a variable; `render` is its inverse."""
        return cls(tuple(value.split(",")))

    def render(self) -> str:
        """Return the value of the variable."""
        return ",".join(self.parts)

    @property
    def entries(self) -> tuple[str, ...]:
        """Return the entries without the blanks around them; empty ones do not count."""
        return tuple(part.strip() for part in self.parts if part.strip())


@dataclass(frozen=True)
class Plan:
    """What has to change, and what it looks like before and after."""

    before: TaskList
    after: TaskList

    @property
    def changed(self) -> bool:
        """Return whether anything has to change."""
        return self.before != self.after


def plan(
    current: TaskList,
    present: Sequence[str] = (),
    absent: Sequence[str] = (),
    exact: Sequence[str] | None = None,
    variable: str = DEFAULT,
) -> Plan:
    """Plan the list of server tasks in `variable`.

    Raises ServerTasksError where the wishes are no entries or contradict each other, and where it is not sure which
    entries the list has. Entries that stay keep their spelling and order; new ones are appended in the order given.

    * `present` without arguments accepts any entry of the task. With arguments it wants these; in ServerTasks it
      replaces the (first) entry of the same task in its place, in a list of an hour it is added to the others.
    * `absent` without arguments removes each entry of the task; with arguments only an entry with these.
    * `exact` wants these entries with these arguments and no others. A task named twice is wanted twice.
    """
    hourly = variable.lower() != DEFAULT.lower()
    _check_list(current, variable)
    for entry in (*present, *absent, *(exact or ())):
        _check(entry)
    _check_together(present, absent, hourly)
    parts = list(current.parts)
    if exact is not None:
        parts = _exactly(parts, exact)
    for entry in absent:
        parts = [part for part in parts if not part.strip() or not Task.of(entry).asks_for(Task.of(part))]
    for entry in present:
        parts = _with(parts, entry, hourly)
    if current.parts[0] == current.parts[0].lstrip():
        parts[:1] = [part.lstrip() for part in parts[:1]]  # a blank after a comma that is gone
    return Plan(current, TaskList(tuple(parts or [""])))


def _with(parts: Sequence[str], entry: str, hourly: bool) -> list[str]:
    wanted = Task.of(entry)
    places = [place for place, part in enumerate(parts) if part.strip() and Task.of(part).name == wanted.name]
    if any(wanted.asks_for(Task.of(parts[place])) for place in places):
        return list(parts)
    if places and not hourly:
        return _replaced(parts, places[0], entry)
    return _appended(parts, entry)


def _exactly(parts: Sequence[str], exact: Sequence[str]) -> list[str]:
    """Return `parts` reduced, corrected and completed to `exact`."""
    missing = list(exact)
    kept: list[str | None] = list(parts)
    for place, part in enumerate(parts):  # first what is right already, so that it is not taken for a correction
        if not part.strip():
            continue
        same = next((entry for entry in missing if Task.of(entry) == Task.of(part)), None)
        if same is None:
            kept[place] = None
        else:
            missing.remove(same)
    for place, part in enumerate(parts):
        if kept[place] is None:
            same = next((entry for entry in missing if Task.of(entry).name == Task.of(part).name), None)
            if same is not None:
                kept[place] = _replaced(parts, place, same)[place]
                missing.remove(same)
    result = [part for part in kept if part is not None]
    for entry in missing:
        result = _appended(result, entry)
    return result


def _replaced(parts: Sequence[str], place: int, entry: str) -> list[str]:
    """Return `parts` with another entry in a place; the blanks around it stay."""
    part = parts[place]
    changed = list(parts)
    changed[place] = part.replace(part.strip(), entry.strip(), 1)
    return changed


def _appended(parts: Sequence[str], entry: str) -> list[str]:
    """Return `parts` with a new entry at the end; commas at the end that separate nothing go."""
    kept = list(parts)
    while kept and not kept[-1].strip():
        kept.pop()
    return [*kept, entry.strip()]


def _check_list(current: TaskList, variable: str) -> None:
    """Refuse a list of which it is not known how Domino reads it."""
    for entry in current.entries:
        found = "a quotation mark" if _is_quoted(entry) else "a control character" if _CONTROL.search(entry) else ""
        if found:
            raise ServerTasksError(
                f"{variable} in notes.ini has {found} in its entry {entry!r}, and how Domino reads such a list is not "
                "known. Nothing was changed. Correct the list while the server is stopped, then run again."
            )


def _is_quoted(entry: str) -> bool:
    """Return whether quotation marks may reach over commas, or around a task's name; around an argument they do not."""
    return entry.startswith('"') or entry.count('"') % 2 == 1


def _check(entry: str) -> None:
    plain = entry.strip() and "," not in entry and entry.isascii() and entry.isprintable()
    if not plain or _is_quoted(entry.strip()):
        raise ServerTasksError(
            f"{entry!r} cannot be an entry of a list of server tasks: an entry is a task name with optional arguments, "
            "in ASCII, without commas and control characters, and without quotation marks around it. Nothing was "
            "changed."
        )


def _check_together(present: Sequence[str], absent: Sequence[str], hourly: bool) -> None:
    for index, entry in enumerate(present):
        task = Task.of(entry)
        for other in map(Task.of, present[:index]):
            # In a list of an hour, arguments make another entry, but no arguments mean any.
            if other.name == task.name and other != task and not (hourly and other.arguments and task.arguments):
                raise ServerTasksError(
                    f"The task of {entry!r} is asked for twice, in different ways. Nothing was changed."
                )
        if any(Task.of(other).asks_for(task) for other in absent):
            raise ServerTasksError(f"{entry!r} is asked to be both present and absent. Nothing was changed.")
