# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is sent to the host probes as the started module does, without it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from ._two_ways import FIRST, SECOND, both_ways

BY_THE_MODULE = {
    "An option that does not exist is refused",
    "A variable of the host's environment is filled in there",
    "Another host is asked",
    "It is not waited for",
}


@pytest.fixture
def port() -> Iterator[int]:
    """Start an SMTP server that takes mail for everybody."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    controller = Controller(
        Sink(), hostname="127.0.0.1", port=number, server_hostname="mail01.example.com", ident="ESMTP"
    )
    controller.start()
    yield number
    controller.stop()


def _timeless(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out how long it took."""
    probes = [{**probe, "timings": sorted(probe["timings"])} for probe in result.get("probes", [])]
    job = ("ansible_job_id", "results_file", "started", "finished", "stdout", "stdout_lines", "stderr", "stderr_lines")
    return {**{name: value for name, value in result.items() if name not in job}, "probes": probes}


def test_results_are_those_of_the_module(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    playbook = Path(__file__).with_suffix(".yml")
    variables = {"smtp_port": port}
    run = both_ways(playbook, "smtp_probe", tmp_path, lambda _host: variables, monkeypatch, _timeless)
    done = run.results
    assert [done[what].get("failed", False) for what in ("reached", "found", "refused", "wrong")] == [
        False,
        False,
        True,
        True,
    ]
    assert done["reached"]["probes"][0]["banner"]["host"] == "mail01.example.com"
    assert [finding["id"] for finding in done["found"]["probes"][0]["findings"]] == ["banner_host"]
    assert "mail02.example.com" in done["refused"]["msg"]
    assert "timeout is 0" in done["wrong"]["msg"]
    assert run.started[FIRST] == BY_THE_MODULE
    assert run.started[SECOND] > BY_THE_MODULE
