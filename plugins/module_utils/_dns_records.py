# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of DNS as text: what shall be there, what has to change, and how a zone file says it.

Nothing here asks a server or needs a library. A name is absolute, in lower case and with its final dot; a value is the
text of a zone file (RFC 1035 section 5), in one spelling only, so that equal records are equal texts.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping, Pattern, Sequence, Tuple

    Key = Tuple[str, str]  # name and type of an RRset

RECORD_TYPES = ("A", "AAAA", "MX", "PTR", "TLSA", "TXT")
STATES = ("present", "absent", "exact")
DEFAULT_TTL = 3600
MAX_TTL = 2**31 - 1  # RFC 2181 section 8
NULL_MX = "0 ."  # RFC 7505

_LABEL: Pattern[str] = re.compile(r"[a-z0-9_]([a-z0-9_/-]{0,61}[a-z0-9_])?\Z")  # with the slash of RFC 2317
_HOST_LABEL: Pattern[str] = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_MAX_NAME = 254  # with the final dot; 255 octets in a message (RFC 1035 section 2.3.4)
_MAX_STRING = 255
_MAX_RDATA = 65535
_CONTROL: Pattern[str] = re.compile(r"[\x00-\x1f\x7f]")
#: Matching type of a TLSA record: length of its data in hexadecimal digits (RFC 6698 section 2.1.3).
_DIGEST_DIGITS = {1: 64, 2: 128}


class DnsRecordsError(Exception):
    """Records that DNS cannot hold, or that are asked for in two ways; the message is for the user."""


@dataclass(frozen=True)
class RRset:
    """The records of one name and type: their TTL in seconds, and their values, sorted."""

    ttl: int
    values: tuple[str, ...]

    @classmethod
    def of(cls, rdtype: str, ttl: int, values: Iterable[str]) -> RRset:
        """Return the RRset of `values` in any order."""
        return cls(ttl, tuple(sorted(set(values), key=lambda value: _order(rdtype, value))))


@dataclass(frozen=True)
class Wish:
    """What shall be true of one RRset. `exact` means that nothing but `present` may be there."""

    name: str
    rdtype: str
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    exact: bool = False
    ttl: int | None = None  # None: as it is, or the default of the call

    @property
    def key(self) -> Key:
        """Return what the RRset is found by."""
        return self.name, self.rdtype


@dataclass(frozen=True)
class Change:
    """One RRset that changes; None means that there is none."""

    name: str
    rdtype: str
    before: RRset | None
    after: RRset | None


@dataclass(frozen=True)
class Plan:
    """What has to change, in the order of the wishes."""

    changes: tuple[Change, ...]

    @property
    def changed(self) -> bool:
        """Return whether anything has to change."""
        return bool(self.changes)

    def diff(self, where: str) -> dict[str, str]:
        """Return the RRsets that change, as lines of a zone file, and no others."""
        return {
            "before": "".join(_lines(c.name, c.rdtype, c.before) for c in self.changes),
            "after": "".join(_lines(c.name, c.rdtype, c.after) for c in self.changes),
            "before_header": where,
            "after_header": where,
        }


def plan(current: Mapping[Key, RRset], wishes: Iterable[Wish], default_ttl: int = DEFAULT_TTL) -> Plan:
    """Plan the changes that make `wishes` true; `current` holds the RRsets that exist."""
    changes = []
    for wish in wishes:
        before = current.get(wish.key)
        after = _after(before, wish, default_ttl)
        if after != before:
            changes.append(Change(wish.name, wish.rdtype, before, after))
    return Plan(tuple(changes))


def _after(before: RRset | None, wish: Wish, default_ttl: int) -> RRset | None:
    kept = () if before is None or wish.exact else before.values
    if wish.rdtype == "MX" and wish.present:
        # One host has one preference, and a null MX stands alone (RFC 7505 section 3).
        hosts = {_mx_host(value) for value in wish.present} | {"."}
        kept = tuple(value for value in kept if _mx_host(value) not in hosts)
    values = (set(kept) | set(wish.present)) - set(wish.absent)
    if not values:
        return None
    ttl = wish.ttl if wish.ttl is not None else default_ttl if before is None else before.ttl
    return RRset.of(wish.rdtype, ttl, values)


def read_wishes(records: Iterable[Mapping[str, Any]], zone: str | None = None) -> tuple[Wish, ...]:
    """Return the wishes that user input means, one for each RRset.

    Each record is `name`, `type`, `values`, `state` and `ttl` (or None). Raises DnsRecordsError with all that is wrong.
    """
    wrong: list[str] = []
    found: dict[Key, _Entries] = {}
    for record in records:
        where = f"{record['name']} {record['type']}"
        try:
            name = owner_name(record["name"], record["type"], zone)
            entries = found.setdefault((name, record["type"]), _Entries())
            _check_ttl(record["ttl"])
            entries.add(record["type"], record["state"], record["values"] or (), record["ttl"])
        except DnsRecordsError as exc:
            wrong.append(f"{where}: {exc}")
    for (name, rdtype), entries in found.items():
        wrong += [f"{name} {rdtype}: {text}" for text in entries.problems(rdtype)]
    if wrong:
        raise DnsRecordsError(" ".join(wrong) + " Nothing was changed.")
    return tuple(entries.wish(name, rdtype) for (name, rdtype), entries in found.items())


