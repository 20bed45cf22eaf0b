# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who receives mail for a domain, by the rules of RFC 5321 section 5.1 and RFC 7505.

`find` asks, `evaluate` judges; what `evaluate` says depends on the DNS answers alone.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Ask, Attempt, Status

ADDRESS_TYPES = ("A", "AAAA")

#: Letters that IDNA 2003 and IDNA 2008 (RFC 5891) turn into different names, both of which can be registered.
_DEVIATIONS = "ßẞς\u200c\u200d"
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")

#: What to do about each outcome that says nothing about the domain, and the two that do.
REMEDIES = {
    Status.NXDOMAIN: "Correct the name, or create it in DNS.",
    Status.NODATA: "Publish an MX record for it.",
    Status.SERVFAIL: "The nameserver could not find out: look at the nameservers and the DNSSEC chain of the domain, "
    "or ask other nameservers.",
    Status.REFUSED: "The nameserver does not serve this client: allow it there, or ask other nameservers.",
    Status.TIMEOUT: "Check that the nameserver runs and that port and firewall let UDP and TCP through, "
    "or allow a longer timeout.",
    Status.NETWORK: "Check address and port of the nameserver and the route to it.",
    Status.REFERRAL: "This nameserver serves only its own zones: ask one that resolves all names.",
    Status.MALFORMED: "Check that what listens there is a nameserver, or ask another.",
    Status.RCODE: "Look at the nameserver's log, or ask another.",
}


@dataclass(frozen=True)
class Exchanger:
    """One host that receives mail. `problem` is empty, or a code whose sentence is in `text`."""

    preference: int
    name: str  # lower case, without final dot; `.` for a null MX
    addresses: tuple[str, ...] = ()
    problem: str = ""  # null, address_literal, cname, unresolvable, incomplete
    text: str = ""


@dataclass(frozen=True)
class Failure:
    """Why nothing can be said about a domain."""

    reason: Status
    text: str


@dataclass(frozen=True)
class MailExchangers:
    """The answer for one domain. `status` is found, implicit, null_mx or error."""

    domain: str
    status: str
    exchangers: tuple[Exchanger, ...] = ()
    failure: Failure | None = None
    answers: tuple[Answer, ...] = ()  # MX first

    def as_dict(self, *, full: bool = False) -> dict[str, Any]:
        """Return the shape that the lookup documents."""
        details = {"dns": [answer.as_dict() for answer in self.answers]} if full else {}
        return {
            "domain": self.domain,
            "status": self.status,
            "exchangers": [
                {
                    "preference": exchanger.preference,
                    "name": exchanger.name,
                    "addresses": list(exchanger.addresses),
                    "problem": exchanger.problem or None,
                }
                for exchanger in self.exchangers
            ],
            "names": [exchanger.name for exchanger in self.exchangers if exchanger.problem != "null"],
            "addresses": list(dict.fromkeys(a for exchanger in self.exchangers for a in exchanger.addresses)),
            "problems": [exchanger.text for exchanger in self.exchangers if exchanger.problem],
            "error": self.failure.text if self.failure else None,
            "reason": self.failure.reason.value if self.failure else None,
            **details,
        }


def domain_name(text: str) -> str:
    """Return a mail domain in the form that DNS has, A-labels in lower case; raises ValueError with a sentence."""
    if "@" in text:
        raise ValueError(f"{text!r} is a mail address, not a domain. Give only what stands after the @.")
    if is_address(text.strip("[]")):
        raise ValueError(f"{text!r} is an IP address, not a domain. An address literal has no mail exchangers.")
    if any(letter in text for letter in _DEVIATIONS):
        raise ValueError(
            f"{text!r} has letters that two versions of IDNA translate differently. Give the domain in its ASCII form "
            "(xn--...)."
        )
    try:
        name = text.encode("idna").decode("ascii").lower()
    except UnicodeError as exc:
        reason = str(exc.__cause__ or exc)
        raise ValueError(f"{text!r} is not a domain name ({reason}). Correct it.") from exc
    name = name[:-1] if name.endswith(".") else name
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(
            f"{text!r} is not a domain name. Its labels are letters, digits and hyphens, at most 63 of them, "
            "with single dots between the labels."
        )
    return name


async def find_first(ask: Ask, domains: Sequence[str], *, addresses: bool = True) -> MailExchangers:
    """Find the mail exchangers of the first of some domains that exists, or say that the last one does not."""
    for domain in domains[:-1]:
        found = await find(ask, domain, addresses=addresses)
        if found.failure is None or found.failure.reason is not Status.NXDOMAIN:
            return found
    return await find(ask, domains[-1], addresses=addresses)


async def find(ask: Ask, domain: str, *, addresses: bool = True) -> MailExchangers:
    """Ask for the mail exchangers of a domain, as `domain_name` returns it, and for their addresses."""
    mx = await ask(domain, "MX")
    hosts: Iterable[str] = ()
    if mx.status is Status.NODATA:
        hosts = [mx.canonical]
    elif addresses:
        hosts = dict.fromkeys(host for _preference, host in targets(mx) if host != "." and not is_address(host))
    questions = [(host, rdtype) for host in hosts for rdtype in ADDRESS_TYPES]
    answers = await asyncio.gather(*(ask(*question) for question in questions))
    found = evaluate(domain, mx, dict(zip(questions, answers, strict=True)))
    return replace(found, answers=(mx, *answers))


