# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending and reading mail in a running lab, as people inside and outside do.

    deposit   a Notes client puts a message into the mail.box of its server
    submit    the foreign mail system sends to the exchangers that the lab's DNS names
    mailbox   what somebody has received, inside or outside

Functions for tests and the demo, and the same as subcommands of `dominolab`.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dominolab import notes_mail
from dominolab.exchangers import DnsUnavailable, NoExchanger, Resolver
from dominolab.foreign import received_by
from dominolab.lab import Lab, LabError
from dominolab.mailbox import MailFile, State
from dominolab.notes_names import abbreviated, same
from dominolab.transfer import ConnectError, Endpoint, transfer

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

_POLL = 0.05  # seconds between two looks at a mailbox
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not know the lab
_REQUEST = 10.0  # seconds for an answer, on top of the wait asked for


@dataclass(frozen=True)
class Attempt:
    """One try to hand a message to one address of an exchanger."""

    host_name: str
    address: str
    reply: str  # the last line of the SMTP reply, or why there was no conversation

    def __str__(self) -> str:
        return f"{self.host_name} ({self.address}): {self.reply}"


@dataclass(frozen=True)
class Destiny:
    """What became of one recipient."""

    address: str
    #: arrived, on its way (accepted, held or not looked at yet), failed (refused, or a failure report was made)
    state: str
    #: in words, with Domino's or SMTP's own text
    text: str
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a message."""

    message_id: str
    recipients: tuple[Destiny, ...]

    @property
    def arrived(self) -> bool:
        """Say whether everybody has it."""
        return all(destiny.state == "arrived" for destiny in self.recipients)

    @property
    def failed(self) -> bool:
        """Say whether somebody will never have it."""
        return any(destiny.state == "failed" for destiny in self.recipients)


@dataclass(frozen=True)
class ReceivedMessage:
    """A message in somebody's mailbox."""

    message_id: str
    sender: str
    to: str
    subject: str
    received: tuple[str, ...]  # Received lines unfolded, the latest hop first
    headers: tuple[tuple[str, str], ...]
    text: str  # the first text part
    raw: bytes = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> ReceivedMessage:
        """Read a message."""
        message = message_from_bytes(raw, policy=default.clone(refold_source="none"))
        headers = tuple((name, " ".join(value.split())) for name, value in message.raw_items())
        first = {name.lower(): value for name, value in reversed(headers)}
        body = message.get_body(("plain",))
        return cls(
            message_id=first.get("message-id", ""),
            sender=first.get("from", ""),
            to=first.get("to", ""),
            subject=str(message.get("Subject", "")),
            received=tuple(value for name, value in headers if name.lower() == "received"),
            headers=headers,
            text=body.get_content().replace("\r\n", "\n") if body else "",
            raw=raw,
        )

    def as_json(self) -> dict[str, Any]:
        """Return everything but the raw bytes."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "raw"}


class _Post:
    """The mail side of a running lab."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.handshake = Lab(state).handshake()

    def host(self, server: str) -> str:
        """Return the lab's name of a server, given that, its host name or its Domino name: mail01 of `Mail01/Acme`."""
        for host, entry in self.handshake["servers"].items():
            if server in (host, entry["host_name"]) or same(server, entry["server_name"]):
                return str(host)
        raise LabError(f"There is no server {server}; there are: {', '.join(self.handshake['servers'])}")

    def ask(self, server: str, path: str, request: dict[str, Any], wait: float = 0.0) -> dict[str, Any]:
        """Ask a server on its replica port."""
        host = self.host(server)
        entry = json.loads((self._state / host / "lab.json").read_text(encoding="utf-8"))
        url = f"http://{entry['address']}:{entry['replica_port']}{path}"
        http = urllib.request.Request(url, json.dumps(request).encode(), {"Content-Type": "application/json"})
        try:
            with _DIRECTLY.open(http, timeout=wait + _REQUEST) as response:
                answer: dict[str, Any] = json.load(response)
        except OSError as exc:
            raise LabError(f"{host} does not answer: {getattr(exc, 'reason', exc)}. Does the server run?") from exc
        if "error" in answer:
            raise LabError(f"{host}: {answer['error']}")
        return answer

    def foreign(self, domain: str) -> dict[str, Any]:
        """Return the foreign system of a domain."""
        found: dict[str, Any] | None = self.handshake["foreign"].get(domain.lower())
        if found is None:
            known = ", ".join(self.handshake["foreign"]) or "none"
            raise LabError(f"There is no foreign mail system for {domain}; there are: {known}")
        return found

    def mail_files(self) -> list[tuple[str, MailFile]]:
        """Return all mail files of all servers, with the server's name."""
        return [
            (entry["server_name"], MailFile(path))
            for entry in self.handshake["servers"].values()
            for path in sorted(Path(entry["data_directory"], "mail").glob("**/*.nsf"))
        ]


