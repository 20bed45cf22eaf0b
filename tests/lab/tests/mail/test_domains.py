# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local Internet domains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dominolab.contract import Document
from dominolab.domains import local_domains, parent_domain

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def global_domains(listed: list[dict[str, str]]) -> list[Document]:
    defaults = {"DomainType": "GlobalDomain", "GlobalDomainTasks": "SMTP"}
    return [Document(str(number), "Domain", {**defaults, **items}) for number, items in enumerate(listed)]


@pytest.mark.parametrize("case", CASES["local_domains"], ids=lambda case: str(case["id"]))
def test_local_domains(case: dict[str, Any]) -> None:
    domains = local_domains(case["host_name"], global_domains(case.get("global", [])))
    assert [domain for domain in case["local"] if domain not in domains] == []
    assert [domain for domain in case["foreign"] if domain in domains] == []


@pytest.mark.parametrize("case", CASES["with_primary"], ids=lambda case: str(case["id"]))
def test_with_primary(case: dict[str, Any]) -> None:
    documents = global_domains(
        [
            {"LocalPrimaryInternetDomain": "acme.example", "LocalInternetDomainAliases": "acme.test"},
            {"LocalPrimaryInternetDomain": "other.example", "LocalInternetDomainAliases": "other.test"},
        ]
    )
    assert local_domains("", documents).with_primary(case["address"]) == case["expected"]


@pytest.mark.parametrize(("host", "parent"), [("a.b.c", "b.c"), ("A.B.", "b"), ("a", ""), ("", "")])
def test_parent_domain(host: str, parent: str) -> None:
    assert parent_domain(host) == parent
