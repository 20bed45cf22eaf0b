# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run over a directory: read, plan, write, report.

The directory is the only state, so a run that was cut is simply run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .._directory import design as designs
from .._directory import engine
from .._directory.errors import DirectoryError, nothing_changed
from . import assign, writing
from .directory import PERSON, Contents, default_domain, global_domains, read
from .errors import InternetAddressError
from .report import listed, report
from .rules import read_rules

if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from .._directory.rest import RestDirectory
    from .assign import Assignment, Plan
    from .person import Person
    from .progress import Progress
    from .report import Report
    from .rules import Rules
    from .selection import Limit, Selection

#: How often people are planned anew who were renamed while addresses were written.
ROUNDS = 3


@dataclass(frozen=True)
class Request:
    """What is wanted of a run."""

    options: Mapping[str, Any]  # of read_rules; global_domains may be missing: they are read then
    selection: Selection
    forms: Sequence[str]  # that are read beside Person
    limit: Limit
    confirmed: int
    assigns: bool = True
    page_size: int = 2000
    concurrency: int = 4
    design_check: str = designs.STRICT


@dataclass
class Run:
    """A directory, what is meant to change in it, and later what became of that."""

    request: Request
    rules: Rules
    contents: Contents
    plan: Plan
    meant: int
    refusal: str  # why so many changes are too many
    written: list[Assignment] = field(default_factory=list)
    not_written: list[Assignment] = field(default_factory=list)
    error: str = ""
    warnings: list[str] = field(default_factory=list)

    def report(self) -> Report:
        """Return what is wrong with the addresses as they are now."""
        whole = self.meant == len(self.contents.people) and not self.plan.changed
        recipients = self.plan.recipients if whole else None
        return report(self.contents.people, self.contents.others, self.rules, recipients)


def prepare(directory: RestDirectory, request: Request, progress: Progress) -> Run:
    """Read the directory and plan. Raises DirectoryError or InternetAddressError."""
    with nothing_changed(), nothing_changed(InternetAddressError):
        rules = _rules(directory, request)
        used = _used(rules, request.selection)
        contents = read(directory, request.forms, rules, used, progress, request.page_size)
        request.selection.require_all(contents.people)
        meant, plan = _plan(request, rules, contents)
        progress.note(f"{meant:,} people are meant, {len(plan.assignments):,} are to be given an Internet address")
        refusal = request.limit.refusal(len(plan.assignments), meant, request.confirmed)
        if plan.changed:
            _check(directory, contents, plan, request.design_check)
    return Run(request, rules, contents, plan, meant, refusal)


def _rules(directory: RestDirectory, request: Request) -> Rules:
    options = dict(request.options)
    if options.get("global_domains") is None:
        options["global_domains"] = found = global_domains(directory)
        if request.assigns and not options.get("internet_domain") and not options.get("internet_domains"):
            options["internet_domain"] = default_domain(found)
    return read_rules(options, needs_domain=request.assigns)


def _used(rules: Rules, selection: Selection) -> set[str]:
    """Return the fields of a person that patterns and conditions look at."""
    used = {piece.field for pattern in rules.patterns for piece in pattern.pieces}
    if selection.mail_servers or any(choice.mail_server for choice in rules.choices):
        used.add("mail_server")
    if selection.notes_domains or any(choice.mail_domain for choice in rules.choices):
        used.add("mail_domain")
    return used


def _plan(request: Request, rules: Rules, contents: Contents) -> tuple[int, Plan]:
    """Return how many people are meant, and their plan."""
    meant = [person for person in contents.people if request.selection.fits(person)]
    if not request.assigns:
        return len(meant), assign.NOTHING
    keys = {person.key for person in meant}
    rest = (person for person in contents.people if person.key not in keys)
    return len(meant), assign.plan(meant, [*contents.others, *rest], rules)


def _check(directory: RestDirectory, contents: Contents, plan: Plan, design_check: str) -> None:
    """Refuse, before anything is written, what the form's design or the scope's schema does not carry."""
    blind = [entry.person.user_name for entry in plan.assignments if not contents.revisions[entry.person.key]]
    if blind:
        raise DirectoryError(
            f"The server gives no revision of the Person document of {blind[0]}. Without one, what somebody else "
            "changes meanwhile could be lost."
        )
    changes, design = engine.by_design(directory, PERSON, [writing.change(plan.assignments[0])], design_check)
    directory.accept(PERSON, changes, (), design)


def carry_out(directory: RestDirectory, run: Run, progress: Progress) -> None:
    """Write what is planned, and take note of what became of it. Nothing is raised: what failed is `error`.

    Who was renamed meanwhile is planned again, with what has been given by then, and with what was replaced kept free.
    """
    if run.refusal:
        run.error = f"{run.refusal} Nothing was changed."
        return
    plan, rules = run.plan, run.rules
    for _round in range(ROUNDS):
        if not plan.changed:
            return
        result = writing.write(directory, plan.assignments, run.contents.revisions, run.request.concurrency, progress)
        _take_note(run, result)
        if run.error:
            return
        released = {entry.before.lower() for entry in plan.assignments if entry.before}
        rules = replace(rules, reserved=rules.reserved | released)
        renamed = any(end.what == writing.RENAMED for _entry, end in result.ends)
        plan = _plan(run.request, rules, run.contents)[1] if renamed else assign.NOTHING
    if plan.changed:
        run.not_written += plan.assignments
        run.error = f"People were renamed again and again while addresses were written. {_account(run)}"


def _take_note(run: Run, result: writing.Written) -> None:
    """Keep what was written, and the people as they are now."""
    now: dict[str, Person | None] = {}
    for assignment, end in result.ends:
        person = assignment.person
        if end.what == writing.WRITTEN:
            run.written.append(assignment)
            now[person.key] = person._replace(internet_address=assignment.address)
        else:
            now[person.key] = end.now
            run.contents.revisions[person.key] = end.revision
        if end.what == writing.ADDRESSED and end.now is not None:
            run.warnings.append(
                f"{person.user_name} was given {end.now.internet_address or 'no address'} by somebody else meanwhile, "
                f"and keeps it instead of {assignment.address}."
            )
    changed = (now.get(person.key, person) for person in run.contents.people)
    run.contents.people = [person for person in changed if person is not None]
    done = {id(assignment) for assignment in run.written}
    failed = [assignment for assignment, _text in result.failed if id(assignment) not in done]
    run.not_written += failed + result.untried
    if result.failed:
        texts: dict[str, list[str]] = {}
        for assignment, text in result.failed:
            texts.setdefault(text, []).append(assignment.person.user_name)
        errors = " ".join(f"{listed(names)}: {text}" for text, names in texts.items())
        run.error = f"{errors} {_account(run)}"


def _account(run: Run) -> str:
    return (
        f"{len(run.written)} Internet addresses were written, {len(run.not_written)} were not. Run again to go on: "
        "what was written stays."
    )
