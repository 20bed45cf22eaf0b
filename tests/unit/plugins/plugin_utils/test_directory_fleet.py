# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of an inventory, from Server documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.plugin_utils._directory_fleet import FleetError, fleet

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
NAMES = ("ServerName", "SMTPFullHostDomain", "Domain")


def documents(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a case's documents, in the shape of directory_documents_info."""
    more = case.get("items", [])
    return [
        {
            "unid": f"U{number}",
            "stored_items": {
                **{name: value for name, value in zip(NAMES, values, strict=True) if value is not None},
                **(more[number - 1] if number <= len(more) else {}),
            },
            "settings": {},
        }
        for number, values in enumerate(case["servers"], 1)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_hosts(case: dict[str, Any]) -> None:
    options = case.get("options", {})
    if "error" in case:
        with pytest.raises(FleetError) as caught:
            fleet(documents(case), **options)
        assert case["error"] in str(caught.value)
        return
    found = fleet(documents(case), **options)
    assert list(found.warnings) == case.get("warnings", [])
    assert list(found.refused) == case.get("refused", [])
    if "hosts" in case:
        assert found.hosts == case["hosts"]
    else:
        assert set(found.hosts) == set(case["variables"])
    for host, variables in case.get("variables", {}).items():
        assert variables.items() <= found.hosts[host].items()


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["Acme", "Other"])), max_size=6), st.randoms())
def test_the_order_of_the_documents_changes_nothing(servers: list[tuple[str, str]], random: Any) -> None:
    case = {"servers": [[f"CN={name}/O={organization}", "", ""] for name, organization in servers]}
    shuffled = documents(case)
    random.shuffle(shuffled)
    one, other = fleet(documents(case), naming=["server_name"]), fleet(shuffled, naming=["server_name"])
    assert list(one.hosts.items()) == list(other.hosts.items())
    once = {f"{name}/{organization}" for name, organization in servers if servers.count((name, organization)) == 1}
    assert set(one.hosts) == once
