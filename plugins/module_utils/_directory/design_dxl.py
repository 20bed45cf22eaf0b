# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The design of a database as DXL: read its forms, subforms and shared fields out of a text that nobody vouches for.

Elements and attributes follow the DXL DTD of Domino 10.0.1 (domino_10_0_1.dtd, as OpenNTF's NSF ODP tooling publishes
it, commit 964e712f). The text is bounded in size, depth and number, and nothing outside it is read. Layouts are read in
layout.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from .errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "http://www.lotus.com/dxl"

MAX_BYTES = 256 * 1024 * 1024
#: of one form or subform, and of all
MAX_ELEMENTS, MAX_ALL_ELEMENTS = 200_000, 2_000_000
MAX_DEPTH = 60

#: What is kept of a design; the rest of it (views, agents, images) is passed over.
_KEPT = frozenset({"form", "subform", "sharedfield"})
#: What holds neither labels nor fields, and much text.
_PASSED_OVER = frozenset(
    {"actionbar", "background", "cellbackground", "compositedata", "globals", "itemdata", "javascript", "lotusscript"}
    | {"noteinfo", "object", "picture", "popuptext", "rawitemdata", "revisions", "updatedby", "embeddedview", "item"}
)


class DxlError(DesignError):
    """A text is not the DXL of a design that can be read."""


@dataclass(frozen=True)
class DatabaseDesign:
    """The forms, subforms and shared fields of a design, still as XML. Names compare without case."""

    title: str
    forms: tuple[Element, ...] = ()
    subforms: Mapping[str, Element] = field(default_factory=dict)
    shared: Mapping[str, Element] = field(default_factory=dict)
    #: names of forms and subforms whose layout is exported as binary data (element note)
    raw: frozenset[str] = frozenset()


def read(content: bytes) -> DatabaseDesign:
    """Read a design from DXL in UTF-8; raises DxlError, and nothing else, whatever the bytes are."""
    if len(content) > MAX_BYTES:
        raise DxlError(f"The DXL is larger than {MAX_BYTES // (1024 * 1024)} MiB and is not read.")
    reader = _Reader()
    # The exporter writes UTF-8. Whatever encoding a file declares, no other decoder is started for it.
    parser = expat.ParserCreate("UTF-8", "}")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _doctype
    parser.EntityDeclHandler = parser.SkippedEntityHandler = _entity
    try:
        parser.Parse(content, True)
    except expat.ExpatError as exc:
        raise DxlError(
            f"The DXL is no well-formed XML in UTF-8 (line {exc.lineno}: {expat.ErrorString(exc.code)})."
        ) from None
    return reader.design()


def _doctype(_name: str, _system: str | None, _public: str | None, has_internal_subset: int) -> None:
    # The exporter of Notes names its DTD, which is not read. Declarations of its own no design has.
    if has_internal_subset:
        raise DxlError("The DXL declares a document type of its own (DOCTYPE with [...]) and is not read.")


def _entity(name: str, *_declaration: Any) -> None:
    raise DxlError(f'The DXL uses the XML entity "{name}" and is not read.')


class _Reader:
    """Keep the elements that describe forms, as they pass by."""

    def __init__(self) -> None:
        self._forms: list[Element] = []
        self._subforms: dict[str, Element] = {}
        self._shared: dict[str, Element] = {}
        self._raw: set[str] = set()
        self._title = ""
        self._root: str | None = None
        self._builder: TreeBuilder | None = None
        self._depth = 0  # inside of what is built
        self._passing = 0  # inside of what is passed over
        self._elements = 0
        self._all = 0
        self._note: str | None = None
        self._note_title: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = _tag(name)
        if self._root is None:
            self._root = tag
            self._title = attributes.get("title") or attributes.get("path", "")
        if self._builder is None:
            self._outside(tag, attributes)
            return
        self._depth += 1
        if self._passing or tag in _PASSED_OVER:
            self._passing += 1
            return
        self._count()
        self._builder.start(tag, attributes)

    def _outside(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _KEPT:
            self._builder = TreeBuilder()
            self._depth = 1
            self._elements = 0
            self._count()
            self._builder.start(tag, attributes)
        elif tag == "note":
            self._note = attributes.get("class")
        elif tag == "item" and self._note in _KEPT and attributes.get("name", "").lower() == "$title":
            self._note_title = []

    def _count(self) -> None:
        self._elements += 1
        self._all += 1
        if self._depth > MAX_DEPTH:
            raise DxlError(f"The DXL nests elements of a form deeper than {MAX_DEPTH} and is not read.")
        if self._elements > MAX_ELEMENTS or self._all > MAX_ALL_ELEMENTS:
            raise DxlError(f"The DXL has more than {MAX_ELEMENTS} elements in a form, or more forms than any database.")

    def end(self, name: str) -> None:
        tag = _tag(name)
        if self._builder is None:
            if tag == "item" and self._note_title is not None:
                self._raw |= _aliases("".join(self._note_title))
                self._note_title = None
            return
        self._depth -= 1
        if self._passing:
            self._passing -= 1
            return
        self._builder.end(tag)
        if self._depth == 0:
            self._keep(self._builder.close())
            self._builder = None

    def data(self, text: str) -> None:
        if self._note_title is not None:
            self._note_title.append(text)
        elif self._builder is not None and not self._passing:
            self._builder.data(text)

    def _keep(self, element: Element) -> None:
        if element.tag == "form":
            self._forms.append(element)
        for name in names(element):
            if element.tag == "subform":
                self._subforms.setdefault(name, element)
            elif element.tag == "sharedfield":
                self._shared.setdefault(name, element)

    def design(self) -> DatabaseDesign:
        if self._root not in _KEPT | {"database", "note"}:
            raise DxlError(f"The XML is no DXL of a design: it begins with <{self._root}>, not with <database>.")
        return DatabaseDesign(self._title, tuple(self._forms), self._subforms, self._shared, frozenset(self._raw))


def _tag(name: str) -> str:
    """Return the local name of an element of DXL; the name of any other namespace's element is no element's of DXL."""
    namespace, _brace, local = name.rpartition("}")
    return local if namespace in ("", NAMESPACE) else name


def names(element: Element) -> set[str]:
    return _aliases(f"{element.get('name', '')}|{element.get('alias', '')}")


def _aliases(title: str) -> set[str]:
    return {name.strip().lower() for name in title.split("|") if name.strip()}
