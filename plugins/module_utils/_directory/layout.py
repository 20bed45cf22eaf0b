# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of a form: which fields it has, and which text stands with each of them, as a person reads it.

Elements and attributes follow the DXL DTD of Domino 10.0.1 (see design_dxl.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .design import Design, Field
from .design_dxl import DxlError, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from .design_dxl import DatabaseDesign

MAX_NESTED_SUBFORMS = 8
#: of one form
MAX_FIELDS = 5_000
#: of one table; what stands further to the right has no cell above it
MAX_COLUMNS = 64
MAX_TEXT = 500

#: Where a label stands, seen from its field.
BEFORE, PARAGRAPH, LEFT, ABOVE, OUTSIDE, AFTER = (
    "before it in its paragraph",
    "in the paragraph before it",
    "in the cell to its left",
    "in the cell above it",
    "in the text before its table",
    "after it",
)

#: Inline elements whose text is text of the paragraph.
_INLINE = frozenset(
    {"run", "span", "popup", "actionhotspot", "urllink", "doclink", "viewlink", "databaselink", "region"}
)
#: A text in a formula. One that never ends reaches to the end, so that no formula takes long.
_LITERAL = re.compile(r'"((?:[^"\\]|\\.?)*)(?:"|\Z)|\{([^{}]*)(?:\}|\Z)', re.DOTALL)
_LIST = re.compile(r"\s*\0(?:\s*:\s*\0)*\s*")
_TRUE = frozenset({"1", "@true", "@yes"})


@dataclass(frozen=True)
class Label:
    """A text that stands with a field, and where it stands, seen from the field."""

    text: str
    where: str


@dataclass(frozen=True)
class Placed:
    """A field at one place of a form.

    `labels`: nearest first. `choices`: what a person sees and what is stored; None where a formula computes them, or
    where the field is free. `place` is for a person; `titles` are the titles of tabs and sections around, as written.
    `hidden`: never seen while a document is edited in the Notes client.
    """

    field: Field
    labels: tuple[Label, ...] = ()
    choices: tuple[tuple[str, str], ...] | None = None
    computed_choices: bool = False
    place: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True)
class FormDesign:
    """A form with the fields of its subforms. `gaps` says what of it could not be read, and is empty where all was."""

    name: str
    fields: tuple[Placed, ...]
    gaps: tuple[str, ...] = ()
    #: fields of subforms that a formula names, and may choose
    possible: tuple[Placed, ...] = ()
    #: whether a formula chooses a subform
    chooses: bool = False


def form(database: DatabaseDesign, name: str) -> FormDesign | None:
    """Return a form by its name or alias, None where there is none; DxlError where it is out of all bounds.

    Several forms of one alias (for the Notes client and for browsers, say) count as one.
    """
    found = [element for element in database.forms if name.lower() in names(element)]
    if not found:
        gap = f"form {name} is exported in note format, in which the layout is binary data"
        return FormDesign(name, (), (gap,)) if name.lower() in database.raw else None
    walks = [_Walk(database, element) for element in found]
    return FormDesign(
        name,
        tuple(placed for walk in walks for placed in walk.fields),
        tuple(dict.fromkeys(gap for walk in walks for gap in walk.gaps)),
        tuple(placed for walk in walks for placed in walk.possible),
        any(walk.chooses for walk in walks),
    )


def widened(listed: Design, database: DatabaseDesign) -> Design:
    """Return a form's design with the fields that its subforms add, and with what still may hide fields as its `gap`.

    Where a formula chooses a subform, any subform may be meant: a field of any counts.
    """
    found = form(database, listed.form)
    if found is None:
        return replace(listed, wider=None, gap=f"the design's DXL has no form {listed.form}")
    fields = [placed.field for placed in (*found.fields, *found.possible)]
    if found.chooses:
        anywhere = (element for subform in database.subforms.values() for element in subform.iter())
        fields += [_known(element, database) for element in anywhere if _is_field(element)]
    added = {field.name.lower(): field for field in fields}
    return Design(listed.form, {**added, **(listed.fields or {})}, gap="; ".join(found.gaps))


@dataclass(frozen=True)
class _Scope:
    """What surrounds a place: the way to it, the titles on that way, whether it is hidden, and labels from outside."""

    place: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    hidden: bool = False
    near: tuple[Label, ...] = ()

    def inside(self, place: str, title: str = "", near: tuple[Label, ...] | None = None) -> _Scope:
        titles = (*self.titles, title) if title else self.titles
        return replace(self, place=(*self.place, place), titles=titles, near=self.near if near is None else near)


