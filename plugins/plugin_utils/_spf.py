# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPF (RFC 7208): reading a record, and finding out what it says about an address.

    verdict = await check(resolver.ask, ip_address("192.0.2.11"), "example.com")
    verdict.result  # Result.PASS

Without an address nothing matches, so that everything a record can ask for is asked for: this finds the records that
are over the limits for those senders who need the most lookups.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Ask
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import shown, texts

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LOOKUPS = 10  # terms that ask DNS, in one check (section 4.6.4)
VOIDS = 2  # of these, how many may find nothing (section 4.6.4)
NAMES = 10  # mail exchangers in one `mx`, host names in one `ptr` (section 4.6.4)
NAME_LENGTH = 253

_VERSION = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
_DIRECTIVE = re.compile(r"([+?~-]?)([A-Za-z0-9]+)([:/].*)?")
_MACRO = re.compile(r"%\{([slodiphcrtv])([0-9]*)(r?)([.+,/_=-]*)\}|%([%_-])|([!-$&-~])", re.IGNORECASE)
_PREFIXES = re.compile(r"(.*?)(?:/(0|[1-9][0-9]*))?(?://(0|[1-9][0-9]*))?")
_TOP_LABEL = re.compile(r"\.(?![0-9]+$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$")
_ASKS = ("include", "a", "mx", "ptr", "exists", "redirect")
_QUALIFIERS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


