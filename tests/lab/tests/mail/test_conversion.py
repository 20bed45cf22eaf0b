# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a Notes address to an Internet address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dominolab.contract import Document
from dominolab.conversion import Rules, conversion_rules, convert_addresses, from_header, internet_address

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
PEOPLE = [Document(str(number), "Person", items) for number, items in enumerate(CASES["people"])]


def rules(case: dict[str, Any]) -> Rules:
    fixed = {"DomainType": "GlobalDomain", "GlobalDomainTasks": "SMTP"}
    documents = [Document(str(number), "Domain", {**fixed, **items}) for number, items in enumerate(case["global"])]
    return conversion_rules(documents, "mail01.example.com")


@pytest.mark.parametrize("case", CASES["addresses"], ids=lambda case: str(case["id"]))
def test_internet_address(case: dict[str, Any]) -> None:
    assert internet_address(case["name"], "ACME", rules(case), PEOPLE) == case["expected"]


@pytest.mark.parametrize("case", CASES["from_header"], ids=lambda case: str(case["id"]))
def test_from_header(case: dict[str, Any]) -> None:
    assert from_header(case["name"], "j@acme.example", rules(case)) == case["expected"]


@pytest.mark.parametrize("case", CASES["headers"], ids=lambda case: str(case["id"]))
def test_convert_addresses(case: dict[str, Any]) -> None:
    found = convert_addresses(case["header"], "ACME", Rules("acme.example", lookup=True), PEOPLE)
    assert found == case["expected"]
