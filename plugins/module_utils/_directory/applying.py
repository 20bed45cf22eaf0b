# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out plans: in batches, several at a time, with an exact account of what was written where one fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    failed = {number: end for number, end in sorted(ended.items()) if isinstance(end, DirectoryError)}
    seen = _looked_at_again(api, {number: plans[number] for number, error in failed.items() if in_doubt(error)})
    done = {number: end for number, end in ended.items() if isinstance(end, Outcome)}
    done.update({number: Outcome(plans[number], look.document) for number, look in seen.items() if look.written})
    said: dict[str, list[str]] = {}
    for number, error in failed.items():
        text = f"{error} {seen[number].said}" if number in seen else str(error)
        said.setdefault(text, []).append(plans[number].definition.title)
    left = [
        replace(planned, document=planned.document or (seen[number].document if number in seen else None))
        for number, planned in enumerate(plans)
        if number not in done
    ]
    outcomes = [done[number] for number in sorted(done)]
    api.warnings += _remarks(outcomes)
    errors = " ".join(f"{_listed(titles)}: {text}" for text, titles in said.items())
    written = _listed([outcome.plan.definition.title for outcome in outcomes if outcome.plan.changed])
    untried = _listed([planned.definition.title for number, planned in enumerate(plans) if number not in ended])
    return IncompleteError(f"{errors} Written: {written}. Not tried any more: {untried}.", outcomes, left)


def in_doubt(error: DirectoryError) -> bool:
    """Tell whether a write may have been carried out although it failed."""
    return isinstance(error, UnreachableError) or (isinstance(error, RefusedError) and error.status >= 500)


@dataclass(frozen=True)
class _Look:
    """What was seen of a write that got no clear answer."""

    said: str = "It is not known whether this was written; run again to find out."
    written: bool = False
    document: Document | None = None


def _looked_at_again(api: DirectoryApi, plans: Mapping[int, Plan]) -> Mapping[int, _Look]:
    """Find out what became of writes; where the directory does not answer now either, it stays unknown."""
    found = dict.fromkeys(plans, _Look())
    try:
        made = [planned.definition for planned in plans.values() if planned.action == CREATED]
        present = creation.look_up(api, made)
        for number, planned in plans.items():
            found[number] = _looked(api, planned, present.get(id(planned.definition), ()))
    except DirectoryError:
        return found
    return found


def _looked(api: DirectoryApi, planned: Plan, present: Sequence[Document]) -> _Look:
    if planned.action == CREATED:  # by whom is not known, so it is none of what was written here
        now = "such a document was there" if present else "no such document was there"
        return _Look(f"When it was looked up again, {now}.", document=present[0] if present else None)
    current = api.read(planned.definition.form.name, _read(planned).unid)
    changed = planned.action == UPDATED and current is not None and not not_stored(planned.changes, current)
    if changed or (planned.action == DELETED and current is None):
        return _Look("When it was looked at again, it was written.", written=True, document=current)
    return _Look("When it was looked at again, it was not written.")


def _listed(titles: Sequence[str]) -> str:
    if len(titles) > TITLES:
        titles = [*titles[:TITLES], f"and {len(titles) - TITLES} more"]
    return "; ".join(titles) or "nothing"
