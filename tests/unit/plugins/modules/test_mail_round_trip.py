# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mail_round_trip in a process of its own, with a mail server that delivers into maildirs, or does not."""

from __future__ import annotations

import http.server
import json
import mailbox
import resource
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from certificates import issue

from ansible_collections.opendomino.mail.plugins.module_utils._round_trip.mailboxes import WatchError, open_mailbox
from ansible_collections.opendomino.mail.plugins.module_utils._round_trip.trip import Place
from ansible_collections.opendomino.mail.tests.unit._hostile_server import (
    converses,
    drips,
    floods,
    hostile_server,
    says,
)
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
SECRET = "s3cret-Passw0rd"
TOKEN = "4f1d0a7c9b2e4c6f8a3b"


class Deliverer:
    """Takes mail for people@example.org, and drops what goes to nowhere@example.org."""

    def __init__(self, maildir: mailbox.Maildir) -> None:
        self.maildir = maildir
        self.envelopes: list[tuple[str | None, list[str], bytes]] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Refuse to relay."""
        if not address.endswith("@example.org"):
            return "554 Relay access denied \x1b[2J"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Deliver with a Received line."""
        content = bytes(envelope.content or b"")
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos, content))
        secured = "ESMTPS" if session.ssl else "ESMTP"
        if envelope.rcpt_tos != ["nowhere@example.org"]:
            line = (
                f"Received: from x ([127.0.0.1]) by mx.example.org with {secured}; Mon, 2 Mar 2026 10:00:00 +0100\r\n"
            )
            self.maildir.add(line.encode() + content)
        return "250 taken"


def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    """Know one account."""
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"Jane Doe/Acme", SECRET.encode())
    return AuthResult(success=known, handled=False)


