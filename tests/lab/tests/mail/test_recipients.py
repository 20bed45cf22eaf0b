# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a recipient is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dominolab.contract import Document
from dominolab.domains import LocalDomains
from dominolab.recipients import AddressLookup, find, find_name

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
PEOPLE = [Document(str(number), "Person", items) for number, items in enumerate(CASES["people"])]
DOMAINS = LocalDomains(frozenset({"acme.example", "acme.test"}), {"acme.test": "acme.example"})


@pytest.mark.parametrize("case", CASES["addresses"], ids=lambda case: str(case["id"]))
def test_find(case: dict[str, Any]) -> None:
    mode = AddressLookup(case.get("mode", "fullname then local part"))
    found = find(case["address"], PEOPLE, DOMAINS, mode)
    assert [person.text("ShortName") for person in found] == case["expected"]


@pytest.mark.parametrize("case", CASES["names"], ids=lambda case: str(case["id"]))
def test_find_name(case: dict[str, Any]) -> None:
    assert [person.text("ShortName") for person in find_name(case["name"], PEOPLE)] == case["expected"]
