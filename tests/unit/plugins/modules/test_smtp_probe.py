# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module smtp_probe in a process of its own, against a real SMTP server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


class Listener:
    """Takes mail for example.com, and would keep it."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Refuse to relay."""
        if not address.endswith("@example.com"):
            return "554 Relay rejected for policy reasons."
        envelope.rcpt_tos.append(address)
        return f"250 {address}... Recipient OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message, which no probe may send."""
        self.messages.append(bytes(envelope.content))
        return "250 Message accepted for delivery"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Any]]:
    """Start one server; `dead` is a port where nothing listens."""
    listener = Listener()
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        dead = reserved.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    controller = Controller(listener, hostname="127.0.0.1", port=port, server_hostname="mail01.example.com")
    controller.start()
    yield {"alive": port, "dead": dead}
    controller.stop()
    assert listener.messages == []


@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_case(case: dict[str, Any], check: bool, servers: dict[str, Any]) -> None:
    arguments = dict(case["input"])
    arguments["probes"] = [
        {**probe, "port": servers.get(str(probe.get("port")), probe.get("port", 25))} for probe in arguments["probes"]
    ]
    result = run_module("smtp_probe", arguments, check=check)
    assert result["failed"] is case.get("failed", False)
    assert result.get("changed", False) is False
    for text in case.get("msg", []):
        assert text.format(**servers) in result["msg"]
    if "probes" not in case:
        assert "probes" not in result
        return
    for probe, expected in zip(result["probes"], case["probes"], strict=True):
        assert {key: probe[key] for key in expected if key != "findings"} == {
            key: value for key, value in expected.items() if key != "findings"
        }
        assert [finding["id"] for finding in probe["findings"]] == expected.get("findings", [])