class Result(str, Enum):
    """The results of a check (section 2.6)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class SpfError(Exception):
    """A check ends here. `problem` is multiple, syntax, lookups, voids, names, nothing or unanswered."""

    def __init__(self, problem: str, text: str, answer: Answer | None = None) -> None:
        """Take a sentence, and the answer that is missing."""
        super().__init__(text)
        self.problem = problem
        self.answer = answer


@dataclass(frozen=True)
class Term:
    """A mechanism with its qualifier, or a modifier (without one)."""

    text: str
    name: str  # lower case
    value: str = ""  # a domain-spec, or the address of ip4 and ip6
    qualifier: str = ""
    prefix4: int = 32
    prefix6: int = 128

    @property
    def asks(self) -> bool:
        """Say whether it counts as a lookup."""
        return self.name in _ASKS


@dataclass(frozen=True)
class Verdict:
    """What a domain says about an address."""

    result: Result
    record: str = ""
    term: str = ""  # the term of `record` that decided
    problem: str = ""  # as in SpfError
    text: str = ""  # a sentence about the problem
    answer: Answer | None = None  # that is missing
    lookups: int = 0
    voids: int = 0


@functools.lru_cache(maxsize=128)
def parse(record: str) -> tuple[Term, ...]:
    """Return the terms of a record, mechanisms first; raises SpfError."""
    terms = [_term(text) for text in record.split(" ")[1:] if text]
    modifiers = [term for term in terms if not term.qualifier]
    for name in ("redirect", "exp"):
        if sum(term.name == name for term in modifiers) > 1:
            raise SpfError("syntax", f"{name}= stands there more than once")
    return tuple([term for term in terms if term.qualifier] + modifiers)


def spf_records(answer: Answer) -> list[str]:
    """Return the SPF records among the TXT records of an answer (section 4.5)."""
    return [text for text in texts(answer) if _VERSION.match(text)]


async def check(ask: Ask, address: Address | None, domain: str, helo: str = "", sender: str = "") -> Verdict:
    """Evaluate the record of a domain (`check_host()`, section 4)."""
    evaluation = _Evaluation(ask, address, helo or domain, sender or f"postmaster@{domain}")
    record, term = "", ""
    try:
        record = await evaluation.record(domain)
        result, term = await evaluation.evaluate(domain, record) if record else (Result.NONE, "")
    except SpfError as exc:
        result = Result.TEMPERROR if exc.problem == "unanswered" else Result.PERMERROR
        record = record or evaluation.first_record
        return Verdict(result, record, "", exc.problem, str(exc), exc.answer, evaluation.lookups, evaluation.voids)
    return Verdict(result, record, term, lookups=evaluation.lookups, voids=evaluation.voids)


class _Evaluation:
    """One check, with what it has used of its limits."""

    def __init__(self, ask: Ask, address: Address | None, helo: str, sender: str) -> None:
        mapped = getattr(address, "ipv4_mapped", None)
        self._ask = ask
        self._address: Address | None = mapped or address
        self._helo = helo
        self._local, _at, self._sender_domain = sender.rpartition("@")
        self._validated: list[str] | None = None
        self.lookups = 0
        self.voids = 0
        self.first_record = ""

    async def record(self, domain: str) -> str:
        """Return a domain's record, empty without one."""
        if not _is_name(domain):
            return ""
        answer = await self._answer(domain, "TXT")
        found = spf_records(answer)
        if len(found) > 1:
            self.first_record = found[0]
            raise SpfError("multiple", f"{domain} has {len(found)} SPF records, and may have one")
        return found[0] if found else ""

    async def evaluate(self, domain: str, record: str) -> tuple[Result, str]:
        """Return the result and the term that decided."""
        terms = parse(record)
        await self._ask_ahead(terms)
        for term in terms:
            if term.qualifier and await self._matches(term, domain):
                return Result(_QUALIFIERS[term.qualifier]), term.text
        redirect = next((term for term in terms if term.name == "redirect"), None)
        if redirect is None or any(term.name == "all" for term in terms):
            return Result.NEUTRAL, ""
        self._count(redirect)
        target = await self._target(redirect, domain)
        if target is None:
            return Result.NEUTRAL, ""
        return (await self._nested(target, redirect))[0], redirect.text

    async def _ask_ahead(self, terms: Sequence[Term]) -> None:
        """Ask side by side what the terms are going to ask one after another; the resolver keeps the answers."""
        plain = [term for term in terms if term.asks and term.value and "%" not in term.value][:LOOKUPS]
        types = {"include": ("TXT",), "redirect": ("TXT",), "mx": ("MX",), "a": self._types(), "exists": ("A",)}
        questions = [(term.value, rdtype) for term in plain for rdtype in types.get(term.name, ())]
        await asyncio.gather(*(self._ask(name, rdtype) for name, rdtype in questions if _is_name(name)))

    async def _matches(self, term: Term, domain: str) -> bool:
        if term.name == "all":
            return self._address is not None
        if term.name in ("ip4", "ip6"):
            return self._is_in(term.value, term)
        self._count(term)
        target = await self._target(term, domain)
        if target is None:
            return False
        if term.name == "include":
            result, _record = await self._nested(target, term)
            return result is Result.PASS
        if not _is_name(target):
            return False
        if term.name == "ptr":
            return any(name == target or name.endswith(f".{target}") for name in await self._validated_names())
        if term.name == "exists":
            return bool(self._note_void([await self._answer(target, "A")])) and self._address is not None
        hosts = [target] if term.name == "a" else await self._exchangers(target)
        for host in hosts:
            if await self._host_matches(host, term):
                return True
        return False

    async def _nested(self, target: str, term: Term) -> tuple[Result, str]:
        """Evaluate the record that `include` or `redirect` names (sections 5.2 and 6.1)."""
        record = await self.record(target)
        if not record:
            self._note_void([])
            raise SpfError("nothing", f"{shown(term.text)} leads to {shown(target)}, which has no SPF record")
        return (await self.evaluate(target, record))[0], record

    async def _exchangers(self, target: str) -> list[str]:
        answers = self._note_void([await self._answer(target, "MX")])
        hosts = [record.exchange.to_text(omit_final_dot=True) for answer in answers for record in answer.records]
        if len(hosts) > NAMES:
            raise SpfError("names", f"mx finds {len(hosts)} mail exchangers of {target}, and may find {NAMES}")
        await asyncio.gather(*(self._ask(host, rdtype) for host in hosts for rdtype in self._types() if host != "."))
        return [host for host in hosts if host != "."]

    async def _host_matches(self, host: str, term: Term) -> bool:
        answers = [await self._answer(host, rdtype) for rdtype in self._types()]
        if term.name == "a":
            self._note_void(answers)
        return any(self._is_in(str(record.address), term) for answer in answers for record in answer.records)

    async def _validated_names(self) -> list[str]:
        """Return the names that the address has in DNS both ways (section 5.5); errors are as good as none."""
        if self._address is None:
            return []
        if self._validated is None:
            answer = await self._ask(self._address.reverse_pointer, "PTR")
            names = [record.target.to_text(omit_final_dot=True).lower() for record in answer.records][:NAMES]
            rdtype = self._types()[0]
            forward = await asyncio.gather(*(self._ask(name, rdtype) for name in names if name != "."))
            self._validated = [
                answer.name
                for answer in forward
                if any(ipaddress.ip_address(record.address) == self._address for record in answer.records)
            ]
        return self._validated

    def _types(self) -> tuple[str, ...]:
        if self._address is None:
            return ("A", "AAAA")
        return ("A",) if self._address.version == 4 else ("AAAA",)

    def _is_in(self, text: str, term: Term) -> bool:
        if self._address is None:
            return False
        network = ipaddress.ip_network(f"{text}/{term.prefix6 if ':' in text else term.prefix4}", strict=False)
        return self._address in network

    async def _answer(self, name: str, rdtype: str) -> Answer:
        answer = await self._ask(name, rdtype)
        if not answer.status.is_final:
            raise SpfError("unanswered", f"the {rdtype} records of {shown(name)} cannot be looked up", answer)
        return answer

    def _count(self, term: Term) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS:
            raise SpfError("lookups", f"{shown(term.text)} is lookup {self.lookups}, and {LOOKUPS} are allowed")

    def _note_void(self, answers: Iterable[Answer]) -> list[Answer]:
        """Return the answers that have records; none of them is a void lookup."""
        found = [answer for answer in answers if answer.records]
        self.voids += not found
        if self.voids > VOIDS:
            raise SpfError("voids", f"{self.voids} lookups find nothing, and {VOIDS} are allowed to")
        return found

    async def _target(self, term: Term, domain: str) -> str | None:
        """Return the name that a term is about, None where it depends on an address that there is not."""
        if not term.value:
            return domain
        letters = {found[0].lower() for found in _MACRO.findall(term.value)}
        if self._address is None and letters & set("ipslohv"):
            return None
        name = "".join([await self._expand(match, domain) for match in _MACRO.finditer(term.value)])
        name = name.lower().removesuffix(".")
        while len(name) > NAME_LENGTH and "." in name:
            name = name.partition(".")[2]
        return name

    async def _expand(self, match: re.Match[str], domain: str) -> str:
        letter, digits, is_reversed, delimiters, escape, literal = match.groups()
        if literal is not None:
            return str(literal)
        if escape is not None:
            return {"%": "%", "_": " ", "-": "%20"}[escape]
        value = await self._macro(letter.lower(), domain)
        parts = re.split("[" + re.escape(delimiters or ".") + "]", value)
        parts = parts[::-1] if is_reversed else parts
        value = ".".join(parts[-int(digits) :] if digits else parts)
        return quote(value, safe="-._~") if letter.isupper() else value

    async def _macro(self, letter: str, domain: str) -> str:
        if letter == "p":
            return await self._validated_name(domain)
        return {
            "s": f"{self._local}@{self._sender_domain}",
            "l": self._local,
            "o": self._sender_domain,
            "d": domain,
            "i": _dotted(self._address),
            "v": "ip6" if self._address and self._address.version == 6 else "in-addr",
            "h": self._helo,
        }[letter]

    async def _validated_name(self, domain: str) -> str:
        """Return the value of the macro `p` (section 7.3)."""
        names = await self._validated_names()
        below = [name for name in names if name.endswith(f".{domain}")]
        return next(iter([name for name in names if name == domain] + below + names), "unknown")


