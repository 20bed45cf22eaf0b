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
from .contents import CONTENTS, by_type
from .errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .contents import Content

#: How well an item's name is known, best first. `site`: a site's own catalogue names it; `given`: a definition alone.
EVIDENCE = ("documented", "site", "observed", "likely", "unconfirmed", "unknown", "given")
#: May be written although the server's design could not be asked (reference: domino-items.md, table of evidence).
TRUSTED = frozenset({"documented", "site"})

#: The item that repeats the form's name on most forms.
TYPE = "Type"

_SECRET_SETTINGS = frozenset({("Person", "internet_password"), ("ServerConfig", "relay_password")})
#: Items of several values whose order means something, or may; of all others in the catalogue it does not. The first
#: name in a person's FullName is the canonical one (reference: domino-items.md section 5).
_ORDERED = frozenset(
    {
        ("Person", "FullName"),
        ("Server", "SSLCipherList"),
        ("Server", "SSLCipherSupportedList"),
        ("SMTPInboundSite", "SSLCipherList"),
        ("Server", "Ports"),
        ("Server", "Network"),
        ("Server", "NetAddresses"),
    }
)
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

#: Forms that are read and never written, because mail can be addressed to their documents.
READ_FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "Group": Form("Group", "Group document", typed=False),
        "Database": Form("Database", "Mail-In Database document", typed=False),
    }
)


@dataclass(frozen=True)
class Item:
    """One item of a form: its name, its type, and how well both are known.

    `setting` is the friendly name (None: only the item's name is known), `values` maps friendly values to stored ones
    (a stored None is not publicly known; empty: free content), on `values_evidence`. `content` names what free content
    may be (contents.py; empty: what the type allows). `tab` says where the label stands, `sources` where the evidence
    can be read.
    """

    form: str
    name: str | None
    type: str
    setting: str | None = None
    label: str | None = None
    evidence: str = "given"
    values: Mapping[str, Any] = field(default_factory=dict)
    values_evidence: str = ""
    tab: str | None = None
    sources: tuple[str, ...] = ()
    content: str = ""

    @property
    def is_names(self) -> bool:
        """Tell whether the item holds Notes names. FullName is text by type and starts with the canonical name."""
        return self.type == "names" or (self.form, self.name) == ("Person", "FullName")

    @property
    def is_set(self) -> bool:
        """Tell whether the order of values means nothing. Of an item that the catalogue does not know it may."""
        several = self.type in ("text_list", "names") and self.setting is not None
        return several and (self.form, self.name) not in _ORDERED

    @property
    def is_secret(self) -> bool:
        """Tell whether values must not be shown."""
        if (self.form, self.setting) in _SECRET_SETTINGS:
            return True
        if self.evidence not in ("site", "given"):
            return False
        return not self.values and _SECRET_NAME.search(f"{self.setting} {self.name}") is not None

    @property
    def free_content(self) -> Content:
        """Return what free content of the item may be."""
        return CONTENTS[self.content or by_type(self.type)]

    @property
    def title(self) -> str:
        """Return how messages and diffs call the item."""
        return f"{self.label} [{self.name}]" if self.label else str(self.name)


def form(name: str) -> Form:
    """Return a form; raises DefinitionError with close matches where the catalogue has none of that name."""
    if name not in FORMS:
        raise DefinitionError(f'Form "{name}" is unknown. {_choice(name, FORMS)}')
    return FORMS[name]


def readable_form(name: str) -> Form:
    """Return a form that is written or only read; raises DefinitionError."""
    return READ_FORMS[name] if name in READ_FORMS else form(name)


class Catalogue:
    """Items by their settings and by their names. PUBLISHED holds what is publicly known; a site may know more."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._by_setting = {(item.form, str(item.setting)): item for item in items}
        named = [item for item in self._by_setting.values() if item.name]
        self._by_name = {(item.form, str(item.name).lower()): item for item in named}

    def by_setting(self, form_name: str, setting: str) -> Item:
        """Return the item behind a friendly setting.

        Raises DefinitionError where the setting is unknown (with close matches), and where its label is known but the
        item's name is not.
        """
        item = self._by_setting.get((form_name, setting))
        if item is None:
            names = sorted(name for owner, name in self._by_setting if owner == form_name)
            raise DefinitionError(
                f'There is no setting "{setting}" for the form {form_name}. {_choice(setting, names)}'
            )
        if item.name is None:
            raise DefinitionError(
                f'Setting "{setting}" of the form {form_name}: its label in the user interface is known '
                f'("{item.label}"), but its item name is not publicly known. Your own server knows it: let the module '
                "directory_design_info propose the item and put it into a site catalogue (catalogue:), or use items: "
                "with the name."
            )
        return item

    def by_name(self, form_name: str, item_name: str) -> Item:
        """Return an item by its name (case does not matter); one that no catalogue knows has evidence `given`.

        Raises DefinitionError for names that are no names of items, and for those that a definition may not carry.
        """
        check_name(item_name)
        return self.known(form_name, item_name)

    def known(self, form_name: str, item_name: str) -> Item:
        """Return what is known of an item that stands in a document, whatever its name."""
        return self._by_name.get((form_name, item_name.lower())) or Item(form_name, item_name, "")

    def settings(self, form_name: str) -> Sequence[Item]:
        """Return all items of a form that have a friendly setting and a name."""
        return [item for item in self.rows(form_name) if item.name]

    def rows(self, form_name: str | None = None) -> Sequence[Item]:
        """Return all settings (of one form), those without a known item too."""
        return [item for item in self._by_setting.values() if form_name in (None, item.form)]


def check_name(item_name: str) -> None:
    """Refuse names that are no names of items, and those that a definition may not carry (DefinitionError)."""
    if not _ITEM_NAME.fullmatch(item_name):
        raise DefinitionError(
            f'"{item_name}" is not an item name that can be managed: letters, digits and underscores are allowed, '
            "beginning with a letter or underscore (items with $ belong to Domino itself)."
        )
    if item_name.lower() in ("form", "type"):
        raise DefinitionError(f"Item {item_name} says what a document is; it follows from form: and cannot be set.")


def _read_only() -> Iterable[Item]:
    """Yield the items of the forms that are only read. Their names are not in the published list of items."""
    for form_name, names in (("Group", "ListName"), ("Database", "FullName")):
        yield Item(form_name, names, "text_list", "names", evidence="likely")
        yield Item(form_name, "InternetAddress", "text", "internet_address", evidence="likely")


def _published() -> Iterable[Item]:
    for row in ENTRIES:
        if row["setting"] != "form":
            yield Item(
                row["form"],
                row["item"],
                row["type"],
                row["setting"],
                row["label"],
                row["evidence"],
                MappingProxyType(row["values"]),
                row["values_evidence"],
                row["tab"],
                row["sources"],
                row["content"] or "",
            )


PUBLISHED = Catalogue(_published())
#: The same for the forms that are only read.
READ_ONLY = Catalogue(_read_only())
by_setting, by_name, known, settings = PUBLISHED.by_setting, PUBLISHED.by_name, PUBLISHED.known, PUBLISHED.settings


def _choice(given: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(given.lower(), {name.lower(): name for name in names}, n=3, cutoff=0.5)
    spelled = [name for word in close for name in names if name.lower() == word]
    return f"Did you mean {' or '.join(spelled)}?" if spelled else f"Known are: {', '.join(names)}."
