# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the Internet addresses of people; this is the engine of the package.

`transliteration` turns names into ASCII, `pattern` names into local parts, `person` holds what is known of a document,
`rules` what the user wants, `recipients` whom Domino would find; `report` checks, `conversion` previews senders.
Numbers like 6.2 in comments and messages are statements about Domino, listed in the guide to addresses.

The conflict ladder: everybody is tried with the first pattern, in the order of canonical names; who finds the address
taken is tried with the second, and so on; the last pattern may hold a number, which counts from 2 to the first one that
finds nobody. What is written stands: an address once set is kept, so people who come, go or are read in another order
change no address that was given. A run that was cut and is run again ends where the uncut run would have ended, because
each address depends on what was taken before it only, and that is the same whether planned or written.

With `overwrite`, an address that none of its person's patterns would give is replaced. What is replaced stays taken for
the run, so nobody inherits another's mail at once. Blank addresses come first in the plan and replacements after them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .pattern import NUMBER, Parts, local_part, problem
from .recipients import Recipients

if TYPE_CHECKING:
    from typing import Iterable

    from .pattern import Pattern
    from .person import Other, Person
    from .rules import Choice, Rules


_COUNTED = re.compile(r"[2-9]|[1-9][0-9]+", re.ASCII)


class Assignment(NamedTuple):
    """The address that a person is given."""

    person: Person
    address: str
    rung: int  # of the ladder: number of the pattern, from 1
    pattern: str
    passed: tuple[str, ...]  # why each earlier rung was no good

    @property
    def before(self) -> str:
        """Return the address until now; empty where there was none."""
        return self.person.internet_address

    @property
    def reason(self) -> str:
        """Return which rung it is and why, as a sentence."""
        return "; ".join([f"pattern {self.rung}, {self.pattern}", *self.passed])


class Conflict(NamedTuple):
    """An address that finds several documents as things are; nothing is changed about it (6.9)."""

    address: str
    holders: tuple[str, ...]


