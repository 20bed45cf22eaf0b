# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Domino REST API on a loopback port, with a directory of its own; every exchange is kept and validated."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from dominolab import design
from dominolab.directory import Directory, Note
from dominolab.faults import Faults
from dominolab.rest import RestApi

from ._openapi import Exchange, validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dominolab.server import DominoServer

PASSWORD = "lab-secret-29"


def in_order(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return documents in an order that has nothing to do with that of their making or of their items."""
    return sorted(map(dict, documents), key=lambda items: json.dumps(items, sort_keys=True))


class RestServer:
    """What a test sees: where the server is, what it holds, what was said to it."""

    def __init__(
        self, directory: Directory, faults: Faults, rest: Mapping[str, Any], changes: Mapping[str, Any]
    ) -> None:
        self._directory = directory
        self._loop = asyncio.get_running_loop()
        self.exchanges: list[Exchange] = []
        self.url = ""
        #: an answer to give instead of the lab's: (method, path) -> (status, body); lies are told here only
        self.overrides: dict[tuple[str, str], tuple[int, bytes]] = {}
        #: the paths of all requests, those with such an answer too
        self.asked: list[str] = []
        #: whether searches are answered with an error that repeats the token and the password; the tokens so repeated
        self.echo = False
        self.echoed: set[str] = set()
        #: what goes wrong; tests switch faults on while the server runs
        self.faults = faults
        self._unids = [note.unid for note in directory.documents()]
        #: requests after which all tokens end, again and again; 0: they do not
        self.token_uses = 0
        self._uses = 0
        #: documents that somebody else removes, one before each search
        self.going: list[str] = []
        #: items that somebody else writes to a document just before the first PATCH of it
        self.meanwhile: dict[str, Any] = {}
        lab = {"rest": {"password": PASSWORD, "open_access": False, **rest}}
        server = SimpleNamespace(lab=lab, design=design.load(changes), directory=directory, faults=faults)
        self._api = RestApi(cast("DominoServer", server))

    @property
    def arguments(self) -> dict[str, Any]:
        """The modules' options for this server."""
        return {"url": self.url, "username": "Lab Admin", "password": PASSWORD}

    @property
    def said(self) -> list[str]:
        """Method and last part of the path of each request."""
        return [f"{exchange.method} {exchange.path.rsplit('/', 1)[-1]}" for exchange in self.exchanges]

    @property
    def writes(self) -> list[Exchange]:
        """The exchanges that change documents."""
        return [
            e
            for e in self.exchanges
            if ("/document" in e.path or "/bulk/create" in e.path) and e.method in ("POST", "PATCH", "PUT", "DELETE")
        ]

    def stored(self) -> list[dict[str, Any]]:
        """Return the items of all documents, `in_order`."""
        return in_order(dict(note.items) for note in self.notes())

    def notes(self) -> Sequence[Note]:
        """Return all documents as they are stored, replication conflicts too."""

        async def read() -> Sequence[Note]:
            return self._directory.documents(conflicts=True)

        return asyncio.run_coroutine_threadsafe(read(), self._loop).result(20)

    def make(self, items: Mapping[str, Any]) -> None:
        """Make a document, as somebody else does."""

        async def create() -> None:
            self._directory.create(items)

        asyncio.run_coroutine_threadsafe(create(), self._loop).result(20)

    def write(self, unid: str, items: Mapping[str, Any]) -> None:
        """Change items of a document, as somebody else does."""

        async def change() -> None:
            note = self._directory.get(unid)
            assert note is not None
            self._directory.update(unid, {**note.items, **items})

        asyncio.run_coroutine_threadsafe(change(), self._loop).result(20)

    def put_back(self, notes: Iterable[Note]) -> None:
        """Make documents what they were when they were read."""

        async def store() -> None:
            for note in notes:
                self._directory.store(note)

        asyncio.run_coroutine_threadsafe(store(), self._loop).result(20)

    def unid(self, number: int) -> str:
        """Return the UNID of a document, counted from 0 in the order of creation."""
        return self._unids[number]

    def close(self) -> None:
        """Close the directory's file."""
        self._directory.close()

    def application(self, *, kept: bool = True) -> web.Application:
        """Return the lab's application inside one that keeps and validates what goes through."""

        @web.middleware
        async def keep(request: web.Request, handler: Any) -> web.StreamResponse:
            self.asked.append(request.path)
            override = self.overrides.get((request.method, request.path))
            content = await request.read()
            if self.echo and request.path.endswith("/query"):
                token = request.headers["Authorization"].split()[1]
                self.echoed.add(token)
                return web.json_response({"status": 400, "message": f"{token} {PASSWORD}"}, status=400)
            if override:
                return web.Response(status=override[0], body=override[1])
            if self.token_uses and not request.path.endswith("/auth"):
                self._uses += 1
                if self._uses > self.token_uses:
                    self._api.forget_tokens()
                    self._uses = 0
            if self.going and request.path.endswith("/query"):
                self._directory.delete(self.going.pop(0))
            if self.meanwhile and request.method == "PATCH":
                note = self._directory.get(request.path.rsplit("/", 1)[-1])
                assert note is not None
                self._directory.update(note.unid, {**note.items, **self.meanwhile})
                self.meanwhile = {}
            answer = await handler(request)
            if not kept or request.transport is None or request.transport.is_closing():
                return cast("web.StreamResponse", answer)
            headers = {name: request.headers[name] for name in ("Authorization",) if name in request.headers}
            self.exchanges.append(
                Exchange(request.method, str(request.rel_url), content, answer.status, answer.body, headers)
            )
            return cast("web.StreamResponse", answer)

        app = self._api.application()
        app.middlewares.insert(0, keep)
        return app


@contextmanager
def rest_server(
    path: Path,
    *,
    documents: Sequence[Mapping[str, Any]] | None = None,
    rest: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    faults: Sequence[Mapping[str, Any]] | None = None,
    kept: bool = True,
) -> Iterator[RestServer]:
    """Run a server in a thread; `rest` is the lab's section of that name, `changes` changes its design.

    Thousands of exchanges take long to validate; they are not `kept` then.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[RestServer, web.AppRunner]:
        directory = Directory(path / "names.nsf")
        for items in documents or ():
            directory.create(items)
        server = RestServer(directory, Faults(faults or []), rest or {}, changes or {})
        runner = web.AppRunner(server.application(kept=kept), access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return server, runner

    async def stop(server: RestServer, runner: web.AppRunner) -> None:
        await runner.cleanup()
        server.close()

    server, runner = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(server, runner), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
    for exchange in server.exchanges:
        validate(exchange)
