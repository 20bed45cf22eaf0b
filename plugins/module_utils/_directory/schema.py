# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scope of Domino REST API shows of a form: the schema's modes and their fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .design import as_type
from .errors import DirectoryError
from .items import FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .definition import Wanted
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


@dataclass(frozen=True)
class Schema:
    """The modes of one form: mode -> field name in lower case -> field."""

    scope: str
    form: str
    modes: Mapping[str, Mapping[str, SchemaField]]

    def check(self, written: Sequence[Change], identity: Sequence[Wanted]) -> None:
        """Refuse what this schema does not carry, and say what to declare (DirectoryError)."""
        for mode in (READ, WRITE):
            if mode not in self.modes:
                raise DirectoryError(
                    f'Scope "{self.scope}": its schema has no mode "{mode}" for the form {self.form} (step 2 of 4, the '
                    "schema). Add the mode."
                )
        faults = [fault for change in written for fault in self._faults(change)]
        read = self.modes[READ]
        faults += [f"{want.name}: not declared in mode {READ}" for want in identity if want.name.lower() not in read]
        if faults:
            raise DirectoryError(
                f'Scope "{self.scope}": its schema does not carry these items of the form {self.form} (step 2 of '
                f"4, the schema): {'; '.join(dict.fromkeys(faults))}. Declare them in the schema."
            )

    def encode(self, change: Change) -> tuple[str, Any]:
        """Return the name, as the schema spells it, and the JSON of a change; None removes the item."""
        field = self.modes.get(WRITE, {}).get(change.name.lower())
        return field.name if field else change.name, encode(change, field)

    def _faults(self, change: Change) -> Sequence[str]:
        found = []
        for mode in (WRITE, READ):
            field = self.modes[mode].get(change.name.lower())
            if field is None:
                found.append(f"{change.name}: not declared in mode {mode}")
            elif field.access == ("RO" if mode == WRITE else "WO"):
                found.append(f"{change.name}: may not be {'written' if mode == WRITE else 'read'} in mode {mode}")
            elif not field.many and (change.item.type == "text_list" or len(change.after or ()) > 1):
                found.append(f"{change.name}: declared as one value in mode {mode}, has to be an array")
        return found


def encode(change: Change, field: SchemaField | None) -> Any:
    """Return the JSON of a change. The schema's type decides how a value is stored, so it is met where it is known."""
    after = change.after
    many = field.many if field else change.item.type == "text_list" or len(after or ()) > 1
    if after is None or (many and not after):
        return None
    if field and after:
        where = f"Form {change.item.form}, item {change.item.title}, in the schema"
        after = as_type(after, "number" if field.type in ("number", "integer") else "text", where)
    if many:
        return list(after)
    return after[0] if after else ""


def parse(scope: str, form: str, body: Any) -> Schema:
    """Return the schema that GET /scope/form/{form} shows (KeepForm)."""
    modes = {}
    for mode in body.get("formModes") or ():
        fields = [_field(field) for field in mode.get("fields") or ()]
        modes[str(mode.get("modeName"))] = {field.name.lower(): field for field in fields}
    return Schema(scope, FORMS[form].name, modes)


def _field(body: Mapping[str, Any]) -> SchemaField:
    kind = str(body.get("type"))
    many = kind == "array"
    if many:
        kind = str((body.get("items") or {}).get("type", "string"))
    return SchemaField(str(body.get("name")), kind, many, str(body.get("fieldAccess", "RW")))