class _Walk:
    """One way through the layout of a form, in the order in which a person reads it."""

    def __init__(self, database: DatabaseDesign, form: Element) -> None:
        self.fields: list[Placed] = []
        self.gaps: list[str] = []
        self.chooses = False
        self._database = database
        self._seen: set[int] = set()
        self._nested = 0
        self._fillable = 0
        self._hidden_pars: set[str] = set()
        self._choosable: list[tuple[Element, _Scope]] = []
        self._body(form, _Scope((f"form {form.get('alias') or form.get('name', '')}",)))
        certain = len(self.fields)
        for subform, scope in self._choosable:
            self._subform(subform, scope, "subform that a formula may choose")
        self.fields, self.possible = self.fields[:certain], self.fields[certain:]

    def _body(self, element: Element, scope: _Scope) -> None:
        outer, self._hidden_pars = self._hidden_pars, set()
        for richtext in element.iterfind("body/richtext"):
            self._blocks(richtext, scope)
        self._hidden_pars = outer

    def _blocks(self, parent: Element, scope: _Scope) -> str:
        """Walk what stands at the level of paragraphs; return its text, without that of tables and sections."""
        near = scope.near
        texts: list[str] = []
        for block in parent:
            if block.tag == "pardef":
                self._pardef(block)
            elif block.tag == "par":
                for line in _lines(block):
                    text, had_fields = self._line(line, replace(scope, near=near, hidden=self._is_hidden(block, scope)))
                    texts.append(text)
                    if _has_words(text) and not had_fields:
                        near = (Label(text, PARAGRAPH), *scope.near)
            elif block.tag == "table":
                self._table(block, replace(scope, near=near))
            elif block.tag == "section":
                title = _section_title(block)
                self._blocks(block, scope.inside(f'section "{title}"' if title else "section", title, near=()))
            elif block.tag == "subformref":
                self._subformref(block, replace(scope, near=near))
            elif block.tag in ("block", "layer"):
                self._blocks(block, replace(scope, near=near))
        return _squeezed(" ".join(texts))

    def _pardef(self, element: Element) -> None:
        tokens = element.get("hide", "").split()
        formulas = [code for code in element.iterfind("code") if code.get("event") == "hidewhen"]
        always = any(_text(code).strip().lower() in _TRUE for code in formulas)
        if always or "edit" in tokens or "notes" in tokens:
            self._hidden_pars.add(element.get("id", ""))

    def _is_hidden(self, par: Element, scope: _Scope) -> bool:
        return scope.hidden or par.get("def", "") in self._hidden_pars

    def _line(self, line: Sequence[str | Element], scope: _Scope) -> tuple[str, bool]:
        """Walk one line of a paragraph; return its text, and whether a person can fill in a field of it."""
        texts: list[str] = []
        pending = ""
        count = self._fillable
        waiting: int | None = None  # the last field, which may have its label after it
        for piece in line:
            if isinstance(piece, str):
                pending = (pending + piece[: 2 * MAX_TEXT])[: 2 * MAX_TEXT]
                texts.append(piece)
            elif piece.tag == "layer":
                self._blocks(piece, scope)
            else:
                number = self._field(piece, _squeezed(pending), scope)
                if number is not None:
                    self._label_after(waiting, _squeezed(pending))
                    waiting = number
                    pending = ""
        self._label_after(waiting, _squeezed(pending))
        return _squeezed("".join(texts)), self._fillable > count

    def _label_after(self, number: int | None, text: str) -> None:
        if number is not None and _has_words(text):
            placed = self.fields[number]
            self.fields[number] = replace(placed, labels=(*placed.labels, Label(text, AFTER)))

    def _field(self, element: Element, before: str, scope: _Scope) -> int | None:
        """Add a field; return its number where a person can fill it in, so that the label is its own."""
        if len(self.fields) >= MAX_FIELDS:
            raise DxlError(f"A form of the DXL has more than {MAX_FIELDS} fields and is not read.")
        known = _known(element, self._database)
        labels = ((Label(before, BEFORE),) if _has_words(before) else ()) + scope.near
        choices, computed = _choices(_definition(element, self._database))
        self.fields.append(Placed(known, labels, choices, computed, scope.place, scope.titles, scope.hidden))
        if scope.hidden or known.kind == "computedfordisplay":
            return None
        self._fillable += 1
        return len(self.fields) - 1

    def _table(self, table: Element, scope: _Scope) -> None:
        tabbed = table.get("rowdisplay", "all") != "all"
        scope = replace(scope, near=tuple(replace(label, where=OUTSIDE) for label in scope.near))
        above: dict[int, str] = {}
        blocked: dict[int, int] = {}  # columns that a cell of a row before still covers
        for number, row in enumerate(table.iterfind("tablerow"), start=1):
            title = row.get("tablabel", "") or (row.get("name", "") if tabbed else "")
            inside = scope.inside(f'tab "{title}"' if title else f"table row {number}", title, () if title else None)
            if tabbed:
                above.clear()
            left = ""
            column = 0
            for cell in row.iterfind("tablecell"):
                while column < MAX_COLUMNS and blocked.get(column, 0) > 0:
                    blocked[column] -= 1
                    column += 1
                near = ((Label(left, LEFT),) if left else ()) + (
                    (Label(above[column], ABOVE),) if above.get(column) else ()
                )
                count = self._fillable
                text = self._blocks(cell, replace(inside, near=(near + inside.near)[:4]))
                span = range(column, min(column + _span(cell, "columnspan"), MAX_COLUMNS))
                if _has_words(text) and self._fillable == count:
                    left = text
                    above.update(dict.fromkeys(span, text))
                blocked.update(dict.fromkeys(span, _span(cell, "rowspan") - 1))
                column = max(column, span.stop)

    def _subformref(self, reference: Element, scope: _Scope) -> None:
        name = reference.get("name")
        if name:
            subform = self._database.subforms.get(name.lower())
            if subform is None:
                self.gaps.append(f"subform {name} is not in the DXL, or in note format")
            else:
                self._subform(subform, scope, "subform")
            return
        self.chooses = True
        formula = " ".join(_text(code) for code in reference.iterfind("code"))
        named = [a or b for a, b in _LITERAL.findall(formula)]
        found = [self._database.subforms[text.lower()] for text in named if text.lower() in self._database.subforms]
        if not found:
            self.gaps.append(f"a formula chooses a subform, and does not tell which one: {_squeezed(formula)[:200]}")
        self._choosable += [(subform, scope) for subform in found]

    def _subform(self, subform: Element, scope: _Scope, how: str) -> None:
        if id(subform) in self._seen:  # a form holds a subform once
            return
        if self._nested >= MAX_NESTED_SUBFORMS:
            raise DxlError(f"The DXL nests subforms deeper than {MAX_NESTED_SUBFORMS} and is not read.")
        self._seen.add(id(subform))
        self._nested += 1
        self._body(subform, scope.inside(f"{how} {subform.get('name', '')}"))
        self._nested -= 1


