# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SMTP task, talked to over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dominolab import listener
from dominolab.listener import SMTPTask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
DATE = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
RECEIVED = re.compile(
    r"Received: from (?P<helo>\S+) \(\[(?P<ip>[\d.]+)\]\)\r\n"
    r" {10}by mail01\.example\.com(?P<release> \(HCL Domino Release 14\.0\))?\r\n"
    r" {10}with (?P<protocol>E?SMTP) id \d{16}-\d+ ;\r\n"
    rf" {{10}}{DATE}\r\n(?P<rest>.*)",
    re.DOTALL,
)


class Client:
    """An SMTP client that says exactly what it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, line: str | None) -> str:
        """Send a line, none for the greeting, and return the lines of the reply, joined by |."""
        if line is not None:
            self._writer.write(f"{line}\r\n".encode())
        lines = []
        while line := (await self._reader.readline()).decode().removesuffix("\r\n"):
            lines.append(line)
            if line[3:4] == " ":
                break
        return "|".join(lines)


@contextlib.asynccontextmanager
async def connected(world: Any, source: str = "127.0.0.25") -> AsyncIterator[Client]:
    """Connect to the world's first server."""
    address = world.one.surroundings.address
    reader, writer = await asyncio.open_connection(address, world.smtp_port, local_addr=(source, 0))
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def greeting(world: Any) -> str:
    """Return the greeting of a new conversation."""
    async with connected(world) as client:
        return await client.say(None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_conversation(case: dict[str, Any], world: Any, run: Any) -> None:
    options = {key: case[key] for key in ("documents", "notes_ini") if key in case}

    async def check() -> None:
        async with world(tasks="smtp", with_foreign=False, **options) as w:
            async with connected(w, case.get("from", "127.0.0.25")) as client:
                for line, expected in case["talk"]:
                    pattern = re.escape(expected).replace("<date>", DATE)
                    reply = await client.say(line)
                    assert re.fullmatch(pattern, reply), f"{line}: {reply}"
            recipients = [r.address for found in w.one.mail_box.open_messages().values() for r in found]
            assert recipients == case.get("mail_box", [])

    run(check())


@pytest.mark.parametrize("hello", ["HELO mx.example.org", "EHLO mx.example.org"])
@pytest.mark.parametrize("hidden", [False, True])
def test_received_header_and_content(hello: str, hidden: bool, world: Any, run: Any) -> None:
    """Below the Received header [11.1] the content is what was sent, byte for byte, dots unstuffed."""

    async def check() -> None:
        async with world(tasks="smtp", notes_ini={"SMTPNoVersionInRcvdHdr": "1"} if hidden else {}) as w:
            content = "Subject:  Two  blanks\r\n\tfolded\r\n\r\n.dot\r\ntab\t \r\n\r\n"
            async with connected(w) as client:
                for line in (None, hello, "MAIL FROM:<pat@example.org>", "RCPT TO:<jane.doe@example.com>", "DATA"):
                    await client.say(line)
                reply = await client.say(content.replace("\r\n.", "\r\n..") + ".")
            assert reply == "250 Message accepted for delivery"
            (message_id,) = w.one.mail_box.open_messages()
            message = w.one.mail_box.message(message_id)
            assert message.sender == "pat@example.org"
            found = RECEIVED.fullmatch(message.content.decode())
            assert found
            assert (found["helo"], found["ip"], found["rest"]) == ("mx.example.org", "127.0.0.25", content)
            assert (found["protocol"] == "ESMTP") is hello.startswith("EHLO")
            assert (found["release"] is None) is hidden

    run(check())


def test_a_task_that_stops_closes_port_and_conversations(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="", with_foreign=False) as w:
            task = SMTPTask()
            await task.start(w.one)
            assert w.one.console == ["SMTP Server: Started"]
            async with connected(w) as client:
                await client.say(None)
                await task.stop()
                assert await client.say(None) == ""
            with pytest.raises(ConnectionRefusedError):
                await greeting(w)

    run(check())


def test_the_port_status_decides_whether_it_listens(world: Any, run: Any) -> None:
    documents = {"Server": [{"ServerName": "Mail01/Acme", "SMTP_PortStatus": "0"}]}

    async def check() -> None:
        async with world(documents=documents, tasks="smtp", with_foreign=False) as w:
            assert [line.split(maxsplit=2)[2] for line in w.one.smtp.show()] == ["Utility task", "Control task"]
            with pytest.raises(ConnectionRefusedError):
                await greeting(w)

    run(check())


def test_a_port_that_is_taken(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="smtp", with_foreign=False) as w:
            with pytest.raises(OSError, match="address already in use"):
                await SMTPTask().start(w.one)

    run(check())


def test_show_tasks_has_three_entries(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="smtp", with_foreign=False) as w:
            first, *others = w.one.smtp.show()
            assert first == f"SMTP Server          Listen for connect requests on TCP Port:{w.smtp_port}"
            assert len(others) == 2

    run(check())


def test_a_change_takes_effect_when_the_listener_is_told(world: Any, run: Any) -> None:
    """The host name is read again on Update Config [3.2]; the Global Domain is not [3.5]."""

    async def check() -> None:
        async with world(tasks="smtp", with_foreign=False) as w:
            w.one.directory.change("Server", SMTPFullHostDomain="mail.acme.example")
            assert "220 mail01.example.com " in await greeting(w)
            assert not await w.one.smtp.tell("Something")
            assert await w.one.smtp.tell("update  CONFIG")
            assert "220 mail.acme.example " in await greeting(w)

    run(check())


def test_a_change_takes_effect_after_the_interval(world: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "REFRESH", 0.05)

    async def check() -> None:
        async with world(tasks="smtp", with_foreign=False) as w:
            w.one.directory.change("Server", SMTPFullHostDomain="mail.acme.example")
            while "220 mail.acme.example " not in await greeting(w):
                await asyncio.sleep(0.02)

    run(check(), seconds=5)


def test_a_full_disk_refuses_for_now(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="smtp", with_foreign=False) as w, connected(w) as client:
            for line in (None, "HELO mx", "MAIL FROM:<pat@example.org>", "RCPT TO:<jdoe@example.com>", "DATA"):
                await client.say(line)
            w.one.mail_box._connection.execute("PRAGMA query_only = ON")
            assert (await client.say("Hi\r\n.")).startswith("451 ")

    run(check())
