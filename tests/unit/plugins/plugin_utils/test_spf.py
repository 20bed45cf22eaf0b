# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPF as RFC 7208 has it, with the examples of its appendix A and section 7.4."""

from __future__ import annotations

import asyncio
import ipaddress
from pathlib import Path
from typing import Any

import pytest
import yaml
from dns_zone import Zone

from ansible_collections.opendomino.mail.plugins.plugin_utils._spf import Result, SpfError, check, parse

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def zone(spf: dict[str, str], **more: Any) -> Zone:
    """Make the appendix's zones with some SPF records more."""
    given = [{"name": name, "type": "TXT", "text": [text]} for name, text in spf.items()]
    return Zone({"records": [*CASES["records"], *more.get("records", []), *given], "faults": more.get("faults", [])})


@pytest.mark.parametrize("case", CASES["examples"], ids=lambda case: str(case["record"]))
def test_examples_of_the_appendix(case: dict[str, Any]) -> None:
    world = zone({"example.com": case["record"], **case.get("more", {})})
    results = {
        address: asyncio.run(
            check(world.ask, ipaddress.ip_address(address), "example.com", sender=case.get("sender", ""))
        ).result
        for address in [*case.get("pass", []), *case.get("fail", [])]
    }
    wanted = dict.fromkeys(case.get("pass", []), Result.PASS) | dict.fromkeys(case.get("fail", []), Result.FAIL)
    assert results == wanted


@pytest.mark.parametrize("case", CASES["macros"], ids=lambda case: str(case["macro"]))
def test_macros(case: dict[str, Any]) -> None:
    world = zone({"email.example.com": f"v=spf1 exists:{case['macro']} -all"})
    address = ipaddress.ip_address(case.get("address", "192.0.2.3"))
    sender = "strong-bad@email.example.com"
    asyncio.run(check(world.ask, address, "email.example.com", "mail.example.com", sender))
    assert world.asked[-1] == (case["name"], "A")


@pytest.mark.parametrize("case", CASES["checks"], ids=lambda case: str(case["id"]))
def test_check(case: dict[str, Any]) -> None:
    world = zone(case["spf"], records=case.get("records", []), faults=case.get("faults", []))
    address = ipaddress.ip_address(case["address"]) if "address" in case else None
    verdict = asyncio.run(check(world.ask, address, "example.com"))
    assert (verdict.result.value, verdict.problem) == (case["result"], case.get("problem", ""))
    for name in ("lookups", "voids", "term", "text"):
        if name in case:
            assert getattr(verdict, name) == case[name]
    assert (verdict.answer is not None) is (verdict.problem == "unanswered")


@pytest.mark.parametrize("record", CASES["valid"])
def test_valid_records(record: str) -> None:
    parse(record)


@pytest.mark.parametrize("record", CASES["invalid"])
def test_invalid_records(record: str) -> None:
    with pytest.raises(SpfError) as raised:
        parse(record)
    assert raised.value.problem == "syntax"


def test_includes_are_asked_for_side_by_side() -> None:
    """What stands in one record is one round of questions."""
    includes = [f"i{number}.example.com" for number in range(5)]
    world = zone({"example.com": " ".join(["v=spf1", *(f"include:{name}" for name in includes), "-all"])})
    under_way: list[int] = []
    most = 0

    async def ask(name: str, rdtype: str) -> Any:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        await asyncio.sleep(0.01)
        under_way.pop()
        return await world.ask(name, rdtype)

    asyncio.run(check(ask, None, "example.com"))
    assert most == len(includes)
