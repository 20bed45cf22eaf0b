# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way once: mail fails, the playbook runs, mail flows.

What the demo says about a result is checked; the first promise that does not hold ends it with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import shutil
import smtplib
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playbook import PlaybookRun, run_playbook

from dominolab import mail
from dominolab.inventory import controller_environment, inventory
from dominolab.lab import Lab
from dominolab.topology import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TOPOLOGY = Path(__file__).parent / "topology.yml"
SITE = "opendomino.mail.site"
PROGRAMS = Path(sys.executable).parent  # started as a user does
FOREIGN_DOMAIN, FOREIGN_PERSON = "example.org", "pat"
OUTSIDE = f"{FOREIGN_PERSON}@{FOREIGN_DOMAIN}"
SECONDS = 20.0


@dataclass(frozen=True)
class Person:
    """Somebody with a mail file on one of the hosts."""

    user_name: str
    internet_address: str
    host: str


PEOPLE = (
    Person("Jane Doe/Acme", "jane.doe@example.com", "mail01"),
    Person("John Smith/Acme", "john.smith@example.com", "mail02"),
)


class PromiseError(Exception):
    """The demo promised something that did not happen."""


def promise(kept: bool, what: str) -> None:
    """Raise where a promise is not kept."""
    if not kept:
        raise PromiseError(what)


