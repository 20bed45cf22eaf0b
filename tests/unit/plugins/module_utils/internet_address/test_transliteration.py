# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in ASCII: by the built-in table, and by a library that is asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.errors import InternetAddressError
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.transliteration import (
    ANYASCII,
    LANGUAGES,
    Transliteration,
)

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["ascii"], ids=lambda case: f"{case['text']} {case.get('languages', '')}")
def test_ascii(case: dict[str, Any]) -> None:
    way = Transliteration(languages=case.get("languages", ()), replacements=case.get("replacements"))
    assert way.ascii(case["text"]) == (case["ascii"], case.get("lost", ""))


@pytest.mark.parametrize("case", CASES["wrong"], ids=lambda case: case["says"])
def test_what_cannot_be_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(InternetAddressError, match=case["says"]):
        Transliteration(case.get("method", "builtin"), case.get("languages", ()), case.get("replacements"))


@given(st.text(), st.lists(st.sampled_from(sorted(LANGUAGES)), max_size=2))
def test_the_result_is_ascii_and_nothing_but_letters_is_lost(text: str, languages: list[str]) -> None:
    plain, lost = Transliteration(languages=languages).ascii(text)
    assert plain.isascii()
    assert not lost.isascii() or not lost
    assert not any(letter.isspace() for letter in lost)


@given(st.text(alphabet="äöüÄÖÜßéñçøåæłőşğабвгдежзαβγδέύ-' abcXYZ"))
def test_what_the_table_knows_is_never_lost(text: str) -> None:
    assert Transliteration().ascii(text).lost == ""


def test_a_library_that_is_missing_is_an_error_and_no_other_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anyascii", None)
    with pytest.raises(InternetAddressError, match="not installed where this runs"):
        Transliteration(ANYASCII)
    assert Transliteration().ascii("李").lost == "李"


def test_a_library_is_used_when_asked_for_and_named_with_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A library of the same interface, which knows one letter: what is installed elsewhere must not matter here.
    (tmp_path / "anyascii.py").write_text("def anyascii(text):\n    return {'李': 'Li'}.get(text, '')\n")
    information = tmp_path / "anyascii-9.9.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: anyascii\nVersion: 9.9\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "anyascii", raising=False)
    way = Transliteration(ANYASCII, replacements={"ü": "ue"})
    assert way.name == "anyascii 9.9"
    assert way.ascii("李 ü\u2019s") == ("Li ue's", "")
    assert way.ascii("李ж") == ("Li", "ж")
    monkeypatch.delitem(sys.modules, "anyascii")
