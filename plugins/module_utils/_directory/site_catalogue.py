# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's own catalogue: what a person has found in the design of their own Domino Directory, and vouches for.

A row names a form, a setting and an item; it may name type, values (friendly -> stored), label and source. It gives a
published setting its item or further values, or adds a setting. What is documented publicly it may not contradict.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .errors import DefinitionError
from .items import PUBLISHED, Catalogue, Item, check_name, form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TYPES = ("text", "number", "text_list", "names")
_KEYS = ("form", "setting", "item", "type", "values", "label", "source")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def merged(rows: Sequence[Mapping[str, Any]], published: Catalogue = PUBLISHED) -> Catalogue:
    """Return what is known with a site's rows; raises DefinitionError, which names the row that cannot be right."""
    known = {(item.form, str(item.setting)): item for item in published.rows()}
    own: dict[tuple[str, str], Item] = {}
    for number, row in enumerate(rows, start=1):
        try:
            item = _item(row, known)
            _check_alone(item, own)
        except DefinitionError as exc:
            named = ", ".join(f"{key} {row[key]}" for key in ("form", "setting", "item") if row.get(key))
            where = f"Site catalogue, row {number} of {len(rows)} ({named or 'nothing of it is readable'})"
            raise DefinitionError(f"{where}: {exc} Nothing was changed.") from None
        own[item.form, str(item.setting)] = item
    names = {(item.form, str(item.name).lower()) for item in own.values()}
    others = [
        _without_name(item) if (item.form, str(item.name).lower()) in names else item
        for key, item in known.items()
        if key not in own
    ]
    return Catalogue([*others, *own.values()])


def _item(row: Mapping[str, Any], known: Mapping[tuple[str, str], Item]) -> Item:
    unknown = [str(key) for key in row if key not in _KEYS]
    missing = [key for key in _KEYS[:3] if not row.get(key)]
    if unknown or missing:
        found = f"{', '.join(unknown)} is not a key of a row" if unknown else f"{', '.join(missing)} is missing"
        raise DefinitionError(
            f"{found}. A row has form, setting and item, and may have type, values, label and source."
        )
    form_name = form(str(row["form"])).name
    setting, name = str(row["setting"]), str(row["item"])
    if not _NAME.fullmatch(setting) or setting == "form":
        raise DefinitionError(
            f'"{setting}" cannot be the name of a setting: lower-case letters, digits and underscores, beginning with '
            "a letter, and not form."
        )
    check_name(name)
    before = known.get((form_name, setting)) or Item(form_name, None, "text", setting)
    _check_documented(before, name, known)
    kind = row.get("type") or before.type
    if kind not in TYPES:
        raise DefinitionError(f'"{kind}" is not a type of an item ({", ".join(TYPES)}).')
    return replace(
        before,
        name=name,
        type=str(kind),
        label=row.get("label") or before.label,
        evidence="site",
        values=MappingProxyType({**before.values, **_values(row, before)}),
        values_evidence="site",
        content=before.content if kind == before.type else "",
        sources=(str(row["source"]),) if row.get("source") else (),
    )


def _values(row: Mapping[str, Any], before: Item) -> Mapping[str, Any]:
    values = row.get("values") or {}
    if not isinstance(values, dict):
        raise DefinitionError("values: is a mapping of friendly values to stored ones.")
    for friendly, stored in values.items():
        if not isinstance(friendly, str) or not friendly:
            raise DefinitionError(
                f"values: {friendly!r} is no friendly value; put quotes around it (YAML reads yes, no, on and off as "
                "true and false)."
            )
        if isinstance(stored, bool) or not isinstance(stored, (str, int, float)):
            raise DefinitionError(
                f'values: "{friendly}" is stored as text or number, not as {stored!r}. Leave a value out whose stored '
                "form you do not know, and put quotes around text that looks like something else."
            )
        public = before.values.get(friendly)
        if public is not None and before.values_evidence == "documented" and str(public) != str(stored):
            raise DefinitionError(
                f'values: "{friendly}" is documented publicly as "{public}", and the row has "{stored}". Leave it '
                "out, or give your value a name of its own."
            )
    return values


def _check_documented(before: Item, name: str, known: Mapping[tuple[str, str], Item]) -> None:
    """Refuse what contradicts a documented item, silently or not."""
    if before.evidence == "documented" and str(before.name).lower() != name.lower():
        raise DefinitionError(
            f"the setting is documented publicly as item {before.name}. Give your item a setting of another name, or "
            "use items: with it."
        )
    for item in known.values():
        same = item.form == before.form and str(item.name).lower() == name.lower() and item.setting != before.setting
        if same and item.evidence == "documented":
            raise DefinitionError(f"item {name} is documented publicly as the setting {item.setting}; use that one.")


def _check_alone(item: Item, own: Mapping[tuple[str, str], Item]) -> None:
    if (item.form, str(item.setting)) in own:
        raise DefinitionError("an earlier row has the same setting.")
    for other in own.values():
        if (other.form, str(other.name).lower()) == (item.form, str(item.name).lower()):
            raise DefinitionError(f"an earlier row has the same item, as the setting {other.setting}.")


def _without_name(item: Item) -> Item:
    """Return a row whose unconfirmed item turned out to be another setting's."""
    return replace(item, name=None, evidence="unknown")
