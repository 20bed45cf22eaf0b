# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""directory_documents against the lab's Domino REST API, over a real loopback connection."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..._rest_server import PASSWORD, RestServer, rest_server
from ._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def _server(tmp_path: Path, case: dict[str, Any]) -> Any:
    return rest_server(
        tmp_path,
        documents=case.get("directory"),
        rest=case.get("rest"),
        changes=case.get("design"),
        faults=case.get("faults"),
    )


def _run(server: RestServer, case: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
    return run_module("directory_documents", {**server.arguments, **case["input"]}, check=check, diff=True)


def _as_text(diff: dict[str, str]) -> str:
    return f"--- {diff['before_header']}\n{diff['before']}+++ {diff['after_header']}\n{diff['after']}"


@pytest.mark.parametrize("case", CASES["success"], ids=lambda case: case["id"])
def test_success(case: dict[str, Any], tmp_path: Path) -> None:
    with _server(tmp_path, case) as server:
        before = server.stored()
        checked = _run(server, case, check=True)
        assert not server.writes, "check mode wrote"
        assert server.stored() == before
        server.exchanges.clear()
        server.meanwhile = case.get("meanwhile", {})
        done = _run(server, case)
        sent = [exchange.json() for exchange in server.writes if exchange.request]
        said = [re.sub("[0-9A-F]{32}", "{unid}", request) for request in server.said]
        server.exchanges.clear()
        again = _run(server, case)
        quiet = server.said
        stored = server.stored()
    assert not done["failed"], done["msg"]
    assert [document["action"] for document in done["documents"]] == case["actions"]
    assert [document["action"] for document in checked["documents"]] == case.get("expected", case["actions"])
    assert done["changed"] == any(action != "none" for action in case["actions"])
    if "expected" not in case:
        assert checked["diff"] == done["diff"]
    assert done["warnings"] == case.get("warnings", [])
    assert PASSWORD not in repr(done)
    if "diff" in case:
        assert [_as_text(diff) for diff in done["diff"]] == case["diff"]
    if "sent" in case:
        assert sent == case["sent"]
    if "said" in case:
        assert said == case["said"]
    if "stored" in case:
        assert stored == sorted(case["stored"], key=repr)
    assert not again["changed"], again
    forms = {document["form"] for document in case["input"]["documents"]}
    one_query_per_form = ["POST auth"] + ["POST query"] * len(forms)
    assert quiet == case.get("quiet", one_query_per_form), "what a run without changes asks"


@pytest.mark.parametrize("case", CASES["error"], ids=lambda case: case["id"])
def test_error(case: dict[str, Any], tmp_path: Path) -> None:
    with _server(tmp_path, case) as server:
        before = server.stored()
        server.meanwhile = case.get("meanwhile", {})
        failed = _run(server, case)
        said = server.said
        after = server.stored()
    assert failed["failed"]
    for part in case["says"]:
        assert part in failed["msg"]
    assert PASSWORD not in repr(failed)
    assert after == sorted(case.get("stored", before), key=repr)
    if "said" in case:
        assert said == case["said"]


def test_an_unreachable_directory_is_named(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        documents = [{"form": "ServerConfig", "match": {"server_name": "*"}}]
        arguments = {"url": url, "username": "x", "password": "y", "documents": documents}
        failed = run_module("directory_documents", arguments)
    assert failed["msg"] == (
        f"Domino REST API at {url} cannot be reached: nothing listens there. Is the server task restapi running, and "
        "the port right? Nothing was changed."
    )


def test_options_come_from_the_environment(tmp_path: Path) -> None:
    with rest_server(tmp_path) as server:
        env = {
            "DOMINO_REST_URL": server.url,
            "DOMINO_REST_USERNAME": "Lab Admin",
            "DOMINO_REST_PASSWORD": PASSWORD,
        }
        documents = [{"form": "Person", "match": {"user_name": "Jane Doe/Acme"}, "state": "absent"}]
        done = run_module("directory_documents", {"documents": documents}, env=env)
    assert not done["failed"]
    assert not done["changed"]
