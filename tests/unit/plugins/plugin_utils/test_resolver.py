# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver against real DNS servers on loopback, right ones and wrong ones."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import yaml
from ansible.errors import AnsibleError

from ansible_collections.opendomino.mail.plugins.plugin_utils import _resolver
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Resolver, Settings, Status
from dominolab.dns import Server, serve

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
COLLECTIONS = Path(__file__).resolve().parents[4] / ".collections"
ONE_RECORD = {"records": [{"name": "example.com", "type": "A", "values": ["192.0.2.1"]}]}

Responder = Callable[[bytes], "bytes | None"]


@asynccontextmanager
async def lab(config: dict[str, Any]) -> AsyncIterator[Server]:
    """Run the lab's DNS server."""
    server = await serve(config)
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def wrong_server(respond: Responder) -> AsyncIterator[int]:
    """Run a UDP server that answers with whatever `respond` makes of a query; yields the port."""

    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            answer = respond(data)
            if answer is not None:
                self.transport.sendto(answer, addr)

    transport, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Protocol, local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def ask(port: int, *questions: tuple[str, str], **settings: Any) -> list[Answer]:
    """Ask the server on 127.0.0.1, or `nameservers`."""
    values = {"nameservers": ("127.0.0.1",), "port": port, "timeout": 5.0, **settings}
    return await (await Resolver.create(Settings(**values))).ask_all(questions)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_one_batch_tells_everything_apart(tcp: bool) -> None:
    async def run() -> tuple[list[Answer], int]:
        async with lab(CASES["config"]) as server:
            questions = [tuple(case["ask"]) for case in CASES["answers"]]
            return await ask(server.port, *questions, tcp=tcp, timeout=2.0, retries=0), server.port

    answers, port = asyncio.run(run())
    for case, answer in zip(CASES["answers"], answers, strict=True):
        assert [answer.name, answer.rdtype] == case["ask"]
        assert answer.status == case["status"], case["id"]
        assert sorted(map(str, answer.records)) == case.get("records", []), case["id"]
        assert answer.canonical == case.get("canonical", case["ask"][0] if answer.status.is_final else ""), case["id"]
        assert answer.is_alias is ("canonical" in case), case["id"]
        assert str(answer.attempts[-1]) == f"127.0.0.1 port {port}: {case['text']}", case["id"]


def test_a_question_is_asked_once() -> None:
    async def run() -> tuple[list[Answer], int]:
        async with lab(ONE_RECORD) as server:
            questions = [("example.com", "A"), ("example.org", "A"), ("EXAMPLE.com.", "A"), ("example.com", "A")]
            return await ask(server.port, *questions), len(server.queries)

    answers, asked = asyncio.run(run())
    assert [answer.status.value for answer in answers] == ["answer", "nxdomain", "answer", "answer"]
    assert asked == 2


def test_questions_run_side_by_side_but_not_all_of_them() -> None:
    count, seconds = 2 * _resolver.CONCURRENCY + 1, 0.2
    config = {"faults": [{"name": "*", "fault": "slow", "seconds": seconds}]}

    async def run() -> float:
        async with lab(config) as server:
            started = time.monotonic()
            answers = await ask(server.port, *((f"{n}.example.com", "A") for n in range(count)), timeout=30.0)
            assert all(answer.status is Status.NXDOMAIN for answer in answers)
            assert [answer.name for answer in answers] == [f"{n}.example.com" for n in range(count)]
            return time.monotonic() - started

    assert 3 * seconds <= asyncio.run(run()) < count * seconds / 2


@pytest.mark.parametrize(
    ("retries", "faults", "status", "attempts"),
    [
        (0, 1, Status.SERVFAIL, 1),
        (1, 1, Status.ANSWER, 2),
        (2, 2, Status.ANSWER, 3),
        (2, 3, Status.SERVFAIL, 3),
    ],
)
def test_retries(retries: int, faults: int, status: Status, attempts: int) -> None:
    config = {**ONE_RECORD, "faults": [{"name": "example.com", "fault": "servfail", "times": faults}]}

    async def run() -> Answer:
        async with lab(config) as server:
            return (await ask(server.port, ("example.com", "A"), retries=retries))[0]

    answer = asyncio.run(run())
    assert answer.status is status
    assert len(answer.attempts) == attempts


