# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DMARC (RFC 9989, which replaces RFC 7489): the policy that applies to a domain, found by the tree walk."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ansible_collections.opendomino.mail.plugins.plugin_utils._finding import (
    INFO,
    RECOMMENDED,
    REQUIRED,
    Finding,
    Report,
    failures,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Ask
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import (
    record_line,
    shown,
    starting,
    tags,
    texts,
    visible,
)

WALK = 8  # names that are asked for at most (RFC 9989 section 4.10)
DESTINATIONS = 10  # report addresses that are looked into

VERSION = r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)"
POLICIES = ("none", "quarantine", "reject")
REMOVED = ("pct", "rf", "ri")

_VALUES = {
    "p": POLICIES,
    "sp": POLICIES,
    "np": POLICIES,
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
    "psd": ("y", "n", "u"),
    "t": ("y", "n"),
}


@dataclass(frozen=True)
class Place:
    """One name of the tree walk, and its DMARC records."""

    domain: str
    answer: Answer
    records: tuple[str, ...]

    @property
    def psd(self) -> str:
        """Return the tag `psd` of the only record."""
        found = re.search(r";[ \t]*psd[ \t]*=[ \t]*([yn])[ \t]*(?:;|$)", self.records[0]) if self.is_valid else None
        return found.group(1) if found else ""

    @property
    def is_valid(self) -> bool:
        """Say whether there is exactly one record; several are discarded (section 4.10)."""
        return len(self.records) == 1


def walk(domain: str) -> list[str]:
    """Return the names of the tree walk (section 4.10): the domain, then its parents, of seven labels at most."""
    labels = domain.split(".")
    parents = labels[1:][-(WALK - 1) :]
    return [domain, *(".".join(parents[number:]) for number in range(len(parents)))]


def applicable(places: Sequence[Place]) -> Place | None:
    """Return the place whose record applies to the first of the places (sections 4.10.1 and 4.10.2)."""
    first, *parents = places
    if first.is_valid:
        return first
    below, found = first, None
    for place in parents:
        if place.psd == "n":
            return place
        if place.psd == "y":
            return below if below.is_valid else place
        if place.is_valid:
            found = place
        below = place
    return found


async def check(ask: Ask, domain: str) -> Report:
    """Look for the policy of a domain, and judge it."""
    first = await _place(ask, domain)
    if not first.answer.status.is_final:
        return Report(tuple(failures([first.answer])))
    findings = _about_name(first)
    places = [first]
    if not first.is_valid:
        places += await asyncio.gather(*(_place(ask, name) for name in walk(domain)[1:]))
        missing = failures(place.answer for place in places)
        if missing:
            return Report((*findings, *missing))
    place = applicable(places)
    if place is None:
        return Report((*findings, *([] if findings else [_missing(domain)])))
    text = place.records[0]
    facts = {"dmarc": {"domain": place.domain, "record": visible(text), "policy": None}}
    try:
        found = tags(text)
    except ValueError as exc:
        return Report((*findings, _invalid(place.domain, text, str(exc))), facts)
    facts["dmarc"]["policy"] = effective_policy(found, inherited=place.domain != domain)
    return Report((*findings, *_judge(place.domain, text, found), *await _reports(ask, place.domain, found)), facts)


def effective_policy(found: dict[str, str], *, inherited: bool) -> str:
    """Return the policy for the domain itself, or for an existing name below it (section 4.7)."""
    own = found.get("p", "none").lower()
    policy = found.get("sp", own).lower() if inherited else own
    return policy if policy in POLICIES else "none"


async def _place(ask: Ask, domain: str) -> Place:
    answer = await ask(f"_dmarc.{domain}", "TXT")
    return Place(domain, answer, tuple(starting(texts(answer), VERSION)))


def _about_name(place: Place) -> list[Finding]:
    """Judge what stands at the domain's own name apart from the policy."""
    name = f"_dmarc.{place.domain}"
    if len(place.records) > 1:
        return [
            Finding(
                "dmarc_multiple",
                REQUIRED,
                f"{name} has {len(place.records)} DMARC records, and receivers discard them all "
                "(RFC 9989 section 4.10).",
                "Exactly one DMARC record.",
                "Keep one of the records, and remove the others.",
                records=tuple(record_line(name, "TXT", text) for text in place.records[:1]),
            )
        ]
    words = {text: re.sub(r"\W+", "", text).lower() for text in texts(place.answer)}
    wrong = [text for text, word in words.items() if word.startswith(("dmarc", "vdmarc"))]
    if wrong and not place.records:
        return [_invalid(place.domain, wrong[0], "it does not begin with v=DMARC1;")]
    return []


def _missing(domain: str) -> Finding:
    return Finding(
        "dmarc_missing",
        RECOMMENDED,
        f"Neither _dmarc.{domain} nor a name above it has a DMARC record.",
        "A DMARC policy; large receivers ask for one.",
        "Publish the record, read the reports, then make the policy stricter.",
        records=(_suggestion(domain),),
    )


