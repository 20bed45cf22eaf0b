# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one page: no network, no markup that is not the template's, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import flow, summary
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.evidence import DEGREES, TRUSTED
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    CHANGE_KINDS,
    CHANGES,
    FAILED,
    INCOMPLETE,
    NO_RESULT,
    NOT_PASSED,
    PASSED,
    REVIEW,
    RISK_SEVERITIES,
    UNCHANGED,
    UNREACHABLE,
    Change,
    InternetDomain,
    Report,
    Risk,
)

_HERE = Path(__file__).parent
#: Reports of no more hosts than these are unfolded.
_UNFOLDED = 5
_STATUSES = {
    UNREACHABLE: "not reached",
    FAILED: "not looked at to the end",
    NOT_PASSED: "not passed",
    CHANGES: "changes",
    NO_RESULT: "no result",
    UNCHANGED: "no change",
    PASSED: "passed",
}
_NAMES = {"document": "Item", "notes_ini": "Variable", "dns": "Record", "resolver": "File"}
_SIGNS = {flow.OK: "\u2713", flow.CHANGE: "\u2192", flow.BROKEN: "\u2715", flow.UNKNOWN: "?"}


def render(report: Report, picture: flow.Picture) -> bytes:
    """Return the bytes of index.html."""
    style, script = _text("page.css"), _text("page.js")
    evidence = _evidence(report.changes)
    hosts, risks = report.hosts, summary.grouped(report.risks)
    text = (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            review=report.kind == REVIEW,
            picture=picture,
            verdict=summary.verdict(report),
            numbers=summary.numbers(report),
            risk_groups=risks,
            finding_groups_given=summary.grouped(report.findings),
            kinds_of_risk={
                severity: sum(1 for group in risks if group.severity == severity) for severity in RISK_SEVERITIES
            },
            common=summary.common(report.changes),
            domains=_internet_domains(report),
            evidence=list(evidence.values()),
            anchors={key: anchor for key, (anchor, _change) in evidence.items()},
            statuses={name: text for name, text in _STATUSES.items() if any(host.status == name for host in hosts)},
            kinds={name: text for name, text in CHANGE_KINDS.items() if any(c.kind == name for c in report.changes)},
            incomplete=INCOMPLETE,
            unfolded=len(hosts) <= _UNFOLDED,
            trusted=TRUSTED,
            degrees={name: text for name, text in DEGREES.items() if any(c.evidence == name for c in report.changes)},
            names=_NAMES,
            signs=_SIGNS,
            states=flow.STATES,
            box=flow.BOX,
            row=flow.ROW,
            style=Markup(style),  # noqa: S704 - files of our own
            script=Markup(script),  # noqa: S704
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )
    return (text.rstrip("\n") + "\n").encode("utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=False
    )
    environment.filters.update(groups=_groups, told=_told, counted=_counted, meaning=summary.meaning)
    return environment


def _groups(changes: Iterable[Change]) -> list[tuple[str, list[Change]]]:
    """Return changes by what they are about."""
    found: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        found.setdefault((change.kind, change.title), []).append(change)
    return [(title, mine) for (_kind, title), mine in found.items()]


def _told(risks: Sequence[Risk]) -> list[tuple[str, str, list[str]]]:
    """Return each text once, with what to do and the hosts that it is about."""
    found: dict[tuple[str, str], list[str]] = {}
    for risk in risks:
        found.setdefault((risk.text, risk.remedy), []).append(risk.host)
    return [(text, remedy, hosts) for (text, remedy), hosts in found.items()]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _evidence(changes: Iterable[Change]) -> dict[tuple[str, str | None, str], tuple[str, Change]]:
    """Return the evidence of each thing once, with the anchor of its line."""
    found: dict[tuple[str, str | None, str], tuple[str, Change]] = {}
    for change in changes:
        if change.evidence:
            found.setdefault((change.kind, change.form, change.name), (f"evidence-{len(found) + 1}", change))
    return found


def _internet_domains(report: Report) -> list[InternetDomain]:
    """Return where DNS leads the mail of each Internet domain, as the first host saw it."""
    found: dict[str, InternetDomain] = {}
    for host in report.hosts:
        for domain in host.exchangers:
            found.setdefault(domain.name, domain)
    return [found[name] for name in sorted(found)]


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
