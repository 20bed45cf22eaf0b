# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents and the values of their items, as a directory stores them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Tuple, Union

from .._printable import harmless
from .errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: One stored value. Booleans and objects can be read (a scope may declare them) but are never written.
Scalar = Union[str, int, float, bool, None, "dict[str, Any]"]
#: All values of one item; an item that is there and empty has none.
Values = Tuple[Scalar, ...]

#: Bytes of one item of text (HCL Domino Designer help, table of Notes and Domino known limits: text field size).
TEXT_LIMIT = 32 * 1024


def values(content: object) -> Values:
    """Return the values of an item's content: one value and a list of one are the same, "" and [] are no value."""
    if isinstance(content, (list, tuple)):
        return tuple(content) if content not in ([""], ("",)) else ()
    return () if content == "" else (content,)  # type: ignore[return-value]


def text(value: Scalar) -> str:
    """Return a value as text: a whole number has no decimal point, whatever JSON made of it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def key(value: Scalar) -> tuple[str, object]:
    """Return what counts of a value when two are compared: 25 and 25.0 are one number, and "25" is a text."""
    if isinstance(value, str):
        return "text", value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number", value
    return "other", json.dumps(value, sort_keys=True)


def check(name: str, content: object) -> Values:
    """Return the values of a content that a definition gives for an item; raises DefinitionError on a wrong type."""
    entries = content if isinstance(content, (list, tuple)) else [content]
    texts = [entry for entry in entries if isinstance(entry, str)]
    numbers = [entry for entry in entries if isinstance(entry, (int, float)) and not isinstance(entry, bool)]
    if len(texts) != len(entries) and len(numbers) != len(entries):
        raise DefinitionError(
            f"{name}: {_shown(content)} is not a value of an item. Give a text, a number, or a list of texts or of "
            "numbers; a text that looks like something else needs quotes."
        )
    for entry in texts:
        if "\0" in entry or any("\ud800" <= char <= "\udfff" for char in entry):
            raise DefinitionError(f"{name}: the text holds a NUL or a character that no encoding has.")
    size = sum(len(entry.encode("utf-8")) for entry in texts)
    if size > TEXT_LIMIT:
        raise DefinitionError(f"{name}: {size} bytes of text are given, and an item of text holds {TEXT_LIMIT}.")
    if not all(map(_is_finite, numbers)):
        raise DefinitionError(f"{name}: infinity, not-a-number and larger numbers are no values of an item.")
    return values(content)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number that no double holds
        return False


def plain(content: Values | None) -> Any:
    """Return the values of an item as plain data: null, one value, or a list."""
    if content is None:
        return None
    if len(content) > 1:
        return list(content)
    return content[0] if content else ""


def shown(content: Values | None) -> str:
    """Return the values of an item as one line of a diff."""
    if content is None:
        return "(absent)"
    if len(content) > 1:
        return _shown(list(content))
    return _shown(content[0] if content else "")


def _shown(content: object) -> str:
    return harmless(json.dumps(content, ensure_ascii=False, default=repr))


@dataclass(frozen=True)
class Document:
    """One document as it was read.

    UNID, form, the items that are there, the revision that a write has to name, the time of creation (ISO 8601), and
    what the directory remarked.
    """

    unid: str
    form: str
    items: Mapping[str, Any] = field(default_factory=dict)
    revision: str | None = None
    created: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def is_conflict(self) -> bool:
        """Tell whether this is what replication left of a change that lost, as far as its items can be seen.

        HCL Notes marks such a document with the item $Conflict.
        """
        return self.raw("$Conflict") is not None

    def get(self, name: str) -> Values | None:
        """Return the values of an item, None where it is not there. Item names compare without case."""
        found = self.raw(name)
        return None if found is None else values(found)

    def raw(self, name: str) -> Any:
        """Return the content of an item as it was read, None where it is not there."""
        if name in self.items:
            return self.items[name]
        return next((content for item, content in self.items.items() if item.lower() == name.lower()), None)
