# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many DNS questions at once, each with an answer that says exactly what happened.

Nothing that DNS can say or fail to say is an exception here: a question always gets an `Answer`. Only settings that
cannot work (a nameserver whose own name does not resolve, no nameserver at all) raise `SettingsError`.

    async def exchangers() -> list[Answer]:
        resolver = await Resolver.create(Settings(nameservers=("192.0.2.53",)))
        return await resolver.ask_all([("example.com", "MX"), ("example.org", "MX")])

    answers = run(exchangers)

With an `AnswerCache` replies are kept beyond the resolver, for as long as their TTL allows.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from ansible.errors import AnsibleError

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.plugins.plugin_utils._answer_cache import AnswerCache

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.resolver
    import dns.version
except ImportError:
    DNSPYTHON_VERSION = (0, 0)
else:
    DNSPYTHON_VERSION = (dns.version.MAJOR, dns.version.MINOR)
    _ERRORS = (dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED)

T = TypeVar("T")

MINIMUM_DNSPYTHON = (2, 4)
EDNS_PAYLOAD = 1232  # the size that survives every path, agreed on the DNS flag day 2020
CONCURRENCY = 200  # questions under way at a time; many more make small resolvers drop some
_HEADER = 12  # bytes (RFC 1035 section 4.1.1)
_OPT_LENGTH = 11  # bytes of an OPT record without options


class Status(str, Enum):
    """What became of a question."""

    ANSWER = "answer"
    NXDOMAIN = "nxdomain"  # the name does not exist
    NODATA = "nodata"  # the name exists, a record of this type does not (RFC 2308)
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    NETWORK = "network"  # the server cannot be reached
    REFERRAL = "referral"  # the server knows nothing of the name and asks nobody else
    MALFORMED = "malformed"  # the reply cannot be understood
    RCODE = "rcode"  # another return code; `Attempt.text` names it

    @property
    def is_final(self) -> bool:
        """Say whether another server would say the same."""
        return self in (Status.ANSWER, Status.NXDOMAIN, Status.NODATA)


class SettingsError(AnsibleError):
    """The nameservers cannot be used as given."""


@dataclass(frozen=True)
class Settings:
    """How to ask. No `nameservers` means those of the system's resolver configuration.

    `timeout` is seconds for one attempt; after an attempt without a usable answer `retries` more are made, each with
    the next nameserver, and every nameserver is asked at least once.
    """

    nameservers: tuple[str, ...] = ()
    port: int = 53
    tcp: bool = False
    timeout: float = 3.0
    retries: int = 2
    concurrency: int = CONCURRENCY


@dataclass(frozen=True)
class Nameserver:
    """One server, by its address."""

    address: str
    port: int

    def __str__(self) -> str:
        return self.address if self.port == 53 else f"{self.address} port {self.port}"


@dataclass(frozen=True)
class Attempt:
    """One server's reply to a question, or why there was none."""

    server: Nameserver
    status: Status
    text: str = ""
    rcode: str = ""  # empty where no reply came

    def __str__(self) -> str:
        return f"{self.server}: {self.text or self.status.value}"


@dataclass(frozen=True)
class Reply:
    """A message of a server, and what it means."""

    status: Status
    text: str
    message: Any  # dns.message.QueryMessage
    chain: Any = None  # dns.message.ChainingResult; only of a final reply

    def as_attempt(self, server: Nameserver) -> Attempt:
        """Return who said what."""
        return Attempt(server, self.status, self.text, dns.rcode.to_text(self.message.rcode()))


@dataclass(frozen=True)
class Answer:
    """What was asked, what came back, and from whom."""

    name: str  # as asked
    rdtype: str
    status: Status
    attempts: tuple[Attempt, ...]
    records: tuple[Any, ...] = ()  # dns.rdata.Rdata
    canonical: str = ""  # where the aliases lead, lower case without final dot; the name itself without aliases
    is_alias: bool = False
    authenticated: bool = False  # the server says that DNSSEC proves it (AD, RFC 4035 section 3.2.3)
    ttl: int | None = None  # seconds; of a negative answer how long it holds (RFC 2308 section 5)

    @property
    def server(self) -> Nameserver:
        """Return the server that was asked last."""
        return self.attempts[-1].server

    def as_dict(self) -> dict[str, Any]:
        """Return what the lookups document about a question and its answer."""
        return {
            "name": self.name,
            "type": self.rdtype,
            "status": self.status.value,
            "rcode": self.attempts[-1].rcode or None,
            "authenticated": self.authenticated,
            "ttl": self.ttl,
            "server": str(self.server),
        }


