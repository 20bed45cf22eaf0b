# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record a server, as its administrator would; then let a lab say what was recorded, and record that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Site
    from playbook import PlaybookRun

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "recording-1.schema.json").read_text(encoding="utf-8"))
PLAYBOOK = "opendomino.mail.record"
#: A lab server answers at once, or has nothing to say.
PATIENCE = {"record_response_timeout": 1.5, "record_settle": 0.3}
USER = "Robo Account"


def record(site: Site, directory: Path, *arguments: str, **extra: Any) -> PlaybookRun:
    given = {"record_directory": str(directory), "record_more_names": ["Jane Doe"], **PATIENCE, **extra}
    return site.run(PLAYBOOK, "--limit", "mail01.example.com", *arguments, **given)


def recordings(directory: Path) -> list[Path]:
    return sorted(directory.glob("domino-recording-*"))


def test_a_server_is_recorded_and_a_lab_says_the_same(site_with: Callable[..., Site], tmp_path: Path) -> None:
    site = site_with(username=USER)
    assert site.run().returncode == 0
    before = site.contents()
    out = tmp_path / "out"
    out.mkdir()

    check = record(site, out, "--check", "--diff")
    assert check.returncode == 0, check.output
    assert check.changed_tasks() == {"mail01.example.com": 1}
    assert recordings(out) == []
    run = record(site, out)
    assert run.returncode == 0, run.output
    assert run.changed_tasks() == {"mail01.example.com": 1}
    file, page = recordings(out)
    assert (file.suffix, page.suffix) == (".json", ".md")
    assert str(file) in run.output
    again = record(site, out)
    assert again.changed_tasks() == {"mail01.example.com": 0}, again.output
    assert site.contents() == before, "nothing is changed on a server"
    assert f"+{page.read_text(encoding='utf-8').splitlines()[0]}" in check.output, "the diff is the page"

    recording = json.loads(file.read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(recording)] == []
    server = site.handshake["servers"]["mail01"]
    written = (file.read_text(encoding="utf-8") + page.read_text(encoding="utf-8")).casefold()
    outputs = (run.output + again.output).casefold()
    # the inventory's own name of a host is on every screen, and in no file
    for secret in ("Mail01", "Mail02", "Acme", "Robo", "Jane", "example.com", "example.org", server["address"]):
        assert secret.casefold() not in written, secret
    for secret in (server["rest_password"], "Robo", "jdoe"):
        assert secret.casefold() not in written + outputs, secret
    parts = recording["parts"]
    assert recording["release"] == "14.0"
    assert parts["notes_ini"]["variables"]["ServerTasks"] == "Replica,Router,Update,AMgr,AdminP,SMTP"
    commands = {command["command"]: command for command in parts["console"]["commands"]}
    texts = {name: [line["text"] for line in command["response"]] for name, command in commands.items()}
    assert "  SMTP Server          Listen for connect requests on TCP Port:{port}" in texts["show tasks"]
    assert texts["show server"] == ["  Server1/Org1 Release {release}"]
    assert texts["show config ServerTasks"] == ["  {name}={value}"]
    assert {(command["exit_code"], *command["output"]) for command in commands.values()} == {(0,)}
    replies = {reply["step"]: (reply["code"], reply["lines"]) for reply in parts["smtp"]["replies"]}
    assert replies["ehlo"] == (
        250,
        ["{host} Hello {helo} ([{client}]), pleased to meet you", "HELP", "SIZE", "PIPELINING"],
    )
    assert replies["greeting"] == (220, ["{host} ESMTP Service (HCL Domino Release {release}) ready at {date}"])
    fields = {field["item"]: field for field in parts["design"]["forms"]["ServerConfig"]["fields"]}
    assert fields["LabExhaustiveLookup"]["look"]
    assert fields["LabExhaustiveLookup"]["choices"] == [
        {"text": "Enabled", "stored": "1"},
        {"text": "Disabled", "stored": "0"},
    ]
    assert parts["documents"]["ServerConfig"]["items"]["MailExternalSMTP"] == {"types": ["text"], "values": ["1"]}
    assert parts["rest"]["unknown_scope"]["error_id"] == 1112
    assert (parts["rest"]["unknown_document"]["status"], parts["rest"]["unknown_document"]["error_id"]) == (404, 1029)
    assert parts["rest"]["wrong_token"]["status"] == 401

    site.lab.down()
    altered = _altered(recording, tmp_path / "altered.json")
    _says_what_was_recorded(site_with(recording=altered, username=USER), altered, tmp_path / "second")


