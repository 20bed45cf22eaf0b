# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones made to do harm: whatever DNS says, an audit ends, soon, with findings and without a traceback.

Each zone is a number: what it answers to a question follows from the number and the question alone.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import time
from collections.abc import Callable
from typing import Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.TLSA
import dns.rdtypes.ANY.TXT
import pytest

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_domain import Domain, Host, Plan, audit
from ansible_collections.opendomino.mail.plugins.plugin_utils._network import FetchError, Network, NetworkSettings
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import (
    Answer,
    Attempt,
    Nameserver,
    Resolver,
    Settings,
    Status,
)
from dominolab.dns import serve

SERVER = Nameserver("192.0.2.53", 53)
DOMAIN = Domain(
    "example.com",
    (Host("mail01.example.com", ("192.0.2.11", "2001:db8::11"), "mail01.example.com"), Host("mail02.example.com")),
    ("a", "b"),
)
DOMAINS = (Domain("example.com", (), ("a",)), DOMAIN)  # hosts take most of the time, so every third zone has some
ZONES = 10_000
PARTS = 4
QUESTIONS = 3000  # that one zone may cause; the largest have thousands of addresses, names and terms
SIZE = 500_000  # bytes of one result

LABELS = (
    b"a b",
    b'"',
    b"\\",
    b"\xff\xfe",
    b"\0",
    b".",
    b"*",
    b"_x",
    b"x" * 63,
    b"-",
    b"\r\n",
    b"%{d}",
    b"example",
    b"com",
)


def name(chance: random.Random) -> dns.name.Name:
    """Return a name that nobody wants to see."""
    if chance.random() < 0.3:
        return dns.name.from_text(chance.choice(["example.com.", "mail01.example.com.", ".", "192.0.2.1.", "com."]))
    return dns.name.Name([chance.choice(LABELS) for _number in range(chance.randint(1, 3))] + [b""])


def spf(chance: random.Random) -> str:
    """Return something like an SPF record."""
    targets = [
        "example.com",
        "a.example",
        "%{d}.x.example",
        "%{i}",
        "%{p}.x",
        "%{s}%{s}",
        "x" * 70 + ".com",
        "a..b",
        "\xff.com",
    ]
    terms = [
        "all",
        "a",
        "mx",
        "ptr",
        "include:{}",
        "exists:{}",
        "redirect={}",
        "a:{}/{}",
        "mx:{}//{}",
        "ip4:{}",
        "ip6:{}/{}",
        "exp={}",
    ]
    count = chance.choice([1, 5, 20, 4000 if chance.random() < 0.02 else 3])
    made = [
        chance.choice("+-~? ").strip()
        + chance.choice(terms).replace("{}", chance.choice([*targets, "192.0.2.0", "999", ":"]), 1)
        for _number in range(count)
    ]
    return " ".join(["v=spf1", *made]).replace("{}", str(chance.randint(0, 200)))


def tagged(chance: random.Random, version: str) -> str:
    """Return something like a list of tags."""
    values = [
        "none",
        "reject",
        "y",
        "n",
        "",
        "mailto:a@b.example",
        "mailto:" + "x" * 300,
        "AAAA",
        "=",
        "\xff",
        "%",
        "1" * 400,
    ]
    tags = ["p", "sp", "rua", "ruf", "psd", "t", "k", "h", "s", "pct", "v", "id", "", "ü"]
    parts = [f"{chance.choice(tags)}={chance.choice(values)}" for _number in range(chance.randint(0, 12))]
    return chance.choice(["; ", ";", ";;", " "]).join([version, *parts])


def text(chance: random.Random) -> bytes:
    """Return a TXT record."""
    made: list[Callable[[], str]] = [
        lambda: spf(chance),
        lambda: tagged(chance, "v=DMARC1"),
        lambda: tagged(chance, "v=DKIM1"),
        lambda: tagged(chance, "v=STSv1"),
        lambda: tagged(chance, "v=TLSRPTv1"),
        lambda: "v=spf1 include:example.com redirect=example.com",
        lambda: "p=" + "A" * chance.choice([3, 4, 400]),
        lambda: "",
    ]
    if chance.random() < 0.1:
        return chance.randbytes(chance.choice([1, 100, 60_000 if chance.random() < 0.1 else 300]))
    return chance.choice(made)().encode("latin-1", "replace")


def record(chance: random.Random, rdtype: str) -> Any:
    """Return a record of a type."""
    internet = dns.rdataclass.IN
    if rdtype == "TXT":
        raw = text(chance)[:60_000]
        strings = [raw[n : n + 255] for n in range(0, len(raw), 255)] or [b""]
        return dns.rdtypes.ANY.TXT.TXT(internet, dns.rdatatype.TXT, strings)
    return chance.choice(POOLS[rdtype])


def pool(rdtype: str) -> list[Any]:
    """Return records of a type; made once, because making them takes longer than the audit."""
    chance = random.Random(rdtype)
    internet = dns.rdataclass.IN
    if rdtype == "MX":
        preferences = [0, 10, 65535]
        return [
            dns.rdtypes.ANY.MX.MX(internet, dns.rdatatype.MX, chance.choice(preferences), name(chance))
            for _number in range(500)
        ]
    if rdtype == "PTR":
        return [dns.rdtypes.ANY.PTR.PTR(internet, dns.rdatatype.PTR, name(chance)) for _number in range(500)]
    if rdtype == "TLSA":
        numbers = [0, 1, 2, 3, 255]
        return [
            dns.rdtypes.ANY.TLSA.TLSA(
                internet,
                dns.rdatatype.TLSA,
                *(chance.choice(numbers) for _number in range(3)),
                chance.randbytes(chance.choice([0, 32])),
            )
            for _number in range(200)
        ]
    form = "192.0.2.{}" if rdtype == "A" else "2001:db8::{:x}"
    return [dns.rdata.from_text("IN", rdtype, form.format(number)) for number in range(256)]


