# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of DQL that finds configuration documents: comparisons, `in`, `and`, `or`, `and not`, parentheses.

Variables (`?name`) are bound, never spliced. Text compares without case; an item with many values matches when one of
them does (assumed). Blanks around operators are required, as DQL requires them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dominolab.directory import item

if TYPE_CHECKING:
    from dominolab.contract import Document

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\)) | (?P<comma>,)
    | '(?P<text>(?:[^']|'')*)'
    | (?P<operator><=|>=|=|<|>)
    | \?(?P<variable>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>-?\d+(?:\.\d+)?)(?![\w$])
    | (?P<word>[A-Za-z_$@][\w$@.]*)
    )""",
    re.VERBOSE,
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
}
_KEYWORDS = ("and", "or", "not", "in")

Literal = str | float


class DqlError(ValueError):
    """The query cannot be carried out; the text says why."""


@dataclass(frozen=True)
class Term:
    """One comparison: any value of the item stands in the relation to any of the operands."""

    name: str
    operator: str
    operands: tuple[Literal, ...]

    def matches(self, document: Document) -> bool:
        """Tell whether the document satisfies the comparison."""
        value = document.form if self.name.lower() == "form" else item(document.items, self.name)
        values = value if isinstance(value, list) else [] if value is None else [value]
        compare = _COMPARE[self.operator]
        return any(
            compare(_folded(have), _folded(wanted))
            for have in values
            for wanted in self.operands
            if isinstance(have, str) == isinstance(wanted, str)
        )


@dataclass(frozen=True)
class Both:
    """Conjunction; `negated` is DQL's `and not`."""

    left: Query
    right: Query
    negated: bool = False

    def matches(self, document: Document) -> bool:
        """Tell whether the document satisfies both sides."""
        return self.left.matches(document) and self.right.matches(document) != self.negated


@dataclass(frozen=True)
class Either:
    """Disjunction; `negated` is DQL's `or not`."""

    left: Query
    right: Query
    negated: bool = False

    def matches(self, document: Document) -> bool:
        """Tell whether the document satisfies one side."""
        return self.left.matches(document) or self.right.matches(document) != self.negated


Query = Term | Both | Either


def only_form(query: Query) -> str | None:
    """Return the form whose documents a query finds, where it asks for nothing else: these need not be looked at."""
    if isinstance(query, Term) and query.name.lower() == "form" and query.operator == "=" and len(query.operands) == 1:
        (operand,) = query.operands
        return operand if isinstance(operand, str) else None
    return None


def parse(text: str, variables: Mapping[str, Any] | None = None) -> Query:
    """Return the query as a tree; raise DqlError for a text or a variable that DQL would refuse."""
    parser = _Parser(_tokens(text), variables or {})
    query = parser.expression()
    if parser.peek() is not None:
        raise DqlError(f"Unexpected text in query: {parser.peek()!r}")
    return query


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise DqlError(f"Query is not understood at: {text[position : position + 20]!r}")
        kind = str(match.lastgroup)
        if kind == "operator" and not _spaced(text, match):
            raise DqlError(f"Blanks are required around {match.group(kind)!r}")
        tokens.append((kind, match.group(kind)))
        position = match.end()
    return tokens


def _spaced(text: str, match: re.Match[str]) -> bool:
    start, end = match.span("operator")
    return text[start - 1 : start].isspace() and text[end : end + 1].isspace()


class _Parser:
    """Recursive descent; `and` binds tighter than `or`."""

    def __init__(self, tokens: list[tuple[str, str]], variables: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._position = 0
        self._variables = {name.lower(): value for name, value in variables.items()}

    def peek(self) -> str | None:
        return self._tokens[self._position][1] if self._position < len(self._tokens) else None

    def expression(self) -> Query:
        query = self._conjunction()
        while self._word("or"):
            negated = self._word("not")
            query = Either(query, self._conjunction(), negated)
        return query

    def _conjunction(self) -> Query:
        query = self._operand()
        while self._word("and"):
            negated = self._word("not")
            query = Both(query, self._operand(), negated)
        return query

    def _operand(self) -> Query:
        if self._accept("open") is not None:
            query = self.expression()
            self._expect("close")
            return query
        name = self._expect("word")
        if name.lower() in _KEYWORDS:
            raise DqlError(f"{name!r} stands where a field name is expected")
        if self._word("in"):
            self._expect("open")
            values = [self._value()]
            while self._accept("comma") is not None:
                values.append(self._value())
            self._expect("close")
            return Term(name, "=", tuple(values))
        return Term(name, self._expect("operator"), (self._value(),))

    def _value(self) -> Literal:
        kind, text = self._next()
        if kind == "text":
            return text.replace("''", "'")
        if kind == "number":
            return float(text)
        if kind == "variable":
            if text.lower() not in self._variables:
                raise DqlError(f"Variable ?{text} has no value")
            value = self._variables[text.lower()]
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise DqlError(f"Variable ?{text} is neither text nor number")
            return value
        raise DqlError(f"A value is expected at: {text!r}")

    def _next(self) -> tuple[str, str]:
        if self._position >= len(self._tokens):
            raise DqlError("The query ends too early")
        self._position += 1
        return self._tokens[self._position - 1]

    def _accept(self, kind: str) -> str | None:
        if self._position < len(self._tokens) and self._tokens[self._position][0] == kind:
            return self._next()[1]
        return None

    def _expect(self, kind: str) -> str:
        found, text = self._next()
        if found != kind:
            raise DqlError(f"Not expected here: {text!r}")
        return text

    def _word(self, keyword: str) -> bool:
        if self._position < len(self._tokens):
            kind, text = self._tokens[self._position]
            if kind == "word" and text.lower() == keyword:
                self._position += 1
                return True
        return False


def _folded(value: Literal) -> Literal:
    return value.casefold() if isinstance(value, str) else float(value)
