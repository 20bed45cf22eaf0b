# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replicator: one replica takes over what another has newer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dominolab.contract import PeerError
from dominolab.notes_names import abbreviated

if TYPE_CHECKING:
    from dominolab.contract import Server
    from dominolab.directory import Directory

DATABASE = "names.nsf"
EXPORT = "/replica/export"
MERGE = "/replica/merge"


class Replicator:
    """Answers other servers, and pulls from or pushes to them on command.

    The product's commands only start the replicator, so what follows them may still see the old replica. With a delay
    the lab behaves like that; without one a command ends when the replication has.
    """

    def __init__(self, server: Server, directory: Directory, delay: float = 0.0) -> None:
        self._server = server
        self._directory = directory
        self._delay = delay
        self._running: set[asyncio.Task[None]] = set()
        server.on_peer_post(EXPORT, self._export)
        server.on_peer_post(MERGE, self._merge)

    async def replicate(self, peer: str, *, pull: bool, push: bool) -> None:
        """Replicate with another server; what goes wrong is logged."""
        if not self._delay:
            await self._replicate(peer, pull=pull, push=push)
            return
        task = asyncio.create_task(self._later(peer, pull=pull, push=push))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _later(self, peer: str, *, pull: bool, push: bool) -> None:
        await asyncio.sleep(self._delay)
        await self._replicate(peer, pull=pull, push=push)

    async def _replicate(self, peer: str, *, pull: bool, push: bool) -> None:
        try:
            if pull:
                self._directory.merge((await self._server.peer_post(peer, EXPORT, {}))["notes"])
            if push:
                await self._server.peer_post(peer, MERGE, {"notes": self._directory.export()})
        except PeerError as exc:
            self._server.log(str(exc))
        else:
            self._server.log(f"Finished replication with server {abbreviated(peer)}")

    async def _export(self, _payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"notes": self._directory.export()}

    async def _merge(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"changed": self._directory.merge(payload["notes"])}