# -- deposit --------------------------------------------------------------------------------------------------------


def deposit(
    state: Path,
    server: str,
    sender: str,
    recipients: Sequence[str],
    subject: str = "",
    body: str = "",
    wait: float = 0.0,
) -> Outcome:
    """Send as a Notes client whose mail server is `server`; wait at most so many seconds for the outcome.

    `sender` and recipients are Notes names or Internet addresses. Raises LabError where the server cannot be asked.
    """
    _check(recipients, subject, sender, *recipients)
    post = _Post(state)
    request = {"sender": sender, "recipients": list(recipients), "subject": subject, "body": body}
    answer = post.ask(server, notes_mail.DEPOSIT, request)
    deadline = time.monotonic() + wait
    return Outcome(answer["message_id"], tuple(_follow(post, post.host(server), answer["id"], deadline)))


def _follow(post: _Post, host: str, message_id: str, deadline: float) -> Iterable[Destiny]:
    """Follow a message from server to server of the Notes domain."""
    while True:
        left = max(0.0, deadline - time.monotonic())
        wait = min(left, notes_mail.LONGEST_WAIT)
        recipients = post.ask(host, notes_mail.TRACE, {"id": message_id, "wait": wait}, wait)["recipients"]
        if left <= notes_mail.LONGEST_WAIT or not any(State(entry["state"]).is_open for entry in recipients):
            break
    server = abbreviated(post.handshake["servers"][host]["server_name"])
    for entry in recipients:
        state = State(entry["state"])
        if state is State.ROUTED:
            yield from _follow(post, post.host(entry["destination"]), entry["next_id"], deadline)
        elif state is not State.FORWARDED:  # the forwarding address has an entry of its own
            yield Destiny(entry["address"], _WORDS[state][0], _WORDS[state][1].format(server=server, **entry))


_WORDS = {
    State.WAITING: ("on its way", "waits in mail.box of {server}; the Router has not looked at it"),
    State.HELD: ("on its way", "held in mail.box of {server}: {reason}"),
    State.DELIVERED: ("arrived", "delivered to {destination} on {server}"),
    State.TRANSFERRED: ("arrived", "transferred from {server} to {destination}: {reason}"),
    State.FAILED: ("failed", "DELIVERY FAILURE: {reason}"),
    State.DEAD: ("failed", "dead in mail.box of {server}: {reason}"),
}


# -- submit ---------------------------------------------------------------------------------------------------------


def submit(
    state: Path, sender: str, recipients: Sequence[str], subject: str = "", body: str = "", wait: float = 0.0
) -> Outcome:
    """Send from outside: by MX, the next exchanger where one cannot be reached or refuses for now.

    Without `wait`, the outcome says what the exchangers said; with it, whether the message arrived in a mail file or a
    failure report came back within so many seconds. Raises LabError where the lab has no such sender's domain.
    """
    _check(recipients, subject, sender, *recipients)
    post = _Post(state)
    source = post.foreign(sender.rpartition("@")[2])
    message = EmailMessage(policy=SMTP)
    message["Date"] = formatdate(localtime=True)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Message-ID"] = message_id = f"<{uuid.uuid4().hex}@{source['host_name']}>"
    message["Subject"] = subject
    message.set_content(body)
    destinies = tuple(_send(post, source, sender, recipient, message.as_bytes()) for recipient in recipients)
    deadline = time.monotonic() + wait
    if wait:
        destinies = tuple(_await_arrival(post, destiny, sender, message_id, deadline) for destiny in destinies)
    return Outcome(message_id, destinies)


