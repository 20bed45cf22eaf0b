# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at SMTP servers from outside: one bounded conversation each, many at a time, never a message.

`converse` talks and writes down what happened in a `Transcript`; whatever the other side does (silence, garbage, a line
without end, a closed connection) ends up in there. `evaluate` compares a transcript with a `Probe`, and its findings
depend on these two alone. `probe_all` does both for many probes.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Mapping, Sequence

#: RFC 5321 section 4.5.3.1.5 allows 512 bytes a line; more is tolerated, not without limit.
LINE_LIMIT = 8192
LINES_LIMIT = 200

#: Seconds to wait for the reply to QUIT, which nobody needs.
QUIT_PATIENCE = 2.0

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_MAILBOX = re.compile(r'(?:[!#-;=?-~]|"(?:[ !#-;=?-\[\]-~]|\\[ -;=?-~])*")+')  # printable ASCII, no < and >
_WORD = re.compile(r"[!-;=?-~]+")


class InputError(ValueError):
    """A probe cannot be carried out as described; the text says why."""


class ConversationError(Exception):
    """The conversation cannot go on. `kind` is resolve, connect, timeout, closed, protocol or closing."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


@dataclass(frozen=True)
class Probe:
    """What to ask one server, and what it should say."""

    host: str
    port: int = 25
    helo: str = ""  # empty: the address literal of this end of the connection
    sender: str = ""  # empty: the null sender, MAIL FROM:<>
    recipients_accepted: tuple[str, ...] = ()
    recipients_refused: tuple[str, ...] = ()
    expect_banner_host: str = ""  # empty: any
    starttls: str = "ignore"  # or offered

    def __post_init__(self) -> None:
        """Refuse what must not get onto the wire."""
        complaints = list(_complaints(self))
        if complaints:
            raise InputError(" ".join(complaints))

    @property
    def target(self) -> str:
        """Return `host:port` as messages name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


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
        return self.lines[0].split(" ")[0]

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

    step: str  # resolve, connect, banner, ehlo, mail, rcpt, rset
    kind: str
    text: str


@dataclass
class Transcript:
    """What happened, filled in as it happens."""

    addresses: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)  # address -> why it was not reached
    address: str = ""  # the one that was reached
    banner: Reply | None = None
    ehlo: Reply | None = None
    is_esmtp: bool = False
    sender: Reply | None = None
    recipients: list[RecipientReply] = field(default_factory=list)
    timings: dict[str, int] = field(default_factory=dict)  # step -> milliseconds
    failure: Failure | None = None

    @property
    def extensions(self) -> dict[str, str]:
        """Return the extensions offered in the reply to EHLO: keyword in upper case -> its parameters."""
        if self.ehlo is None or not self.is_esmtp:
            return {}
        # The old spelling `AUTH=LOGIN` means `AUTH LOGIN`.
        words = [line.replace("=", " ", 1).split(None, 1) for line in self.ehlo.lines[1:]]
        return {word[0].upper(): "".join(word[1:]).strip() for word in words if word}


@dataclass(frozen=True)
class Finding:
    """One way in which a server is not as expected."""

    id: str
    severity: str  # required, recommended, info
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"expected {self.expected}, found {self.found}. {self.remedy}"


