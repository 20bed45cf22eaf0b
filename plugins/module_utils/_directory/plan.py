# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: what has to change in one document, and what it looks like before and after. No Ansible, file or socket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._notes_name import canonical
from .document import Document, Values, key, shown
from .errors import DirectoryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .definition import Definition, Wanted
    from .document import Scalar
    from .items import Item

CREATED, UPDATED, DELETED, NONE = "created", "updated", "deleted", "none"


@dataclass(frozen=True)
class Change:
    """One item before and after; None: not there."""

    item: Item
    before: Values | None
    after: Values | None

    @property
    def name(self) -> str:
        """Return the item's name."""
        return str(self.item.name)

    @property
    def before_shown(self) -> str:
        """Return what was there, for a person; a secret is not shown, only that there is one."""
        return "(secret)" if self.item.is_secret and self.before else shown(self.before)

    @property
    def after_shown(self) -> str:
        """Return what will be there, for a person; of a secret, only that there is another one."""
        return "(new secret)" if self.item.is_secret and self.after else shown(self.after)


@dataclass(frozen=True)
class Plan:
    """What has to be done to one document so that it is as its definition says."""

    definition: Definition
    action: str
    document: Document | None = None
    changes: tuple[Change, ...] = ()

    @property
    def changed(self) -> bool:
        """Tell whether there is anything to do."""
        return self.action != NONE


@dataclass(frozen=True)
class Outcome:
    """A plan that was carried out (or would be, in check mode), and the document as it is then."""

    plan: Plan
    stored: Document | None = None

    @property
    def unid(self) -> str | None:
        """Return the UNID of the document, None where there is none (yet)."""
        document = self.stored or self.plan.document
        return document.unid if document else None


def same(item: Item, stored: Values | None, wanted: Values | None) -> bool:
    """Tell whether an item is as wanted; None is an item that is not there, and as good as an empty one.

    Text and number are never the same. Names are the same in abbreviated and in canonical form. Order counts unless
    the catalogue knows that it does not (`Item.is_set`).
    """

    def keys(values: Values | None) -> Sequence[tuple[str, object]]:
        found = [_key(item, value) for value in values or ()]
        return sorted(found, key=repr) if item.is_set else found

    return keys(stored) == keys(wanted)


def _key(item: Item, value: Scalar) -> tuple[str, object]:
    return key(canonical(value) if item.is_names and isinstance(value, str) else value)


def plan(documents: Sequence[Document], definition: Definition) -> Plan:
    """Plan one definition against the documents that were found for it (others are passed over).

    Raises DirectoryError where several documents match or one that replication left as a conflict (naming their UNIDs),
    and where the document is missing and may not be created.
    """
    found = [document for document in documents if definition.matches(document)]
    if len(found) > 1 or any(document.is_conflict for document in found):
        raise _ambiguous(found, definition)
    if not found:
        return _plan_missing(definition)
    document = found[0]
    if not definition.present:
        return Plan(definition, DELETED, document)
    changes = tuple(_changes(document, definition.wanted))
    return Plan(definition, UPDATED if changes else NONE, document, changes)


def _ambiguous(found: Sequence[Document], definition: Definition) -> DirectoryError:
    unids = ", ".join(document.unid + (" (replication conflict)" * document.is_conflict) for document in found)
    count = f"{len(found)} documents match" if len(found) > 1 else "a replication conflict matches"
    return DirectoryError(
        f"{definition.title}: {count}, with the UNIDs {unids}. None of them is touched. Look at them, remove the ones "
        "too many, or match by more than this. One of them may be a replication conflict even where the schema does "
        "not show the item $Conflict."
    )


def _plan_missing(definition: Definition) -> Plan:
    if not definition.present:
        return Plan(definition, NONE)
    if not definition.create:
        hint = (
            "Server documents are made at server set-up, never here. Check the name, and that the server is set up."
            if not definition.form.creatable
            else "create: false forbids to make it. Check match:, or allow it."
        )
        raise DirectoryError(f"{definition.title}: there is no such document. {hint}")
    return Plan(definition, CREATED, None, tuple(_changes(Document("", ""), definition.on_creation)))


def _changes(document: Document, wanted: Sequence[Wanted]) -> Sequence[Change]:
    before = [(want, document.get(want.name)) for want in wanted]
    return [
        Change(want.item, stored, want.values) for want, stored in before if not same(want.item, stored, want.values)
    ]


def narrowed(planned: Plan) -> Plan:
    """Return a plan without the changes that are none, once the directory has said what is text and what a number."""
    if planned.action != UPDATED:
        return planned
    changes = tuple(change for change in planned.changes if not same(change.item, change.before, change.after))
    return replace(planned, action=UPDATED if changes else NONE, changes=changes)


def not_stored(changes: Sequence[Change], document: Document) -> Sequence[Change]:
    """Return the changes that a document does not show, each with what the document has instead as `after`."""
    return [
        Change(change.item, change.before, document.get(change.name))
        for change in changes
        if not same(change.item, document.get(change.name), change.after)
    ]
