# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of mail domains and their hosts, of all that DNS has to say about them.

Each check asks what it needs and judges the answers; all checks of all domains run side by side, and the resolver asks
each question once. What a check says depends on the answers alone.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.opendomino.mail.plugins.plugin_utils import _dane, _dkim, _dmarc, _mail_hosts, _mta_sts
from ansible_collections.opendomino.mail.plugins.plugin_utils._finding import (
    RECOMMENDED,
    REQUIRED,
    Finding,
    Report,
    failures,
    lookup_failed,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_exchangers import (
    ADDRESS_TYPES,
    addresses_of,
    domain_name,
    host_problem,
    is_address,
    targets,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_hosts import Host
from ansible_collections.opendomino.mail.plugins.plugin_utils._network import Network
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Ask, Status
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import record_line

CHECKS = ("mx", "hosts", "spf", "dkim", "dmarc", "mta_sts", "tls_rpt", "tlsa")
EXCHANGERS = 50  # mail exchangers of a domain that are looked into; nobody needs more
SEVERITIES = {"required": 0, "recommended": 1, "info": 2}

_PROBLEMS = {
    "null": "mx_null_beside_others",
    "address_literal": "mx_address_literal",
    "cname": "mx_alias",
    "unresolvable": "mx_unresolvable",
}


@dataclass(frozen=True)
class Domain:
    """A domain to audit."""

    name: str
    hosts: tuple[Host, ...] = ()
    dkim_selectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What to look at. `probe` connects to mail exchangers."""

    checks: Collection[str] = CHECKS
    probe: bool = False


async def audit(ask: Ask, network: Network, domain: Domain, plan: Plan) -> dict[str, Any]:
    """Audit one domain; returns the dictionary that the lookup documents."""
    mx = await ask(domain.name, "MX")
    if mx.status is Status.NXDOMAIN:
        hosts = domain.hosts if "hosts" in plan.checks else ()
        reports = {"mx": Report((_no_domain(domain.name),)), "hosts": await _mail_hosts.check(ask, hosts)}
    else:
        reports = await _reports(ask, network, domain, plan, mx)
    findings = [
        finding.as_dict(domain.name, check)
        for check in CHECKS
        if check in reports
        for finding in reports[check].findings
    ]
    findings.sort(key=lambda finding: SEVERITIES[finding["severity"]])
    records = {name: value for check in CHECKS if check in reports for name, value in reports[check].facts.items()}
    return {
        "domain": domain.name,
        "ok": not any(finding["severity"] == REQUIRED for finding in findings),
        "findings": findings,
        "records": records,
    }


async def _reports(ask: Ask, network: Network, domain: Domain, plan: Plan, mx: Answer) -> dict[str, Report]:
    name = domain.name
    receivers = targets(mx)[:EXCHANGERS]
    names = [host for _preference, host in receivers if host != "." and not is_address(host)]
    prober = network if plan.probe else None
    checks: Mapping[str, Coroutine[Any, Any, Report]] = {
        "mx": _check_mx(ask, prober, domain, mx, receivers),
        "hosts": _mail_hosts.check(ask, domain.hosts),
        "spf": _mail_hosts.check_spf(ask, name, domain.hosts),
        "dkim": _dkim.check(ask, name, domain.dkim_selectors),
        "dmarc": _dmarc.check(ask, name),
        "mta_sts": _mta_sts.check(ask, network, name, names),
        "tls_rpt": _mta_sts.check_reports(ask, name),
        "tlsa": _dane.check(ask, names, authenticated=mx.authenticated),
    }
    chosen = [check for check in checks if check in plan.checks]
    for check in set(checks) - set(chosen):
        checks[check].close()
    return dict(zip(chosen, await asyncio.gather(*(checks[check] for check in chosen)), strict=True))


def _no_domain(name: str) -> Finding:
    return Finding(
        "domain_missing",
        REQUIRED,
        f"{name} does not exist in DNS (NXDOMAIN).",
        "A domain with MX records.",
        "Correct the name, or create the zone and have the zone above delegate to it.",
    )


async def _check_mx(
    ask: Ask, network: Network | None, domain: Domain, mx: Answer, receivers: Sequence[tuple[int, str]]
) -> Report:
    if not mx.status.is_final:
        return Report((lookup_failed(mx),))
    wanted = [host.name for host in domain.hosts if host.receives]
    if mx.status is Status.NODATA:
        return Report(tuple(await _without_mx(ask, domain, wanted)), {"mx": []})
    if [host for _preference, host in receivers] == ["."]:
        return Report(_null_mx(domain.name, wanted), {"mx": [{"preference": 0, "name": ".", "addresses": []}]})
    judged = await asyncio.gather(*(_exchanger(ask, network, domain.name, *receiver) for receiver in receivers))
    findings = [finding for found, _addresses in judged for finding in found]
    findings += _given_hosts(domain, receivers, wanted)
    if len(mx.records) > EXCHANGERS:
        text = f"{domain.name} has {len(mx.records)} MX records, and the first {EXCHANGERS} were looked at."
        findings.append(Finding("mx_many", RECOMMENDED, text, "A few MX records.", "Remove those nobody needs."))
    facts = [
        {"preference": preference, "name": host, "addresses": list(addresses)}
        for (preference, host), (_findings, addresses) in zip(receivers, judged, strict=True)
    ]
    return Report(tuple(findings), {"mx": facts})


async def _without_mx(ask: Ask, domain: Domain, wanted: Sequence[str]) -> list[Finding]:
    answers = await asyncio.gather(*(ask(domain.name, rdtype) for rdtype in ADDRESS_TYPES))
    has_address = any(answer.records for answer in answers)
    if has_address and not wanted:
        severity, found = RECOMMENDED, f"{domain.name} has no MX record; the host of the same name receives its mail."
    else:
        severity, found = REQUIRED, f"{domain.name} has no MX record{'' if has_address else ', nor an address'}."
    finding = Finding(
        "mx_missing",
        severity,
        found,
        "An MX record for each host that receives the domain's mail.",
        "Publish the records." if wanted else "Publish MX records; give hosts, and they stand here.",
        records=_mx_lines(domain.name, wanted) or (record_line(domain.name, "MX", "10 <mail host>."),),
    )
    return [finding, *([] if has_address else failures(answers))]


def _null_mx(domain: str, wanted: Sequence[str]) -> tuple[Finding, ...]:
    if not wanted:
        return ()
    return (
        Finding(
            "mx_null",
            REQUIRED,
            f"{domain} says that it receives no mail (null MX, RFC 7505).",
            f"MX records that name {', '.join(wanted)}.",
            "Replace the null MX by these records.",
            records=_mx_lines(domain, wanted),
        ),
    )


async def _exchanger(
    ask: Ask, network: Network | None, domain: str, preference: int, host: str
) -> tuple[list[Finding], tuple[str, ...]]:
    """Judge one MX record; returns the addresses too."""
    asked: list[Answer] = []
    if host != "." and not is_address(host):
        asked = list(await asyncio.gather(*(ask(host, rdtype) for rdtype in ADDRESS_TYPES)))
    findings = failures(asked, host)
    problem, text = host_problem(host, [answer for answer in asked if answer.status.is_final])
    if problem in _PROBLEMS and not (problem == "unresolvable" and findings):
        said, _dot, remedy = text.rpartition(". ")
        record = f"{domain}: MX {preference} {host}"
        finding = Finding(
            _PROBLEMS[problem],
            REQUIRED,
            f"{record} {said}.",
            "An MX record that names a host with an address of its own.",
            remedy,
            host,
            _instead(domain, preference, asked, problem),
        )
        findings.append(finding)
    addresses = addresses_of(asked)[: _mail_hosts.ADDRESSES]
    if network and addresses:
        findings += await _probe(network, domain, host, addresses)
    return findings, addresses


def _instead(domain: str, preference: int, asked: Iterable[Answer], problem: str) -> tuple[str, ...]:
    """Return the record that should stand there, where it is known."""
    target = next((answer.canonical for answer in asked if answer.is_alias), "")
    return (record_line(domain, "MX", f"{preference} {target}."),) if problem == "cname" and target else ()


async def _probe(network: Network, domain: str, host: str, addresses: Sequence[str]) -> list[Finding]:
    reasons = await asyncio.gather(*(network.probe(address) for address in addresses))
    dead = [f"{address}: {reason}" for address, reason in zip(addresses, reasons, strict=True) if reason]
    if not dead:
        return []
    return [
        Finding(
            "mx_dead",
            REQUIRED if len(dead) == len(addresses) else RECOMMENDED,
            f"The mail exchanger {host} of {domain} takes no SMTP connection ({'; '.join(dead)}).",
            "A server that listens at each address.",
            "Start the SMTP listener, open the firewall, or remove the record.",
            host,
        )
    ]


def _given_hosts(domain: Domain, receivers: Sequence[tuple[int, str]], wanted: Sequence[str]) -> list[Finding]:
    """Compare the MX records with the hosts that are to receive."""
    if not wanted:
        return []
    names = [host for _preference, host in receivers if host != "."]
    lowest = max((preference for preference, _host in receivers), default=0)
    missing = [host for host in wanted if host not in names]
    findings = [
        Finding(
            "mx_host_missing",
            REQUIRED,
            f"No MX record of {domain.name} names {host}.",
            f"An MX record for {host}.",
            "Publish the record; the preference is yours to choose.",
            host,
            (record_line(domain.name, "MX", f"{min(lowest + 10 * number, 65535)} {host}."),),
        )
        for number, host in enumerate(missing, 1)
    ]
    findings += [
        Finding(
            "mx_other_host",
            RECOMMENDED,
            f"An MX record of {domain.name} names {host}, which is none of the given hosts.",
            f"MX records for {', '.join(wanted)} only.",
            "Remove the record, or give the host too.",
            host,
        )
        for host in names
        if host not in wanted and not is_address(host)
    ]
    return findings


def _mx_lines(domain: str, hosts: Sequence[str]) -> tuple[str, ...]:
    return tuple(record_line(domain, "MX", f"{10 * number} {host}.") for number, host in enumerate(hosts, 1))


def read_domain(term: object, selectors: Sequence[str] = ()) -> Domain:
    """Read a term of the lookup, a name or a dictionary; raises ValueError with one or more sentences."""
    if isinstance(term, str):
        return Domain(domain_name(term), (), tuple(_selector(selector) for selector in selectors))
    if not isinstance(term, Mapping):
        raise ValueError(f"{term!r} is neither a domain name nor a dictionary with domain.")  # noqa: TRY004
    unknown = sorted(map(str, set(term) - {"domain", "hosts", "dkim_selectors"}))
    if unknown or not isinstance(term.get("domain"), str):
        what = f"has {', '.join(unknown)}, which is unknown" if unknown else "has no domain"
        raise ValueError(f"{dict(term)!r} {what}. It may have domain, hosts and dkim_selectors.")
    own = term.get("dkim_selectors") or selectors
    return Domain(
        domain_name(term["domain"]),
        tuple(_host(host) for host in _list(term.get("hosts"), "hosts")),
        tuple(_selector(selector) for selector in _list(own, "dkim_selectors")),
    )


def _host(given: object) -> Host:
    if isinstance(given, str):
        return Host(domain_name(given))
    if not isinstance(given, Mapping):
        raise ValueError(f"The host {given!r} is neither a name nor a dictionary with name.")  # noqa: TRY004
    unknown = sorted(map(str, set(given) - {"name", "addresses", "helo", "receives", "sends"}))
    if unknown or not isinstance(given.get("name"), str):
        what = f"has {', '.join(unknown)}, which is unknown" if unknown else "has no name"
        raise ValueError(f"The host {dict(given)!r} {what}. It may have name, addresses, helo, receives and sends.")
    for key in ("receives", "sends"):
        if not isinstance(given.get(key, True), bool):
            raise ValueError(f"The host {given['name']!r} has {key} {given[key]!r}, which must be true or false.")  # noqa: TRY004
    addresses = [_address(value, given["name"]) for value in _list(given.get("addresses"), "addresses")]
    return Host(
        domain_name(given["name"]),
        tuple(addresses),
        str(given.get("helo") or given["name"]).lower().removesuffix("."),
        bool(given.get("receives", True)),
        bool(given.get("sends", True)),
    )


def _address(value: object, host: str) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError as exc:
        raise ValueError(f"The host {host!r} has the address {value!r}, which is no IP address.") from exc


def _selector(value: object) -> str:
    try:
        return domain_name(str(value))
    except ValueError as exc:
        raise ValueError(f"{value!r} is no DKIM selector, which is a name such as mail2026.") from exc


def _list(value: object, what: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    raise ValueError(f"{what} is {value!r}, and must be a list.")
