# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""directory_documents with very many documents, and the same requests sent by nothing but http.client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dominolab.lab import Lab
from dominolab.topology import load

from .fleet import ROOT

MODULE = "ansible_collections.opendomino.mail.plugins.modules.directory_documents"
CLIENT = Path(__file__).with_name("raw_directory.py")
#: Documents of other forms among the persons.
SERVERS, CONFIGURATIONS = 50, 49
CONNECTIONS = 4
#: What a module is started by, with its requests written down.
RECORDED = """
import http.client, json, runpy, sys
requests, real = [], http.client.HTTPConnection.request
def request(self, method, target, body=None, headers={}):
    content = None if body is None else b"".join(body)
    requests.append({"method": method, "target": target, "body": content and content.decode()})
    return real(self, method, target, content, headers)
http.client.HTTPConnection.request = request
path = sys.argv.pop(1)
try:
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
finally:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(requests, file)
"""

Times = tuple[list[float], list[float]]


def measure(documents: int, rounds: int) -> tuple[Times, Times]:
    """Return seconds of the module and of the client where nothing is to be done, and where all documents change."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as made:
        scratch = Path(made)
        lab = Lab(scratch / "lab")
        topology = scratch / "topology.yml"
        topology.write_text(yaml.safe_dump(_topology(documents - SERVERS - CONFIGURATIONS - 1)), encoding="utf-8")
        server = lab.up(load(topology))["servers"]["hub"]
        account = {"url": server["rest_url"], "username": server["rest_username"], "password": server["rest_password"]}
        try:
            people = [str(_first(note["items"]["FullName"])) for note in lab.documents("hub", "Person")]
            return _measured(scratch, account, people, rounds)
        finally:
            lab.down()


def _measured(scratch: Path, account: Mapping[str, str], people: list[str], rounds: int) -> tuple[Times, Times]:
    """Turn all documents from one state into another and back, once by each; nothing is to be done after each time."""
    nothing: Times = ([], [])
    changed: Times = ([], [])
    states = [_definitions(people, name) for name in ("one", "two")]
    total = len(states[0])
    assert _module(scratch, account, states[0])[1] == total
    silent, writing = scratch / "silent.json", scratch / "writing.json"
    assert _module(scratch, account, states[0], record=silent)[1] == 0
    assert _module(scratch, account, states[1], record=writing)[1] == total
    for _round in range(rounds):
        seconds, count = _module(scratch, account, states[0])
        assert count == total
        changed[0].append(seconds)
        changed[1].append(_client(account, writing))
        seconds, count = _module(scratch, account, states[1])
        assert count == 0, "the client has not written what the module writes"
        nothing[0].append(seconds)
        nothing[1].append(_client(account, silent))
    return nothing, changed


def _topology(people: int) -> dict[str, Any]:
    others = [{"Form": "Server", "ServerName": f"CN=S{n}/O=Acme", "Domain": "ACME"} for n in range(SERVERS)]
    others += [{"Form": "ServerConfig", "ServerName": f"CN=S{n}/O=Acme"} for n in range(CONFIGURATIONS)]
    domain = {
        "name": "ACME",
        "organization": "Acme",
        "internet_domain": "example.com",
        "administration_server": "Hub/Acme",
        "crowd": people,
        "servers": [{"name": "Hub/Acme", "host_name": "hub.example.com"}],
        "documents": others,
    }
    return {"notes_domains": [domain]}


def _definitions(people: list[str], state: str) -> list[dict[str, Any]]:
    """Return what all documents are to say; two states differ in every document."""
    place = f"{state}.example.com"
    found: list[dict[str, Any]] = [
        {"form": "Person", "match": {"user_name": name}, "settings": {"internet_address": f"p{number}@{place}"}}
        for number, name in enumerate(people)
    ]
    for number in range(SERVERS):
        host = {"fully_qualified_host_name": f"s{number}.{place}"}
        found.append({"form": "Server", "match": {"server_name": f"S{number}/Acme"}, "settings": host})
    for number in range(CONFIGURATIONS):
        smtp = {"external_smtp": "enabled" if state == "one" else "disabled"}
        found.append({"form": "ServerConfig", "match": {"server_name": f"S{number}/Acme"}, "settings": smtp})
    match = {"domain_type": "global_domain", "global_domain_name": "ACME Internet"}
    found.append({"form": "Domain", "match": match, "settings": {"primary_internet_domain": place}})
    return found


def _module(
    scratch: Path, account: Mapping[str, str], documents: list[dict[str, Any]], record: Path | None = None
) -> tuple[float, int]:
    """Run the module in a process of its own; return seconds with its start, and how many documents it changed."""
    given = {**account, "documents": documents, "concurrency": CONNECTIONS}
    arguments, output = scratch / "arguments.json", scratch / "result.json"
    own = {"_ansible_tmpdir": str(scratch), "_ansible_remote_tmp": str(scratch)}
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**given, **own}}), encoding="utf-8")
    start = ["-c", RECORDED, str(record), MODULE] if record else ["-m", MODULE]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
    with output.open("wb") as file:
        began = time.monotonic()
        subprocess.run([sys.executable, *start, str(arguments)], stdout=file, env=environment, check=False)
        seconds = time.monotonic() - began
    result = json.loads(output.read_text(encoding="utf-8"))
    assert not result.get("failed"), result["msg"]
    return seconds, sum(document["action"] != "none" for document in result["documents"])


def _client(account: Mapping[str, str], requests: Path) -> float:
    """Send the requests again, in a process of its own; return seconds with its start."""
    given = json.dumps({**account, "requests": str(requests), "connections": CONNECTIONS})
    began = time.monotonic()
    subprocess.run([sys.executable, str(CLIENT)], input=given, text=True, check=True)
    return time.monotonic() - began


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value
