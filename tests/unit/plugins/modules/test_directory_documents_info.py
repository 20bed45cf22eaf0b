# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""directory_documents_info against the lab's Domino REST API, over a real loopback connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ..._rest_server import rest_server
from ._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_info(case: dict[str, Any], tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=case.get("directory"), rest=case.get("rest")) as server:
        own = {name: case[name] for name in ("documents", "administration_server") if name in case}
        arguments = {**server.arguments, **own}
        done = run_module("directory_documents_info", arguments)
        said, writes = server.said, server.writes
    assert not writes
    assert said == case.get("said", said)
    if "says" in case:
        assert done["failed"]
        for part in case["says"]:
            assert part in done["msg"]
        return
    assert not done["failed"], done["msg"]
    assert not done["changed"]
    assert all(len(document["unid"]) == 32 and document["revision"] for document in done["documents"])
    shown = [{key: d[key] for key in ("form", "stored_items", "settings")} for d in done["documents"]]
    assert shown == case["output"]
