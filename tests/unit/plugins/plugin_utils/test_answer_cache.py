# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers kept for the run, over a real DNS server and real files."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.opendomino.mail.plugins.plugin_utils import _answer_cache
from ansible_collections.opendomino.mail.plugins.plugin_utils._answer_cache import AnswerCache, cache_of_run
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Resolver, Settings, Status
from dominolab.dns import serve

COLLECTIONS = Path(__file__).resolve().parents[4] / ".collections"
CONFIG: dict[str, Any] = {
    "authenticated": ["example.com"],
    "records": [
        {"name": "example.com", "type": "MX", "ttl": 600, "values": ["10 mail.example.com."]},
        {"name": "alias.example.com", "type": "CNAME", "ttl": 30, "values": ["example.com."]},
        {"name": "brief.example.com", "type": "A", "ttl": 1, "values": ["192.0.2.1"]},
        {"name": "never.example.com", "type": "A", "ttl": 0, "values": ["192.0.2.1"]},
        {"name": "long.example.com", "type": "TXT", "text": ["x" * 3000]},
    ],
    "faults": [{"name": "broken.example.com", "fault": "servfail"}],
}


def ask_in_turns(path: Path, *turns: list[tuple[str, str]], **settings: Any) -> tuple[list[list[Answer]], int]:
    """Ask in one resolver and cache after another; returns the answers, and how many questions arrived."""

    async def run() -> tuple[list[list[Answer]], int]:
        server = await serve(CONFIG)
        try:
            answers = []
            for turn in turns:
                given = Settings(nameservers=("127.0.0.1",), port=server.port, retries=0, **settings)
                cache = AnswerCache(path, given)
                answers.append(await (await Resolver.create(given, cache)).ask_all(turn))
                cache.close()
            return answers, len(server.queries)
        finally:
            await server.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "rdtype", "status"),
    [
        ("example.com", "MX", Status.ANSWER),
        ("alias.example.com", "MX", Status.ANSWER),
        ("example.com", "AAAA", Status.NODATA),
        ("nobody.example.com", "A", Status.NXDOMAIN),
        ("long.example.com", "TXT", Status.ANSWER),
    ],
)
def test_what_was_answered_is_not_asked_again(tmp_path: Path, name: str, rdtype: str, status: Status) -> None:
    answers, asked = ask_in_turns(tmp_path / "cache", [(name, rdtype)], [(f"{name.upper()}.", rdtype)])
    ((first,), (second,)) = answers
    assert asked == (2 if name.startswith("long") else 1)  # over UDP, then over TCP
    assert first.status is second.status is status
    assert first.records == second.records
    assert (first.canonical, first.is_alias, first.server) == (second.canonical, second.is_alias, second.server)
    assert second.authenticated
    assert second.ttl is not None
    assert first.ttl is not None
    assert first.ttl - 2 <= second.ttl <= first.ttl


@pytest.mark.parametrize(("name", "rdtype"), [("broken.example.com", "A"), ("never.example.com", "A")])
def test_failures_and_what_does_not_last_are_not_kept(tmp_path: Path, name: str, rdtype: str) -> None:
    assert ask_in_turns(tmp_path / "cache", [(name, rdtype)], [(name, rdtype)])[1] == 2


def test_an_answer_is_forgotten_when_its_time_is_over(tmp_path: Path) -> None:
    question = [("brief.example.com", "A")]

    async def run() -> int:
        server = await serve(CONFIG)
        try:
            given = Settings(nameservers=("127.0.0.1",), port=server.port)
            for _turn in range(2):
                cache = AnswerCache(tmp_path / "cache", given)
                await (await Resolver.create(given, cache)).ask_all(question)
                cache.close()
                await asyncio.sleep(1.1)
            return len(server.queries)
        finally:
            await server.close()

    assert asyncio.run(run()) == 2


def test_other_nameservers_are_asked_themselves(tmp_path: Path) -> None:
    path, question = tmp_path / "cache", [("example.com", "MX")]
    assert ask_in_turns(path, question)[1] == 1
    assert ask_in_turns(path, question)[1] == 1  # another port


@pytest.mark.parametrize("content", [b"", b"this is no database", b"SQLite format 3\0" + bytes(200)])
def test_a_broken_cache_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cache"
    path.write_bytes(content)
    ((answer,),), _asked = ask_in_turns(path, [("example.com", "MX")])
    assert answer.status is Status.ANSWER


def test_a_broken_reply_is_as_good_as_none(tmp_path: Path) -> None:
    given = Settings(nameservers=("192.0.2.53",))
    AnswerCache(tmp_path / "cache", given).close()
    database = sqlite3.connect(tmp_path / "cache")
    with database:
        row = (repr((given.nameservers, given.port, given.tcp)), "x.example", "A", "192.0.2.53", 53, time.time() + 60)
        database.execute("INSERT INTO reply VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, b"\0\1garbage"))
    database.close()
    cache = AnswerCache(tmp_path / "cache", given)
    assert cache.get("x.example", "A") is None
    cache.close()


def test_a_directory_that_does_not_exist_is_no_error(tmp_path: Path) -> None:
    assert ask_in_turns(tmp_path / "missing" / "cache", [("example.com", "MX")])[0][0][0].status is Status.ANSWER


WRITER = """
import sys
from pathlib import Path
import dns.message
from ansible_collections.opendomino.mail.plugins.plugin_utils._answer_cache import AnswerCache
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Nameserver, Settings
for turn in range(20):
    cache = AnswerCache(Path(sys.argv[1]), Settings(nameservers=("127.0.0.1",)))
    name = f"n{sys.argv[2]}-{turn}.example"
    reply = dns.message.make_response(dns.message.make_query(name, "A"))
    cache.put(name, "A", Nameserver("127.0.0.1", 53), 60, reply)
    cache.close()
"""


def test_processes_of_a_run_write_at_the_same_time(tmp_path: Path) -> None:
    path = str(tmp_path / "cache")
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, str(number)], env=environment) for number in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    cache = AnswerCache(Path(path), Settings(nameservers=("127.0.0.1",)))
    kept = [cache.get(f"n{number}-{turn}.example", "A") for number in range(3) for turn in range(20)]
    cache.close()
    assert all(kept)


def test_the_cache_of_the_run_lies_where_ansible_removes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_answer_cache.constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    with cache_of_run(Settings(), use=True) as cache:
        assert cache is not None
    assert [path.name for path in tmp_path.iterdir()] == ["opendomino_mail_dns.sqlite"]
    with cache_of_run(Settings(), use=False) as cache:
        assert cache is None
