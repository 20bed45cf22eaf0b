# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lookup mx makes of all that DNS can say, told by real servers and by one that fails on purpose."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import forked
import pytest

from ansible_collections.opendomino.mail.tests.integration.dns._servers import Liar, free_port
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.opendomino.mail.tests.integration.dns._servers import Bind, Unbound

ROOT = Path(__file__).resolve().parents[3]
LOOKUP = ROOT / "tests" / "unit" / "plugins" / "lookup" / "run_lookup.py"
EXCHANGER = "192.0.2.25"


def mx(domain: str, port: int, **options: Any) -> dict[str, Any]:
    """Return what the lookup says of a domain, loaded as Ansible loads it."""
    settings = {"nameservers": ["127.0.0.1"], "port": port, "timeout": 1, "retries": 0, "cache": False, "full": True}
    case = {"terms": [domain], "options": {**settings, "on_error": "return", **options}}
    done = forked.run(
        [str(LOOKUP), str(ROOT / ".collections"), "opendomino.mail.mx"],
        {**os.environ, "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible")},
        imports=["ansible.plugins.loader", "dns.resolver"],
        given=json.dumps([case]).encode(),
        timeout=60,
    )
    assert done.returncode == 0, done.errors.decode()
    (outcome,) = json.loads(done.output)
    (result,) = outcome["result"]
    return dict(result)


@pytest.mark.parametrize(
    ("domain", "status", "reason", "authenticated"),
    [
        ("example.com", "found", None, False),
        ("web.example.com", "implicit", None, False),
        ("nosuch.example.com", "error", "nxdomain", False),
        ("other.wild.example.com", "error", "nodata", False),
        ("nosuch.signed.test", "error", "nxdomain", True),
        ("mail01.signed.test", "implicit", None, True),
        ("bogus.test", "error", "servfail", False),
    ],
)
def test_a_validating_resolver(
    domain: str, status: str, reason: str | None, authenticated: bool, unbound: Unbound
) -> None:
    result = mx(domain, unbound.port, timeout=5)
    assert (result["status"], result["reason"]) == (status, reason), result
    assert result["dns"][0]["authenticated"] is authenticated


def test_mail_of_a_signed_domain(bind: Bind, unbound: Unbound) -> None:
    record = {"name": "mail.signed.test", "type": "MX", "values": ["10 mail01.signed.test"]}
    assert run_module("dns_records", {**bind.options(), "records": [record]})["changed"]
    result = mx("mail.signed.test", unbound.port, timeout=20)
    assert result["names"] == ["mail01.signed.test"], result
    assert result["addresses"] == ["192.0.2.11"]
    assert all(answer["authenticated"] for answer in result["dns"])


def test_a_server_that_serves_its_own_zones_only(bind: Bind) -> None:
    assert mx("example.net", bind.port)["reason"] == "refused"


def test_a_server_that_refers_to_others(bind: Bind) -> None:
    result = mx("child.example.com", bind.port)
    assert result["reason"] == "referral", result


def right(query: dns.message.Message) -> dns.message.Message:
    """Return the answer of a server in order."""
    response = dns.message.make_response(query, recursion_available=True)
    name, rdtype = query.question[0].name, query.question[0].rdtype.name
    text = {"MX": "10 mx.example.org.", "A": EXCHANGER}.get(rdtype)
    if text:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", rdtype, text))
    else:
        soa = "ns.example.org. hostmaster.example.org. 1 3600 600 86400 60"
        response.authority.append(dns.rrset.from_text("example.org.", 60, "IN", "SOA", soa))
    return response


def with_rcode(rcode: str) -> Callable[[bytes, str], bytes]:
    def script(wire: bytes, _transport: str) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(wire), recursion_available=True)
        response.set_rcode(dns.rcode.from_text(rcode))
        return response.to_wire()

    return script


def lame(wire: bytes, _transport: str) -> bytes:
    """Point upwards, as a server does that a zone is delegated to and that knows nothing of it."""
    response = dns.message.make_response(dns.message.from_wire(wire))
    response.authority.append(dns.rrset.from_text(".", 60, "IN", "NS", "a.root-servers.net."))
    return response.to_wire()


def truncated(wire: bytes, transport: str) -> bytes:
    query = dns.message.from_wire(wire)
    if transport == "tcp":
        return right(query).to_wire()
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return response.to_wire()


def wrong_id(wire: bytes, _transport: str) -> bytes:
    response = right(dns.message.from_wire(wire))
    response.id ^= 1
    return response.to_wire()


def another_question(wire: bytes, _transport: str) -> bytes:
    query = dns.message.from_wire(wire)
    other = dns.message.make_query("other.example.org.", query.question[0].rdtype, id=query.id)
    return right(other).to_wire()


def in_order(wire: bytes, _transport: str) -> bytes:
    return right(dns.message.from_wire(wire)).to_wire()


def silent(_wire: bytes, _transport: str) -> None:
    return None


@pytest.mark.parametrize(
    ("script", "reason", "says"),
    [
        (with_rcode("SERVFAIL"), "servfail", "SERVFAIL"),
        (with_rcode("REFUSED"), "refused", "REFUSED"),
        (with_rcode("NXDOMAIN"), "nxdomain", "NXDOMAIN"),
        (with_rcode("NOERROR"), "nodata", "neither MX nor address records"),
        (with_rcode("YXDOMAIN"), "rcode", "YXDOMAIN"),
        (silent, "timeout", "within 1 s"),
        (lame, "referral", "refers to other nameservers"),
        (wrong_id, "timeout", "within 1 s"),
        (another_question, "timeout", "within 1 s"),
    ],
    ids=["servfail", "refused", "nxdomain", "nodata", "yxdomain", "silent", "lame", "wrong id", "wrong question"],
)
def test_each_failure_is_told_from_the_others(script: Callable[[bytes, str], Any], reason: str, says: str) -> None:
    liar = Liar(script)
    try:
        result = mx("example.org", liar.port)
    finally:
        liar.close()
    assert (result["status"], result["reason"]) == ("error", reason), result
    assert says in result["error"]
    assert result["names"] == []


def test_nobody_listens() -> None:
    result = mx("example.org", free_port())
    assert result["reason"] == "network", result


def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    liar = Liar(truncated)
    try:
        result = mx("example.org", liar.port)
    finally:
        liar.close()
    assert result["status"] == "found"
    assert result["addresses"] == [EXCHANGER]
    assert sorted(set(liar.asked)) == ["tcp", "udp"]


def test_a_slow_server_is_waited_for() -> None:
    liar = Liar(in_order, seconds=0.05)
    try:
        started = time.monotonic()
        result = mx("example.org", liar.port)
        seconds = time.monotonic() - started
    finally:
        liar.close()
    assert result["addresses"] == [EXCHANGER]
    assert seconds > 0.1  # the addresses are asked for after the MX records
