# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records as text: cases, and what holds for all records. dnspython says what a zone file means."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import dns.name
import dns.rdatatype
import dns.zone
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._dns_records import (
    DnsRecordsError,
    RRset,
    Wish,
    owner_name,
    plan,
    read_wishes,
    render,
    txt_value,
    value_of,
)

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


def wishes_of(case: dict[str, Any]) -> tuple[Wish, ...]:
    defaults = {"values": None, "state": "present", "ttl": None}
    return read_wishes([{**defaults, **record} for record in case["records"]], case.get("zone"))


@pytest.mark.parametrize(("rdtype", "text", "value"), CASES["values"])
def test_a_value_has_one_spelling(rdtype: str, text: str, value: str) -> None:
    assert value_of(rdtype, text) == value


@pytest.mark.parametrize(("text", "rdtype", "zone", "name"), CASES["names"])
def test_a_name_is_absolute(text: str, rdtype: str, zone: str | None, name: str) -> None:
    assert owner_name(text, rdtype, zone) == name


@pytest.mark.parametrize("case", CASES["wrong"], ids=lambda case: case["says"][0])
def test_wrong_records_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(DnsRecordsError) as raised:
        wishes_of(case)
    for text in [*case["says"], "Nothing was changed."]:
        assert text in str(raised.value)


@pytest.mark.parametrize("case", CASES["snippets"], ids=lambda case: case["id"])
def test_a_snippet_is_for_people(case: dict[str, Any]) -> None:
    assert render(wishes_of(case), zones=case.get("zones")) == case["text"]


def test_a_text_longer_than_a_record_is_refused() -> None:
    assert len(value_of("TXT", "x" * 65279)) > 65279
    with pytest.raises(DnsRecordsError, match="65280 octets"):
        value_of("TXT", "x" * 65280)


labels = st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=2, max_size=4).map(".".join)
VALUES = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "MX": st.tuples(st.integers(0, 65535), names.filter(lambda name: not _is_address(name))).map(
        "{0[0]} {0[1]}".format
    ),
    "TLSA": st.binary(min_size=32, max_size=32).map(lambda digest: f"3 1 1 {digest.hex()}"),
    "TXT": st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=400).filter(
        lambda text: not text[0] == text[-1] == '"'
    ),
}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@st.composite
def wish_lists(draw: st.DrawFn) -> tuple[Wish, ...]:
    records = []
    for name, rdtype in draw(st.sets(st.tuples(names, st.sampled_from(sorted(VALUES))), max_size=4)):
        values = {value_of(rdtype, value): value for value in draw(st.lists(VALUES[rdtype], min_size=1, max_size=4))}
        hosts = {value.split(" ")[-1]: text for value, text in values.items()} if rdtype == "MX" else values
        state = draw(st.sampled_from(["present", "absent", "exact"]))
        ttl = draw(st.none() | st.integers(0, 2**31 - 1))
        records.append({"name": name, "type": rdtype, "values": list(hosts.values()), "state": state, "ttl": ttl})
    return read_wishes(records)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[tuple[str, str], RRset], tuple[Wish, ...]]:
    wishes = draw(wish_lists())
    current = {}
    for wish in wishes:
        others = {value_of(wish.rdtype, value) for value in draw(st.lists(VALUES[wish.rdtype], max_size=3))}
        mine = draw(st.sets(st.sampled_from([*wish.present, *wish.absent]))) if wish.present or wish.absent else set()
        if others | mine:
            current[wish.key] = RRset.of(wish.rdtype, draw(st.integers(0, 9)), others | mine)
    return current, wishes


@given(worlds())
def test_wishes_come_true_and_others_stay(world: tuple[dict[tuple[str, str], RRset], tuple[Wish, ...]]) -> None:
    current, wishes = world
    after = dict(current)
    for change in plan(current, wishes).changes:
        after.pop((change.name, change.rdtype), None)
        if change.after:
            after[change.name, change.rdtype] = change.after
    for wish in wishes:
        values = set(after[wish.key].values) if wish.key in after else set()
        assert set(wish.present) <= values
        assert not set(wish.absent) & values
        assert not wish.exact or values == set(wish.present)
        assert wish.ttl is None or not values or after[wish.key].ttl == wish.ttl
        before = set(current[wish.key].values) if wish.key in current else set()
        lost = before - values - set(wish.absent)
        hosts = {value.split(" ")[-1] for value in wish.present}
        assert wish.exact or all(wish.rdtype == "MX" and value.split(" ")[-1] in hosts for value in lost)
    assert not plan(after, wishes).changed


@given(wish_lists())
def test_a_snippet_is_a_zone_file(wishes: tuple[Wish, ...]) -> None:
    zone = dns.zone.from_text(render(wishes), origin=".", check_origin=False, relativize=False)
    found = {
        (name.to_text(), dns.rdatatype.to_text(rdataset.rdtype)): (rdataset.ttl, _values(rdataset))
        for name, node in zone.nodes.items()
        for rdataset in node.rdatasets
    }
    assert found == {
        wish.key: (3600 if wish.ttl is None else wish.ttl, set(wish.present)) for wish in wishes if wish.present
    }


def _values(rdataset: Any) -> set[str]:
    if rdataset.rdtype == dns.rdatatype.TXT:
        return {txt_value(b"".join(rdata.strings)) for rdata in rdataset}
    return {value_of(dns.rdatatype.to_text(rdataset.rdtype), rdata.to_text()) for rdata in rdataset}


@given(st.binary(max_size=3000))
def test_text_keeps_every_octet(data: bytes) -> None:
    zone = dns.zone.from_text(f"a. 60 IN TXT {txt_value(data)}\n", origin=".", check_origin=False, relativize=False)
    (rdata,) = zone.find_rdataset(dns.name.from_text("a."), "TXT")
    assert b"".join(rdata.strings) == data
    assert all(len(string) == 255 for string in rdata.strings[:-1])
