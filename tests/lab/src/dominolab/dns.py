# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DNS around the lab: one loopback server, authoritative for the lab's zones and the resolver of its hosts.

It answers over UDP and TCP, tells a name that does not exist (NXDOMAIN) from one without such a record (NODATA), with
the zone's SOA in the authority section (RFC 2308), follows CNAMEs, adds the addresses of mail exchangers, and says
"recursion available", because the resolvers of the lab's hosts ask it for everything. A name in no zone does not exist.

Run it with `python -m dominolab.dns CONFIG`; CONFIG is JSON:

    {"address": "127.0.0.53", "port": 0, "handshake": "handshake.json",
     "zones": ["example.com"],
     "records": [{"name": "example.com", "type": "MX", "ttl": 300, "values": ["10 mail01.example.com."]}],
     "faults": [{"name": "slow.example.com", "type": "*", "fault": "slow", "seconds": 1, "times": 1}]}

Values are written as in a zone file, names in them always absolute. A TXT record may have `text` in their place, a list
of texts, each split into strings as long as they may be. Without `zones`, a zone is the last two labels of each name.
`authenticated` lists zones whose answers DNSSEC proves, as a validating resolver says to those who ask (AD).
SIGHUP reads the file again; one that is wrong is reported and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import struct
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset

from dominolab import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FAULTS = ("servfail", "refused", "drop", "truncate", "slow", "lame", "wrong_id")
UDP_PAYLOAD = 1232  # what EDNS clients and servers agree on since the DNS flag day 2020
PLAIN_UDP_PAYLOAD = 512  # RFC 1035 section 4.2.1
NEGATIVE_TTL = 60
CNAME_LIMIT = 16
STRING_LENGTH = 255  # RFC 1035 section 3.3.14


@dataclass(frozen=True)
class _RecordEntry:
    """A record of the configuration: `values` as in a zone file, or the `text` of a TXT record."""

    name: str
    type: str
    values: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    ttl: int = 300


@dataclass(frozen=True)
class _FaultEntry:
    """A fault of the configuration; `*` is every name, or every type."""

    fault: str
    name: str = "*"
    type: str = "*"
    seconds: float = 1.0
    times: int | None = None


@dataclass(frozen=True)
class _Configuration:
    """The configuration file."""

    address: str = "127.0.0.1"
    port: int = 0
    handshake: str = ""
    zones: tuple[str, ...] | None = None
    records: tuple[_RecordEntry, ...] = ()
    faults: tuple[_FaultEntry, ...] = ()
    authenticated: tuple[str, ...] = ()


class ConfigError(ValueError):
    """The configuration is wrong; the text says which part and why."""


