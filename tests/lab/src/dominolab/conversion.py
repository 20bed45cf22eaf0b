# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a Notes address to an Internet address, for the sender and every Notes address in headers of outbound mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dominolab.domains import internet_global_domains, parent_domain
from dominolab.notes_names import abbreviated, common_name, is_internet_address, notes_domains
from dominolab.recipients import find_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dominolab.contract import Document

# The items of the Global Domain document below are unconfirmed names; what holds where they are missing is assumed
# from the constructed addresses that help shows.
_FULL_NAME, _COMMON_NAME, _SHORT_NAME = "0", "1", "2"  # SMTPLocalPart
_NO_DOMAIN, _ONE_DOMAIN = "0", "1"  # SMTPNotesDomainIncluded; "99" means all
_RIGHT_OF_AT = "2"  # SMTPNotesDomainPos
_NAME_AND_ADDRESS = "2"  # SMTP822Format


@dataclass(frozen=True)
class Rules:
    """How Notes addresses become Internet addresses."""

    suffix: str  # what stands right of the @
    lookup: bool = False
    local_part: str = _FULL_NAME
    domains_included: str = _ONE_DOMAIN
    domain_position: str = "1"
    separator: str = "%"
    address_format: str = "1"


def conversion_rules(global_domains: Sequence[Document], host_name: str) -> Rules:
    """Choose the rules that hold.

    The default Global Domain document decides, the others are ignored [4.5]; a single one needs no mark. Of several
    without a default the alphabetically last gives the rules, but the suffix is the domain of the host name [4.6, 5.7].
    Without a document nothing is looked up (assumed), as the Configuration document's own field is not known publicly
    [5.4].
    """
    documents = internet_global_domains(global_domains)
    host_domain = parent_domain(host_name)
    if not documents:
        return Rules(host_domain)
    default = next((document for document in documents if document.text("DefaultGlobalDomain") == "1"), None)
    if default is None and len(documents) == 1:
        default = documents[0]
    document = default or documents[-1]
    suffix = default.text("LocalPrimaryInternetDomain").lower() if default else host_domain
    return Rules(
        suffix=suffix or host_domain,
        lookup=document.text("SMTPAddrLookup") == "1",
        local_part=document.text("SMTPLocalPart") or _FULL_NAME,
        domains_included=document.text("SMTPNotesDomainIncluded") or _ONE_DOMAIN,
        domain_position=document.text("SMTPNotesDomainPos") or "1",
        separator=document.text("SMTPNotesDomainSepChar") or "%",
        address_format=document.text("SMTP822Format") or "1",
    )


def internet_address(name: str, notes_domain: str, rules: Rules, people: Sequence[Document]) -> str:
    """Return the Internet address of a Notes address.

    If lookup is enabled, the Person document's InternetAddress [5.3]; only if lookup is off or finds nothing, an
    address made by the rules [5.5]. An Internet address is returned as it is.
    """
    if is_internet_address(name):
        return name
    plain, domains = notes_domains(name)
    matches = find_name(plain, people)
    person = matches[0] if len(matches) == 1 else None
    if rules.lookup and person and person.text("InternetAddress"):
        return person.text("InternetAddress")
    return _construct(plain, domains or (notes_domain,), rules, person)


def from_header(name: str, address: str, rules: Rules) -> str:
    """Return a sender for the From header: the address alone, or `"Name" <address>` [5.10]."""
    if rules.address_format == _NAME_AND_ADDRESS and not is_internet_address(name):
        return f'"{common_name(notes_domains(name)[0])}" <{address}>'
    return address


def convert_addresses(header: str, notes_domain: str, rules: Rules, people: Sequence[Document]) -> str:
    """Convert every Notes address in the value of an address header; anything else stays as it is."""
    if '"' in header or "<" in header:
        return header  # what has display names was not written with Notes addresses
    addresses = [part.strip() for part in header.split(",") if part.strip()]
    return ", ".join(internet_address(address, notes_domain, rules, people) for address in addresses)


def _construct(name: str, domains: tuple[str, ...], rules: Rules, person: Document | None) -> str:
    """Build an address: blanks become `_`, `@` becomes `%`, then the Notes domains, then the suffix [5.6-5.9]."""
    local_part = abbreviated(name)
    if rules.local_part == _COMMON_NAME:
        local_part = common_name(name)
    elif rules.local_part == _SHORT_NAME and person and person.text("ShortName"):
        local_part = person.text("ShortName")
    if rules.domains_included == _NO_DOMAIN:
        domains = ()
    elif rules.domains_included == _ONE_DOMAIN:
        domains = domains[:1]
    domains = tuple(domain.replace(" ", "_") for domain in domains)
    local_part = local_part.replace(" ", "_").replace("@", "%")
    if rules.domain_position == _RIGHT_OF_AT:
        return f"{local_part}@{'.'.join((*domains, rules.suffix))}"
    return f"{rules.separator.join((local_part, *domains))}@{rules.suffix}"
