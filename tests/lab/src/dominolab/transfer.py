# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One SMTP conversation as a client: the Router's transfer, and what the foreign system does."""

from __future__ import annotations

import contextlib
import smtplib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT = 10.0  # seconds for each step


class ConnectError(Exception):
    """No conversation with this address; the text says why, for instance `Connection refused`."""


@dataclass(frozen=True)
class Reply:
    """The last line of an SMTP reply; Domino keeps no other [11.2]."""

    code: int
    text: str

    @property
    def is_ok(self) -> bool:
        """Say whether the other side agrees."""
        return 200 <= self.code < 300

    @property
    def is_permanent(self) -> bool:
        """Say whether trying again is useless."""
        return self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


@dataclass(frozen=True)
class Endpoint:
    """Both ends of a conversation."""

    address: str  # of the server
    port: int
    source: str  # own address
    helo: str  # own name


def transfer(endpoint: Endpoint, sender: str, recipients: Sequence[str], content: bytes) -> dict[str, Reply]:
    """Hand a message over and return, for each recipient, the reply that decided.

    `sender` is empty for a report. Blocks; raises ConnectError where no server answers or the connection breaks.
    """
    client = smtplib.SMTP(local_hostname=endpoint.helo, timeout=_TIMEOUT, source_address=(endpoint.source, 0))
    try:
        with contextlib.closing(client):
            return _converse(client, endpoint, sender, recipients, content)
    except smtplib.SMTPServerDisconnected as exc:
        raise ConnectError("the connection was closed by the other side") from exc
    except OSError as exc:
        raise ConnectError(exc.strerror or str(exc) or type(exc).__name__) from exc


def _converse(
    client: smtplib.SMTP, endpoint: Endpoint, sender: str, recipients: Sequence[str], content: bytes
) -> dict[str, Reply]:
    greeting = _reply(client.connect(endpoint.address, endpoint.port))
    if not greeting.is_ok:
        return dict.fromkeys(recipients, greeting)
    hello = _reply(client.ehlo())
    if not hello.is_ok:
        hello = _reply(client.helo())
    mail = _reply(client.mail(sender)) if hello.is_ok else hello
    if not mail.is_ok:
        return dict.fromkeys(recipients, mail)
    replies = {recipient: _reply(client.rcpt(recipient)) for recipient in recipients}
    accepted = [recipient for recipient, reply in replies.items() if reply.is_ok]
    if accepted:
        try:
            taken = _reply(client.data(content))
        except smtplib.SMTPDataError as exc:
            taken = _reply((exc.smtp_code, exc.smtp_error))
        replies.update(dict.fromkeys(accepted, taken))
    with contextlib.suppress(smtplib.SMTPServerDisconnected):
        client.quit()  # the message is taken or refused; how the other side leaves does not matter
    return replies


def _reply(reply: tuple[int, bytes | str]) -> Reply:
    code, text = reply
    if isinstance(text, bytes):
        text = text.decode("ascii", "replace")
    return Reply(code, text.splitlines()[-1].strip() if text else "")
