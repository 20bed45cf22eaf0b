# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand one message to a server: bounded in time, with a password only under TLS that is trusted."""

from __future__ import annotations

import base64
import re
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._tcp import ConversationError, connect, resolve
from . import tls
from .names import address_literal
from .wire import Connection

if TYPE_CHECKING:
    from .probe import Probe
    from .transcript import Reply

_QUIT_PATIENCE = 2.0


class SubmissionError(Exception):
    """The server did not take the message; the text says at which step and why."""


@dataclass(frozen=True)
class Login:
    """An account of the server; without one nobody logs in."""

    username: str = ""
    password: str = ""
    validate_certs: bool = True


@dataclass(frozen=True)
class Submitted:
    """What a server said when it took a message."""

    address: str
    tls: str  # version; empty without
    reply: Reply


def submit(server: Probe, content: bytes, login: Login, deadline: float) -> Submitted:
    """Send `content` from `server.sender` to the first of `server.recipients_accepted`. Raises SubmissionError.

    `server.tls` none, starttls or implicit is what has to be: a server that does not offer STARTTLS gets no message.
    """
    step = ["resolve"]
    try:
        infos = resolve(server, deadline)
        step[0] = "connect"
        sock, info = connect(infos, deadline, {})
        with closing(Connection(sock, deadline)) as connection:
            hello = server.helo or address_literal(str(sock.getsockname()[0]))
            return _Submission(server, login, connection, step).send(hello, content, str(info[4][0]))
    except ConversationError as exc:
        raise SubmissionError(f"{step[0]}: {exc.text}") from exc


class _Submission:
    def __init__(self, server: Probe, login: Login, connection: Connection, step: list[str]) -> None:
        self._server = server
        self._login = login
        self._connection = connection
        self._step = step

    def send(self, hello: str, content: bytes, address: str) -> Submitted:
        server, connection = self._server, self._connection
        version = self._secure() if server.tls == "implicit" else ""
        self._step[0] = "banner"
        self._expect(2, connection.read_reply())
        greeted = self._say("EHLO " + hello, 2)
        if server.tls == "starttls":
            if "STARTTLS" not in greeted.extensions:
                raise SubmissionError("STARTTLS: the server does not offer it, and nothing is sent without TLS")
            self._say("STARTTLS", 2)
            version = self._secure()
            greeted = self._say("EHLO " + hello, 2)
        if self._login.username:
            self._authenticate(greeted.extensions.get("AUTH", "").upper().split())
        self._say(f"MAIL FROM:<{server.sender}>", 2)
        self._say(f"RCPT TO:<{server.recipients_accepted[0]}>", 2)
        self._say("DATA", 3)
        self._step[0] = "the message"
        reply = self._expect(2, connection.send_data(content))
        connection.hasten(_QUIT_PATIENCE)
        with suppress(ConversationError):
            connection.command("QUIT")
        return Submitted(address, version, reply)

    def _say(self, command: str, wanted: int) -> Reply:
        self._step[0] = command.split(":", 1)[0]
        return self._expect(wanted, self._connection.command(command))

    def _expect(self, wanted: int, reply: Reply) -> Reply:
        if reply.code // 100 != wanted:
            raise SubmissionError(f"{self._step[0]}: the server says `{reply}`")
        return reply

    def _secure(self) -> str:
        """Go on under TLS; return its version."""
        self._step[0] = "TLS"
        try:
            context = tls.trusting_context(self._server.ca_path, self._login.validate_certs)
            secured = self._connection.wrap(
                lambda sock: context.wrap_socket(sock, server_hostname=self._server.tls_name)
            )
        except OSError as exc:
            raise SubmissionError(f"TLS: {tls.distrust(exc) or tls.explain(exc)}") from exc
        return secured.version() or ""

    def _authenticate(self, mechanisms: list[str]) -> None:
        """Log in. What the server says to it is not shown: some repeat what they were sent."""
        self._step[0] = "AUTH"
        name, password = self._login.username.encode(), self._login.password.encode()
        if "PLAIN" in mechanisms:
            codes = [self._connection.command("AUTH PLAIN " + _base64(b"\0" + name + b"\0" + password)).code]
        elif "LOGIN" in mechanisms:
            codes = []
            for word in ("AUTH LOGIN", _base64(name), _base64(password)):
                codes.append(self._connection.command(word).code)
                if codes[-1] != 334:
                    break
        else:
            offered = ", ".join(re.sub(r"[^A-Z0-9-]", "?", word) for word in mechanisms) or "none"
            raise SubmissionError(f"AUTH: neither PLAIN nor LOGIN is offered, but {offered}")
        if codes[-1] != 235:
            raise SubmissionError(f"AUTH: the server refuses the login of {self._login.username} (code {codes[-1]})")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
