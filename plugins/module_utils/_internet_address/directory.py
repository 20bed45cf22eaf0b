# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole directory as addresses need it, read over Domino REST API: people, groups, mail-in databases, domains.

What the API offers for many documents (HCL's openapi.basis.json 1.3.7): `/query` with `start` and `count`, which shows
the items that the schema declares for a mode and the revision of each document; `/bulk/unid`, which needs the UNIDs
first; `/lists`, which needs a view in the schema and shows its columns. The first one is used: one request for each
page and nothing to set up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._directory import engine, report
from .._directory.definition import selections
from .._directory.errors import DirectoryError
from .._directory.items import READ_FORMS
from .._directory.paging import ShiftedError
from .person import LISTS, OTHER_ITEMS, PERSON_ITEMS, Fields, other_of_items, person_of_items

if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Mapping, Sequence

    from .._directory.document import Document
    from .._directory.rest import Body, RestDirectory
    from .person import Other, Person
    from .progress import Progress
    from .rules import Rules

PERSON = "Person"
#: How often a form is read anew when its documents come and go all the time.
TRIES = 3
#: Marks what replication left of a change that lost.
_CONFLICT = Fields({"conflict": "$Conflict"})
#: What is looked at of every person, whatever the patterns are.
_ALWAYS = ("full_names", "short_names", "internet_address", "first", "last")


@dataclass
class Contents:
    """What a directory holds. People of whom replication left a conflict stand among the others."""

    people: list[Person] = field(default_factory=list)
    others: list[Other | Person] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)  # documents of each form
    revisions: dict[str, str] = field(default_factory=dict)  # of people, by UNID


def read(
    directory: RestDirectory, forms: Sequence[str], rules: Rules, used: set[str], progress: Progress, page_size: int
) -> Contents:
    """Read all people, and the documents of the other forms; DirectoryError where the schema does not show them.

    `used` are the fields of Person that count beside those that always do. Revisions are kept of those whose address
    the rules may change.
    """
    directory.require_readable(
        PERSON, {PERSON_ITEMS[name]: name in LISTS for name in PERSON_ITEMS if name in used or name in _ALWAYS}
    )
    for form in forms:
        directory.require_readable(form, {item: name in LISTS for name, item in OTHER_ITEMS[form].items()})
    contents = Contents()
    for form in (PERSON, *forms):
        documents = _all(directory, form, progress, page_size)
        contents.counts[form] = len(documents)
        if form != PERSON:
            contents.others += documents
            continue
        for person, revision, is_conflict in documents:
            (contents.others if is_conflict else contents.people).append(person)
            if rules.overwrite or not person.internet_address:
                contents.revisions[person.key] = revision
    return contents


def _all(directory: RestDirectory, form: str, progress: Progress, page_size: int) -> list[Any]:
    keep = _person if form == PERSON else _other(form)
    for _attempt in range(TRIES):
        progress.begin(f"{form} documents read")
        documents: list[Any] = []
        try:
            for page in directory.pages(form, page_size):
                documents += map(keep, page)
                progress.count(len(page))
        except ShiftedError:
            continue
        return documents
    raise DirectoryError(
        f"Documents of the form {form} came or went each of the {TRIES} times that they were read. Run again when "
        "it is quieter."
    )


def _person(body: Body) -> tuple[Person, str, bool]:
    return person_of_items(body.unid, body.items), body.revision, any(map(_CONFLICT.__getitem__, body.items))


def person(document: Document) -> Person:
    """Return the person of a document."""
    return person_of_items(document.unid, document.items)


def _other(form: str) -> Callable[[Body], Other]:
    return lambda body: other_of_items(form, body.unid, body.items)


def global_domains(directory: RestDirectory) -> list[dict[str, Any]]:
    """Return the Global Domain documents for Internet domains, as friendly settings."""
    names = {"DomainType": False, "LocalPrimaryInternetDomain": False, "LocalInternetDomainAliases": True}
    directory.require_readable("Domain", names)
    wanted = selections([{"form": "Domain", "match": {"domain_type": "global_domain"}}])
    found = [report.read(document, ())["settings"] for _selection, document in engine.read(directory, wanted)]
    return [
        {**settings, "internet_domain_aliases": _listed(settings.get("internet_domain_aliases"))}
        for settings in found
        if settings.get("primary_internet_domain") and settings.get("global_domain_role", _ROLE) == _ROLE
    ]


_ROLE = "internet_domains"


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def default_domain(domains: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the primary domain that decides about senders (4.5); None where several could."""
    chosen = [domain for domain in domains if domain.get("default_global_domain") == "enabled"]
    (only,) = chosen if len(chosen) == 1 else domains if len(domains) == 1 else (None,)
    return only["primary_internet_domain"] if only else None


def forms() -> Iterator[str]:
    """Yield the forms of documents, beside Person, that mail can be addressed to."""
    yield from READ_FORMS
