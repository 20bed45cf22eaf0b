# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places where a message is watched for: IMAP, POP3, HTTP, maildir. One look at a time, each cut off at its deadline.

A mailbox is somebody's real one: nothing is marked as read, nothing but the marked message is ever removed.
"""

from __future__ import annotations

import base64
import http.client
import imaplib
import poplib
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator
from urllib.parse import quote, urlsplit

from .._http import HttpError, Request, decoded, exchange
from .._printable import harmless
from .._smtp import tls
from .._tcp import ConversationError, connect, reason, resolve
from .trace import holds
from .trip import HTTP, IMAP, MAILDIR, POP3, Place

if TYPE_CHECKING:
    import ssl
    from typing import Callable

#: The newest messages of a mailbox that are looked at; the marked one is among them.
NEWEST = 200

#: Bytes that are read: of a message's header, and of all that a server says in one look.
_HEADER_LIMIT = 256 * 1024
_LIMIT = 16 * 1024 * 1024

#: What the standard library raises when the other side, or our own cut, ends a conversation.
_BROKEN = (OSError, imaplib.IMAP4.error, poplib.error_proto, ValueError, EOFError)


class WatchError(Exception):
    """A mailbox cannot be looked into. `final`: trying again would not help, or do harm (accounts are locked)."""

    def __init__(self, text: str, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


class Mailbox(ABC):
    """A place where messages are watched for."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @abstractmethod
    def look(self, token: str, deadline: float) -> bytes | None:
        """Return the header of the marked message, None where it is not there yet. Raises WatchError."""

    @abstractmethod
    def remove(self, deadline: float) -> bool:
        """Remove the message that `look` found; say whether it is gone. Raises WatchError."""


def open_mailbox(place: Place) -> Mailbox:
    """Return the mailbox at a place; nothing is connected yet."""
    kinds: dict[str, type[Mailbox]] = {IMAP: _Imap, POP3: _Pop3, HTTP: _Http, MAILDIR: _Maildir}
    return kinds[place.type](place)


def _dial(place: Place, deadline: float, encrypted: bool) -> socket.socket:
    """Connect, under TLS where `encrypted`; the socket never waits longer than until the deadline."""
    try:
        sock, _info = connect(resolve(place.endpoint, deadline), deadline, {})
    except ConversationError as exc:
        raise WatchError(exc.text) from exc
    sock.settimeout(max(0.001, deadline - time.monotonic()))
    if not encrypted:
        return sock
    try:
        return _context(place).wrap_socket(sock, server_hostname=place.tls_name)
    except OSError as exc:
        sock.close()
        raise _no_tls(exc) from exc


def _context(place: Place) -> ssl.SSLContext:
    return tls.trusting_context(place.ca_path, place.validate_certs)


def _no_tls(exc: OSError) -> WatchError:
    distrust = tls.distrust(exc)
    return WatchError(f"TLS: {distrust or tls.explain(exc)}", final=bool(distrust))


