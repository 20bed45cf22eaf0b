# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading for a recording: what is read is anonymised here, and nothing else is returned. Nothing is changed."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from .._console import Command, Console, HiddenServerError, ServerC, server_of
from .._directory.errors import DirectoryError
from .._directory.items import FORMS
from .._notes_ini import NotesIniError, as_text
from .._smtp.probe import Probe
from .._smtp.wire import Connection
from .._tcp import ConversationError, connect, resolve
from . import directory as directories
from . import host, listener
from .host import Said

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Dict, Sequence

    from .._directory.rest import RestDirectory
    from .._smtp.transcript import Reply
    from .anonymise import Anonymiser

    Parts = Dict[str, Any]

#: Why a part is not there, in words that say nothing about the site.
STOPPED, UNREACHED, UNREAD = "no server was running", "nobody answered", "could not be read with the rights given"
HIDDEN = "whether a server was running could not be seen"
#: notes.ini variables that name things of the site; the anonymiser shall know these names.
_NAMING = ("Domain", "MailServer", "Domino_Name", "ServerName", "KeyFilename", "Names", "CatalogServer")


class _Witness(ServerC):
    """The transport `server -c`, which keeps what the program itself wrote."""

    wrote: Sequence[str] = ()

    def send(self, command: str) -> list[str]:
        lines = super().send(command)
        self.wrote = lines
        return lines


def read_host(
    data_directory: Path, program_directory: Path, anonymiser: Anonymiser, *, timeout: float, settle: float
) -> Parts:
    """Return the parts `notes_ini` and `console`; NotesIniError or ConsoleError where the directory is none."""
    reason = _why_not_asked(data_directory)
    path = data_directory / "notes.ini"
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise NotesIniError(f"{path}: cannot be read: {exc.strerror}. Nothing was recorded.") from None
    values = _values(content)
    for name in _NAMING:
        anonymiser.know(values.get(name.lower(), ""))
    parts: Parts = {"notes_ini": host.notes_ini(content, anonymiser)}
    if reason:
        return {**parts, "not_recorded": {"console": reason}}
    transport = _Witness(data_directory, program_directory)
    console = Console(data_directory, transport)
    console.check(host.COMMANDS)
    said = []
    for command in host.COMMANDS:
        answer = console.run(Command(command, timeout), settle)
        said.append(Said(command, transport.exit_code, transport.wrote, answer.response))
    asked = {name: values.get(name.lower(), "") for name in (command.split()[-1] for command in host.COMMANDS)}
    parts["console"] = host.console(said, anonymiser, asked)
    return {**parts, "release": anonymiser.release}


def _why_not_asked(data_directory: Path) -> str:
    try:
        return "" if server_of(data_directory) else STOPPED
    except HiddenServerError:
        return HIDDEN


def _values(content: bytes) -> dict[str, str]:
    pairs = (line.partition(b"=") for line in reversed(content.split(b"\n")))
    return {as_text(name).strip().lower(): as_text(value).strip() for name, equals, value in pairs if equals}


def talk(address: str, port: int, local_domain: str, anonymiser: Anonymiser, *, timeout: float) -> Parts:
    """Return the part `smtp` of one conversation; InputError where the address cannot be one."""
    probe = Probe(address, port, local_domain=local_domain)
    deadline = time.monotonic() + timeout
    try:
        sock, _info = connect(resolve(probe, deadline), deadline, {})
    except ConversationError:
        return {"not_recorded": {"smtp": UNREACHED}}
    client = str(sock.getsockname()[0])
    replies: list[tuple[str, str, Reply]] = []
    ended = ""
    with closing(Connection(sock, deadline)) as connection:
        try:
            replies.append((listener.GREETING, "", connection.read_reply()))
            for step, command in listener.script(local_domain):
                replies.append((step, command, connection.command(command)))
        except ConversationError as exc:
            ended = exc.kind
    part = listener.smtp(replies, ended, anonymiser, client, local_domain)
    return {"smtp": part, "release": anonymiser.release}


def read_directory(directory: RestDirectory, nsf_path: str, scope: str, user: str, anonymiser: Anonymiser) -> Parts:
    """Return the parts `design`, `documents` and `rest`; UnreachableError and the refusal of a login are raised."""
    answers = [(look, directory.look(look.path, look.query, look.token)) for look in directories.looks(scope)]
    not_recorded = {}
    found = {}
    try:
        for form in directories.READ_FORMS:
            found[form] = directory.find(form, [])
    except DirectoryError:
        not_recorded["documents"] = UNREAD
    for name in directories.names_in(found):
        anonymiser.know(name)
    listed = {form: directory.look(f"/api/setup-v1/design/forms/{form}", {"nsfPath": nsf_path}, None) for form in FORMS}
    try:
        database = directory.design_dxl({"nsfPath": nsf_path})
    except DirectoryError:
        database = None
    design, named = directories.design(database, listed, anonymiser)
    parts: Parts = {"design": design, "rest": directories.rest(answers, scope, user, anonymiser)}
    if found:
        parts["documents"] = directories.documents(found, named, anonymiser)
    return {**parts, "not_recorded": not_recorded}
