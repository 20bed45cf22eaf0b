# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring what others found into the one shape: the SMTP probe, DNS, round trips, the address report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils._internet_address import conversion
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.errors import InternetAddressError
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.person import person_of_settings
from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.facts import Facts
from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.finding import (
    DOCUMENTED,
    MEASURED,
    RECOMMENDED,
    REQUIRED,
    UNCONFIRMED,
    Finding,
    Skipped,
)

#: A run sees one host of a domain, so the others are no news.
_OF_OTHER_HOSTS = frozenset({"mx_other_host"})

#: Kinds of the address report: severity, what is wanted, what to do.
_ADDRESSES = {
    "missing": (
        RECOMMENDED,
        "An Internet address for every person.",
        "Give one; the module internet_addresses makes them.",
    ),
    "duplicate": (
        REQUIRED,
        "Internet addresses that are unique, without regard to case and aliases.",
        "Change all but one.",
    ),
    "ambiguous": (RECOMMENDED, "Names and addresses that find one document.", "Change the names that collide."),
    "outside": (
        RECOMMENDED,
        "Addresses in local Internet domains.",
        "Correct the address, or add the domain to the Global Domain document.",
    ),
    "not_ascii": (RECOMMENDED, "Addresses in ASCII.", "Write the address in ASCII."),
    "invalid": (RECOMMENDED, "Addresses as RFC 5321 has them.", "Correct the address."),
}
_SHOWN = 10


def translate(facts: Facts) -> Iterator[Finding | Skipped]:
    """Translate all of it."""
    for probe in facts.probes or ():
        for found in probe["findings"]:
            yield _of_probe(facts, probe, found)
    for probe in facts.outbound_probes:
        for found in probe["findings"]:
            if found["id"] in ("resolves", "connects"):
                yield _of_relay_host(facts, probe, found)
    for audit in facts.dns or ():
        yield from (_of_dns(found) for found in audit["findings"] if found["id"] not in _OF_OTHER_HOSTS)
    for trip in facts.round_trips or ():
        yield from (
            _phrased(found, f"Round trip {trip['name']}", "mail_round_trip", facts) for found in trip["findings"]
        )
        yield from _of_promise(facts, trip)
    if facts.addresses is not None:
        yield from _of_addresses(facts.addresses)


def _phrased(found: Mapping[str, Any], subject: str, source: str, facts: Facts) -> Finding:
    """Make sentences of what was expected and found."""
    wanted = str(found["expected"])
    return Finding(
        found["id"],
        found["severity"],
        f"{subject}: {found['found']}.",
        f"{wanted[:1].upper()}{wanted[1:]}.",
        found["remedy"],
        MEASURED,
        source,
        facts.host_name,
    )


def _of_probe(facts: Facts, probe: Mapping[str, Any], found: Mapping[str, Any]) -> Finding:
    finding = _phrased(found, f"{probe['host']}:{probe['port']}", "smtp_probe", facts)
    if finding.id == "banner_host" and facts.variable("SMTPGreeting"):
        # A text of the administrator's own says nothing about the host name in the Server document.
        return Finding(
            finding.id,
            RECOMMENDED,
            finding.found,
            finding.wanted,
            f"SMTPGreeting in notes.ini replaces the greeting. Begin its text with {facts.host_name}, or remove it.",
            MEASURED,
            finding.source,
            finding.host,
        )
    return finding


def _of_relay_host(facts: Facts, probe: Mapping[str, Any], found: Mapping[str, Any]) -> Finding:
    resolves = found["id"] == "resolves"
    return Finding(
        "relay_host_unresolvable" if resolves else "relay_host_unreachable",
        REQUIRED,
        f"The relay host {probe['host']}, to which {facts.server_name} gives all mail for the Internet, "
        + ("does not resolve on the host" if resolves else "cannot be reached from the host")
        + f": {found['found']}.",
        "A relay host that this host finds and reaches.",
        "Correct the relay host in the Configuration document, or the host's resolver, routes and firewalls.",
        MEASURED,
        "smtp_probe on the host itself",
        facts.host_name,
    )


def _of_dns(found: Mapping[str, Any]) -> Finding:
    return Finding(
        found["id"],
        found["severity"],
        found["found"],
        found["wanted"],
        found["remedy"],
        MEASURED,
        "mail_domain",
        found["host"],
        found["domain"],
        tuple(found["records"]),
    )


def _of_promise(facts: Facts, trip: Mapping[str, Any]) -> Iterator[Finding | Skipped]:
    """Compare the sender that arrived with what the Global Domain document promises for a Notes name."""
    name = (facts.promised_senders or {}).get(trip["name"])
    if not name or not trip["arrived"]:
        return
    if facts.documents is None:
        yield Skipped(f"Sender of round trip {trip['name']}", "The documents of the directory were not read.")
        return
    people = [person_of_settings(document.settings) for document in facts.of("Person")]
    try:
        how = conversion.read_conversion(
            [document.settings for document in facts.global_domains],
            facts.host_name,
            configuration_lookup="enabled" in facts.configurations.values("internet_address_lookup"),
            ignores_message=facts.variable("RouterTranslateSpecial") == "1",
        )
    except InternetAddressError as exc:
        yield Skipped(f"Sender of round trip {trip['name']}", str(exc))
        return
    promised = conversion.sender(name, facts.notes_domain, how, people)
    arrived = str(trip["from"]["address"])
    if arrived.lower() != promised.address.lower():
        sure = all(step.evidence == DOCUMENTED for step in promised.steps)
        yield Finding(
            "sender_not_as_promised",
            RECOMMENDED,
            f"Mail of {name} arrives from {arrived or 'nobody'}.",
            f"{promised.address}, which the Global Domain document promises ({promised.steps[-1].text}).",
            "Compare the Global Domain and the Person document. A changed Global Domain document waits for a "
            "restart of "
            "the server, and a client may put an address of its own.",
            DOCUMENTED if sure else UNCONFIRMED,
            "mail_round_trip and domino_internet_address",
            facts.host_name,
        )


def _of_addresses(report: Mapping[str, Any]) -> Iterator[Finding]:
    """Translate a report of the module internet_addresses: it counts all, and shows the first ones only."""
    for kind, (severity, wanted, remedy) in _ADDRESSES.items():
        count = report["counts"].get(kind, 0)
        if not count:
            continue
        shown = [finding for finding in report["findings"] if finding["kind"] == kind]
        names = ", ".join(finding["user_name"] for finding in shown[:_SHOWN])
        more = count - len(shown[:_SHOWN])
        named = f": {names} and {more} more" if names and more else f": {names}" if names else ""
        said = shown[0]["message"] if shown else "The module internet_addresses lists them (report_file)."
        yield Finding(
            f"address_{kind}",
            severity,
            f"{count} of this kind{named}. {said}",
            wanted,
            remedy,
            str(shown[0]["evidence"]) if shown else DOCUMENTED,
            "internet_addresses",
        )
