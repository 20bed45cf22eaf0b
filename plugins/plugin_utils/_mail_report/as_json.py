# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for machines. What it holds is described by docs/schema/review-1.schema.json and in guide_review."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import summary
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.flow import Picture
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    Change,
    Finding,
    Host,
    Report,
    Risk,
)

#: Grows when a reader that knows an older one would go wrong; new names do not count.
VERSION = 1


def render(report: Report, picture: Picture) -> bytes:
    """Return the bytes of review.json: ASCII, so that no text of others does anything to a terminal."""
    return (json.dumps(data(report, picture), indent=2, ensure_ascii=True) + "\n").encode("ascii")


def data(report: Report, picture: Picture) -> dict[str, Any]:
    """Return a report as plain data."""
    return {
        "version": VERSION,
        "kind": report.kind,
        "title": report.title,
        "time": report.time or None,
        "verdict": summary.verdict(report),
        "summary": summary.numbers(report),
        "risks": [_risk(risk) for risk in report.risks],
        "findings": [_finding(finding) for finding in report.findings],
        "notes_domains": [
            {
                "name": domain.name or None,
                "administration_server": domain.administration_server or None,
                "internet_domains": list(domain.internet_domains),
                "hosts": [host.name for host in domain.hosts],
            }
            for domain in report.notes_domains
        ],
        "hosts": [_host(host) for host in report.hosts],
        "changes": [_change(change) for change in report.changes],
        "dns": [{"domain": audit.domain, "records": dict(audit.records)} for audit in report.audits],
        "flow": [
            {
                "notes_domain": lane.notes_domain or None,
                "direction": lane.direction,
                "links": [
                    {
                        "from": _name(lane.nodes, link.source),
                        "to": _name(lane.nodes, link.target),
                        "state": link.state,
                        "text": link.text,
                    }
                    for link in lane.links
                ],
            }
            for lane in picture.lanes
        ],
    }


def _name(nodes: Any, name: str) -> str:
    return next(str(node.name) for node in nodes if node.id == name)


def _risk(risk: Risk) -> dict[str, Any]:
    return {
        "id": risk.id,
        "severity": risk.severity,
        "host": risk.host or None,
        "notes_domain": risk.notes_domain or None,
        "text": risk.text,
        "remedy": risk.remedy,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "host": finding.host or None,
        "domain": finding.domain or None,
        "found": finding.found,
        "wanted": finding.wanted,
        "remedy": finding.remedy,
        "evidence": finding.evidence or None,
        "source": finding.source or None,
        "records": list(finding.records),
    }


def _host(host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "server_name": host.server_name or None,
        "notes_domain": host.notes_domain or None,
        "host_name": host.host_name or None,
        "internet_domains": list(host.internet_domains),
        "status": host.status,
        "reason": host.reason or None,
        "task": host.task or None,
        "changes": len(host.changes),
        "skipped": [{"what": what, "why": why} for what, why in host.skipped],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "scope": change.scope,
        "host": change.host,
        "notes_domain": change.notes_domain or None,
        "title": change.title,
        "action": change.action,
        "form": change.form,
        "name": change.name or None,
        "setting": change.setting,
        "label": change.label,
        "before": change.before,
        "after": change.after,
        "evidence": change.evidence or None,
        "sources": list(change.sources),
        "roles": list(change.roles),
    }
