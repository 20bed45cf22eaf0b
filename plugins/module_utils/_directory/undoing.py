# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: what was written, as plain data that a later call takes, and the plans that bring it back.

Secret values are in no entry, so they do not come back; an entry says which it left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Callable

from . import items
from .creation import look_up
from .definition import Definition, Wanted
from .document import check, key, plain
from .errors import DefinitionError, DirectoryError
from .parallel import each
from .plan import CREATED, DELETED, NONE, UPDATED, Change, Outcome, Plan, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .api import DirectoryApi
    from .document import Document, Values

#: What Ansible puts in place of what must not be shown, a password that is part of a value, say.
MASKS = ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "********")


@dataclass(frozen=True)
class Entry:
    """What one write did. Of each change, `before` is what comes back and `after` what was written."""

    action: str
    form: str
    unid: str
    revision: str | None
    match: tuple[Wanted, ...]
    changes: tuple[Change, ...]
    omitted: tuple[str, ...]
    catalogue: items.Catalogue

    @property
    def definition(self) -> Definition:
        """Return what the document shall be again."""
        wanted = tuple(Wanted(change.item, change.before) for change in self.changes)
        kept = self.action != CREATED
        return Definition(
            items.form(self.form), self.match, wanted if kept else (), present=kept, catalogue=self.catalogue
        )


def entry(outcome: Outcome) -> Mapping[str, Any] | None:
    """Return the entry for an outcome: action, form, unid, revision after the write, match, items, omitted.

    None where nothing was written, or where it is not known what was read or stored.
    """
    planned, stored, catalogue = outcome.plan, outcome.stored, outcome.plan.definition.catalogue
    if planned.action == UPDATED:
        changes = planned.changes
    elif planned.action == CREATED and stored:
        changes = tuple(_changes(stored, catalogue, lambda content: (None, content)))
    elif planned.action == DELETED and planned.document:
        changes = tuple(_changes(planned.document, catalogue, lambda content: (content, None)))
    else:
        return None
    shown = [change for change in changes if not change.item.is_secret and _is_plain(change)]
    return {
        "action": planned.action,
        "form": planned.definition.form.name,
        "unid": outcome.unid,
        "revision": stored.revision if stored else None,
        "match": {want.name: plain(want.values) for want in planned.definition.match},
        "items": [{"item": c.name, "previous": plain(c.before), "written": plain(c.after)} for c in shown],
        "omitted": [change.name for change in changes if change not in shown],
    }


def parse(raw: Sequence[Mapping[str, Any]], catalogue: items.Catalogue = items.PUBLISHED) -> Sequence[Entry]:
    """Return the entries that a call is given; raises DefinitionError."""
    found = [_entry(number, mapping, catalogue) for number, mapping in enumerate(raw, start=1)]
    unids = [entry.unid for entry in found]
    twice = next((unid for unid in unids if unids.count(unid) > 1), None)
    if twice:
        raise DefinitionError(
            f"undo: two entries are about the document {twice}. Give the lists of two calls back in two calls, the "
            "newer one first. Nothing was changed."
        )
    return found


def lost(entries: Sequence[Entry]) -> Sequence[str]:
    """Return a sentence for each document of which something does not come back."""
    return [
        f"{entry.definition.title}: not brought back, because undo leaves them out: {', '.join(entry.omitted)}."
        for entry in entries
        if entry.omitted and entry.action != CREATED
    ]


def plan_all(api: DirectoryApi, entries: Sequence[Entry], concurrency: int) -> tuple[Sequence[Plan], Sequence[str]]:
    """Return the plans that bring back what was there, newest first, and a sentence for each that must stay."""
    newest_first = list(reversed(entries))
    removed = [(entry, entry.definition) for entry in newest_first if entry.action == DELETED]
    again = look_up(api, [definition for _entry, definition in removed])
    present = {id(entry): again[id(definition)] for entry, definition in removed}
    others = [entry for entry in newest_first if entry.action != DELETED]
    for entry, document in zip(others, each(others, lambda entry: api.read(entry.form, entry.unid), concurrency)):
        if isinstance(document, DirectoryError):
            raise document
        present[id(entry)] = [document] if document else []
    planned = [_planned(entry, present[id(entry)]) for entry in newest_first]
    return [plan for plan in planned if isinstance(plan, Plan)], [text for text in planned if isinstance(text, str)]


def _planned(entry: Entry, found: Sequence[Document]) -> Plan | str:
    try:
        return _PLANNERS[entry.action](entry, found)
    except DirectoryError as exc:
        return f"{entry.definition.title}, UNID {entry.unid}: {exc}"


