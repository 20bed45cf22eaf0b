# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's DNS server, asked over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
import yaml

from dominolab.dns import ConfigError, Data, Server, host_records, serve

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "test_dns.yml").read_text(encoding="utf-8"))


async def ask(server: Server, name: str, rdtype: str, **options: Any) -> dns.message.Message:
    """Ask over UDP, or over TCP with `tcp`."""
    query = dns.message.make_query(name, rdtype, use_edns=options.get("edns", False))
    transport = dns.asyncquery.tcp if options.get("tcp") else dns.asyncquery.udp
    return await transport(query, server.address, port=server.port, timeout=options.get("timeout", 2))


def section(rrsets: list[Any]) -> list[str]:
    """Return a section as sorted `name type value` lines."""
    return sorted(f"{rrset.name} {rrset.rdtype.name} {rdata}" for rrset in rrsets for rdata in rrset)


@pytest.mark.parametrize("case", CASES["answers"], ids=lambda case: str(case["id"]))
def test_answer(case: dict[str, Any]) -> None:
    async def run() -> dns.message.Message:
        server = await serve(CASES["config"])
        try:
            return await ask(server, *case["ask"])
        finally:
            await server.close()

    message = asyncio.run(run())
    assert dns.rcode.to_text(message.rcode()) == case.get("rcode", "NOERROR")
    assert section(message.answer) == case.get("answer", [])
    assert section(message.additional) == case.get("additional", [])
    assert [f"{r.name} {r.rdtype.name}" for r in message.authority] == case.get("authority", [])
    assert message.flags & dns.flags.RA
    assert message.flags & dns.flags.QR


@pytest.mark.parametrize("case", CASES["wrong_configurations"], ids=lambda case: str(case["id"]))
def test_wrong_configuration(case: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=case["error"]):
        Data.from_config(case["config"])


@pytest.mark.parametrize("address", ["127.0.0.53", "::1"])
def test_long_answer_is_truncated_over_udp_and_whole_over_tcp(address: str) -> None:
    values = [f"{n} mail{n:03}.a-rather-long-label.example.com." for n in range(100)]
    config = {"address": address, "records": [{"name": "example.com", "type": "MX", "values": values}]}

    async def run() -> tuple[dns.message.Message, dns.message.Message]:
        server = await serve(config)
        try:
            udp = await ask(server, "example.com", "MX", edns=True)
            return udp, await ask(server, "example.com", "MX", tcp=True)
        finally:
            await server.close()

    udp, tcp = asyncio.run(run())
    assert udp.flags & dns.flags.TC
    assert not udp.answer
    assert udp.edns == 0
    assert not tcp.flags & dns.flags.TC
    assert len(tcp.answer[0]) == 100


def test_faults() -> None:
    config = {
        "records": [{"name": "example.com", "type": "A", "values": ["192.0.2.1"]}],
        "faults": [
            {"name": "servfail.example.com", "fault": "servfail"},
            {"name": "refused.example.com", "type": "MX", "fault": "refused"},
            {"name": "drop.example.com", "fault": "drop"},
            {"name": "example.com", "type": "AAAA", "fault": "truncate"},
            {"name": "example.com", "type": "A", "fault": "slow", "seconds": 1, "times": 1},
        ],
    }

    async def run() -> None:
        server = await serve(config)
        try:
            assert (await ask(server, "servfail.example.com", "A")).rcode() == dns.rcode.SERVFAIL
            assert (await ask(server, "refused.example.com", "MX")).rcode() == dns.rcode.REFUSED
            assert (await ask(server, "refused.example.com", "A")).rcode() == dns.rcode.NXDOMAIN
            with pytest.raises(dns.exception.Timeout):
                await ask(server, "drop.example.com", "A", timeout=0.2)
            assert (await ask(server, "example.com", "AAAA")).flags & dns.flags.TC
            assert not (await ask(server, "example.com", "AAAA", tcp=True)).flags & dns.flags.TC
            started = time.monotonic()
            slow = asyncio.create_task(ask(server, "example.com", "A"))
            await asyncio.sleep(0.05)
            assert (await ask(server, "example.com", "A")).answer  # one slow answer holds up no other
            assert time.monotonic() - started < 1
            assert (await slow).answer
            assert time.monotonic() - started >= 1
        finally:
            await server.close()

    asyncio.run(run())


def test_a_lame_server_points_upwards_and_a_wrong_id_is_no_answer() -> None:
    config = {
        "records": [{"name": "example.com", "type": "A", "values": ["192.0.2.1"]}],
        "faults": [
            {"name": "lame.example.com", "fault": "lame"},
            {"name": "example.com", "type": "A", "fault": "wrong_id", "times": 1},
        ],
    }

    async def run() -> None:
        server = await serve(config)
        try:
            lame = await ask(server, "lame.example.com", "A")
            assert lame.rcode() == dns.rcode.NOERROR
            assert not lame.flags & (dns.flags.AA | dns.flags.RA)
            assert section(lame.authority) == [". NS a.root-servers.net."]
            with pytest.raises(dns.query.BadResponse):
                await ask(server, "example.com", "A")
            assert (await ask(server, "example.com", "A")).answer
        finally:
            await server.close()

    asyncio.run(run())


