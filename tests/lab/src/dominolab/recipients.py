# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a recipient is: the lookup of Internet and Notes addresses in the Domino Directory."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from dominolab.notes_names import abbreviated, common_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dominolab.contract import Document
    from dominolab.domains import LocalDomains


class AddressLookup(Enum):
    """The modes of "Address lookup" [6.2-6.4]. The item's name is not known publicly."""

    FULLNAME_ONLY = "fullname only"
    LOCAL_PART_ONLY = "local part only"
    FULLNAME_THEN_LOCAL_PART = "fullname then local part"


def find(
    address: str,
    people: Sequence[Document],
    domains: LocalDomains,
    mode: AddressLookup = AddressLookup.FULLNAME_THEN_LOCAL_PART,
) -> list[Document]:
    """Return all entries that an Internet address of a local domain matches: none, one, or several [6.2-6.4].

    The default mode is assumed.
    """
    found: list[Document] = []
    if mode is not AddressLookup.LOCAL_PART_ONLY:
        found = _by_address(address, people)
        primary = domains.with_primary(address)
        if not found and primary:
            found = _by_address(primary, people)
    if not found and mode is not AddressLookup.FULLNAME_ONLY:
        found = _by_local_part(address.rpartition("@")[0], people)
    return found


def find_name(name: str, people: Sequence[Document]) -> list[Document]:
    """Return all entries that a Notes name matches in ($Users) [6.1]."""
    return _with(people, {abbreviated(name).lower()})


def _by_address(address: str, people: Sequence[Document]) -> list[Document]:
    wanted = address.lower()
    return [
        person
        for person in people
        if wanted in _lower((*person.texts("InternetAddress"), *person.texts("FullName"), *person.texts("ShortName")))
    ]


def _by_local_part(local_part: str, people: Sequence[Document]) -> list[Document]:
    # That _ and . stand for blanks is commonly seen and nowhere documented [6.6]; the literal text goes first.
    return _with(people, {local_part.lower()}) or _with(people, {re.sub(r"[._]", " ", local_part).lower()})


def _with(people: Sequence[Document], wanted: set[str]) -> list[Document]:
    return [person for person in people if wanted & _users_view(person)]


def _users_view(person: Document) -> set[str]:
    """Return the keys of a Person document in ($Users), soundex left out [6.1]."""
    full_names = person.texts("FullName")
    keys = [*map(abbreviated, full_names), *map(common_name, full_names)]
    for item in ("InternetAddress", "ShortName", "FirstName", "LastName"):
        keys += person.texts(item)
    return _lower(keys)


def _lower(texts: Iterable[str]) -> set[str]:
    return {text.lower() for text in texts}
