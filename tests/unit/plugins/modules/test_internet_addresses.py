# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""internet_addresses against the lab's Domino REST API, over a real loopback connection."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..._rest_server import PASSWORD, RestServer, rest_server
from ._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
DOE = {"Form": "Person", "Type": "Person", "FullName": ["CN=Jane Doe/O=Acme"], "FirstName": "Jane", "LastName": "Doe"}
ACME = {"internet_domain": "example.com", "global_domains": []}


def _server(tmp_path: Path, case: dict[str, Any]) -> Any:
    people = [{"Form": "Person", "Type": "Person", **items} for items in case.get("people", [])]
    return rest_server(
        tmp_path, documents=[*people, *case.get("documents", [])], rest=case.get("rest"), changes=case.get("design")
    )


def _crowd(number: int) -> list[dict[str, Any]]:
    return [{**DOE, "FullName": [f"CN=Jane Doe {n:03d}/O=Acme"]} for n in range(number)]


def _run(server: RestServer, *, check: bool = False, **options: Any) -> dict[str, Any]:
    return run_module("internet_addresses", {**server.arguments, **options}, check=check, diff=True)


def _rows(entries: list[dict[str, Any]], *names: str) -> list[list[Any]]:
    return [[entry[name] for name in names] for entry in entries]


def _changes(done: dict[str, Any]) -> list[list[Any]]:
    return _rows(done["changes"], "user_name", "before", "after", "reason")


def _findings(done: dict[str, Any]) -> list[list[Any]]:
    return _rows(done["report"]["findings"], "kind", "user_name", "address")


def _addresses(server: RestServer) -> dict[str, str]:
    people = (items for items in server.stored() if items["Form"] == "Person")
    return {items["FullName"][0]: items.get("InternetAddress", "") for items in people}


def _as_text(diff: dict[str, str]) -> str:
    return f"--- {diff['before_header']}\n{diff['before']}+++ {diff['after_header']}\n{diff['after']}"


@pytest.mark.parametrize("case", CASES["success"], ids=lambda case: case["id"])
def test_success(case: dict[str, Any], tmp_path: Path) -> None:
    options = case.get("input", {})
    with _server(tmp_path, case) as server:
        before = server.stored()
        checked = _run(server, check=True, **options)
        assert not server.writes, "check mode wrote"
        assert server.stored() == before
        server.exchanges.clear()
        server.meanwhile = case.get("meanwhile", {})
        done = _run(server, **options)
        sent = [exchange.json() for exchange in server.writes]
        said = [re.sub("[0-9A-F]{32}", "{unid}", request) for request in server.said]
        revisions = [exchange.query.get("revision") for exchange in server.writes]
        again = _run(server, **options)
        stored, addresses = server.stored(), _addresses(server)
    for result in (checked, done, again):
        assert not result["failed"], result["msg"]
    expected = case.get("expected", case.get("changes", _changes(checked)))
    assert _changes(checked) == expected
    assert _changes(done) == case.get("changes", expected)
    assert done["changed"] == bool(_changes(done))
    assert checked["changed"] == bool(expected)
    assert not again["changed"]
    assert all(revisions)
    if expected == _changes(done):
        assert done["diff"] == checked["diff"]
    if "diff" in case:
        assert _as_text(done["diff"]) == case["diff"]
    assert sent == case.get("sent", sent)
    assert said == case.get("said", said)
    for name, number in case.get("counts", {}).items():
        assert done["counts"][name] == number, name
    assert {**addresses, **case.get("stored", {})} == addresses
    assert _findings(checked) == case.get("findings_before", case.get("findings", _findings(checked)))
    assert _findings(done) == case.get("findings", _findings(done))
    assert _rows(done["unassignable"], "user_name", "reasons") == case.get("unassignable", [])
    for name, value in case.get("kept_items", {}).items():
        assert [items[name] for items in stored] == [value]
    assert len(done["warnings"]) == len(case.get("warnings", []))
    for warning, text in zip(done["warnings"], case.get("warnings", []), strict=True):
        assert text in warning


@pytest.mark.parametrize("case", CASES["failure"], ids=lambda case: case["id"])
def test_failure(case: dict[str, Any], tmp_path: Path) -> None:
    with _server(tmp_path, case) as server:
        before = server.stored()
        done = _run(server, **case.get("input", {}))
        checked = _run(server, check=True, **case.get("input", {}))
        assert not server.writes
        assert server.stored() == before
    assert done["failed"]
    for text in case["says"]:
        assert text in done["msg"]
    if case.get("in_check") == "warning":
        assert not checked["failed"]
        assert checked["over_limit"]
        assert done["msg"] == f"{checked['warnings'][0]} Nothing was changed."
    else:
        assert checked["msg"] == done["msg"]