def evaluate(domain: str, mx: Answer, addresses: Mapping[tuple[str, str], Answer]) -> MailExchangers:
    """Judge a domain by its MX answer and the address answers, by (host, type).

    A host without address answers is not judged by its addresses.
    """
    if mx.status is Status.NODATA:
        return _implicit(domain, mx, addresses)
    if mx.status is not Status.ANSWER:
        return _failed(domain, "MX records", mx)
    receivers = targets(mx)
    if [host for _preference, host in receivers] == ["."]:
        return MailExchangers(domain, "null_mx")
    exchangers = []
    for preference, host in receivers:
        asked = [addresses[host, rdtype] for rdtype in ADDRESS_TYPES if (host, rdtype) in addresses]
        unanswered = [answer for answer in asked if not answer.status.is_final]
        if unanswered and not any(answer.records for answer in asked):
            return _failed(domain, f"addresses of its mail exchanger {host}", unanswered[0])
        exchangers.append(_exchanger(domain, preference, host, asked))
    return MailExchangers(domain, "found", tuple(exchangers))


def _implicit(domain: str, mx: Answer, addresses: Mapping[tuple[str, str], Answer]) -> MailExchangers:
    """Without MX the host of the same name receives the mail, where it has an address (RFC 5321 section 5.1)."""
    asked = [addresses[mx.canonical, rdtype] for rdtype in ADDRESS_TYPES]
    if any(answer.records for answer in asked):
        # That the domain is an alias is no fault here: RFC 5321 processes the name that it leads to.
        exchanger = Exchanger(0, mx.canonical, addresses_of(asked))
        return MailExchangers(domain, "implicit", (exchanger,))
    unanswered = [answer for answer in asked if not answer.status.is_final]
    if unanswered:
        return _failed(domain, "addresses (it has no MX record)", unanswered[0])
    text = f"{domain}: it has neither MX nor address records ({mx.server} says so). {REMEDIES[Status.NODATA]}"
    return MailExchangers(domain, "error", failure=Failure(Status.NODATA, text))


def _failed(domain: str, what: str, answer: Answer) -> MailExchangers:
    if answer.status is Status.NXDOMAIN:
        text = f"{domain}: the domain does not exist (NXDOMAIN, {answer.server} says so)."
    else:
        text = f"{domain}: {what} cannot be looked up ({describe(answer.attempts)})."
    return MailExchangers(domain, "error", failure=Failure(answer.status, f"{text} {REMEDIES[answer.status]}"))


def _exchanger(domain: str, preference: int, host: str, asked: Sequence[Answer]) -> Exchanger:
    problem, text = host_problem(host, asked)
    record = f"{domain}: MX {preference} {host}"
    return Exchanger(preference, host, addresses_of(asked), problem, f"{record} {text}" if problem else "")


def host_problem(host: str, asked: Sequence[Answer]) -> tuple[str, str]:
    """Return what is wrong with a host in an MX record: a code, and what to say after the record."""
    if host == ".":
        return "null", (
            "says that the domain receives no mail, beside records that say it does (RFC 7505 section 3). "
            "Remove one or the other."
        )
    if is_address(host):
        return "address_literal", (
            "names an IP address, and has to name a host (RFC 1035 section 3.3.9). "
            "Give the address a name, and name that."
        )
    if asked and not any(answer.records for answer in asked):
        return "unresolvable", (
            f"has no address ({describe(answer.attempts[-1] for answer in asked)}). "
            "Publish an A or AAAA record for it, or remove the MX record."
        )
    aliases = [answer.canonical for answer in asked if answer.is_alias]
    if aliases:
        return "cname", (
            f"is an alias (CNAME) of {aliases[0]}, and must not be one (RFC 2181 section 10.3). Name the host itself."
        )
    unanswered = [answer for answer in asked if not answer.status.is_final]
    if unanswered:
        return "incomplete", (
            f"may have more addresses: its {unanswered[0].rdtype} records cannot be looked up "
            f"({describe(unanswered[0].attempts)}). {REMEDIES[unanswered[0].status]}"
        )
    return "", ""


def targets(mx: Answer) -> list[tuple[int, str]]:
    """Return (preference, host) in the order in which a sender tries them; equal preferences by name."""
    return sorted((int(record.preference), host_name(record.exchange)) for record in mx.records)


def host_name(name: Any) -> str:
    """Return a dns.name.Name in lower case without final dot; the root is `.`."""
    return str(name.to_text(omit_final_dot=True)).lower()


def addresses_of(asked: Iterable[Answer]) -> tuple[str, ...]:
    """Return the addresses of address answers, in their order."""
    return tuple(address for answer in asked for address in sorted(str(record.address) for record in answer.records))


def describe(attempts: Iterable[Attempt]) -> str:
    """Say what servers said, each thing once."""
    described = []
    for text, same in groupby(attempts, key=str):
        count = len(list(same))
        described.append(text if count == 1 else f"{text}, {count} times")
    return "; ".join(described)


def is_address(text: str) -> bool:
    """Say whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
