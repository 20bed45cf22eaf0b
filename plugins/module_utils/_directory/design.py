# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's own design of a form, and the design check: what may be written on which evidence."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .document import text
from .errors import DesignError
from .items import TRUSTED, TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .document import Scalar, Values
    from .plan import Change

STRICT, EVIDENCE, OFF = "strict", "evidence", "off"

#: Field types of a design that do not hold text; keyword, names, authors, readers and the like do.
_NO_TEXT = frozenset({"number", "datetime", "richtext", "richtextlite", "attachment"})
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Field:
    """One field of a form's design; `many` is None where the design does not say."""

    name: str
    type: str
    many: bool | None = None
    kind: str = "editable"


@dataclass(frozen=True)
class Design:
    """The fields of a form; `fields` is None where the design could not be read, for the `reason` given.

    `wider` looks further for fields that the form itself does not list (on its subforms). `gap` says why some fields
    may still be unseen; empty where all were.
    """

    form: str
    fields: Mapping[str, Field] | None
    reason: str = ""
    wider: Callable[[], Design] | None = dataclasses.field(default=None, compare=False)
    gap: str = ""

    def field(self, name: str) -> Field | None:
        """Return a field by its name (case does not matter), None where the form has none or nothing is known."""
        return (self.fields or {}).get(name.lower())


def design_of(form: str, fields: Sequence[Field], wider: Callable[[], Design] | None = None) -> Design:
    """Return a design that was read."""
    return Design(form, {field.name.lower(): field for field in fields}, wider=wider)


def unchecked(changes: Sequence[Change], form: str) -> None:
    """Refuse what must not be written without asking the server: everything but documented items (DesignError)."""
    refused = [change for change in changes if change.item.evidence not in TRUSTED]
    if refused:
        names = "; ".join(f"{change.item.title} (evidence: {change.item.evidence})" for change in refused)
        raise DesignError(
            f"Form {form}: the server's design was not asked, and without it only documented items are written. "
            f"Refused: {names}. Let the design be read (design_check: strict, a user who may read "
            "it), or take it on your own word (design_check: off)."
        )


def covering(design: Design, names: Sequence[str]) -> Design:
    """Return the design of a form and its subforms where the form itself lacks one of the items, else as it is."""
    lacks = any(name != TYPE and design.field(name) is None for name in names)
    return design.wider() if design.wider and lacks else design


def check(changes: Sequence[Change], design: Design) -> Sequence[Change]:
    """Check changes against the design, and return them with the type of value that the design wants.

    Raises DesignError for an item that neither the form nor a subform of it has, that is never stored, that holds
    something else than text or numbers, or that holds one value where several are wanted. Where not all subforms could
    be seen, items on good evidence go ahead.
    """
    return [change if change.name == TYPE else _checked(change, design) for change in changes]


def _checked(change: Change, design: Design) -> Change:
    found = design.field(change.name)
    where = f"Form {design.form}, item {change.item.title} (evidence: {change.item.evidence})"
    if found is None:
        if design.gap and change.item.evidence in TRUSTED:
            return change
        raise DesignError(f"{where}: {_absence(design)}")
    if found.kind == "computedfordisplay":
        raise DesignError(f"{where}: the field is computed for display and never stored.")
    if change.after is None:
        return change
    if found.many is False and len(change.after) > 1:
        raise DesignError(f"{where}: the field takes one value, the definition gives {len(change.after)}.")
    return replace(change, after=as_type(change.after, found.type, where))


def _absence(design: Design) -> str:
    if design.gap:
        return (
            f"the form's design on this server lists no such field, and not all of its subforms could be seen "
            f"({design.gap}). Only documented items go ahead then. Look for the field on the subforms; if it is there, "
            "name it in a site catalogue (catalogue:) or set design_check: off."
        )
    return "the form's design on this server has no such field, and neither has any of its subforms."


def as_type(values: Values, field_type: str, where: str) -> Values:
    """Return values as text or number, as a field of that type stores them; DesignError where that is not possible.

    Of a shared field whose definition could not be seen the type is empty, and values stay as they are.
    """
    if not field_type:
        return values
    if field_type == "number":
        return tuple(_number(value, where) for value in values)
    if field_type in _NO_TEXT:
        raise DesignError(f"{where}: the field is of type {field_type}, which is not written here.")
    return tuple(text(value) for value in values)


def _number(value: Scalar, where: str) -> Scalar:
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise DesignError(f'{where}: the field is a number, and "{value}" is none.')
        return float(value) if "." in value else int(value)
    return value
