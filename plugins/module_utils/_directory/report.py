# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcomes and documents as plain data: a module's result, a diff, friendly settings of what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import items
from .document import Values, text
from .plan import CREATED, DELETED, Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .definition import Definition
    from .document import Document
    from .engine import Outcome
    from .plan import Plan


def results(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return a module's result: changed, documents, diff (one entry for each document that changes)."""
    changed = [outcome.plan for outcome in outcomes if outcome.plan.changed]
    return {
        "changed": bool(changed),
        "documents": [result(outcome) for outcome in outcomes],
        "diff": [diff(plan) for plan in changed],
    }


def result(outcome: Outcome) -> dict[str, Any]:
    """Return one document of the result: form, match, unid, action, changes."""
    plan = outcome.plan
    return {
        "form": plan.definition.form.name,
        "match": {want.item.setting or want.name: _content(want.values) for want in plan.definition.match},
        "unid": outcome.unid,
        "action": plan.action,
        "changes": [_change(change) for change in plan.changes],
    }


def diff(plan: Plan) -> dict[str, str]:
    """Return one document's diff, in the shape that Ansible prints: a line for each item, before and after."""
    before = [f"{change.item.title}: {change.before_shown}" for change in plan.changes]
    after = [f"{change.item.title}: {change.after_shown}" for change in plan.changes]
    title = plan.definition.title
    before_title, after_title = title, title
    if plan.action == CREATED:
        before, before_title = [], f"{title}, absent"
    if plan.action == DELETED and plan.document:
        before, after, after_title = list(_lines(plan.document)), [], f"{title}, absent"
    return {
        "before_header": before_title,
        "after_header": after_title,
        "before": "".join(f"{line}\n" for line in before),
        "after": "".join(f"{line}\n" for line in after),
    }


def secrets(definitions: Sequence[Definition]) -> set[str]:
    """Return the secret values of definitions, to keep them out of whatever is printed."""
    wanted = [want for definition in definitions for want in (*definition.match, *definition.wanted)]
    return {text(value) for want in wanted if want.item.is_secret for value in want.values or () if text(value)}


def read(document: Document, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return a document that was read: form, unid, revision, items as stored, and friendly settings."""
    wanted = {name.lower() for name in names}
    shown = {
        name: "(secret)" if content and items.known(document.form, name).is_secret else content
        for name, content in document.items.items()
        if not wanted or name.lower() in wanted
    }
    settings = {}
    for name, content in shown.items():
        item = items.known(document.form, name)
        if item.setting:
            settings[item.setting] = _friendly(item, content)
    return {
        "form": document.form,
        "unid": document.unid,
        "revision": document.revision,
        "items": shown,
        "settings": settings,
    }


def _friendly(item: items.Item, content: Any) -> Any:
    if isinstance(content, list):
        return [_friendly(item, entry) for entry in content]
    stored = text(content) if isinstance(content, (str, int, float)) else content
    named = (name for name, value in item.values.items() if value is not None and value == stored)
    return next(named, content)


def _change(change: Change) -> dict[str, Any]:
    return {
        "item": change.name,
        "setting": change.item.setting,
        "label": change.item.label,
        "before": _masked(change, change.before),
        "after": _masked(change, change.after),
        "evidence": change.item.evidence,
    }


def _masked(change: Change, values: Values | None) -> Any:
    return "(secret)" if change.item.is_secret and values else _content(values)


def _content(values: Values | None) -> Any:
    if values is None:
        return None
    if len(values) > 1:
        return list(values)
    return values[0] if values else ""


def _lines(document: Document) -> Sequence[str]:
    found = [(items.known(document.form, name), document.get(name)) for name in document.items if name != "Form"]
    return [f"{item.title}: {Change(item, values, None).before_shown}" for item, values in found]
