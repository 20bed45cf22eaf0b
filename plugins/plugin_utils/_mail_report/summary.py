# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about a report at a glance: numbers, sentences, and what is the same on many hosts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils._directory.items import FORMS, PUBLISHED
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    CHANGE_KINDS,
    DOCUMENT,
    FINDING_SEVERITIES,
    HOST,
    REVIEW,
    RISK_SEVERITIES,
    Change,
    Finding,
    Report,
    Risk,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.risks import TITLES

#: More different values of one thing than these are counted, not listed.
LISTED = 3


@dataclass(frozen=True)
class Common:
    """The same thing that changes on one host or many."""

    kind: str
    where: str
    example: Change
    pairs: tuple[tuple[Any, Any], ...]
    hosts: tuple[str, ...]

    @property
    def listed(self) -> tuple[tuple[Any, Any], ...]:
        """Return the values before and after, where they are few."""
        return self.pairs if len(self.pairs) <= LISTED else ()


@dataclass(frozen=True)
class Group:
    """Risks or findings of one kind."""

    id: str
    severity: str
    title: str
    entries: tuple[Risk | Finding, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the hosts concerned, each once."""
        return tuple(dict.fromkeys(entry.host for entry in self.entries if entry.host))


def numbers(report: Report) -> dict[str, Any]:
    """Return the numbers of a report, as review.json has them."""
    hosts, changes = report.hosts, report.changes
    statuses = Counter(host.status for host in hosts)
    risks = Counter(risk.severity for risk in report.risks)
    findings = Counter(finding.severity for finding in report.findings)
    return {
        "notes_domains": sum(1 for domain in report.notes_domains if domain.name),
        "hosts": len(hosts),
        "hosts_by_status": dict(sorted(statuses.items())),
        "hosts_differing": len(report.differing),
        "hosts_incomplete": len(report.incomplete),
        "changes": len(changes),
        "changes_by_kind": {kind: sum(1 for c in changes if c.kind == kind) for kind in CHANGE_KINDS},
        "risks": {severity: risks[severity] for severity in RISK_SEVERITIES},
        "findings": {severity: findings[severity] for severity in FINDING_SEVERITIES},
    }


def verdict(report: Report) -> str:
    """Say in a sentence or two what a report comes to."""
    hosts, missing, bad = len(report.hosts), len(report.incomplete), len(report.differing)
    if report.kind == REVIEW:
        count = len(report.changes)
        first = f"{_count(count, 'change')} on {bad} of {_count(hosts, 'host')}." if count else "Nothing would change."
        if not count and missing == hosts:
            first = ""
    else:
        passed = sum(1 for host in report.hosts if host.status == "passed")
        first = f"{passed} of {_count(hosts, 'host')} passed." if passed or bad else ""
    second = f" {_count(missing, 'host')} could not be looked at." if missing else ""
    return (first + second).strip()


def common(changes: Iterable[Change]) -> tuple[Common, ...]:
    """Return what changes, each thing once with its values and hosts, in the order of the kinds."""
    found: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        found.setdefault((change.kind, _where(change), change.name), []).append(change)
    rows = []
    for (kind, where, _name), mine in found.items():
        pairs = {json.dumps([c.before, c.after], sort_keys=True): (c.before, c.after) for c in mine}
        rows.append(Common(kind, where, mine[0], tuple(pairs.values()), tuple(dict.fromkeys(c.host for c in mine))))
    kinds = list(CHANGE_KINDS)
    return tuple(sorted(rows, key=lambda row: kinds.index(row.kind)))


def _where(change: Change) -> str:
    """Return what hosts have in common: the form of their own documents, and any other thing by its name."""
    if change.kind == DOCUMENT and change.scope == HOST and change.form:
        return FORMS[change.form].title
    return change.title


def meaning(change: Change, content: Any) -> str:
    """Return what a stored value is called, where the published catalogue knows it."""
    if change.kind != DOCUMENT or not change.setting or content is None or isinstance(content, list):
        return ""
    return _meanings().get((str(change.form), change.setting, change.name, str(content)), "")


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str, str, str], str]:
    """Return what stored values are called, by form, setting, item and value."""
    return {
        (item.form, str(item.setting), str(item.name), str(stored)): called.replace("_", " ")
        for item in PUBLISHED.rows()
        for called, stored in reversed(list(item.values.items()))
        if stored is not None
    }


def grouped(entries: Sequence[Risk | Finding]) -> tuple[Group, ...]:
    """Return risks or findings by their kind; the order stays."""
    found: dict[tuple[str, str], list[Risk | Finding]] = {}
    for entry in entries:
        found.setdefault((entry.severity, entry.id), []).append(entry)
    return tuple(
        Group(name, severity, TITLES.get(name) or name.replace("_", " ").capitalize(), tuple(mine))
        for (severity, name), mine in found.items()
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
