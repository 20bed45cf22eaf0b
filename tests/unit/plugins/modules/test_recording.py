# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""recording_info and recording as Ansible runs them: what is read, what is refused, one file that is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ..._rest_server import PASSWORD, rest_server
from ._domino_host import Host
from ._run_module import run_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "0123456789abcdefghij"
BEYOND = ("/api", "/api/v1/info", "/api/v1/scopes", "/api/v1/schema/openapi.basis.json", "/api/v1/document/opendomino")
STAR = {"Form": "ServerConfig", "ServerName": "*", "MailExternalSMTP": "1"}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host.create(tmp_path)
    host.ini.write_bytes(b"[Notes]\nKitType=2\nDomain=Zwiebelwerk\nServerTasks=Router,SMTP\n")
    yield host
    host.stop()


def test_a_host_is_read_and_nothing_but_reading_commands_is_sent(host: Host) -> None:
    answers = {
        "show tasks": ["Database Server  Perform console commands", "SMTP Server  Listen for connect on TCP Port:25"],
        "show server": ["Mail01/Zwiebelwerk is fine, says Xaveria"],
        "show config servertasks": ["SERVERTASKS=Router,SMTP"],
    }
    host.start(answers=answers)
    arguments = {
        "key": KEY,
        "server_name": "Mail01/Zwiebelwerk",
        "data_directory": str(host.data_directory),
        "program_directory": str(host.program_directory),
        "response_timeout": 2,
        "settle": 0.3,
    }
    before = host.ini.read_bytes()
    result = run_module("recording_info", arguments, check=True)
    assert not result["failed"], result
    assert not result["changed"]
    assert "zwiebelwerk" not in repr(result["parts"]).casefold()
    assert "xaveria" not in repr(result["parts"]).casefold()
    assert all(command.startswith("show ") for command in host.commands)
    assert host.ini.read_bytes() == before
    commands = {command["command"]: command for command in result["parts"]["console"]["commands"]}
    assert commands["show tasks"]["output"] == ["[...] server [...] means [...]"]
    assert [line["text"] for line in commands["show config ServerTasks"]["response"]] == ["  {name}={value}"]
    assert commands["show config ServerTasks"]["response"][0]["stamp"] == "99/99/9999 99:99:99 AM"
    assert result["parts"]["notes_ini"]["variables"]["ServerTasks"] == "Router,SMTP"


def test_a_directory_is_read_by_get_and_searches_only(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=[STAR, {"Form": "Person", "LastName": "Quitzow"}]) as server:
        arguments = {**server.arguments, "key": KEY}
        result = run_module("recording_info", arguments)
        asked = {(exchange.method, exchange.path) for exchange in server.exchanges}
        stored = server.stored()
        # The recorder asks for what the contract does not have as well, to see how a server says so.
        server.exchanges[:] = [exchange for exchange in server.exchanges if exchange.path not in BEYOND]
    assert not result["failed"], result
    assert {path for method, path in asked if method != "GET"} == {"/api/v1/auth", "/api/v1/query"}
    assert len(stored) == 2
    assert PASSWORD not in repr(result)
    assert "quitzow" not in repr(result).casefold()
    parts = result["parts"]
    assert parts["documents"]["ServerConfig"]["items"]["MailExternalSMTP"]["values"] == ["1"]
    assert "Person" not in parts["documents"]

    out = tmp_path / "out"
    out.mkdir()
    wanted = {"directory": str(out), "parts": [parts]}
    check = run_module("recording", wanted, check=True, diff=True)
    assert (check["changed"], list(out.iterdir())) == (True, [])
    done = run_module("recording", wanted, diff=True)
    assert (done["changed"], done["diff"], done["path"]) == (True, check["diff"], check["path"])
    assert sorted(map(str, out.iterdir())) == [done["path"], done["review"]]
    assert not run_module("recording", wanted)["changed"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "one of the following is required"),
        ({"smtp_host": "127.0.0.1", "key": "short"}, "at least 16 characters"),
        ({"smtp_host": "a b"}, "is neither a host name nor an address"),
        ({"url": "http://127.0.0.1:1"}, "required"),
        ({"data_directory": "/nowhere/at/all"}, "is no data directory of a server"),
    ],
)
def test_what_cannot_be_read_is_named(arguments: dict[str, Any], message: str) -> None:
    result = run_module("recording_info", {"key": KEY, **arguments})
    assert result["failed"]
    assert message in result["msg"]


def test_a_listener_that_does_not_answer_is_a_part_that_is_missing(tmp_path: Path) -> None:
    result = run_module("recording_info", {"key": KEY, "smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_timeout": 2})
    assert result["parts"] == {"release": "", "not_recorded": {"smtp": "nobody answered"}}
    refused = run_module("recording", {"directory": str(tmp_path), "parts": [result["parts"]]})
    assert refused["failed"]
    assert "nothing was recorded" in refused["msg"]