@dataclass
class _Entries:
    """What the input says about one RRset, gathered from one record or more."""

    present: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    ttls: set[int] = field(default_factory=set)
    whole: bool = False  # absent without values

    def add(self, rdtype: str, state: str, values: Sequence[str], ttl: int | None) -> None:
        if not values and state != "absent":
            raise DnsRecordsError(f"there are no values. Give some, or state absent to remove all of type {rdtype}.")
        self.states.append(state)
        if ttl is not None and state != "absent":
            self.ttls.add(ttl)
        self.whole = self.whole or not values
        (self.absent if state == "absent" else self.present).extend(value_of(rdtype, value) for value in values)

    def problems(self, rdtype: str) -> list[str]:
        """Return what contradicts itself."""
        problems = []
        if ("exact" in self.states or self.whole) and len(self.states) > 1:
            problems.append("it is asked for twice, once as a whole. Put all that is wanted of it into one record.")
        both = sorted(set(self.present) & set(self.absent))
        if both:
            problems.append(f"{both[0]} is asked to be present and absent.")
        if len(self.ttls) > 1:
            problems.append("it is asked for with several TTLs, and all records of a name and type share one.")
        if NULL_MX in self.present and (len(set(self.present)) > 1 or "exact" not in self.states):
            problems.append("a null MX (0 .) has to be alone (RFC 7505 section 3). Give it alone, with state exact.")
        hosts = [_mx_host(value) for value in sorted(set(self.present))] if rdtype == "MX" else []
        twice = sorted({host for host in hosts if hosts.count(host) > 1})
        if twice:
            problems.append(f"{twice[0]} has several preferences. Give it one.")
        return problems

    def wish(self, name: str, rdtype: str) -> Wish:
        """Return the wish, once there are no problems."""
        return Wish(
            name,
            rdtype,
            tuple(dict.fromkeys(self.present)),
            tuple(dict.fromkeys(self.absent)),
            exact="exact" in self.states or self.whole,
            ttl=next(iter(self.ttls), None),
        )


def zone_name(text: str) -> str:
    """Return the absolute name of a zone; raise DnsRecordsError where it cannot be one."""
    return _checked(text.lower().rstrip(".") + ".", text)


def owner_name(text: str, rdtype: str, zone: str | None) -> str:
    """Return the absolute name that `text` means.

    With `zone` (absolute), `@` is the zone, a name that ends in it or with a dot is absolute, and others lie in it.
    Without, all names are absolute. An IP address as the name of a PTR record is its reverse name.
    """
    lower = text.lower()
    if rdtype == "PTR":
        with contextlib.suppress(ValueError):
            lower = ipaddress.ip_address(lower).reverse_pointer + "."
    if zone is not None and lower == "@":
        return zone
    dotted = lower if lower.endswith(".") else lower + "."
    if zone is None or dotted == zone or dotted.endswith("." + zone):
        return _checked(dotted, text)
    if not lower.endswith("."):
        return _checked(dotted + zone, text)
    raise DnsRecordsError(f"the name lies outside of the zone {zone}. Leave zone out, or give it a call of its own.")


def value_of(rdtype: str, text: str) -> str:
    """Return the one spelling of a value as a user writes it; raise DnsRecordsError where it is none of this type."""
    return {"A": _a, "AAAA": _aaaa, "MX": _mx, "PTR": _ptr, "TLSA": _tlsa, "TXT": _txt}[rdtype](text)


def txt_value(data: bytes) -> str:
    """Return the text of a TXT record whose strings, joined, are `data`: quoted, in strings of at most 255 octets."""
    strings = [data[start : start + _MAX_STRING] for start in range(0, len(data), _MAX_STRING)] or [b""]
    return " ".join('"' + "".join(map(_character, string)) + '"' for string in strings)


def render(wishes: Iterable[Wish], default_ttl: int = DEFAULT_TTL, zones: Mapping[str, str] | None = None) -> str:
    """Return the wishes as part of a zone file, with absolute names, for people to review and paste.

    `zones` says which zone a name lies in, where that is known. What shall not be there is a comment.
    """
    groups: dict[str, list[str]] = {}
    for wish in wishes:
        lines = groups.setdefault(_heading(wish.name, zones or {}), [])
        if wish.exact and wish.present:
            lines.append(f"; no other {wish.rdtype} records for {wish.name}\n")
        elif wish.exact:
            lines.append(f"; remove all {wish.rdtype} records of {wish.name}\n")
        lines += [f"; remove {wish.name} {wish.rdtype} {value}\n" for value in wish.absent]
        ttl = default_ttl if wish.ttl is None else wish.ttl
        lines.append(_lines(wish.name, wish.rdtype, RRset.of(wish.rdtype, ttl, wish.present)))
    return "".join(heading + "".join(lines) for heading, lines in groups.items())


