# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nameservers that drip or flood: a question, and an update, end in the time given."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._dns_update import DnsUpdateError, Primary
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Resolver, Settings, Status

from ..._hostile_server import drips, floods, hostile_server

if TYPE_CHECKING:
    from ..._hostile_server import Behaviour

DRIPS = drips(struct.pack("!H", 100) + b"\0" * 100, request=False)
FLOODS = floods(b"\xff" * 65536, request=False)


@pytest.mark.parametrize(("behaviour", "status"), [(DRIPS, Status.TIMEOUT), (FLOODS, Status.MALFORMED)])
def test_a_question_over_tcp_ends_in_time(behaviour: Behaviour, status: Status) -> None:
    async def ask(port: int) -> Status:
        settings = Settings(nameservers=("127.0.0.1",), port=port, retries=0, timeout=0.5, tcp=True)
        answer = await (await Resolver.create(settings)).ask("example.com", "MX")
        return answer.status

    with hostile_server(behaviour) as port:
        assert asyncio.run(ask(port)) == status


def test_a_question_ends_in_time_among_replies_to_something_else() -> None:
    async def ask(port: int) -> Status:
        settings = Settings(nameservers=("127.0.0.1",), port=port, retries=0, timeout=0.5)
        answer = await (await Resolver.create(settings)).ask("example.com", "MX")
        return answer.status

    over = threading.Event()

    def flood(server: socket.socket) -> None:
        _query, client = server.recvfrom(4096)
        while not over.is_set():
            server.sendto(b"\0" * 512, client)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=flood, args=(server,))
        thread.start()
        try:
            assert asyncio.run(ask(server.getsockname()[1])) == Status.TIMEOUT
        finally:
            over.set()
            thread.join()


def test_an_update_ends_in_time() -> None:
    with hostile_server(DRIPS) as port, pytest.raises(DnsUpdateError, match=r"did not answer .* within 0\.5 seconds"):
        Primary("127.0.0.1", port, tcp=True, timeout=0.5, key=None).zone_of("example.com", None)


def test_an_update_is_not_misled_by_a_flood() -> None:
    with hostile_server(FLOODS) as port, pytest.raises(DnsUpdateError, match="cannot be understood"):
        Primary("127.0.0.1", port, tcp=True, timeout=20, key=None).zone_of("example.com", None)
