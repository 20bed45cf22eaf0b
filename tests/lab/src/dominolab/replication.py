# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replicator: one replica takes over what another has newer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dominolab.notes_names import abbreviated

if TYPE_CHECKING:
    from dominolab.contract import Server
    from dominolab.directory import Directory

DATABASE = "names.nsf"
EXPORT = "/replica/export"
MERGE = "/replica/merge"


class Replicator:
    """Answers other servers, and pulls from or pushes to them on command."""

    def __init__(self, server: Server, directory: Directory) -> None:
        self._server = server
        self._directory = directory
        server.on_peer_post(EXPORT, self._export)
        server.on_peer_post(MERGE, self._merge)

    async def pull(self, peer: str) -> None:
        """Take over what the other server's replica has newer. Raises PeerError."""
        answer = await self._server.peer_post(peer, EXPORT, {})
        self._directory.merge(answer["notes"])
        self._server.log(f"Finished replication with server {abbreviated(peer)}")

    async def replicate(self, peer: str) -> None:
        """Pull, then push. Raises PeerError."""
        answer = await self._server.peer_post(peer, EXPORT, {})
        self._directory.merge(answer["notes"])
        await self._server.peer_post(peer, MERGE, {"notes": self._directory.export()})
        self._server.log(f"Finished replication with server {abbreviated(peer)}")

    async def _export(self, _payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"notes": self._directory.export()}

    async def _merge(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"changed": self._directory.merge(payload["notes"])}