class World:
    """The servers of the tests, and what cases call them."""

    def __init__(self, directory: Path) -> None:
        root = issue("Root", authority=True)
        self.ca, _key = root.write(directory, "root")
        certificate, key = issue("localhost", ["localhost", "127.0.0.1"], root).write(directory, "server")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.path = directory / "maildir"
        self.deliverer = Deliverer(mailbox.Maildir(self.path))
        self.plain = Controller(self.deliverer, "127.0.0.1", free_port())
        self.secured = Controller(
            self.deliverer,
            "127.0.0.1",
            free_port(),
            tls_context=self.context,
            authenticator=authenticate,
            require_starttls=True,
        )

    def names(self) -> dict[str, Any]:
        """Return what stands for words in braces in cases."""
        return {
            "smtp": self.plain.port,
            "smtps": self.secured.port,
            "maildir": str(self.path),
            "ca": str(self.ca),
            "secret": SECRET,
            "token": TOKEN,
            "dead": free_port(),
        }

    def messages(self) -> list[Any]:
        """Return what lies in the maildir."""
        return list(mailbox.Maildir(self.path))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start the mail servers once."""
    world = World(tmp_path_factory.mktemp("world"))
    world.plain.start()
    world.secured.start()
    yield world
    world.plain.stop()
    world.secured.stop()


@pytest.fixture
def world(running: World) -> World:
    """Return the servers, with nothing delivered."""
    running.deliverer.maildir.clear()
    running.deliverer.envelopes.clear()
    return running


def filled(value: Any, names: dict[str, Any]) -> Any:
    """Return a case with its words replaced."""
    if isinstance(value, dict):
        return {key: filled(entry, names) for key, entry in value.items()}
    if isinstance(value, list):
        return [filled(entry, names) for entry in value]
    if isinstance(value, str) and value.startswith("{") and value[1:-1] in names:
        return names[value[1:-1]]
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_case(case: dict[str, Any], world: World) -> None:
    names = world.names()
    for message in case.get("there", []):
        world.deliverer.maildir.add(filled(message, names).replace("TOKEN", TOKEN).encode())
    result = run_module("mail_round_trip", filled(case["input"], names), check=case.get("check", False))
    assert result["failed"] is case.get("failed", False), result
    assert result.get("changed", False) is False
    assert SECRET not in json.dumps(result)
    for text in case.get("msg", []):
        assert text in result["msg"]
    assert len(world.deliverer.envelopes) == case.get("envelopes", 0)
    assert len(world.messages()) == case.get("left", 0)
    if "trips" not in case:
        assert "trips" not in result
        return
    for trip, expected in zip(result["trips"], case["trips"], strict=True):
        shown = {**trip, "findings": [finding["id"] for finding in trip["findings"]]}
        shown["hops"] = [[hop["from"], hop["by"], hop["with"], hop["tls"]] for hop in trip["hops"]]
        assert {key: shown[key] for key in expected} == expected


def test_the_message_is_marked_and_nobody_answers_it(world: World) -> None:
    trip = {
        "send": {
            "host": "127.0.0.1",
            "port": world.plain.port,
            "sender": "bounces@example.com",
            "header_from": "jane.doe@example.com",
            "recipient": "pat@example.org",
        },
        "watch": {"type": "maildir", "path": str(world.path), "remove": False},
    }
    first, second = run_module("mail_round_trip", {"trips": [trip, trip]})["trips"]
    assert first["token"] != second["token"]
    assert len(first["token"]) == 32
    (sender, recipients, _content), _other = world.deliverer.envelopes
    assert (sender, recipients) == ("bounces@example.com", ["pat@example.org"])
    message = next(m for m in world.messages() if first["token"] in m["Subject"])
    assert message["Message-ID"] == f"<{first['token']}@example.com>"
    assert message["From"] == "<jane.doe@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"


@contextmanager
def web(body: bytes, status: int = 200, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[Any]]]:
    """Serve one page; yield the port, and the requests that came."""
    requests: list[Any] = []

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append((self.path, dict(self.headers)))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Be silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def awaited(watch: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Wait for a message that somebody else sends."""
    trips = [{"token": TOKEN, "watch": watch}]
    return run_module("mail_round_trip", {"trips": trips, "wait": 1, "timeout": 5, "fail": False, **options})


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([{"raw": "Subject: other\r\n\r\n"}, {"deep": [{"raw": f"Subject: {TOKEN}\r\n\r\nbody"}]}]),
        json.dumps({"messages": {"1": f"Subject: x {TOKEN}\n"}}),
        f"Received: from a by b with ESMTP; x\r\nSubject: {TOKEN}\r\n\r\nbody",
    ],
    ids=["list", "dictionary", "no JSON"],
)
def test_a_web_page_may_show_the_message(body: str, world: World) -> None:
    with web(body.encode(), context=world.context) as (port, requests):
        watch = {"type": "http", "url": f"https://localhost:{port}/mail?q={{token}}", "ca_path": str(world.ca)}
        result = awaited({**watch, "username": "probe", "password": SECRET, "headers": {"X-Key": SECRET}})
    assert result["trips"][0]["arrived"] is True, result
    assert result["trips"][0]["removed"] is False
    path, headers = requests[0]
    assert path == f"/mail?q={TOKEN}"
    assert headers["X-Key"] == SECRET
    assert SECRET not in json.dumps(result)


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (200, b"[]", "nothing within 1 seconds"),
        (403, b"[]", "refuses the request (status 403)"),
        (500, b"[]", "answers with status 500"),
        (200, b"[" * 100_000, "the web server answers with JSON of more than 100 levels"),
        (200, b'["Subject: x\\r\\n\\r\\n%s"]' % TOKEN.encode(), "nothing within 1 seconds"),
    ],
)
def test_a_web_page_without_it(status: int, body: bytes, found: str, world: World) -> None:
    with web(body, status) as (port, _requests):
        result = awaited({"type": "http", "url": f"http://127.0.0.1:{port}/"})
    assert found in result["trips"][0]["findings"][0]["found"]


def test_a_web_server_that_nobody_vouches_for_learns_nothing(world: World) -> None:
    with web(b"[]", context=world.context) as (port, requests):
        result = awaited({"type": "http", "url": f"https://localhost:{port}/", "username": "probe", "password": SECRET})
    assert "the certificate is not trusted" in result["trips"][0]["findings"][0]["found"]
    assert requests == []