def _plan_updated(entry: Entry, found: Sequence[Document]) -> Plan:
    """Plan the previous values, where the written ones are still there (or the previous ones already)."""
    if not found:
        raise DirectoryError("it is not there any more.")
    document, definition = found[0], entry.definition
    now = [(change, document.get(change.name)) for change in entry.changes]
    _refuse(
        [
            (change, stored)
            for change, stored in now
            if not same(change.item, stored, change.after) and not same(change.item, stored, change.before)
        ]
    )
    changes = tuple(
        Change(change.item, stored, change.before)
        for change, stored in now
        if not same(change.item, stored, change.before)
    )
    return Plan(definition, UPDATED if changes else NONE, document, changes)


def _plan_created(entry: Entry, found: Sequence[Document]) -> Plan:
    """Plan the removal of a document that was made, where it is still as it was made."""
    if not found:
        return Plan(entry.definition, NONE)
    document = found[0]
    if document.revision is None or document.revision != entry.revision:
        made = {change.name.lower(): change.after for change in entry.changes}
        now = _changes(document, entry.catalogue, lambda content: (content, None))
        compared = [Change(c.item, c.before, made.get(c.name.lower())) for c in now if not c.item.is_secret]
        _refuse([(change, change.before) for change in compared if not same(change.item, change.before, change.after)])
    return Plan(entry.definition, DELETED, document)


def _plan_deleted(entry: Entry, found: Sequence[Document]) -> Plan:
    """Plan the document again that was removed, where there is none of its identity."""
    definition = entry.definition
    if len(found) == 1 and all(same(c.item, found[0].get(c.name), c.before) for c in entry.changes):
        return Plan(definition, NONE, found[0])
    if found:
        raise DirectoryError(f"there is another such document by now (UNID {', '.join(doc.unid for doc in found)}).")
    wanted = [Change(want.item, None, want.values) for want in definition.on_creation]
    return Plan(
        definition, CREATED, None, tuple(change for change in wanted if not same(change.item, None, change.after))
    )


_PLANNERS = {UPDATED: _plan_updated, CREATED: _plan_created, DELETED: _plan_deleted}


def _refuse(touched: Sequence[tuple[Change, Values | None]]) -> None:
    if touched:
        lines = "; ".join(
            f"{change.item.title}: {_shown(change, stored)} is there now, {change.after_shown} was written"
            for change, stored in touched
        )
        raise DirectoryError(f"changed meanwhile by someone else: {lines}.")


def _shown(change: Change, stored: Values | None) -> str:
    return replace(change, before=stored).before_shown


def _changes(
    document: Document,
    catalogue: items.Catalogue,
    sides: Callable[[Values | None], tuple[Values | None, Values | None]],
) -> Sequence[Change]:
    """Return all items of a document, but for what says that it is of its form."""
    names = [name for name in document.items if name.lower() not in ("form", items.TYPE.lower())]
    return [Change(catalogue.known(document.form, name), *sides(document.get(name))) for name in names]


def _is_plain(change: Change) -> bool:
    """Tell whether an item can be written again: text or numbers, and not Domino's own."""
    content = (change.before or ()) + (change.after or ())
    return change.name[:1] != "$" and all(key(value)[0] != "other" for value in content)


def _entry(number: int, raw: Mapping[str, Any], catalogue: items.Catalogue) -> Entry:
    action, unid, revision = str(raw.get("action")), str(raw.get("unid") or ""), raw.get("revision")
    wrong = "" if action in _PLANNERS and unid and raw.get("match") else "action, unid and match are needed."
    try:
        form = items.form(str(raw.get("form"))).name
        match = tuple(
            Wanted(catalogue.by_name(form, name), check(name, value))
            for name, value in (raw.get("match") or {}).items()
        )
        changes = tuple(_change(form, mapping, catalogue) for mapping in raw.get("items") or ())
    except DefinitionError as exc:
        wrong = str(exc)
    if wrong:
        raise DefinitionError(
            f"undo, entry {number}: {wrong} Give what this module returned as undo. Nothing was changed."
        )
    return Entry(action, form, unid, revision, match, changes, tuple(raw.get("omitted") or ()), catalogue)


def _change(form: str, raw: Mapping[str, Any], catalogue: items.Catalogue) -> Change:
    item = catalogue.by_name(form, str(raw.get("item")))
    sides = [raw.get("previous"), raw.get("written")]
    before, after = (None if side is None else check(f"Item {item.name}", side) for side in sides)
    if any(mask in str(value) for mask in MASKS for value in before or ()):
        raise DefinitionError(f"item {item.name}: Ansible has masked the previous value, it cannot be brought back.")
    return Change(item, before, after)
