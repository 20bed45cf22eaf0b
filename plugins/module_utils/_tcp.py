# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting to a server before a deadline (of `time.monotonic`), its name and all of its addresses included."""

from __future__ import annotations

import queue
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Protocol

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


#: Seconds for the name of this host's own address.
_NAME_PATIENCE = 5.0


def resolve(endpoint: Endpoint, deadline: float) -> list[Any]:
    """Return the addresses that this host's resolver gives; raises ConversationError."""
    family = _FAMILIES[endpoint.family]
    try:
        found = _ask_resolver(
            lambda: socket.getaddrinfo(endpoint.host, endpoint.port, family=family, type=socket.SOCK_STREAM), deadline
        )
    except queue.Empty:
        raise ConversationError("timeout", "the resolver of this host did not answer in time") from None
    except (OSError, UnicodeError) as exc:
        raise ConversationError("resolve", f"the name does not resolve on this host ({reason(exc)})") from exc
    return list(found)


def name_of(address: str, deadline: float) -> str:
    """Return the name of an address by this host's resolver, in lower case; empty where it has none."""
    end = min(deadline, time.monotonic() + _NAME_PATIENCE)
    try:
        return str(_ask_resolver(lambda: socket.gethostbyaddr(address)[0], end)).lower()
    except (queue.Empty, OSError, UnicodeError):
        return ""


def _ask_resolver(question: Callable[[], Any], deadline: float) -> Any:
    """Return the resolver's answer; raises queue.Empty when it takes too long, and what the question raises.

    The resolver has no timeout, so it is asked in a thread, which is left behind then.
    """
    answers: queue.Queue[Any] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(question())
        except (OSError, UnicodeError) as exc:
            answers.put(exc)

    threading.Thread(target=ask, daemon=True).start()
    answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    if isinstance(answer, Exception):
        raise answer
    return answer


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
