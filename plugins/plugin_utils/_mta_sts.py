# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MTA-STS (RFC 8461) and TLS reports (RFC 8460): how senders shall use TLS, and where they report failures."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.opendomino.mail.plugins.plugin_utils._finding import (
    INFO,
    RECOMMENDED,
    REQUIRED,
    Finding,
    Report,
    failures,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_exchangers import ADDRESS_TYPES
from ansible_collections.opendomino.mail.plugins.plugin_utils._network import FetchError, Network, joined
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Ask
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import record_line, shown, starting, texts, visible

MODES = ("enforce", "testing", "none")
LONGEST = 31557600  # seconds of max_age (RFC 8461 section 3.2)
SHORT = 86400  # seconds; less protects only against attacks of a day
PATH = "/.well-known/mta-sts.txt"
PATTERNS = 1000  # of a policy; more is no policy but an attack

_RECORD = re.compile(r"v=STSv1[ \t]*;[ \t]*id=([A-Za-z0-9]{1,32})[ \t]*(?:;.*)?")
_REPORT_RECORD = re.compile(r"v=TLSRPTv1[ \t]*;[ \t]*rua=([^;]+?)[ \t]*(?:;.*)?")
_PATTERN = re.compile(r"(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+", re.IGNORECASE)


@dataclass(frozen=True)
class Policy:
    """A policy as RFC 8461 section 3.2 has it."""

    mode: str
    max_age: int
    mx: tuple[str, ...]

    def covers(self, host: str) -> bool:
        """Say whether a mail exchanger may be used (section 4.1); a wildcard stands for exactly one label."""
        parent = host.partition(".")[2]
        return any(parent == name[2:] if name.startswith("*.") else host == name for name in self.mx)


def parse_policy(body: bytes) -> Policy:
    """Read a policy; raises ValueError with what is wrong."""
    try:
        lines = [line for line in body.decode("utf-8").replace("\r\n", "\n").split("\n") if line.strip()]
    except UnicodeDecodeError as exc:
        raise ValueError("it is not UTF-8") from exc
    pairs = [(name.strip(), value.strip()) for name, _colon, value in (line.partition(":") for line in lines)]
    if not pairs or pairs[0] != ("version", "STSv1"):
        raise ValueError("it does not begin with version: STSv1")
    first = dict(reversed(pairs))  # of a key given twice the first counts (section 3.2)
    if first.get("mode") not in MODES:
        raise ValueError(f"mode is {shown(first.get('mode', ''))!r}, and must be one of {', '.join(MODES)}")
    if not re.fullmatch("[0-9]{1,10}", first.get("max_age", "")) or int(first["max_age"]) > LONGEST:
        raise ValueError(f"max_age is {shown(first.get('max_age', ''))!r}, and must be 0 to {LONGEST} seconds")
    mx = tuple(value.lower() for name, value in pairs if name == "mx")
    if len(mx) > PATTERNS:
        raise ValueError(f"it names {len(mx)} mail exchangers")
    wrong = [value for value in mx if not _PATTERN.fullmatch(value)]
    if wrong:
        raise ValueError(f"mx {shown(wrong[0])!r} is no host name")
    if not mx and first["mode"] != "none":
        raise ValueError("it names no mail exchanger (mx)")
    return Policy(first["mode"], int(first["max_age"]), mx)


async def check(ask: Ask, network: Network, domain: str, exchangers: Sequence[str]) -> Report:
    """Judge record and policy of a domain with these mail exchangers."""
    name, host = f"_mta-sts.{domain}", f"mta-sts.{domain}"
    answer = await ask(name, "TXT")
    if not answer.status.is_final:
        return Report(tuple(failures([answer])))
    records = starting(texts(answer), r"v=STSv1[ \t]*;")
    if not records:
        return Report((_missing(domain, host, exchangers),))
    if len(records) > 1 or not _RECORD.fullmatch(records[0]):
        found = f"{len(records)} records" if len(records) > 1 else f"a record that is not valid: {shown(records[0])}"
        finding = Finding(
            "mta_sts_invalid",
            REQUIRED,
            f"{name} has {found}. Senders act as if there were none (RFC 8461 section 3.1).",
            "Exactly one record, with an id of letters and digits, at most 32 of them.",
            "Correct the record.",
            records=(_record(domain, policy_text(exchangers)),),
        )
        return Report((finding,))
    facts: dict[str, Any] = {"record": visible(records[0]), "mode": None, "max_age": None, "mx": []}
    addresses = await asyncio.gather(*(ask(host, rdtype) for rdtype in ADDRESS_TYPES))
    found_addresses = [record.address for found in addresses for record in found.records]
    unanswered = failures(addresses, host)
    if unanswered and not found_addresses:
        return Report(tuple(unanswered), {"mta_sts": facts})
    try:
        policy = parse_policy(await network.fetch(host, PATH, found_addresses))
    except (FetchError, ValueError) as exc:
        what = "cannot be fetched" if isinstance(exc, FetchError) else "is not valid"
        finding = Finding(
            "mta_sts_policy",
            REQUIRED,
            f"The policy https://{host}{PATH} {what} ({exc}).",
            "A policy over HTTPS with a certificate that senders trust, without redirects (RFC 8461 section 3.3).",
            "Publish this policy there:\n" + policy_text(exchangers),
            host,
        )
        return Report((finding,), {"mta_sts": facts})
    facts |= {"mode": policy.mode, "max_age": policy.max_age, "mx": list(policy.mx)}
    return Report(tuple(_judge(domain, host, policy, exchangers)), {"mta_sts": facts})


