# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: all definitions of one call, planned, checked and applied over one way.

Data flow one way: definition (definition.py, with the catalogue in items.py) -> plan (plan.py) -> engine -> a way (the
protocol is api.py, rest.py the first one) -> report (report.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import administration, undoing
from . import design as designs
from .applying import apply
from .creation import look_up, look_up_settled
from .errors import DirectoryError, IncompleteError, nothing_changed
from .plan import CREATED, DELETED, Change, Outcome, Plan, narrowed, plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .api import DirectoryApi
    from .definition import Definition, Selection
    from .design import Design
    from .document import Document

#: Documents that are written at a time, where nothing else is said.
CONCURRENCY = 4


def run(
    api: DirectoryApi,
    definitions: Sequence[Definition],
    *,
    write: bool,
    design_check: str,
    concurrency: int = CONCURRENCY,
    administration_server: Definition | None = None,
) -> Sequence[Outcome]:
    """Bring the documents to what the definitions say; without `write`, do everything but that.

    The Server document of the `administration_server` must be there. Raises DirectoryError. Everything is planned and
    checked before the first write; where a write fails, the error (IncompleteError) holds what was written and what was
    not.
    """
    with nothing_changed():
        plans = _checked(api, plan_all(api, definitions, administration_server), design_check)
    return _carried_out(api, plans, write=write, concurrency=concurrency)


def undo(
    api: DirectoryApi,
    entries: Sequence[undoing.Entry],
    *,
    write: bool,
    design_check: str,
    concurrency: int = CONCURRENCY,
    administration_server: Definition | None = None,
) -> Sequence[Outcome]:
    """Bring documents back to what they were, newest first; without `write`, do everything but that.

    Raises DirectoryError. A document that somebody else has changed since, in what we wrote, is left as it is; the
    others are brought back, and the error (IncompleteError) names it with both values.
    """
    with nothing_changed():
        plan_all(api, [], administration_server)
        api.warnings += undoing.lost(entries)
        plans, refusals = undoing.plan_all(api, entries, concurrency)
        plans = _checked(api, plans, design_check)
    outcomes = _carried_out(api, plans, write=write, concurrency=concurrency)
    if refusals:
        count = f"{len(refusals)} of {len(entries)} documents {'are' if write else 'would be'} left as they are"
        raise IncompleteError(f"{count}. {' '.join(refusals)}", outcomes)
    return outcomes


def _carried_out(api: DirectoryApi, plans: Sequence[Plan], *, write: bool, concurrency: int) -> Sequence[Outcome]:
    return apply(api, plans, concurrency) if write else [Outcome(planned, planned.document) for planned in plans]


def read(
    api: DirectoryApi, wanted: Sequence[Selection], administration_server: Definition | None = None
) -> Sequence[tuple[Selection, Document]]:
    """Return what was found for each selection, with one search per form.

    The Server document of the `administration_server` must be there.
    """
    found: dict[str, Sequence[Document]] = {}
    required = [administration_server] if administration_server else []
    identities = [(selection.form, selection.match) for selection in wanted]
    identities += [(definition.form.name, definition.match) for definition in required]
    for form in _forms(form for form, _match in identities):
        matches = [match for of, match in identities if of == form]
        found[form] = api.find(form, matches if all(matches) else [])
    for definition in required:
        documents = [document for document in found[definition.form.name] if definition.matches(document)]
        administration.require(api, definition, documents)
    return [
        (selection, document)
        for selection in wanted
        for document in found[selection.form]
        if all(want.found_in(document) for want in selection.match)
    ]


def plan_all(
    api: DirectoryApi, definitions: Sequence[Definition], administration_server: Definition | None = None
) -> Sequence[Plan]:
    """Plan all definitions, with one search per form.

    Where several documents match a definition, runs that made them at the same time get time to remove theirs.
    """
    required = [administration_server] if administration_server else []
    found = dict(look_up(api, [*definitions, *required]))
    for definition in required:
        administration.require(api, definition, found[id(definition)])
    contested = [definition for definition in definitions if not _is_settled(found[id(definition)])]
    if contested:
        found.update(look_up_settled(api, contested, _is_settled, more_patience=2))
    plans = [_planned(api, found[id(definition)], definition) for definition in definitions]
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


def _is_settled(found: Sequence[Document]) -> bool:
    """Return whether waiting changes nothing: at most one document, or one that replication left, which stays."""
    return len(found) < 2 or any(document.is_conflict for document in found)


def _planned(api: DirectoryApi, found: Sequence[Document], definition: Definition) -> Plan:
    try:
        return plan(found, definition)
    except DirectoryError:
        # Before saying that a document is missing: could it have been seen at all?
        if not found:
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
        writes = any(planned.changed for planned in mine)
        checked[form] = iter(_checked_form(api, form, mine, design_check) if writes else mine)
    return [next(checked[planned.definition.form.name]) for planned in plans]


def _checked_form(api: DirectoryApi, form: str, plans: Sequence[Plan], design_check: str) -> Sequence[Plan]:
    written, design = by_design(api, form, [change for planned in plans for change in planned.changes], design_check)
    unseen = [want for planned in plans if planned.action == CREATED for want in planned.definition.match]
    accepted = iter(api.accept(form, [*written, *_claims(plans)], unseen, design))
    return [narrowed(replace(planned, changes=tuple(next(accepted) for _c in planned.changes))) for planned in plans]


def by_design(
    api: DirectoryApi, form: str, written: Sequence[Change], design_check: str
) -> tuple[Sequence[Change], Design | None]:
    """Return changes of a form as its design wants them, and the design; refuse what must not be written."""
    design = api.design(form) if design_check == designs.STRICT and written else None
    if design is not None and design.fields is not None:
        design = designs.covering(design, [change.name for change in written])
        return designs.check(written, design), design
    if design_check != designs.OFF:
        designs.unchecked(written, form)
    if design is not None:
        api.warnings.append(f"The design of form {form} could not be read ({design.reason}); only documented items go.")
    return written, design


def _claims(plans: Sequence[Plan]) -> list[Change]:
    """Return what is written to documents before they are removed: an item of their identity, as it is."""
    found = [(p.document, p.definition.match[0]) for p in plans if p.action == DELETED and p.document]
    return [Change(want.item, document.get(want.name), document.get(want.name)) for document, want in found]


def _forms(names: Iterator[str]) -> Sequence[str]:
    return list(dict.fromkeys(names))
