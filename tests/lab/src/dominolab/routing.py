# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a recipient's mail goes from one server: a decision, without files or sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dominolab import reports
from dominolab.notes_names import abbreviated, is_internet_address, notes_domains, same
from dominolab.recipients import find, find_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dominolab.contract import Document
    from dominolab.domains import LocalDomains


@dataclass(frozen=True)
class Deliver:
    """Into a mail file of this server."""

    mail_file: str


@dataclass(frozen=True)
class PassOn:
    """To another server of the Notes domain, by Notes routing."""

    server: str


@dataclass(frozen=True)
class Transfer:
    """To the exchangers of an Internet domain, by SMTP."""

    domain: str


@dataclass(frozen=True)
class Forward:
    """To the forwarding address of a Person document."""

    address: str


@dataclass(frozen=True)
class Fail:
    """Nowhere; the reason is Domino's text."""

    reason: str


Way = Deliver | PassOn | Transfer | Forward | Fail


@dataclass(frozen=True)
class RoutingTable:
    """What a Router knows when it decides."""

    server_name: str
    notes_domain: str
    domains: LocalDomains
    #: MailExternalSMTP of the Configuration document that applies to this server [12.2]
    external_smtp: bool
    #: the other servers of the Notes domain that can be reached
    servers: Sequence[str] = ()
    #: those among them whose own Configuration document says MailExternalSMTP
    external_servers: Sequence[str] = ()


def way(address: str, table: RoutingTable, people: Sequence[Document]) -> Way:
    """Return the way to one recipient, a Notes or an Internet address."""
    if not is_internet_address(address):
        name, domains = notes_domains(address)
        if domains and domains[-1].lower() != table.notes_domain.lower():
            return Fail(reports.NO_ROUTE.format(domains[-1], abbreviated(table.server_name)))
        return _way_to_one(name, name, find_name(name, people), table)
    local_part, _at, domain = address.rpartition("@")
    if domain in table.domains:
        return _way_to_one(address, f"{local_part} ({address})", find(address, people, table.domains), table)
    if table.external_smtp:
        return Transfer(domain.lower())
    if table.external_servers:
        return PassOn(table.external_servers[0])
    return Fail(reports.NO_ROUTE.format(domain, abbreviated(table.server_name)))


def _way_to_one(address: str, shown: str, matches: Sequence[Document], table: RoutingTable) -> Way:
    """Require exactly one match [6.8-6.10]."""
    if not matches:
        return Fail(reports.NO_SUCH_USER.format(shown))
    if len(matches) > 1:
        return Fail(reports.NOT_UNIQUE.format(address))
    person = matches[0]
    mail_server = person.text("MailServer")
    if person.text("MailAddress"):
        return Forward(person.text("MailAddress"))
    if not mail_server:
        return Fail(reports.NO_MAIL_FILE)
    if same(mail_server, table.server_name):
        return Deliver(person.text("MailFile"))
    for server in table.servers:
        if same(mail_server, server):
            return PassOn(server)
    return Fail(reports.NO_ROUTE.format(table.notes_domain, abbreviated(table.server_name)))