NEVER_ANSWERS = {
    "silent": lambda _connection, over: over.wait(60),
    "drips": drips(b"x" * 600, request=False),
    "speaks nonsense": says(b"\x00\xff\x1b[2J\r\n" * 50, request=False),
}


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("kind", ["imap", "pop3"])
@pytest.mark.parametrize("behaviour", NEVER_ANSWERS)
def test_a_mailbox_that_never_answers_ends_in_time(behaviour: str, kind: str, tls: str) -> None:
    with hostile_server(NEVER_ANSWERS[behaviour]) as port:
        began = time.monotonic()
        watch = {"type": kind, "host": "127.0.0.1", "port": port, "tls": tls, "username": "probe", "password": SECRET}
        result = awaited(watch, timeout=1)
        assert time.monotonic() - began < 30
    (trip,) = result["trips"]
    assert [finding["id"] for finding in trip["findings"]] == ["trip_mailbox"]
    assert trip["findings"][0]["found"].isprintable()
    assert SECRET not in json.dumps(result)


FLOODS = {
    "imap, untagged lines": (
        "imap",
        converses([b"* OK hello\r\n"], floods(b"* 1 EXISTS\r\n" * 1000, request=False)),
    ),
    "imap, a line without end": ("imap", floods(b"x" * 65536, request=False)),
    "imap, a literal of an Exbibyte": (
        "imap",
        converses([b"* OK hello\r\n"], floods(b"x" * 65536, first=b"* LIST {1152921504606846976}\r\n", request=False)),
    ),
    "imap, literals without end": (
        "imap",
        converses([b"* OK hello\r\n"], floods(b"* X {65536}\r\n" + b"x" * 65536 + b"\r\n", request=False)),
    ),
    "http, chunks": (
        "http",
        floods(b"10000\r\n" + b"x" * 65536 + b"\r\n", first=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_mailbox_that_floods_is_given_up(flood: str) -> None:
    kind, behaviour = FLOODS[flood]
    with hostile_server(behaviour) as port:
        place = Place(kind, "127.0.0.1", port, "starttls", "probe", SECRET, url=f"http://127.0.0.1:{port}/")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(WatchError, match=r"(sends|got) more than") as caught:
            open_mailbox(place).look(TOKEN, time.monotonic() + 60)
    assert str(caught.value).isprintable()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # KiB


def test_a_pop3_list_without_end_is_given_up(world: World) -> None:
    uidl = converses([b"+OK\r\n", b"+OK\r\n", b"+OK\r\n"], floods(b"1 x\r\n" * 1000, first=b"+OK\r\n", request=False))

    def behave(connection: socket.socket, over: threading.Event) -> None:
        with world.context.wrap_socket(connection, server_side=True) as secured:
            uidl(secured, over)

    with hostile_server(behave) as port:
        place = Place("pop3", "localhost", port, "implicit", "probe", SECRET, ca_path=str(world.ca))
        with pytest.raises(WatchError, match="sends more than"):
            open_mailbox(place).look(TOKEN, time.monotonic() + 60)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[", "closed the connection in the middle of its answer"),
        (b"220 mail01 ESMTP\r\n", "does not answer in HTTP"),
    ],
)
def test_a_web_page_that_is_none(content: bytes, found: str) -> None:
    with hostile_server(says(content)) as port:
        result = awaited({"type": "http", "url": f"http://127.0.0.1:{port}/"})
    assert f"the web server {found}" in result["trips"][0]["findings"][0]["found"]


def test_a_web_page_has_one_deadline_and_not_one_for_each_byte() -> None:
    answer = drips(b"[" + b" " * 98 + b"]", at_once=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    with hostile_server(answer) as port:
        result = awaited({"type": "http", "url": f"http://127.0.0.1:{port}/"}, timeout=0.5)
    assert "the web server did not finish its answer within" in result["trips"][0]["findings"][0]["found"]