def _lines(par: Element) -> Iterator[Sequence[str | Element]]:
    """Give the lines of a paragraph: texts, and the elements that hold fields."""
    line: list[str | Element] = []
    for piece in _pieces(par):
        if isinstance(piece, str) or piece.tag != "break":
            line.append(piece)
        else:
            yield line
            line = []
    yield line


def _pieces(element: Element) -> Iterator[str | Element]:
    yield element.text or ""
    for child in element:
        if _is_field(child) or child.tag in ("break", "layer"):
            yield child
        elif child.tag in _INLINE:
            yield from _pieces(child)
        elif child.tag == "computedtext":
            yield _constant(_text(child))
        yield child.tail or ""


def _is_field(element: Element) -> bool:
    return element.tag in ("field", "sharedfieldref")


def _definition(element: Element, database: DatabaseDesign) -> Element:
    """Return where a field is defined: where it stands, or the shared field; the reference where that is missing."""
    shared = database.shared.get(element.get("name", "").lower()) if element.tag == "sharedfieldref" else None
    definition = None if shared is None else shared.find("field")
    return element if definition is None else definition


def _known(element: Element, database: DatabaseDesign) -> Field:
    definition = _definition(element, database)
    many = definition.get("allowmultivalues") == "true" if definition.tag == "field" else None
    kind = definition.get("kind", "editable").lower()
    return Field(element.get("name", ""), definition.get("type", ""), many, kind)


def _choices(definition: Element) -> tuple[tuple[tuple[str, str], ...] | None, bool]:
    """Return the choices of a field as far as they are written down, and whether something else computes them."""
    if definition.get("type") != "keyword":
        return None, False
    keywords = definition.find("keywords")
    listed = None if keywords is None else keywords.find("textlist")
    if listed is not None:
        texts: list[str] | None = [_text(entry) for entry in listed.iterfind("text")]
    else:
        texts = None if keywords is None else _literals(_text(keywords))
    if texts is None:
        return None, True
    return tuple(_choice(text) for text in texts), False


def _choice(text: str) -> tuple[str, str]:
    """Return what is shown and what is stored: `Enabled|1`; without a bar both are the same."""
    shown, divider, stored = text.strip().partition("|")
    return (_squeezed(shown), stored.strip()) if divider else (_squeezed(shown), shown)


def _literals(formula: str) -> list[str] | None:
    """Return the texts of a formula that is nothing but a list of texts, None of any other."""
    if not _LIST.fullmatch(_LITERAL.sub("\0", formula)):
        return None
    return [re.sub(r"\\(.)", r"\1", quoted) or braced for quoted, braced in _LITERAL.findall(formula)]


def _constant(formula: str) -> str:
    return " ".join(_literals(formula) or ())


def _section_title(section: Element) -> str:
    title = section.find("sectiontitle")
    entries = [] if title is None else [entry for entry in title if entry.tag != "font"]
    return _squeezed(" ".join(_text(entry) if entry.tag == "text" else _constant(_text(entry)) for entry in entries))


def _text(element: Element) -> str:
    return "".join(element.itertext())


def _squeezed(text: str) -> str:
    return " ".join(text.split())[:MAX_TEXT]


def _has_words(text: str) -> bool:
    return re.search(r"\w", text) is not None


def _span(cell: Element, name: str) -> int:
    """Return how many columns or rows a cell covers; what is no small number counts as one."""
    text = cell.get(name, "1")
    return int(text) if re.fullmatch(r"[1-9][0-9]?", text, re.ASCII) else 1