def _term(text: str) -> Term:
    modifier = _MODIFIER.fullmatch(text)
    if modifier:
        name, value = modifier.group(1).lower(), modifier.group(2)
        _check_macros(text, value, is_explanation=name not in ("redirect", "exp"))
        if name in ("redirect", "exp"):
            _check_domain(text, value)
        return Term(text, name, value)
    directive = _DIRECTIVE.fullmatch(text)
    if not directive:
        raise SpfError("syntax", f"{shown(text)!r} is no term of SPF")
    qualifier, name, rest = directive.group(1) or "+", directive.group(2).lower(), directive.group(3) or ""
    if name in ("ip4", "ip6"):
        return _network(text, name, qualifier, rest)
    if name in ("a", "mx"):
        return _host_term(text, name, qualifier, rest)
    if name == "all" and not rest:
        return Term(text, name, "", qualifier)
    if name == "ptr" and not rest:
        return Term(text, name, "", qualifier)
    if name in ("include", "exists", "ptr") and rest.startswith(":"):
        _check_domain(text, rest[1:])
        return Term(text, name, rest[1:], qualifier)
    raise SpfError("syntax", f"{shown(text)!r} is no mechanism of SPF")


def _network(text: str, name: str, qualifier: str, rest: str) -> Term:
    version = 4 if name == "ip4" else 6
    value, slash, length = rest[1:].partition("/")
    try:
        address = ipaddress.ip_address(value)
        prefix = int(length) if slash else address.max_prefixlen
    except ValueError as exc:
        raise SpfError("syntax", f"{shown(text)!r} names no address") from exc
    plain = not slash or re.fullmatch("0|[1-9][0-9]{0,2}", length)
    if not rest.startswith(":") or "%" in value or address.version != version or not plain:
        raise SpfError("syntax", f"{shown(text)!r} names no IPv{version} address")
    if prefix > address.max_prefixlen:
        raise SpfError("syntax", f"{shown(text)!r} has a prefix longer than {address.max_prefixlen}")
    return Term(text, name, value, qualifier, prefix, prefix)


