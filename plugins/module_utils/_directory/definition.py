# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document definitions: what a user wants, with friendly settings turned into items."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._notes_name import abbreviated, canonical
from . import items
from .document import Document, Scalar, Values, check, text
from .errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Wanted:
    """One item and the values it shall have; None: the item shall not be there."""

    item: items.Item
    values: Values | None

    @property
    def name(self) -> str:
        """Return the item's name."""
        return str(self.item.name)

    def found_in(self, document: Document) -> bool:
        """Tell whether a document has this value among the item's values; names compare as names, text without case."""
        return {self.key(value) for value in self.values or ()} <= {
            self.key(value) for value in document.get(self.name) or ()
        }

    def key(self, value: Scalar) -> str:
        """Return what of a value counts when it identifies a document."""
        return (canonical(text(value).strip()) if self.item.is_names else text(value)).casefold()

    def spellings(self) -> Sequence[Any]:
        """Return the values to search for. How a name is spelled in a document is not always known: both forms."""
        found: list[Any] = []
        for value in self.values or ():
            found.append(value)
            if self.item.is_names and abbreviated(text(value)) != value:
                found.append(abbreviated(text(value)))
        return found


@dataclass(frozen=True)
class Definition:
    """One document: what identifies it, and what it shall hold (nothing, where `present` is False)."""

    form: items.Form
    match: tuple[Wanted, ...]
    wanted: tuple[Wanted, ...] = ()
    present: bool = True
    create: bool = True
    catalogue: items.Catalogue = field(default=items.PUBLISHED, compare=False, repr=False)

    def matches(self, document: Document) -> bool:
        """Tell whether this definition is about that document."""
        return all(wanted.found_in(document) for wanted in self.match)

    @property
    def title(self) -> str:
        """Return how messages and diffs call the document: `Configuration document "*" (ServerConfig)`."""
        names = [abbreviated(text(value)) for wanted in self.match for value in wanted.values or ()]
        return f"{self.form.title} {', '.join(_quoted(name) for name in names)} ({self.form.name})"

    @property
    def on_creation(self) -> tuple[Wanted, ...]:
        """Return what a new document gets: Type, what identifies it, then what is wanted, each item once."""
        wanted = {want.name.lower() for want in self.wanted}
        kind = self.form.type_item
        identity = tuple(want for want in self.match if want.name.lower() not in wanted)
        return ((Wanted(kind, (self.form.name,)),) if kind else ()) + identity + self.wanted


def define(raw: Mapping[str, Any], catalogue: items.Catalogue = items.PUBLISHED) -> Definition:
    """Return the definition that a mapping describes; raises DefinitionError where it cannot be right.

    Keys: form, match (settings or item names), settings, items, state (present or absent), create.
    """
    form = items.form(str(raw.get("form")))
    reader = _Reader(catalogue, form.name)
    match = tuple(reader.identity(name, value) for name, value in (raw.get("match") or {}).items())
    settings = [reader.setting(name, value) for name, value in (raw.get("settings") or {}).items()]
    own = [reader.item(name, value) for name, value in (raw.get("items") or {}).items()]
    present = raw.get("state", "present") == "present"
    create = form.creatable and raw.get("create") is not False
    definition = Definition(form, match, tuple(settings + own), present, create, catalogue)
    _check(definition)
    return definition


def define_all(raw: Sequence[Mapping[str, Any]], catalogue: items.Catalogue = items.PUBLISHED) -> Sequence[Definition]:
    """Return all definitions; an error says which one it is about, and two definitions of one document are refused."""
    found: list[Definition] = []
    seen: dict[tuple[str, frozenset[tuple[str, str]]], int] = {}
    for number, mapping in enumerate(raw, start=1):
        try:
            definition = define(mapping, catalogue)
        except DefinitionError as exc:
            raise DefinitionError(f"Document definition {number} of {len(raw)}: {exc} Nothing was changed.") from None
        key = (definition.form.name, frozenset((want.name.lower(), _identity_text(want)) for want in definition.match))
        if key in seen:
            raise DefinitionError(
                f"Document definitions {seen[key]} and {number} are about the same document, {definition.title}. "
                "Make one of them. Nothing was changed."
            )
        seen[key] = number
        found.append(definition)
    return found


