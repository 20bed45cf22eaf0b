# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a mail domain: their addresses, the names of these, the name in HELO, and what SPF says about them."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ansible_collections.opendomino.mail.plugins.plugin_utils import _spf
from ansible_collections.opendomino.mail.plugins.plugin_utils._finding import (
    INFO,
    RECOMMENDED,
    REQUIRED,
    Finding,
    Report,
    failures,
    lookup_failed,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_exchangers import ADDRESS_TYPES, host_name
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Ask
from ansible_collections.opendomino.mail.plugins.plugin_utils._spf import Result
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import record_line, shown, visible

ADDRESSES = 20  # published addresses of a host that are looked into
NAMES = 10  # names of an address that are looked into

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True)
class Host:
    """A mail host as it should be. `addresses` are those it sends from; without any, the published ones count."""

    name: str
    addresses: tuple[str, ...] = ()
    helo: str = ""
    receives: bool = True
    sends: bool = True


@dataclass(frozen=True)
class Found:
    """A host as DNS has it."""

    answers: tuple[Answer, ...]
    published: tuple[str, ...]
    is_alias: bool = field(default=False)

    @property
    def unanswered(self) -> list[Answer]:
        """Return the answers that are missing."""
        return [answer for answer in self.answers if not answer.status.is_final]


async def look_up(ask: Ask, name: str) -> Found:
    """Look up the addresses of a host."""
    answers = await asyncio.gather(*(ask(name, rdtype) for rdtype in ADDRESS_TYPES))
    published = dict.fromkeys(str(record.address) for answer in answers for record in answer.records)
    return Found(tuple(answers), tuple(map(_normal, published)), any(answer.is_alias for answer in answers))


async def check(ask: Ask, hosts: Sequence[Host]) -> Report:
    """Judge A, AAAA, PTR and HELO of each host."""
    judged = await asyncio.gather(*(_check_host(ask, host) for host in hosts))
    facts = [fact for report in judged for fact in report.facts.get("hosts", [])]
    findings = tuple(finding for report in judged for finding in report.findings)
    return Report(findings, {"hosts": facts} if facts else {})


async def check_spf(ask: Ask, domain: str, hosts: Sequence[Host]) -> Report:
    """Judge the SPF record of a domain, and what it says about each address of the hosts that send."""
    whole = await _spf.check(ask, None, domain)
    senders = [host for host in hosts if host.sends]
    if whole.problem == "unanswered" and whole.answer is not None:
        return Report((lookup_failed(whole.answer),), {"spf": visible(whole.record) or None})
    addresses = await asyncio.gather(*(_addresses(ask, host) for host in senders))
    pairs = [(host, address) for host, found in zip(senders, addresses, strict=True) for address in found]
    if whole.result is Result.NONE:
        return Report((_spf_missing(domain, [address for _host, address in pairs], required=bool(senders)),))
    verdicts = await asyncio.gather(
        *(_spf.check(ask, ipaddress.ip_address(address), domain, host.helo or host.name) for host, address in pairs)
    )
    wanting = [address for (_host, address), verdict in zip(pairs, verdicts, strict=True) if _is_wanting(verdict)]
    mended = "" if whole.problem else _mended(whole.record, wanting)
    findings = _about_record(domain, whole, mended)
    findings += [
        _not_pass(domain, host, address, verdict, mended)
        for (host, address), verdict in zip(pairs, verdicts, strict=True)
        if _is_wanting(verdict)
    ]
    findings += [lookup_failed(v.answer) for v in verdicts if v.problem == "unanswered" and v.answer is not None]
    results = {address: verdict.result.value for (_host, address), verdict in zip(pairs, verdicts, strict=True)}
    facts = {"spf": visible(whole.record), "spf_lookups": whole.lookups, "spf_results": results}
    return Report(tuple(dict.fromkeys(findings)), facts)


async def _check_host(ask: Ask, host: Host) -> Report:
    found = await look_up(ask, host.name)
    addresses = tuple(dict.fromkeys([*host.addresses, *found.published[:ADDRESSES]]))
    pointers = await asyncio.gather(*(_check_pointer(ask, host, address) for address in addresses))
    findings = [
        *failures(found.answers, host.name),
        *_about_addresses(host, found),
        *(finding for about, _names in pointers for finding in about),
        *await _about_helo(ask, host, addresses),
    ]
    names = {address: names for address, (_findings, names) in zip(addresses, pointers, strict=True)}
    fact = {"name": host.name, "addresses": list(found.published[:ADDRESSES]), "ptr": names}
    return Report(tuple(findings), {"hosts": [fact]})