class Unassignable(NamedTuple):
    """A person without a usable address, and why each rung was no good. What is set stays."""

    person: Person
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What has to change, in the order to write it, and what stays."""

    assignments: tuple[Assignment, ...]
    kept: tuple[Person, ...]
    conflicts: tuple[Conflict, ...]
    unassignable: tuple[Unassignable, ...]
    transliteration: str
    #: all who were looked at, people first and in their order, with the addresses that are given
    recipients: Recipients | None = field(default=None, compare=False, repr=False)

    @property
    def changed(self) -> bool:
        """Return whether anything has to change."""
        return bool(self.assignments)


#: What a run that only looks plans.
NOTHING = Plan((), (), (), (), "")


def plan(people: Iterable[Person], others: Iterable[Person | Other], rules: Rules) -> Plan:
    """Plan addresses for `people`.

    `others` count as recipients and are left alone: groups, mail-in databases, people who are not meant. Time and
    memory grow linearly with both.
    """
    ordered = sorted(people, key=lambda person: person.order())
    recipients = Recipients(rules)
    for person in ordered:
        recipients.add(person)
    for other in others:
        recipients.add(other)
    kept: list[Person] = []
    blank: list[tuple[int, Person]] = []
    replaced: list[tuple[int, Person]] = []
    for number, person in enumerate(ordered):
        if not person.internet_address:
            blank.append((number, person))
        elif rules.overwrite and not _Candidate(number, person, rules).is_own(person.internet_address, rules.patterns):
            replaced.append((number, person))
        else:
            kept.append(person)
    ladder = _Ladder(rules, recipients)
    conflicts = tuple(
        Conflict(address, tuple(map(recipients.label, holders)))
        for address, holders in sorted(recipients.shared.items())
    )
    first, second = ladder.climb(blank), ladder.climb(replaced)
    return Plan(
        assignments=first[0] + second[0],
        kept=tuple(kept),
        conflicts=conflicts,
        unassignable=first[1] + second[1],
        transliteration=rules.transliteration,
        recipients=recipients,
    )


class _Ladder:
    """The rungs that people are tried on."""

    def __init__(self, rules: Rules, recipients: Recipients) -> None:
        self._rules = rules
        self._recipients = recipients
        self._next_number: dict[str, int] = {}

    def climb(self, people: Iterable[tuple[int, Person]]) -> tuple[tuple[Assignment, ...], tuple[Unassignable, ...]]:
        """Give each person the first address that is free, rung by rung; both results in the order of numbers."""
        given: dict[int, Assignment] = {}
        waiting: Iterable[_Candidate] = (_Candidate(number, person, self._rules) for number, person in people)
        for rung, pattern in enumerate(self._rules.patterns, 1):
            still_waiting = []
            for candidate in waiting:
                address = self._free_address(candidate, pattern)
                if address:
                    self._recipients.give(address, candidate.number)
                    given[candidate.number] = Assignment(
                        candidate.person, address, rung, pattern.text, candidate.passed
                    )
                else:
                    still_waiting.append(candidate)
            waiting = still_waiting
        return (
            tuple(given[number] for number in sorted(given)),
            tuple(Unassignable(candidate.person, candidate.passed) for candidate in waiting),
        )

    def _free_address(self, candidate: _Candidate, pattern: Pattern) -> str:
        """Return the address of this rung, or nothing; why is noted at the candidate."""
        address = candidate.address(pattern)
        if not address:
            return ""
        if pattern.is_numbered:
            return self._numbered(candidate, address)
        wrong = problem(address)
        if wrong:
            return candidate.passes(f"{address}: {wrong}")
        if self._is_reserved(address):
            return candidate.passes(f"{address} is reserved")
        domain = address.rpartition("@")[2].lower()
        if self._rules.local_domains and domain not in self._rules.local_domains:
            return candidate.passes(f"{address}: {domain} is not a local Internet domain")
        holder = self._recipients.in_the_way(address, candidate.number, candidate.person.names())
        if holder is not None:
            return candidate.passes(f"{address} finds {self._recipients.label(holder)}")
        return address

    def _numbered(self, candidate: _Candidate, address: str) -> str:
        """Return the address with the first number that finds nobody.

        The person's own names count too: so what is skipped once is skipped for all, and nobody counts twice.
        """
        key = self._recipients.key(address)
        number = self._next_number.get(key, 2)
        while True:
            numbered = address.replace(NUMBER, str(number))
            wrong = problem(numbered)
            if wrong:
                return candidate.passes(f"{numbered}: {wrong}")
            number += 1
            if self._recipients.is_free(numbered) and not self._is_reserved(numbered):
                self._next_number[key] = number
                return numbered

    def _is_reserved(self, address: str) -> bool:
        lower = address.lower()
        return lower in self._rules.reserved or lower.rpartition("@")[0] in self._rules.reserved


class _Candidate:
    """A person who looks for an address, and why earlier rungs were no good."""

    __slots__ = ("_choice", "_parts", "number", "passed", "person")

    def __init__(self, number: int, person: Person, rules: Rules) -> None:
        self.number = number
        self.person = person
        self.passed: tuple[str, ...] = ()
        self._choice: Choice | None = rules.choice(person)
        self._parts = (
            Parts(person, self._choice.transliteration, rules.word_separator, rules.lower) if self._choice else None
        )

    def address(self, pattern: Pattern) -> str:
        """Return the address of a pattern, NUMBER where the number goes; nothing where there is none."""
        if pattern.is_address:
            short = next((name for name in self.person.short_names if "@" in name), "")
            return short if short else self.passes("no short name is a whole address")
        if self._choice is None or self._parts is None:
            return self.passes("no Internet domain fits this person")
        text, why = local_part(pattern, self._parts)
        if why:
            return self.passes(f"{pattern.text}: {why}")
        return f"{text}@{self._choice.domain}"

    def passes(self, why: str) -> str:
        """Take note why a rung was no good."""
        if why not in self.passed:
            self.passed += (why,)
        return ""

    def is_own(self, address: str, patterns: Iterable[Pattern]) -> bool:
        """Tell whether one of the patterns gives this address, whatever its case and number."""
        wanted = address.lower()
        for pattern in patterns:
            start, number, end = self.address(pattern).lower().partition(NUMBER)
            if _is_numbered(wanted, start, end) if number else wanted == start:
                return True
        return False


def _is_numbered(address: str, start: str, end: str) -> bool:
    digits = address[len(start) : len(address) - len(end)]
    return address.startswith(start) and address.endswith(end) and _COUNTED.fullmatch(digits) is not None
