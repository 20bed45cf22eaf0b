# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as DXL, for a person to review and to import by hand.

Shape: Domino's DXL DTD, 9.0.1 (HCL-TECH-SOFTWARE/domino-jnx, test resources): database ( document* ), document
( item* ), item ( text | number | textlist | numberlist ), text ( #PCDATA | break )*. A single value is `text`, with
`names="true"` for a Notes name, as in what HCL's exporter wrote (same place, certstore-exportable.xml); a line break in
a text is `break`, as in the PEM texts there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .document import text
from .errors import DefinitionError
from .offline import is_secret
from .plan import Plan, plan

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .definition import Definition
    from .document import Scalar, Values
    from .plan import Change

NAMESPACE = "http://www.lotus.com/dxl"
#: How every file begins that is written here.
HEADER = f"<?xml version='1.0' encoding='utf-8'?>\n<database xmlns=\"{NAMESPACE}\">\n"

#: What XML 1.0 has no place for; and the carriage return, which an XML parser would turn into a line feed. The DTD's
#: `nonxmlchar` is no way out: how it spells its value is not documented (0x1 and 0004 have both been seen).
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_ITEM_LINE = re.compile(r'(<item name="([^"]*)"[^>]*>).*(</item>)')


def plan_all(definitions: Sequence[Definition]) -> Sequence[Plan]:
    """Plan the definitions against a directory that has none of the documents: an import makes all of them.

    Raises DefinitionError for what an import of new documents cannot do, and for text that XML cannot hold.
    """
    for definition in definitions:
        _check(definition)
    return [plan((), definition) for definition in definitions]


def render(plans: Sequence[Plan]) -> str:
    """Return the DXL file of new documents: one line for each item, the same text for the same plans."""
    root = ElementTree.Element("database", xmlns=NAMESPACE)
    root.text = "\n"
    for planned in plans:
        document = ElementTree.SubElement(root, "document", form=planned.definition.form.name)
        document.text = document.tail = "\n"
        for change in planned.changes:
            document.append(_item(change))
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content.decode("utf-8") + "\n"


def masked(content: str, other: str = "", names: Collection[str] = ()) -> str:
    """Return a file written here without its secrets; one that is not in the `other` file is a new secret."""
    known = set(other.split("\n"))

    def mask(line: str) -> str:
        item = _ITEM_LINE.match(line)
        if not item or not is_secret(item.group(2), names):
            return line
        word = "(secret)" if line in known else "(new secret)"
        return f"{item.group(1)}{word}{item.group(3)}"

    return "\n".join(map(mask, content.split("\n")))


def _check(definition: Definition) -> None:
    if not definition.present:
        raise DefinitionError(
            f"{definition.title}: an import of DXL removes nothing, so state absent cannot be expressed. Leave the "
            "definition out, or remove the document with output: rest. Nothing was changed."
        )
    if not definition.create:
        reason = (
            "a Server document is made at server set-up"
            if not definition.form.creatable
            else "create: false forbids to make the document"
        )
        raise DefinitionError(
            f"{definition.title}: {reason}, and an import would make another one, because DXL finds an existing "
            "document by its UNID only, which is not known here. Leave the definition out, or use output: rest. "
            "Nothing was changed."
        )
    for want in definition.on_creation:
        for value in want.values or ():
            found = _UNWRITABLE.search(value) if isinstance(value, str) else None
            if found:
                raise DefinitionError(
                    f"{definition.title}: item {want.name} holds the character U+{ord(found.group()):04X}, which a DXL "
                    "file cannot carry. Remove it; a line break is a single line feed. Nothing was changed."
                )


def _item(change: Change) -> ElementTree.Element:
    element = ElementTree.Element("item", name=change.name)
    if change.item.type == "names":
        element.set("names", "true")
    element.append(_content(change.after or ("",)))
    element.tail = "\n"
    return element


def _content(values: Values) -> ElementTree.Element:
    entries = [_entry(value) for value in values]
    if len(entries) == 1:
        return entries[0]
    content = ElementTree.Element(f"{entries[0].tag}list")
    content.extend(entries)
    return content


def _entry(value: Scalar) -> ElementTree.Element:
    if not isinstance(value, str):
        element = ElementTree.Element("number")
        element.text = text(value)
        return element
    element = ElementTree.Element("text")
    first, *lines = value.split("\n")
    element.text = first
    for line in lines:
        ElementTree.SubElement(element, "break").tail = line
    return element
