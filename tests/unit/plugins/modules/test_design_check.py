# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The design check looks at subforms too, as far as the server shows them; cases in test_design_check.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ..._rest_server import rest_server
from ._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
DXL = "/api/setup-v1/dxl"


def _answer(dxl: dict[str, Any]) -> tuple[int, bytes]:
    """Return what the server answers when it is asked for its design."""
    if "status" in dxl:
        return dxl["status"], b'{"status": 403, "message": "no"}'
    if "raw" in dxl:
        return 200, dxl["raw"].encode()
    parts = [
        f"<subform name='{name}'><body><richtext>{body}</richtext></body></subform>"
        for name, body in dxl.get("subforms", {}).items()
    ]
    parts += [
        f"<sharedfield name='{name}'><field name='{name}' type='{kind}'/></sharedfield>"
        for name, kind in dxl.get("shared", {}).items()
    ]
    if "form" in dxl:
        parts.append(
            "<form name='Configuration Settings' alias='ServerConfig'>"
            f"<body><richtext>{dxl['form']}</richtext></body></form>"
        )
    if "note" in dxl:
        parts.append(f"<note class='form'><item name='$TITLE'><text>{dxl['note']}</text></item></note>")
    return 200, f"<database xmlns='http://www.lotus.com/dxl'>{''.join(parts)}</database>".encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_design_check(case: dict[str, Any], tmp_path: Path) -> None:
    star = {"Form": "ServerConfig", "ServerName": "*"}
    other = {"Form": "ServerConfig", "ServerName": "Other"}
    documents = [
        {"form": "ServerConfig", "match": {"ServerName": name}, "items": case["items"]} for name in ("*", "Other")
    ]
    # Two documents of one form: the design is asked for once.
    with rest_server(tmp_path, documents=[star, other], changes=case.get("design")) as server:
        if "dxl" in case:
            server.overrides[("GET", DXL)] = _answer(case["dxl"])
        done = run_module("directory_documents", {**server.arguments, "documents": documents})
        stored = server.stored()
    assert server.asked.count(DXL) == case["asked"]
    if "says" in case:
        assert done["failed"]
        for part in case["says"]:
            assert part in done["msg"]
        assert stored == [star, other]
        return
    assert not done["failed"], done["msg"]
    assert stored == [{**star, **case["stored"]}, {**other, **case["stored"]}]
    assert len(done["warnings"]) == ("warns" in case)
    assert case.get("warns", "") in "".join(done["warnings"])