def test_who_asks_hears_which_answers_are_authenticated() -> None:
    config = {
        "records": [
            {"name": "example.com", "type": "CNAME", "values": ["www.example.org."]},
            {"name": "www.example.org", "type": "A", "values": ["192.0.2.1"]},
            {"name": "example.net", "type": "TXT", "values": ["signed"]},
        ],
        "authenticated": ["example.com", "example.net"],
    }
    data = Data.from_config(config)

    def is_authenticated(name: str, rdtype: str, **options: Any) -> bool:
        query = dns.message.make_query(name, rdtype, **options)
        return bool(data.answer(query).flags & dns.flags.AD)

    flags = dns.flags.RD | dns.flags.AD
    assert is_authenticated("example.net", "TXT", flags=flags)
    assert is_authenticated("example.net", "TXT", want_dnssec=True)
    assert is_authenticated("nobody.example.net", "TXT", flags=flags)
    assert not is_authenticated("example.net", "TXT")
    assert not is_authenticated("www.example.org", "A", flags=flags)
    assert not is_authenticated("example.com", "A", flags=flags)  # it leads to a zone that is not signed


def test_long_texts_are_split() -> None:
    text = 'k="' + "x" * 600 + "\\"
    data = Data.from_config({"records": [{"name": "example.com", "type": "TXT", "text": [text]}]})
    (answer,) = data.answer(dns.message.make_query("example.com", "TXT")).answer
    assert [len(string) for string in answer[0].strings] == [255, 255, 94]
    assert b"".join(answer[0].strings).decode() == text


def test_what_is_no_question_is_refused_or_ignored() -> None:
    def update() -> bytes:
        query = dns.message.make_query("example.com", "A")
        query.set_opcode(dns.opcode.NOTIFY)
        return query.to_wire()

    async def exchange(server: Server, wire: bytes) -> bytes | None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect((server.address, server.port))
            await loop.sock_sendall(client, wire)
            try:
                return await asyncio.wait_for(loop.sock_recv(client, 4096), 0.2)
            except asyncio.TimeoutError:
                return None

    async def run() -> None:
        server = await serve({"records": []})
        header = struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0)
        try:
            assert await exchange(server, b"short") is None
            assert await exchange(server, struct.pack("!HHHHHH", 7, 0x8000, 0, 0, 0, 0)) is None
            garbage = await exchange(server, header + b"\xff" * 40)
            assert garbage is not None
            assert garbage[:2] == header[:2]
            assert garbage[3] & 0x0F == dns.rcode.FORMERR
            notify = await exchange(server, update())
            assert notify is not None
            assert dns.message.from_wire(notify).rcode() == dns.rcode.NOTIMP
            empty = await exchange(server, struct.pack("!HHHHHH", 7, 0, 0, 0, 0, 0))
            assert empty is not None
            assert empty[3] & 0x0F == dns.rcode.FORMERR
        finally:
            await server.close()

    asyncio.run(run())


def test_questions_are_remembered() -> None:
    async def run() -> list[tuple[str, str, str]]:
        server = await serve({"records": []})
        try:
            await ask(server, "Example.com", "MX")
            await ask(server, "example.com", "A", tcp=True)
            return [(q.name, q.rdtype, q.transport) for q in server.queries]
        finally:
            await server.close()

    assert asyncio.run(run()) == [("Example.com.", "MX", "udp"), ("example.com.", "A", "tcp")]


def test_host_records() -> None:
    assert host_records("mail01.example.com", "127.0.0.11") == [
        {"name": "mail01.example.com", "type": "A", "ttl": 300, "values": ["127.0.0.11"]},
        {"name": "11.0.0.127.in-addr.arpa.", "type": "PTR", "ttl": 300, "values": ["mail01.example.com."]},
    ]
    assert [r["type"] for r in host_records("mail01.example.com.", "::1")] == ["AAAA", "PTR"]


def wait_for(path: Path, generation: int) -> dict[str, Any]:
    """Return the handshake once it has the generation."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if path.exists():
            handshake: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if handshake["generation"] >= generation:
                return handshake
        time.sleep(0.02)
    raise AssertionError(f"{path} does not reach generation {generation}")


def test_process_serves_reads_again_and_stops(tmp_path: Path) -> None:
    config, handshake = tmp_path / "dns.json", tmp_path / "handshake.json"

    def write(address: str) -> None:
        records = [{"name": "mail01.example.com", "type": "A", "values": [address]}]
        config.write_text(json.dumps({"port": 0, "handshake": str(handshake), "records": records}), encoding="utf-8")

    def resolve(port: int) -> str:
        query = dns.message.make_query("mail01.example.com", "A")
        response = asyncio.run(dns.asyncquery.udp(query, "127.0.0.1", port=port, timeout=2))
        return str(response.answer[0][0])

    write("127.0.0.11")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    command = [sys.executable, "-m", "dominolab.dns", str(config)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            ready = wait_for(handshake, 1)
            assert ready["pid"] == process.pid
            assert resolve(ready["port"]) == "127.0.0.11"
            write("127.0.0.12")
            process.send_signal(signal.SIGHUP)
            assert wait_for(handshake, 2)["port"] == ready["port"]
            assert resolve(ready["port"]) == "127.0.0.12"
            write("not an address")
            process.send_signal(signal.SIGHUP)
            assert process.stderr is not None
            assert "The former records stay" in process.stderr.readline()
            assert resolve(ready["port"]) == "127.0.0.12"
        finally:
            process.terminate()
        assert process.wait(10) == 0
    assert not handshake.exists()


@pytest.mark.parametrize(
    ("content", "error"), [("{", "Expecting"), ('{"records": [{"name": "a"}]}', "missing keys: type")]
)
def test_process_refuses_a_wrong_file(tmp_path: Path, content: str, error: str) -> None:
    config = tmp_path / "dns.json"
    config.write_text(content, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    command = [sys.executable, "-m", "dominolab.dns", str(config)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert error in done.stderr
