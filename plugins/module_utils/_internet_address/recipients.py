# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom Domino would find: the whole addresses and the names of a directory's documents.

A whole address finds InternetAddress, FullName and ShortName entries that contain it; an alias domain of a Global
Domain counts as its primary domain (6.2). Where the lookup goes on to the local part (6.3, 6.4), names find documents
as well (6.1); that `.` and `_` stand for blanks there is unconfirmed (6.6), and is counted as true, because an address
not given harms nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rules import FULLNAME_ONLY, LOCAL_PART_ONLY

if TYPE_CHECKING:
    from typing import Iterable, Union

    from .person import Other, Person
    from .rules import Rules

    Entry = Union[Person, Other]

#: Owner of what stands at several documents.
SEVERAL = -1
_BLANKS = str.maketrans("._", "  ")


class Recipients:
    """The documents of a directory by what finds them; a document is known by its number."""

    def __init__(self, rules: Rules) -> None:
        self._lookup = rules.address_lookup
        self._primary_of = rules.primary_of
        self._by_address: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        self.entries: list[Entry] = []
        #: The addresses that several documents share, with all of these.
        self.shared: dict[str, list[int]] = {}

    def add(self, entry: Entry) -> int:
        """Take a document in and return its number, counted from 0."""
        number = len(self.entries)
        self.entries.append(entry)
        for address in entry.addresses():
            self._take(self.key(address), number)
        if self._lookup != FULLNAME_ONLY:
            for name in entry.names():
                if name.isascii():
                    key = name.lower()
                    if self._by_name.setdefault(key, number) != number:
                        self._by_name[key] = SEVERAL
        return number

    def give(self, address: str, number: int) -> None:
        """Take note that a document has been given an address."""
        self._take(self.key(address), number)

    def key(self, address: str) -> str:
        """Return what two addresses share when Domino takes them for one."""
        lower = address.lower()
        local, at, domain = lower.rpartition("@")
        if not at:
            return lower
        if self._lookup == LOCAL_PART_ONLY:
            return local
        return f"{local}@{self._primary_of.get(domain, domain)}"

    def label(self, number: int) -> str:
        """Return the name of a document."""
        return "several documents" if number == SEVERAL else self.entries[number].user_name

    def in_the_way(self, address: str, number: int, own_names: Iterable[str]) -> int | None:
        """Return whose an address is already, when this document is not the only one that it would find.

        That is another document that the whole address finds; or one that its local part finds today while it does
        not find this document, which would lose mail; with the local part alone, anyone else whom it finds.
        """
        key = self.key(address)
        if key in self.shared:
            return SEVERAL
        owner = self._by_address.get(key, number)
        if owner != number:
            return owner
        own = None
        for name in self._names(address):
            owner = self._by_name.get(name, number)
            if owner != number:
                own = {entry.lower() for entry in own_names} if own is None else own
                if self._lookup == LOCAL_PART_ONLY or own.isdisjoint(self._names(address)):
                    return owner
        return None

    def is_free(self, address: str) -> bool:
        """Tell whether an address finds nobody at all."""
        return self.key(address) not in self._by_address and not any(
            name in self._by_name for name in self._names(address)
        )

    def _names(self, address: str) -> tuple[str, ...]:
        if self._lookup == FULLNAME_ONLY:
            return ()
        local = address.lower().rpartition("@")[0]
        return local, local.translate(_BLANKS)

    def _take(self, key: str, number: int) -> None:
        owner = self._by_address.setdefault(key, number)
        if owner != number:
            holders = self.shared.setdefault(key, [owner])
            if number not in holders[-1:]:
                holders.append(number)