#: Asks one question: an absolute name in ASCII and a record type.
Ask = Callable[[str, str], Awaitable[Answer]]


class Resolver:
    """Asks each question once, however often it is put, and no more than `Settings.concurrency` at a time."""

    def __init__(self, servers: Sequence[Nameserver], settings: Settings, cache: AnswerCache | None = None) -> None:
        """Take servers by address; `create` finds them."""
        self._servers = servers
        self._settings = settings
        self._cache = cache
        self._limit = asyncio.Semaphore(settings.concurrency)
        self._asked: dict[tuple[str, str], asyncio.Task[Answer]] = {}

    @classmethod
    async def create(cls, settings: Settings, cache: AnswerCache | None = None) -> Resolver:
        """Find the servers; raises SettingsError where there are none."""
        require_dnspython()
        names = settings.nameservers or _system_nameservers()
        found = await asyncio.gather(*(_server_addresses(name, settings.port) for name in names))
        return cls([server for servers in found for server in servers], settings, cache)

    async def ask(self, name: str, rdtype: str) -> Answer:
        """Ask one question; `name` is absolute, in ASCII, with or without the final dot."""
        key = (name.lower().removesuffix("."), rdtype)
        if key not in self._asked:
            self._asked[key] = asyncio.get_running_loop().create_task(self._ask(name, rdtype))
        answer = await self._asked[key]
        return answer if answer.name == name else replace(answer, name=name)

    async def ask_all(self, questions: Iterable[tuple[str, str]]) -> list[Answer]:
        """Ask many questions at once; the answers come in the order of the questions."""
        return list(await asyncio.gather(*(self.ask(name, rdtype) for name, rdtype in questions)))

    async def _ask(self, name: str, rdtype: str) -> Answer:
        try:
            absolute = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError) as exc:
            reason = f"DNS can have no such name ({str(exc) or type(exc).__name__})"
            return Answer(name, rdtype, Status.NXDOMAIN, (Attempt(self._servers[0], Status.NXDOMAIN, reason),))
        kept = self._kept(name, rdtype)
        if kept:
            return kept
        wanted = dns.rdatatype.from_text(rdtype)
        attempts: list[Attempt] = []
        for number in range(max(self._settings.retries + 1, len(self._servers))):
            server = self._servers[number % len(self._servers)]
            async with self._limit:
                attempt, reply = await self._attempt(server, absolute, wanted)
            attempts.append(attempt)
            if reply is not None and reply.status.is_final:
                answer = _answer(name, rdtype, attempts, reply)
                if self._cache and answer.ttl:
                    self._cache.put(name, rdtype, server, answer.ttl, reply.message)
                return answer
        return Answer(name, rdtype, attempts[-1].status, tuple(attempts))

    def _kept(self, name: str, rdtype: str) -> Answer | None:
        kept = self._cache.get(name, rdtype) if self._cache else None
        if kept is None:
            return None
        reply = _judge(kept.message)
        return replace(_answer(name, rdtype, [reply.as_attempt(kept.server)], reply), ttl=kept.seconds)

    async def _attempt(
        self, server: Nameserver, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> tuple[Attempt, Reply | None]:
        """Ask one server once. EDNS is left out in a second message where the server does not know it."""
        timeout = self._settings.timeout
        try:
            response = await asyncio.wait_for(self._exchange(server, _query(name, rdtype, edns=True)), timeout)
            if response.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP):
                response = await asyncio.wait_for(self._exchange(server, _query(name, rdtype, edns=False)), timeout)
            reply = _judge(response)
        except asyncio.TimeoutError:
            return Attempt(server, Status.TIMEOUT, f"no answer within {timeout:g} s"), None
        except EOFError:
            return Attempt(server, Status.NETWORK, "the connection was closed without an answer"), None
        except OSError as exc:
            # asyncio replaces the system's words by "Connect call failed".
            return Attempt(server, Status.NETWORK, os.strerror(exc.errno) if exc.errno else str(exc)), None
        except (dns.exception.DNSException, ValueError) as exc:
            reason = str(exc) or type(exc).__name__
            return Attempt(server, Status.MALFORMED, f"the reply cannot be understood ({reason})"), None
        return reply.as_attempt(server), reply

    async def _exchange(self, server: Nameserver, query: bytes) -> dns.message.QueryMessage:
        reply = await (_over_tcp if self._settings.tcp else _over_udp)(server, query)
        if _flags(reply) & dns.flags.TC and not self._settings.tcp:
            reply = await _over_tcp(server, query)
        response = dns.message.from_wire(_needed(reply), ignore_trailing=True)
        if not isinstance(response, dns.message.QueryMessage):
            raise dns.exception.FormError
        return response


