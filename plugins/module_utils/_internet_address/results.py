# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and reports as plain data: a module's result, a diff, files for a review."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

from .._printable import harmless
from .errors import InternetAddressError
from .report import Finding

if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence

    from .assign import Assignment, Plan
    from .bulk import Run
    from .report import Report

FORMATS = (".csv", ".json")
_CHANGE = ("user_name", "unid", "before", "after", "reason")
_WARNINGS = 10
#: Where a spreadsheet would see a formula: where a cell begins, or would begin in another language.
_FORMULA = re.compile(r"(^|[;,|])(?=\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])")


def result(run: Run, report: Report, changes: Sequence[Assignment], shown: int) -> dict[str, Any]:
    """Return a module's result; of long lists the first ones, and how many there are in all."""
    plan = run.plan
    return {
        "changed": bool(changes),
        "counts": {
            "people": len(run.contents.people),
            **{f"documents_{form.lower()}": run.contents.counts[form] for form in run.request.forms},
            "meant": run.meant,
            "changes": len(changes),
            "kept": len(plan.kept),
            "unassignable": len(plan.unassignable),
            "conflicts": len(plan.conflicts),
            "not_written": len(run.not_written),
        },
        "changes": [_change(assignment) for assignment in changes[:shown]],
        "unassignable": [
            {"user_name": entry.person.user_name, "reasons": list(entry.reasons)} for entry in plan.unassignable[:shown]
        ],
        "not_written": [_change(assignment) for assignment in run.not_written[:shown]],
        "over_limit": bool(run.refusal),
        "report": {
            "people": report.people,
            "counts": report.counts,
            "findings": [finding._asdict() for finding in report.findings[:shown]],
            "left_out": max(len(report.findings) - shown, 0),
        },
        "diff": _diff(changes, shown),
    }


def warnings(run: Run, *, refused: bool) -> list[str]:
    """Return what a person should know although nothing failed; that too many would change where it is `refused`."""
    first = run.warnings[:_WARNINGS]
    more = len(run.warnings) - len(first)
    return [
        *first,
        *([f"{more} more people were given an address by somebody else meanwhile."] if more else []),
        *([run.refusal] if refused and run.refusal else []),
    ]


def _change(assignment: Assignment) -> dict[str, str]:
    return {
        "user_name": assignment.person.user_name,
        "unid": assignment.person.key,
        "before": assignment.before,
        "after": assignment.address,
        "reason": assignment.reason,
    }


def _diff(changes: Sequence[Assignment], shown: int) -> dict[str, str]:
    head = f"Internet addresses, {len(changes)} to change" if changes else "Internet addresses"
    first = changes[:shown]
    more = f"and {len(changes) - shown} more\n" if len(changes) > shown else ""
    return {
        "before_header": head,
        "after_header": head,
        "before": "".join(f"{entry.person.user_name}: {entry.before or '(none)'}\n" for entry in first) + more,
        "after": "".join(f"{entry.person.user_name}: {entry.address}\n" for entry in first) + more,
    }


def check_format(option: str, path: str) -> None:
    """Raise InternetAddressError where the name of a file does not say what it shall hold."""
    if not path.endswith(FORMATS):
        raise InternetAddressError(f"{option}: {path} has to end with {' or '.join(FORMATS)}. Nothing was changed.")


def plan_file(plan: Plan, path: str) -> bytes:
    """Return the whole plan: who is given which address and why, and for whom none could be made."""
    rows = [_change(assignment) for assignment in plan.assignments]
    rows += [
        {
            "user_name": entry.person.user_name,
            "unid": entry.person.key,
            "before": entry.person.internet_address,
            "after": "",
            "reason": "; ".join(entry.reasons),
        }
        for entry in plan.unassignable
    ]
    return _content(rows, _CHANGE, path)


def report_file(report: Report, path: str) -> bytes:
    """Return all findings."""
    return _content((finding._asdict() for finding in report.findings), Finding._fields, path)


def _content(rows: Iterable[dict[str, Any]], columns: Sequence[str], path: str) -> bytes:
    text = io.StringIO(newline="")
    if path.endswith(".json"):
        json.dump(list(rows), text, indent=1, ensure_ascii=True)
        text.write("\n")
    else:
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8")


def _cell(value: str) -> str:
    """Return a value that a spreadsheet takes for the text that it is, and that does nothing to a terminal."""
    return _FORMULA.sub(r"\1'", harmless(value))
