# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small world for mail tests: servers with a directory in memory; DNS, SMTP and mail files are real."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dominolab import dns, foreign, notes_mail
from dominolab.configuration import applicable_configuration
from dominolab.contract import Document, ForeignSystem, PeerError, Surroundings
from dominolab.lab import free_port
from dominolab.listener import SMTPTask
from dominolab.mailbox import MailBox, MailFile
from dominolab.notes_names import same
from dominolab.recording import Recording
from dominolab.router import RouterTask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from dominolab.contract import PeerHandler

RECORDS = [
    {"name": "example.com", "type": "MX", "values": ["10 mail01.example.com.", "20 mail02.example.com."]},
    {"name": "example.org", "type": "MX", "values": ["10 mx.example.org."]},
    *dns.host_records("mail01.example.com", "127.0.0.11"),
    *dns.host_records("mail02.example.com", "127.0.0.12"),
    *dns.host_records("mx.example.org", "127.0.0.25"),
]
ZONES = ["example.com", "example.org", "example.net", "127.in-addr.arpa"]
PEOPLE = [
    {
        "FullName": ["CN=Jane Doe/O=Acme"],
        "ShortName": "jdoe",
        "MailServer": "CN=Mail01/O=Acme",
        "MailFile": "mail/jdoe",
    },
    {"FullName": ["CN=John Smith/O=Acme"], "ShortName": "jsmith", "MailServer": "Mail02/Acme", "MailFile": "mail/js"},
]
READY = {  # documents of a domain whose mail works
    "Server": [
        {"ServerName": "CN=Mail01/O=Acme", "SMTPFullHostDomain": "mail01.example.com", "Router_PortStatus": "1"},
        {"ServerName": "CN=Mail02/O=Acme", "SMTPFullHostDomain": "mail02.example.com", "Router_PortStatus": "1"},
    ],
    "ServerConfig": [{"ServerName": "*", "UseAsDefault": "1", "MailExternalSMTP": "1"}],
    "Person": [
        {**PEOPLE[0], "InternetAddress": "jane.doe@example.com"},
        {**PEOPLE[1], "InternetAddress": "john.smith@example.com"},
    ],
}


class MemoryIni:
    """notes.ini that is a dictionary."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = dict(variables)

    def get(self, name: str, default: str = "") -> str:
        """Return a variable."""
        return self.variables.get(name, default)


class MemoryDirectory:
    """A replica that is a list."""

    def __init__(self, documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        numbers = itertools.count(1)
        self.content = {
            form: [Document(f"{next(numbers):032X}", form, dict(items)) for items in listed]
            for form, listed in documents.items()
        }

    def documents(self, form: str) -> Sequence[Document]:
        """Return the documents of a form."""
        return self.content.get(form, [])

    def change(self, form: str, **items: Any) -> None:
        """Change items of all documents of a form."""
        self.content[form] = [Document(d.unid, form, {**d.items, **items}) for d in self.content[form]]


class MemoryServer:
    """contract.Server for tests."""

    def __init__(self, world: World, surroundings: Surroundings, directory: MemoryDirectory) -> None:
        self._world = world
        self.surroundings = surroundings
        self.directory = directory
        self.notes_ini = world.notes_ini
        self.recording = Recording({})
        self.mail_box = MailBox.open(surroundings.data_directory / "mail.box")
        self.console: list[str] = []
        self.routes: dict[str, PeerHandler] = {}
        self._global_domains = directory.documents("Domain")
        notes_mail.attach(self)
        for person in directory.documents("Person"):
            if same(person.text("MailServer"), surroundings.server_name):
                MailFile.create(surroundings.data_directory / f"{person.text('MailFile')}.nsf")

    def log(self, text: str) -> None:
        """Keep what the console shows."""
        self.console.append(text)

    def server_document(self) -> Document | None:
        """Return the Server document."""
        mine = (
            d for d in self.directory.documents("Server") if same(d.text("ServerName"), self.surroundings.server_name)
        )
        return next(mine, None)

    def configuration_document(self) -> Document | None:
        """Return the Configuration document."""
        return applicable_configuration(self.directory, self.surroundings.server_name)

    def global_domains(self) -> Sequence[Document]:
        """Return them as they were at the start."""
        return self._global_domains

    def on_peer_post(self, path: str, handler: PeerHandler) -> None:
        """Keep a handler."""
        self.routes[path] = handler

    async def peer_post(self, peer: str, path: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call the handler of another server."""
        if peer in self._world.unreachable:
            raise PeerError("Server not responding")
        return await self._world.servers[peer].routes[path](payload)

    def deposit(self, recipients: Iterable[str], sender: str, content: bytes, **items: str) -> str:
        """Put a message into mail.box."""
        return self.mail_box.deposit(sender, recipients, content, items)

    def mail(self, mail_file: str) -> list[bytes]:
        """Return the messages in a mail file."""
        found = MailFile.of(self.surroundings.data_directory, mail_file)
        assert found
        return found.contents()

    async def send(self, sender: str, *recipients: str, held: bool = False) -> list[dict[str, Any]]:
        """Send as a Notes client, and return what became of each recipient; with `held`, after the first try."""
        request = {"sender": sender, "recipients": recipients, "subject": "Greetings", "body": "Hello\n"}
        answer = await self.routes[notes_mail.DEPOSIT](request)
        found = await self.trace(answer["id"], 0 if held else 5)
        while held and any(recipient["state"] == "waiting" for recipient in found):
            await asyncio.sleep(0.01)
            found = await self.trace(answer["id"], 0)
        return found

    async def trace(self, message_id: str, wait: float = 5) -> list[dict[str, Any]]:
        """Return what became of a message."""
        answer = await self.routes[notes_mail.TRACE]({"id": message_id, "wait": wait})
        found: list[dict[str, Any]] = answer["recipients"]
        return found


