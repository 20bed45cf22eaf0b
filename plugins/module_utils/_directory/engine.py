# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: all definitions of one call, planned, checked and applied over one way.

Data flow one way: definition (definition.py, with the catalogue in items.py) -> plan (plan.py) -> engine -> a way (the
protocol is api.py, rest.py the first one) -> report (report.py).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import design as designs
from .errors import ConflictError, DirectoryError, IncompleteError, UnreachableError
from .plan import CREATED, DELETED, UPDATED, Change, Plan, not_stored, plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .api import DirectoryApi
    from .definition import Definition, Selection
    from .document import Document


@dataclass(frozen=True)
class Outcome:
    """One plan, and the UNID of the document where there is one."""

    plan: Plan
    unid: str | None = None


def run(api: DirectoryApi, definitions: Sequence[Definition], *, write: bool, design_check: str) -> Sequence[Outcome]:
    """Bring the documents to what the definitions say; without `write`, do everything but that.

    Raises DirectoryError. Everything is planned and checked before the first write; where a write fails, the error
    (IncompleteError) holds what was written before.
    """
    with _nothing_changed():
        plans = _checked(api, plan_all(api, definitions), design_check)
    return _applied(api, plans) if write else [_outcome(planned) for planned in plans]


def read(api: DirectoryApi, wanted: Sequence[Selection]) -> Sequence[tuple[Selection, Document]]:
    """Return what was found for each selection, with one search per form."""
    found: dict[str, Sequence[Document]] = {}
    for form in dict.fromkeys(selection.form for selection in wanted):
        matches = [selection.match for selection in wanted if selection.form == form]
        found[form] = api.find(form, matches if all(matches) else [])
    return [
        (selection, document)
        for selection in wanted
        for document in found[selection.form]
        if all(want.found_in(document) for want in selection.match)
    ]


def plan_all(api: DirectoryApi, definitions: Sequence[Definition]) -> Sequence[Plan]:
    """Plan all definitions, with one search per form."""
    found: dict[str, _Found] = {}
    for form in _forms(definition.form.name for definition in definitions):
        matches = [definition.match for definition in definitions if definition.form.name == form]
        found[form] = _Found(api.find(form, matches))
    plans = [_planned(api, found[definition.form.name], definition) for definition in definitions]
    owners: dict[str, Definition] = {}
    for planned in plans:
        if planned.document:
            other = owners.setdefault(planned.document.unid, planned.definition)
            if other is not planned.definition:
                raise DirectoryError(
                    f"{planned.definition.title} and {other.title} are the same document, UNID "
                    f"{planned.document.unid}. Make one definition of them."
                )
            _check_lists(api, planned)
    return plans


class _Found:
    """The documents of one form, by what identifies them, so that thousands of people need no square of comparisons."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._indexes: dict[str, dict[str, list[Document]]] = {}

    def candidates(self, definition: Definition) -> Sequence[Document]:
        """Return the documents that have the first value of the definition's identity."""
        first = definition.match[0]
        if first.name not in self._indexes:
            index: dict[str, list[Document]] = {}
            for document in self._documents:
                for key in {first.key(value) for value in document.get(first.name) or ()}:
                    index.setdefault(key, []).append(document)
            self._indexes[first.name] = index
        return self._indexes[first.name].get(first.key((first.values or ("",))[0]), ())


def _planned(api: DirectoryApi, found: _Found, definition: Definition) -> Plan:
    candidates = found.candidates(definition)
    try:
        return plan(candidates, definition)
    except DirectoryError:
        # Before saying that a document is missing: could it have been seen at all?
        if not any(definition.matches(document) for document in candidates):
            api.accept(definition.form.name, (), definition.match)
        raise


def _check_lists(api: DirectoryApi, planned: Plan) -> None:
    """Look closer where a list came as one bare value: the way may show the first value only."""
    document = planned.document
    suspects = [
        Change(want.item, want.values, want.values)
        for want in planned.definition.wanted
        if document
        and want.item.type == "text_list"
        and want.values
        and isinstance(document.raw(want.name), (str, int))
    ]
    if suspects:
        api.accept(planned.definition.form.name, suspects, ())


