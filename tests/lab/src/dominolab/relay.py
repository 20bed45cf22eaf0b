# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May this host send mail through the server to a domain that is not local? Section 7 of the behaviour table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dominolab.domains import LocalDomains


class Enforcement(Enum):
    """Perform Anti-Relay enforcement for these connecting hosts."""

    ALL = "all connecting hosts"
    EXTERNAL = "external hosts"
    NONE = "none"


@dataclass(frozen=True)
class ConnectingHost:
    """Who connects: its address, and the names that the address resolves back to."""

    address: str
    names: tuple[str, ...] = ()
    authenticated: bool = False

    def is_internal(self, domains: LocalDomains) -> bool:
        """Say whether a name is in a local Internet domain; a host without a PTR record is external [7.2]."""
        return any(
            ".".join(labels[start:]) in domains
            for labels in (name.rstrip(".").lower().split(".") for name in self.names)
            for start in range(len(labels))
        )


@dataclass(frozen=True)
class RelayControls:
    """The fields of SMTP Inbound Controls that decide about relays.

    Their item names are not known publicly, so no document can set them in the lab. The defaults make a server that is
    closed to external hosts, as release 6 and later are [7.9]; which fields make it so is assumed.
    """

    allow_destinations: tuple[str, ...] = ()
    deny_destinations: tuple[str, ...] = ("*",)
    allow_hosts: tuple[str, ...] = ()
    deny_hosts: tuple[str, ...] = ()
    enforcement: Enforcement = Enforcement.EXTERNAL
    excluded_hosts: tuple[str, ...] = ()
    authenticated_users_may_relay: bool = True
    deny_wins: bool = False  # notes.ini SMTPRelayHostsandDomains=1 [7.7]
    all_hosts_external: bool = False  # notes.ini SMTPAllHostsExternal=1 [7.3]


class _Word(Enum):
    DENIED = "denied"
    ALLOWED_EXPLICITLY = "allowed explicitly"
    ALLOWED = "allowed"


def may_relay(domain: str, host: ConnectingHost, domains: LocalDomains, controls: RelayControls) -> bool:
    """Decide about one recipient whose domain is not local [7.1, 7.4-7.7]."""
    if _host_is_listed(host, controls.excluded_hosts) or controls.enforcement is Enforcement.NONE:
        return True
    external_only = controls.enforcement is Enforcement.EXTERNAL and not controls.all_hosts_external
    if external_only and host.is_internal(domains):
        return True
    if host.authenticated and controls.authenticated_users_may_relay:
        return True
    words = (
        _word(
            _domain_is_listed(domain, controls.allow_destinations),
            _domain_is_listed(domain, controls.deny_destinations),
            controls.allow_destinations,
        ),
        _word(
            _host_is_listed(host, controls.allow_hosts),
            _host_is_listed(host, controls.deny_hosts),
            controls.allow_hosts,
        ),
    )
    if not controls.deny_wins and _Word.ALLOWED_EXPLICITLY in words:
        return True
    return _Word.DENIED not in words


def _word(allowed: bool, denied: bool, allow_list: tuple[str, ...]) -> _Word:
    """Judge one dimension [7.4, 7.5]: in both lists is denied; an allow list denies what it does not name."""
    if denied:
        return _Word.DENIED
    if allowed:
        return _Word.ALLOWED_EXPLICITLY
    return _Word.DENIED if allow_list else _Word.ALLOWED


def _domain_is_listed(domain: str, entries: Iterable[str]) -> bool:
    """Match a destination [7.11]: `*`, `@example.com` exactly, `example.com` as a suffix of whole labels."""
    return any(
        entry == "*" or (domain.lower() == entry[1:].lower() if entry.startswith("@") else _has_suffix(domain, entry))
        for entry in entries
    )


def _host_is_listed(host: ConnectingHost, entries: Iterable[str]) -> bool:
    """Match a source [7.11]: `*`, `[1.2.3.4]`, a suffix of a host name."""
    return any(
        entry in ("*", f"[{host.address}]") or any(_has_suffix(name, entry) for name in host.names) for entry in entries
    )


def _has_suffix(name: str, entry: str) -> bool:
    """Say whether a name is an entry or below it, whole labels only (assumed)."""
    return f".{name.rstrip('.').lower()}".endswith(f".{entry.lstrip('.').lower()}")
