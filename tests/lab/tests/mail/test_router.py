# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Router, with real DNS, SMTP and files."""

from __future__ import annotations

import asyncio
import contextlib
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.smtp import SMTP

from dominolab import router
from dominolab.mailbox import MailFile
from dominolab.notes_mail import HOPS
from dominolab.router import RouterTask

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_what_becomes_of_a_message(case: dict[str, Any], world: Any, run: Any) -> None:
    options = {key: case[key] for key in ("documents", "notes_ini", "records", "replace", "faults") if key in case}

    async def check() -> None:
        async with world(tasks="router", **options) as w:
            found = await w.one.send("Jane Doe/Acme", *case["to"], held=case.get("held", False))
            assert [[r["state"], r["destination"], r["reason"]] for r in found] == case["outcome"]
            if "foreign" in case:
                message = await until(lambda: w.foreign_mail("pat"))
                assert [text for text in case["foreign"] if text.encode() not in message[0]] == []
            if "report" in case:
                report = await until(lambda: w.one.mail("mail/jdoe"))
                assert [text for text in case["report"] if text.encode() not in report[0]] == []
            assert set(w.one.console) == set(case.get("console", []))

    run(check())


async def until(look: Any, seconds: float = 5) -> Any:
    """Look until there is something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    return found


def test_delivered_content_is_what_was_sent(world: Any, run: Any) -> None:
    content = b"Received: from a by b; now\r\nSubject:  x\r\n\r\n\xff\x00 bytes\r\n.\r\n"

    async def check() -> None:
        async with world(tasks="router") as w:
            w.one.deposit(["jane.doe@example.com", "pat@example.org"], "ann@example.net", content)
            assert await until(lambda: w.one.mail("mail/jdoe")) == [content]
            (message,) = await until(lambda: w.foreign_mail("pat"))
            assert message.endswith(b"\r\n" + content)

    run(check())


def test_a_failure_report_can_be_read_by_machines(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="router") as w:
            await w.one.send("Jane Doe/Acme", "nobody@example.com")
            (raw,) = await until(lambda: w.one.mail("mail/jdoe"))
            report = message_from_bytes(raw, policy=policy.default)
            assert isinstance(report, EmailMessage)
            text, status, header = report.iter_parts()
            assert report.get_content_type() == "multipart/report"
            assert (
                report["Subject"] == "DELIVERY FAILURE: User nobody (nobody@example.com) not listed in Domino Directory"
            )
            assert text.get_content_type() == "text/plain"
            assert [dict(part) for part in status.walk()][1:] == [
                {"Reporting-MTA": "dns;mail01.example.com"},
                {
                    "Final-Recipient": "rfc822;nobody@example.com",
                    "Action": "failed",
                    "Status": "5.0.0",
                    "Diagnostic-Code": "X-Notes; User nobody (nobody@example.com) not listed in Domino Directory",
                },
            ]
            assert "Subject: Greetings" in header.get_content()

    run(check())


def test_mail_from_outside_to_nobody_goes_back_by_smtp(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="router") as w:
            w.one.deposit(["nobody@example.com"], "pat@example.org", b"Subject: x\r\n\r\n")
            (report,) = await until(lambda: w.foreign_mail("pat"))
            assert b"Return-Path: <>\r\n" in report
            assert b"To: pat@example.org\r\n" in report

    run(check())


def test_a_report_that_fails_is_dead(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="router") as w:
            message_id = w.one.deposit(["nobody@example.com"], "", b"Subject: x\r\n\r\n")
            (outcome,) = await w.one.trace(message_id)
            assert outcome["state"] == "dead"
            assert w.one.mail_box.open_messages() == {}

    run(check())


@pytest.mark.parametrize(
    ("content", "items"),
    [(b"Received: x\r\n" * 26 + b"\r\n", {}), (b"Received: x\r\n" * 20 + b"\r\n", {HOPS: "6"})],
    ids=["SMTP hops", "SMTP and Notes hops"],
)
def test_a_message_in_a_loop(content: bytes, items: dict[str, str], world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="router") as w:
            message_id = w.one.deposit(["jane.doe@example.com"], "Jane Doe/Acme", content, **items)
            (outcome,) = await w.one.trace(message_id)
            assert outcome["reason"] == "Maximum hop count exceeded.  Message probably in a routing loop."

    run(check())


class Moody:
    """An SMTP server that refuses a recipient for now, as often as it is told."""

    def __init__(self, refusals: int) -> None:
        self.left = refusals
        self.recipients: list[list[str]] = []

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: N802 - the library's name, as below
        """Refuse or take a recipient."""
        _protocol, _session, envelope, address, _options = given
        if self.left:
            self.left -= 1
            return "450 4.2.1 Not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _protocol: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a message."""
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"