@dataclass(frozen=True)
class Result:
    """A probe, what happened, and what is to be said about it."""

    probe: Probe
    transcript: Transcript
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Say whether everything required is as expected."""
        return not self.required

    @property
    def required(self) -> tuple[Finding, ...]:
        """Return the findings that must not be."""
        return tuple(finding for finding in self.findings if finding.severity == "required")

    def as_dict(self) -> dict[str, Any]:
        """Return the shape that the module documents."""
        seen = self.transcript
        banner = seen.banner
        failure = seen.failure
        return {
            "host": self.probe.host,
            "port": self.probe.port,
            "ok": self.ok,
            "addresses": list(seen.addresses),
            "address": seen.address or None,
            "connected": bool(seen.address),
            "not_reached": dict(seen.refused),
            "banner": {"code": banner.code, "text": banner.text, "host": banner.host} if banner else None,
            "esmtp": seen.is_esmtp,
            "extensions": seen.extensions,
            "recipients": [
                {
                    "address": recipient.address,
                    "expected": recipient.expected,
                    "accepted": recipient.accepted,
                    "code": recipient.reply.code if recipient.reply else None,
                    "reply": recipient.reply.text if recipient.reply else None,
                }
                for recipient in seen.recipients
            ],
            "timings": dict(seen.timings),
            "error": {"step": failure.step, "kind": failure.kind, "text": failure.text} if failure else None,
            "findings": [
                {
                    "id": finding.id,
                    "severity": finding.severity,
                    "expected": finding.expected,
                    "found": finding.found,
                    "remedy": finding.remedy,
                }
                for finding in self.findings
            ],
        }


class ReplyParser:
    """Puts the lines of one reply together (RFC 5321 section 4.2.1)."""

    def __init__(self) -> None:
        self._code = b""
        self._lines: list[str] = []

    def push(self, line: bytes) -> Reply | None:
        """Take a line without its end; return the reply with the last one. Raises ConversationError."""
        match = _REPLY_LINE.fullmatch(line)
        if match is None:
            raise ConversationError("protocol", "this is no SMTP reply: " + _excerpt(line))
        code, separator, text = match.groups()
        if self._code not in (b"", code):
            raise ConversationError("protocol", f"one reply has two codes, {int(self._code)} and {int(code)}")
        self._code = code
        self._lines.append(printable(text or b""))
        if separator != b"-":
            return Reply(int(code), tuple(self._lines))
        if len(self._lines) >= LINES_LIMIT:
            raise ConversationError("protocol", f"a reply has more than {LINES_LIMIT} lines")
        return None


class Connection:
    """Commands and replies over a connected socket, until a deadline (of `time.monotonic`)."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self._buffer = b""

    def command(self, text: str) -> Reply:
        """Send one command and return the reply. Raises ConversationError, also for 421: the server hangs up."""
        if self._buffer:
            # Taken for the reply to what is asked now, it would turn a refusal into an acceptance.
            raise ConversationError("protocol", "the server speaks unasked: " + _excerpt(self._buffer))
        with self._errors():
            self._sock.settimeout(self._remaining())
            self._sock.sendall(text.encode("ascii") + b"\r\n")
        reply = self.read_reply()
        if reply.code == 421:
            raise ConversationError("closing", f"the server hangs up: {reply}")
        return reply

    def read_reply(self) -> Reply:
        """Read one reply. Raises ConversationError."""
        parser = ReplyParser()
        while True:
            reply = parser.push(self._read_line())
            if reply is not None:
                return reply

    def hasten(self, seconds: float) -> None:
        """Bring the deadline forward."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def _read_line(self) -> bytes:
        while b"\n" not in self._buffer[:LINE_LIMIT]:
            if len(self._buffer) >= LINE_LIMIT:
                raise ConversationError("protocol", f"a line is longer than {LINE_LIMIT} bytes")
            with self._errors():
                self._sock.settimeout(self._remaining())
                received = self._sock.recv(4096)
            if not received:
                unfinished = " in the middle of " + _excerpt(self._buffer) if self._buffer else ""
                raise ConversationError("closed", "the server closed the connection" + unfinished)
            self._buffer += received
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line[:-1] if line.endswith(b"\r") else line

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise socket.timeout
        return remaining

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except socket.timeout as exc:
            received = " after " + _excerpt(self._buffer) if self._buffer else ""
            raise ConversationError("timeout", "no reply in time" + received) from exc
        except OSError as exc:
            raise ConversationError("closed", f"the connection broke ({_reason(exc)})") from exc


def converse(probe: Probe, timeout: float) -> Transcript:
    """Carry out one conversation in at most `timeout` seconds. What goes wrong is in the transcript."""
    seen = Transcript(recipients=_asked(probe))
    began = time.monotonic()
    step = _Step(seen)
    try:
        _talk(probe, seen, step, began + timeout)
    except ConversationError as exc:
        seen.failure = Failure(step.name, exc.kind, exc.text)
    finally:
        step.end()
    seen.timings["total"] = _milliseconds(began)
    return seen


def evaluate(probe: Probe, seen: Transcript) -> tuple[Finding, ...]:
    """Compare what a server did with what is expected of it, everything at once."""
    return tuple(_findings(probe, seen))


def probe_all(probes: Sequence[Probe], timeout: float, concurrency: int) -> list[Result]:
    """Carry out all probes, at most `concurrency` at a time, each in at most `timeout` seconds; keep their order."""

    def probed(probe: Probe) -> Result:
        seen = converse(probe, timeout)
        return Result(probe, seen, evaluate(probe, seen))

    with ThreadPoolExecutor(max_workers=max(1, min(concurrency, len(probes)))) as pool:
        return list(pool.map(probed, probes))


def read_probes(entries: Iterable[Mapping[str, Any]]) -> list[Probe]:
    """Make probes of what the module was given; raises one InputError for all that is wrong."""
    read = [_read_probe(entry) for entry in entries]
    wrong = [complaint for _probe, complaint in read if complaint]
    if wrong:
        raise InputError(" ".join([*wrong, "Nothing was sent."]))
    return [probe for probe, _complaint in read if probe]


def printable(text: bytes) -> str:
    """Return what a server sent as text that does nothing to a terminal or a log."""
    decoded = text.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in decoded)


def _read_probe(entry: Mapping[str, Any]) -> tuple[Probe | None, str]:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items() if value is not None
    }
    try:
        return Probe(**values), ""
    except InputError as exc:
        return None, str(exc)


def _complaints(probe: Probe) -> Iterator[str]:
    """Name values that cannot be sent as they are, or would say something else on the wire."""
    if not _WORD.fullmatch(probe.host):
        yield f"host {probe.host!r} is neither a host name nor an address."
    if not 1 <= probe.port <= 65535:
        yield f"{probe.host}: port {probe.port} does not exist; ports are 1 to 65535."
    if probe.helo and not _WORD.fullmatch(probe.helo):
        yield f"{probe.target}: helo {probe.helo!r} is not a host name."
    addresses = [*probe.recipients_accepted, *probe.recipients_refused]
    if probe.sender:
        addresses.append(probe.sender)
    for address in addresses:
        if not _MAILBOX.fullmatch(address):
            yield (
                f"{probe.target}: {address!r} cannot be sent as a mail address. "
                "Use printable ASCII without < and >, and blanks only inside quotes."
            )


class _Step:
    """Knows which step a conversation is at, and adds up the time of each."""

    def __init__(self, seen: Transcript) -> None:
        self._timings = seen.timings
        self._began = time.monotonic()
        self.name = ""

    def begin(self, name: str) -> None:
        self.end()
        self.name = name
        self._began = time.monotonic()

    def end(self) -> None:
        if self.name:
            self._timings[self.name] = self._timings.get(self.name, 0) + _milliseconds(self._began)


def _asked(probe: Probe) -> list[RecipientReply]:
    accepted = [RecipientReply(address, "accepted") for address in probe.recipients_accepted]
    return accepted + [RecipientReply(address, "refused") for address in probe.recipients_refused]


def _talk(probe: Probe, seen: Transcript, step: _Step, deadline: float) -> None:
    step.begin("resolve")
    infos = _resolve(probe, deadline)
    seen.addresses = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
    step.begin("connect")
    with _connect(infos, seen, deadline) as sock:
        connection = Connection(sock, deadline)
        step.begin("banner")
        seen.banner = connection.read_reply()
        if seen.banner.code == 220:
            step.begin("ehlo")
            _introduce(probe, seen, connection, sock)
            _offer_recipients(probe, seen, step, connection)
        step.begin("quit")
        connection.hasten(QUIT_PATIENCE)
        _leave(connection)


def _introduce(probe: Probe, seen: Transcript, connection: Connection, sock: socket.socket) -> None:
    name = probe.helo or _address_literal(sock)
    seen.ehlo = connection.command("EHLO " + name)
    seen.is_esmtp = seen.ehlo.code == 250
    if not seen.is_esmtp:
        seen.ehlo = connection.command("HELO " + name)


def _offer_recipients(probe: Probe, seen: Transcript, step: _Step, connection: Connection) -> None:
    """Offer each recipient in a transaction of its own, so that none depends on another, and give all of them up."""
    if seen.ehlo is None or seen.ehlo.code != 250:
        return
    for number, recipient in enumerate(seen.recipients):
        if number:
            step.begin("rset")
            connection.command("RSET")
        step.begin("mail")
        seen.sender = connection.command(f"MAIL FROM:<{probe.sender}>")
        if seen.sender.code != 250:
            return
        step.begin("rcpt")
        reply = connection.command(f"RCPT TO:<{recipient.address}>")
        seen.recipients[number] = RecipientReply(recipient.address, recipient.expected, reply)
    if seen.recipients:
        step.begin("rset")
        connection.command("RSET")


def _leave(connection: Connection) -> None:
    with suppress(ConversationError):  # everything was said; how a server parts is its own affair
        connection.command("QUIT")


def _resolve(probe: Probe, deadline: float) -> list[Any]:
    """Ask the host's resolver, in a thread that is left behind when it takes too long: it knows no timeout."""
    answers: queue.Queue[Any] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(probe.host, probe.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as exc:
            answers.put(exc)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        raise ConversationError("timeout", "the resolver of this host did not answer in time") from None
    if isinstance(answer, Exception):
        raise ConversationError("resolve", f"the name does not resolve on this host ({_reason(answer)})")
    return list(answer)


def _connect(infos: Sequence[Any], seen: Transcript, deadline: float) -> socket.socket:
    """Connect to the first address that answers; each gets a fair share of the time left."""
    for number, (family, kind, protocol, _name, address) in enumerate(infos):
        share = max(0.001, (deadline - time.monotonic()) / (len(infos) - number))
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as exc:
            seen.refused[str(address[0])] = _reason(exc)
            continue
        try:
            sock.settimeout(share)
            sock.connect(address)
        except socket.timeout:
            seen.refused[str(address[0])] = f"no answer within {share:.1f} s"
        except OSError as exc:
            seen.refused[str(address[0])] = _reason(exc)
        else:
            seen.address = str(address[0])
            return sock
        sock.close()
    tried = ", ".join(f"{address}: {why}" for address, why in seen.refused.items())
    raise ConversationError("connect", f"no connection ({tried})")


def _findings(probe: Probe, seen: Transcript) -> Iterator[Finding]:
    failure = seen.failure
    if failure is not None:
        yield _finding_of_failure(failure)
    if seen.banner is None:
        return
    if seen.banner.code != 220:
        yield Finding(
            "greeting",
            "required",
            "a greeting with code 220",
            f"`{seen.banner}`",
            "The server takes no mail from this host: look at its connection controls and its log.",
        )
        return
    expected_host = probe.expect_banner_host.rstrip(".")
    if expected_host and seen.banner.host.rstrip(".").lower() != expected_host.lower():
        yield Finding(
            "banner_host",
            "required",
            f"the host name {expected_host} in the greeting",
            seen.banner.host or "no host name",
            "Correct the fully qualified Internet host name in the Server document, or whose address this is.",
        )
    if seen.ehlo is None:
        return
    if seen.ehlo.code != 250:
        yield Finding(
            "ehlo",
            "required",
            "EHLO or HELO accepted",
            f"`{seen.ehlo}`",
            "Look at what the server asks of the name that clients give, and set helo.",
        )
        return
    if not seen.is_esmtp:
        yield Finding("esmtp", "recommended", "EHLO accepted", "HELO only", "Check what filters SMTP on the way.")
    if probe.starttls == "offered" and "STARTTLS" not in seen.extensions:
        offered = ", ".join(sorted(seen.extensions)) or "no extensions"
        yield Finding(
            "starttls",
            "required",
            "STARTTLS offered",
            offered,
            "Enable negotiated TLS for inbound SMTP, check the server's TLS certificate, and check what filters SMTP "
            "on the way.",
        )
    yield from _findings_of_recipients(probe, seen)


def _findings_of_recipients(probe: Probe, seen: Transcript) -> Iterator[Finding]:
    if seen.sender is not None and seen.sender.code != 250:
        yield Finding(
            "sender_accepted",
            "required",
            f"MAIL FROM:<{probe.sender}> accepted",
            f"`{seen.sender}`",
            "Look at the server's sender controls; the null sender has to be accepted (RFC 5321 section 6.1)."
            if not probe.sender
            else "Look at the server's sender controls, or use another sender.",
        )
        return
    for recipient in seen.recipients:
        if recipient.reply is None:
            continue  # the failure says why
        found = f"`{recipient.reply}`"
        if recipient.expected == "accepted" and recipient.accepted is False:
            yield Finding(
                "recipient_accepted",
                "required",
                f"recipient {recipient.address} accepted",
                found,
                "Check that the domain is local to the server, and that exactly one entry of its directory has "
                "this address.",
            )
        elif recipient.expected == "accepted" and recipient.accepted is None:
            yield Finding(
                "recipient_accepted",
                "required",
                f"recipient {recipient.address} accepted",
                found,
                "The server may accept it later: try again, and look at its log.",
            )
        elif recipient.expected == "refused" and recipient.accepted:
            yield Finding(
                "recipient_refused",
                "required",
                f"recipient {recipient.address} refused",
                found,
                "The server takes mail that it should not take: for a domain that is not local this is an open relay. "
                "Restrict its relay and recipient controls.",
            )
        elif recipient.expected == "refused" and recipient.accepted is None:
            yield Finding(
                "recipient_refused",
                "recommended",
                f"recipient {recipient.address} refused for good (5xx)",
                found,
                "The server may accept it later: try again, and look at its log.",
            )


def _finding_of_failure(failure: Failure) -> Finding:
    if failure.step == "resolve":
        remedy = "Check the name and this host's resolver (/etc/resolv.conf, /etc/hosts)."
        return Finding("resolves", "required", "the name to resolve on this host", failure.text, remedy)
    if failure.step == "connect":
        remedy = "Check that the server listens on this port, and that routes and firewalls let this host through."
        return Finding("connects", "required", "a connection", failure.text, remedy)
    remedies = {
        "timeout": "The server, or what stands before it, is too slow or silent: look at its load and log, "
        "or allow a longer timeout.",
        "closed": "Look at the server's log and its connection controls for this host.",
        "closing": "Look at the server's log and its connection controls for this host.",
        "protocol": "Check that what listens there is an SMTP server.",
    }
    what = "a greeting" if failure.step == "banner" else f"a reply to {failure.step.upper()}"
    return Finding("conversation", "required", what, failure.text, remedies[failure.kind])


def _address_literal(sock: socket.socket) -> str:
    """Return what a client without a name of its own says in EHLO (RFC 5321 section 4.1.4)."""
    address = str(sock.getsockname()[0]).split("%", 1)[0]
    return f"[IPv6:{address}]" if ipaddress.ip_address(address).version == 6 else f"[{address}]"


def _reason(exc: Exception) -> str:
    return str(getattr(exc, "strerror", None) or exc)


def _excerpt(text: bytes) -> str:
    return f"`{printable(text[:80])}...`" if len(text) > 80 else f"`{printable(text)}`"


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
