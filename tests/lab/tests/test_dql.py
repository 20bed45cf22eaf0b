# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries as data: see test_dql.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dominolab.contract import Document
from dominolab.dql import DqlError, parse

DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
DOCUMENTS = {number: Document(str(number), items["Form"], items) for number, items in DATA["documents"].items()}


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["query"])
def test_query(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(DqlError, match=case["error"]):
            parse(case["query"], case.get("variables"))
    else:
        query = parse(case["query"], case.get("variables"))
        assert [number for number, document in DOCUMENTS.items() if query.matches(document)] == case["found"]
