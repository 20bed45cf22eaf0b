# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit says: findings, each with the way to mend it, and the facts it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_exchangers import REMEDIES, describe
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer

REQUIRED = "required"  # mail is lost or refused without it
RECOMMENDED = "recommended"  # mail is worse off without it
INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `records` are lines of a zone file, ready to publish."""

    id: str
    severity: str
    found: str
    wanted: str
    remedy: str
    host: str = ""
    records: tuple[str, ...] = ()
    reason: str = ""  # of lookup_failed: what became of the question

    def as_dict(self, domain: str, check: str) -> dict[str, Any]:
        """Return the shape that the lookup documents."""
        return {
            "id": self.id,
            "check": check,
            "severity": self.severity,
            "domain": domain,
            "host": self.host or None,
            "found": self.found,
            "wanted": self.wanted,
            "remedy": self.remedy,
            "records": list(self.records),
            "reason": self.reason or None,
        }


@dataclass(frozen=True)
class Report:
    """What one check found, and the records that it saw."""

    findings: tuple[Finding, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def lookup_failed(answer: Answer, host: str = "") -> Finding:
    """Return the finding that something could not be looked up, which is never taken for a missing record."""
    return Finding(
        "lookup_failed",
        REQUIRED,
        f"The {answer.rdtype} records of {answer.name} cannot be looked up ({describe(answer.attempts)}).",
        "An answer. That a nameserver fails does not say that there is no record.",
        REMEDIES[answer.status],
        host,
        reason=answer.status.value,
    )


def failures(answers: Iterable[Answer], host: str = "") -> list[Finding]:
    """Return the finding of each answer that is missing."""
    return [lookup_failed(answer, host) for answer in answers if not answer.status.is_final]
