# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scope of Domino REST API shows of a form: the schema's modes and their fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .design import as_type
from .errors import DirectoryError
from .items import TYPE, readable_form
from .transport import objects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .definition import Wanted
    from .design import Design
    from .plan import Change

#: Documents are read through the mode that queries use, and written through the mode that is used where none is named.
READ, WRITE = "dql", "default"


@dataclass(frozen=True)
class SchemaField:
    """One field that a mode declares. `type` is that of one value; `many`: an array of them."""

    name: str
    type: str
    many: bool = False
    access: str = "RW"

    @property
    def is_number(self) -> bool:
        """Tell whether values are numbers; what is neither text nor number is given as text."""
        return self.type in ("number", "integer")


@dataclass(frozen=True)
class Schema:
    """The modes of one form: mode -> field name in lower case -> field."""

    scope: str
    form: str
    modes: Mapping[str, Mapping[str, SchemaField]]

    def check(
        self, written: Sequence[Change], identity: Sequence[Wanted], design: Design | None = None
    ) -> Sequence[Change]:
        """Refuse what this schema does not carry, and say what to declare (DirectoryError).

        A type that is not the one of the form's design is refused too. Return the changes with the type of value that
        the schema gives them, because that decides how they are stored.
        """
        for mode in (READ, WRITE):
            if mode not in self.modes:
                raise DirectoryError(
                    f'Scope "{self.scope}": its schema has no mode "{mode}" for the form {self.form} (step 2 of 4, the '
                    "schema). Add the mode."
                )
        faults = [fault for change in written for fault in self._faults(change, design)]
        read = self.modes[READ]
        faults += [f"{want.name}: not declared in mode {READ}" for want in identity if want.name.lower() not in read]
        if faults:
            raise DirectoryError(
                f'Scope "{self.scope}": its schema does not carry these items of the form {self.form} (step 2 of '
                f"4, the schema): {'; '.join(dict.fromkeys(faults))}. Declare them in the schema."
            )
        return [self._typed(change) for change in written]

    def require_readable(self, names: Mapping[str, bool]) -> None:
        """Refuse where the mode for reading does not show these items as they are (DirectoryError)."""
        read = self.modes.get(READ, {})
        found = [(name, several, read.get(name.lower())) for name, several in names.items()]
        faults = [f"{name}: not declared" for name, _several, field in found if field is None]
        faults += [f"{name}: may not be read" for name, _several, field in found if field and field.access == "WO"]
        faults += [
            f"{name}: declared as one value, has to be an array"
            for name, several, field in found
            if field and several and not field.many
        ]
        if faults:
            raise DirectoryError(
                f'Scope "{self.scope}": its schema does not show these items of the form {self.form} in mode {READ} '
                f"(step 2 of 4, the schema): {'; '.join(faults)}. Declare them in the schema."
            )

    def encode(self, change: Change) -> tuple[str, Any]:
        """Return the name, as the schema spells it, and the JSON of a change; None removes the item."""
        field = self.modes.get(WRITE, {}).get(change.name.lower())
        after = change.after
        many = field.many if field else change.item.type == "text_list" or len(after or ()) > 1
        name = field.name if field else change.name
        if after is None or (many and not after):
            return name, None
        if many:
            return name, list(after)
        return name, after[0] if after else ""

    def _typed(self, change: Change) -> Change:
        field = self.modes[WRITE][change.name.lower()]
        if not change.after:
            return change
        where = f"Form {change.item.form}, item {change.item.title}, in the schema"
        return replace(change, after=as_type(change.after, "number" if field.is_number else "text", where))

    def _faults(self, change: Change, design: Design | None) -> Sequence[str]:
        found = []
        designed = design.field(change.name) if design and change.name != TYPE else None
        for mode in (WRITE, READ):
            field = self.modes[mode].get(change.name.lower())
            if field is None:
                found.append(f"{change.name}: not declared in mode {mode}")
            elif field.access == ("RO" if mode == WRITE else "WO"):
                found.append(f"{change.name}: may not be {'written' if mode == WRITE else 'read'} in mode {mode}")
            elif not field.many and (change.item.type == "text_list" or len(change.after or ()) > 1):
                found.append(f"{change.name}: declared as one value in mode {mode}, has to be an array")
            elif designed and field.is_number != (designed.type == "number"):
                found.append(f"{change.name}: declared as {field.type} in mode {mode}, is {designed.type} on the form")
        return found


def parse(scope: str, form: str, body: Any) -> Schema:
    """Return the schema that GET /scope/form/{form} shows (KeepForm)."""
    modes = {}
    for mode in objects(body.get("formModes")):
        fields = [_field(field) for field in objects(mode.get("fields"))]
        modes[str(mode.get("modeName"))] = {field.name.lower(): field for field in fields}
    return Schema(scope, readable_form(form).name, modes)


def _field(body: Mapping[str, Any]) -> SchemaField:
    kind = str(body.get("type"))
    many = kind == "array"
    if many:
        of = body.get("items")
        kind = str(of.get("type", "string")) if isinstance(of, dict) else "string"
    return SchemaField(str(body.get("name")), kind, many, str(body.get("fieldAccess", "RW")))