def test_files_for_a_review_hold_everything_and_no_secret(tmp_path: Path) -> None:
    plan, findings, progress = tmp_path / "plan.csv", tmp_path / "findings.json", tmp_path / "progress"
    formula = {**DOE, "FullName": ["CN==1+1/O=Acme"], "FirstName": "李", "LastName": "李", "HTTPPassword": "(Hash)"}
    options = {**ACME, "plan_file": str(plan), "report_file": str(findings), "progress_file": str(progress), "shown": 2}
    with rest_server(tmp_path, documents=[*_crowd(5), formula]) as server:
        checked = _run(server, check=True, **options)
        rows = list(csv.DictReader(plan.read_text(encoding="utf-8").splitlines()))
        assert [row["after"] for row in rows] == ["jane.doe@example.com", *_numbered(2, 5), ""]
        assert rows[-1]["user_name"] == "'=1+1/Acme"
        assert "no ASCII form is known for 李" in rows[-1]["reason"]
        assert len(json.loads(findings.read_text(encoding="utf-8"))) == checked["report"]["counts"]["missing"] == 6
        assert len(checked["report"]["findings"]) == len(checked["changes"]) == 2
        assert checked["report"]["left_out"] == 4
        assert checked["diff"]["after"].endswith("\nand 3 more\n")
        kept = plan.read_bytes()
        _run(server, **options)
        assert plan.read_bytes() == kept
        assert [e["user_name"] for e in json.loads(findings.read_text(encoding="utf-8"))] == ["=1+1/Acme"]
        as_json = tmp_path / "plan.json"
        _run(server, check=True, **{**options, "plan_file": str(as_json)})
        (left,) = json.loads(as_json.read_text(encoding="utf-8"))
        assert left["user_name"] == "=1+1/Acme"
    assert "people are meant, 0 are to be given" in progress.read_text(encoding="utf-8")
    for path in (plan, findings, as_json):
        assert path.stat().st_mode & 0o777 == 0o600
        for secret in (PASSWORD, "(Hash)"):
            assert secret not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        " =1",
        "a;=1",
        "a;  =1",
        "a,=1",
        "a|@b",
        "\uff1d1",
        "\n=1",
        "a\t=1",
    ],
)
def test_no_cell_of_a_file_is_a_formula_in_any_spreadsheet(tmp_path: Path, name: str) -> None:
    """Spreadsheets separate cells by what is usual in their language; some read control characters and wide letters."""
    plan = tmp_path / "plan.csv"
    person = {**DOE, "FullName": [f"CN={name}/O=Acme"], "FirstName": "", "LastName": name}
    with rest_server(tmp_path, documents=[person]) as server:
        _run(server, check=True, **ACME, plan_file=str(plan))
    text = plan.read_bytes().decode("utf-8").partition("\n")[2]
    for separator in ",;|\t\r\n":
        cells = [cell.strip('" \t\r\n') for cell in text.split(separator)]
        assert not [cell for cell in cells if cell[:1] in "=+-@\uff1d\uff0b\uff0d\uff20" and cell], text
    assert all(character.isprintable() for character in text if character != "\n")


def _numbered(first: int, end: int) -> list[str]:
    return [f"jane.doe{number}@example.com" for number in range(first, end + 1)]


def test_a_big_directory_is_read_in_pages(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=_crowd(25)) as server:
        done = _run(server, **ACME, page_size=7, concurrency=3)
        queries = [exchange.query for exchange in server.exchanges if exchange.path.endswith("/query")]
        starts = sorted((int(query["start"]), query["count"]) for query in queries)
        assert starts == [(n, "7") for n in (0, 0, 0, 6, 12, 18, 24, 30)]  # the last one on the chance
        addresses = _addresses(server)
    assert done["counts"]["changes"] == 25
    assert len(set(addresses.values())) == 25


def test_what_goes_while_it_is_read_is_read_anew(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=_crowd(12)) as server:
        server.going = [server.unid(number) for number in (0, 3)]
        done = _run(server, **ACME, page_size=4)
        assert done["counts"]["people"] == len(_addresses(server)) == 10
        assert "" not in _addresses(server).values()
        server.going = [server.unid(number) for number in range(4, 12)]
        busy = _run(server, **ACME, page_size=4)
    assert "Documents of the form Person came or went each of the 3 times" in busy["msg"]
    assert "Nothing was changed." in busy["msg"]


