# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""directory_scope against the lab's Domino REST API, over a real loopback connection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..._rest_server import PASSWORD, RestServer, rest_server
from ._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def _server(tmp_path: Path, case: dict[str, Any]) -> Any:
    rest = {"provisioned": False, "excluded": False, **case.get("rest", {})}
    return rest_server(tmp_path, rest=rest, changes=case.get("design"))


def _run(server: RestServer, arguments: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
    return run_module("directory_scope", {**server.arguments, **arguments}, check=check, diff=True)


def _answer(server: RestServer, case: dict[str, Any]) -> None:
    for request, (status, body) in case.get("answers", {}).items():
        method, path = request.split(" ")
        server.overrides[method, path] = (status, json.dumps(body).encode())


def _writes(server: RestServer) -> list[str]:
    return [
        f"{exchange.method} {exchange.path}"
        for exchange in server.exchanges
        if exchange.path.endswith(("/schema", "/admin/scope"))
        and exchange.method != "GET"
        and exchange.status == 200
        and exchange.query.get("dryRun") != "true"
    ]


def _as_text(diff: dict[str, str]) -> str:
    return f"--- {diff['before_header']}\n{diff['before']}+++ {diff['after_header']}\n{diff['after']}"


@pytest.mark.parametrize("case", CASES["success"], ids=lambda case: case["id"])
def test_success(case: dict[str, Any], tmp_path: Path) -> None:
    with _server(tmp_path, case) as server:
        for arguments in case.get("before", []):
            done = _run(server, arguments)
            assert not done["failed"], done["msg"]
        _answer(server, case)
        server.exchanges.clear()
        checked = _run(server, case["input"], check=True)
        assert not checked["failed"], checked["msg"]
        assert not _writes(server), "check mode wrote"
        server.exchanges.clear()
        done = _run(server, case["input"])
        assert not done["failed"], done["msg"]
        said = server.said
        again = _run(server, case["input"])
    changed = case["actions"] != ["none", "none"]
    assert [done["schema"]["action"], done["scope"]["action"]] == case["actions"]
    assert done["changed"] == checked["changed"] == changed
    assert done["diff"] == checked["diff"]
    assert done["warnings"] == case.get("warnings", [])
    assert PASSWORD not in repr(done)
    assert not again["changed"], again
    if "said" in case:
        assert said == case["said"]
    if "asks_not" in case:
        assert case["asks_not"] not in said
    if "diff" in case:
        assert [_as_text(diff) for diff in done["diff"]] == case["diff"]
    if "access" in case:
        assert done["access"] == case["access"]
    if "names" in case:
        assert [done["schema"]["name"], done["scope"]["name"]] == case["names"]
    if "left_out" in case:
        assert [[left["form"], left["item"], left["reason"]] for left in done["left_out"]] == case["left_out"]


@pytest.mark.parametrize("case", CASES["error"], ids=lambda case: case["id"])
def test_error(case: dict[str, Any], tmp_path: Path) -> None:
    with _server(tmp_path, case) as server:
        for arguments in case.get("before", []):
            done = _run(server, arguments)
            assert not done["failed"], done["msg"]
        server.exchanges.clear()
        _answer(server, case)
        failed = _run(server, {**case["input"], **case.get("login", {})}, check=case.get("check", False))
        said, writes = server.said, _writes(server)
    assert failed["failed"]
    for part in case["says"]:
        assert part in failed["msg"]
    assert PASSWORD not in repr(failed)
    assert bool(writes) == case.get("changes", False)
    if "said" in case:
        assert said == case["said"]


def test_check_mode_plans_what_cannot_be_seen_yet(tmp_path: Path) -> None:
    with _server(tmp_path, {"rest": {"excluded": True}}) as server:
        checked = _run(server, {"excluded": True}, check=True)
        failed = _run(server, {"excluded": True})
        writes = _writes(server)
    assert not checked["failed"], checked["msg"]
    assert [checked["schema"]["action"], checked["scope"]["action"]] == ["created", "created"]
    assert [warning for warning in checked["warnings"] if "still on the exclusion list" in warning]
    assert "Step 1 of 4 is missing" in failed["msg"]
    assert writes == []


def test_a_token_that_ends_is_renewed_and_no_group_is_blamed(tmp_path: Path) -> None:
    with _server(tmp_path, {}) as server:
        server.token_uses = 2
        done = _run(server, {"forms": ["ServerConfig"]})
        logins = server.said.count("POST auth")
    assert not done["failed"], done["msg"]
    assert [done["schema"]["action"], done["scope"]["action"]] == ["created", "created"]
    assert logins >= 5
    assert not done["warnings"], "nothing was left out"


def test_a_token_that_is_never_accepted_is_no_matter_of_groups(tmp_path: Path) -> None:
    with _server(tmp_path, {}) as server:
        server.faults.set({"name": "expire_token", "method": "GET", "skip": 2})
        failed = _run(server, {"forms": ["ServerConfig"]})
        said = server.said
    assert failed["failed"]
    assert 'reading the scope "dominodirectory" was refused (HTTP 401' in failed["msg"]
    assert "the token that came of it was not" in failed["msg"]
    assert "LocalKeepAdmins" not in failed["msg"]
    assert said.count("POST auth") == 2, "in no loop"


def test_documents_are_managed_through_what_was_set_up(tmp_path: Path) -> None:
    wanted = [{"form": "ServerConfig", "match": {"server_name": "*"}, "settings": {"external_smtp": "enabled"}}]
    with _server(tmp_path, {}) as server:
        failed = run_module("directory_documents", {**server.arguments, "documents": wanted})
        _run(server, {})
        done = run_module("directory_documents", {**server.arguments, "documents": wanted})
        again = run_module("directory_documents", {**server.arguments, "documents": wanted})
        removal = [{"form": "ServerConfig", "match": {"server_name": "*"}, "state": "absent"}]
        refused = run_module("directory_documents", {**server.arguments, "documents": removal})
        _run(server, {"deletion": True})
        removed = run_module("directory_documents", {**server.arguments, "documents": removal})
        stored = server.stored()
    assert "Step 3 of 4 is missing" in failed["msg"]
    assert (done["failed"], done["changed"], again["changed"]) == (False, True, False)
    assert refused["failed"]
    assert (removed["failed"], removed["changed"], stored) == (False, True, [])
