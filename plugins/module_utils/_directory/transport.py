# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON over HTTP to one server, with kept connections; errors name the address and what to do."""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from .._http import MEBIBYTE, HttpError, Request, SizeError, decoded, exchange
from .._printable import harmless
from .._tcp import ConversationError, connect, reason, resolve
from .errors import DefinitionError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Answer:
    """An HTTP status and its body: JSON where it is JSON, else the beginning of the text."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Tell whether the server carried the request out."""
        return 200 <= self.status < 300

    @property
    def error_id(self) -> int | None:
        """Return the number that Domino REST API gives to an error, None where there is none."""
        found = self.body.get("errorId") if isinstance(self.body, dict) else None
        return found if isinstance(found, int) else None

    @property
    def message(self) -> str:
        """Return what an error says, in whichever of its shapes it comes."""
        return harmless(self._message())

    def _message(self) -> str:
        if 300 <= self.status < 400:
            return f"HTTP {self.status}, a redirect, which is not followed: give the address itself as url"
        if not isinstance(self.body, dict):
            return f"HTTP {self.status}" + (f", {str(self.body)[:200]}" if self.body else "")
        number = self.body.get("statusCode", self.body.get("status", self.status))
        said = [str(self.body[key]) for key in ("message", "details") if self.body.get(key)]
        error_id = f", errorId {self.error_id}" if self.error_id else ""
        return f"HTTP {number}{error_id}: {'; '.join(said) or 'no message'}"


class _Endpoint(NamedTuple):
    host: str
    port: int
    family: str = "any"


class Transport:
    """One HTTP server. No proxy is used, redirects are not followed, a request is sent once.

    A request has `timeout` seconds, from connecting to the last byte of its answer, which has at most
    `max_response_size` MiB.

    Several threads may send at a time: each request has a connection of its own, and connections are kept for the next.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 30,
        max_response_size: float = 64,
        validate_certs: bool = True,
        ca_path: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
            raise DefinitionError(
                f'"{url}" is not the URL of a Domino REST API, such as https://mail01.example.com:8880.'
            )
        if parts.username is not None or parts.password is not None:
            raise DefinitionError("The URL holds a user name; give it as username and password instead.")
        for option, value in (("timeout", timeout), ("max_response_size", max_response_size)):
            if value <= 0:
                raise DefinitionError(f"{option} is {value:g}, and must be more than 0.")
        self.url = url.rstrip("/")
        self._host = parts.hostname
        self._prefix = parts.path.rstrip("/")
        self._port = port
        self._context = _tls(validate_certs, ca_path) if parts.scheme == "https" else None
        self._timeout = timeout
        self._max_bytes = int(max_response_size * MEBIBYTE)
        self._idle: list[http.client.HTTPConnection] = []

    @property
    def is_plain(self) -> bool:
        """Tell whether what is sent can be read on the way: no TLS, and not this machine."""
        local = self._host == "localhost" or self._host == "::1" or self._host.startswith("127.")
        return self._context is None and not local

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        token: str | None = None,
        accept: str = "application/json",
    ) -> Answer:
        """Send one request, its path quoted, and return the answer; UnreachableError where there is none."""
        target = self._prefix + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        headers = {"Accept": accept, "User-Agent": "opendomino.mail"}
        content = None
        if body is not None:
            content = json.dumps(body).encode("utf-8")
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        deadline = time.monotonic() + self._timeout
        connection = self._connection()
        try:
            if connection.sock is None:
                connection.sock = self._dial(deadline)
            request = Request(method, target, headers, content)
            response = exchange(connection, request, deadline, self._max_bytes, self._timeout)
            answer = Answer(response.status, _decoded(response.body))
        except (OSError, ConversationError, HttpError) as exc:
            connection.close()
            raise UnreachableError(f"Domino REST API at {self.url} {self._reason(exc)}") from None
        self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _connection(self) -> http.client.HTTPConnection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                kind = http.client.HTTPConnection if self._context is None else http.client.HTTPSConnection
                return kind(self._host, self._port)
            if connection.sock is None or not _has_spoken(connection.sock):
                return connection
            connection.close()

    def _dial(self, deadline: float) -> socket.socket:
        port = self._port or (80 if self._context is None else 443)
        sock, _info = connect(resolve(_Endpoint(self._host, port), deadline), deadline, {})
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return sock
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            return self._context.wrap_socket(sock, server_hostname=self._host)
        except BaseException:
            sock.close()
            raise

    def _reason(self, exc: BaseException) -> str:
        connecting = isinstance(exc, ConversationError) and exc.kind != "timeout"
        exc = exc.__cause__ or exc if connecting else exc
        if isinstance(exc, SizeError):
            return f"{exc}. If the directory is that large, raise max_response_size."
        if isinstance(exc, HttpError):
            hint = " Is it http there, not https, and this port?" if "HTTP" in str(exc) else ""
            return f"{exc}.{hint}"
        if isinstance(exc, (socket.gaierror, UnicodeError)):
            return f'cannot be reached: the host name "{self._host}" is not known ({reason(exc)}).'
        if isinstance(exc, ConnectionRefusedError):
            return "cannot be reached: nothing listens there. Is the server task restapi running, and the port right?"
        if isinstance(exc, ssl.SSLCertVerificationError):
            return (
                f"shows a certificate that is not trusted ({exc.verify_message}). Name the authority's certificate "
                "with ca_path."
            )
        if isinstance(exc, ssl.SSLError):
            return f"does not speak TLS as expected ({exc.reason or exc}). Is it https there, and this port?"
        if isinstance(exc, (socket.timeout, ConversationError)):
            return f"did not answer within {self._timeout:g} seconds."
        return f"cannot be reached ({exc})." if connecting else f"broke the connection off ({exc})."


def _has_spoken(sock: socket.socket) -> bool:
    """Return whether a server has closed a kept connection, or sent what nobody asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def texts(value: Any) -> list[str]:
    """Return the entries of a JSON list as text; whatever came instead of a list is none."""
    return list(map(str, value)) if isinstance(value, list) else []


def objects(body: Any) -> list[dict[str, Any]]:
    """Return the objects of a JSON list; whatever else an answer has in their place is left out."""
    return [entry for entry in body if isinstance(entry, dict)] if isinstance(body, list) else []


def _tls(validate_certs: bool, ca_path: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_path:
        try:
            is_directory = os.path.isdir(ca_path)  # noqa: PTH112 - the path is used as text
            context.load_verify_locations(**{"capath" if is_directory else "cafile": ca_path})
        except OSError as exc:  # SSLError is one
            raise DefinitionError(f"ca_path {ca_path}: no certificates could be read from it ({exc}).") from None
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _decoded(content: bytes) -> Any:
    try:
        return decoded(content)
    except ValueError:
        return content.decode("utf-8", "replace").strip()