@dataclass
class Fault:
    """A way to answer wrongly. `times` counts down; None never ends."""

    name: dns.name.Name | None  # None: every name
    rdtype: dns.rdatatype.RdataType | None  # None: every type
    kind: str
    seconds: float = 1.0
    times: int | None = None

    def applies(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> bool:
        """Say whether a question meets this fault."""
        return self.times != 0 and self.name in (None, name) and self.rdtype in (None, rdtype)


@dataclass(frozen=True)
class Query:
    """One question that the server was asked."""

    name: str  # as asked, with the final dot
    rdtype: str
    transport: str  # udp or tcp


@dataclass
class Data:
    """The zones, their records, and the faults."""

    zones: dict[dns.name.Name, dns.rrset.RRset]  # apex -> SOA
    records: dict[dns.name.Name, dict[dns.rdatatype.RdataType, dns.rrset.RRset]]
    faults: list[Fault]
    #: every name that has records or stands above one that has
    names: set[dns.name.Name] = field(default_factory=set)
    #: apexes whose answers are authenticated
    authenticated: frozenset[dns.name.Name] = frozenset()
    #: what was answered to a query, without its id: the question, the seconds it took, and the reply
    known: dict[tuple[str, bytes], tuple[Query, float, bytes]] = field(default_factory=dict)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Data:
        """Read `zones`, `records` and `faults`; raises ConfigError."""
        configuration = _configuration(config)
        records: dict[dns.name.Name, dict[dns.rdatatype.RdataType, dns.rrset.RRset]] = {}
        for entry in configuration.records:
            rrset = _rrset(entry)
            at_name = records.setdefault(rrset.name, {})
            if rrset.rdtype in at_name:
                for rdata in rrset:
                    at_name[rrset.rdtype].add(rdata)
            else:
                at_name[rrset.rdtype] = rrset
        for name, at_name in records.items():
            if dns.rdatatype.CNAME in at_name and len(at_name) > 1:
                raise ConfigError(
                    f"{name} has a CNAME and other records; RFC 1034 section 3.6.2 allows only one of them"
                )
        given = configuration.zones
        apexes = [_name(zone) for zone in given] if given is not None else {_apex(name) for name in records}
        zones = {apex: _soa(apex, records) for apex in apexes}
        for apex, soa in zones.items():
            records.setdefault(apex, {})[dns.rdatatype.SOA] = soa
        data = cls(zones, records, [_fault(entry) for entry in configuration.faults])
        data.authenticated = frozenset(_name(zone) for zone in configuration.authenticated)
        for name in records:
            if data.zone_of(name) is None:
                raise ConfigError(f"{name} lies in none of the zones {', '.join(sorted(map(str, zones)))}")
            while name != dns.name.root:
                data.names.add(name)
                name = name.parent()
        return data

    def zone_of(self, name: dns.name.Name) -> dns.name.Name | None:
        """Return the apex of the closest zone around a name."""
        while True:
            if name in self.zones:
                return name
            if name == dns.name.root:
                return None
            name = name.parent()

    def lookup(self, name: dns.name.Name) -> dict[dns.rdatatype.RdataType, dns.rrset.RRset] | None:
        """Return the records at a name, those of a wildcard above it (RFC 4592), or None: the name does not exist."""
        if name in self.names:
            return self.records.get(name, {})
        encloser = name
        while encloser != dns.name.root:
            encloser = encloser.parent()
            if encloser in self.names:
                wildcard = self.records.get(dns.name.Name((b"*", *encloser.labels)))
                if wildcard is None:
                    return None
                return {t: dns.rrset.from_rdata_list(name, rrset.ttl, list(rrset)) for t, rrset in wildcard.items()}
        return None

    def answer(self, query: dns.message.QueryMessage) -> dns.message.Message:
        """Answer one question as a resolver with all zones at hand would, AD set where it is due and asked for."""
        response = self._answer(query)
        asks = bool(query.flags & dns.flags.AD) or bool(query.ednsflags & dns.flags.DO)
        names = [query.question[0].name, *(rrset.name for rrset in response.answer)]
        is_error = response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
        if asks and not is_error and all(self.zone_of(name) in self.authenticated for name in names):
            response.flags |= dns.flags.AD
        return response

    def _answer(self, query: dns.message.QueryMessage) -> dns.message.Message:
        question = query.question[0]
        response = dns.message.make_response(query, recursion_available=True, our_payload=UDP_PAYLOAD)
        is_transfer = dns.rdatatype.is_metatype(question.rdtype) and not _is_any(question)
        if question.rdclass != dns.rdataclass.IN or is_transfer:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        name = question.name
        for _ in range(CNAME_LIMIT):
            found = self.lookup(name)
            if found is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                response.authority.append(self.soa_for(name))
                return response
            alias = found.get(dns.rdatatype.CNAME)
            if alias is None or question.rdtype == dns.rdatatype.CNAME or _is_any(question):
                break
            response.answer.append(alias)
            name = alias[0].target
        else:
            response = dns.message.make_response(query, recursion_available=True, our_payload=UDP_PAYLOAD)
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        matching = [rrset for rdtype, rrset in found.items() if _is_any(question) or rdtype == question.rdtype]
        response.answer.extend(matching)
        if not matching:
            response.authority.append(self.soa_for(name))
        response.additional.extend(self._addresses(matching))
        return response

    def soa_for(self, name: dns.name.Name) -> dns.rrset.RRset:
        """Return the SOA that a negative answer carries; the root's where the name lies in no zone."""
        apex = self.zone_of(name)
        return _soa(dns.name.root, {}) if apex is None else self.zones[apex]

    def _addresses(self, rrsets: Iterable[dns.rrset.RRset]) -> list[dns.rrset.RRset]:
        """Return the addresses of the hosts that MX, NS and SRV records name."""
        targets: dict[dns.name.Name, None] = {}
        for rrset in rrsets:
            for rdata in rrset:
                target = {"MX": "exchange", "NS": "target", "SRV": "target"}.get(rrset.rdtype.name)
                if target:
                    targets[getattr(rdata, target)] = None
        found = [self.lookup(target) or {} for target in targets]
        return [f[t] for f in found for t in (dns.rdatatype.A, dns.rdatatype.AAAA) if t in f]


class Server:
    """A running server. `queries` holds the latest questions, oldest first."""

    def __init__(self, data: Data, address: str) -> None:
        self.data = data
        self.address = address
        self.port = 0
        self.queries: deque[Query] = deque(maxlen=100_000)
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> None:
        """Listen on one port for UDP and TCP; 0 lets the kernel choose one that is free for both."""
        loop = asyncio.get_running_loop()
        for attempt in range(50):
            self._udp, _protocol = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=(self.address, port)
            )
            chosen = int(self._udp.get_extra_info("sockname")[1])
            try:
                self._tcp = await asyncio.start_server(self._serve_stream, self.address, chosen)
            except OSError:
                self._udp.close()
                if port or attempt == 49:
                    raise
            else:
                self.port = chosen
                return

    async def close(self) -> None:
        """Stop listening and drop what is being answered."""
        if self._udp:
            self._udp.close()
        if self._tcp:
            self._tcp.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tcp:
            await self._tcp.wait_closed()

    def received(self, wire: bytes, peer: Any) -> None:
        """Answer a datagram in its own time, so that a slow answer holds up no other."""
        task = asyncio.get_running_loop().create_task(self._serve_datagram(wire, peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_datagram(self, wire: bytes, peer: Any) -> None:
        answer = await self._respond(wire, "udp")
        if answer is not None and self._udp and not self._udp.is_closing():
            self._udp.sendto(answer, peer)

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = await self._respond(await reader.readexactly(length), "tcp")
                if answer is not None:
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the server closes
        finally:
            writer.close()

    async def _respond(self, wire: bytes, transport: str) -> bytes | None:
        """Answer a message. The same query gets the same reply, without looking again, while no fault can end."""
        data = self.data
        known = data.known.get((transport, wire[2:]))
        if known is None:
            return await self._respond_anew(data, wire, transport)
        asked, seconds, reply = known
        self.queries.append(asked)
        await asyncio.sleep(seconds)
        return wire[:2] + reply

    async def _respond_anew(self, data: Data, wire: bytes, transport: str) -> bytes | None:
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return _format_error(wire)
        if query.flags & dns.flags.QR:
            return None  # an answer, not a question
        if not isinstance(query, dns.message.QueryMessage) or query.opcode() != dns.opcode.QUERY:
            return _with_rcode(query, dns.rcode.NOTIMP).to_wire()
        if len(query.question) != 1:
            return _with_rcode(query, dns.rcode.FORMERR).to_wire()
        name, rdtype = query.question[0].name, query.question[0].rdtype
        asked = Query(name.to_text(), dns.rdatatype.to_text(rdtype), transport)
        self.queries.append(asked)
        fault = next((f for f in data.faults if f.applies(name, rdtype)), None)
        if fault is not None and fault.times is not None and not (fault.kind == "truncate" and transport == "tcp"):
            fault.times -= 1
        if fault is not None and fault.kind == "drop":
            return None
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind in ("servfail", "refused"):
            return _with_rcode(query, dns.rcode.from_text(fault.kind)).to_wire()
        if fault is not None and fault.kind == "lame":
            return _lame(query).to_wire()
        response = data.answer(query)
        if fault is not None and fault.kind == "wrong_id":
            response.id ^= 1
        reply = _to_wire(query, response, transport, truncate=fault is not None and fault.kind == "truncate")
        if fault is None or (fault.kind == "slow" and fault.times is None):
            data.known[transport, wire[2:]] = (asked, fault.seconds if fault else 0, reply[2:])
        return reply


def _to_wire(query: dns.message.Message, response: dns.message.Message, transport: str, *, truncate: bool) -> bytes:
    if transport == "tcp":
        return response.to_wire(max_size=65535)
    if truncate:
        return _truncated(response)
    size = max(PLAIN_UDP_PAYLOAD, min(query.payload, UDP_PAYLOAD)) if query.edns >= 0 else PLAIN_UDP_PAYLOAD
    try:
        return response.to_wire(max_size=size)
    except dns.exception.TooBig:
        return _truncated(response)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Server) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._server.received(data, addr)


async def serve(config: Mapping[str, Any]) -> Server:
    """Start a server; `address` and `port` default to 127.0.0.1 and a free port. Raises ConfigError and OSError."""
    configuration = _configuration(config)
    server = Server(Data.from_config(config), configuration.address)
    await server.start(configuration.port)
    return server


def host_records(host_name: str, address: str, ttl: int = 300) -> list[dict[str, Any]]:
    """Return the A or AAAA record of a host and its PTR record, as entries of `records`."""
    reverse = dns.reversename.from_address(address)
    return [
        {"name": host_name, "type": "AAAA" if ":" in address else "A", "ttl": ttl, "values": [address]},
        {"name": reverse.to_text(), "type": "PTR", "ttl": ttl, "values": [host_name.rstrip(".") + "."]},
    ]


def _name(text: str) -> dns.name.Name:
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, UnicodeError) as exc:
        raise ConfigError(f"{text!r} is not a domain name: {exc}") from exc


