# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail on the replica port: what Notes clients and the other servers of the Notes domain ask a server for.

It stands where the product has Notes RPC. Requests and answers are JSON objects; content travels as base64.

    /mail/route     a server passes a message on      {sender, recipients, content, items} -> {id}
    /mail/deposit   a client sends a message           {sender, recipients, subject, body}  -> {id, message_id}
    /mail/trace     what became of a message           {id, wait}                           -> {recipients: [...]}
    /mail/file      a client reads a mail file         {person}                             -> {messages: [...]}

A request that cannot be met is answered with {error}.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import uuid
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from dominolab import reports
from dominolab.mailbox import MailFile
from dominolab.notes_names import notes_domains, same
from dominolab.recipients import find_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dominolab.contract import Document, Server
    from dominolab.mailbox import Message

ROUTE, DEPOSIT, TRACE, FILE = "/mail/route", "/mail/deposit", "/mail/trace", "/mail/file"
HOPS = "LabHops"  # the lab's own item: how many servers have passed a message on
LONGEST_WAIT = 20.0  # seconds; who wants to wait longer asks again


def attach(server: Server) -> None:
    """Answer requests about mail on the server's replica port."""
    mail_port = _MailPort(server)
    server.on_peer_post(ROUTE, mail_port.route)
    server.on_peer_post(DEPOSIT, mail_port.deposit)
    server.on_peer_post(TRACE, mail_port.trace)
    server.on_peer_post(FILE, mail_port.file)


def routed(message: Message, recipients: Iterable[str]) -> dict[str, Any]:
    """Return a message as it goes to another server."""
    return {
        "sender": message.sender,
        "recipients": list(recipients),
        "content": base64.b64encode(message.content).decode("ascii"),
        "items": {**message.items, HOPS: str(int(message.items.get(HOPS, "0")) + 1)},
    }


class _MailPort:
    def __init__(self, server: Server) -> None:
        self._server = server

    async def route(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take a message from another server."""
        content = base64.b64decode(request["content"])
        return {"id": self._server.deposit(request["recipients"], request["sender"], content, **request["items"])}

    async def deposit(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take a message as a Notes client writes it.

        The client puts the Internet address of the Person document into INetFrom [5.1]. The header has no From: the
        sender is a Notes name until the Router converts it.
        """
        sender = request["sender"]
        person = self._person(sender)
        internet_address = person.text("InternetAddress") if person else ""
        message_id = f"<{uuid.uuid4().hex}@notes.invalid>"
        content = EmailMessage(policy=SMTP)
        content["Date"] = formatdate(localtime=True)
        content["Message-ID"] = message_id
        content["Subject"] = request["subject"]
        content.set_content(request["body"])
        # A Notes name is no address in the eyes of the email package, so To is written by hand.
        header = f"To: {', '.join(request['recipients'])}\r\n".encode()
        items = {"INetFrom": internet_address} if internet_address else {}
        deposited = self._server.deposit(request["recipients"], sender, header + content.as_bytes(), **items)
        return {"id": deposited, "message_id": message_id}

    async def trace(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell what became of a message, as soon as nothing is open any more or the wait is over."""
        box = self._server.mail_box
        changed = asyncio.Event()
        deadline = asyncio.get_running_loop().time() + min(float(request["wait"]), LONGEST_WAIT)
        with box.listening(changed.set):
            while True:
                changed.clear()
                recipients = box.recipients(request["id"])
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0 or not any(recipient.state.is_open for recipient in recipients):
                    return {"recipients": [dataclasses.asdict(recipient) for recipient in recipients]}
                try:
                    await asyncio.wait_for(changed.wait(), left)
                except asyncio.TimeoutError:
                    continue

    async def file(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a person's mail; the mail file must be on this server."""
        person = self._person(request["person"])
        if person is None:
            return {"error": reports.NO_SUCH_USER.format(request["person"])}
        if not same(person.text("MailServer"), self._server.surroundings.server_name):
            return {"error": f"The mail file of {request['person']} is on {person.text('MailServer') or 'no server'}"}
        mail_file = MailFile.of(self._server.surroundings.data_directory, person.text("MailFile"))
        if mail_file is None:
            return {"error": reports.NO_MAIL_FILE}
        return {"messages": [base64.b64encode(content).decode("ascii") for content in mail_file.contents()]}

    def _person(self, name: str) -> Document | None:
        matches = find_name(notes_domains(name)[0], self._server.directory.documents("Person"))
        return matches[0] if len(matches) == 1 else None
