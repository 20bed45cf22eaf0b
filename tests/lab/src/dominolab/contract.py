# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of a lab server know of each other.

A server (`server.py`) owns notes.ini, the directory replica and the console, and runs server tasks. A server task (the
SMTP listener, the Router, the replicator, the REST API) sees its server only through `Server` below.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dominolab.mailbox import MailBox
    from dominolab.recording import Recording

#: Answers one kind of server-to-server request: JSON object in, JSON object out.
PeerHandler = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]

#: A value of an item as Domino stores it: text or number, one or many.
ItemValue = Union[str, float, int, "list[str]", "list[float]", "list[int]"]


class PeerError(Exception):
    """Another server of the Notes domain could not be reached or refused; the text is Domino's."""


@dataclass(frozen=True)
class Surroundings:
    """What lies around one server and is not its own configuration; `lab.json` on disk."""

    server_name: str  # canonical, CN=Mail01/O=Acme
    notes_domain: str
    host_name: str  # the name DNS has for this host; the Server document may say something else
    address: str  # own loopback address
    smtp_port: int  # the one SMTP port of the lab
    release: str  # 14.0
    resolver_address: str
    resolver_port: int
    rest_port: int
    replica_port: int  # server-to-server traffic of the lab (replication, Notes mail routing)
    data_directory: Path
    program_directory: Path
    #: canonical name of each other server of the Notes domain -> (address, replica_port)
    peers: Mapping[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """One document of a replica. Item names compare without case; the stored spelling is kept."""

    unid: str
    form: str
    items: Mapping[str, ItemValue]

    def texts(self, item: str) -> list[str]:
        """Return all values of an item as text, an empty list where the item is missing or empty."""
        wanted = item.lower()
        for name, value in self.items.items():
            if name.lower() == wanted:
                values = value if isinstance(value, list) else [value]
                return [str(v) for v in values if v != ""]
        return []

    def text(self, item: str) -> str:
        """Return the first value of an item as text, empty where there is none."""
        return next(iter(self.texts(item)), "")


class Replica(Protocol):
    """A server's replica of the Domino Directory (names.nsf)."""

    def documents(self, form: str) -> Sequence[Document]:
        """Return all documents of a form."""


class NotesIniView(Protocol):
    """notes.ini as the server holds it in memory; names compare without case."""

    def get(self, name: str, default: str = "") -> str:
        """Return a variable's value."""


class Server(Protocol):
    """What a server task sees of its server."""

    @property
    def surroundings(self) -> Surroundings:
        """What lies around the server."""

    @property
    def directory(self) -> Replica:
        """This server's replica of the Domino Directory."""

    @property
    def notes_ini(self) -> NotesIniView:
        """notes.ini."""

    @property
    def recording(self) -> Recording:
        """What a real server said, where a recording was given; else it says nothing."""

    @property
    def mail_box(self) -> MailBox:
        """mail.box in the data directory, open as long as the server runs, whether or not the Router does.

        The server makes it with `MailBox.open(path)`, makes the mail files of its people with `MailFile.create(path)`,
        and calls `notes_mail.attach(server)` once: clients and peers deposit mail with a POST to its replica port then.
        """

    def log(self, text: str) -> None:
        """Write one message to the console and console.log, in Domino's format."""

    def server_document(self) -> Document | None:
        """Return this server's Server document, None where there is none."""

    def configuration_document(self) -> Document | None:
        """Return the one Configuration document that applies: this server's, else its group's, else `*`."""

    def global_domains(self) -> Sequence[Document]:
        """Return the Global Domain documents as read at server start (a change needs a server restart)."""

    async def peer_post(self, peer: str, path: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a JSON object to another server (any form of its name) and return its answer; raises PeerError."""

    def on_peer_post(self, path: str, handler: PeerHandler) -> None:
        """Answer other servers' requests for a path (`/mail`); a later registration replaces an earlier one."""

    def deposit(self, recipients: Iterable[str], sender: str, content: bytes, **items: str) -> str:
        """Put a message into this server's mail.box and return its id: `self.mail_box.deposit(...)`."""


class ServerTask(Protocol):
    """A server task: `Load <name>` starts it, `Tell <name> Quit` stops it."""

    #: the name used in ServerTasks, Load and Tell, lower case
    name: str

    async def start(self, server: Server, arguments: str = "") -> None:
        """Start; write what the product writes (`SMTP Server: Started`)."""

    async def stop(self) -> None:
        """Stop and release ports and files."""

    async def tell(self, command: str) -> bool:
        """Carry out a Tell command other than Quit; False where the task does not know it."""

    def show(self) -> Sequence[str]:
        """Return this task's lines of `Show Tasks`."""


@dataclass(frozen=True)
class ForeignSystem:
    """A mail system outside the Notes domain, `foreign.json` on disk: started by `python -m dominolab.foreign <file>`.

    It prints one line, `ready`, on standard output as soon as it listens, and ends on SIGTERM.
    """

    domain: str  # example.org
    host_name: str  # mx.example.org
    address: str
    smtp_port: int
    people: tuple[str, ...]  # local parts; everybody else is refused
    mailboxes: Path  # one Maildir a person