def test_the_next_nameserver_is_asked_each_at_least_once() -> None:
    refusing = {"address": "127.0.0.1", "faults": [{"name": "*", "fault": "refused"}]}

    async def run() -> Answer:
        async with (
            lab(refusing) as first,
            lab({**ONE_RECORD, "address": "127.0.0.2", "port": first.port}),
        ):
            servers = ("127.0.0.1", "127.0.0.2")
            return (await ask(first.port, ("example.com", "A"), nameservers=servers, retries=0))[0]

    answer = asyncio.run(run())
    assert [attempt.status for attempt in answer.attempts] == [Status.REFUSED, Status.ANSWER]
    assert answer.server.address == "127.0.0.2"


def test_a_name_that_does_not_exist_is_no_reason_to_ask_again() -> None:
    async def run() -> tuple[Answer, int]:
        async with lab(ONE_RECORD) as server:
            (answer,) = await ask(server.port, ("example.org", "A"), retries=5)
            return answer, len(server.queries)

    answer, asked = asyncio.run(run())
    assert (answer.status, asked) == (Status.NXDOMAIN, 1)


def test_a_long_answer_comes_over_tcp_and_ipv6_works() -> None:
    values = [f"{n} mail{n:03}.a-rather-long-label.example.com." for n in range(100)]
    config = {"address": "::1", "records": [{"name": "example.com", "type": "MX", "values": values}]}

    async def run() -> tuple[Answer, list[str]]:
        async with lab(config) as server:
            (answer,) = await ask(server.port, ("example.com", "MX"), nameservers=("::1",))
            return answer, [query.transport for query in server.queries]

    answer, transports = asyncio.run(run())
    assert len(answer.records) == 100
    assert transports == ["udp", "tcp"]


def test_a_nameserver_by_name() -> None:
    async def run() -> Answer:
        async with lab(ONE_RECORD) as server:
            return (await ask(server.port, ("example.com", "A"), nameservers=("localhost",)))[0]

    assert asyncio.run(run()).status is Status.ANSWER


def test_a_nameserver_whose_name_does_not_resolve() -> None:
    with pytest.raises(_resolver.SettingsError, match=r"nameserver 'ns\.invalid' does not resolve"):
        asyncio.run(ask(53, ("example.com", "A"), nameservers=("ns.invalid",)))


