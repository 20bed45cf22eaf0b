# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module dns_records in a process of its own, where no DNS server is needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
COLLECTIONS = Path(__file__).resolve().parents[4] / ".collections"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    arguments = dict(case["input"])
    path = tmp_path / "example.zone"
    if "file" in case:
        path.write_text(case["file"], encoding="ascii")
        arguments["snippet_path"] = str(path)
    result = run_module("dns_records", arguments, check=case.get("check", False), diff=True)
    if "error" in case:
        assert result["failed"], result
        for text in case["error"]:
            assert text in result["msg"]
        return
    assert not result["failed"], result
    assert {key: result[key] for key in case["output"]} == case["output"]
    if "diff" in case:
        assert [{key: diff[key] for key in ("before", "after")} for diff in result["diff"]] == case["diff"]
    if "file_after" in case:
        assert path.read_text(encoding="ascii") == case["file_after"]


def test_a_missing_library_is_named_and_needed_for_a_server_only(tmp_path: Path) -> None:
    (tmp_path / "dns").mkdir()
    (tmp_path / "dns" / "__init__.py").write_text("raise ImportError('no dnspython here')\n", encoding="ascii")
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(COLLECTIONS)])}
    arguments = {"records": [{"name": "example.com", "type": "MX", "values": ["10 mail01.example.com"]}]}
    assert run_module("dns_records", arguments, env=env)["zone_snippet"]
    result = run_module("dns_records", {**arguments, "server": "127.0.0.1"}, env=env)
    assert result["failed"]
    assert "dnspython" in result["msg"]
    assert "leave server out" in result["msg"]
