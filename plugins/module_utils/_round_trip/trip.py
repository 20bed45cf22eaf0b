# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A round trip as it is asked for: what is sent where, and where it is watched for; refused before anything is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from .._smtp import tls
from .._smtp.names import is_address, is_domain
from .._smtp.probe import InputError, Probe
from .._smtp.submission import Login

if TYPE_CHECKING:
    from typing import Callable

#: The header that marks a message; its value is the token, which stands in Subject and Message-ID as well.
MARK = "X-Mail-Round-Trip"

IMAP, POP3, HTTP, MAILDIR = "imap", "pop3", "http", "maildir"
_PORTS = {(IMAP, "implicit"): 993, (IMAP, "starttls"): 143, (POP3, "implicit"): 995, (POP3, "starttls"): 110}
_TOKEN = re.compile(r"[A-Za-z0-9]{16,64}")
_SAFE = re.compile(r"[^\x00-\x1f\x7f]*")
_ADDRESS = re.compile(r"[!#-;=?-~]+")


NOBODY = Login()


@dataclass(frozen=True)
class Place:
    """Where a message is watched for."""

    type: str
    host: str = ""
    port: int = 0
    tls: str = "implicit"  # or starttls
    username: str = ""
    password: str = ""
    folder: str = "INBOX"
    server_name: str = ""
    url: str = ""
    http_headers: tuple[tuple[str, str], ...] = ()
    path: str = ""
    ca_path: str = ""
    validate_certs: bool = True
    remove: bool = True

    @property
    def endpoint(self) -> Probe:
        """Return host and port in the form that `wire` takes."""
        if self.type == HTTP:
            parts = urlsplit(self.url)
            return Probe(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        return Probe(self.host, self.port or _PORTS[self.type, self.tls])

    @property
    def tls_name(self) -> str:
        """Return the name that the certificate must have."""
        return self.server_name or self.endpoint.host

    def __str__(self) -> str:
        if self.type == MAILDIR:
            return f"maildir {self.path}"
        if self.type == HTTP:
            parts = urlsplit(self.url)
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return f"{self.type} {self.endpoint.target}"


@dataclass(frozen=True)
class Trip:
    """One message and its way. Without `server` somebody else sends it, with the token in its subject."""

    name: str
    token: str
    watch: Place
    server: Probe | None = None
    login: Login = NOBODY
    header_from: str = ""
    subject: str = ""
    expect_from: str = ""
    expect_tls: bool = False

    def message(self, now: float) -> bytes:
        """Return the marked message, in ASCII with CRLF."""
        if self.server is None:
            return b""
        domain = self.header_from.rpartition("@")[2]
        lines = (
            f"Date: {formatdate(now)}",
            f"From: <{self.header_from}>",
            f"To: <{self.server.recipients_accepted[0]}>",
            f"Subject: {self.subject} {self.token}",
            f"Message-ID: <{self.token}@{domain}>",
            f"{MARK}: {self.token}",
            "Auto-Submitted: auto-generated",  # RFC 3834: nobody answers it
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            "This message proves that mail flows. It can be removed.",
            "",
        )
        return "\r\n".join(lines).encode("ascii")


def read_trips(entries: Iterable[Mapping[str, Any]], new_token: Callable[[], str]) -> list[Trip]:
    """Make trips of what the module was given; raises one InputError for all that is wrong."""
    trips, wrong = [], []
    for number, entry in enumerate(entries, 1):
        given = {key: value for key, value in entry.items() if value is not None}
        name = str(given.get("name") or f"trip {number}")
        try:
            trip = _read_trip(name, given, new_token)
        except InputError as exc:
            wrong.append(f"{name}: {exc}")
            continue
        wrong += [f"{name}: {complaint}" for complaint in _complaints(trip)]
        trips.append(trip)
    if wrong:
        raise InputError(" ".join([*wrong, "Nothing was sent."]))
    return trips


def _read_trip(name: str, given: Mapping[str, Any], new_token: Callable[[], str]) -> Trip:
    sending = {key: value for key, value in (given.get("send") or {}).items() if value is not None}
    watching = {key: value for key, value in given["watch"].items() if value is not None}
    watching["http_headers"] = tuple((str(k), str(v)) for k, v in (watching.pop("headers", None) or {}).items())
    token = str(given.get("token") or new_token())
    server, login = None, NOBODY
    if sending:
        recipient, sender = sending["recipient"], sending["sender"]
        for option, address in (("recipient", recipient), ("sender", sender)):
            if not _is_address(address):
                raise InputError(f"{option} {address!r} is not a mail address.")
        server = Probe(
            sending["host"],
            sending.get("port", 25),
            helo=sending.get("helo", ""),
            sender=sender,
            recipients_accepted=(recipient,),
            tls=sending.get("tls", "none"),
            server_name=sending.get("server_name", ""),
            ca_path=sending.get("ca_path", ""),
        )
        login = Login(
            sending.get("username", ""), sending.get("password", ""), bool(sending.get("validate_certs", True))
        )
    elif not given.get("token"):
        raise InputError("there is neither send nor the token of a message that somebody else sends.")
    return Trip(
        name,
        token,
        Place(**watching),
        server,
        login,
        str(sending.get("header_from") or sending.get("sender", "")),
        str(sending.get("subject") or "Mail round trip"),
        str(given.get("expect_from", "")),
        bool(given.get("expect_tls", False)),
    )


def _is_address(text: str) -> bool:
    """Return whether a text is two parts around an at sign, without blanks, quotation marks and angle brackets."""
    return "@" in text[1:-1] and _ADDRESS.fullmatch(text) is not None


def _complaints(trip: Trip) -> Iterator[str]:
    place, login = trip.watch, trip.login
    if not _TOKEN.fullmatch(trip.token):
        yield f"token {trip.token!r} must be 16 to 64 ASCII letters and digits, so that nothing else is taken for it."
    if trip.server is not None:
        if not _is_address(trip.header_from):
            yield f"header_from {trip.header_from!r} is not a mail address."
        if not trip.subject.isascii() or not _SAFE.fullmatch(trip.subject) or len(trip.subject) > 200:
            yield "subject must be one line of ASCII with at most 200 characters."
        if trip.server.tls == "none" and login.username:
            yield "send has a username, and passwords are not sent without TLS. Set tls to starttls or implicit."
    if login.username and not login.password:
        yield "send has a username, and its password is empty."
    texts = {"username": place.username, "password": place.password, "folder": place.folder}
    texts["username of send"], texts["password of send"] = login.username, login.password
    for option, text in texts.items():
        if not _SAFE.fullmatch(text) or "\x00" in text:
            yield f"{option} has control characters."
    if place.type in (IMAP, POP3):
        missing = [option for option in ("host", "username", "password") if not getattr(place, option)]
        if missing:
            yield f"watch of type {place.type} needs {', '.join(missing)}."
            return
        if not place.folder.isascii():
            yield f"folder {place.folder!r} must be ASCII, as it stands in IMAP (modified UTF-7)."
        if not (is_domain(place.host.rstrip(".")) or is_address(place.host)):
            yield f"host {place.host!r} of watch is neither a host name nor an address."
        elif not 0 <= place.port <= 65535:
            yield f"port {place.port} of watch does not exist; ports are 1 to 65535."
    elif place.type == HTTP:
        yield from _complaints_about_url(place)
    elif not place.path:
        yield "watch of type maildir needs path."
    yield from _complaints_about_authorities(trip)


def _complaints_about_url(place: Place) -> Iterator[str]:
    try:
        parts = urlsplit(place.url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        usable = usable and place.url.isascii() and not re.search(r"[\s\x00-\x1f\x7f]", place.url)
    except ValueError:
        usable = False
    if not usable:
        yield f"url {place.url!r} of watch is no address of a web server (http or https)."
    elif parts.username is not None:
        yield "url of watch holds a user. Put it into username and password."
    elif parts.scheme == "http" and (place.username or place.http_headers):
        yield "url of watch is http, and what is secret is not sent without TLS. Use https."
    if place.username and not place.password:
        yield "watch has a username, and its password is empty."
    for name, value in place.http_headers:
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not _SAFE.fullmatch(value) or not value.isascii():
            yield f"the header {name!r} of watch cannot be sent."


def _complaints_about_authorities(trip: Trip) -> Iterator[str]:
    paths = {trip.watch.ca_path, trip.server.ca_path if trip.server else ""} - {""}
    yield from filter(None, map(_without_authorities, sorted(paths)))


def _without_authorities(path: str) -> str:
    try:
        tls.check_authorities(path)
    except OSError as exc:
        return f"ca_path {path!r} has no certificate authorities ({exc})."
    return ""