def test_the_systems_nameservers(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("search example.com\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n", encoding="utf-8")
    assert _resolver._system_nameservers(str(path)) == ("192.0.2.53", "2001:db8::53")
    with pytest.raises(_resolver.SettingsError, match="Give nameservers"):
        _resolver._system_nameservers(str(tmp_path / "missing"))


def test_a_port_where_nothing_listens() -> None:
    async def run() -> Answer:
        async with wrong_server(lambda _query: None) as port:
            pass
        return (await ask(port, ("example.com", "A"), tcp=True, retries=0))[0]

    answer = asyncio.run(run())
    assert answer.status is Status.NETWORK
    assert answer.attempts[0].text == "Connection refused"


def test_a_connection_closed_without_an_answer() -> None:
    async def run() -> Answer:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return (await ask(port, ("example.com", "A"), tcp=True, retries=0))[0]

    assert asyncio.run(run()).status is Status.NETWORK


def respond(wire: bytes, **flags: Any) -> dns.message.QueryMessage:
    """Make an empty response."""
    query = dns.message.from_wire(wire)
    assert isinstance(query, dns.message.QueryMessage)
    response = dns.message.make_response(query, recursion_available=flags.get("ra", False))
    assert isinstance(response, dns.message.QueryMessage)
    return response


def referral(wire: bytes) -> bytes:
    response = respond(wire)
    response.authority.append(dns.rrset.from_text("com.", 60, "IN", "NS", "a.gtld-servers.net."))
    return response.to_wire()


def alias_without_target(wire: bytes) -> bytes:
    response = respond(wire)
    response.answer.append(dns.rrset.from_text(response.question[0].name, 60, "IN", "CNAME", "elsewhere.example."))
    return response.to_wire()


def empty_without_soa(wire: bytes) -> bytes:
    return respond(wire, ra=True).to_wire()


def not_implemented(wire: bytes) -> bytes:
    response = respond(wire)
    response.set_rcode(dns.rcode.YXDOMAIN)
    return response.to_wire()


def without_edns(wire: bytes) -> bytes:
    query = dns.message.from_wire(wire)
    response = respond(wire, ra=True)
    if query.edns >= 0:
        response.use_edns(False)
        response.set_rcode(dns.rcode.FORMERR)
    else:
        response.answer.append(dns.rrset.from_text(response.question[0].name, 60, "IN", "A", "192.0.2.1"))
    return response.to_wire()


def answer_in_nxdomain(wire: bytes) -> bytes:
    response = respond(wire, ra=True)
    response.answer.append(dns.rrset.from_text(response.question[0].name, 60, "IN", "A", "192.0.2.1"))
    response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()


def error_without_question(wire: bytes) -> bytes:
    return wire[:2] + bytes([0x80, 2]) + bytes(8)  # SERVFAIL, and no section has anything


def answer_without_question(wire: bytes) -> bytes:
    return wire[:2] + bytes([0x80, 0]) + bytes(8)


def a_question_back(wire: bytes) -> bytes:
    return wire


def wrong_version(wire: bytes) -> bytes:
    response = respond(wire, ra=True)
    response.use_edns(0)
    response.set_rcode(dns.rcode.BADVERS)  # its upper half is in the OPT record
    return response.to_wire()


def additional_garbage(wire: bytes) -> bytes:
    response = respond(wire, ra=True)
    response.answer.append(dns.rrset.from_text(response.question[0].name, 60, "IN", "A", "192.0.2.1"))
    plain = response.to_wire()
    return plain[:10] + b"\0\5" + plain[12:] + b"garbage"


@pytest.mark.parametrize(
    ("responder", "status"),
    [
        (referral, Status.REFERRAL),
        (alias_without_target, Status.REFERRAL),
        (empty_without_soa, Status.NODATA),
        (not_implemented, Status.RCODE),
        (without_edns, Status.ANSWER),
        (answer_in_nxdomain, Status.MALFORMED),
        (error_without_question, Status.SERVFAIL),
        (answer_without_question, Status.TIMEOUT),
        (a_question_back, Status.TIMEOUT),
        (wrong_version, Status.RCODE),
        (additional_garbage, Status.ANSWER),
    ],
    ids=lambda value: getattr(value, "__name__", getattr(value, "value", "")),
)
def test_servers_of_all_kinds(responder: Responder, status: Status) -> None:
    async def run() -> Answer:
        async with wrong_server(responder) as port:
            return (await ask(port, ("example.com", "A"), retries=0, timeout=0.5))[0]

    assert asyncio.run(run()).status is status


@pytest.mark.parametrize("garbage", [b"", b"x", b"\xff" * 40])
def test_garbage_is_no_answer(garbage: bytes) -> None:
    async def run() -> Answer:
        async with wrong_server(lambda wire: wire[:2] + garbage) as port:
            return (await ask(port, ("example.com", "A"), retries=0, timeout=0.3))[0]

    answer = asyncio.run(run())
    assert not answer.status.is_final
    assert not answer.records


def test_an_answer_to_another_question_is_not_taken() -> None:
    def other(_wire: bytes) -> bytes:
        query = dns.message.make_query("example.org", "A")
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text("example.org.", 60, "IN", "A", "192.0.2.66"))
        return response.to_wire()

    async def run() -> Answer:
        async with wrong_server(other) as port:
            return (await ask(port, ("example.com", "A"), retries=0, timeout=0.3))[0]

    answer = asyncio.run(run())
    assert answer.status is Status.TIMEOUT
    assert not answer.records


