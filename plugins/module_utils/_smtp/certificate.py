# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a certificate, read from its DER encoding (RFC 5280), believed or not.

Python's ssl module describes a certificate only after it has verified it, and target hosts have nothing but the
standard library. What is wrong with a certificate is worth knowing all the more when it does not verify.
"""

from __future__ import annotations

import calendar
import hashlib
import ipaddress
import time
from dataclasses import dataclass
from typing import Iterator

from .._printable import harmless, printable

_INTEGER, _OID, _SEQUENCE, _SET, _UTC_TIME, _TIME = 0x02, 0x06, 0x30, 0x31, 0x17, 0x18
_BMP_STRING = 0x1E
_VERSION, _EXTENSIONS, _DNS_NAME, _IP_ADDRESS = 0xA0, 0xA3, 0x82, 0x87
_SUBJECT_ALT_NAME = bytes.fromhex("551d11")
_ATTRIBUTES = {
    "550403": "CN",
    "55040a": "O",
    "55040b": "OU",
    "550406": "C",
    "550408": "ST",
    "550407": "L",
    "2a864886f70d010901": "emailAddress",
}


@dataclass(frozen=True)
class Certificate:
    """The facts. Times are seconds since 1970; names are as in the certificate."""

    subject: str
    issuer: str
    names: tuple[str, ...]  # DNS names and IP addresses of the subject alternative name
    not_before: int
    not_after: int
    serial: str  # hexadecimal
    sha256: str  # hexadecimal fingerprint

    def is_for(self, name: str) -> bool:
        """Say whether the certificate names a host, or its address (RFC 9525 section 6).

        `*` stands for exactly one whole label, the leftmost. The common name of the subject does not count.
        """
        wanted = name.rstrip(".").lower()
        parent = wanted.partition(".")[2]
        try:
            wanted = str(ipaddress.ip_address(wanted))
            parent = ""
        except ValueError:
            pass
        known = {known.rstrip(".").lower() for known in self.names}
        return wanted in known or bool("." in parent and f"*.{parent}" in known)

    def is_valid_at(self, seconds: float) -> bool:
        """Say whether a time, in seconds since 1970, is within the validity."""
        return self.not_before <= seconds <= self.not_after


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate. Raises ValueError where it is none."""
    ((_tag, certificate),) = _elements(der, _SEQUENCE)
    ((_tag, body),) = list(_elements(certificate))[:1]
    fields = [element for element in _elements(body) if element[0] != _VERSION]
    if len(fields) < 6 or fields[0][0] != _INTEGER:
        raise ValueError("fields are missing")
    (_tag, serial), _algorithm, (_tag, issuer), (_tag, validity), (_tag, subject), _key, *others = fields
    times = [_seconds(tag, value) for tag, value in _elements(validity)]
    if len(times) != 2:
        raise ValueError("the validity is not from and to")
    return Certificate(
        subject=_name(subject),
        issuer=_name(issuer),
        names=tuple(_alternative_names(others)),
        not_before=times[0],
        not_after=times[1],
        serial=f"{int.from_bytes(serial, 'big'):x}",
        sha256=hashlib.sha256(der).hexdigest(),
    )


def _elements(data: bytes, expected: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield tag and value of each element in a row; definite lengths and one-byte tags only, as DER and X.509 have."""
    position = 0
    while position < len(data):
        if len(data) - position < 2:
            raise ValueError("an element is cut off")
        tag, length = data[position], data[position + 1]
        position += 2
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4:
                raise ValueError("a length is not DER")
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("an element is cut off")
        if expected is not None and tag != expected:
            raise ValueError("this is not what a certificate begins with")
        yield tag, data[position : position + length]
        position += length


def _seconds(tag: int, value: bytes) -> int:
    """Read a time (RFC 5280 section 4.1.2.5): two digits of the year mean 1950 to 2049."""
    text = value.decode("ascii", "replace")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _TIME:
        raise ValueError("a time has an unknown form")
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))


def _name(sequence: bytes) -> str:
    """Return a name, the most special part first, as `CN=mail01.example.com, O=Acme`."""
    parts = []
    for _tag, relative in _elements(sequence):
        for _tag, attribute in _elements(relative):
            (_tag, kind), (tag, value) = _elements(attribute)
            text = harmless(value.decode("utf-16-be", "replace")) if tag == _BMP_STRING else printable(value)
            parts.append(f"{_ATTRIBUTES.get(kind.hex(), 'OID.' + kind.hex())}={text}")
    return ", ".join(reversed(parts))


def _alternative_names(fields: list[tuple[int, bytes]]) -> Iterator[str]:
    for tag, value in fields:
        if tag != _EXTENSIONS:
            continue
        for _tag, extensions in _elements(value, _SEQUENCE):
            for _tag, extension in _elements(extensions):
                parts = [part for part in _elements(extension) if part[0] != 0x01]  # without the flag "critical"
                if len(parts) == 2 and parts[0] == (_OID, _SUBJECT_ALT_NAME):
                    for _tag, names in _elements(parts[1][1], _SEQUENCE):
                        yield from _general_names(names)


def _general_names(names: bytes) -> Iterator[str]:
    for tag, value in _elements(names):
        if tag == _DNS_NAME:
            yield printable(value)
        elif tag == _IP_ADDRESS and len(value) in (4, 16):
            yield str(ipaddress.ip_address(value))
