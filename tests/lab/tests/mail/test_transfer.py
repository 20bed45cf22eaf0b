# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One SMTP conversation as a client."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dominolab.transfer import ConnectError, Endpoint, transfer

if TYPE_CHECKING:
    from collections.abc import Mapping

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def follow(listener: socket.socket, greeting: str, script: Mapping[str, str]) -> None:
    """Serve one connection; an empty answer ends it."""
    connection, _peer = listener.accept()
    with connection, connection.makefile("rb") as stream:
        answer = greeting
        content = False
        while answer:
            connection.sendall(f"{answer}\r\n".encode())
            content = answer.startswith("354")
            line = stream.readline()
            while content and line != b".\r\n":
                line = stream.readline()
            if not line:
                return
            verb = line.split()[0].decode().upper().partition(":")[0]
            answer = script.get(verb, "354 Go on" if verb == "DATA" else "250 OK")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_transfer(case: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        arguments = (listener, case.get("greeting", "220 Hello"), case.get("script", {}))
        server = threading.Thread(target=follow, args=arguments)
        server.start()
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1], "127.0.0.1", "client.example")
        try:
            if "error" in case:
                with pytest.raises(ConnectError, match=case["error"]):
                    transfer(endpoint, "", ["pat@example.org"], b"x\r\n")
            else:
                replies = transfer(endpoint, "", ["pat@example.org"], b"x\r\n")
                assert {address: str(reply) for address, reply in replies.items()} == {"pat@example.org": case["reply"]}
        finally:
            server.join(5)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectError, match=r"^Connection refused$"):
        transfer(Endpoint("127.0.0.1", port, "127.0.0.1", "client.example"), "", ["a@b.c"], b"")