def _checked(api: DirectoryApi, plans: Sequence[Plan], design_check: str) -> Sequence[Plan]:
    """Return the plans with values typed as the design wants them; refuse what must not or cannot be written."""
    checked: dict[str, Iterator[Plan]] = {}
    for form in _forms(planned.definition.form.name for planned in plans):
        mine = [planned for planned in plans if planned.definition.form.name == form]
        writes = any(planned.changes for planned in mine)
        checked[form] = iter(_checked_form(api, form, mine, design_check) if writes else mine)
    return [next(checked[planned.definition.form.name]) for planned in plans]


def _checked_form(api: DirectoryApi, form: str, plans: Sequence[Plan], design_check: str) -> Sequence[Plan]:
    design = api.design(form) if design_check == designs.STRICT else None
    if design is not None and design.fields is not None:
        plans = [replace(planned, changes=tuple(designs.check(planned.changes, design))) for planned in plans]
    elif design_check != designs.OFF:
        designs.unchecked([change for planned in plans for change in planned.changes], form)
    if design is not None and design.fields is None:
        api.warnings.append(f"The design of form {form} could not be read ({design.reason}); only documented items go.")
    unseen = [want for planned in plans if planned.action == CREATED for want in planned.definition.match]
    api.accept(form, [change for planned in plans for change in planned.changes], unseen)
    return plans


def _applied(api: DirectoryApi, plans: Sequence[Plan]) -> Sequence[Outcome]:
    outcomes: list[Outcome] = []
    for number, planned in enumerate(plans):
        with _incomplete(planned, outcomes, plans[number + 1 :]):
            outcomes.append(_apply(api, planned))
    return outcomes


def _apply(api: DirectoryApi, planned: Plan) -> Outcome:
    form, document = planned.definition.form.name, planned.document
    if planned.action == CREATED:
        return _verified(planned, api.create(form, planned.changes))
    if planned.action == UPDATED and document is not None:
        try:
            return _verified(planned, api.update(document, planned.changes))
        except ConflictError as exc:
            return _apply_again(api, planned, exc)
    if planned.action == DELETED and document is not None:
        api.delete(document)
    return _outcome(planned)


def _apply_again(api: DirectoryApi, planned: Plan, conflict: ConflictError) -> Outcome:
    """Write once more where the change made meanwhile leaves our items alone; else give up, so that nothing is lost.

    Where somebody else made the very same change (two runs at a time), nothing is left to do.
    """
    fresh = plan([conflict.current], planned.definition)
    if not fresh.changed:
        return _outcome(fresh)
    gave_up = DirectoryError(f"changed meanwhile by someone else ({conflict}). Look at the document, and run again.")
    if [(c.name, c.before) for c in fresh.changes] != [(c.name, c.before) for c in planned.changes]:
        raise gave_up
    try:
        return _verified(planned, api.update(conflict.current, planned.changes))
    except ConflictError:
        raise gave_up from None


def _verified(planned: Plan, document: Document) -> Outcome:
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
    return Outcome(planned, document.unid)


def _cut(wanted: Change, stored: Change) -> str:
    if wanted.after and stored.after and len(wanted.after) > len(stored.after) == 1:
        return " (only the first value: the schema seems to declare the item as one value, not as a list)"
    return ""


def _outcome(planned: Plan) -> Outcome:
    return Outcome(planned, planned.document.unid if planned.document else None)


def _forms(names: Iterator[str]) -> Sequence[str]:
    return list(dict.fromkeys(names))


@contextmanager
def _incomplete(planned: Plan, outcomes: Sequence[Outcome], left: Sequence[Plan]) -> Iterator[None]:
    """Let an error of a write say what was written before, and what was not."""
    try:
        yield
    except DirectoryError as exc:
        done = [outcome.plan.definition.title for outcome in outcomes if outcome.plan.changed]
        undone = [other.definition.title for other in left if other.changed]
        doubt = (
            " It is not known whether this document was written; run again to find out."
            if isinstance(exc, UnreachableError)
            else ""
        )
        raise IncompleteError(
            f"{planned.definition.title}: {exc}{doubt} Written before: {'; '.join(done) or 'nothing'}. "
            f"Not tried any more: {'; '.join(undone) or 'nothing'}.",
            outcomes,
        ) from exc


@contextmanager
def _nothing_changed() -> Iterator[None]:
    """Let every error that comes before the first write say that nothing was changed."""
    try:
        yield
    except DirectoryError as exc:
        exc.args = (f"{exc} Nothing was changed.", *exc.args[1:])
        raise
