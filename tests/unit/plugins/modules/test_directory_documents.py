# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""directory_documents against the lab's Domino REST API, over a real loopback connection."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..._rest_server import PASSWORD, RestServer, in_order, rest_server
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
        if case.get("undoable", True):
            _undo(server, done, case.get("undone", before))
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
        assert in_order(sent) == in_order(case["sent"]), "documents are written at the same time, in any order"
    if "said" in case:
        assert said == case["said"]
    if "stored" in case:
        assert stored == in_order(case["stored"])
    assert not again["changed"], again
    forms = {document["form"] for document in case["input"]["documents"]}
    one_query_per_form = ["POST auth"] + ["POST query"] * len(forms)
    assert quiet == case.get("quiet", one_query_per_form), "what a run without changes asks"


def _undo(server: RestServer, done: dict[str, Any], before: list[dict[str, Any]]) -> None:
    """Expect that what was returned as undo brings back what was there, does so once, and not in check mode."""
    if "undo" not in done:
        return
    arguments = {**server.arguments, "undo": done["undo"], "design_check": "off"}
    server.exchanges.clear()
    checked = run_module("directory_documents", arguments, check=True, diff=True)
    assert not server.writes, "check mode wrote"
    assert checked["undo"] == []
    undone = run_module("directory_documents", arguments, diff=True)
    assert not undone["failed"], undone["msg"]
    assert undone["diff"] == checked["diff"]
    assert undone["changed"] == checked["changed"] == any(entry["items"] for entry in done["undo"])
    assert server.stored() == in_order(before)
    assert not run_module("directory_documents", arguments)["changed"], "undone is undone"
    assert PASSWORD not in repr(undone)


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
    assert after == in_order(case.get("stored", before))
    if "said" in case:
        assert said == case["said"]


@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        ("inbound_tcp_port_number", 25.5, "a whole number from 1 to 65535"),
        ("inbound_tcp_port_number", -1, "a whole number from 1 to 65535"),
        ("inbound_tcp_port_number", "99999", "a whole number from 1 to 65535"),
        ("fully_qualified_host_name", "mail01.example.com\nmail02", "a host name in ASCII"),
    ],
)
def test_a_value_that_a_setting_does_not_allow_is_refused_before_anything_is_sent(
    tmp_path: Path, setting: str, value: object, allowed: str, check: bool
) -> None:
    server = {"form": "Server", "match": {"server_name": "Mail01/Acme"}}
    right = {**server, "settings": {"smtp_listener_task": "enabled"}}
    documents = [right, {**server, "match": {"server_name": "Mail02/Acme"}, "settings": {setting: value}}]
    with _server(tmp_path, {"directory": []}) as rest:
        given = {"documents": documents, "concurrency": 1}
        ways = [
            run_module("directory_documents", {**rest.arguments, **given}, check=check),
            run_module("directory_documents", {"output": "dxl", "path": str(tmp_path / "x.dxl"), **given}, check=check),
            run_module("one_touch_setup", {"path": str(tmp_path / "x.json"), "documents": documents}, check=check),
        ]
        assert rest.said == []
    for failed in ways:
        assert failed["failed"], failed
        for part in ("definition 2 of 2", f'Setting "{setting}" of the form Server', allowed, "Nothing was changed."):
            assert part in failed["msg"]
        assert json.dumps(value).strip('"') in failed["msg"]
    assert not {path.name for path in tmp_path.iterdir()} & {"x.dxl", "x.json"}


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


def test_undo_leaves_what_somebody_changed_since(tmp_path: Path) -> None:
    """Of four documents two were changed in what was written; they are named, and the others are brought back."""
    people = [
        {"Form": "Person", "Type": "Person", "LastName": name, "FirstName": "Jane"} for name in ("A", "B", "Gone")
    ]
    documents = [
        {"form": "Person", "match": {"last_name": "A"}, "settings": {"first_name": "Joan"}},
        {"form": "Person", "match": {"last_name": "B"}, "settings": {"first_name": "Joan"}},
        {"form": "Person", "match": {"last_name": "Gone"}, "state": "absent"},
        {"form": "Person", "match": {"last_name": "New"}, "settings": {"first_name": "Jill"}},
        {"form": "Person", "match": {"last_name": "New too"}},
    ]
    with rest_server(tmp_path, documents=people) as server:
        done = run_module("directory_documents", {**server.arguments, "documents": documents})
        unids = [document["unid"] for document in done["documents"]]
        server.write(unids[0], {"FirstName": "theirs"})
        server.write(unids[1], {"MiddleInitial": "theirs"})
        server.write(unids[3], {"MiddleInitial": "theirs"})
        server.make({"Form": "Person", "Type": "Person", "LastName": "gone"})
        for check in (True, False, False):
            failed = run_module("directory_documents", {**server.arguments, "undo": done["undo"]}, check=check)
            assert failed["failed"]
            assert f"3 of 5 documents {'would be' if check else 'are'} left as they are" in failed["msg"]
            for part in (
                f'Person document "A" (Person), UNID {unids[0]}: changed meanwhile by someone else: FirstName',
                '"theirs" is there now, "Joan" was written',
                f'Person document "New" (Person), UNID {unids[3]}: changed meanwhile by someone else',
                f'Person document "Gone" (Person), UNID {unids[2]}: there is another such document by now',
            ):
                assert part.replace("FirstName", "First name [FirstName]") in failed["msg"]
        stored = {str(items["LastName"]): items for items in server.stored()}
    assert set(stored) == {"A", "B", "gone", "New"}
    assert stored["A"]["FirstName"] == "theirs"
    assert (stored["B"]["FirstName"], stored["B"]["MiddleInitial"]) == ("Jane", "theirs")


