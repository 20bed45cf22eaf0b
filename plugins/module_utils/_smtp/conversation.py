# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversations with a server: the one that is reported, the handshakes that judge its chain, and the relay test."""

from __future__ import annotations

import time
from collections import deque
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Callable, ContextManager, Iterable, Iterator

from .._printable import harmless
from .._tcp import ConversationError, connect, name_of, resolve
from . import tls
from .names import address_literal, is_domain
from .relay import (
    Answer,
    Battery,
    Case,
    controls_for,
    relay_cases,
)
from .transcript import (
    TLS,
    Check,
    Failure,
    RecipientReply,
    Transcript,
)
from .wire import Connection

if TYPE_CHECKING:
    import ssl

    from .probe import Probe

#: Seconds to wait for the reply to QUIT, which nobody needs.
QUIT_PATIENCE = 2.0

#: Cases of the relay test in one connection: below the limits at which servers slow down (Postfix: 10 errors), hang up
#: (Exim: 3 malformed addresses; Domino: as configured) or count (Exim: 10 commands that are no mail).
CASES_A_CONNECTION = 6

#: Connections of one relay test; enough for a server that hangs up after each refusal.
CONNECTIONS_LIMIT = 40


def converse(probe: Probe, timeout: float, relay_timeout: float = 60.0) -> Transcript:
    """Look at one server. What goes wrong is in the transcript.

    `timeout` is for the conversation, and again for judging the certificate's chain; `relay_timeout` is for the relay
    test; all in seconds.
    """
    began = time.monotonic()
    visit = _Visit(probe)
    seen, step = visit.seen, visit.step
    try:
        visit.look(began + timeout)
    except ConversationError as exc:
        seen.failure = Failure(step.name, exc.kind, exc.text)
    if seen.tls is not None and seen.tls.handshake.ok:
        step.begin("chain")
        seen.tls.chain = visit.judge_chain(time.monotonic() + timeout)
    if probe.relay_test:
        step.begin("relay")
        seen.relay = visit.test_relay(time.monotonic() + relay_timeout)
    step.end()
    seen.timings["total"] = _milliseconds(began)
    return seen


class _Step:
    """Knows which step a conversation is at, and adds up the time of each."""

    def __init__(self, timings: dict[str, int]) -> None:
        self._timings = timings
        self._began = 0.0
        self.name = ""

    def begin(self, name: str) -> None:
        self.end()
        self.name = name
        self._began = time.monotonic()

    def end(self) -> None:
        if self.name:
            self._timings[self.name] = self._timings.get(self.name, 0) + _milliseconds(self._began)
        self.name = ""


