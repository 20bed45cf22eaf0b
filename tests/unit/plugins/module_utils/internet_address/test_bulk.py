# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs over a directory that are cut, by a client that ends or a process that is killed, and started again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._directory.rest import RestDirectory
from ansible_collections.opendomino.mail.plugins.module_utils._directory.transport import Answer, Transport
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address import bulk
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.progress import Progress
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.selection import Limit, Selection

from ...._rest_server import RestServer, rest_server

ROOT = Path(__file__).resolve().parents[5]
CUTS = 100
KILLS = 3
SECONDS = 30.0
OPTIONS = {"internet_domain": "example.com", "global_domains": []}
REQUEST = bulk.Request(
    options=OPTIONS, selection=Selection(), forms=["Group", "Database"], limit=Limit(), confirmed=0, page_size=10
)


class CutError(BaseException):
    """The client has ended; nothing in it goes on."""


class CutTransport(Transport):
    """Ends at a request: before it is sent, or after it was carried out."""

    def __init__(self, url: str, number: int, *, after: bool) -> None:
        super().__init__(url)
        self._left = number
        self._after = after
        self._lock = threading.Lock()
        self.sent = 0

    def request(self, *arguments: Any, **options: Any) -> Answer:
        """Send a request, or do not."""
        with self._lock:
            self._left -= 1
            left = self._left
        if left < 0 or (left == 0 and not self._after):
            raise CutError
        answer = super().request(*arguments, **options)
        self.sent += 1
        if left == 0:
            raise CutError
        return answer


def _people(chance: random.Random) -> list[dict[str, Any]]:
    """Return people of whom many want the same address, some have one, and one is a group."""
    people = [
        {
            "Form": "Person",
            "Type": "Person",
            "FullName": [f"CN={first} {last} {number}/O=Acme"],
            "FirstName": first,
            "MiddleInitial": chance.choice(["", "A", "B"]),
            "LastName": last,
            "InternetAddress": chance.choice(["", "", "", f"{first}.{last}@example.com".lower()]) if number < 4 else "",
        }
        for number in range(18)
        for first, last in [(chance.choice(["Al", "Bo"]), chance.choice(["Fox", "Ray"]))]
    ]
    return [*people, {"Form": "Group", "ListName": ["al.a.fox@example.com"]}]


def _run(server: RestServer, transport: Transport) -> bulk.Run:
    account = server.arguments
    directory = RestDirectory(transport, account["username"], account["password"], setup=True)
    progress = Progress(lambda _line: None, 0)
    try:
        run = bulk.prepare(directory, REQUEST, progress)
        bulk.carry_out(directory, run, progress)
    finally:
        transport.close()
    assert not run.error
    return run


def _addresses(server: RestServer) -> dict[str, str]:
    return {note.text("FullName"): note.text("InternetAddress") for note in server.notes() if note.form == "Person"}


def test_a_hundred_runs_that_are_cut_end_where_an_uncut_one_ends(tmp_path: Path) -> None:
    chance = random.Random(29)
    with rest_server(tmp_path, documents=_people(chance), kept=False) as server:
        fresh = server.notes()
        held = {name: address for name, address in _addresses(server).items() if address}
        whole = CutTransport(server.url, sys.maxsize, after=False)
        _run(server, whole)
        uncut = _addresses(server)
        given = {name: address for name, address in uncut.items() if name not in held}
        assert len(set(given.values()) | set(held.values())) == len(given) + len(set(held.values()))
        assert all(given.values())
        cut_while_writing = 0
        for _cut in range(CUTS):
            server.put_back(fresh)
            with pytest.raises(CutError):
                _run(server, CutTransport(server.url, chance.randrange(1, whole.sent), after=chance.random() < 0.5))
            begun = {name: address for name, address in _addresses(server).items() if address}
            assert {**uncut, **begun} == uncut
            cut_while_writing += len(held) < len(begun) < len(uncut)
            _run(server, Transport(server.url))
            assert _addresses(server) == uncut
    assert cut_while_writing > CUTS / 3


def test_a_process_that_is_killed_is_started_again(tmp_path: Path) -> None:
    chance = random.Random(31)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
    with rest_server(tmp_path, documents=_people(chance), kept=False) as server:
        options = {**server.arguments, **OPTIONS, "concurrency": 2, "limit_changes": ""}
        arguments = tmp_path / "arguments.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
        name = "ansible_collections.opendomino.mail.plugins.modules.internet_addresses"
        command = [sys.executable, "-m", name, str(arguments)]
        fresh = server.notes()
        held = len([address for address in _addresses(server).values() if address])
        assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
        uncut = _addresses(server)
        server.faults.set({"name": "slow", "seconds": 0.05, "method": "PATCH"})
        for _kill in range(KILLS):
            server.put_back(fresh)
            enough, until = held + chance.randrange(1, 8), time.monotonic() + SECONDS
            with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
                while len([address for address in _addresses(server).values() if address]) < enough:
                    assert time.monotonic() < until
                    time.sleep(0.01)
                process.send_signal(signal.SIGKILL)
            assert process.returncode == -signal.SIGKILL
            assert "" in _addresses(server).values()
            assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
            assert _addresses(server) == uncut
