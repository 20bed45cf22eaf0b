# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SMTP server task: takes mail from the network and puts it into mail.box.

Numbers in brackets are statements of `tests/lab/BEHAVIOUR-MAIL.md`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

from dominolab.domains import LocalDomains, local_domains
from dominolab.exchangers import Resolver
from dominolab.recording import Recording, wire
from dominolab.relay import ConnectingHost, RelayControls, may_relay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiosmtpd.smtp import Envelope, Session

    from dominolab.contract import Server

_LOGGER = logging.getLogger(__name__)

REFRESH = 120.0  # seconds between two looks at the configuration [3.1]
_DEFAULT_PORT = "25"

#: What the SMTP library says on its own, and what Domino says [9.9, 9.12]. Replies that nobody published stay as the
#: library has them.
_REPLIES = {
    "501 Syntax: HELO hostname": '501 Command "HELO" requires an argument',
    "501 Syntax: EHLO hostname": '501 Command "EHLO" requires an argument',
    "354 End data with <CR><LF>.<CR><LF>": '354 Enter message, end with "." on a line by itself',
}

_UNKNOWN = re.compile(r'500 Error: command "(.*)" not recognized')
#: Steps of a recording in which a real server was asked what makes the library reply so.
_STEPS = {
    "501 Syntax: HELO hostname": "helo_without_argument",
    "501 Syntax: EHLO hostname": "ehlo_without_argument",
    "501 Syntax: MAIL FROM: <address> [SP <mail-parameters>]": "mail_wrong_syntax",
    "503 Error: send HELO first": "mail_before_ehlo",
    "503 Error: need MAIL command": "rcpt_before_mail",
    "250 OK": "rset",
}


@dataclass(frozen=True)
class ListenerConfiguration:
    """What the listener knows between two looks at notes.ini and the directory."""

    host_name: str
    release: str
    domains: LocalDomains
    relay: RelayControls
    greeting: str = ""
    version_in_received: bool = True
    error_limit: int = 0  # 0: none
    site_is_missing: bool = False

    @classmethod
    def read(cls, server: Server) -> ListenerConfiguration:
        """Read notes.ini and the Server document; Global Domains are as old as the server's start [3.1, 3.5]."""
        document = server.server_document()
        host_name = document.text("SMTPFullHostDomain") if document else ""
        ini = server.notes_ini
        error_limit = ini.get("SMTPErrorLimit")
        return cls(
            host_name=host_name,
            release=server.surroundings.release,
            domains=local_domains(host_name, server.global_domains()),
            relay=RelayControls(
                deny_wins=ini.get("SMTPRelayHostsandDomains") == "1",
                all_hosts_external=ini.get("SMTPAllHostsExternal") == "1",
            ),
            greeting=ini.get("SMTPGreeting"),
            version_in_received=ini.get("SMTPNoVersionInRcvdHdr") != "1",
            error_limit=int(error_limit) if error_limit.isdecimal() else 0,
            site_is_missing=bool(
                document and document.text("LdISite") == "1" and not server.directory.documents("SMTPInboundSite")
            ),
        )

    def banner(self, date: str) -> str:
        """Return the text after 220 [9.1, 9.5, 9.7]."""
        if self.greeting:
            return self.greeting.replace("%s", date).replace("%S", date)
        return f"{self.host_name} ESMTP Service (HCL Domino Release {self.release}) ready at {date}"

    def received(self, helo: str, address: str, protocol: str, number: int) -> bytes:
        """Return the Received header, with its line ends [11.1]."""
        now = time.time()
        stamp = time.strftime("%Y%m%d%H%M%S", time.localtime(now)) + f"{int(now * 100) % 100:02d}"
        release = f" (HCL Domino Release {self.release})" if self.version_in_received else ""
        lines = (
            f"Received: from {helo} ([{address}])",
            f"by {self.host_name}{release}",
            f"with {protocol} id {stamp}-{number} ;",
            formatdate(now, localtime=True),
        )
        return ("\r\n          ".join(lines) + "\r\n").encode("ascii", "replace")


class SMTPTask:
    """`Load SMTP`."""

    name = "smtp"

    def __init__(self) -> None:
        self._server: Server | None = None
        self._listener: asyncio.Server | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._sessions: set[_Protocol] = set()
        self._port = 0
        self.words = Recording({})
        self.numbers = itertools.count(1)

    async def start(self, server: Server, arguments: str = "") -> None:
        """Read the configuration and listen, if the port status allows [2.9]; OSError where the port is taken."""
        self._server = server
        self.words = server.recording
        self.resolver = Resolver(server.surroundings.resolver_address, server.surroundings.resolver_port)
        self.configuration = ListenerConfiguration.read(server)
        document = server.server_document()
        if document is None or document.text("SMTP_PortStatus") != "0":
            self._port = int(float((document.text("SMTP_Port") if document else "") or _DEFAULT_PORT))
            loop = asyncio.get_running_loop()
            self._listener = await loop.create_server(self._protocol, server.surroundings.address, self._port)
        self._refreshing = asyncio.create_task(self._refresh())
        server.log("SMTP Server: Started")

    async def stop(self) -> None:
        """Close the port, and the conversations that go on."""
        if self._refreshing:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
        if self._listener:
            self._listener.close()
            for session in tuple(self._sessions):
                session.hang_up()
            await self._listener.wait_closed()
        self._listener = self._refreshing = None

    async def tell(self, command: str) -> bool:
        """`Tell SMTP Update Config` [3.2]."""
        if command.lower().split() != ["update", "config"]:
            return False
        self._read()
        return True

    def show(self) -> Sequence[str]:
        """Three related entries [2.6]; one less where the port status forbids to listen."""
        entries = ["Utility task", "Control task"]
        if self._listener:
            entries.insert(0, f"Listen for connect requests on TCP Port:{self._port}")
        own = [f"{'SMTP Server':<20} {entry}" for entry in entries]
        return self.words.task("SMTP Server", port=str(self._port)) or own if self._listener else own

    @property
    def server(self) -> Server:
        """The server that runs the task."""
        if self._server is None:
            raise RuntimeError("the SMTP task is not started")
        return self._server

    def _read(self) -> None:
        self.configuration = ListenerConfiguration.read(self.server)

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH)
            self._read()

    def _protocol(self) -> _Protocol:
        return _Protocol(self, self._sessions)