@dataclass
class World:
    """Two servers of one Notes domain, DNS, and one foreign system."""

    path: Path
    smtp_port: int
    notes_ini: MemoryIni
    unreachable: set[str] = field(default_factory=set)
    servers: dict[str, MemoryServer] = field(default_factory=dict)

    @property
    def one(self) -> MemoryServer:
        """Mail01/Acme."""
        return self.servers["CN=Mail01/O=Acme"]

    @property
    def two(self) -> MemoryServer:
        """Mail02/Acme."""
        return self.servers["CN=Mail02/O=Acme"]

    def foreign_mail(self, person: str) -> list[bytes]:
        """Return a foreign person's messages."""
        return foreign.received_by(self.path / "foreign", person)


@contextlib.asynccontextmanager
async def open_world(
    path: Path,
    documents: Mapping[str, Any] | None = None,
    notes_ini: Mapping[str, str] | None = None,
    records: Sequence[Mapping[str, Any]] = (),
    replace: Mapping[str, Any] | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
    tasks: str = "router smtp",
    with_foreign: bool = True,
) -> AsyncIterator[World]:
    """Start a world; `documents` replaces whole forms of READY, `replace` one record of RECORDS."""
    async with contextlib.AsyncExitStack() as stack:
        world = World(
            path,
            free_port(["127.0.0.11", "127.0.0.12", "127.0.0.25"]),
            MemoryIni({"DominoLabRetryInterval": "0.1", **(notes_ini or {})}),
        )
        content = {**READY, **(documents or {})}
        content["Server"] = [
            {"SMTP_Port": str(world.smtp_port), "Router_Port": str(world.smtp_port), **items}
            for items in content["Server"]
        ]
        wanted = [replace if replace and record["name"] == replace["name"] else record for record in RECORDS]
        resolver = await dns.serve(
            {"address": "127.0.0.1", "zones": ZONES, "records": [*wanted, *records], "faults": list(faults)}
        )
        stack.push_async_callback(resolver.close)
        if with_foreign:
            system = ForeignSystem(
                "example.org", "mx.example.org", "127.0.0.25", world.smtp_port, ("pat",), path / "foreign"
            )
            stack.callback((await foreign.serve(system)).close)
        names = {"CN=Mail01/O=Acme": "127.0.0.11", "CN=Mail02/O=Acme": "127.0.0.12"}
        for name, address in names.items():
            data = path / address
            data.mkdir()
            surroundings = Surroundings(
                server_name=name,
                notes_domain="ACME",
                host_name=f"{name[3:9].lower()}.example.com",
                address=address,
                smtp_port=world.smtp_port,
                release="14.0",
                resolver_address="127.0.0.1",
                resolver_port=resolver.port,
                rest_port=0,
                replica_port=0,
                data_directory=data,
                program_directory=data,
                peers={other: (at, 0) for other, at in names.items() if other != name},
            )
            server = MemoryServer(world, surroundings, MemoryDirectory(content))
            world.servers[name] = server
            stack.callback(server.mail_box.close)
            for task in [RouterTask()] * ("router" in tasks) + [SMTPTask()] * ("smtp" in tasks):
                await task.start(server)
                stack.push_async_callback(task.stop)
                setattr(server, task.name, task)
        yield world


@pytest.fixture
def world(tmp_path: Path) -> Any:
    """Return what opens a world in a directory of its own, as an asynchronous context."""
    numbers = itertools.count()

    def make(**options: Any) -> contextlib.AbstractAsyncContextManager[World]:
        path = tmp_path / str(next(numbers))
        path.mkdir()
        return open_world(path, **options)

    return make


@pytest.fixture
def run() -> Any:
    """Return a runner for coroutines that must not take long."""

    def runner(coroutine: Any, seconds: float = 20) -> Any:
        return asyncio.run(asyncio.wait_for(coroutine, seconds))

    return runner
