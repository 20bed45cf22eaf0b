# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST API over real HTTP, each answer checked against HCL's OpenAPI files; cases in test_rest.yml."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from string import Template
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer
from openapi_answers import check

from dominolab import design
from dominolab.contract import ItemValue
from dominolab.directory import Directory, Note
from dominolab.faults import Faults
from dominolab.rest import RestApi
from dominolab.server import DominoServer

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
LOGIN = {"username": "Lab Admin", "password": "secret", "scope": "$DATA $SETUP"}
SERVER: dict[str, ItemValue] = {
    "Form": "Server",
    "ServerName": "CN=Mail01/O=Acme",
    "Domain": "ACME",
    "SMTPListenerEnabled": "0",
    "SMTP_Port": 2525,
    "SSLCipherList": ["C030", "9F"],
    "Secret": "hidden",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_conversation(case: dict[str, Any]) -> None:
    asyncio.run(_converse(case))


async def _converse(case: dict[str, Any]) -> None:
    directory = Directory(Path(":memory:"))
    note = directory.create(SERVER)
    directory.create_many(case.get("documents", []))
    rest = {"password": "secret", "user_name": "CN=Lab Admin/O=Acme", **case.get("rest", {})}
    faults = Faults()
    forms = design.load(case.get("design"))
    server = SimpleNamespace(directory=directory, design=forms, lab={"rest": rest}, faults=faults)
    api = RestApi(cast("DominoServer", server))
    async with TestClient(TestServer(api.application())) as client:
        headers = {}
        if case.get("token", True):
            headers = await _login(client, case)
        for fault in case.get("faults", []):
            faults.set(fault)
        for step in case.get("steps", []):
            await _step(client, case, step, headers, directory, note)
    directory.close()


async def _login(client: Any, case: dict[str, Any]) -> dict[str, str]:
    for _ in range(case.get("failures", 0)):
        await client.post("/api/v1/auth", json={**LOGIN, "password": "wrong"})
    async with client.post("/api/v1/auth", json=case.get("login", LOGIN)) as answer:
        body = await answer.json()
        check("POST", "/api/v1/auth", answer.status, body)
        assert answer.status == case.get("status", 200)
        assert _part(case.get("has", {}), body)
    return {"Authorization": f"Bearer {body.get('bearer')}"}


async def _step(
    client: Any, case: dict[str, Any], step: dict[str, Any], headers: dict[str, str], directory: Directory, note: Note
) -> None:
    now = directory.get(note.unid)
    values = {"server": note.unid, "revision": now.revision if now else "", "wrong": "F" * 24}
    method, target = Template(step["do"]).substitute(values).split(" ", 1)
    path, _, query = target.partition("?")
    path = path if path.startswith("/api/") else f"/api/v1{path}"
    source = "dataSource=" + case.get("source", "dominodirectory")
    send = _filled(step.get("send"), values)
    began = time.monotonic()
    try:
        async with client.request(method, f"{path}?{source}&{query}", json=send, headers=headers) as answer:
            status, body = answer.status, await answer.json()
    except aiohttp.ClientError:
        assert step.get("dropped")
        return
    assert not step.get("dropped")
    assert status == step["status"], body
    check(method, path, status, body)
    assert time.monotonic() - began >= step.get("seconds", 0)
    assert _part(step.get("has", {} if isinstance(body, dict) else []), body), body
    assert "is" not in step or body == step["is"]
    assert not any(name in body for name in step.get("lacks", []))
    assert "warns" not in step or step["warns"] in body["@warnings"]
    stored = directory.get(note.unid)
    assert "stored" not in step or (stored is not None and _part(step["stored"], stored.items))


def _part(expected: Any, found: Any) -> bool:
    """Tell whether all that is expected is found; lists compare entry by entry and in length unless empty."""
    if isinstance(expected, dict):
        return all(name in found and _part(value, found[name]) for name, value in expected.items())
    if isinstance(expected, list) and expected and isinstance(expected[0], dict):
        return len(expected) == len(found) and all(map(_part, expected, found))
    return expected == [] or bool(expected == found)


def _filled(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(entry, values) for name, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, values) for entry in value]
    return Template(value).safe_substitute(values) if isinstance(value, str) else value


def test_an_answer_has_what_captured_answers_have() -> None:
    directory = Directory(Path(":memory:"))
    note = directory.create(SERVER)
    server = SimpleNamespace(directory=directory, design=design.load(), lab={"rest": {}}, faults=Faults())
    meta = RestApi(cast("DominoServer", server))._meta(note, 431)
    assert list(meta) == [
        *("noteid", "unid", "created", "lastmodified", "lastaccessed", "lastmodifiedinfile", "addedtofile"),
        *("noteclass", "unread", "editable", "revision", "size"),
    ]
    assert len(meta["revision"]) == 24
    directory.close()