def test_undo_says_what_does_not_come_back(tmp_path: Path) -> None:
    """Secret values and Domino's own items are in no undo; the rest comes back without them."""
    person = {"Form": "Person", "Type": "Person", "LastName": "Doe", "HTTPPassword": "old-hash", "FirstName": "Jane"}
    shown = {"forms": {"Person": {"fields": {"$UpdatedBy": {"type": "string"}}}}}
    absent = {"form": "Person", "match": {"last_name": "Doe"}, "state": "absent"}
    changed = {"form": "Person", "match": {"last_name": "Doe"}, "settings": {"internet_password": "new-hash"}}
    with rest_server(tmp_path, documents=[{**person, "$UpdatedBy": "x"}], rest=shown) as server:
        done = run_module("directory_documents", {**server.arguments, "documents": [changed]})
        (entry,) = done["undo"]
        assert (entry["items"], entry["omitted"]) == ([], ["HTTPPassword"])
        kept = run_module("directory_documents", {**server.arguments, "undo": done["undo"]})
        assert not kept["changed"]
        says = 'Person document "Doe" (Person): not brought back, because undo leaves them out: HTTPPassword.'
        assert kept["warnings"] == [says]
        gone = run_module("directory_documents", {**server.arguments, "documents": [absent]})
        assert sorted(gone["undo"][0]["omitted"]) == ["$UpdatedBy", "HTTPPassword"]
        back = run_module("directory_documents", {**server.arguments, "undo": gone["undo"]})
        assert not back["failed"], back
        assert server.stored() == [{k: v for k, v in person.items() if k != "HTTPPassword"}]
    assert "hash" not in repr([done, gone, back])


@pytest.mark.parametrize(
    ("undo", "says"),
    [
        ([{"action": "updated", "form": "Person", "unid": "", "match": {"LastName": "x"}}], "undo, entry 1"),
        ([{"action": "updated", "form": "Person", "unid": "A", "match": {}}], "action, unid and match are needed"),
        (
            [
                {
                    "action": "updated",
                    "form": "Person",
                    "unid": "A",
                    "match": {"LastName": "x"},
                    "items": [{"item": "$a"}],
                }
            ],
            '"$a" is not an item name',
        ),
        ([{"action": "updated", "form": "Person", "unid": "A", "match": {"LastName": "x"}}] * 2, "the newer one first"),
        (
            [
                {
                    "action": "updated",
                    "form": "Person",
                    "unid": "A",
                    "match": {"LastName": "x"},
                    "items": [{"item": "FirstName", "previous": "a********b"}],
                }
            ],
            "Ansible has masked",
        ),
        ([{"action": "moved", "form": "Person", "unid": "A", "match": {"LastName": "x"}}], "value of action must be"),
        (None, "one of the following is required: documents, undo"),
    ],
)
def test_an_undo_that_is_none_is_refused(undo: Any, says: str, tmp_path: Path) -> None:
    with rest_server(tmp_path) as server:
        failed = run_module("directory_documents", {**server.arguments, **({} if undo is None else {"undo": undo})})
        assert server.said == []
    assert says in failed["msg"]


def test_no_output_holds_the_password_or_a_token(tmp_path: Path) -> None:
    """Whatever the server answers, even when it repeats what must not be said, and however much is to be said."""
    documents = [
        {"form": "Person", "match": {"last_name": "Doe"}, "settings": {"internet_password": "person-secret-1"}},
        {"form": "Person", "match": {"last_name": "Other"}, "items": {"TheirSecret": ["person-secret-2"]}},
    ]
    wrong = [documents[0], {"form": "Person", "match": {"last_name": "x"}, "settings": {"nosuch": "person-secret-1"}}]
    loud = {"_ansible_verbosity": 4, "_ansible_debug": True}
    stored = [{"Form": "Person", "Type": "Person", "LastName": "Doe", "HTTPPassword": "stored-secret"}]
    results = []
    with rest_server(tmp_path, documents=stored) as server:
        for given in (documents[:1], documents, wrong):
            for check in (True, False):
                arguments = {**server.arguments, **loud, "documents": given}
                results.append(run_module("directory_documents", arguments, check=check, diff=True))
        results.append(run_module("directory_documents", {**server.arguments, **loud, "undo": results[1]["undo"]}))
        results.append(run_module("directory_documents_info", {**server.arguments, "documents": [{"form": "Person"}]}))
        tokens = {e.headers["Authorization"].split()[1] for e in server.exchanges if "Authorization" in e.headers}
        server.echo = True
        for module, given in (("directory_documents", documents), ("directory_documents_info", [{"form": "Person"}])):
            results.append(run_module(module, {**server.arguments, **loud, "documents": given}))
            assert results[-1]["failed"]
        tokens |= server.echoed
    assert len(tokens) == len(results) - 2, "each run but the wrong ones has a token"
    for secret in (PASSWORD, "person-secret-1", "person-secret-2", "stored-secret", *tokens):
        assert secret not in repr(results), secret


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
