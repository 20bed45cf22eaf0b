# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the header of a message that arrived tells: its way from host to host, and its sender. Text in, data out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.utils import mktime_tz, parseaddr, parsedate_tz
from typing import TYPE_CHECKING

from .._printable import harmless

if TYPE_CHECKING:
    from typing import Any

#: Nobody's way is longer; more Received lines than these are not looked at.
HOPS = 100

#: `with` values of RFC 3848 and RFC 6531 that mean TLS end in S or SA: ESMTPS, ESMTPSA, LMTPS, UTF8SMTPS ...
_WITH = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)(S)?(A)?", re.IGNORECASE)
#: What MTAs add in comments: Postfix `using TLSv1.3 with cipher`, Exim `(TLS1.3)`, Exchange `version=TLS1_2`.
_TLS_COMMENT = re.compile(r"\bTLS\s?v?1[._]?\d?|\bversion=TLS", re.IGNORECASE)
#: A Domino server, by its own Received line. Whether it says anything else under TLS than without is not known.
_DOMINO = re.compile(r"\((?:HCL|IBM|Lotus) Domino Release", re.IGNORECASE)


@dataclass(frozen=True)
class Hop:
    """One Received line: who handed the message to whom, how and when. Empty or None: it does not say."""

    sent_by: str
    received_by: str
    protocol: str
    time: float | None
    tls: bool | None
    text: str

    def as_dict(self, before: float | None) -> dict[str, Any]:
        """Return the shape that the module documents; `before` is the time of the hop before."""
        known = self.time is not None and before is not None
        return {
            "from": self.sent_by or None,
            "by": self.received_by or None,
            "with": self.protocol or None,
            "time": self.time,
            "seconds": int((self.time or 0) - (before or 0)) if known else None,
            "tls": self.tls,
            "received": self.text,
        }


@dataclass(frozen=True)
class Trace:
    """The way of a message, the first hop first, and what its From header says."""

    hops: tuple[Hop, ...]
    sender: str
    address: str

    def as_list(self) -> list[dict[str, Any]]:
        """Return the hops as the module documents them."""
        times = [None, *(hop.time for hop in self.hops)]
        return [hop.as_dict(before) for hop, before in zip(self.hops, times)]


def read_trace(header: bytes) -> Trace:
    """Read the header of a message; whatever stands in it, nothing is raised."""
    fields = [
        (name.lower(), _unfolded(str(value))) for name, value in BytesHeaderParser().parsebytes(header).raw_items()
    ]
    received = [value for name, value in fields if name == "received"][:HOPS]
    sender = next((value for name, value in fields if name == "from"), "")
    bracketed = re.search(r"<([^<>\s]+)>$", sender)
    address = bracketed.group(1) if bracketed else parseaddr(sender)[1]
    return Trace(tuple(_hop(value) for value in reversed(received)), sender, address)


def holds(header: bytes, token: str) -> bool:
    """Say whether the header of a message holds the mark of a trip."""
    return token.encode("ascii") in header.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]


def _hop(value: str) -> Hop:
    stations, semicolon, date = value.rpartition(";")
    if not semicolon:
        stations, date = value, ""
    plain = _without_comments(stations)
    words = {
        name: match.group(1)
        for name in ("from", "by", "with")
        for match in [re.search(rf"(?:^|\s){name}\s+(\S+)", plain, re.IGNORECASE)]
        if match
    }
    protocol = words.get("with", "")
    return Hop(
        words.get("from", ""), words.get("by", ""), protocol, _time(date), _is_protected(stations, protocol), value
    )


def _is_protected(stations: str, protocol: str) -> bool | None:
    match = _WITH.fullmatch(protocol)
    if (match and match.group(1)) or _TLS_COMMENT.search(stations):
        return True
    return None if match is None or _DOMINO.search(stations) else False


def _time(date: str) -> float | None:
    try:
        parsed = parsedate_tz(date.strip())
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _without_comments(text: str) -> str:
    """Return text without what stands in parentheses, which may stand in each other."""
    depth, kept = 0, []
    for character in text:
        depth += character == "("
        if not depth:
            kept.append(character)
        depth -= character == ")" and depth > 0
    return "".join(kept)


def _unfolded(value: str) -> str:
    raw = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return harmless(" ".join(raw.split()))
