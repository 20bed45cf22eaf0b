# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where mail for an Internet domain goes, and which names an address has: the lab's questions to DNS."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.asyncresolver
import dns.exception
import dns.resolver
import dns.reversename

if TYPE_CHECKING:
    from dns.rdtypes.ANY.MX import MX

_LIFETIME = 5.0  # seconds for one question with its retries


class NoExchanger(Exception):  # noqa: N818 - a finding about the domain
    """The domain takes no mail: no such name, neither MX nor address, or a null MX (RFC 7505)."""


class DnsUnavailable(Exception):  # noqa: N818 - a finding about the resolver
    """The resolver does not answer, or cannot."""


@dataclass(frozen=True)
class Exchanger:
    """A host that takes mail for a domain."""

    preference: int
    host_name: str  # without the final dot
    addresses: tuple[str, ...]  # IPv4; empty where the name has none


class Resolver:
    """Asks one DNS server."""

    def __init__(self, address: str, port: int) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers = [address]
        self._resolver.port = port
        self._resolver.lifetime = _LIFETIME

    async def exchangers(self, domain: str) -> list[Exchanger]:
        """Return the exchangers of a domain, lowest preference first, equals in random order.

        Without MX the domain's own address counts (RFC 5321 section 5.1). Raises NoExchanger and DnsUnavailable.
        """
        try:
            answer = await self._resolver.resolve(domain, "MX", search=False)
        except dns.resolver.NXDOMAIN as exc:
            raise NoExchanger(str(exc)) from exc
        except dns.resolver.NoAnswer as exc:
            addresses = await self.addresses(domain)
            if not addresses:
                raise NoExchanger(str(exc)) from exc
            return [Exchanger(0, domain, addresses)]
        except dns.exception.DNSException as exc:
            raise DnsUnavailable(str(exc)) from exc
        records: list[MX] = list(answer)
        random.shuffle(records)
        found = [
            Exchanger(record.preference, name, await self.addresses(name))
            for record in sorted(records, key=lambda record: record.preference)
            if (name := record.exchange.to_text(omit_final_dot=True)) != "."
        ]
        if not found:
            raise NoExchanger(f"{domain} has a null MX record")
        return found

    async def addresses(self, host_name: str) -> tuple[str, ...]:
        """Return the IPv4 addresses of a name, none where it has none; raises DnsUnavailable."""
        try:
            answer = await self._resolver.resolve(host_name, "A", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as exc:
            raise DnsUnavailable(str(exc)) from exc
        return tuple(record.to_text() for record in answer)

    async def host_names(self, address: str) -> tuple[str, ...]:
        """Return the names that an address resolves back to, none where it has none or nobody answers."""
        try:
            answer = await self._resolver.resolve(dns.reversename.from_address(address), "PTR", search=False)
        except dns.exception.DNSException:
            return ()
        return tuple(record.target.to_text(omit_final_dot=True) for record in answer)
