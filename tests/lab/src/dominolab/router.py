# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Router: takes mail out of mail.box and delivers, routes, transfers, holds or returns it.

Numbers in brackets are statements of `tests/lab/BEHAVIOUR-MAIL.md`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections import defaultdict
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from dominolab import notes_mail, reports
from dominolab.configuration import applicable_configuration
from dominolab.contract import PeerError
from dominolab.conversion import Rules, conversion_rules, convert_addresses, from_header, internet_address
from dominolab.domains import local_domains
from dominolab.exchangers import DnsUnavailable, NoExchanger, Resolver
from dominolab.mailbox import MailFile, State
from dominolab.notes_names import abbreviated, is_internet_address
from dominolab.reports import Failure, failure_report
from dominolab.routing import Deliver, Fail, Forward, PassOn, RoutingTable, Transfer, Way, way
from dominolab.transfer import ConnectError, Endpoint, Reply, transfer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dominolab.contract import Server
    from dominolab.exchangers import Exchanger
    from dominolab.mailbox import Message, Recipient

_LOGGER = logging.getLogger(__name__)

REFRESH = 300.0  # seconds between two looks at the configuration [3.4]
_RETRY_INTERVAL = "2"  # seconds until a held message is tried again; the product's item for it is not known
_DAY = 86400.0
_MAXIMUM_HOPS = 25  # Received lines (assumed)
_MAXIMUM_FORWARDS = 5  # recipients that grew out of others (assumed)
_DEFAULT_PORT = "25"
_ADDRESS_HEADER = re.compile(
    rb"^((?:To|Cc|Reply-To):[ \t]*)([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class RouterConfiguration:
    """What the Router knows between two looks at notes.ini and the directory [3.4]."""

    table: RoutingTable
    host_name: str
    rules: Rules
    port: int
    port_is_enabled: bool
    translate_special: bool
    timeout: float  # seconds after which an undelivered message goes back
    retry_interval: float  # seconds; the lab's own notes.ini variable DominoLabRetryInterval

    @classmethod
    def read(cls, server: Server) -> RouterConfiguration:
        """Read them; Global Domains are as old as the server's start [3.5]."""
        here = server.surroundings
        document = server.server_document()
        host_name = document.text("SMTPFullHostDomain") if document else ""
        configuration = server.configuration_document()
        global_domains = server.global_domains()
        external_servers = [
            peer
            for peer in here.peers
            if (other := applicable_configuration(server.directory, peer)) and other.text("MailExternalSMTP") == "1"
        ]
        return cls(
            table=RoutingTable(
                server_name=here.server_name,
                notes_domain=here.notes_domain,
                domains=local_domains(host_name, global_domains),
                external_smtp=bool(configuration and configuration.text("MailExternalSMTP") == "1"),
                servers=tuple(here.peers),
                external_servers=external_servers,
            ),
            host_name=host_name,
            rules=conversion_rules(global_domains, host_name),
            port=int(float((document.text("Router_Port") if document else "") or _DEFAULT_PORT)),
            port_is_enabled=document is None or document.text("Router_PortStatus") != "0",
            translate_special=server.notes_ini.get("RouterTranslateSpecial") == "1",
            timeout=_timeout(server.notes_ini.get("MailTimeoutMinutes"), server.notes_ini.get("MailTimeout")),
            retry_interval=float(server.notes_ini.get("DominoLabRetryInterval") or _RETRY_INTERVAL),
        )


def _timeout(minutes: str, days: str) -> float:
    """Return the seconds of MailTimeoutMinutes, else MailTimeout in days, else one day [12.11]."""
    if minutes.isdecimal():
        return int(minutes) * 60.0
    return int(days) * _DAY if days.isdecimal() else _DAY


def _received_lines(content: bytes) -> int:
    return len(BytesHeaderParser().parsebytes(content).get_all("Received", []))


class RouterTask:
    """`Load Router`."""

    name = "router"

    def __init__(self) -> None:
        self._server: Server | None = None
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._jobs: set[asyncio.Task[None]] = set()
        self._busy: set[tuple[str, str]] = set()

    async def start(self, server: Server, arguments: str = "") -> None:
        """Read the configuration and begin with what waits in mail.box."""
        self._server = server
        here = server.surroundings
        self._resolver = Resolver(here.resolver_address, here.resolver_port)
        self._configuration = RouterConfiguration.read(server)
        self._loops = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._refresh())]

    async def stop(self) -> None:
        """Begin nothing new, and let end what has begun: half a transfer would be repeated."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, *self._jobs, return_exceptions=True)
        self._loops = []

    async def tell(self, command: str) -> bool:
        """`Tell Router Update Config` [3.4]."""
        if command.lower().split() != ["update", "config"]:
            return False
        self._configuration = RouterConfiguration.read(self.server)
        return True

    def show(self) -> Sequence[str]:
        """One line, known for an idle Router only."""
        return [f"{'Router':<20} Dispatch: Idle"]

    @property
    def server(self) -> Server:
        """The server that runs the task."""
        if self._server is None:
            raise RuntimeError("the Router is not started")
        return self._server

    # -- the loop ---------------------------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH)
            self._configuration = RouterConfiguration.read(self.server)

    async def _dispatch(self) -> None:
        """Start a job for every message with recipients that are due; sleep until mail.box changes or one is."""
        with self.server.mail_box.listening(self._wake.set):
            while True:
                self._wake.clear()
                next_due = self._start_jobs(time.time())
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), next_due)

    def _start_jobs(self, now: float) -> float | None:
        """Start what is due; return the seconds until something else is, None where nothing waits."""
        next_due: float | None = None
        for message_id, recipients in self.server.mail_box.open_messages().items():
            idle = [recipient for recipient in recipients if (message_id, recipient.address) not in self._busy]
            due = [recipient for recipient in idle if recipient.due <= now]
            later = [recipient.due - now for recipient in idle if recipient.due > now]
            next_due = min(later + ([] if next_due is None else [next_due]), default=None)
            if due:
                job = asyncio.create_task(self._route(message_id, due))
                self._jobs.add(job)
                job.add_done_callback(self._jobs.discard)
                self._busy.update((message_id, recipient.address) for recipient in due)
        return next_due

    async def _route(self, message_id: str, recipients: Sequence[Recipient]) -> None:
        """Send one message on all the ways that its recipients need, at the same time."""
        message = self.server.mail_box.message(message_id)
        people = self.server.directory.documents("Person")
        hops = int(message.items.get(notes_mail.HOPS, "0")) + _received_lines(message.content)
        ways: dict[Way, list[str]] = defaultdict(list)
        for recipient in recipients:
            chosen = way(recipient.address, self._configuration.table, people)
            ways[chosen if hops <= _MAXIMUM_HOPS else Fail(reports.ROUTING_LOOP)].append(recipient.address)
        await asyncio.gather(*(self._go(message, chosen, addresses) for chosen, addresses in ways.items()))

    async def _go(self, message: Message, chosen: Way, addresses: Sequence[str]) -> None:
        try:
            if isinstance(chosen, Deliver):
                self._deliver(message, chosen, addresses)
            elif isinstance(chosen, PassOn):
                await self._pass_on(message, chosen, addresses)
            elif isinstance(chosen, Transfer):
                await self._transfer(message, chosen, addresses)
            elif isinstance(chosen, Forward):
                self._forward(message, chosen, addresses)
            else:
                self._fail(message, addresses, Failure(chosen.reason))
        except Exception as exc:  # one message must not stop the Router; it is kept and tried again
            _LOGGER.exception("Message %s", message.id)
            self._hold(message, addresses, str(exc))
        finally:
            self._busy.difference_update((message.id, address) for address in addresses)
            self._wake.set()

    # -- the ways ---------------------------------------------------------------------------------------------------

    def _deliver(self, message: Message, chosen: Deliver, addresses: Sequence[str]) -> None:
        mail_file = MailFile.of(self.server.surroundings.data_directory, chosen.mail_file)
        if mail_file is None:
            self._fail(message, addresses, Failure(reports.NO_MAIL_FILE))
            return
        content = message.content
        if not is_internet_address(message.sender) and message.sender:
            content = f"From: {abbreviated(message.sender)}\r\n".encode() + content
        mail_file.deliver(content)
        self._settle(message, addresses, State.DELIVERED, destination=chosen.mail_file)

    async def _pass_on(self, message: Message, chosen: PassOn, addresses: Sequence[str]) -> None:
        try:
            answer = await self.server.peer_post(chosen.server, notes_mail.ROUTE, notes_mail.routed(message, addresses))
        except PeerError as exc:
            self._hold(message, addresses, reports.TRANSFER.format(abbreviated(chosen.server), exc))
            return
        self._settle(message, addresses, State.ROUTED, destination=chosen.server, next_id=str(answer["id"]))

    def _forward(self, message: Message, chosen: Forward, addresses: Sequence[str]) -> None:
        known = self.server.mail_box.recipients(message.id)
        if sum(recipient.state is State.FORWARDED for recipient in known) >= _MAXIMUM_FORWARDS or any(
            recipient.address.lower() == chosen.address.lower() for recipient in known
        ):
            self._fail(message, addresses, Failure(reports.DELIVER_LOOP))
            return
        self.server.mail_box.add_recipient(message.id, chosen.address)
        self._settle(message, addresses, State.FORWARDED, destination=chosen.address)

    async def _transfer(self, message: Message, chosen: Transfer, addresses: Sequence[str]) -> None:
        """Transfer by MX: the lowest preference first, the next where a host cannot be reached [12.4, 12.5]."""
        server_name = abbreviated(self.server.surroundings.server_name)
        if not self._configuration.port_is_enabled:
            self._fail(message, addresses, Failure(reports.NO_ROUTE.format(chosen.domain, server_name)))
            return
        try:
            exchangers = await self._resolver.exchangers(chosen.domain)
        except NoExchanger:
            self._fail(message, addresses, Failure(reports.NO_ROUTE_DNS.format(chosen.domain, server_name)))
            return
        except DnsUnavailable:
            self.server.log(reports.DNS_UNAVAILABLE)
            self._hold(message, addresses, reports.DNS_UNAVAILABLE)
            return
        hosts = self._before_own_host(exchangers)
        if not hosts:
            self._fail(message, addresses, Failure(reports.ROUTE_TO_SELF))
            return
        targets = [(host.host_name, address) for host in hosts for address in host.addresses]
        if not targets:
            self._fail(message, addresses, Failure(reports.NO_ROUTE_DNS.format(chosen.domain, server_name)))
            return
        reason = ""
        sender, content = self._as_internet_mail(message)
        for host_name, address in targets:
            try:
                replies = await asyncio.to_thread(transfer, self._endpoint(address), sender, addresses, content)
            except ConnectError as exc:
                reason = reports.CONNECT_FAILED.format(host_name, exc)
                self.server.log(reason)
                continue
            self._settle_replies(message, host_name, replies)
            return
        self._hold(message, addresses, reason)

    def _before_own_host(self, exchangers: Sequence[Exchanger]) -> list[Exchanger]:
        """Return the exchangers to try: those with a lower preference than this server itself.

        None left is the case that Domino has a text for [12.8]; that hosts behind it are left out is what RFC 5321
        section 5.1 asks.
        """
        own = self.server.surroundings.address
        names = {self._configuration.host_name.lower(), self.server.surroundings.host_name.lower()}
        mine = [host.preference for host in exchangers if own in host.addresses or host.host_name.lower() in names]
        return [host for host in exchangers if not mine or host.preference < min(mine)]

    def _endpoint(self, address: str) -> Endpoint:
        here = self.server.surroundings
        return Endpoint(
            address, self._configuration.port, here.address, self._configuration.host_name or here.host_name
        )

    def _as_internet_mail(self, message: Message) -> tuple[str, bytes]:
        """Return the sender of the envelope and the content for the Internet: section 5."""
        if not message.sender or is_internet_address(message.sender):
            return message.sender, message.content
        configuration = self._configuration
        people = self.server.directory.documents("Person")
        domain = configuration.table.notes_domain
        carried = "" if configuration.translate_special else message.items.get("INetFrom", "")  # [5.1, 5.2]
        address = carried or internet_address(message.sender, domain, configuration.rules, people)

        def converted(match: re.Match[bytes]) -> bytes:
            value = " ".join(match[2].decode("utf-8", "replace").split())
            return match[1] + convert_addresses(value, domain, configuration.rules, people).encode()

        header, blank, body = message.content.partition(b"\r\n\r\n")
        header = _ADDRESS_HEADER.sub(converted, header)
        sender = f"From: {from_header(message.sender, address, configuration.rules)}\r\n".encode()
        return address, sender + header + blank + body

    # -- what became of it ------------------------------------------------------------------------------------------

    def _settle_replies(self, message: Message, host_name: str, replies: dict[str, Reply]) -> None:
        for address, reply in replies.items():
            if reply.is_ok:
                self._settle(message, [address], State.TRANSFERRED, reason=str(reply), destination=host_name)
            elif reply.is_permanent:
                reason = reports.TRANSFER.format(host_name, reports.SMTP_PERMANENT.format(reply))
                self._fail(message, [address], Failure(reason, host_name))
            else:
                reason = reports.TRANSFER.format(host_name, reports.SMTP_TRANSIENT.format(reply))
                self._hold(message, [address], reason, host_name)

    def _hold(self, message: Message, addresses: Sequence[str], reason: str, remote_host: str = "") -> None:
        """Try again later; a message that is too old goes back with the last reason [12.11]."""
        now = time.time()
        if now - message.created > self._configuration.timeout:
            self._fail(message, addresses, Failure(reason, remote_host))
            return
        self._settle(message, addresses, State.HELD, reason=reason, due=now + self._configuration.retry_interval)

    def _fail(self, message: Message, addresses: Sequence[str], failure: Failure) -> None:
        """Report to the sender, one report for each recipient; a report that fails is not reported."""
        if not message.sender:
            self._settle(message, addresses, State.DEAD, reason=failure.reason)
            return
        configuration = self._configuration
        for address in addresses:
            report = failure_report(
                message.content,
                to=message.sender,
                recipient=address,
                failure=failure,
                host_name=configuration.host_name,
                domain=configuration.rules.suffix,
            )
            self.server.deposit([message.sender], "", report)
        self._settle(message, addresses, State.FAILED, reason=failure.reason)

    def _settle(
        self,
        message: Message,
        addresses: Sequence[str],
        state: State,
        reason: str = "",
        destination: str = "",
        next_id: str = "",
        due: float = 0.0,
    ) -> None:
        for address in addresses:
            self.server.mail_box.settle(message.id, address, state, reason, destination, next_id, due)
