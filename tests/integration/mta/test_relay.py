# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay test against Postfix and Exim, closed and open in many ways; what it calls open really relays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from certificates import issue

from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probe import Probe
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probing import Result, probe_all
from ansible_collections.opendomino.mail.tests.integration.mta._mtas import HOST_NAME, MTA, Exim, Postfix, free_port

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.integration.mta._mtas import Sink

CASES = yaml.safe_load(Path(__file__).with_name("relay.yml").read_text(encoding="utf-8"))
SEVERITIES = {"open": {"relay_open": "required"}, "undecided": {"relay_undecided": "recommended"}, "closed": {}}


def server(case: dict[str, Any], sink: Sink, directory: Path) -> MTA:
    """Return the server that a case describes, not yet started."""
    if case.get("mta") == "exim":
        arguments = {"acl": case["acl"]} if "acl" in case else {}
        texts = {"settings": case.get("mta_settings", ""), "routers": case.get("routers", "")}
        return Exim(free_port(), sink.port, **texts, **arguments)
    issue(HOST_NAME, [HOST_NAME]).write(directory, "good")
    files = {**case.get("files", {}), **{path.name: path.read_text() for path in directory.glob("good.*")}}
    return Postfix(free_port(), sink.port, settings=case.get("settings", {}), files=files)


def probed(case: dict[str, Any], port: int) -> Result:
    """Probe the server of a case."""
    probe = Probe(
        "127.0.0.1",
        port,
        tls=case.get("tls", "none"),
        expect_banner_host=HOST_NAME,
        local_domain="example.com",
        relay_test=True,
    )
    (result,) = probe_all([probe], 20, 1, case.get("relay_timeout", 60))
    return result


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_relay(case: dict[str, Any], sink: Sink, tmp_path: Path) -> None:
    with server(case, sink, tmp_path) as mta:
        result = probed(case, mta.port)
        battery = result.transcript.relay
        assert battery is not None
        answers = "\n".join(
            f"{answer.case.id} <{answer.sender}> <{answer.case.recipient}> {answer.reply}" for answer in battery.answers
        )
        expected = case.get("verdict", "open")
        assert battery.verdict == expected, f"{battery.doubt}\n{answers}"
        assert case.get("reason", "") in battery.doubt
        findings = {one.id: one.severity for one in result.findings if one.id.startswith("relay")}
        assert findings == SEVERITIES[expected]
        assert result.ok is (expected != "open")
        assert sink.recipients == []  # the probe itself sends nothing
        if "passes_on" in case:
            mta.send("relay-test@example.org", case["passes_on"])
            assert sink.received(1) == [case["passes_on"]]
        if "open" in case:
            proofs = battery.proofs
            if case["open"] == "all":
                assert len(proofs) >= case["at_least"], answers
            else:
                assert [answer.case.id for answer in proofs] == case["open"], answers
            for proof in proofs:
                mta.send(proof.sender, proof.case.recipient)
            received = sink.received(len(proofs))
            assert set(received) <= {"relay-test@example.net", "relay-test@[192.0.2.1]"}
            assert len(received) == len(proofs)