async def check_reports(ask: Ask, domain: str) -> Report:
    """Judge the TLS-RPT record of a domain."""
    name = f"_smtp._tls.{domain}"
    answer = await ask(name, "TXT")
    if not answer.status.is_final:
        return Report(tuple(failures([answer])))
    records = starting(texts(answer), r"v=TLSRPTv1[ \t]*;")
    suggestion = (record_line(name, "TXT", f"v=TLSRPTv1; rua=mailto:postmaster@{domain}"),)
    if not records:
        finding = Finding(
            "tls_rpt_missing",
            INFO,
            f"{name} has no TLS-RPT record.",
            "An address where senders report that TLS fails (RFC 8460).",
            "Publish the record.",
            records=suggestion,
        )
        return Report((finding,))
    match = _REPORT_RECORD.fullmatch(records[0])
    addresses = [address.strip() for address in match.group(1).split(",")] if match else []
    if len(records) == 1 and match and all(_is_report_address(address) for address in addresses):
        return Report((), {"tls_rpt": visible(records[0])})
    found = f"{len(records)} records" if len(records) > 1 else f"a record that is not valid: {shown(records[0])}"
    finding = Finding(
        "tls_rpt_invalid",
        RECOMMENDED,
        f"{name} has {found}. Senders report nothing (RFC 8460 section 3).",
        "Exactly one record, with rua=mailto:... or rua=https:...",
        "Correct the record.",
        records=suggestion,
    )
    return Report((finding,))


def policy_text(exchangers: Sequence[str], mode: str = "testing") -> str:
    """Return a policy for these mail exchangers."""
    names = exchangers or ["<mail exchanger>"]
    return "\n".join(["version: STSv1", f"mode: {mode}", *(f"mx: {name}" for name in names), "max_age: 604800", ""])


def _record(domain: str, policy: str) -> str:
    """Return the record of a policy; the id is a digest of it, so that it is a new one when the policy changes."""
    digest = hashlib.sha256(policy.encode()).hexdigest()[:20]
    return record_line(f"_mta-sts.{domain}", "TXT", f"v=STSv1; id={digest}")


def _is_report_address(address: str) -> bool:
    return bool(re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://[^\s]+", address, re.IGNORECASE))


def _missing(domain: str, host: str, exchangers: Sequence[str]) -> Finding:
    policy = policy_text(exchangers)
    return Finding(
        "mta_sts_missing",
        INFO,
        f"_mta-sts.{domain} has no MTA-STS record.",
        "A policy that has senders insist on TLS (RFC 8461), where DANE does not.",
        f"Publish this policy at https://{host}{PATH}, then the record:\n" + policy,
        records=(_record(domain, policy),),
    )


def _judge(domain: str, host: str, policy: Policy, exchangers: Sequence[str]) -> list[Finding]:
    findings = []
    uncovered = [name for name in exchangers if not policy.covers(name)]
    if uncovered and policy.mode != "none":
        mended = policy_text(exchangers, policy.mode)
        findings.append(
            Finding(
                "mta_sts_mx",
                REQUIRED if policy.mode == "enforce" else RECOMMENDED,
                f"The policy of {domain} names {joined(policy.mx)}, and not its mail exchanger {joined(uncovered)}.",
                "All mail exchangers in the policy; senders do not use the others.",
                "Publish this policy, then the record with its new id:\n" + mended,
                host,
                (_record(domain, mended),),
            )
        )
    if policy.mode != "enforce":
        mended = policy_text(exchangers, "enforce")
        findings.append(
            Finding(
                "mta_sts_mode",
                INFO,
                f"The mode of the policy of {domain} is {policy.mode}: senders do not insist on TLS.",
                "mode: enforce, once the TLS reports show no failures.",
                "Publish this policy, then the record with its new id:\n" + mended,
                host,
                (_record(domain, mended),),
            )
        )
    if policy.max_age < SHORT:
        findings.append(
            Finding(
                "mta_sts_max_age",
                RECOMMENDED,
                f"The policy of {domain} holds for {policy.max_age} seconds.",
                "Weeks or more (RFC 8461 section 3.2).",
                "Set max_age to 604800 or more.",
                host,
            )
        )
    return findings
