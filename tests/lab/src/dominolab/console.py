# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server console: commands in, answers to the console log, errors in Domino's own words.

Only commands that the reference knows are there (notes-ini-and-console.md, section 5); everything else is answered with
the product's `Command or option is not recognized`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from dominolab import replication
from dominolab.notes_names import abbreviated

if TYPE_CHECKING:
    from dominolab.server import DominoServer

NOT_RECOGNIZED = "Command or option is not recognized"
BAD_VALUE = "Invalid value for command option"
INSUFFICIENT = "Insufficient arguments.  Enter 'HELP' for the correct syntax."
TOO_LONG = "The command line is too long"
CANNOT_TELL = 'The {} task either does not exist or does not accept "Tell" commands.'
NO_ROUTER = "Router task not running"
NO_SUCH_TASK = "No such task in server"
UNSETTABLE = "This system variable cannot be set via the server console. You must edit NOTES.INI to set this variable."
NO_ACCESS = (
    "Unable to access notes.ini. Determine what application or hardware fault is preventing access. "
    "Previous cache values used."
)
_MAXIMUM_LENGTH = 1024  # assumed: the product has such a limit, its value is not published

Command = Callable[["DominoServer", str], Awaitable[None]]


async def run(server: DominoServer, line: str) -> None:
    """Carry out one console command; the answer goes to the server's log."""
    line = line.strip()
    if not line:
        return
    if len(line) > _MAXIMUM_LENGTH:
        server.log(TOO_LONG)
        return
    for pattern, command in _COMMANDS:
        match = pattern.match(line)
        if match:
            await command(server, line[match.end() :].strip())
            return
    server.log(NOT_RECOGNIZED)


async def _load(server: DominoServer, rest: str) -> None:
    name, _, arguments = rest.partition(" ")
    if not name:
        server.log(INSUFFICIENT)
        return
    await server.load_task(name, arguments.strip())


async def _tell(server: DominoServer, rest: str) -> None:
    name, _, command = rest.partition(" ")
    command = " ".join(command.split())
    if not command:
        server.log(INSUFFICIENT)
        return
    task = server.tasks.get(name.lower())
    if task is None:
        server.log(NO_ROUTER if name.lower() == "router" else CANNOT_TELL.format(name))
    elif command.lower() in ("quit", "exit"):
        await server.stop_task(name)
    elif not await task.tell(command):
        server.log(NOT_RECOGNIZED)


async def _restart_task(server: DominoServer, rest: str) -> None:
    name, _, arguments = rest.partition(" ")
    if not name:
        server.log(INSUFFICIENT)
    elif name.lower() not in server.tasks:
        server.log(NO_SUCH_TASK)
    else:
        await server.stop_task(name)
        await server.load_task(name, arguments.strip())


async def _restart_server(server: DominoServer, rest: str) -> None:
    if rest:
        server.log(NOT_RECOGNIZED)
    else:
        await server.restart()


async def _show_tasks(server: DominoServer, rest: str) -> None:
    if rest:
        server.log(NOT_RECOGNIZED)
        return
    for task in server.tasks.values():
        for line in task.show():
            server.print(f" {line}")


async def _show_server(server: DominoServer, rest: str) -> None:
    if rest:
        server.log(NOT_RECOGNIZED)
        return
    around = server.surroundings
    name = abbreviated(around.server_name)
    recorded = server.recording.shown("show server", release=around.release)
    for line in recorded or [f" {name} Release {around.release}"]:
        server.print(line.replace("Server1/Org1", name))


async def _show_configuration(server: DominoServer, rest: str) -> None:
    if not rest:
        server.log(INSUFFICIENT)
        return
    for name, value in server.notes_ini.matching(rest):
        server.print(server.recording.variable(name, value) or f" {name}={value}")


async def _set_configuration(server: DominoServer, rest: str) -> None:
    text = rest[1:-1] if len(rest) > 1 and rest[0] == rest[-1] == '"' else rest
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not equals:
        server.log(INSUFFICIENT)
    elif not name or any(c.isspace() for c in name) or not text.isascii():
        server.log(BAD_VALUE)
    elif name.lower() in server.unsettable:
        server.log(UNSETTABLE)
    else:
        try:
            server.notes_ini.set(name, value)
        except OSError:
            server.log(NO_ACCESS)


async def _replicate(server: DominoServer, rest: str, *, pull: bool = True, push: bool = True) -> None:
    match = re.fullmatch(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>\S+))(?:\s+(?P<database>\S+))?', rest)
    if match is None:
        server.log(INSUFFICIENT if not rest else BAD_VALUE)
        return
    if (match["database"] or replication.DATABASE).lower() != replication.DATABASE:
        server.log(BAD_VALUE)
        return
    peer = match["quoted"] or match["plain"]
    await server.replicator.replicate(peer, pull=pull, push=push)


async def _pull(server: DominoServer, rest: str) -> None:
    await _replicate(server, rest, push=False)


async def _push(server: DominoServer, rest: str) -> None:
    await _replicate(server, rest, pull=False)


async def _quit(server: DominoServer, rest: str) -> None:
    if rest:
        server.log(NOT_RECOGNIZED)
    else:
        server.request_stop()


#: The first match counts, so longer commands stand before shorter ones.
_COMMANDS: list[tuple[re.Pattern[str], Command]] = [
    (re.compile(rf"{words}(?=\s|$)".replace(" ", r"\s+"), re.IGNORECASE), command)
    for words, command in (
        ("load", _load),
        ("tell", _tell),
        ("restart task", _restart_task),
        ("restart server", _restart_server),
        ("show tasks", _show_tasks),
        ("show server", _show_server),
        ("show config(?:uration)?", _show_configuration),
        ("set config(?:uration)?", _set_configuration),
        ("pull", _pull),
        ("push", _push),
        ("replicate", _replicate),
        ("(?:quit|exit)", _quit),
    )
]
