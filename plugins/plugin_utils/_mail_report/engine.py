# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: results of all hosts in, the bytes of three files out. Identical input gives identical bytes.

Data flow one way: results (reading.py) -> model (model.py) -> risks (risks.py), picture (flow.py) and summary
(summary.py) -> as_html.py, as_markdown.py, as_json.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils._printable import harmless
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import (
    as_html,
    as_json,
    as_markdown,
    flow,
    reading,
    risks,
    summary,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    KINDS,
    REVIEW,
    VERIFICATION,
    Report,
    ReportError,
)

TITLES = {REVIEW: "Review of Internet mail", VERIFICATION: "Verification of Internet mail"}


@dataclass(frozen=True)
class Rendered:
    """A report and its files: name -> bytes."""

    report: Report
    files: Mapping[str, bytes]

    @property
    def verdict(self) -> str:
        """Say what the report comes to."""
        return summary.verdict(self.report)

    @property
    def numbers(self) -> dict[str, Any]:
        """Return the numbers of the report."""
        return summary.numbers(self.report)


def build(
    results: Sequence[Any], names: Sequence[str] = (), kind: str = REVIEW, title: str = "", time: str = ""
) -> Report:
    """Return the report about results; raises ReportError."""
    if kind not in KINDS:
        raise ReportError(f"The kind is {kind!r}; known are {', '.join(KINDS)}.")
    domains, audits = reading.read(results, names, kind)
    return Report(
        kind,
        harmless(title) or TITLES[kind],
        harmless(time),
        domains,
        risks.risks(domains, kind),
        audits,
    )


def render(
    results: Sequence[Any], names: Sequence[str] = (), kind: str = REVIEW, title: str = "", time: str = ""
) -> Rendered:
    """Return the report about results with its files; raises ReportError."""
    report = build(results, names, kind, title, time)
    picture = flow.picture(report)
    return Rendered(
        report,
        {
            "index.html": as_html.render(report, picture),
            "review.md": as_markdown.render(report),
            "review.json": as_json.render(report, picture),
        },
    )