def _about_addresses(host: Host, found: Found) -> list[Finding]:
    findings = []
    lines = tuple(_address_line(host.name, address) for address in host.addresses)
    if not found.published and not found.unanswered:
        findings.append(
            Finding(
                "host_address_missing",
                REQUIRED,
                f"{host.name} has no address ({found.answers[0].attempts[-1]}).",
                "An A or AAAA record; others find the host, and check its name, by it.",
                "Publish the records.",
                host.name,
                lines or (record_line(host.name, "A", "<address>"),),
            )
        )
    elif found.published and host.addresses:
        asked = {answer.rdtype for answer in found.answers if answer.status.is_final}
        missing = [a for a in host.addresses if a not in found.published and _rdtype(a) in asked]
        others = [a for a in found.published if a not in host.addresses]
        if missing or others:
            findings.append(
                Finding(
                    "host_address_differs",
                    REQUIRED if missing else RECOMMENDED,
                    f"{host.name} has the addresses {', '.join(found.published[:ADDRESSES])}.",
                    f"The addresses {', '.join(host.addresses)}.",
                    "Replace the A and AAAA records of the host by these.",
                    host.name,
                    lines,
                )
            )
    if found.is_alias:
        target = next(answer.canonical for answer in found.answers if answer.is_alias)
        findings.append(
            Finding(
                "host_alias",
                RECOMMENDED,
                f"{host.name} is an alias (CNAME) of {target}.",
                "A host name with addresses of its own; mail exchangers and names in HELO must not be aliases.",
                "Replace the CNAME record by these.",
                host.name,
                tuple(_address_line(host.name, address) for address in found.published[:ADDRESSES]),
            )
        )
    return findings


async def _check_pointer(ask: Ask, host: Host, address: str) -> tuple[list[Finding], list[str]]:
    """Judge the PTR records of an address: they exist, name the host, and lead back."""
    reverse = ipaddress.ip_address(address).reverse_pointer
    answer = await ask(reverse, "PTR")
    if not answer.status.is_final:
        return [lookup_failed(answer, host.name)], []
    names = [host_name(record.target) for record in answer.records][:NAMES]
    lines = (record_line(reverse, "PTR", f"{host.name}."),)
    ask_owner = "Publish the record, or have the owner of the address publish it."
    if not names:
        text = f"The address {address} of {host.name} has no PTR record."
        wanted = f"A PTR record that names {host.name}; many receivers refuse mail without."
        return [Finding("ptr_missing", REQUIRED, text, wanted, ask_owner, host.name, lines)], []
    forward = await asyncio.gather(*(look_up(ask, name) for name in names))
    confirmed = [name for name, found in zip(names, forward, strict=True) if address in found.published]
    unanswered = [answer for found in forward for answer in found.unanswered]
    if not confirmed and unanswered:
        return [lookup_failed(unanswered[0], host.name)], names
    if not confirmed:
        text = f"The address {address} of {host.name} has the name {', '.join(names)}, which does not lead back to it."
        wanted = "A PTR record whose name has that address (forward-confirmed reverse DNS)."
        return [Finding("ptr_not_confirmed", REQUIRED, text, wanted, ask_owner, host.name, lines)], names
    findings = []
    if host.name not in names:
        text = f"The address {address} has the name {', '.join(names)}."
        wanted = f"The name {host.name}; receivers compare it with the name in HELO."
        findings.append(Finding("ptr_other_name", RECOMMENDED, text, wanted, ask_owner, host.name, lines))
    if len(answer.records) > 1:
        text = f"The address {address} has {len(answer.records)} names: {', '.join(names)}."
        wanted = "One PTR record; receivers take any of several."
        findings.append(Finding("ptr_several", INFO, text, wanted, "Remove the others.", host.name, lines))
    return findings, names


async def _about_helo(ask: Ask, host: Host, addresses: Iterable[str]) -> list[Finding]:
    """Judge the name in HELO: the host's own, of several labels, and with the host's address."""
    helo = host.helo or host.name
    labels = helo.split(".")
    if len(labels) < 2 or len(helo) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return [
            Finding(
                "helo_invalid",
                REQUIRED,
                f"{host.name} says HELO {shown(helo)}, which is no fully qualified host name.",
                f"HELO {host.name} (RFC 5321 section 4.1.1.1).",
                f"Set the host name in the Server document to {host.name}.",
                host.name,
            )
        ]
    findings = []
    if helo != host.name:
        findings.append(
            Finding(
                "helo_differs",
                REQUIRED,
                f"{host.name} says HELO {helo}.",
                f"HELO {host.name}, the name that address and PTR records have.",
                f"Set the host name in the Server document to {host.name}, or give that name to the host in DNS.",
                host.name,
            )
        )
        found = await look_up(ask, helo)
        findings += failures(found.answers, host.name)
        if not found.unanswered and not set(found.published) & set(addresses):
            findings.append(
                Finding(
                    "helo_address",
                    RECOMMENDED,
                    f"{helo}, which {host.name} says in HELO, has the address "
                    f"{', '.join(found.published[:ADDRESSES]) or 'none'}.",
                    "A name with an address of the host.",
                    "Publish the records, or change the name.",
                    host.name,
                    tuple(_address_line(helo, address) for address in addresses),
                )
            )
    return findings


async def _addresses(ask: Ask, host: Host) -> tuple[str, ...]:
    return host.addresses or (await look_up(ask, host.name)).published[:ADDRESSES]