class _Protocol(SMTP):
    """The library's protocol, with Domino's words."""

    def __init__(self, task: SMTPTask, sessions: set[_Protocol]) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(_Conversation(task), hostname="-", loop=loop, data_size_limit=None)
        # "220 <hostname> <ident>" is how the library puts the greeting together; an empty host name leaves two blanks.
        self.hostname, _blank, self.__ident__ = task.configuration.banner(formatdate(localtime=True)).partition(" ")
        self._configuration = task.configuration
        self._words = task.words
        self._sessions = sessions
        self._errors = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """End the conversation: the task ends."""
        if self.transport is not None:
            self.transport.close()

    async def push(self, status: str | bytes) -> None:
        """Send a reply; beyond the error limit, the last one [8.19, 9.20]."""
        text = status.decode("ascii") if isinstance(status, bytes) else status
        own = _REPLIES.get(text, text)
        unknown = _UNKNOWN.fullmatch(text)
        step = "unknown_command" if unknown else _STEPS.get(text, "")
        await super().push(self._words.reply(step, own, command=unknown.group(1) if unknown else ""))
        limit = self._configuration.error_limit
        self._errors += text.startswith("5")
        if limit and self._errors > limit:
            self._errors = 0
            await super().push("421 SMTP service not available, closing transmission channel.")
            self.hang_up()

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: N802 - the library's name, as below
        """Refuse: VRFY is off by default [10.4], as EXPN is; the text is the library's."""
        await self.push(self._words.reply("vrfy", "502 VRFY not implemented", nobody=arg or ""))

    async def smtp_EXPN(self, arg: str) -> None:  # noqa: N802
        """Refuse likewise."""
        await self.push(self._words.reply("expn", "502 EXPN not implemented", nobody=arg or ""))

    async def smtp_HELP(self, arg: str) -> None:  # noqa: N802
        """List the commands [9.15]."""
        own = ("Enter one of the following commands:", "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT", "HELP ")
        await self.push(self._words.reply("help", "\r\n".join(wire(214, own))))


class _Conversation:
    """What the listener decides during one connection."""

    def __init__(self, task: SMTPTask) -> None:
        self._task = task
        self._configuration = task.configuration
        self._host: ConnectingHost | None = None

    def _hello(self, session: Session, argument: str) -> str:
        session.host_name = argument
        return f"{self._configuration.host_name} Hello {argument} ([{session.peer[0]}]), pleased to meet you"

    async def handle_HELO(  # noqa: N802 - the library's name, as below
        self, protocol: SMTP, session: Session, envelope: Envelope, hostname: str
    ) -> str:
        """Greet [9.8]."""
        return f"250 {self._hello(session, hostname)}"

    async def handle_EHLO(  # noqa: N802
        self, protocol: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet and name the extensions that are on by default [10.1, 10.4]; their order is assumed."""
        extensions = self._task.words.extensions(("HELP", "SIZE", "PIPELINING"))
        return wire(250, [self._hello(session, hostname), *extensions])

    async def handle_MAIL(  # noqa: N802
        self, protocol: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take every sender [9.10]; without a site for this server, none [2.11], with a reply code that is assumed."""
        if self._configuration.site_is_missing:
            return "554 This site is not enabled on the server."
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return f"250 {address.strip('<>')}... Sender OK"

    async def handle_RCPT(  # noqa: N802
        self, protocol: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take recipients of local domains unseen [8.11], others if the host may relay [8.15, 9.18]."""
        domain = address.rpartition("@")[2]
        configuration = self._configuration
        if domain not in configuration.domains and not may_relay(
            domain, await self._connecting_host(session), configuration.domains, configuration.relay
        ):
            return self._task.words.reply("rcpt_relay", "554 Relay rejected for policy reasons.", stranger=address)
        envelope.rcpt_tos.append(address)
        return f"250 {address}... Recipient OK"

    async def handle_DATA(self, protocol: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Put the message into mail.box, as it is below its new Received header [8.17, 9.13]."""
        header = self._configuration.received(
            session.host_name, session.peer[0], "ESMTP" if session.extended_smtp else "SMTP", next(self._task.numbers)
        )
        sender = envelope.mail_from.strip("<>")
        self._task.server.deposit(envelope.rcpt_tos, sender, header + envelope.content)
        return "250 Message accepted for delivery"

    async def handle_QUIT(self, protocol: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Say goodbye [9.14]."""
        host = self._configuration.host_name
        return self._task.words.reply("quit", f"221 {host} SMTP Service closing transmission channel", host=host)

    async def handle_exception(self, error: Exception) -> str:
        """Refuse for now what went wrong here, so that the sender keeps the message (RFC 5321 section 4.2.2)."""
        _LOGGER.error("A conversation failed", exc_info=error)
        return "451 Requested action aborted: local error in processing"

    async def _connecting_host(self, session: Session) -> ConnectingHost:
        """Return who connects, with its names; DNS is asked once a conversation, and only about relays."""
        if self._host is None:
            address = session.peer[0]
            self._host = ConnectingHost(address, await self._task.resolver.host_names(address))
        return self._host