def _send(post: _Post, source: dict[str, Any], sender: str, recipient: str, content: bytes) -> Destiny:
    domain = recipient.rpartition("@")[2]
    resolver = Resolver(post.handshake["dns"]["address"], post.handshake["dns"]["port"])
    try:
        exchangers = asyncio.run(resolver.exchangers(domain))
    except NoExchanger as exc:
        return Destiny(recipient, "failed", f"{domain} takes no mail: {exc}")
    except DnsUnavailable as exc:
        return Destiny(recipient, "on its way", f"DNS does not answer: {exc}")
    attempts: list[Attempt] = []
    for host_name, address in ((host.host_name, address) for host in exchangers for address in host.addresses):
        endpoint = Endpoint(address, post.handshake["smtp_port"], source["address"], source["host_name"])
        try:
            reply = transfer(endpoint, sender, [recipient], content)[recipient]
        except ConnectError as exc:
            attempts.append(Attempt(host_name, address, str(exc)))
            continue
        attempts.append(Attempt(host_name, address, str(reply)))
        if reply.is_ok:
            return Destiny(recipient, "on its way", f"accepted by {attempts[-1]}", tuple(attempts))
        if reply.is_permanent:
            return Destiny(recipient, "failed", f"refused by {attempts[-1]}", tuple(attempts))
    text = "; ".join(map(str, attempts)) or f"no exchanger of {domain} has an address"
    return Destiny(recipient, "failed", f"no exchanger took it: {text}", tuple(attempts))


def _await_arrival(post: _Post, destiny: Destiny, sender: str, message_id: str, deadline: float) -> Destiny:
    """Look into all mail files, and for a failure report, until the deadline."""
    if destiny.state != "on its way":
        return destiny
    local_part, _at, domain = sender.rpartition("@")
    while True:
        for server, mail_file in post.mail_files():
            if any(ReceivedMessage.parse(raw).message_id == message_id for raw in mail_file.contents()):
                text = f"delivered to {mail_file.path.parent.name}/{mail_file.path.stem} on {abbreviated(server)}"
                return dataclasses.replace(destiny, state="arrived", text=text)
        for message in _foreign_mail(post, domain, local_part):
            if message_id.encode() in message.raw and message.subject.startswith("DELIVERY FAILURE"):
                return dataclasses.replace(destiny, state="failed", text=message.subject)
        if time.monotonic() >= deadline:
            return destiny
        time.sleep(_POLL)


# -- mailbox --------------------------------------------------------------------------------------------------------


def mailbox(
    state: Path,
    person: str,
    server: str = "",
    foreign: str = "",
    subject: str = "",
    message_id: str = "",
    wait: float = 0.0,
) -> list[ReceivedMessage]:
    """Return what a person has received, oldest first: on a Domino server, or at a foreign domain.

    With `subject` or `message_id` only such messages; with `wait`, not before there is one or so many seconds are over.
    Raises LabError where there is no such mailbox.
    """
    post = _Post(state)
    deadline = time.monotonic() + wait
    while True:
        found = _foreign_mail(post, foreign, person) if foreign else _mail_file(post, server, person)
        wanted = [
            message for message in found if subject in ("", message.subject) and message_id in ("", message.message_id)
        ]
        if wanted or time.monotonic() >= deadline:
            return wanted
        time.sleep(_POLL)