def _is_wanting(verdict: _spf.Verdict) -> bool:
    """Say whether an address does not pass for a reason of its own."""
    return not verdict.problem and verdict.result is not Result.PASS


def _spf_missing(domain: str, addresses: Sequence[str], *, required: bool) -> Finding:
    record = " ".join(["v=spf1", *map(_mechanism, dict.fromkeys(addresses)), "-all"])
    return Finding(
        "spf_missing",
        REQUIRED if required else RECOMMENDED,
        f"{domain} has no SPF record.",
        "An SPF record that names all that send mail in the domain's name"
        + ("." if required else ", or v=spf1 -all where nothing does."),
        "Publish the record, completed by whatever else sends for the domain.",
        records=(record_line(domain, "TXT", record),),
    )


def _about_record(domain: str, whole: _spf.Verdict, mended: str) -> list[Finding]:
    """Judge the record whatever the address; `mended` is how it should be."""
    found = (
        f"The SPF record of {domain} is no use: {whole.text}. Receivers see a permanent error (RFC 7208 section 2.6.7)."
    )
    if whole.problem:
        wanted, remedy = {
            "multiple": ("Exactly one SPF record.", "Merge the records into one, and remove the others."),
            "syntax": ("A record as RFC 7208 section 12 has it.", "Correct the term."),
            "lookups": (
                f"At most {_spf.LOOKUPS} terms that ask DNS, those of included records among them.",
                "Name addresses (ip4, ip6) in place of include, a and mx, and remove what nobody uses.",
            ),
            "voids": (f"At most {_spf.VOIDS} lookups that find nothing.", "Remove the terms that name nothing."),
            "names": (f"At most {_spf.NAMES} mail exchangers behind mx.", "Name the addresses (ip4, ip6) instead."),
            "nothing": ("An SPF record at each name that include and redirect lead to.", "Remove the term."),
        }[whole.problem]
        return [Finding(f"spf_{_PROBLEM_IDS[whole.problem]}", REQUIRED, found, wanted, remedy)]
    findings = []
    terms = _spf.parse(whole.record)
    final = next((term for term in terms if term.name == "all"), None)
    if final and final.qualifier == "+":
        text = f"The SPF record of {domain} lets everybody send (+all)."
        findings.append(_change(domain, "spf_all_pass", REQUIRED, text, "-all or ~all at the end.", mended))
    elif _is_open(terms):
        text = f"The SPF record of {domain} says nothing about all other addresses."
        findings.append(_change(domain, "spf_open", RECOMMENDED, text, "-all or ~all at the end.", mended))
    if any(term.name == "ptr" for term in terms):
        text = f"The SPF record of {domain} uses ptr, which RFC 7208 section 5.5 advises against."
        findings.append(_change(domain, "spf_ptr", RECOMMENDED, text, "ip4, ip6, a or mx.", mended))
    return findings


def _is_open(terms: Sequence[_spf.Term]) -> bool:
    """Say whether an address that matches no term gets the result neutral."""
    final = next((term for term in terms if term.name == "all"), None)
    return final.qualifier == "?" if final else all(term.name != "redirect" for term in terms)


_PROBLEM_IDS = {
    "multiple": "multiple",
    "syntax": "invalid",
    "lookups": "lookups",
    "voids": "voids",
    "names": "names",
    "nothing": "include_missing",
}


def _change(domain: str, finding: str, severity: str, found: str, wanted: str, record: str) -> Finding:
    line = record_line(domain, "TXT", record)
    return Finding(finding, severity, found, wanted, "Publish the record in place of the present one.", records=(line,))


def _not_pass(domain: str, host: Host, address: str, verdict: _spf.Verdict, record: str) -> Finding:
    by = f" by {shown(verdict.term)}" if verdict.term else ""
    return Finding(
        "spf_not_pass",
        REQUIRED,
        f"SPF of {domain} says {verdict.result.value}{by} about the address {address} of {host.name}.",
        "pass for each address that sends.",
        "Publish the record in place of the present one.",
        host.name,
        (record_line(domain, "TXT", record),),
    )


def _mended(record: str, addresses: Iterable[str]) -> str:
    """Return a valid record with all that was found mended: addresses added, no ptr, and an end."""
    terms = _spf.parse(record)
    kept = [term for term in terms if term.name != "ptr"]
    if _is_open(kept) or any(term.name == "all" and term.qualifier == "+" for term in kept):
        end = ["-all"]
        kept = [term for term in kept if term.name != "all"]
    else:
        end = []
    modifiers = [term.text for term in kept if not term.qualifier]
    mechanisms = [term.text for term in kept if term.qualifier]
    return " ".join(["v=spf1", *map(_mechanism, dict.fromkeys(addresses)), *mechanisms, *end, *modifiers])


def _mechanism(address: str) -> str:
    return f"ip6:{address}" if ":" in address else f"ip4:{address}"


def _rdtype(address: str) -> str:
    return "AAAA" if ":" in address else "A"


def _address_line(name: str, address: str) -> str:
    return record_line(name, _rdtype(address), address)


def _normal(address: str) -> str:
    return str(ipaddress.ip_address(address))
