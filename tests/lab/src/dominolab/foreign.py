# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail system outside: one domain, its people, a Maildir each. `python -m dominolab.foreign FILE`.

FILE is JSON with the fields of `contract.ForeignSystem`.
"""

from __future__ import annotations

import asyncio
import json
import mailbox
import signal
import sys
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

from dominolab import entries
from dominolab.contract import ForeignSystem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiosmtpd.smtp import Envelope, Session


def read(path: Path) -> ForeignSystem:
    """Return what a file says; EntryError where it does not say it."""
    return entries.read(ForeignSystem, json.loads(path.read_text(encoding="utf-8")), str(path))


class _Conversation:
    """Takes mail for the people of the domain, and for nobody else."""

    def __init__(self, system: ForeignSystem) -> None:
        self._system = system

    async def handle_RCPT(  # noqa: N802 - the library's name, as below
        self, protocol: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse strangers and relays."""
        local_part, _at, domain = address.rpartition("@")
        if domain.lower() != self._system.domain:
            return "554 5.7.1 Relay access denied"
        if local_part.lower() not in self._system.people:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, protocol: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Put one copy into each mailbox, with a Received header."""
        received = (
            f"Return-Path: <{envelope.mail_from.strip('<>')}>\r\n"
            f"Received: from {session.host_name} ([{session.peer[0]}])\r\n"
            f"\tby {self._system.host_name} with {'ESMTP' if session.extended_smtp else 'SMTP'};\r\n"
            f"\t{formatdate(localtime=True)}\r\n"
        ).encode("ascii", "replace")
        for person in {address.rpartition("@")[0].lower() for address in envelope.rcpt_tos}:
            maildir(self._system.mailboxes, person).add(received + envelope.content)
        return "250 2.0.0 Ok: taken"


def maildir(mailboxes: Path, person: str) -> mailbox.Maildir:
    """Return a person's mailbox; it is made where there is none."""
    return mailbox.Maildir(mailboxes / person, factory=None, create=True)


def received_by(mailboxes: Path, person: str) -> list[bytes]:
    """Return a person's messages, oldest first."""
    files = [path for place in ("new", "cur") for path in (mailboxes / person / place).iterdir()]
    return [path.read_bytes() for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]


async def serve(system: ForeignSystem) -> asyncio.Server:
    """Make the mailboxes and listen."""
    system.mailboxes.mkdir(parents=True, exist_ok=True)
    for person in system.people:
        maildir(system.mailboxes, person)
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(_Conversation(system), hostname=system.host_name, ident="ESMTP", loop=loop),
        system.address,
        system.smtp_port,
    )


async def _run(system: ForeignSystem) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = await serve(system)
    print("ready", flush=True)
    await stopping.wait()
    server.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one system in the foreground until SIGTERM."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        print("usage: python -m dominolab.foreign FILE", file=sys.stderr)
        return 2
    asyncio.run(_run(read(Path(given[0]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
