# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about forms, settings and items: the catalogue's rules. The data are in catalogue.py."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .catalogue import ENTRIES
from .errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: How well an item's name is known, best first; `site` is an item that the catalogue does not know.
EVIDENCE = ("documented", "observed", "likely", "unconfirmed", "unknown", "site")
#: May be written although the server's design could not be asked (reference: domino-items.md, table of evidence).
TRUSTED = frozenset({"documented"})

#: The item that repeats the form's name on most forms.
TYPE = "Type"

_SECRET_SETTINGS = frozenset({("Person", "internet_password"), ("ServerConfig", "relay_password")})
_SECRET_NAME = re.compile(r"passw|secret", re.IGNORECASE)
_ITEM_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Form:
    """A form of the Domino Directory that this collection writes.

    `typed`: the item Type holds the form's name too (reference: domino-items.md sections 1, 2 and 5; the published
    One-Touch Setup examples for Domain). `creatable`: a Server document is made at server set-up, never here.
    """

    name: str
    title: str
    typed: bool
    creatable: bool = True

    @property
    def type_item(self) -> Item | None:
        """Return the item Type where this form's documents have it."""
        return Item(self.name, TYPE, "text", evidence="documented") if self.typed else None


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        form.name: form
        for form in (
            Form("Server", "Server document", typed=True, creatable=False),
            Form("ServerConfig", "Configuration document", typed=False),
            Form("Domain", "Domain document", typed=True),
            Form("Person", "Person document", typed=True),
            Form("SMTPInboundSite", "SMTP Inbound Site document", typed=True),
        )
    }
)


@dataclass(frozen=True)
class Item:
    """One item of a form: its name, its type, and how well both are known.

    `setting` is the friendly name (None: only the item's name is known), `values` maps friendly values to stored ones
    (a stored None is not publicly known; empty: free content).
    """

    form: str
    name: str | None
    type: str
    setting: str | None = None
    label: str | None = None
    evidence: str = "site"
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_names(self) -> bool:
        """Tell whether the item holds Notes names. FullName is text by type and starts with the canonical name."""
        return self.type == "names" or (self.form, self.name) == ("Person", "FullName")

    @property
    def is_secret(self) -> bool:
        """Tell whether values must not be shown."""
        if self.setting is None:
            return _SECRET_NAME.search(self.name or "") is not None
        return (self.form, self.setting) in _SECRET_SETTINGS

    @property
    def title(self) -> str:
        """Return how messages and diffs call the item."""
        return f"{self.label} [{self.name}]" if self.label else str(self.name)


def _items() -> Iterable[Item]:
    for row in ENTRIES:
        if row["setting"] != "form":
            values = MappingProxyType(row["values"])
            yield Item(row["form"], row["item"], row["type"], row["setting"], row["label"], row["evidence"], values)


_BY_SETTING: Mapping[tuple[str, str], Item] = MappingProxyType({(i.form, str(i.setting)): i for i in _items()})
_BY_NAME: Mapping[tuple[str, str], Item] = MappingProxyType({(i.form, i.name.lower()): i for i in _items() if i.name})


def form(name: str) -> Form:
    """Return a form; raises DefinitionError with close matches where the catalogue has none of that name."""
    if name not in FORMS:
        raise DefinitionError(f'Form "{name}" is unknown. {_choice(name, FORMS)}')
    return FORMS[name]


def by_setting(form_name: str, setting: str) -> Item:
    """Return the item behind a friendly setting.

    Raises DefinitionError where the setting is unknown (with close matches), and where its label is known but the
    item's name is not publicly known.
    """
    item = _BY_SETTING.get((form_name, setting))
    if item is None:
        names = sorted(name for owner, name in _BY_SETTING if owner == form_name)
        raise DefinitionError(f'There is no setting "{setting}" for the form {form_name}. {_choice(setting, names)}')
    if item.name is None:
        raise DefinitionError(
            f'Setting "{setting}" of the form {form_name}: its label in the user interface is known '
            f'("{item.label}"), but its item name is not publicly known. Find the name on your own server (the item '
            "is on the form's design and in the document's properties) and use items: with that name."
        )
    return item


def by_name(form_name: str, item_name: str) -> Item:
    """Return an item by its name (case does not matter); one that the catalogue does not know has evidence `site`.

    Raises DefinitionError for names that are no names of items, and for those that a definition may not carry.
    """
    if not _ITEM_NAME.fullmatch(item_name):
        raise DefinitionError(
            f'"{item_name}" is not an item name that can be managed: letters, digits and underscores are allowed, '
            "beginning with a letter or underscore (items with $ belong to Domino itself)."
        )
    if item_name.lower() in ("form", "type"):
        raise DefinitionError(f"Item {item_name} says what a document is; it follows from form: and cannot be set.")
    return known(form_name, item_name)


def known(form_name: str, item_name: str) -> Item:
    """Return what the catalogue knows of an item that stands in a document, whatever its name."""
    return _BY_NAME.get((form_name, item_name.lower())) or Item(form_name, item_name, "")


def settings(form_name: str) -> Iterable[Item]:
    """Return all items of a form that have a friendly setting and a name."""
    return [item for (owner, _setting), item in _BY_SETTING.items() if owner == form_name and item.name]


def _choice(given: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(given.lower(), {name.lower(): name for name in names}, n=3, cutoff=0.5)
    spelled = [name for word in close for name in names if name.lower() == word]
    return f"Did you mean {' or '.join(spelled)}?" if spelled else f"Known are: {', '.join(names)}."