def _configuration(config: Mapping[str, Any]) -> _Configuration:
    try:
        return entries.read(_Configuration, config, "configuration")
    except entries.EntryError as exc:
        raise ConfigError(str(exc)) from None


def _rrset(entry: _RecordEntry) -> dns.rrset.RRset:
    values = [*map(_strings, entry.text), *entry.values]
    if not values:
        raise ConfigError(f"record {entry.name} {entry.type} has no 'values'")
    name, root = _name(entry.name), dns.name.root
    try:
        return dns.rrset.from_text_list(name, entry.ttl, "IN", entry.type, values, origin=root, relativize=False)
    except (dns.exception.DNSException, ValueError) as exc:
        what = f"record {entry.name} {entry.type} {', '.join(values)}"
        raise ConfigError(f"{what}: {str(exc) or type(exc).__name__}") from exc


def _strings(text: str) -> str:
    """Return a text as a zone file has it, in strings."""
    parts = [text[n : n + STRING_LENGTH] for n in range(0, len(text), STRING_LENGTH)]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


def _fault(entry: _FaultEntry) -> Fault:
    if entry.fault not in FAULTS:
        raise ConfigError(f"fault {entry.fault!r} is none of {', '.join(FAULTS)}")
    try:
        wanted_type = None if entry.type == "*" else dns.rdatatype.from_text(entry.type)
    except dns.exception.DNSException as exc:
        raise ConfigError(f"fault {entry.fault}: {entry.type!r} is not a record type") from exc
    wanted_name = None if entry.name == "*" else _name(entry.name)
    return Fault(wanted_name, wanted_type, entry.fault, entry.seconds, entry.times)


