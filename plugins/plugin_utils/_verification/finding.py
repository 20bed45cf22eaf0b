# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One shape for everything that is found, whoever found it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

REQUIRED, RECOMMENDED, INFO = "required", "recommended", "info"
SEVERITIES = {REQUIRED: 0, RECOMMENDED: 1, INFO: 2}

#: How well it is known that what was found does harm. MEASURED: nobody had to know anything about Domino.
MEASURED, DOCUMENTED, SITE, OBSERVED, LIKELY, UNCONFIRMED = EVIDENCE = (
    "measured",
    "documented",
    "site",
    "observed",
    "likely",
    "unconfirmed",
)


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be; texts are sentences."""

    id: str
    severity: str
    found: str
    wanted: str
    remedy: str
    evidence: str
    source: str
    host: str | None = None
    domain: str | None = None
    records: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "records": list(self.records)}


@dataclass(frozen=True)
class Skipped:
    """Something that nobody could look at, and why."""

    what: str
    why: str
