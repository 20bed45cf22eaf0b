# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of all modules that reach a Domino Directory: nothing empty, nothing hidden too much."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..._hostile_server import hostile_server, says
from ..._rest_server import PASSWORD, rest_server
from ._run_module import run_module

if TYPE_CHECKING:
    import socket
    import threading

MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"
ACCOUNT = {"username": "Lab Admin", "password": PASSWORD}
#: What a module needs besides.
OPTIONS: dict[str, dict[str, Any]] = {
    "directory_design_info": {},
    "directory_documents": {"documents": [{"form": "ServerConfig", "match": {"server_name": "*"}}]},
    "directory_documents_info": {"documents": [{"form": "Server"}]},
    "directory_scope": {},
    "internet_addresses": {"internet_domain": "acme.example"},
    "recording_info": {"key": "0123456789abcdef" * 2},
}


#: Names of scopes are checked by directory_scope itself; the design is read without one, and a recording without url.
NEEDLESS = {("directory_scope", "scope"), ("directory_design_info", "scope"), ("recording_info", "url")}
EMPTY = sorted({(name, option) for name in OPTIONS for option in ("username", "password", "url", "scope")} - NEEDLESS)


def test_these_are_all_modules_with_an_account() -> None:
    found = {path.stem for path in MODULES.glob("*.py") if "opendomino.mail._directory\n" in path.read_text("utf-8")}
    assert found == set(OPTIONS)


@pytest.mark.parametrize("value", ["", "  "])
@pytest.mark.parametrize(("module", "option"), EMPTY)
def test_an_empty_option_is_refused_before_anything_is_asked(module: str, option: str, value: str) -> None:
    connections: list[int] = []

    def count(_connection: socket.socket, _over: threading.Event) -> None:
        connections.append(1)

    with hostile_server(count) as port:
        account = {"url": f"http://127.0.0.1:{port}", **ACCOUNT, option: value}
        done = run_module(module, {**OPTIONS[module], **account}, check=True)
    assert done["failed"]
    assert f"{option} is empty. Set this option" in done["msg"], done["msg"]
    assert "Nothing was asked, and nothing was changed." in done["msg"]
    assert connections == []


def test_an_environment_variable_that_was_not_exported_is_named() -> None:
    options = {**OPTIONS["directory_documents"], "url": "http://127.0.0.1:1", "username": "Lab Admin"}
    done = run_module("directory_documents", options, env={"DOMINO_REST_PASSWORD": ""})
    assert "the environment variable DOMINO_REST_PASSWORD, which is empty if it was not exported" in done["msg"]


def test_an_empty_secret_hides_nothing(tmp_path: Path) -> None:
    people = [{"Form": "Person", "Type": "Person", "LastName": "Doe", "HTTPPassword": "x"}]
    wanted = {"form": "Person", "match": {"last_name": "Doe"}, "items": {"HTTPPassword": "", "Suffix": "1"}}
    with rest_server(tmp_path, documents=people) as server:
        done = run_module("directory_documents", {**server.arguments, "documents": [wanted], "design_check": "off"})
    assert "********" not in json.dumps(done["documents"]), done
    assert {change["item"] for change in done["documents"][0]["changes"]} == {"HTTPPassword", "Suffix"}


@pytest.mark.parametrize("domain", ["", " ", "example"])
def test_a_domain_that_cannot_be_one_is_refused_before_anything_is_asked(domain: str) -> None:
    options = {"url": "http://127.0.0.1:1", **ACCOUNT, "internet_domain": domain}
    done = run_module("internet_addresses", options)
    assert f"{domain!r} is not an Internet domain" in done["msg"]


@pytest.mark.parametrize("secret", ["", "1", "abc"])
def test_a_secret_that_is_a_part_of_every_word_does_not_make_the_output_unreadable(secret: str) -> None:
    wanted = {"form": "Person", "match": {"LastName": "Doe"}, "items": {"HTTPPassword": secret, "Alphabet": "abc 1"}}
    account = {"url": "http://127.0.0.1:1", **ACCOUNT}
    done = run_module("directory_documents", {**account, "documents": [wanted]}, check=True)
    assert "http://127.0.0.1:1 cannot be reached" in done["msg"]


def test_what_a_server_says_does_nothing_to_a_terminal() -> None:
    body = json.dumps({"status": 500, "message": "\x1b]0;owned\x07\u202e\r\nok: [mail01]"}).encode()
    answer = b"HTTP/1.1 500 no\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    for module, options in OPTIONS.items():
        with hostile_server(says(answer)) as port:
            done = run_module(module, {**options, "url": f"http://127.0.0.1:{port}", **ACCOUNT}, check=True)
        assert "owned" in done["msg"], module
        assert done["msg"].isprintable(), module
        assert all(warning.isprintable() for warning in done["warnings"])