@contextmanager
def _cut_off(current: Callable[[], Any], deadline: float) -> Iterator[None]:
    """End whatever goes on over a socket at the deadline: time limits of sockets begin anew with each byte."""

    def cut() -> None:
        with suppress(OSError, AttributeError):
            socket.socket.shutdown(current(), socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except _BROKEN as exc:
        if isinstance(exc, OSError) and tls.distrust(exc):
            raise _no_tls(exc) from exc
        text = "no answer in time" if time.monotonic() >= deadline else _said(exc)
        raise WatchError(text) from exc
    finally:
        timer.cancel()


def _said(exc: Exception) -> str:
    first = exc.args[0] if exc.args else ""
    text = first.decode("utf-8", "backslashreplace") if isinstance(first, bytes) else reason(exc)
    return harmless(text)[:200] or type(exc).__name__


class _Allowance:
    """The bytes that a server may still send in one look."""

    def __init__(self) -> None:
        self._left = _LIMIT

    def require(self, count: int) -> None:
        """Raise ValueError where the server sends, or announces, more than that."""
        if count > self._left:
            raise ValueError(f"the server sends more than {_LIMIT} bytes")

    def spend(self, count: int) -> None:
        """Count what was received. Raises ValueError where it is too much."""
        self.require(count)
        self._left -= count


class _ImapClient(imaplib.IMAP4):
    """IMAP over a socket that is connected already, with an end to what the server may send."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        self._dialled = sock
        self._allowance = _Allowance()
        super().__init__(name)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._dialled

    def read(self, size: int) -> bytes:
        """Read a literal; memory for one that is too large is never asked for."""
        self._allowance.require(size)
        content = super().read(size)
        self._allowance.spend(len(content))
        return content

    def readline(self) -> bytes:
        """Read a line."""
        line = super().readline()
        self._allowance.spend(len(line))
        return line


class _Imap(Mailbox):
    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._uid = b""

    def look(self, token: str, deadline: float) -> bytes | None:
        with self._session(deadline, readonly=True) as client:
            found = _ok(client.uid("SEARCH", "SUBJECT", f'"{token}"'))
            for uid in reversed((found[0] or b"").split()[-NEWEST:]):
                parts = _ok(client.uid("FETCH", uid.decode("ascii"), "(BODY.PEEK[HEADER])"))
                header = b"".join(part[1] for part in parts if isinstance(part, tuple))[:_HEADER_LIMIT]
                if holds(header, token):
                    self._uid = uid
                    return header
        return None

    def remove(self, deadline: float) -> bool:
        """Remove the one message. Where the server can only remove all that is marked, it is left marked."""
        uid = self._uid.decode("ascii")
        with self._session(deadline, readonly=False) as client:
            _ok(client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
            if "UIDPLUS" not in client.capabilities:
                return False
            _ok(client.uid("EXPUNGE", uid))
        return True

    @contextmanager
    def _session(self, deadline: float, readonly: bool) -> Iterator[imaplib.IMAP4]:
        place = self.place
        sock = _dial(place, deadline, place.tls == "implicit")
        sockets = [sock]
        with _cut_off(lambda: sockets[-1], deadline):
            try:
                client = _ImapClient(sock, place.tls_name)
            except _BROKEN:
                sock.close()
                raise
            try:
                if place.tls == "starttls":
                    if "STARTTLS" not in client.capabilities:
                        raise WatchError("the server does not offer STARTTLS", final=True)
                    client.starttls(_context(place))
                    sockets.append(client.sock)
                self._log_in(client)
                # what is asked for after the login may differ from before
                client.capabilities = tuple(_ok(client.capability())[0].decode("ascii", "replace").upper().split())
                answer, _data = client.select(_quoted(place.folder), readonly=readonly)
                if answer != "OK":
                    raise WatchError(f"there is no folder {place.folder}", final=True)
                yield client
            finally:
                with suppress(*_BROKEN):
                    client.logout()

    def _log_in(self, client: imaplib.IMAP4) -> None:
        place = self.place
        plain = all(character.isalnum() or character in "@._-+=" for character in place.username)
        try:
            client.login(place.username if plain else _quoted(place.username), place.password)
        except (imaplib.IMAP4.abort, OSError):
            raise
        except (imaplib.IMAP4.error, UnicodeError) as exc:
            # What the server says is not shown: some repeat what they were sent.
            raise WatchError(f"the login of {harmless(place.username)} is refused", final=True) from exc


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(data[0] if data else kind)
    return data


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Pop3Client(poplib.POP3):
    """POP3 over a socket that is connected already, with an end to what the server may send."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        self._dialled = sock
        self._allowance = _Allowance()
        super().__init__(name)

    def _create_socket(self, timeout: Any = None) -> socket.socket:
        return self._dialled

    def _getline(self) -> tuple[bytes, int]:
        line, octets = super()._getline()  # type: ignore[misc]  # not in typeshed; the only way to read in poplib
        self._allowance.spend(octets)
        return line, octets


class _Pop3(Mailbox):
    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._seen: set[bytes] = set()
        self._identifier = b""

    def look(self, token: str, deadline: float) -> bytes | None:
        with self._session(deadline) as client:
            for number, identifier in list(reversed(self._messages(client)))[:NEWEST]:
                if identifier in self._seen:
                    continue
                self._seen.add(identifier)  # also if its header cannot be read: not a second time
                header = b"\r\n".join(client.top(number, 0)[1])[:_HEADER_LIMIT]
                if holds(header, token):
                    self._identifier = identifier
                    return header
        return None

    def remove(self, deadline: float) -> bool:
        with self._session(deadline) as client:
            for number, identifier in self._messages(client):
                if identifier == self._identifier:
                    client.dele(number)
                    client.quit()  # only now is it gone
                    return True
        return False

    def _messages(self, client: poplib.POP3) -> list[tuple[int, bytes]]:
        listed = [line.split() for line in client.uidl()[1]]
        return [(int(words[0]), words[1]) for words in listed if len(words) == 2]

    @contextmanager
    def _session(self, deadline: float) -> Iterator[poplib.POP3]:
        place = self.place
        sock = _dial(place, deadline, place.tls == "implicit")
        sockets = [sock]
        with _cut_off(lambda: sockets[-1], deadline):
            try:
                client = _Pop3Client(sock, place.tls_name)
            except _BROKEN:
                sock.close()
                raise
            try:
                if place.tls == "starttls":
                    client.stls(_context(place))
                    sockets.append(client.sock)
                self._log_in(client)
                yield client
            finally:
                with suppress(*_BROKEN):
                    client.close()

    def _log_in(self, client: poplib.POP3) -> None:
        try:
            client.user(self.place.username)
            client.pass_(self.place.password)
        except poplib.error_proto as exc:
            said = exc.args[0] if exc.args else b""
            if not (isinstance(said, bytes) and said.startswith(b"-ERR")):
                raise
            raise WatchError(f"the login of {harmless(self.place.username)} is refused", final=True) from exc


class _Http(Mailbox):
    """A web page that shows messages, as JSON or as they are; it is only read."""

    def look(self, token: str, deadline: float) -> bytes | None:
        place = self.place
        parts = urlsplit(place.url.replace("{token}", quote(token, safe="")))
        endpoint = place.endpoint
        began = time.monotonic()
        client = http.client.HTTPConnection(endpoint.host, endpoint.port)
        client.sock = _dial(place, deadline, parts.scheme == "https")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            request = Request("GET", path, self._headers(parts.scheme))
            response = exchange(client, request, deadline, _LIMIT, round(deadline - began, 1))
        except HttpError as exc:
            raise WatchError(f"the web server {exc}") from exc
        except OSError as exc:
            if tls.distrust(exc):
                raise _no_tls(exc) from exc
            raise WatchError(_said(exc)) from exc
        finally:
            client.close()
        if response.status in (401, 403):
            raise WatchError(f"the web server refuses the request (status {response.status})", final=True)
        if response.status != 200:
            raise WatchError(f"the web server answers with status {response.status}")
        return next((text for text in _texts(response.body) if holds(text, token)), None)

    def remove(self, deadline: float) -> bool:
        return False

    def _headers(self, scheme: str) -> dict[str, str]:
        place = self.place
        parts = urlsplit(place.url)
        default = 443 if scheme == "https" else 80
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname)
        headers = {
            "Accept": "application/json",
            "Host": host if parts.port in (None, default) else f"{host}:{parts.port}",
        }
        if place.username:
            account = f"{place.username}:{place.password}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(account).decode("ascii")
        return {**headers, **dict(place.http_headers)}