def require_dnspython() -> None:
    """Raise AnsibleError where dnspython is missing or too old."""
    if DNSPYTHON_VERSION >= MINIMUM_DNSPYTHON:
        return
    found = ".".join(map(str, DNSPYTHON_VERSION)) + " is too old" if any(DNSPYTHON_VERSION) else "is missing"
    raise AnsibleError(
        f"The Python library dnspython {found} where Ansible itself runs; DNS cannot be asked. "
        "Install it into the same Python environment as Ansible with: pip install 'dnspython>=2.4'"
    )


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end, in a thread of its own where an event loop runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(lambda: asyncio.run(main())).result()


# Queries are written and replies received here, and only read by dnspython, because its own way there takes twice the
# time of the processor, which is what limits how many questions can be asked in a second.


def _query(name: dns.name.Name, rdtype: dns.rdatatype.RdataType, *, edns: bool) -> bytes:
    """Return a query (RFC 1035 section 4.1) with a random id.

    AD asks for AD in the reply, without the signatures that DO brings (RFC 6840 section 5.7).
    """
    flags = dns.flags.RD | dns.flags.AD
    header = struct.pack("!HHHHHH", secrets.randbelow(1 << 16), flags, 1, 0, 0, int(edns))
    # The OPT record of RFC 6891 section 6.1.2: the root, the type, the payload, and nothing else.
    opt = struct.pack("!BHHIH", 0, dns.rdatatype.OPT, EDNS_PAYLOAD, 0, 0) if edns else b""
    question = name.to_digestable() + struct.pack("!HH", rdtype, dns.rdataclass.IN)
    return header + question + opt


