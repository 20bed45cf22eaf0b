# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each place in the security model where a value from outside becomes more than a text names its test."""

from __future__ import annotations

import re

import pytest
from documentation import GUIDES, ROOT

PAGE = (GUIDES / "security.rst").read_text(encoding="utf-8")
TESTS = [path for path in (ROOT / "tests").rglob("*") if path.suffix in (".py", ".yml")]
FUNCTIONS = {
    name
    for path in TESTS
    if path.suffix == ".py"
    for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
}


def rows() -> list[list[str]]:
    """Return the cells of each row of the table."""
    begin = PAGE.index("Where a value from outside becomes more than a text")
    table = PAGE[begin : PAGE.index("\nWhat it cannot know", begin)]
    return [re.split(r"\n     - ", row) for row in table.split("\n   * - ")[2:]]


def guards(cell: str) -> list[str]:
    """Return the tests that a cell names."""
    return re.findall(r"``([^`]+)``", cell)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0].split("\n")[0])
def test_a_place_names_tests_that_are_there(row: list[str]) -> None:
    _place, checked, tests = row
    assert checked
    assert guards(tests)
    for name in guards(tests):
        there = any(str(path).endswith(f"/{name}") for path in TESTS) if "." in name else name in FUNCTIONS
        assert there, name


def test_the_table_is_read() -> None:
    assert len(rows()) > 15