@pytest.mark.parametrize("change", [0, 13, -1], ids=["id", "name", "class"])
def test_a_reply_must_match_in_every_part(change: int) -> None:
    """One wrong byte in front of a right reply, and the right one is taken (CVE-2023-29483)."""

    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            response = respond(data, ra=True)
            end = len(response.to_wire())
            response.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "A", "192.0.2.66"))
            forged = bytearray(response.to_wire())
            forged[change if change >= 0 else end - 12] ^= 1
            self.transport.sendto(bytes(forged), addr)
            response.answer = [dns.rrset.from_text("example.com.", 60, "IN", "A", "192.0.2.1")]
            self.transport.sendto(response.to_wire(), addr)

    async def run() -> Answer:
        loop = asyncio.get_running_loop()
        transport, _protocol = await loop.create_datagram_endpoint(Protocol, local_addr=("127.0.0.1", 0))
        try:
            return (await ask(transport.get_extra_info("sockname")[1], ("example.com", "A"), retries=0))[0]
        finally:
            transport.close()

    answer = asyncio.run(run())
    assert [str(record) for record in answer.records] == ["192.0.2.1"]


def test_a_reply_over_tcp_that_belongs_to_something_else() -> None:
    async def serve_wrongly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        response = respond(query, ra=True)
        response.id ^= 1
        wire = response.to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()
        writer.close()

    async def run() -> Answer:
        server = await asyncio.start_server(serve_wrongly, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return (await ask(port, ("example.com", "A"), tcp=True, retries=0))[0]

    assert asyncio.run(run()).status is Status.MALFORMED


def test_a_port_where_nothing_listens_is_noticed_at_once() -> None:
    async def run() -> tuple[Answer, float]:
        async with wrong_server(lambda _query: None) as port:
            pass
        started = time.monotonic()
        answer = (await ask(port, ("example.com", "A"), retries=0, timeout=5.0))[0]
        return answer, time.monotonic() - started

    answer, seconds = asyncio.run(run())
    assert answer.status is Status.NETWORK
    assert seconds < 2


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", ".".join(["x" * 60] * 5)])
def test_a_name_that_dns_cannot_have(name: str) -> None:
    async def run() -> tuple[Answer, int]:
        async with lab(ONE_RECORD) as server:
            return (await ask(server.port, (name, "A")))[0], len(server.queries)

    answer, asked = asyncio.run(run())
    assert (answer.status, asked) == (Status.NXDOMAIN, 0)
    assert answer.attempts[0].text.startswith("DNS can have no such name")


@pytest.mark.parametrize("name", [r"a\000b.example.com", r"a\032\"b.example.com", r"a\.b.example.com"])
def test_odd_names_are_asked_for_as_they_are(name: str) -> None:
    config = {"records": [{"name": name, "type": "A", "values": ["192.0.2.1"]}]}

    async def run() -> Answer:
        async with lab(config) as server:
            return (await ask(server.port, (name, "A")))[0]

    assert asyncio.run(run()).status is Status.ANSWER


def test_what_dnssec_proves() -> None:
    config = {**ONE_RECORD, "authenticated": ["example.com"]}

    async def run() -> list[Answer]:
        async with lab(config) as server:
            return await ask(server.port, ("example.com", "A"), ("example.com", "MX"), ("example.org", "A"))

    answers = asyncio.run(run())
    assert [answer.authenticated for answer in answers] == [True, True, False]
    assert [answer.ttl for answer in answers] == [300, 60, 60]


def test_run_where_a_loop_runs_already() -> None:
    async def inner() -> int:
        await asyncio.sleep(0)
        return 7

    async def outer() -> int:
        return _resolver.run(inner)

    assert asyncio.run(outer()) == 7
    assert _resolver.run(inner) == 7


def test_without_dnspython() -> None:
    """The module can be imported, and says what to install."""
    program = (
        "import sys; sys.modules['dns'] = None\n"
        "from ansible_collections.opendomino.mail.plugins.lookup.mx import LookupModule\n"
        "try: LookupModule().run(['example.com'])\n"
        "except Exception as exc: print(type(exc).__name__, exc)\n"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(COLLECTIONS), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert "AnsibleError The Python library dnspython is missing" in done.stdout, done.stderr
    assert "pip install 'dnspython>=2.4'" in done.stdout


def test_with_an_old_dnspython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_resolver, "DNSPYTHON_VERSION", (2, 3))
    with pytest.raises(AnsibleError, match=r"dnspython 2\.3 is too old"):
        _resolver.require_dnspython()
