# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the Python of a lab host, or of the controller of a test, the lab's DNS as its resolver.

Python imports this module at start because the host's `bin/python3` puts its folder on PYTHONPATH. Names are then asked
of the lab's DNS, numeric addresses and localhost are left to the system. DOMINOLAB_RESOLVER is `address:port`, or the
path of a file in the form of resolv.conf; without it, and until the file is there, the system is asked for everything.
Standard library only: this runs inside modules.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import struct
from typing import Any

_TIMEOUT = 2.0
_ATTEMPTS = 2
_A, _PTR, _AAAA = 1, 12, 28
_NXDOMAIN = 3
_system_getaddrinfo = socket.getaddrinfo
_system_gethostbyname_ex = socket.gethostbyname_ex
_system_gethostbyaddr = socket.gethostbyaddr


class _NoNameError(Exception):
    """The name does not exist."""


def _resolver() -> tuple[str, int] | None:
    """Return where the lab's DNS is; None where there is none yet."""
    given = os.environ.get("DOMINOLAB_RESOLVER", "")
    if not given.startswith("/"):
        address, _, port = given.rpartition(":")
        return (address, int(port)) if address else None
    try:
        with open(given, encoding="ascii") as file:  # noqa: PTH123 - nothing more is imported than is needed
            words = file.read().split()
    except OSError:
        return None
    return words[words.index("nameserver") + 1], 53


def _getaddrinfo(
    host: Any,
    port: Any,
    family: int = 0,
    type: int = 0,  # noqa: A002 - the name of the function that is replaced
    proto: int = 0,
    flags: int = 0,
) -> list[Any]:
    name = _as_name(host)
    if name is None or flags & socket.AI_NUMERICHOST:
        return _system_getaddrinfo(host, port, family, type, proto, flags)
    found: list[Any] = []
    for address in _addresses(name, family):
        found += _system_getaddrinfo(address, port, family, type, proto, flags & ~socket.AI_CANONNAME)
    return found


def _gethostbyname(host: str) -> str:
    return _gethostbyname_ex(host)[2][0]


def _gethostbyname_ex(host: str) -> tuple[str, list[str], list[str]]:
    name = _as_name(host)
    if name is None:
        return _system_gethostbyname_ex(host)
    return name, [], _addresses(name, socket.AF_INET)


def _gethostbyaddr(host: str) -> tuple[str, list[str], list[str]]:
    if _resolver() is None:
        return _system_gethostbyaddr(host)
    name = _as_name(host)
    address = host if name is None else _addresses(name, 0)[0]
    try:
        reverse = ipaddress.ip_address(address).reverse_pointer
    except ValueError:  # localhost
        return _system_gethostbyaddr(host)
    try:
        names = _ask(reverse, _PTR)
    except (_NoNameError, OSError):
        names = []
    if not names:
        raise socket.herror(1, "Unknown host")
    return names[0], names[1:], [address]


def _as_name(host: Any) -> str | None:
    """Return the name to ask the lab for; None for numeric addresses, localhost, the empty host, and without a lab."""
    if _resolver() is None:
        return None
    text = host.decode("idna") if isinstance(host, bytes) else host
    if not text or text.rstrip(".").lower() == "localhost":
        return None
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return str(text)
    return None


def _addresses(name: str, family: int) -> list[str]:
    types = {int(socket.AF_INET): [_A], int(socket.AF_INET6): [_AAAA]}.get(family, [_A, _AAAA])
    found: list[str] = []
    try:
        for rdtype in types:
            found += _ask(name, rdtype)
    except _NoNameError:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
    except OSError:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution") from None
    if not found:
        raise socket.gaierror(socket.EAI_NODATA, "No address associated with hostname")
    return found


def _ask(name: str, rdtype: int) -> list[str]:
    """Ask one question; raise _NoNameError for NXDOMAIN and OSError where the resolver fails or is silent."""
    try:
        labels = name.rstrip(".").encode("idna").split(b".")
    except UnicodeError:
        raise _NoNameError from None
    identity = secrets.randbits(16)
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + struct.pack("!HH", rdtype, 1)
    query = struct.pack("!HHHHHH", identity, 0x0100, 1, 0, 0, 0) + question
    answer = _exchange(query, _resolver() or ("", 0))
    flags, questions, answers = struct.unpack_from("!HHH", answer, 2)
    if flags & 0xF == _NXDOMAIN:
        raise _NoNameError
    if flags & 0xF:
        raise OSError(f"the resolver answers with code {flags & 0xF}")
    position = 12
    for _ in range(questions):
        position = _name_at(answer, position)[1] + 4
    found = []
    for _ in range(answers):
        position = _name_at(answer, position)[1]
        found_type, _, _, length = struct.unpack_from("!HHIH", answer, position)
        position += 10
        data = answer[position : position + length]
        if found_type == rdtype:
            if rdtype == _PTR:
                found.append(_name_at(answer, position)[0])
            else:
                found.append(str(ipaddress.ip_address(data)))
        position += length
    return found


def _exchange(query: bytes, resolver: tuple[str, int]) -> bytes:
    last: OSError = OSError("no answer")
    for _ in range(_ATTEMPTS):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(_TIMEOUT)
            try:
                udp.connect(resolver)
                udp.send(query)
                answer = udp.recv(65535)
            except OSError as exc:
                last = exc
                continue
        if answer[:2] == query[:2]:
            return _over_tcp(query, resolver) if answer[2] & 0x02 else answer
    raise last


def _over_tcp(query: bytes, resolver: tuple[str, int]) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
        tcp.settimeout(_TIMEOUT)
        tcp.connect(resolver)
        tcp.sendall(struct.pack("!H", len(query)) + query)
        with tcp.makefile("rb") as stream:
            (length,) = struct.unpack("!H", stream.read(2))
            return stream.read(length)


def _name_at(message: bytes, position: int) -> tuple[str, int]:
    """Return the name at a position, compression followed, and the position after it."""
    labels: list[str] = []
    after = None
    while message[position]:
        length = message[position]
        if length >= 0xC0:
            after = position + 2 if after is None else after
            position = struct.unpack_from("!H", message, position)[0] & 0x3FFF
        else:
            labels.append(message[position + 1 : position + 1 + length].decode("ascii", "replace"))
            position += 1 + length
    return ".".join(labels), position + 1 if after is None else after


socket.getaddrinfo = _getaddrinfo
socket.gethostbyname = _gethostbyname
socket.gethostbyname_ex = _gethostbyname_ex
socket.gethostbyaddr = _gethostbyaddr