def _check(definition: Definition) -> None:
    if not definition.match:
        raise DefinitionError(f"match: is empty; name a setting or item that identifies the {definition.form.title}.")
    for want in definition.match if definition.present and definition.create else ():
        for value in map(text, want.values or ()):
            if value != value.strip():
                raise DefinitionError(
                    f'match: {want.item.setting or want.name} is "{value}", with a blank at its beginning or end. Is a '
                    "variable empty that it is made of?"
                )
    for group in (definition.match, definition.wanted):
        names = [want.name.lower() for want in group]
        twice = next((want.name for want in group if names.count(want.name.lower()) > 1), None)
        if twice:
            raise DefinitionError(f"{definition.title}: item {twice} is given twice.")
    if not definition.present and definition.wanted:
        raise DefinitionError(f"{definition.title}: state absent takes neither settings: nor items:.")
    if not definition.present and not definition.form.creatable:
        raise DefinitionError(
            f"{definition.title}: a Server document is made at server set-up and is not removed here."
        )
    identity = {want.name.lower(): want for want in definition.match}
    for want in definition.wanted:
        known = identity.get(want.name.lower())
        after = Document("", definition.form.name, {want.name: list(want.values or ())})
        if known and not known.found_in(after):
            raise DefinitionError(
                f"{definition.title}: item {want.name} identifies the document and would get another value; the "
                "next run would not find the document any more. Match by something else, or change it by hand."
            )


def _identity_text(want: Wanted) -> str:
    return "\n".join(sorted(want.key(value) for value in want.values or ()))


@dataclass(frozen=True)
class _Reader:
    """How names and values of one form's definitions are read, with what a catalogue knows."""

    catalogue: items.Catalogue
    form: str

    def identity(self, name: str, value: object) -> Wanted:
        """Return a value that identifies a document. A name in lower case is a setting, any other is an item's."""
        wanted = self.setting(name, value) if name == name.lower() else self.item(name, value)
        if not wanted.values or not all(text(value).strip() for value in wanted.values):
            raise DefinitionError(f"match: {name} is empty and identifies nothing.")
        return wanted

    def setting(self, name: str, value: object) -> Wanted:
        """Return what a friendly setting wants."""
        item = self.catalogue.by_setting(self.form, name)
        where = f'Setting "{name}" of the form {self.form}'
        if value is None:
            raise DefinitionError(f"{where} has no value. To remove the item, use items: with {item.name}: null.")
        entries = list(value) if isinstance(value, (list, tuple)) else [value]
        if item.type in ("text", "number") and len(entries) != 1:
            raise DefinitionError(f"{where} takes one value, not a list of {len(entries)}.")
        return Wanted(item, check(where, [_stored(item, where, entry) for entry in entries]))

    def item(self, name: str, value: object) -> Wanted:
        """Return what is wanted of an item by its own name."""
        item = self.catalogue.by_name(self.form, name)
        return Wanted(item, None if value is None else check(f"Item {name} of the form {self.form}", value))


def _stored(item: items.Item, where: str, value: object) -> object:
    """Return what is stored for one friendly value."""
    if item.type == "number" and not item.values:
        return _checked(item, where, _number(where, value))
    if not isinstance(value, str):
        raise DefinitionError(f"{where} takes text, not {value!r}; put quotes around it if it is meant as text.")
    if value in item.values:
        if item.values[value] is None:
            raise DefinitionError(
                f'{where}: how "{value}" is stored in item {item.name} is not publicly known. Set it by hand '
                "once, look at the item, and use items: with the value from your own server."
            )
        return item.values[value]
    if item.values and item.type != "names":
        known = ", ".join(name for name, stored in item.values.items() if stored is not None)
        raise DefinitionError(f'{where}: "{value}" is not one of its values ({known}).')
    _checked(item, where, value)
    return canonical(value) if item.is_names else value


def _checked(item: items.Item, where: str, value: Scalar) -> Scalar:
    """Return a value of free content; DefinitionError where the item allows none such."""
    if item.free_content.allows(value):
        return value
    shown = "the value" if item.is_secret else json.dumps(value)
    raise DefinitionError(f"{where}: {shown} is not allowed. It must be {item.free_content.allowed}.")


def _number(where: str, value: object) -> float | int:
    # A template without native types gives numbers as text.
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DefinitionError(f"{where} takes a number, not {value!r}.")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _quoted(value: str) -> str:
    return f'"{value}"'


@dataclass(frozen=True)
class Selection:
    """Documents to read: those of a form that match (all of them where nothing is named), and which items to show."""

    form: str
    match: tuple[Wanted, ...]
    items: tuple[str, ...] = ()


def selections(raw: Sequence[Mapping[str, Any]], catalogue: items.Catalogue = items.PUBLISHED) -> Sequence[Selection]:
    """Return what mappings with form, match and items select; raises DefinitionError."""
    found = []
    for mapping in raw:
        form = items.form(str(mapping.get("form"))).name
        reader = _Reader(catalogue, form)
        match = tuple(reader.identity(name, value) for name, value in (mapping.get("match") or {}).items())
        found.append(Selection(form, match, tuple(mapping.get("items") or ())))
    return found
