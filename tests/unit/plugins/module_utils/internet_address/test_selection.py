# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is meant, how many may change, and how far a run is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.errors import InternetAddressError
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.person import person_of_settings
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.progress import Progress
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.selection import (
    read_limit,
    read_selection,
)

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
PEOPLE = [person_of_settings(entry) for entry in CASES["people"]]


@pytest.mark.parametrize("case", CASES["selections"], ids=lambda case: case["id"])
def test_who_is_meant(case: dict[str, Any]) -> None:
    selection = read_selection(case["people"])
    selection.require_all(PEOPLE)
    assert [number for number, person in enumerate(PEOPLE) if selection.fits(person)] == case["meant"]


@pytest.mark.parametrize("case", CASES["wrong"], ids=lambda case: case["says"])
def test_what_means_nobody_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(InternetAddressError) as refused:
        read_selection(case["people"])
    assert case["says"] in str(refused.value)


def test_of_many_who_are_not_there_some_are_named() -> None:
    with pytest.raises(InternetAddressError, match=r"of a/x, b/x, c/x, d/x, e/x and 2 more\. Correct"):
        read_selection({"names": [f"{letter}/X" for letter in "gfedcba"]}).require_all(PEOPLE)


@pytest.mark.parametrize("case", CASES["limits"], ids=lambda case: case["text"] or "none")
def test_limits(case: dict[str, Any]) -> None:
    limit = read_limit(case["text"])
    assert limit.allows(case["people"]) == case["allows"]
    if case["text"]:
        allowed = int(case["allows"])
        assert not limit.refusal(allowed, case["people"], 0)
        assert f"allows {allowed}." in limit.refusal(allowed + 1, case["people"], allowed)
        assert not limit.refusal(allowed + 1, case["people"], allowed + 1)


@pytest.mark.parametrize("text", CASES["no_limits"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(InternetAddressError, match="limit_changes is"):
        read_limit(text)


def test_progress_is_said_now_and_then_only() -> None:
    now, lines = [100.0], list[str]()
    progress = Progress(lines.append, 5, lambda: now[0])
    progress.begin("Documents read")
    for _second in range(12):
        now[0] += 1
        progress.count(1000)
    assert lines == ["Documents read: 5,000, 1,000 a second", "Documents read: 10,000, 1,000 a second"]
    progress.begin("Addresses written", 10_000)
    lines.clear()
    now[0] += 10
    progress.count(10)
    progress.count(10)
    assert lines == ["Addresses written: 10 of 10,000, 1 a second, about 2:46:30 left"]
    now[0] += 90
    progress.count(9880)
    assert lines[1:] == ["Addresses written: 9,900 of 10,000, 99 a second, about 0:01 left"]


def test_nothing_is_said_where_nobody_asks() -> None:
    lines: list[str] = []
    progress = Progress(lines.append, 0)
    progress.begin("Documents read", 1)
    progress.count()
    progress.note("Done")
    assert lines == []
