# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Domino server: `python -m dominolab.server LAB_JSON`, with the data directory as working directory.

The process owns notes.ini, the directory replica and mail.box, runs the server tasks, and answers the console, the REST
API and the other servers. SIGTERM stops it cleanly.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from dominolab import console, design, entries, notes_mail, recording, tasks
from dominolab.configuration import applicable_configuration
from dominolab.contract import Document, PeerError, Surroundings
from dominolab.directory import Directory
from dominolab.faults import Faults
from dominolab.mailbox import MailBox, MailFile
from dominolab.notes_names import same
from dominolab.notesini import NotesIni, NotesIniError
from dominolab.replication import Replicator
from dominolab.rest import RestTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dominolab.contract import PeerHandler, ServerTask

CONSOLE_SOCKET = ".dominolab-console"
_MAXIMUM_PEER_BODY = 256 * 1024 * 1024


@dataclass(frozen=True)
class LabFile(Surroundings):
    """lab.json: what lies around a server, and the topology's options for it."""

    rest: Mapping[str, Any] = field(default_factory=dict)
    design: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()
    unsettable_variables: tuple[str, ...] = ()
    recording: str = ""
    replication_seconds: float = 0


class DominoServer:
    """One running server; what the tasks see of it is contract.Server."""

    def __init__(self, lab: Mapping[str, Any]) -> None:
        self.lab = lab
        file = entries.read(LabFile, lab, "lab.json")
        self.surroundings = file
        data = self.surroundings.data_directory
        self.notes_ini = NotesIni(data / "notes.ini")
        self.directory = Directory(data / "names.nsf")
        self.mail_box = MailBox.open(data / "mail.box")
        self.recording = recording.load(Path(file.recording)) if file.recording else recording.Recording({})
        self.design = self.recording.design(design.load(file.design))
        self.unsettable = {name.lower() for name in file.unsettable_variables}
        self.faults = Faults(file.faults)
        self.tasks: dict[str, ServerTask] = {}
        self._routes: dict[str, PeerHandler] = {}
        self._global_domains: Sequence[Document] = ()
        self._started = False
        self._stopping = asyncio.Event()
        self._captured: list[str] | None = None
        self._session: aiohttp.ClientSession | None = None
        log = data / "IBM_TECHNICAL_SUPPORT" / "console.log"
        log.parent.mkdir(exist_ok=True)
        self._log = log.open("a", encoding="utf-8", buffering=1)
        self.replicator = Replicator(self, self.directory, file.replication_seconds)
        notes_mail.attach(self)

    # -- what tasks see ---------------------------------------------------------------------------------------------

    def log(self, text: str) -> None:
        """Write one message, with its date, to the console log."""
        for line in text.splitlines() or [""]:
            self._write(f" {datetime.now():%m/%d/%Y %I:%M:%S %p}  {line}")

    def print(self, text: str) -> None:
        """Write one line of a command's answer; such lines carry no date."""
        self._write(f" {text}")

    def server_document(self) -> Document | None:
        """Return this server's Server document."""
        wanted = self.surroundings.server_name
        return next((d for d in self.directory.documents("Server") if same(d.text("ServerName"), wanted)), None)

    def configuration_document(self) -> Document | None:
        """Return the one Configuration document that applies [behaviour 1.1 to 1.3]."""
        return applicable_configuration(self.directory, self.surroundings.server_name)

    def global_domains(self) -> Sequence[Document]:
        """Return the Global Domain documents as they were at server start [behaviour 3.5]."""
        return self._global_domains

    def deposit(self, recipients: Iterable[str], sender: str, content: bytes, **items: str) -> str:
        """Put a message into mail.box."""
        return self.mail_box.deposit(sender, recipients, content, items)

    def on_peer_post(self, path: str, handler: PeerHandler) -> None:
        """Answer other servers' requests for a path."""
        self._routes[path] = handler

    async def peer_post(self, peer: str, path: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a JSON object to another server and return its answer."""
        where = next((at for name, at in self.surroundings.peers.items() if same(name, peer)), None)
        if where is None:
            raise PeerError("Unable to find path to server")
        address, port = where
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            async with self._session.post(f"http://{address}:{port}{path}", json=dict(payload)) as response:
                answer = await response.json() if response.ok else None
        except (aiohttp.ClientError, asyncio.TimeoutError) as exc:
            raise PeerError("Server not responding") from exc
        if not isinstance(answer, dict):
            raise PeerError("Server not responding")
        return answer

    # -- tasks ------------------------------------------------------------------------------------------------------

    async def load_task(self, name: str, arguments: str = "") -> None:
        """Carry out `Load`; what can go wrong is logged in the product's words."""
        if name.lower() in self.tasks:
            self.log("Task is already running")
            return
        task = RestTask() if name.lower() == RestTask.name else tasks.create(name)
        if task is None:
            self.log("Server Task executable file was not found.  Check that it exists in your program directory.")
            return
        try:
            await task.start(self, arguments)
        except OSError as exc:
            self.log(f"Error attempting to load or run {name}:\n    {exc.strerror or exc}")
            return
        self.tasks[name.lower()] = task

    async def stop_task(self, name: str) -> None:
        """Carry out `Tell <name> Quit`."""
        await self.tasks.pop(name.lower()).stop()

    async def _start_tasks(self) -> None:
        self._global_domains = tuple(
            d for d in self.directory.documents("Domain") if d.text("DomainType") == "GlobalDomain"
        )
        self._make_mail_files()
        for name, arguments in self.notes_ini.tasks():
            await self.load_task(name, arguments)
        document = self.server_document()
        if document is not None and document.text("SMTPListenerEnabled") == "1" and "smtp" not in self.tasks:
            await self.load_task("SMTP")
        if self.lab.get("rest", {}).get("enabled", True) and RestTask.name not in self.tasks:
            await self.load_task(RestTask.name)
        self.log(f"Server started on physical node {self.surroundings.host_name}")
        self._started = True

    async def _stop_tasks(self) -> None:
        for name in reversed(list(self.tasks)):
            await self.stop_task(name)

    def _make_mail_files(self) -> None:
        data = self.surroundings.data_directory
        for person in self.directory.documents("Person"):
            mail_file = person.text("MailFile")
            if mail_file and same(person.text("MailServer"), self.surroundings.server_name):
                path = data / (mail_file if mail_file.endswith(".nsf") else f"{mail_file}.nsf")
                if path.resolve().is_relative_to(data.resolve()):
                    MailFile.create(path)

    # -- life -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until SIGTERM or `Quit`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        pid_file = self.surroundings.data_directory / "pid.nbf"
        pid_file.write_text(f"1 {os.getpid()} 0 server\n", encoding="ascii")
        try:
            async with self._peers(), self._console():
                await self._start_tasks()
                await self._stopping.wait()
                await self._stop_tasks()
        finally:
            await self.replicator.stop()
            if self._session is not None:
                await self._session.close()
            self.mail_box.close()
            self.directory.close()
            pid_file.unlink(missing_ok=True)

    async def restart(self) -> None:
        """Carry out `Restart Server`: tasks end, notes.ini and the directory are read again, tasks start."""
        try:
            self.notes_ini.read()
        except NotesIniError as exc:
            self.log(str(exc))
            self.request_stop()
            return
        await self._stop_tasks()
        await self._start_tasks()

    def request_stop(self) -> None:
        """Stop after the current command."""
        self._stopping.set()

    @contextlib.asynccontextmanager
    async def _peers(self) -> Any:
        app = web.Application(client_max_size=_MAXIMUM_PEER_BODY)
        app.router.add_post("/{path:.*}", self._answer_peer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, self.surroundings.address, self.surroundings.replica_port).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def _answer_peer(self, request: web.Request) -> web.Response:
        handler = self._routes.get(request.path)
        if handler is None:
            return web.json_response({"message": f"no such path: {request.path}"}, status=404)
        return web.json_response(await handler(await request.json()))

    @contextlib.asynccontextmanager
    async def _console(self) -> Any:
        Path(CONSOLE_SOCKET).unlink(missing_ok=True)
        listener = await asyncio.start_unix_server(self._converse, CONSOLE_SOCKET, limit=1024 * 1024)
        try:
            yield
        finally:
            listener.close()
            Path(CONSOLE_SOCKET).unlink(missing_ok=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):  # the caller may go away
            try:
                request = json.loads(await reader.readline() or b"{}")
            except ValueError as exc:
                answer = {"error": f"not understood: {exc}"}
            else:
                answer = await self._answer_console(request)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()

    async def _answer_console(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if "command" in request:
            self._captured = []
            try:
                await console.run(self, str(request["command"]))
            finally:
                lines, self._captured = self._captured, None
            return {"lines": lines, **self.recording.server_c(str(request["command"]))}
        if "fault" in request:
            try:
                self.faults.set(request["fault"])
            except ValueError as exc:
                return {"error": str(exc)}
            return {"faults": self.faults.active()}
        return {"pid": os.getpid(), "tasks": list(self.tasks), "started": self._started}

    def _write(self, text: str) -> None:
        line = f"[{os.getpid():06d}:000002-{threading.get_ident():016X}]{text}"
        self._log.write(line + "\n")
        if self._captured is not None:
            self._captured.append(line)


async def _run(lab: Mapping[str, Any]) -> int:
    try:
        server = DominoServer(lab)
    except NotesIniError as exc:
        print(exc, file=sys.stderr)
        return 1
    await server.run()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one server in the foreground; its working directory becomes the data directory."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given:
        print("usage: python -m dominolab.server LAB_JSON", file=sys.stderr)
        return 2
    lab = json.loads(Path(given[0]).read_text(encoding="utf-8"))
    os.chdir(lab["data_directory"])
    return asyncio.run(_run(lab))


if __name__ == "__main__":
    sys.exit(main())
