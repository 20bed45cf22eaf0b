# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles declare becomes one plan; what has changed becomes console commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.opendomino.mail.plugins.filter.mail_settings import (
    combined_declarations,
    opened_listener,
    reload_commands,
)

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["combine"], ids=lambda case: str(case["id"]))
def test_combine(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(AnsibleFilterError, match=re.escape(case["error"])):
            combined_declarations(case["declarations"])
        return
    combined = combined_declarations(case["declarations"])
    assert {name: combined[name] for name in case["combined"]} == case["combined"]


def test_combining_changes_no_declaration() -> None:
    declared = CASES["combine"][0]["declarations"]
    before = yaml.safe_dump(declared)
    combined_declarations(declared)
    combined_declarations(declared)
    assert yaml.safe_dump(declared) == before


@pytest.mark.parametrize("value", ["text", 1, ["text"], {}])
def test_what_is_no_list_of_declarations_is_refused(value: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="takes a list of declarations"):
        combined_declarations(value)


@pytest.mark.parametrize("case", CASES["reload"], ids=lambda case: str(case["id"]))
def test_reload(case: dict[str, Any]) -> None:
    settings = {"load": ["Router", "SMTP"], "restart_on": CASES["restart_on"][0], **case.get("settings", {})}
    found = reload_commands(
        settings,
        [{"setting": name} for name in case.get("changed", [])],
        case.get("tasks_changed", False),
        case.get("pending", []),
        case.get("pull"),
    )
    assert [command["command"] for command in found] == case["commands"]


@pytest.mark.parametrize("case", CASES["opened"], ids=lambda case: str(case["id"]))
def test_opened(case: dict[str, Any]) -> None:
    tasks = {
        "tasks_before": case.get("before", ["Router"]),
        "tasks": case.get("after", case.get("before", ["Router"])),
        "pending_before": case.get("pending", []),
    }
    assert opened_listener(case.get("changes", []), tasks, case.get("responses", [])) is case["opened"]
