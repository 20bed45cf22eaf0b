# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dominolab.domains import LocalDomains
from dominolab.relay import ConnectingHost, Enforcement, RelayControls, may_relay

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
HOSTS = {
    "internal": ("192.0.2.9", ("host.sub.Example.com.",)),
    "external": ("192.0.2.1", ("relay.example.net",)),
    "nameless": ("192.0.2.2", ()),
}
LISTS = {"allow_destinations", "deny_destinations", "allow_hosts", "deny_hosts", "excluded_hosts"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_may_relay(case: dict[str, Any]) -> None:
    given: dict[str, Any] = {key: tuple(value) if key in LISTS else value for key, value in case.items()}
    address, names = HOSTS[given.pop("host")]
    host = ConnectingHost(address, names, given.pop("authenticated", False))
    accepted = given.pop("accepted")
    del given["id"]
    if "enforcement" in given:
        given["enforcement"] = Enforcement(given["enforcement"])
    domains = LocalDomains(frozenset({"example.com"}))
    assert may_relay("example.org", host, domains, RelayControls(**given)) is accepted
