# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all names, addresses and relay lists."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dominolab.conversion import Rules, internet_address
from dominolab.domains import LocalDomains
from dominolab.notes_names import abbreviated, common_name, is_internet_address, notes_domains, same
from dominolab.relay import ConnectingHost, Enforcement, RelayControls, may_relay

WORDS = st.text(st.characters(categories=["L", "N"], include_characters=" -'"), min_size=1).map(str.strip).filter(bool)
NAMES = st.lists(WORDS, min_size=1, max_size=4)
HOSTS = ["a.example", "b.a.example", "c.test", "local.example"]
ENTRIES = st.lists(st.sampled_from([*HOSTS, "*", "[192.0.2.1]", "example", "@a.example"]), max_size=3).map(tuple)
CONTROLS = st.builds(
    RelayControls,
    allow_destinations=ENTRIES,
    deny_destinations=ENTRIES,
    allow_hosts=ENTRIES,
    deny_hosts=ENTRIES,
    enforcement=st.sampled_from(Enforcement),
    excluded_hosts=ENTRIES,
    authenticated_users_may_relay=st.booleans(),
    deny_wins=st.booleans(),
    all_hosts_external=st.booleans(),
)
CONNECTING = st.builds(
    ConnectingHost, st.sampled_from(["192.0.2.1", "192.0.2.2"]), ENTRIES.filter(lambda e: "*" not in e), st.booleans()
)
DOMAINS = LocalDomains(frozenset({"local.example"}))


@given(NAMES)
def test_spellings_of_a_name_are_the_same(parts: list[str]) -> None:
    labels = ["CN", *["OU"] * (len(parts) - 2), "O"]
    canonical = "/".join(f"{label}={part}" for label, part in zip(labels, parts, strict=False))
    assert abbreviated(canonical) == "/".join(parts) == abbreviated(abbreviated(canonical))
    assert common_name(canonical) == parts[0]
    assert same(canonical, "/".join(parts))


@given(st.lists(st.text("abcXYZ -", min_size=1).map(str.strip).filter(bool), min_size=1, max_size=4))
def test_letter_case_does_not_count(parts: list[str]) -> None:
    name = "/".join(parts)
    assert same(name.upper(), name.lower())


@given(NAMES, st.lists(WORDS, max_size=2), st.builds(
    Rules,
    suffix=st.just("example.com"),
    lookup=st.booleans(),
    local_part=st.sampled_from("012"),
    domains_included=st.sampled_from(["0", "1", "99"]),
    domain_position=st.sampled_from("12"),
    separator=st.sampled_from("%#"),
))  # fmt: skip
def test_a_built_address_is_one_internet_address(parts: list[str], domains: list[str], rules: Rules) -> None:
    name = "@".join(["/".join(parts), *domains])
    address = internet_address(name, "ACME", rules, [])
    assert is_internet_address(address)
    assert address.endswith("example.com")
    assert address.count("@") == 1
    assert " " not in address


@given(CONNECTING, CONTROLS, st.sampled_from(HOSTS), ENTRIES, ENTRIES)
def test_more_denials_never_open_a_relay(
    host: ConnectingHost, controls: RelayControls, domain: str, destinations: tuple[str, ...], hosts: tuple[str, ...]
) -> None:
    stricter = dataclasses.replace(
        controls,
        deny_destinations=controls.deny_destinations + destinations,
        deny_hosts=controls.deny_hosts + hosts,
    )
    if not may_relay(domain, host, DOMAINS, controls):
        assert not may_relay(domain, host, DOMAINS, stricter)


@given(CONNECTING, CONTROLS, st.sampled_from(HOSTS))
def test_the_rule_of_release_5_is_never_laxer(host: ConnectingHost, controls: RelayControls, domain: str) -> None:
    if may_relay(domain, host, DOMAINS, dataclasses.replace(controls, deny_wins=True)):
        assert may_relay(domain, host, DOMAINS, dataclasses.replace(controls, deny_wins=False))


@pytest.mark.parametrize(
    ("address", "parts", "internet"),
    [
        ("Jane Doe/Acme", ("Jane Doe/Acme", ()), False),
        ("Jane Doe/Acme@ACME", ("Jane Doe/Acme", ("ACME",)), False),
        ("Jane@ACME@Other", ("Jane", ("ACME", "Other")), False),
        ("jane@example.com", ("jane", ("example.com",)), True),
        ("@example.com", ("", ("example.com",)), False),
    ],
)
def test_notes_and_internet_addresses(address: str, parts: tuple[str, tuple[str, ...]], internet: bool) -> None:
    assert notes_domains(address) == parts
    assert is_internet_address(address) is internet
