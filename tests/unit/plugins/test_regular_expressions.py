# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions meet text from outside; the time of each one grows in proportion to the text, never faster."""

from __future__ import annotations

import ast
import importlib
import re
import signal
from contextlib import contextmanager
from itertools import chain, product
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._console import refusal_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

PLUGINS = Path(__file__).parents[3] / "plugins"
PACKAGE = "ansible_collections.opendomino.mail.plugins"
METHODS = ("search", "match", "fullmatch", "sub", "split", "findall", "finditer")
LENGTH = 20_000
#: CPU time, so that a busy machine does not count. Most that grow in proportion take a hundredth of it, none a third.
SECONDS = 0.5
CHARACTERS = (" ", "\t", "\n", "a", "A", "0", ".", "-", "_", "=", "(", "é")


class TooSlowError(Exception):
    """An expression is at it for too long."""


class Use:
    """One expression, and how it is used."""

    def __init__(self, where: str, pattern: re.Pattern[Any], method: str) -> None:
        self.where, self.pattern, self.method = where, pattern, method

    def __str__(self) -> str:
        return f"{self.where} {self.method}"

    def run(self, text: str) -> None:
        """Use the expression on a text."""
        given: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        if self.method == "sub":
            self.pattern.sub(given[:0], given)
        elif self.method == "finditer":
            list(self.pattern.finditer(given))
        else:
            getattr(self.pattern, self.method)(given)


def uses() -> Iterator[Use]:
    """Yield each use of a regular expression in the plugins."""
    for path in sorted(PLUGINS.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not any(isinstance(node, ast.Import) and node.names[0].name == "re" for node in ast.walk(tree)):
            continue
        name = ".".join(path.relative_to(PLUGINS).with_suffix("").parts)
        namespace = vars(importlib.import_module(f"{PACKAGE}.{name}"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_method(node.func) and ast.unparse(node.func).startswith("re."):
                assert isinstance(node.func, ast.Attribute)
                pattern = _evaluated(node.args[0], namespace)
                if isinstance(pattern, str):
                    yield Use(f"{name}:{node.lineno}", re.compile(pattern, _flags(node, namespace)), node.func.attr)
            elif _is_method(node) and isinstance(node.value, ast.Name):
                compiled = namespace.get(node.value.id)
                if isinstance(compiled, re.Pattern):
                    yield Use(f"{name}:{node.lineno}", compiled, node.attr)


def _is_method(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and node.attr in METHODS


def _evaluated(node: ast.expr, namespace: dict[str, Any]) -> Any:
    """Return what an argument is; None where only the call itself knows."""
    try:
        return eval(compile(ast.Expression(node), "argument", "eval"), namespace)  # noqa: S307 - our own source
    except NameError:
        return None


def _flags(call: ast.Call, namespace: dict[str, Any]) -> int:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "flags"]
    assert isinstance(call.func, ast.Attribute)
    place = 3 if call.func.attr == "sub" else 2
    given += call.args[place : place + 1] if call.func.attr in ("search", "match", "fullmatch") else []
    return int(_evaluated(given[0], namespace)) if given else 0


def literals(parsed: Any) -> Iterator[str]:
    """Yield the runs of plain characters in an expression."""
    run = ""
    for operator, argument in parsed:
        if str(operator) == "LITERAL":
            run += chr(argument)
            continue
        if run:
            yield run
            run = ""
        stack = [argument]
        while stack:
            part = stack.pop()
            if isinstance(part, _parser.SubPattern):
                yield from literals(part)
            elif isinstance(part, (list, tuple)):
                stack += part
            elif isinstance(part, int) and 32 < part < 127 and str(operator) == "IN":
                yield chr(part)
    if run:
        yield run


def attacks(pattern: re.Pattern[Any]) -> Iterator[str]:
    """Yield texts that make an expression try again and again, if it can be made to."""
    text = pattern.pattern.decode() if isinstance(pattern.pattern, bytes) else pattern.pattern
    runs = list(dict.fromkeys(chain(literals(_parser.parse(text, pattern.flags & ~re.UNICODE)), CHARACTERS)))
    for first, second in product(runs, ["", *CHARACTERS]):
        yield (first + second) * (LENGTH // 4 if len(first) > 1 else LENGTH // 2) + "\x01"
    for beginning, character in product(runs, CHARACTERS):
        yield beginning + character * LENGTH + "\x01"


ALL = list(uses())


def test_all_are_found() -> None:
    assert len(ALL) > 100
    assert {use.where.partition(".")[0] for use in ALL} >= {"module_utils", "plugin_utils"}


def test_an_expression_that_tries_again_and_again_is_caught() -> None:
    """The one that took 18 seconds for a line of 30,000 blanks in a notes.ini."""
    old = Use("", re.compile(rb"([^=]*?)([ \t]*=)(.*?)(\r?\n|)\Z", re.DOTALL), "match")
    with pytest.raises(TooSlowError):
        _attack(old)


def test_a_long_line_of_a_console_is_read_at_once() -> None:
    """A server's task or a user's message can write it."""
    line = ("The " + " " * 50 + "Error attempting to load or run ") * 5_000
    with _cpu_time("refusal_in"):
        assert refusal_in([line]) is None


@pytest.mark.parametrize("use", ALL, ids=str)
def test_the_time_of_an_expression_grows_with_the_text_and_no_faster(use: Use) -> None:
    _attack(use)


def _attack(use: Use) -> None:
    for text in attacks(use.pattern):
        with _cpu_time(f"{use}: {use.pattern.pattern!r} on {text[:60]!r}..."):
            use.run(text)


@contextmanager
def _cpu_time(what: str) -> Iterator[None]:
    def stop(_number: int, _frame: object) -> None:
        raise TooSlowError(f"too slow: {what}")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
