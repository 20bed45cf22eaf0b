# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup mx, loaded by Ansible's own plugin loader, against a real DNS server."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from dominolab.dns import Server, serve

HERE = Path(__file__).parent
CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def run_all(port: int, directory: Path) -> list[dict[str, Any]]:
    """Run all cases; `<port>` in them is the server's port."""
    config = directory / "ansible.cfg"
    config.write_text(f"[opendomino_mail]\ndns_nameservers = 127.0.0.1\ndns_port = {port}\n", encoding="utf-8")
    cases = json.dumps(CASES["lookups"]).replace("<port>", str(port))
    done = subprocess.run(
        [sys.executable, str(HERE / "run_lookup.py"), str(HERE.parents[3] / ".collections"), "opendomino.mail.mx"],
        input=cases,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "ANSIBLE_CONFIG": str(config)},
    )
    assert done.returncode == 0, done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return every case's outcome, and the port of the server that was asked."""
    started, stop = threading.Event(), threading.Event()
    servers: list[Server] = []

    async def run() -> None:
        servers.append(await serve({**CASES["config"], "address": "127.0.0.1"}))
        started.set()
        await asyncio.to_thread(stop.wait)
        await servers[0].close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert started.wait(10)
        outcomes = run_all(servers[0].port, tmp_path_factory.mktemp("ansible"))
    finally:
        stop.set()
        thread.join(10)
    by_id = {case["id"]: outcome for case, outcome in zip(CASES["lookups"], outcomes, strict=True)}
    asked = {query.name.lower().rstrip(".") for query in servers[0].queries}
    counts = Counter(query.name for query in servers[0].queries)
    return {"port": servers[0].port, "by_id": by_id, "asked": asked, "counts": counts}


@pytest.mark.parametrize("case", CASES["lookups"], ids=lambda case: str(case["id"]))
def test_lookup(case: dict[str, Any], answers: dict[str, Any]) -> None:
    outcome = answers["by_id"][case["id"]]
    if "errors" in case:
        assert outcome.get("kind") == case.get("kind", "lookup"), outcome
        for text in case["errors"]:
            assert text.replace("<port>", str(answers["port"])) in outcome["error"]
        return
    assert "error" not in outcome, outcome
    assert len(outcome["result"]) == len(case["result"])
    for actual, expected in zip(outcome["result"], case["result"], strict=True):
        keys = {"domain", "status", "exchangers", "names", "addresses", "problems", "error", "reason"}
        assert set(actual) == (keys | {"dns"} if case.get("options", {}).get("full") else keys)
        texts = {key: expected[key] for key in ("problems", "error") if key in expected}
        values = {key: value for key, value in expected.items() if key not in texts}
        for question in values.get("dns", []):
            question["server"] = question["server"].replace("<port>", str(answers["port"]))
        assert {key: actual[key] for key in values} == values
        assert len(actual["problems"]) == len(texts.get("problems", []))
        for sentence, start in zip(actual["problems"], texts.get("problems", []), strict=True):
            assert sentence.startswith(start)
        assert (actual["error"] or "").startswith(texts.get("error", ""))
        assert (actual["error"] is None) is ("error" not in texts)


def test_what_is_no_host_name_is_not_asked_for(answers: dict[str, Any]) -> None:
    assert "alias.example.org" in answers["asked"]
    assert not answers["asked"] & {"", "192.0.2.25"}


def test_an_answer_is_asked_for_once_in_a_run(answers: dict[str, Any]) -> None:
    """The cases of one process share the run's cache, but for those that ask not to."""
    assert answers["counts"]["cached.example.net."] == 1
    assert answers["counts"]["fresh.example.net."] == 3
    assert answers["counts"]["fleeting.example.net."] == 2
