# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The design of names.nsf: which fields the forms have, and of which type.

The data is the lab's part of the reference (data/design.yml); a topology may remove, add or retype fields, so that a
test can show what happens where a server's design differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dominolab import entries

_DATA = Path(__file__).parent / "data" / "design.yml"


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    name: str
    type: str  # text or number
    multiple: bool = False
    names: bool = False  # holds Notes names
    evidence: str = "assumed"
    subform: str = ""  # where it stands on one; the form's own description does not show it then
    #: how it looks (tab, label, choices), where a recording says so; else data/layout.yml does
    row: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Form:
    """A form with its fields in their order."""

    name: str
    fields: Mapping[str, Field]

    @property
    def unid(self) -> str:
        """A stable UNID of the design element."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:32].upper()


@dataclass(frozen=True)
class _FieldEntry:
    """A field as a topology describes it."""

    type: str
    multiple: bool = False
    names: bool = False
    evidence: str = "assumed"
    subform: str = ""


@dataclass(frozen=True)
class Changes:
    """What a topology changes in a form; `add` also retypes a field that is there."""

    remove: tuple[str, ...] = ()
    add: Mapping[str, _FieldEntry] = field(default_factory=dict)


Design = Mapping[str, Form]


def load(overrides: Mapping[str, Any] | None = None) -> dict[str, Form]:
    """Return the forms by name.

    `overrides` has for a form what `Changes` has. Raises EntryError for anything else.
    """
    raw = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    forms: dict[str, dict[str, Field]] = {
        form: {name: Field(name, **values) for name, values in fields.items()} for form, fields in raw.items()
    }
    for form, entry in (overrides or {}).items():
        changes = entries.read(Changes, entry, f"design of {form}")
        fields = forms.setdefault(form, {})
        for name in changes.remove:
            fields.pop(name, None)
        for name, new in changes.add.items():
            fields[name] = Field(name, **asdict(new))
    return {form: Form(form, fields) for form, fields in forms.items()}


def as_design_form(form: Form) -> dict[str, Any]:
    """Return a form as `GET /design/forms/{form}` shows it: one entry a field, as in HCL's published examples."""
    fields = {
        field.name: {"allowmultivalues": field.multiple, "kind": "editable", "type": field.type}
        for field in form.fields.values()
        if field.name != "Form" and not field.subform  # Form is an item that Notes keeps, not a field
    }
    return {
        "@hide": "",
        "@conflictaction": "createconflicts",
        "@alias": [],
        "@name": form.name,
        "@noteid": f"{int(form.unid[:4], 16) // 4 * 4 + 2:x}",
        "@unid": form.unid,
        **fields,
    }
