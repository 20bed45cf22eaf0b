# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's own design of a form, and the design check: what may be written on which evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .document import text
from .errors import DesignError
from .items import TRUSTED, TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    """The fields of a form; `fields` is None where the design could not be read, for the `reason` given."""

    form: str
    fields: Mapping[str, Field] | None
    reason: str = ""

    def field(self, name: str) -> Field | None:
        """Return a field by its name (case does not matter), None where the form has none or nothing is known."""
        return (self.fields or {}).get(name.lower())


def design_of(form: str, fields: Sequence[Field]) -> Design:
    """Return a design that was read."""
    return Design(form, {field.name.lower(): field for field in fields})


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


def check(changes: Sequence[Change], design: Design) -> Sequence[Change]:
    """Check changes against the design, and return them with the type of value that the design wants.

    Raises DesignError for an item that the form does not have, that is never stored, that holds something else than
    text or numbers, or that holds one value where several are wanted.
    """
    return [change if change.name == TYPE else _checked(change, design) for change in changes]


def _checked(change: Change, design: Design) -> Change:
    field = design.field(change.name)
    where = f"Form {design.form}, item {change.item.title} (evidence: {change.item.evidence})"
    if field is None:
        raise DesignError(
            f"{where}: the form's design on this server has no such field. If the field is on a "
            "subform that the design does not list, check it there and set design_check: evidence or off."
        )
    if field.kind == "computedfordisplay":
        raise DesignError(f"{where}: the field is computed for display and never stored.")
    if change.after is None:
        return change
    if field.many is False and len(change.after) > 1:
        raise DesignError(f"{where}: the field takes one value, the definition gives {len(change.after)}.")
    return replace(change, after=as_type(change.after, field.type, where))


def as_type(values: Values, field_type: str, where: str) -> Values:
    """Return values as text or number, as a field of that type stores them; DesignError where that is not possible."""
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