def _suggestion(domain: str) -> str:
    return record_line(f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")


def _invalid(domain: str, text: str, reason: str) -> Finding:
    return Finding(
        "dmarc_invalid",
        REQUIRED,
        f"The record of _dmarc.{domain} is not valid, because {reason}: {shown(text)}",
        "A record as RFC 9989 section 4.7 has it.",
        "Correct the record.",
        records=(_suggestion(domain),),
    )


def _judge(domain: str, text: str, found: dict[str, str]) -> list[Finding]:
    wrong = {name: value for name, value in found.items() if name in _VALUES and value.lower() not in _VALUES[name]}
    findings = [
        _invalid(domain, text, f"{name} is {shown(value)!r}, and must be one of {', '.join(_VALUES[name])}")
        for name, value in wrong.items()
    ]
    if wrong:
        return findings
    name = f"_dmarc.{domain}"
    removed = [tag for tag in REMOVED if tag in found]
    mended = _mended(found, domain)
    line = (record_line(name, "TXT", mended),)
    if "p" not in found:
        findings.append(
            Finding(
                "dmarc_policy_missing",
                RECOMMENDED,
                f"The record of {name} has no policy, and counts as p=none (RFC 9989); older receivers ignore it.",
                "A policy: p=none, p=quarantine or p=reject.",
                _PUBLISH,
                records=line,
            )
        )
    elif found["p"].lower() == "none":
        findings.append(
            Finding(
                "dmarc_policy_none",
                INFO,
                f"The policy of {domain} is none: what fails DMARC is delivered all the same.",
                "p=quarantine or p=reject, once the reports show that all mail of the domain passes.",
                "Publish the stricter record when the reports allow it.",
                records=(record_line(name, "TXT", mended.replace("; p=none", "; p=quarantine", 1)),),
            )
        )
    if found.get("t", "n").lower() == "y":
        findings.append(
            Finding(
                "dmarc_testing",
                INFO,
                f"The record of {name} says t=y: receivers apply a policy one step milder.",
                "No t=y when the test is over.",
                "Publish the record without t when the test is over.",
                records=(record_line(name, "TXT", mended.replace("; t=y", "", 1)),),
            )
        )
    if removed:
        findings.append(
            Finding(
                "dmarc_removed_tags",
                INFO,
                f"The record of {name} has {', '.join(removed)}, which RFC 9989 removed.",
                "Only tags that receivers know.",
                _PUBLISH,
                records=line,
            )
        )
    if "rua" not in found:
        findings.append(
            Finding(
                "dmarc_no_reports",
                INFO,
                f"The record of {name} asks for no reports (rua).",
                "An address for aggregate reports; they show who sends in the domain's name.",
                _PUBLISH,
                records=line,
            )
        )
    return findings


_PUBLISH = "Publish the record in place of the present one."


def _mended(found: dict[str, str], domain: str) -> str:
    """Return the record with all mended that needs no decision."""
    kept = {name: value for name, value in found.items() if name not in (*REMOVED, "v", "p")}
    kept.setdefault("rua", f"mailto:postmaster@{domain}")
    policy = found.get("p", "none").lower()
    return "; ".join(["v=DMARC1", f"p={policy}", *(f"{name}={value}" for name, value in kept.items())])


async def _reports(ask: Ask, domain: str, found: dict[str, str]) -> list[Finding]:
    """Judge where reports go; another domain must agree to receive them (RFC 9990 section 4)."""
    findings, elsewhere = [], {}
    for address in [text.strip() for text in found.get("rua", "").split(",") if text.strip()][:DESTINATIONS]:
        destination = _destination(address)
        if not destination:
            findings.append(
                Finding(
                    "dmarc_report_address",
                    RECOMMENDED,
                    f"The record of _dmarc.{domain} wants reports at {shown(address)!r}, which is no mail address.",
                    "An address such as mailto:dmarc@example.com.",
                    "Correct rua.",
                )
            )
        elif destination != domain and not _same_tree(destination, domain):
            elsewhere[destination] = address
    names = [f"{domain}._report._dmarc.{destination}" for destination in elsewhere]
    answers = await asyncio.gather(*(ask(name, "TXT") for name in names))
    findings += failures(answers)
    for destination, answer in zip(elsewhere, answers, strict=True):
        if answer.status.is_final and not starting(texts(answer), VERSION):
            findings.append(
                Finding(
                    "dmarc_reports_refused",
                    RECOMMENDED,
                    f"Reports about {domain} go to {destination}, which does not say that it takes them.",
                    f"A record of {destination} that agrees; without it, receivers send no reports there "
                    "(RFC 9990 section 4).",
                    f"Have {destination} publish the record, or send the reports elsewhere.",
                    records=(record_line(answer.name, "TXT", "v=DMARC1"),),
                )
            )
    return findings


def _destination(address: str) -> str:
    """Return the domain of a report address, empty where it is none."""
    try:
        uri = urlsplit(re.sub(r"![0-9]+[kmgt]?$", "", address, flags=re.IGNORECASE))
    except ValueError:
        return ""
    domain = unquote(uri.path).rpartition("@")[2].lower().rstrip(".")
    is_domain = re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+", domain) and len(domain) < 254
    return domain if uri.scheme.lower() == "mailto" and is_domain and "@" in unquote(uri.path) else ""


def _same_tree(one: str, other: str) -> bool:
    return one.endswith(f".{other}") or other.endswith(f".{one}")