class _Visit:
    """All connections to one server: `seen` is filled by the first, the others go to the address that it reached."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.seen = Transcript(recipients=_asked(probe))
        self.step = _Step(self.seen.timings)
        self._infos: list[Any] = []

    def look(self, deadline: float) -> None:
        """Hold the conversation that is reported. Raises ConversationError."""
        self.step.begin("resolve")
        self._infos = resolve(self.probe, deadline)
        self.seen.addresses = tuple(dict.fromkeys(str(info[4][0]) for info in self._infos))
        mode = self.probe.tls_mode
        try:
            self._talk(mode, deadline)
        except ConversationError as exc:
            if exc.kind != "tls" or mode != "starttls":
                raise
            # After a handshake that failed nothing more can be said; what is left to ask is asked without TLS.
            self._talk("none", deadline)

    def judge_chain(self, deadline: float) -> Check:
        """Judge the chain up to trusted authorities; the times of the server's own certificate are judged elsewhere."""
        looked = self.seen.tls
        if looked is None or looked.certificate is None:
            return Check()
        try:
            error = self._verify(looked.mode, True, deadline)
            if (
                error is not None
                and error.verify_code in tls.OUT_OF_TIME
                and not looked.certificate.is_valid_at(looked.seen_at)
            ):
                error = self._verify(looked.mode, False, deadline)
        except ConversationError as exc:
            return Check(None, exc.text)
        except OSError as exc:
            return Check(None, tls.explain(exc))
        return Check(True) if error is None else Check(False, error.verify_message)

    def test_relay(self, deadline: float) -> Battery:
        """Ask whether the server relays, in as many connections as it takes."""
        seen, probe = self.seen, self.probe
        if not _is_welcome(seen) or seen.banner is None:
            return Battery((), ended="the server did not let this host come as far as naming a recipient")
        mode = "none" if seen.tls is not None and not seen.tls.handshake.ok else probe.tls_mode
        seen.client_name = harmless(name_of(seen.client, deadline))
        cases = relay_cases(
            probe.relay_sender,
            probe.relay_recipient,
            address_literal(seen.address),
            probe.own_domain,
            _own_name(seen.banner.host),
        )

        @contextmanager
        def connected() -> Iterator[Connection]:
            attempt = Transcript()
            with self._introduced(mode, attempt, _Step({}), deadline) as connection:
                if not _is_welcome(attempt):
                    raise ConversationError("closing", f"the server hangs up: {attempt.banner or attempt.ehlo}")
                yield connection
                _leave(connection)

        return test_relay(cases, connected, deadline)

    def _talk(self, mode: str, deadline: float) -> None:
        with self._introduced(mode, self.seen, self.step, deadline) as connection:
            if _is_welcome(self.seen):
                self._offer_recipients(connection)
            self.step.begin("quit")
            _leave(connection)

    def _offer_recipients(self, connection: Connection) -> None:
        """Offer each recipient in a transaction of its own, so that none depends on another; give all of them up."""
        seen, step = self.seen, self.step
        for number, recipient in enumerate(seen.recipients):
            if number:
                step.begin("rset")
                connection.command("RSET")
            step.begin("mail")
            seen.sender = connection.command(f"MAIL FROM:<{self.probe.sender}>")
            if seen.sender.code != 250:
                return
            step.begin("rcpt")
            reply = connection.command(f"RCPT TO:<{recipient.address}>")
            seen.recipients[number] = RecipientReply(recipient.address, recipient.expected, reply)
        if seen.recipients:
            step.begin("rset")
            connection.command("RSET")

    @contextmanager
    def _connected(self, seen: Transcript, step: _Step, deadline: float) -> Iterator[tuple[Connection, str]]:
        """Yield a connection, and what to say in EHLO. The address reached is the only one from then on."""
        step.begin("connect")
        sock, info = connect(self._infos, deadline, seen.refused)
        self._infos = [info]
        seen.address = str(info[4][0])
        seen.client = str(sock.getsockname()[0])
        with closing(Connection(sock, deadline)) as connection:
            yield connection, self.probe.helo or address_literal(seen.client)

    @contextmanager
    def _introduced(self, mode: str, seen: Transcript, step: _Step, deadline: float) -> Iterator[Connection]:
        """Yield a connection that went as far as EHLO, under TLS where `mode` says so and the server can."""
        with self._connected(seen, step, deadline) as (connection, hello):
            if mode == "implicit":
                self._secure(mode, connection, seen, step)
            step.begin("banner")
            seen.banner = connection.read_reply()
            if seen.banner.code == 220:
                step.begin("ehlo")
                seen.ehlo = connection.command("EHLO " + hello)
                seen.is_esmtp = seen.ehlo.code == 250
                if not seen.is_esmtp:
                    seen.ehlo = connection.command("HELO " + hello)
                if mode == "starttls" and "STARTTLS" in seen.extensions:
                    self._upgrade(hello, connection, seen, step)
            yield connection

    def _upgrade(self, hello: str, connection: Connection, seen: Transcript, step: _Step) -> None:
        """Go on under TLS; a server that refuses STARTTLS is talked to without."""
        step.begin("starttls")
        reply = connection.command("STARTTLS")
        if reply.code != 220:
            seen.tls = TLS("starttls", handshake=Check(False, f"STARTTLS is answered with `{reply}`"))
            return
        self._secure("starttls", connection, seen, step)
        step.begin("ehlo")
        seen.ehlo_tls = connection.command("EHLO " + hello)

    def _secure(self, mode: str, connection: Connection, seen: Transcript, step: _Step) -> None:
        step.begin("tls")
        seen.tls = TLS(mode)
        tls.look(connection, self.probe.tls_name, seen.tls)
        if not seen.tls.handshake.ok:
            raise ConversationError("tls", seen.tls.handshake.text)

    def _verify(self, mode: str, times: bool, deadline: float) -> ssl.SSLCertVerificationError | None:
        with self._connected(Transcript(), _Step({}), deadline) as (connection, hello):
            if mode == "starttls":
                connection.read_reply()
                connection.command("EHLO " + hello)
                reply = connection.command("STARTTLS")
                if reply.code != 220:
                    raise ConversationError("protocol", f"STARTTLS is answered with `{reply}` the second time")
            return tls.judge(connection, self.probe.tls_name, self.probe.ca_path, times)


