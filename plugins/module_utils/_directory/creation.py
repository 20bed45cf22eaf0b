# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making documents so that several runs at a time, none knowing of the others, leave one document of each identity.

A Domino Directory has no unique keys. So every run looks its documents up again after it has made them. Where there are
more than its own, the oldest one stays (time of creation, then UNID), and each run removes only what it made itself.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from . import writing
from .errors import DirectoryError
from .plan import NONE, UPDATED, Outcome, Plan, not_stored
from .writing import remaining, verified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .api import DirectoryApi
    from .definition import Definition
    from .document import Document

#: Documents made by one request. HCL documents no limit for it.
AT_A_TIME = 100
#: Back-off, in seconds, while a concurrent run removes its duplicate.
PATIENCE = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


def create(api: DirectoryApi, plans: Sequence[Plan]) -> Sequence[Outcome | DirectoryError]:
    """Make the documents of some plans, and return what became of each.

    Raises DirectoryError where it is not known which of them were made.
    """
    made = api.create([(planned.definition.form.name, planned.changes) for planned in plans])
    done = [planned for planned, document in zip(plans, made) if not isinstance(document, DirectoryError)]
    found = look_up(api, [planned.definition for planned in done])
    return [
        document
        if isinstance(document, DirectoryError)
        else _settled(api, planned, document, found[id(planned.definition)])
        for planned, document in zip(plans, made)
    ]


def look_up(api: DirectoryApi, definitions: Sequence[Definition]) -> Mapping[int, Sequence[Document]]:
    """Return the documents that match each definition, by the definition's `id()`, with one search per form."""
    found: dict[int, Sequence[Document]] = {}
    for form in dict.fromkeys(definition.form.name for definition in definitions):
        mine = [definition for definition in definitions if definition.form.name == form]
        index = Index(api.find(form, [definition.match for definition in mine]))
        found.update({id(definition): index.matching(definition) for definition in mine})
    return found


def look_up_settled(
    api: DirectoryApi,
    definitions: Sequence[Definition],
    is_settled: Callable[[Sequence[Document]], bool],
    more_patience: int = 0,
) -> Mapping[int, Sequence[Document]]:
    """Return the documents that match each definition once all are settled, or when patience ends.

    Another run that made the same document at the same time removes its own. One that does not do so in time has ended
    already, and must not be waited for for ever. Who made nothing needs `more_patience`, that many times the longest
    pause, because those who did may use up theirs.
    """
    for pause in (*PATIENCE, *[PATIENCE[-1]] * more_patience, None):
        found = look_up(api, definitions)
        if pause is None or all(is_settled(documents) for documents in found.values()):
            break
        time.sleep(pause)
    return found


class Index:
    """The documents of one form, by what identifies them, so that thousands of people need no square of comparisons."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._by_item: dict[str, dict[str, list[Document]]] = {}

    def matching(self, definition: Definition) -> Sequence[Document]:
        """Return the documents that a definition is about."""
        first = definition.match[0]
        if first.name not in self._by_item:
            index: dict[str, list[Document]] = {}
            for document in self._documents:
                for key in {first.key(value) for value in document.get(first.name) or ()}:
                    index.setdefault(key, []).append(document)
            self._by_item[first.name] = index
        candidates = self._by_item[first.name].get(first.key((first.values or ("",))[0]), ())
        return [document for document in candidates if definition.matches(document)]


def _settled(api: DirectoryApi, planned: Plan, made: Document, found: Sequence[Document]) -> Outcome | DirectoryError:
    try:
        if [document.unid for document in found] == [made.unid]:
            return verified(planned, replace(found[0], remarks=made.remarks))
        return _with_others(api, planned, made)
    except DirectoryError as exc:
        return exc


def _with_others(api: DirectoryApi, planned: Plan, made: Document) -> Outcome:
    """Come to one document although somebody else makes it at the same time."""
    removed = False
    for _attempt in range(writing.TRIES):
        own, others = _after_a_while(api, planned, made.unid)
        if own and not others:
            return verified(planned, own)
        if own:
            _remove(api, planned, own, others)
            removed = True
        elif others:
            return _adopted(api, planned, others)
        elif removed:
            made, removed = _made_again(api, planned), False
        else:
            raise DirectoryError(
                f"the document (UNID {made.unid}) was made, and no search finds it. Check that the schema declares "
                "what identifies it in the mode dql, and that nobody else removed it."
            )
    raise DirectoryError("made by others too, again and again. Run again when they have ended.")


def _after_a_while(api: DirectoryApi, planned: Plan, unid: str) -> tuple[Document | None, Sequence[Document]]:
    """Return our document and those of others; they get time to remove theirs where ours is the oldest or is gone."""

    def is_settled(found: Sequence[Document]) -> bool:
        if len(found) < 2:
            return True
        return min(found, key=_age).unid != unid and any(document.unid == unid for document in found)

    found = look_up_settled(api, [planned.definition], is_settled)[id(planned.definition)]
    own = next((document for document in found if document.unid == unid), None)
    return own, [document for document in found if document.unid != unid]


def _age(document: Document) -> tuple[str, str]:
    # Fractions of a second have no zeros at the end, so without the Z the text sorts by time.
    return document.created.rstrip("Z"), document.unid


def _remove(api: DirectoryApi, planned: Plan, own: Document, others: Sequence[Document]) -> None:
    unids = f"someone else made it at the same time (UNID {', '.join(other.unid for other in others)})"
    if not_stored(planned.changes, own):
        raise DirectoryError(
            f"{unids}, and the document made here (UNID {own.unid}) was changed since. Remove the one too many."
        )
    try:
        api.delete(own, planned.definition.match[0])
    except DirectoryError as exc:
        raise DirectoryError(
            f"{unids}, and the document made here (UNID {own.unid}) could not be removed again: {exc} Remove the one "
            "too many."
        ) from exc


def _adopted(api: DirectoryApi, planned: Plan, others: Sequence[Document]) -> Outcome:
    """Take the document that somebody else made, and write what it lacks."""
    if len(others) > 1 or others[0].is_conflict:
        unids = ", ".join(other.unid for other in others)
        raise DirectoryError(
            f"others made it at the same time, and left more than one (UNID {unids}). Remove the rest."
        )
    changes = remaining(planned.changes, others[0])
    adopted = Plan(planned.definition, UPDATED if changes else NONE, others[0], changes)
    return writing.update(api, adopted, others[0]) if changes else Outcome(adopted, others[0])


def _made_again(api: DirectoryApi, planned: Plan) -> Document:
    made = api.create([(planned.definition.form.name, planned.changes)])[0]
    if isinstance(made, DirectoryError):
        raise made
    return made