def _heading(name: str, zones: Mapping[str, str]) -> str:
    if name in zones:
        return f"; zone {zones[name]}\n"
    if name.endswith((".in-addr.arpa.", ".ip6.arpa.")):
        return "; reverse zone, kept by whom the addresses come from\n"
    return ""


def _lines(name: str, rdtype: str, rrset: RRset | None) -> str:
    return "".join(f"{name} {rrset.ttl} IN {rdtype} {value}\n" for value in rrset.values) if rrset else ""


def _order(rdtype: str, value: str) -> tuple[int, str]:
    return (int(value.split(" ", maxsplit=1)[0]) if rdtype == "MX" else 0), value


def _mx_host(value: str) -> str:
    return value.split(" ", maxsplit=1)[1]


def _character(code: int) -> str:
    if code in b'"\\':
        return "\\" + chr(code)
    return chr(code) if 0x20 <= code < 0x7F else f"\\{code:03d}"


def check_default_ttl(ttl: int) -> None:
    """Raise DnsRecordsError where a TTL cannot be one."""
    _check_ttl(ttl)


def _check_ttl(ttl: int | None) -> None:
    if ttl is not None and not 0 <= ttl <= MAX_TTL:
        raise DnsRecordsError(f"the TTL is {ttl}, and a TTL is 0 to {MAX_TTL} seconds (RFC 2181 section 8).")


def _checked(name: str, text: str, pattern: Pattern[str] = _LABEL) -> str:
    labels = name[:-1].split(".")
    if labels[0] == "*" and pattern is _LABEL and len(labels) > 1:
        labels = labels[1:]
    if len(name) > _MAX_NAME or not all(pattern.match(label) for label in labels):
        raise DnsRecordsError(
            f"{text!r} is not a domain name. A name is labels of at most 63 letters, digits, hyphens and underscores "
            "with dots between them, 253 characters in all; names in other scripts are written as xn--..."
        )
    return name


def _host(text: str) -> str:
    """Return the absolute name of a host that a value names."""
    bare = text.lower().rstrip(".")
    try:
        ipaddress.ip_address(bare.strip("[]"))
    except ValueError:
        pass
    else:
        raise DnsRecordsError(f"{text} is an address, and this type names a host. Give the name of the host.")
    if "." not in bare:
        raise DnsRecordsError(f"{text!r} is not a full host name. Names in values are always written in full.")
    return _checked(bare + ".", text, _HOST_LABEL)


def _number(text: str, maximum: int, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > maximum:
        raise DnsRecordsError(f"the {what} is {text!r}, and it is a number from 0 to {maximum}.")
    return int(text)


def _a(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text.strip()))
    except ValueError:
        raise DnsRecordsError(f"{text!r} is not an IPv4 address.") from None


def _aaaa(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text.strip())
    except ValueError:
        raise DnsRecordsError(f"{text!r} is not an IPv6 address.") from None
    if "%" in text:
        raise DnsRecordsError(f"{text!r} has a zone index, which means something on one host only.")
    return str(address)


def _mx(text: str) -> str:
    parts = text.split()
    if len(parts) != 2:
        raise DnsRecordsError(f"{text!r} is not an MX value, such as '10 mail01.example.com'.")
    preference = _number(parts[0], 65535, "preference")
    if parts[1] == ".":
        if preference:
            raise DnsRecordsError("a null MX has preference 0 (RFC 7505 section 3).")
        return NULL_MX
    return f"{preference} {_host(parts[1])}"


def _ptr(text: str) -> str:
    return _host(text.strip())


def _tlsa(text: str) -> str:
    parts = text.lower().split()
    if len(parts) < 4:
        raise DnsRecordsError(f"{text!r} is not a TLSA value, such as '3 1 1' and the digest in hexadecimal digits.")
    usage = _number(parts[0], 3, "certificate usage")
    selector = _number(parts[1], 1, "selector")
    matching = _number(parts[2], 2, "matching type")
    data = "".join(parts[3:])
    if len(data) % 2 or re.search(r"[^0-9a-f]", data):
        raise DnsRecordsError("the data of the TLSA record is not an even number of hexadecimal digits.")
    wanted = _DIGEST_DIGITS.get(matching)
    if wanted and len(data) != wanted:
        raise DnsRecordsError(
            f"a TLSA record with matching type {matching} has {wanted} hexadecimal digits, and this one {len(data)}."
        )
    return f"{usage} {selector} {matching} {data}"


def _txt(text: str) -> str:
    if _CONTROL.search(text):
        raise DnsRecordsError("the text has a line break or another control character. Give it in one line.")
    if not text or (text[0] == text[-1] == '"'):
        raise DnsRecordsError(
            f"{text!r} is not the text itself. Give the text without quotes; long text is split into strings here."
        )
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise DnsRecordsError("the text has characters that cannot be encoded in UTF-8.") from None
    if len(data) + len(data) // _MAX_STRING + 1 > _MAX_RDATA:
        raise DnsRecordsError(f"the text has {len(data)} octets, and a record holds {_MAX_RDATA} with its lengths.")
    return txt_value(data)
