# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns in both notations, and what is a valid address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.errors import InternetAddressError
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.pattern import (
    FIELDS,
    NUMBER,
    Parts,
    local_part,
    problem,
    read_pattern,
)
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.person import person_of_settings
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.transliteration import Transliteration

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
field = st.sampled_from(sorted(FIELDS)).map("{{{}}}".format)
piece = field | st.sampled_from([".", "_", "-", "x", "{f}", "{m}", "{l}", "{initials}", "{last:3}"])
name = st.text(alphabet="abcXYZäßŁЖλ.-_' ,()/9", max_size=12)


def _local_part(pattern: str, person: dict[str, Any], words: str = "", case: str = "lower") -> tuple[str, str]:
    parts = Parts(person_of_settings(person), Transliteration(), words, case == "lower")
    return local_part(read_pattern(pattern), parts)


@pytest.mark.parametrize(("pattern", "expected"), CASES["local_parts"])
def test_local_parts(pattern: str, expected: str) -> None:
    assert _local_part(pattern, CASES["person"]) == (expected, "")


@pytest.mark.parametrize("case", CASES["others"], ids=str)
def test_names_of_all_kinds(case: dict[str, Any]) -> None:
    found = _local_part(case["pattern"], case["person"], case.get("words", ""), case.get("case", "lower"))
    assert found == (case.get("local_part", ""), case.get("why", ""))


@pytest.mark.parametrize(("pattern", "says"), CASES["wrong"])
def test_what_is_no_pattern_is_refused(pattern: str, says: str) -> None:
    with pytest.raises(InternetAddressError) as refused:
        read_pattern(pattern)
    assert says in str(refused.value)


@pytest.mark.parametrize(("address", "says"), CASES["problems"])
def test_problems(address: str, says: str) -> None:
    found = problem(address)
    assert (says in found) if says else not found


def test_the_limits_of_rfc_5321() -> None:
    assert problem(f"{'a' * 64}@example.com") == ""
    assert "65 octets" in problem(f"{'a' * 65}@example.com")
    domain = ".".join(["d" * 61] * 3)  # 185 octets
    assert problem(f"{'a' * 64}@{domain}.abc") == ""  # 254
    assert "255 octets" in problem(f"{'a' * 64}@{domain}.abcd")
    assert "not an Internet domain" in problem(f"a@{'d' * 64}.com")


@given(st.lists(piece, min_size=1, max_size=6), name, name, name, name, st.sampled_from(["", ".", "_", "-"]))
@example(["{short}"], "", "", "", ".", "")
def test_any_pattern_of_any_name_is_a_valid_local_part_or_says_why(
    pieces: list[str], first: str, middle: str, last: str, short: str, words: str
) -> None:
    person = {"user_name": "Jane/Unit/Acme", "first_name": first, "middle_name": middle, "last_name": last}
    pattern = "".join([*pieces, "{last}"])
    text, why = _local_part(pattern, {**person, "short_name": short}, words)
    assert bool(text) != bool(why)
    assert NUMBER not in text
    if len(text) <= 64 and text:
        assert problem(f"{text}@example.com") == ""
