# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the documents of a directory, as far as addresses need it.

Tuples, because a directory holds a hundred thousand of them.
"""

from __future__ import annotations

import re
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from .. import _notes_name

if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping

#: The items to read: form, item (evidence of the names: catalogue of items).
PERSON_ITEMS = {
    "full_names": "FullName",
    "first": "FirstName",
    "middle": "MiddleInitial",
    "last": "LastName",
    "title": "Title",
    "suffix": "Suffix",
    "short_names": "ShortName",
    "internet_address": "InternetAddress",
    "mail_server": "MailServer",
    "mail_domain": "MailDomain",
}
OTHER_ITEMS = {
    "Group": {"names": "ListName", "internet_address": "InternetAddress"},
    "Database": {"names": "FullName", "internet_address": "InternetAddress"},
}
_PERSON_SETTINGS = {
    "full_names": "user_name",
    "first": "first_name",
    "middle": "middle_name",
    "last": "last_name",
    "title": "personal_title",
    "suffix": "generational_qualifier",
    "short_names": "short_name",
    "internet_address": "internet_address",
    "mail_server": "mail_server",
    "mail_domain": "mail_domain",
}
#: The fields that hold several values.
LISTS = frozenset(("full_names", "short_names", "names"))
_IN_COMMON = frozenset(("first", "middle", "last", "title", "suffix", "mail_server", "mail_domain"))
_LABEL = re.compile(r"(?:(?<=/)|^)(?:CN|OU|O|C)=", re.IGNORECASE)


class Person(NamedTuple):
    """A Person document. `key` tells documents apart, such as the UNID; names are as they are stored."""

    key: str
    full_names: tuple[str, ...] = ()
    first: str = ""
    middle: str = ""
    last: str = ""
    title: str = ""
    suffix: str = ""
    short_names: tuple[str, ...] = ()
    internet_address: str = ""
    mail_server: str = ""
    mail_domain: str = ""

    @property
    def user_name(self) -> str:
        """Return the name that people know the document by, abbreviated."""
        return abbreviated(self.full_names[0]) if self.full_names else self.key

    @property
    def mail_names(self) -> tuple[str, ...]:
        """Return the names that nobody else should have."""
        return self.short_names

    def order(self) -> tuple[str, str]:
        """Return what people are sorted by: the canonical name, then what tells equal names apart."""
        name = self.full_names[0] if self.full_names else ""
        return (name if "=" in name else _notes_name.canonical(name)).lower(), self.key

    def part(self, field: str) -> str:
        """Return one part of the name, as stored; empty where there is none."""
        if field == "short":
            return next((name for name in self.short_names if "@" not in name), "")
        if field in ("common", "unit", "organization"):
            return _component(self.full_names[0] if self.full_names else "", field)
        text: str = getattr(self, field)
        return text

    def addresses(self) -> Iterator[str]:
        """Yield the whole addresses that find this document (6.2), as stored."""
        if self.internet_address:
            yield self.internet_address
        for name in self.full_names + self.short_names:
            if "@" in name:
                yield name

    def names(self) -> Iterator[str]:
        """Yield what finds this document in the view ($Users) without a domain (6.1); soundex keys left out."""
        for name in self.full_names:
            yield common_name(name)
        yield from self.short_names
        yield self.first
        yield self.last


class Other(NamedTuple):
    """A document that mail can be addressed to and that is given no address here: a group, a mail-in database."""

    key: str
    form: str
    listed_names: tuple[str, ...] = ()
    internet_address: str = ""

    @property
    def user_name(self) -> str:
        """Return the name that people know the document by."""
        return abbreviated(self.listed_names[0]) if self.listed_names else self.key

    @property
    def mail_names(self) -> tuple[str, ...]:
        """Return the names that nobody else should have."""
        return self.listed_names

    def addresses(self) -> Iterator[str]:
        """Yield the whole addresses that find this document (6.2), as stored."""
        if self.internet_address:
            yield self.internet_address
        for name in self.listed_names:
            if "@" in name:
                yield name

    def names(self) -> Iterator[str]:
        """Yield what finds this document without a domain (6.1)."""
        for name in self.listed_names:
            yield common_name(name)


def person_of_items(key: str, items: Mapping[str, Any]) -> Person:
    """Return the Person that items of a document mean; item names compare without case."""
    return Person(key, **_read(items, _OF_PERSON_ITEMS))


def person_of_settings(settings: Mapping[str, Any]) -> Person:
    """Return the Person that friendly settings mean (user_name, first_name, short_name, ...)."""
    read = _read(settings, _OF_PERSON_SETTINGS)
    return Person(read.get("full_names", ("",))[0], **read)


def other_of_items(form: str, key: str, items: Mapping[str, Any]) -> Other:
    """Return the Group or mail-in database (form Database) that items of a document mean."""
    return _other(key, form, _read(items, _OF_OTHER_ITEMS[form]))


def other_of_settings(key: str, settings: Mapping[str, Any]) -> Other:
    """Return what a name list (`names`) and an `internet_address` mean, of a group or mail-in database."""
    return _other(key, "", _read(settings, _OF_OTHER_SETTINGS))


def _other(key: str, form: str, read: Mapping[str, Any]) -> Other:
    return Other(key, form, read.get("names", ()), read.get("internet_address", ""))


def abbreviated(name: str) -> str:
    """Return a name without its labels; quicker than the Notes name itself, and for showing and comparing only."""
    return _LABEL.sub("", name) if "=" in name else name


def common_name(name: str) -> str:
    """Return the first component of a name."""
    first = name.partition("/")[0]
    return first[3:] if first.startswith("CN=") else abbreviated(first)


def _component(name: str, field: str) -> str:
    if field == "common":
        return common_name(name)
    labelled = [part.partition("=")[::2] for part in _notes_name.canonical(name).split("/")[1:]]
    label = {"unit": "OU", "organization": "O"}[field]
    return next((value for known, value in labelled if known == label), "")


class Fields(dict):  # type: ignore[type-arg]  # Python 3.8 has no dict[str, str] to inherit from
    """The field behind each spelling of an item's name, nothing where there is none; found once, remembered."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._by_lower = {name.lower(): field for field, name in names.items()}

    def __missing__(self, name: str) -> str:
        self[name] = field = self._by_lower.get(name.lower(), "")
        return field


_OF_PERSON_ITEMS, _OF_PERSON_SETTINGS = Fields(PERSON_ITEMS), Fields(_PERSON_SETTINGS)
_OF_OTHER_ITEMS = {form: Fields(names) for form, names in OTHER_ITEMS.items()}
_OF_OTHER_SETTINGS = Fields({"names": "names", "internet_address": "internet_address"})


def _read(source: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """Return the fields that are there; what many have in common is held once.

    A text goes a short way, because nearly everything is one and a directory has a million of them. Texts of templates
    are of other types.
    """
    read: dict[str, Any] = {}
    for name, value in source.items():
        field = fields[name]
        if not field:
            continue
        if value.__class__ is str and field not in LISTS:
            text = value.strip()
            if text:
                read[field] = intern(text) if field in _IN_COMMON else text
        else:
            texts = _texts(value)
            if texts:
                read[field] = texts if field in LISTS else texts[0]
    return read


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple([text for text in [str(entry).strip() for entry in values if entry is not None] if text])
