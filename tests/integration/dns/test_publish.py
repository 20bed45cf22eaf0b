# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module dns_records changes the zones of a real BIND."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
import yaml

from ansible_collections.opendomino.mail.tests.integration.dns._servers import (
    ZONES,
    Liar,
    forward,
    free_port,
    is_update,
)
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.integration.dns._servers import Bind, Unbound

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "publish.yml").read_text(encoding="utf-8"))
REFUSED = yaml.safe_load((HERE / "refused.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_records_are_published(case: dict[str, Any], bind: Bind) -> None:
    if "before" in case:
        prepared = run_module("dns_records", {**bind.options(), "records": case["before"]})
        assert prepared.get("changed"), prepared
    arguments = {**bind.options(), **case.get("options", {}), "records": case["records"]}
    serials = {zone: bind.serial(zone) for zone in ZONES}
    check = run_module("dns_records", arguments, check=True, diff=True)
    assert check.get("changed") is True, check
    assert {zone: bind.serial(zone) for zone in ZONES} == serials
    done = run_module("dns_records", arguments, diff=True)
    assert {key: done[key] for key in ("changed", "changes", "diff", "zones")} == {
        key: check[key] for key in ("changed", "changes", "diff", "zones")
    }
    assert done["zones"] == case.get("zones", done["zones"])
    for name, rdtype, values in case["after"]:
        assert bind.records(name, rdtype) == values or (not values and name.endswith("wild.example.com"))
    again = run_module("dns_records", arguments, diff=True)
    assert again["changed"] is False, again
    assert again["changes"] == again["diff"] == []


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["id"])
def test_refusals_say_why(case: dict[str, Any], bind: Bind) -> None:
    serials = {zone: bind.serial(zone) for zone in ZONES if zone not in case.get("changes", [])}
    arguments = {**bind.options(), **case.get("options", {}), "records": case["records"]}
    result = run_module("dns_records", arguments)
    assert result["failed"], result
    assert result["reason"] == case["reason"], result["msg"]
    for text in [*case["says"], "127.0.0.1" if case["reason"] != "key" else ""]:
        assert text in result["msg"]
    assert {zone: bind.serial(zone) for zone in serials} == serials
    for _algorithm, secret in bind.keys.values():
        assert secret not in str(result)


@pytest.mark.parametrize("bits", [256, 384, 512])
@pytest.mark.parametrize("tcp", [True, False], ids=["tcp", "udp"])
def test_every_algorithm_and_transport(bits: int, tcp: bool, bind: Bind) -> None:
    name = f"key{bits}-{tcp}.example.com".lower()
    # Longer than a datagram, so that an answer over UDP is truncated.
    text = "v=DKIM1; k=rsa; p=" + "A" * 2000
    arguments = {
        **bind.options(f"update-{bits}"),
        "tcp": tcp,
        "records": [{"name": name, "type": "TXT", "values": [text]}],
    }
    assert run_module("dns_records", arguments)["changed"]
    (value,) = bind.records(name, "TXT")
    strings = value.strip('"').split('" "')
    assert [len(string) for string in strings] == [255] * 7 + [233]
    assert "".join(strings) == text
    assert not run_module("dns_records", arguments)["changed"]


def test_text_in_other_strings_is_the_same_text(bind: Bind) -> None:
    arguments = {**bind.options(), "records": [{"name": "split.example.com", "type": "TXT"}]}
    arguments["records"][0]["values"] = ["some-text-in-strings"]
    assert not run_module("dns_records", arguments)["changed"]
    arguments["records"][0]["values"] = ["another"]
    assert run_module("dns_records", arguments)["changed"]
    assert bind.records("split.example.com", "TXT") == ['"another"', '"some-text-" "in-strings"']


@pytest.fixture
def records() -> list[dict[str, Any]]:
    """Return what the tests of a busy zone publish."""
    return [{"name": "busy.example.com", "type": "MX", "values": ["10 mail01.example.com"]}]


def publish_through(liar: Liar, bind: Bind, records: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Publish with a server in between."""
    try:
        return run_module("dns_records", {**bind.options(), "port": liar.port, "records": records, **options})
    finally:
        liar.close()


@pytest.mark.parametrize("there", [True, False], ids=["changed", "made"])
def test_a_change_made_meanwhile_is_a_conflict_and_not_lost(
    there: bool, bind: Bind, records: list[dict[str, Any]]
) -> None:
    name = f"busy-{there}.example.com".lower()
    records[0].update(name=name, state="exact")
    meanwhile = {**records[0], "values": ["20 mail02.example.com"], "state": "present"}
    if there:
        run_module("dns_records", {**bind.options(), "records": [{**records[0], "values": ["30 mail03.example.com"]}]})

    def script(wire: bytes, _transport: str) -> bytes:
        if is_update(wire):
            assert run_module("dns_records", {**bind.options(), "records": [meanwhile]})["changed"]
        return forward(wire, bind.port)

    result = publish_through(Liar(script), bind, records)
    assert result["failed"], result
    assert result["reason"] == "conflict"
    assert "changed by somebody else meanwhile" in result["msg"]
    assert "Nothing was changed." in result["msg"]
    others = ["20 mail02.example.com.", "30 mail03.example.com."][: 2 if there else 1]
    assert bind.records(name, "MX") == others
    assert run_module("dns_records", {**bind.options(), "records": records})["changed"]
    assert bind.records(name, "MX") == ["10 mail01.example.com."]


def test_single_records_are_added_to_what_was_changed_meanwhile(bind: Bind, records: list[dict[str, Any]]) -> None:
    records[0]["name"] = "added.example.com"
    others = ["20 mail02.example.com", "30 mail03.example.com"]
    asked = []

    def script(wire: bytes, _transport: str) -> bytes:
        if is_update(wire):
            asked.append(wire)
            if others:
                meanwhile = {**records[0], "values": [others.pop()]}
                assert run_module("dns_records", {**bind.options(), "records": [meanwhile]})["changed"]
        return forward(wire, bind.port)

    result = publish_through(Liar(script), bind, records)
    assert len(asked) == 3
    assert result["changed"], result
    (change,) = result["changes"]
    assert change["before"] == ["20 mail02.example.com.", "30 mail03.example.com."]
    assert bind.records("added.example.com", "MX") == change["after"] == ["10 mail01.example.com.", *change["before"]]


def test_hosts_that_publish_at_once_lose_nothing(bind: Bind) -> None:
    hosts = [f"mail{number:02}.example.org" for number in range(8)]

    def publish(host: str) -> dict[str, Any]:
        record = {"name": "fleet.example.com", "type": "MX", "values": [f"10 {host}"]}
        return run_module("dns_records", {**bind.options(), "records": [record]})

    with ThreadPoolExecutor(len(hosts)) as pool:
        results = list(pool.map(publish, hosts))
    assert all(result.get("changed") for result in results), results
    assert bind.records("fleet.example.com", "MX") == [f"10 {host}." for host in hosts]


def test_what_another_host_publishes_right_after_hides_no_change(bind: Bind, records: list[dict[str, Any]]) -> None:
    others: list[dict[str, Any]] = []
    records[0]["name"] = "shared.example.com"

    def script(wire: bytes, _transport: str) -> bytes:
        answer = forward(wire, bind.port)
        if is_update(wire):
            other = {**records[0], "values": ["10 other.example.org"]}
            others.append(run_module("dns_records", {**bind.options(), "records": [other]}))
        return answer

    result = publish_through(Liar(script), bind, records)
    assert result.get("changed"), result
    assert [other["changed"] for other in others] == [True]
    assert bind.records("shared.example.com", "MX") == ["10 mail01.example.com.", "10 other.example.org."]


def test_no_answer_to_an_update_is_an_open_end(bind: Bind, records: list[dict[str, Any]]) -> None:
    def script(wire: bytes, _transport: str) -> bytes | None:
        answer = forward(wire, bind.port)
        return None if is_update(wire) else answer

    records[0]["name"] = "open.example.com"
    result = publish_through(Liar(script), bind, records)
    assert result["reason"] == "unknown", result
    assert "Whether the change was made is not known" in result["msg"]
    assert "Nothing was changed" not in result["msg"]
    assert bind.records("open.example.com", "MX") == ["10 mail01.example.com."]


def test_a_yes_without_signature_is_not_believed(bind: Bind, records: list[dict[str, Any]]) -> None:
    def script(wire: bytes, _transport: str) -> bytes:
        if not is_update(wire):
            return forward(wire, bind.port)
        return wire[:2] + bytes([0xA8, 0, 0, 0, 0, 0, 0, 0, 0, 0])

    result = publish_through(Liar(script), bind, records)
    assert result["reason"] == "badsig", result
    assert "without a signature" in result["msg"]


def test_a_change_that_does_not_show_is_an_error(bind: Bind, records: list[dict[str, Any]]) -> None:
    # A server behind the same address that has the zone as well, but takes the update nowhere.
    answers: dict[bytes, bytes] = {}

    def script(wire: bytes, _transport: str) -> bytes:
        if is_update(wire):
            return wire[:2] + bytes([0xA8, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        return answers.setdefault(wire, forward(wire, bind.port))

    result = publish_through(Liar(script), bind, records, key_name=None, key_secret=None, timeout=1)
    assert result["reason"] == "not_shown", result
    assert "busy.example.com. MX" in result["msg"]


@pytest.mark.parametrize(
    ("rcode", "reason"),
    [("SERVFAIL", "servfail"), ("NOTIMP", "notimp"), ("FORMERR", "formerr"), ("NOTAUTH", "notauth")],
)
def test_what_a_server_may_say_to_an_update(rcode: str, reason: str, bind: Bind, records: list[dict[str, Any]]) -> None:
    def script(wire: bytes, _transport: str) -> bytes:
        if not is_update(wire):
            return forward(wire, bind.port)
        return wire[:2] + bytes([0xA8, dns.rcode.from_text(rcode), 0, 0, 0, 0, 0, 0, 0, 0])

    result = publish_through(Liar(script), bind, records)
    assert result["reason"] == reason, result
    assert rcode in result["msg"]
    assert "Nothing was changed." in result["msg"]


def test_clocks_that_differ(bind: Bind, records: list[dict[str, Any]], tmp_path: Path) -> None:
    late = "import time\n\nnow = time.time\ntime.time = lambda: now() - 3600\n"
    (tmp_path / "sitecustomize.py").write_text(late, encoding="ascii")
    path = os.pathsep.join([str(tmp_path), str(HERE.parents[2] / ".collections")])
    result = run_module("dns_records", {**bind.options(), "records": records}, env={"PYTHONPATH": path})
    assert result["reason"] == "badtime", result
    assert "clocks" in result["msg"]


def test_a_server_that_does_not_answer(bind: Bind, records: list[dict[str, Any]]) -> None:
    liar = Liar(lambda _wire, _transport: None, seconds=3)
    result = publish_through(liar, bind, records, timeout=0.5)
    assert result["reason"] == "timeout", result
    assert "within 0.5 seconds" in result["msg"]
    assert "Nothing was changed." in result["msg"]


def test_a_server_that_cannot_be_reached(bind: Bind, records: list[dict[str, Any]]) -> None:
    result = run_module("dns_records", {**bind.options(), "port": free_port(), "records": records})
    assert result["reason"] == "network", result
    assert "Connection refused" in result["msg"]


def test_a_cache_is_not_asked(unbound: Unbound, bind: Bind, records: list[dict[str, Any]]) -> None:
    result = run_module("dns_records", {"server": "127.0.0.1", "port": unbound.port, "records": records})
    assert result["failed"], result
    assert "Nothing was changed." in result["msg"]
    assert result["reason"] in ("notauth", "refused")


def test_what_is_published_validates(bind: Bind, unbound: Unbound) -> None:
    name = "secure.signed.test"
    record = {"name": f"_25._tcp.{name}", "type": "TLSA", "values": ["3 1 1 " + "ab" * 32]}
    assert run_module("dns_records", {**bind.options(), "records": [record]})["changed"]
    query = dns.message.make_query(record["name"], "TLSA", want_dnssec=True)
    response = dns.query.udp(query, "127.0.0.1", 10, unbound.port)
    assert response.flags & dns.flags.AD
    assert [rrset.rdtype.name for rrset in response.answer] == ["TLSA", "RRSIG"]
