# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing many addresses: several at a time, each with the revision that was read, with an account of each.

HCL's API has no change of many documents that keeps the revisions apart: `/bulk/update` takes a search and one set of
values for all that it finds. So each document is a request of its own, over kept connections.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .._directory import items
from .._directory.applying import in_doubt
from .._directory.document import Document
from .._directory.errors import ConflictError, DirectoryError
from .._directory.parallel import each
from .._directory.plan import Change, not_stored
from .._directory.writing import TRIES
from .directory import PERSON, person
from .person import PERSON_ITEMS

if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from .._directory.rest import RestDirectory
    from .assign import Assignment
    from .person import Person
    from .progress import Progress

ITEM = items.by_name(PERSON, PERSON_ITEMS["internet_address"])
#: What became of an assignment.
WRITTEN, DONE_ALREADY, ADDRESSED, REMOVED, RENAMED = "written", "done already", "addressed", "removed", "renamed"


class End(NamedTuple):
    """What became of an assignment; `now` is the person as somebody else left it, `revision` of the document now."""

    what: str
    now: Person | None = None
    revision: str = ""


@dataclass
class Written:
    """What became of all assignments, in their order."""

    ends: list[tuple[Assignment, End]] = field(default_factory=list)
    failed: list[tuple[Assignment, str]] = field(default_factory=list)
    untried: list[Assignment] = field(default_factory=list)


def change(assignment: Assignment) -> Change:
    """Return the change of the one item."""
    return Change(ITEM, (assignment.before,) if assignment.before else None, (assignment.address,))


def write(
    directory: RestDirectory,
    assignments: Sequence[Assignment],
    revisions: Mapping[str, str],
    concurrency: int,
    progress: Progress,
) -> Written:
    """Write the assignments. Where one fails no other is begun, and what is under way is waited for.

    A document that somebody else has changed since is written again with its new revision as long as the person is the
    same. What was set or removed meanwhile is left as it is. Who was renamed is left to be planned again.
    """
    progress.begin("Internet addresses written", len(assignments))

    def one(assignment: Assignment) -> End:
        end = _write(directory, assignment, revisions[assignment.person.key])
        progress.count()
        return end

    result = Written()
    for assignment, end in zip(assignments, each(assignments, one, concurrency)):
        if end is None:
            result.untried.append(assignment)
        elif isinstance(end, DirectoryError):
            _look_again(directory, assignment, end, result)
        else:
            result.ends.append((assignment, end))
    return result


def _write(directory: RestDirectory, assignment: Assignment, revision: str) -> End:
    for _attempt in range(TRIES):
        try:
            stored = directory.update(Document(assignment.person.key, PERSON, revision=revision), [change(assignment)])
        except ConflictError as exc:
            if exc.current is None:
                return End(REMOVED)
            now, revision = person(exc.current), exc.current.revision or ""
            if now == assignment.person:
                continue
            return End(_seen(now, assignment), now, revision)
        if not_stored([change(assignment)], stored):
            raise DirectoryError(
                f"the document (UNID {stored.unid}) was written and does not show {assignment.address}. Check that the "
                "schema declares InternetAddress in the modes default and dql, and that no formula changes it."
            )
        return End(WRITTEN)
    raise DirectoryError(f"changed meanwhile by someone else, {TRIES} times in a row. Run again when it is quieter.")


def _seen(now: Person, assignment: Assignment) -> str:
    if now.internet_address == assignment.address:
        return DONE_ALREADY
    return RENAMED if now.internet_address == assignment.before else ADDRESSED


def _look_again(directory: RestDirectory, assignment: Assignment, error: DirectoryError, result: Written) -> None:
    """Find out what became of a write that got no clear answer."""
    text = str(error)
    if in_doubt(error):
        try:
            current = directory.read(PERSON, assignment.person.key)
        except DirectoryError:
            text += " It is not known whether this was written; run again to find out."
        else:
            if current is not None and not not_stored([change(assignment)], current):
                result.ends.append((assignment, End(WRITTEN)))
                text += " When it was looked at again, it was written."
    result.failed.append((assignment, text))
