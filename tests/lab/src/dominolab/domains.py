# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Internet domains are a server's own.

Numbers in brackets are statements of the behaviour table (`tests/lab/BEHAVIOUR-MAIL.md` says where they come from).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dominolab.contract import Document


@dataclass(frozen=True)
class LocalDomains:
    """The local Internet domains, all in lower case."""

    names: frozenset[str] = frozenset()
    #: alias -> primary domain of the same Global Domain document
    primary_of: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, domain: str) -> bool:
        return domain.lower() in self.names

    def with_primary(self, address: str) -> str | None:
        """Return the address with its alias replaced by the primary domain; None where its domain is no alias [4.3]."""
        local_part, _, domain = address.rpartition("@")
        primary = self.primary_of.get(domain.lower())
        return f"{local_part}@{primary}" if primary else None


def internet_global_domains(documents: Sequence[Document]) -> list[Document]:
    """Return the Global Domain documents whose role is Internet domains [4.10], by name."""
    wanted = [
        document
        for document in documents
        if document.text("DomainType") == "GlobalDomain" and document.text("GlobalDomainTasks") == "SMTP"
    ]
    return sorted(wanted, key=lambda document: document.text("DomainName").lower())


def parent_domain(host_name: str) -> str:
    """Return the domain of a host name: `example.com` of `mail01.example.com`, empty where it has none."""
    return host_name.rstrip(".").partition(".")[2].lower()


def local_domains(host_name: str, global_domains: Sequence[Document]) -> LocalDomains:
    """Return the local Internet domains of a server.

    With Global Domain documents, the primary domains and aliases of all of them [4.2]; without, the server's own host
    name and its parent domain, nothing else [4.1]. `host_name` is SMTPFullHostDomain of the Server document; where it
    is empty too, no Internet domain is local (assumed).
    """
    documents = internet_global_domains(global_domains)
    if not documents:
        host = host_name.rstrip(".").lower()
        return LocalDomains(frozenset(name for name in (host, parent_domain(host)) if name))
    names: set[str] = set()
    primary_of: dict[str, str] = {}
    for document in documents:
        primary = document.text("LocalPrimaryInternetDomain").lower()
        aliases = [alias.lower() for alias in document.texts("LocalInternetDomainAliases")]
        names.update(name for name in (primary, *aliases) if name)
        if primary:
            primary_of.update((alias, primary) for alias in aliases if alias != primary)
    return LocalDomains(frozenset(names), primary_of)