def heading(number: int, text: str) -> None:
    """Begin a chapter."""
    print(f"\n{number}. {text}\n", flush=True)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a head, columns as wide as they need."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for index, row in enumerate(rows):
        print("   " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if index == 0:
            print("   " + "  ".join("-" * width for width in widths))


@dataclass(frozen=True)
class Mail:
    """One message that was tried."""

    person: Person
    inbound: bool
    subject: str
    outcome: mail.Outcome

    @property
    def arrived(self) -> bool:
        """Say whether it is in the mailbox of its recipient."""
        return self.outcome.arrived

    def sentence(self) -> str:
        """Say from whom to whom, and what became of it."""
        way = (OUTSIDE, self.person.internet_address) if self.inbound else (self.person.user_name, OUTSIDE)
        destiny = self.outcome.recipients[0]
        verdict = "arrived" if self.arrived else "FAILED"
        return f"{'in ' if self.inbound else 'out'}  {way[0]} -> {way[1]}: {verdict}\n      {destiny.text}"


class Demo:
    """One lab and what is done with it."""

    def __init__(self, state: Path, show: bool) -> None:
        self.state = state
        self.show = show
        self.lab = Lab(state)
        self.inventory = state.with_name(state.name + "-inventory.json")
        self.handshake: dict[str, Any] = {}

    def tell(self) -> None:
        """Tell the whole story."""
        started = time.monotonic()
        heading(1, "A lab starts: Notes domain ACME (example.com), a foreign mail system (example.org), a DNS server")
        self.start()

        heading(2, "Mail before: nothing is set up")
        before = self.send_all("before")
        for message in before:
            print("   " + message.sentence())
        print()
        for host in self.handshake["servers"]:
            reasons = self.reasons(host)
            promise(len(reasons) == 2, f"{host} lacks the listener and SMTP outside the local Internet domain")
            print("\n".join(f"   {host}: {reason}" for reason in reasons))
        promise(not any(message.arrived for message in before), "no message arrives before the playbook has run")

        heading(3, f"Review: ansible-playbook {SITE} --check --diff")
        review = self.run("--check", "--diff")
        self.show_changes(review)

        heading(4, f"ansible-playbook {SITE} --diff")
        first = self.run("--diff")
        self.show_stats(first)
        told = [result.msg for result in first.results if result.action.endswith("debug") and not result.changed]
        findings = {line.partition(":")[0] for msg in told if isinstance(msg, list) for line in msg}
        recommended = sorted(name.removeprefix("recommended ") for name in findings if name.startswith("recommended "))
        notices = sorted({msg for msg in told if isinstance(msg, str) and msg})
        if recommended:
            notices.append(f"verify_mail recommends more, and fails for none of it: {', '.join(recommended)}.")
        for notice in notices:
            print(textwrap.fill(f"Note: {notice}", 110, initial_indent="   ", subsequent_indent="      "))
        promise(
            first.changes() == review.changes(),
            "the first run makes the very changes that the review had shown:\n" + difference(review, first),
        )
        print(f"   The {len(first.changes())} changes are those that the review had shown, no more, no less.")

        heading(5, "Mail after")
        after = self.send_all("after")
        for message in after:
            print("   " + message.sentence())
        promise(all(message.arrived for message in after), "every message arrives after the playbook has run")
        self.show_received(after)

        heading(6, f"ansible-playbook {SITE} again")
        second = self.run("--diff")
        self.show_stats(second)
        promise(not second.changes(), "a second run changes nothing")

        heading(7, "What became of it")
        self.show_summary(first, after)
        print(f"\n   {time.monotonic() - started:.0f} seconds.", flush=True)

    def start(self) -> None:
        """Start the lab and write its inventory."""
        self.handshake = self.lab.up(load(TOPOLOGY))
        people = [{"user_name": p.user_name, "internet_address": p.internet_address} for p in PEOPLE]
        hosts = inventory(self.handshake, "example.com", people)
        self.inventory.write_text(json.dumps(hosts, indent=1), encoding="utf-8")
        self.inventory.chmod(0o600)
        rows = [("server", "host name", "address", "")]
        for server in self.handshake["servers"].values():
            role = "administration server" if server["administration_server"] else ""
            rows.append((server["server_name"], server["host_name"], server["address"], role))
        for domain, foreign in self.handshake["foreign"].items():
            rows.append((f"({domain})", foreign["host_name"], foreign["address"], "foreign mail system"))
        table(rows)
        print(f"\n   DNS at {self.handshake['dns']['address']} port {self.handshake['dns']['port']}, ", end="")
        print(f"SMTP at port {self.handshake['smtp_port']} of each address.")

    def send_all(self, when: str) -> list[Mail]:
        """Send a message in each direction for each person."""
        messages = []
        for person in PEOPLE:
            subject = f"To {person.user_name}, {when}"
            outcome = mail.submit(self.state, OUTSIDE, [person.internet_address], subject, "Hello!", SECONDS)
            messages.append(Mail(person, True, subject, outcome))
            subject = f"From {person.user_name}, {when}"
            outcome = mail.deposit(self.state, person.host, person.user_name, [OUTSIDE], subject, "Hello!", SECONDS)
            messages.append(Mail(person, False, subject, outcome))
        return messages

    def reasons(self, host: str) -> list[str]:
        """Say what mail misses on a host, as its console and its documents show it."""
        tasks = self.lab.ask(host, {"command": "Show Tasks"})["lines"]
        configurations = self.lab.documents(host, "ServerConfig")
        reasons = []
        if not any("SMTP Server" in line for line in tasks):
            reasons.append("Show Tasks lists no SMTP Server: the listener is not running")
        if not any(document["items"].get("MailExternalSMTP") == "1" for document in configurations):
            reasons.append(
                f'of {len(configurations)} Configuration documents none says "SMTP used when sending messages '
                'outside of the local internet domain" (MailExternalSMTP)'
            )
        return reasons

    def run(self, *arguments: str) -> PlaybookRun:
        """Run the site playbook, which has to go well."""
        run = run_playbook(
            SITE,
            self.inventory,
            *arguments,
            show=self.show,
            programs=PROGRAMS,
            environment=controller_environment(self.handshake),
        )
        if run.returncode:
            print(textwrap.indent(run.output, "   "))
        promise(run.returncode == 0, f"ansible-playbook {SITE} {' '.join(arguments)} ends well")
        return run

    def show_changes(self, run: PlaybookRun) -> None:
        """Print the differences, a host at a time, as a reviewer reads them."""
        for host in sorted(run.changed_tasks()):
            print(f"   {host}")
            for result in run.results:
                if result.host == host and result.changed:
                    print(f"     {result.task}")
                    for part in result.diff:
                        print(textwrap.indent("\n".join(diff_lines(part)), " " * 7))

    def show_stats(self, run: PlaybookRun) -> None:
        """Print how many tasks changed something."""
        for host, changed in sorted(run.changed_tasks().items()):
            print(f"   {host}: changed={changed}")
        print(f"   ({run.seconds:.1f} seconds)")

    def show_received(self, messages: Iterable[Mail]) -> None:
        """Print the way of one message in each direction, as its Received lines tell it."""
        for message in [next(m for m in messages if m.inbound), next(m for m in messages if not m.inbound)]:
            place = {"server": message.person.host} if message.inbound else {"foreign": FOREIGN_DOMAIN}
            person = message.person.user_name if message.inbound else FOREIGN_PERSON
            received = mail.mailbox(self.state, person, subject=message.subject, wait=SECONDS, **place)
            promise(len(received) == 1, f"{person} has the message {message.subject!r} once")
            print(f"\n   Mailbox of {person}:")
            for line in received[0].received:
                print(textwrap.indent(textwrap.fill("Received: " + line, 110, subsequent_indent="    "), " " * 6))
            print(f"      From: {received[0].sender}\n      To: {received[0].to}\n      Subject: {received[0].subject}")
            promise(bool(received[0].received), "a received message has Received lines")

    def show_summary(self, first: PlaybookRun, messages: Sequence[Mail]) -> None:
        """Print the table of hosts; try on each whether it relays."""
        rows = [("host", "changed", "mail in", "mail out", "relay refused")]
        for host, server in self.handshake["servers"].items():
            refused, reply = self.relay(server["address"])
            promise(refused, f"{host} refuses to relay; it said {reply}")
            arrived = {
                inbound: all(m.arrived for m in messages if m.person.host == host and m.inbound is inbound)
                for inbound in (True, False)
            }
            changes = (result for result in first.results if result.changed and result.host == server["host_name"])
            things = sorted({changed_thing(result.task) for result in changes})
            rows.append(
                (host, ", ".join(things), "yes" if arrived[True] else "NO", "yes" if arrived[False] else "NO", reply)
            )
        table(rows)

    def relay(self, address: str) -> tuple[bool, str]:
        """Ask a host, as a stranger, to take a message for somebody who is not its own."""
        with smtplib.SMTP(address, self.handshake["smtp_port"], timeout=SECONDS) as client:
            client.ehlo("stranger.example.net")
            client.mail("stranger@example.net")
            code, reply = client.rcpt("victim@example.net")
        return code >= 500, f"{code} {reply.decode('ascii', 'replace')}"


def changed_thing(task: str) -> str:
    """Return the first part of a task's name, which says what kind of thing it is about."""
    name = task.split(" : ", 1)[-1]
    return name.split(" | ", 1)[0] if " | " in name else "console"


def diff_lines(part: dict[str, Any]) -> list[str]:
    """Return one entry of a diff as lines with their signs."""
    lines = [part["after_header"]] if part.get("after_header") else []
    lines += [f"- {line}" for line in str(part.get("before") or "").splitlines()]
    lines += [f"+ {line}" for line in str(part.get("after") or "").splitlines()]
    return lines


def difference(review: PlaybookRun, first: PlaybookRun) -> str:
    """Say what only one of two runs did."""
    only_review = sorted(review.changes() - first.changes())
    only_first = sorted(first.changes() - review.changes())
    return "\n".join([f"only in review: {c}" for c in only_review] + [f"only in the run: {c}" for c in only_first])


def main() -> int:
    """Run the demo; return 0 if everything it promised has happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the lab running and say where it is")
    parser.add_argument("--show", action="store_true", help="print all that Ansible prints")
    given = parser.parse_args()
    state = Path(tempfile.mkdtemp(prefix="opendomino-demo-")) / "lab"
    demo = Demo(state, given.show)
    try:
        demo.tell()
    except PromiseError as exc:
        print(f"\n   This did not hold: {exc}\n   The lab's files are in {state}", flush=True)
        return 1
    finally:
        if given.keep:
            print(f"\n   The lab runs on. Inventory: {demo.inventory}\n   End it with: dominolab down --state {state}")
            print("   The names of its hosts are known where this is set:")
            for name, value in controller_environment(demo.handshake).items():
                print(f"   export {name}={value}")
        else:
            demo.lab.down()
    if not given.keep:
        shutil.rmtree(state.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
