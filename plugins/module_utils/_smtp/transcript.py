# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened in a conversation, as data: no sockets, no judgement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .certificate import Certificate
    from .relay import Battery

#: A number with a dot that stands for itself or behind a name, as in 14.0, 10.0.1FP4, or Postfix-3.7.11; no IP address.
_VERSION = re.compile(r"(?<![\d.])\d{1,4}\.\d{1,4}(?:\.\d{1,4})?(?![\d.]*\.\d)(?:[A-Za-z]+\d*)?")


@dataclass(frozen=True)
class Reply:
    """A server's reply. Lines come without code, separator and line end, otherwise exactly as sent."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return all lines."""
        return "\n".join(self.lines)

    @property
    def host(self) -> str:
        """Return the host name of a greeting, which is its first word (RFC 5321 section 4.2).

        A greeting with two blanks after the code has none: Domino's, when the Server document has no host name.
        """
        return self.lines[0].split(" ", maxsplit=1)[0]

    @property
    def version(self) -> str:
        """Return what in a greeting looks like a version: numbers with dots behind the host name; empty if nothing."""
        words = self.lines[0].split(" ")[1:]
        return next((word.strip("(),;") for word in words if _VERSION.search(word)), "")

    @property
    def extensions(self) -> dict[str, str]:
        """Return the extensions in a reply to EHLO: keyword in upper case -> its parameters."""
        # The old spelling `AUTH=LOGIN` means `AUTH LOGIN`; servers that give both give the same twice.
        words = [line.replace("=", " ", 1).split(None, 1) for line in self.lines[1:]]
        return {word[0].upper(): "".join(word[1:]).strip() for word in words if word}

    def __str__(self) -> str:
        return " ".join([str(self.code), *self.lines]).rstrip()


@dataclass(frozen=True)
class RecipientReply:
    """What a server said to one recipient; without `reply` the conversation ended before."""

    address: str
    expected: str  # accepted or refused
    reply: Reply | None = None

    @property
    def accepted(self) -> bool | None:
        """Say whether the server takes mail for the recipient; None where it did not say so (yet)."""
        if self.reply is None or self.reply.code // 100 not in (2, 5):
            return None
        return self.reply.code // 100 == 2


@dataclass(frozen=True)
class Failure:
    """Where and how a conversation ended early."""

    step: str  # resolve, connect, banner, ehlo, starttls, tls, mail, rcpt, rset
    kind: str
    text: str


@dataclass(frozen=True)
class Check:
    """Whether one thing is right, and if not, what is wrong; `ok` is None where nobody could look."""

    ok: bool | None = None
    text: str = ""


@dataclass
class TLS:
    """What was seen of TLS, filled in as it is seen."""

    mode: str  # starttls or implicit
    handshake: Check = Check()
    version: str = ""
    cipher: str = ""
    certificate: Certificate | None = None
    unreadable: str = ""  # why there is no certificate after a handshake
    chain: Check = Check()
    seen_at: float = 0.0  # seconds since 1970, by this host's clock


@dataclass
class Transcript:
    """What happened, filled in as it happens."""

    addresses: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)  # address -> why it was not reached
    address: str = ""  # the one that was reached
    client: str = ""  # the address of this host in that connection
    client_name: str = ""  # the name that this host's resolver gives it; read for the relay test only
    banner: Reply | None = None
    ehlo: Reply | None = None
    is_esmtp: bool = False
    tls: TLS | None = None
    ehlo_tls: Reply | None = None  # to the EHLO behind STARTTLS
    sender: Reply | None = None
    recipients: list[RecipientReply] = field(default_factory=list)
    relay: Battery | None = None
    timings: dict[str, int] = field(default_factory=dict)  # step -> milliseconds
    failure: Failure | None = None

    @property
    def extensions(self) -> dict[str, str]:
        """Return the extensions offered in the first reply to EHLO."""
        return self.ehlo.extensions if self.ehlo is not None and self.is_esmtp else {}

    @property
    def extensions_tls(self) -> dict[str, str]:
        """Return the extensions offered under TLS."""
        if self.tls is not None and self.tls.mode == "implicit":
            return self.extensions
        return self.ehlo_tls.extensions if self.ehlo_tls is not None and self.ehlo_tls.code == 250 else {}