def test_relay(cases: Iterable[Case], connected: Callable[[], ContextManager[Connection]], deadline: float) -> Battery:
    """Ask all cases, then the controls that the answers call for.

    Servers that hang up are asked on in a new connection, with fewer cases each. Two connections in a row in which
    nothing was answered, or one that does not come about, end the test.
    """
    asker = _Asker(connected, deadline)
    answers = asker.ask(cases)
    controls = asker.ask(controls_for(answers))
    return Battery(tuple(answers), tuple(controls), asker.connections, asker.ended)


class _Asker:
    """Asks cases in one connection after the other."""

    def __init__(self, connected: Callable[[], ContextManager[Connection]], deadline: float) -> None:
        self._connected = connected
        self._deadline = deadline
        self._share = CASES_A_CONNECTION
        self._refused_senders: set[str] = set()
        self._in_vain = 0
        self.connections = 0
        self.ended = ""

    def ask(self, cases: Iterable[Case]) -> list[Answer]:
        """Return an answer for each case, in order."""
        waiting = deque(cases)
        answers: list[Answer] = []
        while waiting and not self.ended:
            if self.connections == CONNECTIONS_LIMIT or time.monotonic() > self._deadline:
                self.ended = f"not everything was asked in {self.connections} connections and the time given"
                break
            answered = len(answers)
            try:
                self._ask_some(waiting, answers)
            except ConversationError as exc:
                self._note(exc, waiting, answers, len(answers) - answered)
        answers += [Answer(case, case.sender, failure=self.ended) for case in waiting]
        return answers

    def _ask_some(self, waiting: deque[Case], answers: list[Answer]) -> None:
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self._connected())
            except ConversationError as exc:
                self.ended = exc.text
                return
            self.connections += 1
            for number in range(min(self._share, len(waiting))):
                if number:
                    connection.command("RSET")
                answers.append(self._ask(connection, waiting[0]))
                waiting.popleft()
            self._in_vain = 0

    def _note(self, exc: ConversationError, waiting: deque[Case], answers: list[Answer], answered: int) -> None:
        """Decide how to go on after a connection that broke off."""
        if answered:
            self._share = min(self._share, answered)
            self._in_vain = 0
            return
        case = waiting.popleft()
        answers.append(Answer(case, case.sender, failure=exc.text))
        self._in_vain += 1
        if self._in_vain == 2:
            self.ended = exc.text

    def _ask(self, connection: Connection, case: Case) -> Answer:
        """Offer one case. A sender that was refused once, by SPF say, is replaced by the null sender from then on."""
        sender = "" if case.sender in self._refused_senders else case.sender
        to_sender = connection.command(f"MAIL FROM:<{sender}>")
        if to_sender.code // 100 != 2:
            if to_sender.code >= 500:
                self._refused_senders.add(sender)
            return Answer(case, sender, to_sender)
        return Answer(case, sender, to_sender, connection.command(f"RCPT TO:<{case.recipient}>"))


def _asked(probe: Probe) -> list[RecipientReply]:
    accepted = [RecipientReply(address, "accepted") for address in probe.recipients_accepted]
    return accepted + [RecipientReply(address, "refused") for address in probe.recipients_refused]


def _own_name(greeted: str) -> str:
    """Return the host name of a greeting, as far as it can be one of the Internet."""
    name = greeted.rstrip(".")
    return name if "." in name and is_domain(name) else ""


def _is_welcome(seen: Transcript) -> bool:
    greeted = seen.ehlo_tls or seen.ehlo
    return greeted is not None and greeted.code == 250


def _leave(connection: Connection) -> None:
    connection.hasten(QUIT_PATIENCE)
    with suppress(ConversationError):  # everything was said; how a server parts is its own affair
        connection.command("QUIT")


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