POOLS = {rdtype: pool(rdtype) for rdtype in ("A", "AAAA", "MX", "PTR", "TLSA")}


class HostileZone:
    """A zone of all names."""

    def __init__(self, number: int) -> None:
        """Take the number that all follows from."""
        self.number = number
        self.asked: dict[tuple[str, str], Answer] = {}

    async def ask(self, asked: str, rdtype: str) -> Answer:
        """Answer anything."""
        if (asked, rdtype) not in self.asked:
            assert len(self.asked) < QUESTIONS
            self.asked[asked, rdtype] = self._answer(asked, rdtype)
        return self.asked[asked, rdtype]

    def _answer(self, asked: str, rdtype: str) -> Answer:
        chance = random.Random(f"{self.number} {asked} {rdtype}")
        status = chance.choice(list(Status)) if chance.random() < 0.15 else Status.ANSWER
        count = chance.choice([1, 1, 2, 3, 30 if chance.random() < 0.05 else 1, 3000 if chance.random() < 0.002 else 1])
        records = tuple(record(chance, rdtype) for _number in range(count)) if status is Status.ANSWER else ()
        return Answer(
            asked,
            rdtype,
            status,
            (Attempt(SERVER, status),),
            records,
            canonical=chance.choice([asked, "elsewhere.example", "."]),
            is_alias=chance.random() < 0.1,
            authenticated=chance.random() < 0.5,
        )


class HostileWeb(Network):
    """A web server that sends anything."""

    async def fetch(self, host: str, path: str, addresses: Any) -> bytes:
        """Return anything."""
        chance = random.Random(f"{host} {path} {len(addresses)}")
        if chance.random() < 0.2:
            raise FetchError("no")
        lines = [
            "version: STSv1",
            "mode: enforce",
            "mx: *.example.com",
            "max_age: 1",
            "max_age: x",
            "\0",
            ":",
            "mx: \xff",
        ]
        body = "\n".join(chance.choice(lines) for _number in range(chance.choice([0, 4, 4000]))).encode("latin-1")
        return (b"version: STSv1\n" if chance.random() < 0.5 else b"") + body


@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_hostile_zones(part: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = (0.0, -1)

    async def run() -> None:
        nonlocal slowest
        network = HostileWeb(NetworkSettings())
        for number in range(part, ZONES, PARTS):
            started = time.process_time()
            result = await audit(HostileZone(number).ask, network, DOMAINS[number % 3 == 0], Plan())
            shown = json.dumps(result)
            slowest = max(slowest, (time.process_time() - started, number))
            assert len(shown) < SIZE, number
            for finding in result["findings"]:
                assert finding["found"], number
                assert finding["found"].isascii(), number
                assert len(finding["found"]) < 20_000, number

    asyncio.run(run())
    assert slowest[0] < 3, slowest
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


HOSTILE_RECORDS = [
    {"name": "huge.example", "type": "TXT", "text": ["v=spf1 " + "a:x.example " * 4000]},
    {"name": "huge.example", "type": "MX", "values": [f"1 m{number}.huge.example." for number in range(1500)]},
    {"name": "loop.example", "type": "TXT", "text": ["v=spf1 include:loop.example redirect=loop.example"]},
    {"name": "loop.example", "type": "MX", "values": ["1 alias.loop.example."]},
    {"name": "alias.loop.example", "type": "CNAME", "values": ["other.loop.example."]},
    {"name": "other.loop.example", "type": "CNAME", "values": ["alias.loop.example."]},
    {"name": "bytes.example", "type": "TXT", "values": ['"v=spf1 \\255\\254\\000 -all"', '"\\195\\040"']},
    {"name": "_dmarc.bytes.example", "type": "TXT", "values": ['"v=DMARC1; p=\\226\\040\\161"']},
    {"name": "names.example", "type": "MX", "values": [r"1 a\032b\"c\\.\255\000.example.", r"2 \..example."]},
    {"name": r"a\032b\"c\\.\255\000.example", "type": "A", "values": ["192.0.2.1"]},
    {"name": "numbers.example", "type": "TXT", "text": ["v=spf1 ip4:1.2.3.4/" + "9" * 5000, "v=spf1 a/" + "9" * 5000]},
    {"name": "_dmarc.numbers.example", "type": "TXT", "text": ["v=DMARC1; p=none; pct=" + "9" * 9999]},
]


def test_hostile_zones_over_real_dns() -> None:
    names = ["huge", "loop", "bytes", "names", "numbers"]

    async def run() -> list[dict[str, Any]]:
        server = await serve({"records": HOSTILE_RECORDS, "zones": ["example"]})
        try:
            resolver = await Resolver.create(Settings(nameservers=("127.0.0.1",), port=server.port, retries=0))
            network = Network(NetworkSettings(timeout=1))
            domains = [Domain(f"{label}.example", (), ("a",)) for label in names]
            return list(await asyncio.gather(*(audit(resolver.ask, network, domain, Plan()) for domain in domains)))
        finally:
            await server.close()

    results = dict(zip(names, asyncio.run(run()), strict=True))
    found = {label: {finding["id"] for finding in result["findings"]} for label, result in results.items()}
    assert {"mx_many", "spf_voids"} <= found["huge"]
    assert {"lookup_failed", "spf_lookups"} <= found["loop"]
    assert {"spf_invalid", "dmarc_invalid"} <= found["bytes"]
    assert {"spf_multiple", "dmarc_removed_tags"} <= found["numbers"]
    assert results["names"]["records"]["mx"][0]["addresses"] == ["192.0.2.1"]
    assert json.dumps(results).isascii()
