# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP answer, bounded whatever the server sends: in time as a whole, in size, and in the depth of its JSON."""

from __future__ import annotations

import functools
import http.client
import io
import json
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEBIBYTE = 1024 * 1024
#: Levels of JSON; the published answers of HCL Domino REST API have about ten.
MAX_DEPTH = 100
_BLOCK = 64 * 1024
#: The most that TLS has in one record.
_SENT = 16 * 1024


class HttpError(Exception):
    """There is no whole answer; the text goes on a sentence that begins with the server's name."""


class SizeError(HttpError):
    """The answer is larger than it may be."""


@dataclass(frozen=True)
class Request:
    """One request; `target` is the path with its query."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True)
class Response:
    """The status and the whole body of an answer."""

    status: int
    body: bytes


def exchange(
    connection: http.client.HTTPConnection, request: Request, deadline: float, max_bytes: int, seconds: float
) -> Response:
    """Send a request over a connection whose socket is connected, and return the answer.

    Nothing is received after the deadline (of `time.monotonic`), nor more than `max_bytes`, headers and whatever else
    the server sends included. `seconds` is the time given, for the error. Redirects are not followed. Raises HttpError
    and OSError; the connection must be closed then.
    """
    # The standard library hands over the socket's own file. This one keeps count.
    connection.response_class = functools.partial(_response, deadline=deadline, max_bytes=max_bytes)  # type: ignore[assignment]
    headers, blocks = dict(request.headers), None
    if request.content is not None:
        headers["Content-Length"] = str(len(request.content))
        blocks = _blocks(connection.sock, request.content, deadline)
    received = False
    try:
        connection.sock.settimeout(_left(deadline))
        connection.request(request.method, request.target, blocks, headers)
        response = connection.getresponse()
        received = True
        return Response(response.status, read_body(response))
    except socket.timeout:
        what = "did not finish its answer" if received else "did not answer"
        raise HttpError(f"{what} within {seconds:g} seconds") from None
    except (http.client.HTTPException, ValueError) as exc:
        if isinstance(exc, OSError):  # the server closed the connection before it answered
            raise
        raise HttpError(explain(exc)) from None
    except MemoryError:
        raise SizeError("sends more than the memory of this machine holds") from None


def read_body(response: http.client.HTTPResponse, max_bytes: int | None = None) -> bytes:
    """Return the body of an answer; raises HttpError where it is cut off, SizeError beyond `max_bytes`.

    It is read in blocks, because the standard library takes memory for whatever length a server claims.
    """
    blocks = []
    left = max_bytes
    try:
        while True:
            block = response.read(_BLOCK)
            if not block:
                break
            blocks.append(block)
            if left is not None:
                left -= len(block)
                if left < 0:
                    raise SizeError(f"sends more than {max_bytes} bytes")
    except (http.client.HTTPException, ValueError) as exc:
        raise HttpError(explain(exc)) from None
    if response.length:  # the standard library leaves this to the caller who reads in blocks
        raise HttpError(_CUT)
    return b"".join(blocks)


def explain(exc: Exception) -> str:
    """Return what is wrong with an answer that the standard library cannot read."""
    if isinstance(exc, http.client.IncompleteRead):
        return _CUT
    if isinstance(exc, http.client.LineTooLong) or str(exc).startswith("got more than"):
        return "sends headers that are too long or too many"
    return f"does not answer in HTTP ({type(exc).__name__})"


def decoded(content: bytes) -> Any:
    """Return what JSON says; raises ValueError where it is none, HttpError where it is nested too deeply."""
    try:
        body = json.loads(content)
    except RecursionError:
        raise HttpError(_DEEP) from None
    except MemoryError:
        raise SizeError("sends more than the memory of this machine holds") from None
    # What is within the interpreter's own limit can still exhaust it further on.
    if content.count(b"[") + content.count(b"{") > MAX_DEPTH and not _is_flat(body):
        raise HttpError(_DEEP)
    return body


_CUT = "closed the connection in the middle of its answer"
_DEEP = f"answers with JSON of more than {MAX_DEPTH} levels"


def _is_flat(body: Any) -> bool:
    level = [body]
    for _depth in range(MAX_DEPTH):
        level = [
            entry
            for container in level
            for entry in (container.values() if container.__class__ is dict else container)
            if entry.__class__ is dict or entry.__class__ is list
        ]
        if not level:
            return True
    return False


def _blocks(sock: socket.socket, content: bytes, deadline: float) -> Iterator[bytes]:
    """Yield what is sent in blocks, each with the time that is left: over TLS a time limit begins anew with each."""
    for first in range(0, len(content), _SENT):
        sock.settimeout(_left(deadline))
        yield content[first : first + _SENT]


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout
    return left


def _response(sock: socket.socket, *args: Any, deadline: float, max_bytes: int, **kwargs: Any) -> Any:
    return http.client.HTTPResponse(_Side(sock, deadline, max_bytes), *args, **kwargs)  # type: ignore[arg-type]


class _Side:
    """As much of a socket as HTTPResponse wants: the file that it reads."""

    def __init__(self, sock: socket.socket, deadline: float, max_bytes: int) -> None:
        self._file: Any = io.BufferedReader(_Bounded(sock, deadline, max_bytes), _BLOCK)

    def makefile(self, _mode: str) -> Any:
        return self._file


class _Bounded(io.RawIOBase):
    """What a socket receives, up to a deadline and a number of bytes."""

    def __init__(self, sock: socket.socket, deadline: float, max_bytes: int) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open until it is read
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(self._deadline))
        count = self._raw.readinto(buffer)
        self._received += count or 0
        if self._received > self._max_bytes:
            raise SizeError(f"sends more than {self._max_bytes / MEBIBYTE:g} MiB")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