def test_a_slow_server_is_told_how_far_it_is(tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    faults = [{"name": "slow", "seconds": 0.4, "method": "PATCH"}]
    with rest_server(tmp_path, documents=_crowd(8), faults=faults) as server:
        _run(server, **ACME, progress_file=str(progress), progress_seconds=1, concurrency=1)
        quiet = _run(server, **ACME, progress_file=str(tmp_path / "quiet"), progress_seconds=0)
    lines = progress.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "8 people are meant, 8 are to be given an Internet address"
    assert re.fullmatch(r"Internet addresses written: \d of 8, \d+ a second, about \d:\d\d left", lines[1])
    assert not quiet["failed"]
    assert (tmp_path / "quiet").read_text(encoding="utf-8") == ""


def test_what_fails_in_the_middle_is_told_and_run_again(tmp_path: Path) -> None:
    faults = [{"name": "error", "status": 500, "method": "PATCH", "skip": 5, "times": 1}]
    with rest_server(tmp_path, documents=_crowd(9), faults=faults) as server:
        broken = _run(server, **ACME, concurrency=1)
        written = {address for address in _addresses(server).values() if address}
        assert broken["failed"]
        assert broken["changed"]
        assert "5 Internet addresses were written, 4 were not. Run again to go on" in broken["msg"]
        assert [change["after"] for change in broken["changes"]] == sorted(written, key=lambda a: (len(a), a))
        assert broken["counts"]["not_written"] == len(broken["not_written"]) == 4
        assert broken["report"]["counts"]["missing"] == 4
        done = _run(server, **ACME)
        assert set(_addresses(server).values()) == {"jane.doe@example.com", *_numbered(2, 9)}
    assert done["counts"]["changes"] == 4


def test_an_answer_that_is_lost_is_looked_into(tmp_path: Path) -> None:
    faults = [{"name": "drop_after", "method": "PATCH", "skip": 1, "times": 1}]
    with rest_server(tmp_path, documents=_crowd(3), faults=faults) as server:
        broken = _run(server, **ACME, concurrency=1)
        assert len([address for address in _addresses(server).values() if address]) == 2
    assert "When it was looked at again, it was written." in broken["msg"]
    assert "2 Internet addresses were written, 1 were not" in broken["msg"]


def test_a_document_that_never_stays_as_it_is(tmp_path: Path) -> None:
    faults = [{"name": "conflict", "method": "PATCH"}]
    with rest_server(tmp_path, documents=[DOE], faults=faults) as server:
        done = _run(server, **ACME)
    assert "Jane Doe/Acme: changed meanwhile by someone else, 5 times in a row" in done["msg"]
    assert "0 Internet addresses were written, 1 were not" in done["msg"]
    assert not done["changed"]


def test_somebody_who_was_removed_meanwhile_is_no_obstacle(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=_crowd(2)) as server:
        path = f"/api/v1/document/{server.unid(0)}"
        gone = json.dumps({"status": 404, "message": "No document you can access found", "errorId": 1029}).encode()
        server.overrides = {("PATCH", path): (404, gone), ("GET", path): (404, gone)}
        done = _run(server, **ACME)
    assert not done["failed"]
    assert [change["after"] for change in done["changes"]] == ["jane.doe2@example.com"]
    assert done["counts"]["people"] == 1


def test_without_a_revision_nothing_is_written(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=[DOE]) as server:
        body = json.dumps([{"@meta": {"unid": server.unid(0)}, **DOE}]).encode()
        server.overrides = {("POST", "/api/v1/query"): (200, body)}
        done = _run(server, **ACME, recipient_forms=[])
        assert not server.writes
    assert "gives no revision of the Person document of Jane Doe/Acme" in done["msg"]
    assert "Nothing was changed." in done["msg"]


def test_a_schema_that_lets_changes_by_is_noticed(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=[DOE], rest={"require_revision": False}) as server:
        done = _run(server, **ACME)
    assert [w for w in done["warnings"] if "does not have requireRevisionToUpdate" in w]


def test_passwords_and_tokens_are_not_shown(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=[{**DOE, "HTTPPassword": "(Hash)"}]) as server:
        server.echo = True
        done = _run(server, **ACME)
        assert server.echoed
        said = json.dumps(done)
        assert PASSWORD not in said
        assert not [token for token in server.echoed if token in said]
        server.echo = False
        assert "(Hash)" not in json.dumps(_run(server, **ACME))
