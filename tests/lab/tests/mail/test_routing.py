# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a recipient's mail goes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from dominolab.contract import Document
from dominolab.domains import LocalDomains
from dominolab.routing import RoutingTable, way

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
PEOPLE = [Document(str(number), "Person", items) for number, items in enumerate(CASES["people"])]
TABLE = RoutingTable(
    "CN=Mail01/O=Acme", "ACME", LocalDomains(frozenset({"example.com"})), True, servers=("CN=Mail02/O=Acme",)
)


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: str(case["id"]))
def test_way(case: dict[str, Any]) -> None:
    found = way(case["address"], dataclasses.replace(TABLE, **case.get("table", {})), PEOPLE)
    assert (type(found).__name__, *dataclasses.astuple(found)) == (case["way"], case["value"])