def _apex(name: dns.name.Name) -> dns.name.Name:
    return name.split(min(3, len(name)))[1]


def _soa(
    apex: dns.name.Name, records: Mapping[dns.name.Name, Mapping[dns.rdatatype.RdataType, dns.rrset.RRset]]
) -> dns.rrset.RRset:
    given = records.get(apex, {}).get(dns.rdatatype.SOA)
    if given is not None:
        return given
    text = f"ns.lab.invalid. hostmaster.lab.invalid. 1 3600 600 86400 {NEGATIVE_TTL}"
    return dns.rrset.from_text(apex, NEGATIVE_TTL, "IN", "SOA", text)


def _is_any(question: dns.rrset.RRset) -> bool:
    return question.rdtype == dns.rdatatype.ANY


def _with_rcode(query: dns.message.Message, rcode: dns.rcode.Rcode) -> dns.message.Message:
    response = dns.message.make_response(query, recursion_available=True, our_payload=UDP_PAYLOAD)
    response.set_rcode(rcode)
    return response


def _lame(query: dns.message.Message) -> dns.message.Message:
    """Answer as a server does that the zone was delegated to and that does not know it: it points upwards."""
    response = dns.message.make_response(query, our_payload=UDP_PAYLOAD)
    response.authority.append(dns.rrset.from_text(dns.name.root, NEGATIVE_TTL, "IN", "NS", "a.root-servers.net."))
    return response


def _truncated(response: dns.message.Message) -> bytes:
    response.answer, response.authority, response.additional = [], [], []
    response.flags |= dns.flags.TC
    return response.to_wire()


def _format_error(wire: bytes) -> bytes | None:
    """Answer what cannot be read with FORMERR, and not at all what has no header or is an answer itself."""
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    flags = dns.flags.QR | dns.rcode.FORMERR
    return wire[:2] + struct.pack("!HHHHH", flags, 0, 0, 0, 0)


def _write_handshake(path: Path, server: Server, generation: int) -> None:
    """Write atomically; `generation` grows each time that the configuration is read."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    handshake = {"address": server.address, "port": server.port, "pid": os.getpid(), "generation": generation}
    temporary.write_text(json.dumps(handshake) + "\n", encoding="utf-8")
    temporary.replace(path)


async def _run(path: Path) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    server = await serve(config)
    handshake = Path(config["handshake"]) if config.get("handshake") else None
    generation = 1
    stopped = asyncio.Event()

    def read_again() -> None:
        nonlocal generation
        try:
            server.data = Data.from_config(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as exc:
            print(f"{path}: {exc}. The former records stay.", file=sys.stderr, flush=True)
            return
        generation += 1
        if handshake:
            _write_handshake(handshake, server, generation)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, read_again)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if handshake:
        _write_handshake(handshake, server, generation)
    await stopped.wait()
    await server.close()
    if handshake:
        with contextlib.suppress(FileNotFoundError):
            handshake.unlink()


def main(arguments: list[str] | None = None) -> int:
    """Run the server in the foreground until SIGTERM."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        print("usage: python -m dominolab.dns CONFIG", file=sys.stderr)
        return 2
    try:
        asyncio.run(_run(Path(given[0])))
    except (OSError, ValueError) as exc:
        print(f"{given[0]}: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
