# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DANE for SMTP (RFC 6698, RFC 7671, RFC 7672): which certificates a mail exchanger may have."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ansible_collections.opendomino.mail.plugins.plugin_utils._finding import (
    INFO,
    RECOMMENDED,
    REQUIRED,
    Finding,
    Report,
    lookup_failed,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Ask
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import record_line, shown

RECORDS = 20  # TLSA records of a host that are looked into

_DIGESTS = {1: ("SHA-256", 32), 2: ("SHA-512", 64)}
_USAGES = (2, 3)  # DANE-TA and DANE-EE; the others are not used for SMTP (RFC 7672 section 3.1.3)


async def check(ask: Ask, exchangers: Sequence[str], *, authenticated: bool) -> Report:
    """Judge the TLSA records of mail exchangers; `authenticated` says whether DNSSEC proves the MX records."""
    answers = await asyncio.gather(*(ask(f"_25._tcp.{host}", "TLSA") for host in exchangers))
    findings: list[Finding] = []
    facts: dict[str, list[str]] = {}
    for host, answer in zip(exchangers, answers, strict=True):
        if not answer.status.is_final:
            # Without DNSSEC nobody asks for TLSA, and old nameservers fail over it (RFC 7672 section 2.1.1).
            findings += [lookup_failed(answer, host)] if authenticated else []
        elif answer.records:
            facts[host] = [str(record) for record in answer.records[:RECORDS]]
            findings += _judge(host, answer, authenticated=authenticated and answer.authenticated)
        elif authenticated:
            findings.append(_missing(host))
    return Report(tuple(findings), {"tlsa": facts} if facts else {})


def problem(record: Any) -> str:
    """Return what is wrong with the parameters of a TLSA record, empty where nothing is."""
    if record.usage not in _USAGES:
        return f"its usage is {record.usage}, and SMTP has only 2 and 3 (RFC 7672 section 3.1.3)"
    if record.selector not in (0, 1):
        return f"its selector is {record.selector}, and must be 0 or 1"
    if record.mtype not in (0, 1, 2):
        return f"its matching type is {record.mtype}, and must be 0, 1 or 2"
    if record.mtype in _DIGESTS:
        name, length = _DIGESTS[record.mtype]
        if len(record.cert) != length:
            return f"its data has {len(record.cert)} bytes, and {name} has {length}"
    return "" if record.cert else "its data is empty"


def _judge(host: str, answer: Answer, *, authenticated: bool) -> list[Finding]:
    name = f"_25._tcp.{host}"
    if not authenticated:
        return [
            Finding(
                "tlsa_not_authenticated",
                INFO,
                f"{name} has TLSA records, and the nameserver {answer.server} does not say that DNSSEC proves them "
                "and the MX records that lead there.",
                "Signed zones of domain and mail exchanger, and a resolver that validates; senders ignore TLSA "
                "records without (RFC 7672 section 2.2).",
                "Sign the zones, or ask a validating resolver.",
                host,
            )
        ]
    records = answer.records[:RECORDS]
    wrong = [(record, problem(record)) for record in records if problem(record)]
    severity = REQUIRED if len(wrong) == len(records) else RECOMMENDED
    return [
        Finding(
            "tlsa_invalid",
            severity,
            f"The TLSA record of {name} cannot be used, because {reason}: {shown(str(record))}",
            "A record such as 3 1 1 with the SHA-256 digest of the public key (RFC 7671 section 5.1).",
            _HOW,
            host,
            (_template(name),),
        )
        for record, reason in wrong
    ]


_HOW = (
    "Take the digest from the server's certificate, then publish the record: openssl x509 -in cert.pem -noout -pubkey "
    "| openssl pkey -pubin -outform DER | openssl dgst -sha256"
)


def _template(name: str) -> str:
    return record_line(name, "TLSA", "3 1 1 <SHA-256 of the public key>")


def _missing(host: str) -> Finding:
    name = f"_25._tcp.{host}"
    return Finding(
        "tlsa_missing",
        INFO,
        f"{name} has no TLSA record, although DNSSEC proves the MX records.",
        "A TLSA record, which has senders insist on TLS with this server's key (RFC 7672).",
        _HOW,
        host,
        (_template(name),),
    )
