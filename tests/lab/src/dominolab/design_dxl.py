# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The design of names.nsf as DXL: each form as tabbed tables, in which labels and fields stand side by side.

Elements and attributes follow the DXL DTD of Domino 10.0.1. Which labels a form shows is in data/layout.yml; a field
that a topology adds stands without a label.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml
from aiohttp import web

from dominolab.design import Design, Field

_DATA = Path(__file__).parent / "data" / "layout.yml"
_REPLICA = "48258435003E8283"


def handler(design: Design, require_database: Callable[[web.Request], None]) -> Callable[..., Awaitable[web.Response]]:
    """Return what answers `GET /api/setup-v1/dxl` (HCL's operation getDxl)."""

    async def get_dxl(request: web.Request) -> web.Response:
        require_database(request)
        return web.Response(body=render(design), content_type="text/xml", charset="utf-8")

    return get_dxl


def render(design: Design) -> bytes:
    """Return the DXL of all forms and subforms."""
    root = ET.Element(
        "database",
        {"xmlns": "http://www.lotus.com/dxl", "replicaid": _REPLICA, "path": "names.nsf", "title": "Domino Directory"},
    )
    for form in design.values():
        layout = _layouts().get(form.name, {})
        rows = {row["field"]: row for row in layout.get("rows", ())}
        subforms = dict.fromkeys(field.subform for field in form.fields.values() if field.subform)
        element = ET.SubElement(root, "form", {"name": layout.get("title", form.name), "alias": form.name})
        body = _body(element, [field for field in form.fields.values() if not field.subform], rows)
        for name in subforms:
            ET.SubElement(body, "subformref", {"name": name})
            subform = ET.SubElement(root, "subform", {"name": name})
            _body(subform, [field for field in form.fields.values() if field.subform == name], rows)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


@cache
def _layouts() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return found


def _body(parent: ET.Element, fields: Iterable[Field], rows: Mapping[str, Any]) -> ET.Element:
    """Add the body of a form: nested tabbed tables, in each tab a table with a label and a field in each row."""
    body = ET.SubElement(ET.SubElement(parent, "body"), "richtext")
    ET.SubElement(body, "pardef", {"id": "1"})
    tabs = _Tabs(body)
    for field in fields:
        if field.name == "Form":  # an item that Notes keeps, not a field
            continue
        row = field.row or rows.get(field.name, {})
        label, place = _cells(tabs.table(tuple(str(row.get("tab") or "Other").split(" > "))))
        label.text = f"{row['label']}:" if "label" in row else None
        _field(place, field, row.get("choices"))
    return body


class _Tabs:
    """The tables of a body, made as fields ask for them."""

    def __init__(self, body: ET.Element) -> None:
        self._bodies: dict[tuple[str, ...], ET.Element] = {(): body}
        self._tabbed: dict[tuple[str, ...], ET.Element] = {}
        self._tables: dict[tuple[str, ...], ET.Element] = {}

    def table(self, path: tuple[str, ...]) -> ET.Element:
        """Return the table of labels and fields behind a tab."""
        if path not in self._tables:
            self._tables[path] = ET.SubElement(self._inside(path), "table", {"rowdisplay": "all"})
        return self._tables[path]

    def _inside(self, path: tuple[str, ...]) -> ET.Element:
        if path not in self._bodies:
            outer = self._inside(path[:-1])
            if path[:-1] not in self._tabbed:
                self._tabbed[path[:-1]] = ET.SubElement(outer, "table", {"rowdisplay": "tabs"})
            row = ET.SubElement(self._tabbed[path[:-1]], "tablerow", {"tablabel": path[-1]})
            self._bodies[path] = ET.SubElement(row, "tablecell")
        return self._bodies[path]


def _cells(table: ET.Element) -> tuple[ET.Element, ET.Element]:
    """Add a row of two cells, and return the paragraphs in them."""
    row = ET.SubElement(table, "tablerow")
    left, right = (ET.SubElement(ET.SubElement(row, "tablecell"), "par", {"def": "1"}) for _cell in range(2))
    return left, right


def _field(parent: ET.Element, field: Field, choices: Iterable[str] | None) -> None:
    kind = "names" if field.names else "keyword" if choices and field.type == "text" else field.type
    many = "true" if field.multiple else "false"
    element = ET.SubElement(
        parent, "field", {"type": kind, "kind": "editable", "name": field.name, "allowmultivalues": many}
    )
    if kind == "keyword":
        listed = ET.SubElement(ET.SubElement(element, "keywords"), "textlist")
        for choice in choices or ():
            ET.SubElement(listed, "text").text = choice
