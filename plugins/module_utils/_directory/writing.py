# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing to one document that somebody else may change at the same time: nothing is lost, both values are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .errors import ConflictError, DirectoryError
from .plan import NONE, Change, Outcome, Plan, not_stored, same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .api import DirectoryApi
    from .document import Document, Values

#: How often a document is read again and written again when others change it all the time.
TRIES = 5


def update(api: DirectoryApi, planned: Plan, document: Document) -> Outcome:
    """Write the changes of a plan to the document that was read. Raises DirectoryError.

    Where somebody else has changed the document since, it is written again as long as that change leaves our items
    alone, or makes them what they shall be.
    """
    for _attempt in range(TRIES):
        try:
            return verified(planned, api.update(document, planned.changes))
        except ConflictError as exc:
            document = _still_ours(planned, document, exc.current)
        changes = remaining(planned.changes, document)
        planned = replace(planned, document=document, changes=changes, action=planned.action if changes else NONE)
        if not planned.changed:
            return Outcome(planned, document)
    raise _too_busy()


def delete(api: DirectoryApi, planned: Plan, document: Document) -> Outcome:
    """Remove the document that was read. Raises DirectoryError, also where somebody else has changed it since."""
    for _attempt in range(TRIES):
        current = _removed(api, planned, document)
        if current is document:
            return Outcome(planned)
        if current is None:
            return Outcome(replace(planned, action=NONE, document=None))
        document = _unchanged(planned, document, current)
    raise _too_busy()


def _removed(api: DirectoryApi, planned: Plan, document: Document) -> Document | None:
    """Return the document if it was removed, else what it is now: changed, or None where somebody else removed it."""
    try:
        api.delete(document, planned.definition.match[0])
    except ConflictError as exc:
        return exc.current
    return document


def verified(planned: Plan, document: Document) -> Outcome:
    """Return what became of a plan; DirectoryError where the document does not show what was written."""
    missing = not_stored(planned.changes, document)
    if missing:
        wanted = {change.name: change for change in planned.changes}
        lines = "; ".join(
            f"{change.item.title}: {wanted[change.name].after_shown} was written, "
            f"{change.after_shown} is there" + _cut(wanted[change.name], change)
            for change in missing
        )
        raise DirectoryError(
            f"the document (UNID {document.unid}) was written and does not show it: {lines}. Check that the schema "
            "declares these items in the modes default and dql, and that no formula of the form or schema changes them."
        )
    return Outcome(planned, document)


def remaining(changes: Sequence[Change], document: Document) -> tuple[Change, ...]:
    """Return those of the changes that a document still needs, each with what it has now as `before`."""
    return tuple(
        replace(change, before=stored)
        for change in changes
        for stored in [document.get(change.name)]
        if not same(change.item, stored, change.after)
    )


def _still_ours(planned: Plan, read: Document, current: Document | None) -> Document:
    """Return the document as it is now; DirectoryError where it is gone, or what we write was changed."""
    if current is None:
        raise DirectoryError("removed meanwhile by someone else. Look whether that is right, and run again.")
    if planned.definition.matches(read) and not planned.definition.matches(current):
        raise DirectoryError(
            "changed meanwhile by someone else: it is another document now. Look at it, and run again."
        )
    ours = {want.name: Change(want.item, read.get(want.name), want.values) for want in planned.definition.wanted}
    ours.update({change.name: replace(change, before=read.get(change.name)) for change in planned.changes})
    touched = [
        f"{change.item.title}: {change.after_shown} was to be written, {_shown(change, theirs)} is there now, "
        f"{change.before_shown} was read before"
        for change in ours.values()
        for theirs in [current.get(change.name)]
        if not same(change.item, theirs, change.before) and not same(change.item, theirs, change.after)
    ]
    if touched:
        raise DirectoryError(
            f"changed meanwhile by someone else, in the same items: {'; '.join(touched)}. Decide which value is right, "
            "and run again."
        )
    return current


def _unchanged(planned: Plan, read: Document, current: Document) -> Document:
    """Return the document as it is now; DirectoryError where an item that can be seen is not as it was read."""
    changes = [
        Change(planned.definition.catalogue.known(read.form, name), read.get(name), None)
        for name in dict.fromkeys([*read.items, *current.items])
    ]
    touched = [
        f"{change.item.title}: {_shown(change, theirs)} is there now, {change.before_shown} was read before"
        for change in changes
        for theirs in [current.get(change.name)]
        if not same(change.item, theirs, change.before)
    ]
    if touched:
        raise DirectoryError(
            f"changed meanwhile by someone else, and therefore not removed: {'; '.join(touched)}. Look at the "
            "document, and run again."
        )
    return current


def _shown(change: Change, stored: Values | None) -> str:
    return replace(change, before=stored).before_shown


def _too_busy() -> DirectoryError:
    return DirectoryError(f"changed meanwhile by someone else, {TRIES} times in a row. Run again when it is quieter.")


def _cut(wanted: Change, stored: Change) -> str:
    if wanted.after and stored.after and len(wanted.after) > len(stored.after) == 1:
        return " (only the first value: the schema seems to declare the item as one value, not as a list)"
    return ""
