# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All findings of one host, in order, and whether it passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.opendomino.mail.plugins.plugin_utils._verification import (
    console_rules,
    directory_rules,
    translation,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.facts import Facts, FactsError, read_facts
from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.finding import (
    RECOMMENDED,
    REQUIRED,
    SEVERITIES,
    Finding,
    Skipped,
)

#: Fails whatever is tolerated: everybody's spam would be sent from here.
OPEN_RELAY = "relay_open"

#: What the run of the administration server has to mend; another host's run may come before it.
_OF_THE_NOTES_DOMAIN = frozenset({"global_domain_missing", "global_domain_incomplete", "domain_not_local"})
_OF_THE_CONFIGURATION = frozenset({"configuration_missing", "external_smtp_disabled"})


def judge(facts: Facts) -> tuple[tuple[Finding, ...], tuple[Skipped, ...]]:
    """Return the findings, sorted by severity and id, and what nobody could look at."""
    said = list(_all(facts))
    findings = [_on_this_run(entry, facts) for entry in said if isinstance(entry, Finding)]
    findings.sort(key=lambda finding: (SEVERITIES[finding.severity], finding.id, finding.found))
    return tuple(dict.fromkeys(findings)), tuple(entry for entry in said if isinstance(entry, Skipped))


def _on_this_run(finding: Finding, facts: Facts) -> Finding:
    """Return a finding as this run has it: what another host's run writes is not required of this one."""
    domain_wide = finding.id in _OF_THE_NOTES_DOMAIN or (
        finding.id in _OF_THE_CONFIGURATION and not facts.configurations.own
    )
    if facts.administration or not domain_wide or finding.severity != REQUIRED:
        return finding
    return replace(
        finding, severity=RECOMMENDED, remedy=f"The run of the administration server sets this. {finding.remedy}"
    )


def verdict(given: Mapping[str, Any], fail_on: Iterable[str] = (REQUIRED,)) -> dict[str, Any]:
    """Return the result of a verification as plain data; raises FactsError where facts are none."""
    tolerated = SEVERITIES.keys() - set(fail_on)
    if set(fail_on) - SEVERITIES.keys():
        raise FactsError(f"fail_on may have {', '.join(SEVERITIES)}, and has {', '.join(fail_on)}.")
    facts = read_facts(given)
    findings, skipped = judge(facts)
    fatal = [finding for finding in findings if finding.severity not in tolerated or finding.id == OPEN_RELAY]
    audits = facts.dns or ()
    return {
        "host": given.get("host"),
        "server_name": facts.server_name,
        "notes_domain": facts.notes_domain,
        "host_name": facts.host_name,
        "internet_domain": facts.internet_domains[0],
        "passed": not fatal,
        "open_relay": any(finding.id == OPEN_RELAY for finding in findings),
        "message": "\n".join(_told(finding) for finding in fatal),
        "findings": [finding.as_dict() for finding in findings],
        "probes": list(facts.probes or ()),
        "round_trips": list(facts.round_trips or ()),
        "dns": dict(audits[0]) if audits else {},
        "skipped": [*given.get("skipped", ()), *({"what": entry.what, "why": entry.why} for entry in skipped)],
    }


def _all(facts: Facts) -> Iterator[Finding | Skipped]:
    yield from console_rules.judge(facts)
    yield from directory_rules.judge(facts)
    yield from translation.translate(facts)


def _told(finding: Finding) -> str:
    lines = [f"- {finding.id} ({finding.severity}): {finding.found}", f"  {finding.remedy}"]
    return "\n".join([*lines, *(f"  {record}" for record in finding.records)])