async def _over_udp(server: Nameserver, query: bytes) -> bytes:
    """Return the reply. What does not belong to the query is somebody else's, and passed over (CVE-2023-29483).

    Each query has a socket, and so a port, of its own; being connected, it takes datagrams of the server only.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as connected:
        connected.setblocking(False)
        connected.connect((server.address, server.port))
        await loop.sock_sendall(connected, query)
        while True:
            reply = await loop.sock_recv(connected, 65535)
            if _belongs(reply, query):
                return reply
            await asyncio.sleep(0)  # where more is waiting already, nothing else would get its turn, nor the time limit


async def _over_tcp(server: Nameserver, query: bytes) -> bytes:
    """Return the reply; raises EOFError where the server closes, and ValueError for a reply to something else."""
    reader, writer = await asyncio.open_connection(server.address, server.port)
    try:
        writer.write(struct.pack("!H", len(query)) + query)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        reply = await reader.readexactly(length)
    finally:
        writer.transport.abort()
    if not _belongs(reply, query):
        raise ValueError("it does not belong to the question")
    return reply


def _flags(message: bytes) -> int:
    return int.from_bytes(message[2:4], "big")


def _belongs(reply: bytes, query: bytes) -> bool:
    """Say whether a message is the reply to a query: same id, same question; an error may come without question."""
    if len(reply) < _HEADER or reply[:2] != query[:2] or not _flags(reply) & dns.flags.QR:
        return False
    questions = int.from_bytes(reply[4:6], "big")
    if questions == 0:
        return dns.rcode.Rcode(_flags(reply) & 0xF) in _ERRORS
    end = len(query) - _OPT_LENGTH * query[11]  # there is an OPT record, or none
    return questions == 1 and reply[_HEADER:end].lower() == query[_HEADER:end].lower()


def _needed(reply: bytes) -> bytes:
    """Return a reply without its additional records, which take long to read, where there are answers.

    Without answers, the return code may have its upper half there (RFC 6891 section 6.1.3).
    """
    return reply[:10] + b"\0\0" + reply[_HEADER:] if reply[6:8] != b"\0\0" else reply


def _answer(name: str, rdtype: str, attempts: Sequence[Attempt], reply: Reply) -> Answer:
    """Return the answer that a final reply gives."""
    chain = reply.chain
    return Answer(
        name=name,
        rdtype=rdtype,
        status=reply.status,
        attempts=tuple(attempts),
        records=tuple(chain.answer or ()),
        canonical=chain.canonical_name.to_text(omit_final_dot=True).lower(),
        is_alias=bool(chain.cnames),
        authenticated=bool(reply.message.flags & dns.flags.AD),
        # Without SOA a negative answer does not say how long it holds; dnspython then has the largest number.
        ttl=chain.minimum_ttl if chain.answer is not None or _has(reply.message, dns.rdatatype.SOA) else 0,
    )


def _judge(response: dns.message.QueryMessage) -> Reply:
    """Say what a response means; raises DNSException where it contradicts itself."""
    rcode = response.rcode()
    if rcode in (dns.rcode.SERVFAIL, dns.rcode.REFUSED):
        status = Status.SERVFAIL if rcode == dns.rcode.SERVFAIL else Status.REFUSED
        return Reply(status, dns.rcode.to_text(rcode), response)
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Reply(Status.RCODE, dns.rcode.to_text(rcode), response)
    chain = response.resolve_chaining()
    if rcode == dns.rcode.NXDOMAIN:
        return Reply(Status.NXDOMAIN, "NXDOMAIN", response, chain)
    if chain.answer is not None:
        return Reply(Status.ANSWER, "", response, chain)
    # An empty answer without SOA is "no such record" only from a server that asked on until there was nothing more to
    # find (RFC 2308 section 2.2); anything else would turn a wrong nameserver into a wrong fact about the domain.
    has_soa = _has(response, dns.rdatatype.SOA)
    has_ns = _has(response, dns.rdatatype.NS)
    is_resolver = bool(response.flags & dns.flags.RA)
    if not has_soa and (has_ns or (chain.cnames and not is_resolver)):
        return Reply(Status.REFERRAL, "it refers to other nameservers", response)
    return Reply(Status.NODATA, "no such record", response, chain)


def _has(response: dns.message.QueryMessage, rdtype: dns.rdatatype.RdataType) -> bool:
    return any(rrset.rdtype == rdtype for rrset in response.authority)


def _system_nameservers(filename: str = "/etc/resolv.conf") -> tuple[str, ...]:
    try:
        configured = dns.resolver.Resolver(filename).nameservers
    except (dns.exception.DNSException, OSError) as exc:
        raise SettingsError(
            "No nameserver is given, and the system's resolver configuration cannot be read "
            f"({str(exc) or type(exc).__name__}). Give nameservers."
        ) from exc
    servers = tuple(str(server) for server in configured)
    if not servers:
        raise SettingsError("No nameserver is given, and the system's resolver configuration names none.")
    return servers


async def _server_addresses(name: str, port: int) -> list[Nameserver]:
    """Return a nameserver's addresses; a name is resolved by the system."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        return [Nameserver(name, port)]
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise SettingsError(
            f"The nameserver {name!r} does not resolve ({reason}). Give its IP address, or correct the name."
        ) from exc
    return [Nameserver(address, port) for address in dict.fromkeys(str(info[4][0]) for info in infos)]
