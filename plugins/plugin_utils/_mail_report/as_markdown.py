# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for a comment under a pull request: what matters at once, the rest to be unfolded, and never too long.

Texts of others stand in code spans, where no Markdown, no mention and no link is found, or are escaped for HTML.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils._markdown import code_span
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import summary
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    CHANGE_KINDS,
    INCOMPLETE,
    REVIEW,
    Change,
    Report,
)

#: GitHub takes comments of 65,536 characters, GitLab of more.
LIMIT = 60_000
_TEXT = 400  # characters of one text
_LISTED = 3
_ROWS = 25


def render(report: Report) -> bytes:
    """Return the bytes of review.md."""
    lines = [f"## {span(report.title)}", "", f"**{summary.verdict(report)}**", ""]
    if report.time:
        lines += [span(report.time), ""]
    lines += _groups("Risks", summary.grouped(report.risks))
    lines += _groups("Findings" if report.kind != REVIEW else "As it is now", summary.grouped(report.findings))
    lines += _common(report)
    text = "\n".join(lines)
    blocks = [_host(report, host) for host in report.hosts if host.changes or host.status in INCOMPLETE]
    # What does not fit is on the page.
    left = len(blocks)
    for block in blocks:
        if len(text) + len(block) > LIMIT:
            break
        text += block
        left -= 1
    if left:
        text += f"\n{left} more hosts are on the page (index.html) and in review.json.\n"
    return (text.rstrip("\n") + "\n").encode("utf-8")


def span(text: str) -> str:
    """Return a text as a code span that nothing in it can end (CommonMark 6.1)."""
    text = text if len(text) <= _TEXT else f"{text[:_TEXT]}\u2026 ({len(text)} characters)"
    if not text.strip():
        return "(empty)"
    return code_span(text)


def value(change: Change, content: Any) -> str:
    """Return a value before or after, as text, and what it is called."""
    if content is None:
        return "absent"
    called = summary.meaning(change, content)
    return (f"{called} " if called else "") + span(
        content if isinstance(content, str) and content else json.dumps(content, ensure_ascii=False)
    )


def _groups(title: str, groups: Sequence[summary.Group]) -> Iterable[str]:
    if not groups:
        return
    yield from (f"### {title}", "")
    for group in groups:
        where = _hosts(group.hosts)
        yield f"- **{group.severity}**: {_heading(group.title)}{f' ({where})' if where else ''}"
        for text in list(dict.fromkeys(_text(entry) for entry in group.entries))[:_LISTED]:
            yield f"  - {span(text)}"
    yield ""


def _heading(title: str) -> str:
    """Return a heading of ours, or an id of a finding, which may be anybody's."""
    return title if re.fullmatch(r"[A-Za-z0-9 .,-]+", title) else span(title)


def _text(entry: Any) -> str:
    return str(getattr(entry, "text", "") or getattr(entry, "found", ""))


def _hosts(names: Sequence[str]) -> str:
    return ", ".join(span(name) for name in names) if len(names) <= _LISTED else f"{len(names)} hosts"


def _common(report: Report) -> Iterable[str]:
    rows = summary.common(report.changes)
    if not rows:
        return
    yield from ("### Changes", "")
    for kind, heading in CHANGE_KINDS.items():
        mine = [row for row in rows if row.kind == kind]
        if not mine:
            continue
        yield f"**{heading}**"
        yield ""
        for row in mine[:_ROWS]:
            values = "; ".join(
                f"{value(row.example, before)} → {value(row.example, after)}" for before, after in row.listed
            )
            thing = _thing(row.example)
            if kind == "console":
                yield f"- {thing} on {_hosts(row.hosts)}"
            else:
                values = values or f"{len(row.pairs)} different values"
                yield f"- {span(row.where)}: {thing}: {values} ({_hosts(row.hosts)})"
        if len(mine) > _ROWS:
            yield f"- and {len(mine) - _ROWS} more, on the page (index.html)"
        yield ""


def _thing(change: Change) -> str:
    if change.label and change.name:
        return f"{span(change.label)} [{span(change.name)}]"
    return span(change.label or change.name or change.title)


def _host(report: Report, host: Any) -> str:
    name = f"<code>{html.escape(host.name)}</code>"
    server = f" ({html.escape(host.server_name)})" if host.server_name else ""
    status = {"unreachable": "not reached", "failed": "not looked at to the end", "no_result": "no result"}.get(
        host.status, f"{len(host.changes)} changes"
    )
    lines = ["", f"<details><summary>{name}{server}: {status}</summary>", ""]
    if host.status in INCOMPLETE and host.reason:
        lines += [span(host.reason), ""]
    for change in host.changes:
        if change.kind == "console":
            lines.append(f"- Console: {span(change.name)}")
        else:
            what = f"{span(change.title)} {change.action}: {_thing(change)}"
            lines.append(f"- {what}: {value(change, change.before)} → {value(change, change.after)}" + _degree(change))
    return "\n".join([*lines, "", "</details>", ""])


def _degree(change: Change) -> str:
    return f" ({change.evidence})" if re.fullmatch(r"[a-z]+", change.evidence) else ""
