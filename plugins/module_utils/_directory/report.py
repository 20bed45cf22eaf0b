# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcomes and documents as plain data: a module's result, a diff, friendly settings of what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import items, undoing
from .document import Values, plain, text
from .plan import CREATED, DELETED, Change, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .definition import Definition
    from .document import Document
    from .plan import Plan


def results(outcomes: Sequence[Outcome], left: Sequence[Plan] = (), *, write: bool = True) -> dict[str, Any]:
    """Return a module's result: changed, documents, undo, diff (one entry for each document that changes).

    With `left`, what was planned and not written, also not_written. Without `write` there is nothing to undo.
    """
    changed = [outcome.plan for outcome in outcomes if outcome.plan.changed]
    found = {
        "changed": bool(changed),
        "documents": [result(outcome) for outcome in outcomes],
        "undo": [entry for entry in map(undoing.entry, outcomes) if entry] if write else [],
        "diff": [diff(plan) for plan in changed],
    }
    return {**found, "not_written": [result(Outcome(plan)) for plan in left]} if left else found


def result(outcome: Outcome) -> dict[str, Any]:
    """Return one document of the result: form, match, unid, action, changes."""
    plan = outcome.plan
    return {
        "form": plan.definition.form.name,
        "match": {want.item.setting or want.name: plain(want.values) for want in plan.definition.match},
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
        before, after, after_title = list(_lines(plan.document, plan.definition.catalogue)), [], f"{title}, absent"
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


def secrets_given(raw: Sequence[Mapping[str, Any]], catalogue: items.Catalogue = items.PUBLISHED) -> set[str]:
    """Return the secret values of definitions that may be wrong, and therefore end up in the output as they are."""
    settings = {(item.form, item.setting): item for item in catalogue.rows()}
    return {
        text(value)
        for mapping in raw
        for group in ("match", "settings", "items")
        for name, content in (mapping.get(group) or {}).items()
        for form in [str(mapping.get("form"))]
        if (settings.get((form, name)) or catalogue.known(form, name)).is_secret
        for value in (content if isinstance(content, list) else [content])
        if value is not None and text(value)
    }


def read(document: Document, names: Sequence[str] = (), catalogue: items.Catalogue = items.PUBLISHED) -> dict[str, Any]:
    """Return a document that was read: form, unid, revision, items as stored, and friendly settings."""
    wanted = {name.lower() for name in names}
    shown = {
        name: "(secret)" if content and catalogue.known(document.form, name).is_secret else content
        for name, content in document.items.items()
        if not wanted or name.lower() in wanted
    }
    settings = {}
    for name, content in shown.items():
        item = catalogue.known(document.form, name)
        if item.setting:
            settings[item.setting] = _friendly(item, content)
    return {
        "form": document.form,
        "unid": document.unid,
        "revision": document.revision,
        "stored_items": shown,
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
        "tab": change.item.tab,
        "sources": list(change.item.sources),
    }


def _masked(change: Change, values: Values | None) -> Any:
    return "(secret)" if change.item.is_secret and values else plain(values)


def _lines(document: Document, catalogue: items.Catalogue) -> Sequence[str]:
    found = [(catalogue.known(document.form, name), document.get(name)) for name in document.items if name != "Form"]
    return [f"{item.title}: {Change(item, values, None).before_shown}" for item, values in found]
