# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DKIM (RFC 6376, RFC 8301, RFC 8463): the public keys that a domain publishes."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable

from ansible_collections.opendomino.mail.plugins.plugin_utils._finding import (
    INFO,
    RECOMMENDED,
    REQUIRED,
    Finding,
    Report,
    lookup_failed,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Ask
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import record_line, shown, tags, texts, visible

SHORTEST = 1024  # bits of an RSA key that verifiers take (RFC 8301 section 3.2)
SHORTEST_SIGNING = 2048  # bits that signers should use (RFC 8301 section 3.2)

_SEQUENCE, _INTEGER, _BIT_STRING = 0x30, 0x02, 0x03


async def check(ask: Ask, domain: str, selectors: Iterable[str]) -> Report:
    """Judge the key of each selector."""
    names = {selector: f"{selector}._domainkey.{domain}" for selector in selectors}
    answers = await asyncio.gather(*(ask(name, "TXT") for name in names.values()))
    findings: list[Finding] = []
    facts: dict[str, str | None] = {}
    for selector, answer in zip(names, answers, strict=True):
        records = texts(answer)
        facts[selector] = visible(records[0]) if len(records) == 1 else None
        findings += _judge(names[selector], answer, records)
    return Report(tuple(findings), {"dkim": facts} if facts else {})


def rsa_bits(der: bytes) -> int:
    """Return the length of an RSA key, a SubjectPublicKeyInfo or a bare RSAPublicKey; raises ValueError."""
    inner = _element(der, _SEQUENCE)[0]
    if inner[:1] == bytes([_SEQUENCE]):  # an AlgorithmIdentifier, then the key
        bits = _element(_element(inner, _SEQUENCE)[1], _BIT_STRING)[0]
        inner = _element(bits[1:], _SEQUENCE)[0]
    modulus, rest = _element(inner, _INTEGER)
    _element(rest, _INTEGER)
    return int.from_bytes(modulus, "big").bit_length()


def _element(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of a DER element, and what comes after it."""
    if len(der) < 2 or der[0] != tag:
        raise ValueError("its p holds no RSA key")
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if start + length > len(der):
        raise ValueError("its p is cut off")
    return der[start : start + length], der[start + length :]


def _judge(name: str, answer: Answer, records: list[str]) -> list[Finding]:
    if not answer.status.is_final:
        return [lookup_failed(answer)]
    if not records:
        template = record_line(name, "TXT", "v=DKIM1; k=rsa; p=<the public key in Base64>")
        return [
            Finding(
                "dkim_missing",
                REQUIRED,
                f"{name} has no TXT record.",
                "The public key of the selector; without it, all signatures made with it fail.",
                "Publish the key that belongs to the private key of the signing server.",
                records=(template,),
            )
        ]
    if len(records) > 1:
        return [
            Finding(
                "dkim_multiple",
                REQUIRED,
                f"{name} has {len(records)} TXT records, and which one a verifier takes is undefined "
                "(RFC 6376 section 3.6.2.2).",
                "Exactly one TXT record.",
                "Remove the others. A long key is one record of several strings, not several records.",
                records=(record_line(name, "TXT", "".join(records)),) if _looks_split(records) else (),
            )
        ]
    try:
        return _judge_key(name, tags(records[0]), records[0])
    except ValueError as exc:
        return [
            Finding(
                "dkim_invalid",
                REQUIRED,
                f"The key of {name} is not valid, because {exc}: {shown(records[0])}",
                "A key record as RFC 6376 section 3.6.1 has it.",
                "Publish the key again, in one record.",
            )
        ]


def _looks_split(records: list[str]) -> bool:
    return sum(text.startswith("v=DKIM1") for text in records) == 1 and records[0].startswith("v=DKIM1")


def _judge_key(name: str, found: dict[str, str], text: str) -> list[Finding]:
    """Judge one key; raises ValueError."""
    if "v" in found and (found["v"] != "DKIM1" or next(iter(found)) != "v"):
        raise ValueError("it does not begin with v=DKIM1")
    if "p" not in found:
        raise ValueError("it has no p")
    if not found["p"]:
        return [
            Finding(
                "dkim_revoked",
                REQUIRED,
                f"The key of {name} is revoked (its p is empty).",
                "A key, or no use of the selector.",
                "Sign with another selector, or publish the key.",
            )
        ]
    kind = found.get("k", "rsa").lower()
    if kind not in ("rsa", "ed25519"):
        raise ValueError(f"k is {shown(kind)!r}, and must be rsa or ed25519")
    try:
        key = base64.b64decode("".join(found["p"].split()), validate=True)
    except binascii.Error as exc:
        raise ValueError("its p is not Base64") from exc
    if kind == "ed25519" and len(key) != 32:
        raise ValueError(f"its p has {len(key)} bytes, and an Ed25519 key has 32")
    findings = _uses(name, found, text)
    bits = rsa_bits(key) if kind == "rsa" else 0
    if kind == "rsa" and bits < SHORTEST_SIGNING:
        findings.append(
            Finding(
                "dkim_key_short",
                REQUIRED if bits < SHORTEST else RECOMMENDED,
                f"The RSA key of {name} has {bits} bits.",
                f"{SHORTEST_SIGNING} bits; below {SHORTEST}, verifiers do not take it (RFC 8301 section 3.2).",
                "Make a new key under a new selector, publish it, then sign with it.",
            )
        )
    return findings


def _uses(name: str, found: dict[str, str], text: str) -> list[Finding]:
    findings = []
    services = [part.strip() for part in found.get("s", "*").split(":")]
    if not {"*", "email"} & set(services):
        raise ValueError(f"s is {shown(found['s'])!r}, which is not for mail")
    hashes = [part.strip().lower() for part in found.get("h", "sha256").split(":")]
    if "sha256" not in hashes:
        raise ValueError(f"h is {shown(found['h'])!r}, without sha256, the only one left (RFC 8301 section 3.1)")
    if "y" in [part.strip() for part in found.get("t", "").split(":")]:
        findings.append(
            Finding(
                "dkim_testing",
                INFO,
                f"The key of {name} says t=y: verifiers treat signed mail as if it were not signed.",
                "No t=y when the test is over.",
                "Remove y from t.",
                records=(
                    record_line(
                        name,
                        "TXT",
                        "; ".join(
                            part.strip()
                            for part in text.split(";")
                            if part.strip() and part.partition("=")[0].strip() != "t"
                        ),
                    ),
                ),
            )
        )
    return findings
