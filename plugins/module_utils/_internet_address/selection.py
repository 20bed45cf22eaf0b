# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is meant, and how many may change without somebody saying so."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .. import _notes_name
from .errors import InternetAddressError
from .person import abbreviated

if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping

    from .person import Person

_LIMIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)", re.ASCII)
_NAMED = 5


@dataclass(frozen=True)
class Selection:
    """The people that are meant: who fits one of each kind of condition that is given; everybody without conditions."""

    ends: tuple[str, ...] = ()  # /sales/acme, of */Sales/Acme
    names: frozenset[str] = frozenset()  # abbreviated, lower case
    mail_servers: frozenset[str] = frozenset()  # canonical, lower case
    notes_domains: frozenset[str] = frozenset()  # lower case

    def fits(self, person: Person) -> bool:
        """Tell whether a person is meant."""
        if self.notes_domains and person.mail_domain.lower() not in self.notes_domains:
            return False
        if self.mail_servers and _notes_name.canonical(person.mail_server).lower() not in self.mail_servers:
            return False
        if not (self.ends or self.names):
            return True
        name = person.user_name.lower()
        return name in self.names or name.endswith(self.ends)

    def require_all(self, people: Iterable[Person]) -> None:
        """Raise InternetAddressError where nobody has a name that was given."""
        missing = sorted(self.names - {person.user_name.lower() for person in people})
        if missing:
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            raise InternetAddressError(
                f"There is no Person document of {', '.join(missing[:_NAMED])}{more}. Correct the name, or register "
                "the person first."
            )


def read_selection(options: Mapping[str, Any]) -> Selection:
    """Return who is meant by `names` (user names, or */Sales/Acme), `mail_servers` and `notes_domains`."""
    given = {option: [str(entry).strip() for entry in options.get(option) or ()] for option in _OPTIONS}
    if not all(entry for entries in given.values() for entry in entries):
        raise InternetAddressError("people: an entry is empty.")
    names = [abbreviated(name).lower() for name in given["names"]]
    wrong = [name for name in names if "*" in name and not re.fullmatch(r"\*(/[^*/]+)+", name)]
    if wrong:
        raise InternetAddressError(
            f"people: {wrong[0]} is neither a user name nor the end of one, such as */Sales/Acme."
        )
    return Selection(
        ends=tuple(name[1:] for name in names if "*" in name),
        names=frozenset(name for name in names if "*" not in name),
        mail_servers=frozenset(_notes_name.canonical(name).lower() for name in given["mail_servers"]),
        notes_domains=frozenset(name.lower() for name in given["notes_domains"]),
    )


_OPTIONS = ("names", "mail_servers", "notes_domains")


class Limit(NamedTuple):
    """How many people may change unless more are confirmed; `text` is as it was given, nothing for no limit."""

    text: str = ""
    number: float = 0
    percent: bool = False

    def allows(self, people: int) -> float:
        """Return how many of so many people may change."""
        if not self.text:
            return math.inf
        return math.floor(people * self.number / 100) if self.percent else self.number

    def refusal(self, changes: int, people: int, confirmed: int) -> str:
        """Return why so many changes are too many, and what to do; nothing where they are not."""
        if changes <= max(self.allows(people), confirmed):
            return ""
        return (
            f"{changes} of {people} people would be given an Internet address or another one, and limit_changes "
            f"({self.text}) allows {self.allows(people):.0f}. Look at the plan (check mode, plan_file). If it is "
            f"right, set confirm_changes to {changes}."
        )


def read_limit(text: str | None) -> Limit:
    """Return a limit from a number, or a percentage of the people that are meant, such as 5%."""
    if not text:
        return Limit()
    found = _LIMIT.fullmatch(text.strip())
    if not found:
        raise InternetAddressError(f"limit_changes is {text!r}. Give a number of people, such as 100, or such as 5%.")
    return Limit(found.group(0), float(found.group(1)), bool(found.group(2)))