def _texts(body: bytes) -> Iterator[bytes]:
    """Yield all texts of an answer in JSON, or the answer as it is."""
    try:
        waiting = deque([decoded(body)])
    except HttpError as exc:
        raise WatchError(f"the web server {exc}") from exc
    except ValueError:
        yield body
        return
    while waiting:
        value = waiting.popleft()
        if isinstance(value, str):
            yield value.encode("utf-8", "surrogatepass")
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


class _Maildir(Mailbox):
    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._directory = Path(place.path)
        self._found: Path | None = None

    def look(self, token: str, deadline: float) -> bytes | None:
        try:
            files = [path for name in ("new", "cur") for path in (self._directory / name).iterdir()]
            newest = sorted(files, key=_age)[:NEWEST]
        except OSError as exc:
            raise WatchError(f"{self._directory} is no maildir that can be read ({reason(exc)})", final=True) from exc
        for path in newest:
            with suppress(OSError), path.open("rb") as file:  # another program may have moved it
                header = file.read(_HEADER_LIMIT)
                if holds(header, token):
                    self._found = path
                    return header
        return None

    def remove(self, deadline: float) -> bool:
        if self._found is None:
            return False
        try:
            self._found.unlink()
        except OSError as exc:
            raise WatchError(f"{self._found.name} cannot be removed ({reason(exc)})") from exc
        return True


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0
