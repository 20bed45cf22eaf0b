# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out trips, many at a time; what becomes of each is its result, and what is to be said about it findings.

`trip` holds what is asked for, `mailboxes` the places where messages are watched for, `trace` what the header of a
message tells. Each is bounded in time.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Iterator, Sequence

from .._smtp.evaluation import RECOMMENDED, REQUIRED, Finding
from .._smtp.submission import SubmissionError, Submitted, submit
from .mailboxes import Mailbox, WatchError, open_mailbox
from .trace import Trace, read_trace

if TYPE_CHECKING:
    from .trip import Trip

#: Seconds between two looks into a mailbox, at first and at last.
_SHORTEST, _LONGEST = 0.5, 10.0


@dataclass
class Journey:
    """What became of a trip, filled in as it happens."""

    trip: Trip
    watched: bool = False  # whether the mailbox could be looked into
    submitted: Submitted | None = None
    trace: Trace | None = None
    seconds: float = 0.0  # until it arrived, or until nobody waited any longer
    removed: bool | None = None
    error: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what is to be said about the trip."""
        return tuple(_findings(self))

    @property
    def required(self) -> tuple[Finding, ...]:
        """Return the findings that must not be."""
        return tuple(finding for finding in self.findings if finding.severity == REQUIRED)

    def as_dict(self) -> dict[str, Any]:
        """Return the shape that the module documents."""
        trip, sent, trace = self.trip, self.submitted, self.trace
        return {
            "name": trip.name,
            "token": trip.token,
            "ok": not self.required,
            "sent": sent is not None,
            "server": trip.server.target if trip.server else None,
            "reply": str(sent.reply) if sent else None,
            "tls": (sent.tls or None) if sent else None,
            "watched": str(trip.watch),
            "arrived": trace is not None,
            "seconds": round(self.seconds, 1) if trace else None,
            "hops": trace.as_list() if trace else [],
            "from": {
                "header": trace.sender if trace else None,
                "address": trace.address if trace else None,
                "expected": trip.expect_from or None,
            },
            "removed": self.removed,
            "error": self.error or None,
            "findings": [asdict(finding) for finding in self.findings],
        }


def travel_all(
    trips: Sequence[Trip], timeout: float, wait: float, concurrency: int, send: bool = True
) -> list[Journey]:
    """Carry out all trips, at most `concurrency` at a time, in order of the trips.

    `timeout` is for each conversation, `wait` for the arrival, in seconds. Without `send`, mailboxes are looked into
    only.
    """

    def travelled(trip: Trip) -> Journey:
        return travel(trip, timeout, wait, send)

    with ThreadPoolExecutor(max_workers=max(1, min(concurrency, len(trips)))) as pool:
        return list(pool.map(travelled, trips))


def travel(trip: Trip, timeout: float, wait: float, send: bool = True) -> Journey:
    """Carry out one trip."""
    journey = Journey(trip)
    mailbox = open_mailbox(trip.watch)
    try:
        # Nothing is sent whose arrival nobody could see.
        header = mailbox.look(trip.token, time.monotonic() + timeout)
    except WatchError as exc:
        journey.error = f"{trip.watch}: {exc}"
        return journey
    journey.watched = True
    if not send:
        return journey
    began = time.monotonic()
    if trip.server is not None:
        try:
            journey.submitted = submit(trip.server, trip.message(time.time()), trip.login, time.monotonic() + timeout)
        except SubmissionError as exc:
            journey.error = f"{trip.server.target}: {exc}"
            return journey
    began = time.monotonic()
    header = header or _wait(mailbox, trip, timeout, began + wait, journey)
    journey.seconds = time.monotonic() - began
    if header is not None:
        journey.trace = read_trace(header)
        _remove(mailbox, journey, timeout)
    return journey


def _wait(mailbox: Mailbox, trip: Trip, timeout: float, deadline: float, journey: Journey) -> bytes | None:
    """Look again and again, less and less often."""
    pause = _SHORTEST
    while True:
        try:
            header = mailbox.look(trip.token, min(deadline, time.monotonic() + timeout) + _SHORTEST)
            journey.error = ""
        except WatchError as exc:
            journey.error, header = f"{trip.watch}: {exc}", None
            if exc.final:
                return None
        left = deadline - time.monotonic()
        if header is not None or left <= 0:
            return header
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST)


def _remove(mailbox: Mailbox, journey: Journey, timeout: float) -> None:
    if not journey.trip.watch.remove:
        return
    try:
        journey.removed = mailbox.remove(time.monotonic() + timeout)
    except WatchError as exc:
        journey.removed = False
        journey.error = f"{journey.trip.watch}: {exc}"


def _findings(journey: Journey) -> Iterator[Finding]:
    trip, trace = journey.trip, journey.trace
    if not journey.watched:
        yield Finding(
            "trip_mailbox",
            REQUIRED,
            "a mailbox that can be looked into",
            journey.error,
            "Correct the mailbox's address, account or certificate. Nothing was sent.",
        )
    elif trip.server is not None and journey.submitted is None and journey.error:
        yield Finding(
            "trip_send",
            REQUIRED,
            f"the message to {trip.server.recipients_accepted[0]} taken",
            journey.error,
            "Look at the server's controls for this host, sender and recipient, and at its log.",
        )
    elif trace is None and (journey.submitted is not None or journey.seconds):
        why = f" (the last look failed: {journey.error})" if journey.error else ""
        yield Finding(
            "trip_arrival",
            REQUIRED,
            f"the message {trip.token} in {trip.watch}",
            f"nothing within {journey.seconds:.0f} seconds{why}",
            "Look for this text in the subject: in the queue and log of the server that took it, in the Router's "
            "messages on the console, in the mailbox of the sender for a failure report, and in the recipient's "
            "junk mail.",
        )
    if trace is not None:
        yield from _of_arrival(journey, trace)


def _of_arrival(journey: Journey, trace: Trace) -> Iterator[Finding]:
    trip = journey.trip
    if trip.expect_from and trace.address.lower() != trip.expect_from.lower():
        yield Finding(
            "trip_from",
            REQUIRED,
            f"the sender {trip.expect_from}",
            trace.sender or "no sender",
            "Compare the Global Domain document (lookup, address format) and the sender's Person document. A changed "
            "Global Domain document waits for a restart of the server.",
        )
    bare = [hop for hop in trace.hops if hop.tls is False]
    if trip.expect_tls and bare:
        yield Finding(
            "trip_tls",
            RECOMMENDED,
            "TLS from host to host",
            "; ".join(f"{hop.sent_by or 'somebody'} to {hop.received_by or 'somebody'} without TLS" for hop in bare),
            "Switch on STARTTLS at the receiving host, and negotiated TLS at the sending one.",
        )