def _altered(recording: dict[str, Any], path: Path) -> Path:
    """Change a recording as a real server might differ."""
    parts = recording["parts"]
    for reply in parts["smtp"]["replies"]:
        if reply["step"] == "ehlo":
            reply["lines"][1:] = ["SIZE", "8BITMIME", "HELP", "STARTTLS"]
        if reply["step"] == "unknown_command":
            reply.update(code=500, lines=['Command "{command}" unrecognized', "Enter HELP"])
    fields = parts["design"]["forms"]["ServerConfig"]["fields"]
    next(field for field in fields if field["item"] == "LabExhaustiveLookup")["item"] = "XyzExhaustive"
    commands = {command["command"]: command for command in parts["console"]["commands"]}
    for command in commands.values():
        command.update(exit_code=3, output=["Command has been executed"])
    commands["show config ServerTasks"]["response"][0]["text"] = "  {name} = {value}"
    smtp = [line for line in commands["show tasks"]["response"] if "SMTP Server" in line["text"]]
    smtp[0]["text"] = "  SMTP Server          Listen on Port:{port}"
    path.write_text(json.dumps(recording), encoding="utf-8")
    return path


def _says_what_was_recorded(site: Site, altered: Path, directory: Path) -> None:
    """Record a lab that was given a recording."""
    directory.mkdir()
    done = site.run()
    assert done.returncode == 0, done.output
    run = record(site, directory)
    assert run.returncode == 0, run.output
    (second,) = directory.glob("domino-recording-*.json")
    said = json.loads(second.read_text(encoding="utf-8"))["parts"]
    replies = {reply["step"]: (reply["code"], reply["lines"]) for reply in said["smtp"]["replies"]}
    assert replies["ehlo"][1][1:] == ["SIZE", "8BITMIME", "HELP"], "what the lab cannot do it does not offer"
    assert replies["unknown_command"] == (500, ['Command "{command}" unrecognized', "Enter HELP"])
    assert [field["item"] for field in said["design"]["forms"]["ServerConfig"]["fields"]].count("XyzExhaustive") == 1
    found = {p["setting"]: p for p in said["design"]["forms"]["ServerConfig"]["proposals"]}["exhaustive_lookup"]
    assert (found["confidence"], found["item"], found["values"]) == (
        "exact",
        "XyzExhaustive",
        {"enabled": "1", "disabled": "0"},
    )
    shown = {command["command"]: command for command in said["console"]["commands"]}
    assert shown["show config ServerTasks"]["response"][0]["text"] == "  {name} = {value}"
    assert "  SMTP Server          Listen on Port:{port}" in [line["text"] for line in shown["show tasks"]["response"]]
    assert (shown["show tasks"]["exit_code"], shown["show tasks"]["output"]) == (3, ["Command has been executed"])
    proposed = _proposed(second)
    assert "+  item: XyzExhaustive" in proposed.stdout
    assert "-  item: null" in proposed.stdout
    disagreeing = _proposed(altered, second)
    assert "+  item: XyzExhaustive" not in disagreeing.stdout
    assert "recordings disagree about the item (LabExhaustiveLookup, XyzExhaustive)" in disagreeing.stderr


def _proposed(*recorded: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tests" / "tools" / "raise_evidence.py"), *map(str, recorded)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


def test_a_stopped_server_without_rest_api_is_recorded_as_far_as_it_goes(site: Site, tmp_path: Path) -> None:
    site.lab.stop("mail01.example.com")
    run = record(site, tmp_path, record_rest_url="")
    assert run.returncode == 0, run.output
    (file,) = tmp_path.glob("domino-recording-*.json")
    recording = json.loads(file.read_text(encoding="utf-8"))
    assert list(recording["parts"]) == ["notes_ini"]
    why = {entry["part"]: entry["why"] for entry in recording["manifest"] if entry["state"] == "not recorded"}
    assert why == {
        "console": "no server was running",
        "smtp": "nobody answered",
        "design": "was not asked for",
        "documents": "was not asked for",
        "rest": "was not asked for",
    }


def test_a_wrong_directory_is_named(site: Site, tmp_path: Path) -> None:
    run = record(site, tmp_path / "nowhere", record_rest_url="")
    assert run.returncode != 0
    assert f"{tmp_path}/nowhere is not there or not writable" in run.failures()[0].msg
    run = record(site, tmp_path, record_rest_password="wrong")
    assert run.returncode != 0
    assert "did not let" in run.failures()[0].msg
    assert recordings(tmp_path) == []
