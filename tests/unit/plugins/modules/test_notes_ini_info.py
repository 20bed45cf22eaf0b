# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module notes_ini_info on real files, beside a server that runs or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import Host

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(host: Host, case: dict[str, Any], running: bool, check: bool) -> None:
    if running:
        host.start()
    host.ini.write_bytes(case["ini"].encode("latin-1"))
    result = run_module("notes_ini_info", {"path": str(host.ini), "names": case["names"]}, check=check)
    assert result["failed"] is ("msg" in case), result
    assert case.get("msg", "") in result.get("msg", "")
    assert [text for text in result["warnings"] if text.startswith("notes.ini")] == case.get("warnings", [])
    if "variables" in case:
        assert result["variables"] == case["variables"]
        assert (result["running"], result["notes_ini"]) == (running, str(host.ini))
    assert host.ini.read_bytes() == case["ini"].encode("latin-1")
    assert host.commands == []


def test_a_directory_without_a_server(tmp_path: Path) -> None:
    result = run_module("notes_ini_info", {"data_directory": str(tmp_path), "names": ["A"]})
    assert result["failed"]
    assert "there is no such file" in result["msg"]
