# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting to a server before a deadline (of `time.monotonic`), its name and all of its addresses included."""

from __future__ import annotations

import queue
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAMILIES = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


class Endpoint(Protocol):
    """Where a server listens. `family` is any, ipv4 or ipv6."""

    @property
    def host(self) -> str:
        """Return the name or address."""

    @property
    def port(self) -> int:
        """Return the port."""

    @property
    def family(self) -> str:
        """Return the address family."""


class ConversationError(Exception):
    """The conversation cannot go on. `kind` is resolve, connect, timeout, closed, protocol, closing or tls."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


def resolve(endpoint: Endpoint, deadline: float) -> list[Any]:
    """Ask the host's resolver, in a thread that is left behind when it takes too long: it has no timeout."""
    answers: queue.Queue[Any] = queue.Queue()

    def ask() -> None:
        try:
            family = _FAMILIES[endpoint.family]
            answers.put(socket.getaddrinfo(endpoint.host, endpoint.port, family=family, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as exc:
            answers.put(exc)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        raise ConversationError("timeout", "the resolver of this host did not answer in time") from None
    if isinstance(answer, Exception):
        text = f"the name does not resolve on this host ({reason(answer)})"
        raise ConversationError("resolve", text) from answer
    return list(answer)


def connect(infos: Sequence[Any], deadline: float, refused: dict[str, str]) -> tuple[socket.socket, Any]:
    """Connect to the first address that answers; return the socket and its entry of `infos`.

    Each address gets a fair share of the time left. Those that fail are noted in `refused`. The ConversationError
    for a server without a usable address has the last address's own error as its cause.
    """
    last: OSError | None = None
    for number, info in enumerate(infos):
        family, kind, protocol, _name, address = info
        share = max(0.001, (deadline - time.monotonic()) / (len(infos) - number))
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as exc:
            refused[str(address[0])], last = reason(exc), exc
            continue
        try:
            sock.settimeout(share)
            sock.connect(address)
        except socket.timeout as exc:
            refused[str(address[0])], last = f"no answer within {share:.1f} s", exc
        except OSError as exc:
            refused[str(address[0])], last = reason(exc), exc
        else:
            return sock, info
        sock.close()
    tried = ", ".join(f"{address}: {why}" for address, why in refused.items())
    raise ConversationError("connect", f"no connection ({tried})") from last


def reason(exc: Exception) -> str:
    """Return what the operating system says, without its number."""
    return str(getattr(exc, "strerror", None) or exc)
