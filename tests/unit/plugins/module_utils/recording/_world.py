# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - what stands on one line is one thing
"""A world with secrets in every place where a server could have them, and the recording that is made of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from ansible_collections.opendomino.mail.plugins.module_utils._directory import design_dxl
from ansible_collections.opendomino.mail.plugins.module_utils._directory.document import Document
from ansible_collections.opendomino.mail.plugins.module_utils._directory.transport import Answer
from ansible_collections.opendomino.mail.plugins.module_utils._recording import archive, directory, host, listener
from ansible_collections.opendomino.mail.plugins.module_utils._recording.anonymise import Anonymiser
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.transcript import Reply

KEY = "a key of this run, 40 characters or so"


@dataclass(frozen=True)
class World:
    """What a site calls things, and what nobody else must know."""

    server: str = "postamt"
    org: str = "Zwiebelwerk"
    label: str = "zwiebel"
    top: str = "invalid"
    host: str = "eingang"
    first: str = "Xaveria"
    last: str = "Quitzow"
    password: str = "Kx7!vogelfrei#9"
    ipv4: str = "10.73.41.9"
    ipv6: str = "fd12:3456:789a:1::9"
    unid: str = "48CAD0599A85856D00258A04004CACFA"
    replica: str = "48258435003E8283"
    word: str = "gurkensalat"
    #: whether the recorder is told the names beforehand
    told: bool = True
    known: tuple[str, ...] = field(default=(), compare=False)

    @property
    def fqdn(self) -> str:
        return f"{self.host}.{self.label}.{self.top}"

    @property
    def domain(self) -> str:
        return f"{self.label}.{self.top}"

    @property
    def mail(self) -> str:
        return f"{self.first}.{self.last}@{self.domain}"

    @property
    def secrets(self) -> tuple[str, ...]:
        words = (self.server, self.org, self.label, self.host, self.first, self.last, self.password, self.word)
        return (*words, self.ipv4, self.ipv6, self.unid, self.replica)

    def lines(self) -> list[str]:
        """Return lines as a console or a listener might say them, with secrets as they are, in other case, and hidden."""
        name = f"CN={self.server}/O={self.org}"
        return [
            f"{self.fqdn} ESMTP Service (HCL Domino Release 14.0) ready at Wed, 16 Sep 2026 00:36:55 -0400",
            f"Server name:            {self.server}/{self.org} - The {self.word} machine of {self.first} {self.last}",
            f"Router: Failed to connect to SMTP host {self.fqdn.upper()} because {self.word.upper()}",
            f"smtp: {self.mail} [{self.ipv4}] authentication failure using internet password",
            f"Opened session for {name} (Release 14.0), from {self.ipv4}:1352 and [{self.ipv6}]:25",
            f"Mail file mail/{self.last}.nsf, /local/notesdata/{self.first}/{self.word}.nsf, C:\\{self.word}\\names.nsf",
            f"HTTP https://{self.fqdn}/{self.word}?{quote(self.password)}&x={quote(self.mail)} {quote(self.word)}",
            f"pre{self.word}post {self.word}Server Server{self.word} SMTP{self.org}Port my-{self.label}-host",
            f"UNID {self.unid}, {self.unid.lower()}; OF{self.unid[:8]}:{self.unid[8:16]}-ON{self.unid[16:]}",
            f"Replica {self.replica[:8]}:{self.replica[8:]} {self.replica}",
            f"password {self.password} Password={self.password} <{self.password}> '{self.password}'",
            f"ServerTasks=Replica,Router,{self.word} -{self.password},SMTP",
            f"{self.mail.upper()} {self.mail}... Sender OK <{self.mail}>",
            f"\x1b[31m{self.word}\x00{self.org}\u202e{self.server}\ue000{self.word}\ue001\u27e6name:{self.word}\u27e7",
            f"{self.first} {self.last}/{self.org}@{self.org} {self.last}, {self.first}: {self.word}",
        ]

    def ini(self) -> bytes:
        """Return a notes.ini."""
        lines = [
            "[Notes]",
            f"ServerTasks=Replica, Router,{self.word} {self.password}",
            "KitType=2",
            "ServerSetup=1",
            f"Domain={self.org}",
            f"MailServer=CN={self.server}/O={self.org}",
            f"SMTPGreeting=Welcome to {self.fqdn}, says {self.first}",
            f"DKIM_KEY_{self.domain}={self.word}",
            f"{self.word}={self.password}",
            f"$$HasLANPort{self.word}=1",
            f"SMTPErrorLimit={self.password}",
            f":{self.word}",
        ]
        return "\r\n".join(lines).encode("utf-8")

    def dxl(self) -> bytes:
        """Return a design in which every attribute and text that can hold a secret holds one."""
        secret, name = quoteattr(self.word), f"{self.org}RelayHost"
        rows = [
            ("Exhaustive lookup:", "XyzLookup", (f"<keywords><textlist><text>Enabled|1</text>"
             f"<text>{escape(self.word)}|{escape(self.password)}</text></textlist></keywords>")),
            ("Relay host for messages leaving the local internet domain:", "".join(c for c in name if c.isalnum() and c.isascii()) or "X", ""),
            (f"The {self.word} of {self.first}:", f"x{self.org}", ""),
            (f"{self.password}", f"{self.word}", f"<keywords><textlist><text>{escape(self.mail)}</text></textlist></keywords>"),
            (f"Server name: {self.fqdn}", "ServerName", ""),
        ]  # fmt: skip
        table = "".join(
            f"<tablerow><tablecell><par>{escape(label)}</par></tablecell><tablecell><par><field name={quoteattr(item)} "
            f"type='{'keyword' if extra else 'text'}' kind='editable' description={secret} htmlid={secret}>{extra}</field>"
            "</par></tablecell></tablerow>"
            for label, item, extra in rows
        )
        return (
            f"<database xmlns='http://www.lotus.com/dxl' title={secret} path={quoteattr(self.fqdn)} "
            f"replicaid={quoteattr(self.replica)}><form name='ServerConfig' alias='ServerConfig' designerversion={secret}>"
            f"<noteinfo noteid='1' unid={quoteattr(self.unid)}/><updatedby><name>{escape(self.last)}</name></updatedby>"
            f"<body><richtext><table><tablerow tablabel={secret}><tablecell><table>{table}</table></tablecell></tablerow>"
            f"</table></richtext></body></form></database>"
        ).encode()

    def bodies(self) -> list[Any]:
        """Return bodies of REST answers."""
        return [
            {"status": 404, "message": f"{self.fqdn} says {self.password} of {self.mail}", "errorId": 1112},
            {self.word: self.password, "User": f"CN={self.first} {self.last}/O={self.org}", "Roles": [self.word]},
            {"@meta": {"unid": self.unid, self.word: 1}, f"@{self.word}": [{self.password: self.word}]},
            [{"apiName": self.word, "nsfPath": f"{self.word}.nsf", self.mail: {self.ipv4: True}}],
            f"<html>{self.password}</html>",
            {"info": {"version": self.password}, "paths": {f"/{self.word}": {}}},
        ]

    def documents(self) -> dict[str, list[Document]]:
        """Return documents with secrets in names and values."""
        items = {
            "ServerName": f"CN={self.server}/O={self.org}",
            "SMTPFullHostDomain": self.fqdn,
            "SMTPListenerEnabled": self.word,
            "XyzLookup": self.password,
            self.word: self.password,
            f"x{self.org}": [self.mail, self.ipv4],
            "SMTP_Port": 25,
            "NetAddresses": [self.fqdn, self.ipv6],
            "MailExternalSMTP": "1",
        }
        return {
            "Server": [Document(self.unid, "Server", items)],
            "ServerConfig": [Document("x", "ServerConfig", items)],
        }

    def anonymiser(self) -> Anonymiser:
        """Return what the modules make of their options."""
        names = [self.fqdn, self.domain, self.org, f"{self.first} {self.last}/{self.org}", *self.known]
        anonymiser = Anonymiser(KEY, names if self.told else [self.org])
        anonymiser.know(f"{self.server}/{self.org}", "server")
        return anonymiser

    def recording(self) -> dict[str, Any]:
        """Return the recording of this world, each part with an anonymiser of its own, as on machines of their own."""
        said = [
            host.Said(command, 0, self.lines(), [f"[012345:000002-00007F00DEADBEEF] {line}" for line in self.lines()])
            for command in ("show tasks", "show server", "show config ServerTasks")
        ]
        replies = [("greeting", "", Reply(220, tuple(self.lines())))]
        replies += [(f"s{n}", line, Reply(554, (line,))) for n, line in enumerate(self.lines())]  # fmt: skip
        form = {"@name": self.word, f"@{self.word}": 1, self.word: {"type": self.password, self.word: self.password}}
        found = self.documents()
        reader = self.anonymiser()
        for name in directory.names_in(found):
            reader.know(name)
        listed = {"ServerConfig": Answer(200, form), "Server": Answer(403, self.bodies()[0])}
        design, named = directory.design(design_dxl.read(self.dxl()), listed, reader)
        answers = list(zip(directory.looks(self.word), (Answer(404, body) for body in self.bodies()), strict=False))
        contract = next(look for look in directory.looks("x") if look.name == "contract")
        answers.append((contract, Answer(200, self.bodies()[-1])))
        ini = {"ServerTasks": f"Replica, Router,{self.word} {self.password}"}
        return archive.assemble(
            [
                {"notes_ini": host.notes_ini(self.ini(), self.anonymiser()), "console": host.console(said, self.anonymiser(), ini)},
                {"smtp": listener.smtp(replies, "", self.anonymiser(), self.ipv4, self.domain)},
                {
                    "design": design,
                    "documents": directory.documents(found, named, reader),
                    "rest": directory.rest(answers, self.word, self.first, reader),
                },
            ]
        )  # fmt: skip

    def written(self) -> bytes:
        """Return all bytes that are written: the file and its page."""
        recording = self.recording()
        content = archive.render(recording)
        page = archive.review(recording, archive.file_name(content))
        # What JSON writes as \\u escapes counts as well.
        return content + page.encode("utf-8") + json.dumps(recording, ensure_ascii=False).encode("utf-8")