@contextlib.asynccontextmanager
async def serving(handler: Any, port: int) -> Any:
    """Serve where the foreign system would."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, hostname="mx", loop=loop), "127.0.0.25", port)
    try:
        yield
    finally:
        server.close()


def test_refused_for_now_is_held_and_tried_again(world: Any, run: Any) -> None:
    reason = "Error transferring to mx.example.org; SMTP Protocol Returned a Transient Error 450 4.2.1 Not now"

    async def check() -> None:
        moody = Moody(10**6)
        async with world(tasks="router", with_foreign=False) as w, serving(moody, w.smtp_port):
            states = [r["state"] for r in await w.one.send("Jane Doe/Acme", "pat@example.org", held=True)]
            assert states == ["held"]
            ((recipient,),) = w.one.mail_box.open_messages().values()
            assert recipient.reason == reason
            moody.left = 0
            assert await until(lambda: moody.recipients) == [["pat@example.org"]]

    run(check())


def test_recipients_of_a_domain_share_a_conversation(world: Any, run: Any) -> None:
    async def check() -> None:
        moody = Moody(0)
        async with world(tasks="router", with_foreign=False) as w, serving(moody, w.smtp_port):
            await w.one.send("Jane Doe/Acme", "pat@example.org", "sam@EXAMPLE.org")
            assert moody.recipients == [["pat@example.org", "sam@EXAMPLE.org"]]

    run(check())


def test_a_server_that_hangs_up_is_held(world: Any, run: Any) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def check() -> None:
        async with world(tasks="router", with_foreign=False) as w:
            server = await asyncio.start_server(hang_up, "127.0.0.25", w.smtp_port)
            async with server:
                (outcome,) = await w.one.send("Jane Doe/Acme", "pat@example.org", held=True)
            assert outcome["state"] == "held"
            assert outcome["reason"].startswith("Router: Failed to connect to SMTP host mx.example.org because ")

    run(check())


def test_a_server_of_the_domain_that_does_not_answer(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="router") as w:
            w.unreachable.add("CN=Mail02/O=Acme")
            (outcome,) = await w.one.send("Jane Doe/Acme", "John Smith/Acme", held=True)
            assert (outcome["state"], outcome["reason"]) == (
                "held",
                "Error transferring to Mail02/Acme; Server not responding",
            )
            w.unreachable.clear()
            assert await until(lambda: w.two.mail("mail/js"))

    run(check())


def test_a_change_takes_effect_when_the_router_is_told(world: Any, run: Any) -> None:
    documents = {"ServerConfig": [{"ServerName": "*", "MailExternalSMTP": "0"}]}

    async def check() -> None:
        async with world(tasks="router", documents=documents) as w:
            for server in (w.one, w.two):
                server.directory.change("ServerConfig", MailExternalSMTP="1")
            assert (await w.one.send("Jane Doe/Acme", "pat@example.org"))[0]["state"] == "failed"
            assert not await w.one.router.tell("Something")
            assert await w.one.router.tell("Update Config")
            assert (await w.one.send("Jane Doe/Acme", "pat@example.org"))[0]["state"] == "transferred"

    run(check())


def test_a_change_takes_effect_after_the_interval(world: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "REFRESH", 0.05)

    async def check() -> None:
        async with world(tasks="router", documents={"ServerConfig": [{"ServerName": "*"}]}) as w:
            w.one.directory.change("ServerConfig", MailExternalSMTP="1")
            while (await w.one.send("Jane Doe/Acme", "pat@example.org"))[0]["state"] != "transferred":
                await asyncio.sleep(0.02)

    run(check(), seconds=5)


def test_mail_waits_until_the_router_is_loaded(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="") as w:
            message_id = w.one.deposit(["jane.doe@example.com"], "Jane Doe/Acme", b"Subject: x\r\n\r\n")
            (outcome,) = await w.one.trace(message_id, wait=0.02)
            assert outcome["state"] == "waiting"
            task = RouterTask()
            await task.start(w.one)
            assert await until(lambda: w.one.mail("mail/jdoe"))
            assert task.show() == ["Router               Dispatch: Idle"]
            await task.stop()

    run(check())


def test_a_router_that_ends_finishes_its_transfers(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world(tasks="router") as w:
            w.one.deposit(["pat@example.org"], "Jane Doe/Acme", b"Subject: x\r\n\r\n")
            await asyncio.sleep(0)  # the Router wakes up
            await asyncio.sleep(0)
            await w.one.router.stop()
            assert len(w.foreign_mail("pat")) == 1
            assert w.one.mail_box.open_messages() == {}

    run(check())


def test_an_idle_router_does_not_look(world: Any, run: Any) -> None:
    """With a message held for long, mail.box is looked at for events only."""

    async def check() -> None:
        async with world(tasks="router", with_foreign=False, notes_ini={"DominoLabRetryInterval": "60"}) as w:
            (outcome,) = await w.one.send("Jane Doe/Acme", "pat@example.org", held=True)
            assert outcome["state"] == "held"
            looks: list[str] = []
            w.one.mail_box._connection.set_trace_callback(looks.append)
            await asyncio.sleep(0.2)
            assert len(looks) < 5

    run(check())


def test_an_error_in_one_message_does_not_stop_the_router(
    world: Any, run: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        async with world(tasks="router") as w:
            with monkeypatch.context() as patch:
                patch.setattr(MailFile, "deliver", lambda _file, _content: 1 / 0)
                (outcome,) = await w.one.send("Jane Doe/Acme", "jane.doe@example.com", held=True)
            assert (outcome["state"], outcome["reason"]) == ("held", "division by zero")
            assert await until(lambda: w.one.mail("mail/jdoe"))

    run(check())
    assert "ZeroDivisionError" in caplog.text
