# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out plans: in batches, several at a time, with an exact account of what was written where one fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Tuple, Union, cast

from . import creation, writing
from .errors import DirectoryError, IncompleteError, RefusedError, UnreachableError
from .parallel import each
from .plan import CREATED, DELETED, UPDATED, Outcome, Plan, not_stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .api import DirectoryApi
    from .document import Document

#: Documents that a message names; the result names all of them.
TITLES = 10
#: What became of the plans by their number; one that was not begun is not among them.
Ended = Tuple[int, Union[Outcome, DirectoryError]]


def apply(api: DirectoryApi, plans: Sequence[Plan], concurrency: int) -> Sequence[Outcome]:
    """Carry out plans: first what is made, then what is changed, then what is removed.

    Return the outcomes in the order of the plans. Where something fails, nothing more is begun, what is under way is
    waited for, and IncompleteError says what was written, what was not, and what is not known.
    """
    ended: dict[int, Outcome | DirectoryError] = {
        number: Outcome(planned, planned.document) for number, planned in enumerate(plans) if not planned.changed
    }
    for action, carry_out in ((CREATED, _create), (UPDATED, _update), (DELETED, _delete)):
        work = [(number, planned) for number, planned in enumerate(plans) if planned.action == action]
        ended.update(carry_out(api, work, concurrency))
        if any(isinstance(end, DirectoryError) for end in ended.values()):
            raise _incomplete(api, plans, ended)
    outcomes = [ended[number] for number in range(len(plans))]
    done = [outcome for outcome in outcomes if isinstance(outcome, Outcome)]
    api.warnings += _remarks(done)
    return done


def _create(api: DirectoryApi, work: Sequence[tuple[int, Plan]], _concurrency: int) -> Iterator[Ended]:
    """Make documents, many with each request; a request that failed, or whose documents did, is the last."""
    for first in range(0, len(work), creation.AT_A_TIME):
        batch = work[first : first + creation.AT_A_TIME]
        try:
            made = creation.create(api, [planned for _number, planned in batch])
        except DirectoryError as exc:
            made = [exc] * len(batch)
        yield from ((number, end) for (number, _planned), end in zip(batch, made))
        if any(isinstance(end, DirectoryError) for end in made):
            return


def _update(api: DirectoryApi, work: Sequence[tuple[int, Plan]], concurrency: int) -> Iterator[Ended]:
    ended = each(work, lambda entry: writing.update(api, entry[1], _read(entry[1])), concurrency)
    return ((number, end) for (number, _planned), end in zip(work, ended) if end is not None)


def _delete(api: DirectoryApi, work: Sequence[tuple[int, Plan]], concurrency: int) -> Iterator[Ended]:
    ended = each(work, lambda entry: writing.delete(api, entry[1], _read(entry[1])), concurrency)
    return ((number, end) for (number, _planned), end in zip(work, ended) if end is not None)


def _read(planned: Plan) -> Document:
    return cast("Document", planned.document)  # what is changed or removed was read


def _remarks(outcomes: Sequence[Outcome]) -> Sequence[str]:
    return list(dict.fromkeys(remark for outcome in outcomes if outcome.stored for remark in outcome.stored.remarks))


def _incomplete(
    api: DirectoryApi, plans: Sequence[Plan], ended: Mapping[int, Outcome | DirectoryError]
) -> IncompleteError:
    """Return the error that says exactly what was written and what was not."""
    outcomes: list[Outcome] = []
    failures: dict[str, list[str]] = {}
    left: list[Plan] = []
    for number, planned in enumerate(plans):
        end = ended.get(number)
        if isinstance(end, DirectoryError):
            said, outcome = _looked_at_again(api, planned, end)
            failures.setdefault(said, []).append(planned.definition.title)
        else:
            outcome = end
        if outcome:
            outcomes.append(outcome)
        elif planned.changed:
            left.append(planned)
    tried = [title for titles in failures.values() for title in titles]
    untried = [planned.definition.title for planned in left if planned.definition.title not in tried]
    written = [outcome.plan.definition.title for outcome in outcomes if outcome.plan.changed]
    api.warnings += _remarks(outcomes)
    said = " ".join(f"{_listed(titles)}: {said}" for said, titles in failures.items())
    return IncompleteError(
        f"{said} Written: {_listed(written)}. Not tried any more: {_listed(untried)}.", outcomes, left
    )


def _looked_at_again(api: DirectoryApi, planned: Plan, error: DirectoryError) -> tuple[str, Outcome | None]:
    """Find out what became of a write that got no clear answer; with what is to be said of it."""
    if not isinstance(error, UnreachableError) and not (isinstance(error, RefusedError) and error.status >= 500):
        return str(error), None
    try:
        if planned.action == CREATED:
            found = creation.look_up(api, [planned.definition])[id(planned.definition)]
            unids = ", ".join(document.unid for document in found)
            now = f"such a document is there now (UNID {unids})" if found else "no such document was there"
            return f"{error} When it was looked up again, {now}.", None
        current = api.read(planned.definition.form.name, _read(planned).unid)
    except DirectoryError:
        return f"{error} It is not known whether this was written; run again to find out.", None
    written = not not_stored(planned.changes, current) if current else planned.action == DELETED
    if written and (planned.action == UPDATED or current is None):
        return f"{error} When it was looked at again, it was written.", Outcome(planned, current)
    return f"{error} When it was looked at again, it was not written.", None


def _listed(titles: Sequence[str]) -> str:
    if len(titles) > TITLES:
        titles = [*titles[:TITLES], f"and {len(titles) - TITLES} more"]
    return "; ".join(titles) or "nothing"
