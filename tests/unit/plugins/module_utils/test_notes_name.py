# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes names in their three forms."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._notes_name import (
    abbreviated,
    canonical,
    common_name,
    same_name,
)

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
component = st.from_regex(r"[A-Za-z][A-Za-z0-9 .'-]{2,8}", fullmatch=True).map(str.strip).filter(lambda c: len(c) > 2)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_forms(case: dict[str, str]) -> None:
    name = case["name"]
    assert canonical(name) == case.get("canonical", name)
    assert abbreviated(name) == case.get("abbreviated", name)
    assert common_name(name) == case.get("common", name)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Mail01/Acme", "CN=mail01/O=ACME", True),
        ("Mail01/Acme", "Mail01", False),
        ("*", "*", True),
        ("Jane Doe", " jane doe ", True),
        ("Mail01/Acme", "Mail01/East/Acme", False),
    ],
)
def test_same_name(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) == same


@given(st.lists(component, min_size=2, max_size=6), st.sampled_from(["", "/US"]))
def test_canonical_and_abbreviated_are_inverse(components: list[str], country: str) -> None:
    short = "/".join(components) + (country if len(components) < 7 else "")
    assert abbreviated(canonical(short)) == short
    assert canonical(canonical(short)) == canonical(short)


@given(st.text())
def test_any_text_has_a_form_and_keeps_it(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
    assert canonical(abbreviated(text)) == canonical(text)
