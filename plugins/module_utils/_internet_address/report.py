# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the addresses of a directory as it is; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .pattern import problem
from .recipients import Recipients
from .rules import FULLNAME_ONLY

if TYPE_CHECKING:
    from typing import Iterable, Union

    from .person import Other, Person
    from .rules import Rules

    Entry = Union[Person, Other]

KINDS = ("missing", "duplicate", "ambiguous", "outside", "not_ascii", "invalid")
_SHOWN = 5


class Finding(NamedTuple):
    """One thing that is wrong, of one of KINDS, with the statements about Domino that it rests on."""

    kind: str
    user_name: str
    address: str
    message: str
    statements: str
    evidence: str


@dataclass(frozen=True)
class Report:
    """What is wrong, by kind and name."""

    people: int
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of findings of each kind."""
        counts = dict.fromkeys(KINDS, 0)
        for finding in self.findings:
            counts[finding.kind] += 1
        return counts


def report(
    people: Iterable[Person], others: Iterable[Entry], rules: Rules, recipients: Recipients | None = None
) -> Report:
    """Check addresses and names as they are.

    Kinds: `missing` (a person has no address), `duplicate` (several documents have one address), `ambiguous` (an
    address or a name finds several documents, and Domino refuses mail to it), `outside` (the domain is not local; only
    where the rules know the Global Domains), `not_ascii`, `invalid` (RFC 5321).

    `recipients` are all of them, people first and in their order, where somebody has looked at them already.
    """
    findings: list[Finding] = []
    known = list(people)
    if recipients is None:
        recipients = Recipients(rules)
        for entry in [*sorted(known, key=lambda person: person.order()), *others]:
            recipients.add(entry)
    entries = recipients.entries
    findings += [
        Finding("missing", person.user_name, "", "There is no Internet address.", "6.5", "documented")
        for person in entries[: len(known)]
        if not person.internet_address
    ]
    for entry in entries:
        if entry.internet_address:
            findings += _of_address(entry, rules)
    for key, holders in recipients.shared.items():
        findings.append(_shared(key, [entries[number] for number in holders], recipients))
    if rules.address_lookup != FULLNAME_ONLY:
        findings += _shared_names(entries)
    findings.sort(key=lambda finding: (KINDS.index(finding.kind), finding.user_name.lower(), finding.address))
    return Report(len(known), tuple(findings))


def _of_address(entry: Entry, rules: Rules) -> Iterable[Finding]:
    address = entry.internet_address
    if not address.isascii():
        yield Finding("not_ascii", entry.user_name, address, f"{address} is not ASCII.", "14.6", "documented")
        return
    wrong = problem(address)
    if wrong:
        yield Finding("invalid", entry.user_name, address, f"{address}: {wrong}.", "RFC 5321", "documented")
        return
    domain = address.rpartition("@")[2].lower()
    if rules.local_domains and domain not in rules.local_domains:
        yield Finding(
            "outside",
            entry.user_name,
            address,
            f"{domain} is not a local Internet domain, so mail to {address} does not arrive here.",
            "4.2",
            "documented",
        )


def _shared(key: str, holders: list[Entry], recipients: Recipients) -> Finding:
    """Return what is wrong with an address that finds several documents."""
    set_at = [
        holder for holder in holders if holder.internet_address and recipients.key(holder.internet_address) == key
    ]
    names = listed([holder.user_name for holder in holders])
    if len(set_at) > 1:
        message = f"{key} is the Internet address, or a name, of {names}; mail to it is refused as not unique."
        return Finding("duplicate", set_at[0].user_name, key, message, "6.9, 14.7, 14.9", "documented")
    message = f"{key} finds {names}; mail to it is refused as not unique."
    return Finding("ambiguous", holders[0].user_name, key, message, "6.2, 6.9", "documented")


def _shared_names(entries: list[Entry]) -> Iterable[Finding]:
    """Yield the short names and group names that stand at several documents; people's own names may well be equal."""
    holders: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        for name in _mail_names(entry):
            key = name.lower()
            numbers = holders.setdefault(key, [number])
            if numbers[-1] != number:
                numbers.append(number)
    for key, numbers in holders.items():
        if len(numbers) > 1:
            names = listed([entries[number].user_name for number in numbers])
            message = f"{key} is a name of {names}; mail to {key} at a local domain is refused as not unique."
            yield Finding("ambiguous", entries[numbers[0]].user_name, key, message, "6.1, 6.3, 6.4, 6.9", "documented")


def _mail_names(entry: Entry) -> Iterable[str]:
    return (name for name in entry.mail_names if "@" not in name)


def listed(names: list[str]) -> str:
    """Return some names for a message, and how many there are more."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