def _mail_file(post: _Post, server: str, person: str) -> list[ReceivedMessage]:
    answer = post.ask(server, notes_mail.FILE, {"person": person})
    return [ReceivedMessage.parse(base64.b64decode(raw)) for raw in answer["messages"]]


def _foreign_mail(post: _Post, domain: str, person: str) -> list[ReceivedMessage]:
    system = post.foreign(domain)
    if "mailboxes" not in system:
        raise LabError(f"The mail system of {domain} is on a host of its own ({system['address']}); look there.")
    mailboxes = Path(system["mailboxes"])
    if not (mailboxes / person).is_dir():
        raise LabError(f"There is no {person} at {domain}.")
    return [ReceivedMessage.parse(raw) for raw in received_by(mailboxes, person)]


def _check(recipients: Sequence[str], *texts: str) -> None:
    if not recipients:
        raise LabError("A message needs at least one recipient.")
    for text in texts:
        if any(ord(character) < 32 for character in text):
            raise LabError(f"{text!r} has a line break or control character.")


# -- subcommands ----------------------------------------------------------------------------------------------------


def add_subcommands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add deposit, submit and mailbox; each sets `run(lab, options)`, which returns the exit code.

    0: the message arrived (without --wait: was not refused), or the mailbox has what was asked for; 1: not.
    """
    command = subparsers.add_parser("deposit", help="send a message as a Notes client")
    command.add_argument("--server", required=True, metavar="HOST", help="the sender's mail server")
    _add_message_arguments(command)
    command.set_defaults(run=_run_deposit)
    command = subparsers.add_parser("submit", help="send a message from a foreign mail system")
    _add_message_arguments(command)
    command.set_defaults(run=_run_submit)
    command = subparsers.add_parser("mailbox", help="show what somebody has received")
    where = command.add_mutually_exclusive_group(required=True)
    where.add_argument("--server", default="", metavar="HOST", help="a Domino server")
    where.add_argument("--foreign", default="", metavar="DOMAIN", help="a foreign domain")
    command.add_argument("--person", required=True, help="a Notes name, or the local part at a foreign domain")
    command.add_argument("--subject", default="", help="only messages with this subject")
    command.add_argument("--message-id", default="", help="only the message with this Message-ID")
    _add_common_arguments(command)
    command.set_defaults(run=_run_mailbox)


def _add_common_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--state", required=True, type=Path, help="the lab's state directory")
    command.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="wait so long for the outcome")
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_message_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--from", required=True, dest="sender", help="who sends")
    command.add_argument(
        "--to", required=True, action="append", dest="recipients", help="who receives; may be repeated"
    )
    command.add_argument("--subject", default="")
    command.add_argument("--body", default="")
    _add_common_arguments(command)


def _run_deposit(lab: Lab, given: argparse.Namespace) -> int:
    outcome = deposit(
        lab.state, given.server, given.sender, given.recipients, given.subject, given.body, wait=given.wait
    )
    return _print_outcome(outcome, given)


def _run_submit(lab: Lab, given: argparse.Namespace) -> int:
    outcome = submit(lab.state, given.sender, given.recipients, given.subject, given.body, wait=given.wait)
    return _print_outcome(outcome, given)


def _print_outcome(outcome: Outcome, given: argparse.Namespace) -> int:
    if given.json:
        print(json.dumps(dataclasses.asdict(outcome)))
    else:
        for destiny in outcome.recipients:
            print(f"{destiny.address}: {destiny.text}")
    return int(not outcome.arrived if given.wait else outcome.failed)


def _run_mailbox(lab: Lab, given: argparse.Namespace) -> int:
    messages = mailbox(
        lab.state, given.person, given.server, given.foreign, given.subject, given.message_id, given.wait
    )
    if given.json:
        print(json.dumps([message.as_json() for message in messages]))
    else:
        print("\n\n".join("\n".join((*map(": ".join, message.headers), "", message.text)) for message in messages))
    wanted = given.subject or given.message_id or given.wait
    return int(bool(wanted) and not messages)
