# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS with servers that do it wrong: what is left of the conversation, and that nothing said before TLS counts."""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
from certificates import Identity, issue

from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probe import InputError, Probe, read_probes
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probing import Result, probe_all
from ansible_collections.opendomino.mail.tests.unit.plugins.module_utils._smtp_server import ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mail01.example.com"
OFFER = {"EHLO": f"250-{NAME}\r\n250-SIZE 1000\r\n250 STARTTLS\r\n", "STARTTLS": "220 Ready to start TLS\r\n"}


@pytest.fixture(scope="module")
def root() -> Identity:
    """Make an authority."""
    return issue("Root", authority=True)


@pytest.fixture
def context(root: Identity, tmp_path: Path) -> ssl.SSLContext:
    """Return what a server needs for a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issue(NAME, [NAME], root).write(tmp_path, "server"))
    return context


def probe(server: ScriptedServer, **values: Any) -> Result:
    """Probe a server that has to have a valid certificate."""
    timeout = values.pop("timeout", 10)
    entry = {"host": "127.0.0.1", "port": server.port, "starttls": "valid", "expect_banner_host": NAME, **values}
    (result,) = probe_all(read_probes([entry]), timeout, 1)
    return result


def ids(result: Result) -> list[str]:
    """Return findings as id and severity."""
    return [f"{finding.id} {finding.severity}" for finding in result.findings]


def test_the_conversation_goes_on_under_tls(context: ssl.SSLContext, root: Identity, tmp_path: Path) -> None:
    authority, _key = root.write(tmp_path, "root")
    with ScriptedServer(OFFER, context=context) as server:
        result = probe(server, ca_path=str(authority), helo="probe", recipients_accepted=["jdoe@example.com"])
    assert ids(result) == []
    assert server.commands[:8] == [
        "EHLO probe",
        "STARTTLS",
        "EHLO probe",
        "MAIL FROM:<>",
        "RCPT TO:<jdoe@example.com>",
        "RSET",
        "QUIT",
        "EHLO probe",
    ]
    assert {"tls", "starttls", "chain"} < set(result.transcript.timings)


def test_a_directory_without_authorities(context: ssl.SSLContext, root: Identity, tmp_path: Path) -> None:
    directory = tmp_path / "authorities"
    directory.mkdir()
    with pytest.raises(InputError, match="the directory is empty"):
        read_probes([{"host": NAME, "ca_path": str(directory)}])
    root.write(directory, "root")  # OpenSSL finds nothing here by this name
    with ScriptedServer(OFFER, context=context) as server:
        assert ids(probe(server, ca_path=str(directory))) == ["certificate_chain required"]


def test_starttls_refused_leaves_the_conversation_without_tls() -> None:
    with ScriptedServer({**OFFER, "STARTTLS": "454 TLS not available\r\n"}) as server:
        result = probe(server, recipients_accepted=["jdoe@example.com"])
    assert ids(result) == ["tls_handshake required"]
    assert [recipient.accepted for recipient in result.transcript.recipients] == [True]
    assert server.connections == 1
    assert result.findings[0].found == "STARTTLS is answered with `454 TLS not available`"


def test_a_failed_handshake_leaves_a_second_conversation_without_tls() -> None:
    with ScriptedServer(OFFER) as server:  # closes where the handshake should be
        result = probe(server, recipients_accepted=["jdoe@example.com"])
    assert ids(result) == ["tls_handshake required"]
    assert [recipient.accepted for recipient in result.transcript.recipients] == [True]
    assert server.connections == 2
    assert result.transcript.failure is None


def test_a_handshake_that_never_ends_is_a_result() -> None:
    started = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener:  # connections are made, and nobody takes them up
        probes = read_probes([{"host": "127.0.0.1", "port": listener.getsockname()[1], "tls": "implicit"}])
        (result,) = probe_all(probes, 1, 1)
    assert time.monotonic() - started < 5
    assert ids(result) == ["tls_handshake required"]
    assert result.as_dict()["error"] == {"step": "tls", "kind": "tls", "text": "no answer in time"}


def test_implicit_tls_with_a_server_that_speaks_smtp() -> None:
    with ScriptedServer({}) as server:
        result = probe(server, tls="implicit", starttls="ignore")
    assert ids(result) == ["tls_handshake required"]
    assert result.transcript.tls is not None
    assert result.transcript.tls.handshake.text == "wrong version number"


def test_what_was_said_before_tls_does_not_count(context: ssl.SSLContext) -> None:
    """RFC 3207 section 6; whoever sits in between may have said it."""
    injected = {**OFFER, "STARTTLS": "220 Ready\r\n250 injected\r\n"}
    with ScriptedServer(injected, context=context) as server:
        result = probe(server, recipients_refused=["someone@example.net"])
    assert result.transcript.failure is not None
    assert result.transcript.failure.text == r"the server speaks unasked: `250 injected\r\n`"
    assert [recipient.reply for recipient in result.transcript.recipients] == [None]


def test_extensions_under_tls_are_those_that_count(context: ssl.SSLContext) -> None:
    def answer(commands: list[str]) -> str | None:
        secured = len(commands) == 1 and len(server.commands) > 2
        return f"250-{NAME}\r\n250-AUTH PLAIN \x1b[2J\r\n250 EXPN\r\n" if secured and "EHLO" in commands[0] else None

    with ScriptedServer({**OFFER, "answer": answer}, context=context) as server:
        result = probe(server, starttls="offered", tls="starttls")
    seen = result.as_dict()
    assert seen["auth"] == {"plain": [], "tls": ["PLAIN", "\\X1B[2J"]}
    assert (seen["capabilities"]["size"], seen["capabilities"]["expn"]) == (1000, True)
    assert "address_disclosure info" in ids(result)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"tls": "implicit", "starttls": "offered"}, "a server with implicit TLS offers no STARTTLS"),
        ({"server_name": "a b"}, "server_name 'a b' is not a domain name"),
        ({"server_name": "a..b"}, "server_name 'a..b' is not a domain name"),
        ({"local_domain": "192.0.2.1"}, "local_domain '192.0.2.1' is not a domain name"),
        ({"local_domain": "example.com\r\nDATA"}, "local_domain 'example.com\\r\\nDATA' is not a domain name"),
        ({"relay_sender": "a%b@example.org"}, "relay_sender 'a%b@example.org' is not a plain mail address"),
        ({"relay_recipient": "postmaster"}, "relay_recipient 'postmaster' is not a plain mail address"),
        ({"relay_recipient": "a@b.c>\n"}, "cannot be sent as a mail address"),
        (
            {"relay_test": True, "local_domain": "Example.net"},
            "is not foreign to the server, whose domain is example.net",
        ),
    ],
)
def test_wrong_input(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        Probe("mail01", **values)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"host": NAME}, NAME),
        ({"host": f"{NAME}."}, NAME),
        ({"host": NAME, "server_name": "mail.example.com", "expect_banner_host": "other"}, "mail.example.com"),
        ({"host": "192.0.2.11", "expect_banner_host": NAME}, NAME),
        ({"host": "192.0.2.11"}, "192.0.2.11"),
        ({"host": "2001:db8::11"}, "2001:db8::11"),
    ],
)
def test_the_name_that_a_certificate_should_have(values: dict[str, Any], name: str) -> None:
    assert Probe(**values).tls_name == name
