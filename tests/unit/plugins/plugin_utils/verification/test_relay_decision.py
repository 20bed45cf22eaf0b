# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from an open-relay test: never a pass without a test, and never a pass for an open relay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.filter.relay_decision import relay_decision

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
DOMAINS = ["example.com", "Example.NET."]


def probe_of(relay: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Return a result of smtp_probe; the probe comes from outside unless `relay` says otherwise."""
    client = {"address": "198.51.100.7", "name": "probe.example.org"}
    banner = {"code": 220, "text": "", "host": ""}
    first = {"address": "192.0.2.11", "port": 25, "banner": banner, "findings": [], "error": None, **more}
    return {"probes": [{**first, "relay": None if relay is None else {"client": client, "reason": "", **relay}}]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_case(case: dict[str, Any]) -> None:
    probe = case["result"] if "result" in case else probe_of(case["relay"], **case.get("probe", {}))
    decision = relay_decision(probe, "mail01", DOMAINS, case.get("opened", False), case.get("undecided", "auto"))
    assert {name: decision[name] for name in case["decision"]} == case["decision"]
    for text in case.get("says", []):
        assert text in decision["message"]
    assert bool(decision["message"]) is (decision["action"] != "pass")


@given(
    st.sampled_from(["open", "closed", "undecided", "something new"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["auto", "warn", "fail"]),
)
def test_only_a_closed_relay_passes_unseen(verdict: str, made: bool, opened: bool, plain: bool, undecided: str) -> None:
    probe = probe_of({"verdict": verdict, "plain_is_refused": plain} if made else None)
    decision = relay_decision(probe, "mail01", DOMAINS, opened, undecided)
    assert (decision["action"] == "pass") is (made and verdict == "closed")
    if verdict == "open" or not made:
        assert decision["action"] == "fail"
    if decision["undo"]:
        assert decision["action"] == "fail"


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="takes the result of smtp_probe"):
        relay_decision([], "mail01", DOMAINS, False)
    with pytest.raises(AnsibleFilterError, match="undecided may be auto, warn, fail, and is perhaps"):
        relay_decision({}, "mail01", DOMAINS, False, "perhaps")