def _host_term(text: str, name: str, qualifier: str, rest: str) -> Term:
    parts = _PREFIXES.fullmatch(rest)
    if not parts:
        raise SpfError("syntax", f"{shown(text)!r} is no term of SPF")
    domain, length4, length6 = parts.groups()
    if domain == ":" or (domain and not domain.startswith(":")):
        raise SpfError("syntax", f"{shown(text)!r} is no mechanism of SPF")
    if domain:
        _check_domain(text, domain[1:])
    prefix4, prefix6 = (
        int(length[:9]) if length is not None else most for length, most in ((length4, 32), (length6, 128))
    )
    if prefix4 > 32 or prefix6 > 128:
        raise SpfError("syntax", f"{shown(text)!r} has a prefix that is too long")
    return Term(text, name, domain[1:], qualifier, prefix4, prefix6)


def _check_domain(text: str, value: str) -> None:
    """Raise SpfError for what is no domain-spec (section 7.1)."""
    _check_macros(text, value, is_explanation=False)
    if not value.endswith("}") and not _TOP_LABEL.search(value.removesuffix(".")):
        raise SpfError("syntax", f"{shown(text)!r} names no domain")


def _check_macros(text: str, value: str, *, is_explanation: bool) -> None:
    position = 0
    for match in _MACRO.finditer(value):
        letter, digits = match.group(1), match.group(2)
        if match.start() != position or (digits and int(digits[:9]) == 0):
            break
        if letter and letter.lower() in "crt" and not is_explanation:
            break
        position = match.end()
    if position != len(value):
        raise SpfError("syntax", f"{shown(text)!r} has a macro or a character that SPF does not allow there")


def _is_name(text: str) -> bool:
    """Say whether DNS can be asked for a name; one label alone is none of the Internet."""
    labels = text.split(".")
    return len(text) <= NAME_LENGTH and len(labels) > 1 and all(0 < len(label) <= 63 for label in labels)


def _dotted(address: Address | None) -> str:
    if address is None or address.version == 4:
        return str(address)
    return ".".join(address.exploded.replace(":", ""))
