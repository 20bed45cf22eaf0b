# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what a check run had shown with what the runs after it changed: python recorded.py RECORD PLAYBOOK.

RECORD is what the callback `recorder` has written. Only lines that come or go are compared, because hosts that share
something, such as the MX records of a domain, find it as the others have left it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Change = tuple[str, str, str]


def changes(results: Iterable[dict[str, Any]]) -> set[Change]:
    """Return what changed: host, task, and the lines that came and went."""
    return {(r["host"], r["task"], json.dumps([_lines(part) for part in r["diff"]])) for r in results if r["changed"]}


def _lines(part: dict[str, Any]) -> list[str]:
    before, after = (Counter(str(part.get(side) or "").splitlines()) for side in ("before", "after"))
    header = str(part.get("after_header") or "")
    return [header, *(f"-{line}" for line in before - after), *(f"+{line}" for line in after - before)]


def main() -> int:
    """Print the number of changes, or those that only one of the two has, and return 1."""
    record, playbook = sys.argv[1:]
    lines = Path(record).read_text(encoding="utf-8").splitlines()
    results = [result for result in map(json.loads, lines) if result["playbook"] == playbook]
    shown = changes(result for result in results if result["check"])
    done = changes(result for result in results if not result["check"])
    for title, only in (("shown and not done", shown - done), ("done and not shown", done - shown)):
        for change in sorted(only):
            print(f"{title}: {' | '.join(change)}")
    if shown != done or not done:
        print(f"The check run had shown {len(shown)} changes, the runs made {len(done)}.")
        return 1
    print(f"{len(done)} changes, each as the check run had shown it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
