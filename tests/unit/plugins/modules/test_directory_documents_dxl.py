# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""directory_documents with `output: dxl`: a file, and no server anywhere."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.opendomino.mail.plugins.module_utils._directory.dxl import HEADER
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


def options(file: Path, case: dict[str, Any]) -> dict[str, Any]:
    return {"output": "dxl", "path": str(file), "documents": case["documents"]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(tmp_path: Path, case: dict[str, Any]) -> None:
    file = tmp_path / "acme.dxl"
    before = case.get("file")
    after = f"{HEADER}{case['dxl']}</database>\n" if "dxl" in case else before
    if before is not None:
        file.write_text(before, "utf-8")
    given = options(file, case)
    result = run_module("directory_documents", given, check=case.get("check", False), diff=True)
    assert (file.read_text("utf-8") if file.exists() else None) == after
    result["documents"] = [{**found, "changes": None} for found in result.get("documents", [])]
    wanted = dict(case["output"])
    if "documents" in wanted:
        wanted["documents"] = [{**found, "changes": None} for found in wanted["documents"]]
    assert {name: result.get(name) for name in wanted} == wanted, result
    assert result["failed"] == wanted.get("failed", False), result
    assert [part for part in case.get("error", ()) if part not in result["msg"]] == []
    assert [secret for secret in case.get("hidden", ()) if secret in json.dumps(result)] == []
    warnings = zip(case.get("warnings", []), result["warnings"], strict=True)
    assert [pattern for pattern, warning in warnings if not re.search(pattern, warning)] == []
    for side in ("before", "after"):
        assert side not in case or result["diff"][side] == case[side]
    if "dxl" in case:
        assert result["path"] == str(file)
        assert stat.S_IMODE(file.stat().st_mode) == (0o600 if before is None else 0o644)
        again = run_module("directory_documents", given, diff=True)
        assert not again["changed"]
        assert again["diff"]["before"] == again["diff"]["after"]
        assert list(tmp_path.iterdir()) == [file]


def test_each_way_has_its_own_options(tmp_path: Path) -> None:
    documents: dict[str, Any] = {"documents": []}
    assert "output is rest but all of the following are missing: url, username, password" in str(
        run_module("directory_documents", documents)["msg"]
    )
    assert "output is dxl but all of the following are missing: path" in str(
        run_module("directory_documents", {**documents, "output": "dxl"})["msg"]
    )
    assert "is not there or not writable" in str(
        run_module("directory_documents", options(tmp_path / "no" / "x.dxl", documents))["msg"]
    )
