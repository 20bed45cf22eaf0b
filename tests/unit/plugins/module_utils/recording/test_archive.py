# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording as a file: its schema, always the same bytes, what it says it answers, and what is refused."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from mail_reports import HOSTILE
from markdown_it import MarkdownIt

from ansible_collections.opendomino.mail.plugins.module_utils._directory.catalogue import ENTRIES
from ansible_collections.opendomino.mail.plugins.module_utils._recording import archive, host, questions
from ansible_collections.opendomino.mail.plugins.module_utils._recording.anonymise import Anonymiser, Pseudonyms

from ._world import KEY, World

ROOT = Path(__file__).resolve().parents[5]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "recording-1.schema.json").read_text(encoding="utf-8"))
LINES = yaml.safe_load(Path(__file__).with_name("test_lines.yml").read_text(encoding="utf-8"))
RECORDING = World().recording()


def test_a_recording_is_as_the_schema_says_and_the_schema_is_strict() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(RECORDING)] == []
    for way in ((), ("parts",), ("parts", "notes_ini"), ("parts", "design", "forms", "ServerConfig")):
        wrong: Any = copy.deepcopy(RECORDING)
        place = wrong
        for step in way:
            place = place[step]
        place["surprise"] = "x"
        assert not validator.is_valid(wrong), way


def test_the_same_world_gives_the_same_bytes_whatever_the_key() -> None:
    content = archive.render(RECORDING)
    assert archive.render(World().recording()) == content
    assert archive.parse(content, "x") == RECORDING
    name = archive.file_name(content)
    assert name.startswith("domino-recording-")
    assert archive.file_name(content + b" ") != name
    assert content.isascii()


def test_the_manifest_has_each_question_once_and_each_uncertain_row_of_the_catalogue() -> None:
    entries = {entry["question"]: entry for entry in RECORDING["manifest"]}
    assert len(entries) == len(RECORDING["manifest"])
    for row in ENTRIES:
        if row["evidence"] in ("unknown", "unconfirmed", "likely", "observed"):
            assert f"{row['form']}.{row['setting']}" in entries
    assert entries["ServerConfig.exhaustive_lookup"]["state"] == "recorded"
    assert entries["ServerConfig.relay_host"]["state"] == "not found", "its field carries the name of the organization"
    assert entries["B 10.3"] == {
        "question": "B 10.3",
        "text": "order and spelling of the extensions",
        "part": "smtp",
        "state": "recorded",
        "why": "",
    }
    assert entries["I 1.5"]["state"] == "no recording can"
    assert all(entry["part"] in questions.PARTS for entry in entries.values() if entry["state"] == "recorded")
    assert {part for part in questions.PARTS if questions.answered_by(part)} == set(questions.PARTS)


def test_a_part_that_is_missing_says_why() -> None:
    part = {"notes_ini": RECORDING["parts"]["notes_ini"], "not_recorded": {"console": "no server was running"}}
    entries = {entry["question"]: entry for entry in archive.assemble([part])["manifest"]}
    assert (entries["N 7a"]["state"], entries["N 7a"]["why"]) == ("not recorded", "no server was running")
    assert (entries["I 1.2"]["state"], entries["I 1.2"]["why"]) == ("not recorded", "was not asked for")


def test_the_page_names_what_a_person_should_look_at() -> None:
    page = archive.review(RECORDING, "domino-recording-0.json")
    look = page.split("## Look at these first")[1].split("\n## ")[0]
    assert "field `XyzLookup`, which stands with the label `Exhaustive lookup:`" in look
    assert "Field1" not in look
    for part in questions.PARTS:
        assert archive._TITLES[part] in page
    nothing = archive.assemble([{"notes_ini": RECORDING["parts"]["notes_ini"]}])
    assert "Nothing: everything consists of words of the product" in archive.review(nothing, "x")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "nothing was recorded"),
        ([{"release": "14.0", "not_recorded": {"smtp": "nobody answered"}}], "nothing was recorded"),
        ([{"surprise": 1}], "surprise is no part of a recording"),
        ([{"rest": {}}, {"rest": {}}], "rest is there twice"),
    ],
)
def test_what_is_no_part_is_refused(parts: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(archive.RecordingError, match=message):
        archive.assemble(parts)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"[]", "does not say"),
        (b'{"format": "opendomino-mail-recording", "version": 2}', "of version 2"),
    ],
)
def test_what_is_no_recording_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(archive.RecordingError, match=message):
        archive.parse(content, "x.json")


@pytest.mark.parametrize("case", LINES, ids=[case["id"] for case in LINES])
def test_lines(case: dict[str, Any]) -> None:
    anonymiser = Anonymiser(KEY, case.get("names", []))
    for name, kind in case.get("kinds", {}).items():
        anonymiser.know(name, kind)
    shown = [Pseudonyms().rename(anonymiser.text(line, case.get("slots"))) for line in [case["line"]]]
    assert shown == [case["shown"]]


def test_how_notes_ini_is_written() -> None:
    content = (
        b"[Notes]\r\nKitType=2\r\nkittype=3\nServerTasks =Router, SMTP,acme -x\n:x\n\n$$AcmeX=\xe4\nSMTPErrorLimit=123"
    )
    part = host.notes_ini(content, Anonymiser(KEY))
    assert part == {
        "file": {
            "first_line": "[Notes]",
            "byte_order_mark": False,
            "line_ends": ["CRLF", "LF"],
            "last_line_end": "none",
            "ascii_only": False,
            "utf8": False,
            "comments": True,
            "other_sections": False,
            "blank_lines": True,
            "blank_before_equals": True,
            "blank_after_equals": False,
            "names_with_dollar": True,
            "values_over_limit": 0,
            "duplicates": ["KitType", "kittype"],
        },
        "variables": {
            "KitType": "2",
            "kittype": "2",
            "ServerTasks": "Router, SMTP,[...] [...]",
            "SMTPErrorLimit": None,
        },
        "other_variables": 1,
    }


def test_what_a_host_said_is_no_markup_on_the_page() -> None:
    """The parts come from a host, which may be anybody's by now; a person decides with this page."""

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: spoilt(content) for name, content in value.items()}
        if isinstance(value, list):
            return [spoilt(content) for content in value]
        return f"{value}{HOSTILE}" if isinstance(value, str) else value

    parts = {name: spoilt(content) for name, content in RECORDING["parts"].items()}
    parts["notes_ini"]["variables"][f"Variable{HOSTILE}"] = HOSTILE
    parts["documents"][f"Form{HOSTILE}"] = {"any": True, "items": {HOSTILE: {"types": [HOSTILE], "values": [HOSTILE]}}}
    reasons = dict.fromkeys(questions.PARTS, HOSTILE)
    for part in ({**parts, "release": HOSTILE}, {"rest": parts["rest"], "not_recorded": reasons}):
        page = archive.review(archive.assemble([part]), "domino-recording-0.json")
        tokens = MarkdownIt("commonmark").enable("table").parse(page)
        inline = [token for block in tokens for token in (block, *(block.children or []))]
        kinds = {
            token.type for token in inline if token.type.startswith(("html", "link", "image", "fence", "code_block"))
        }
        assert kinds == set()
        assert not re.search("everyone|hacked|evil", "".join(t.content for t in inline if t.type == "text"))
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\u2028]", page)
