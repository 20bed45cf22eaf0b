# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at SMTP servers from outside: many at a time, each bounded in time, never a message.

`conversation.converse` talks and writes down what happened in a `Transcript`; whatever the other side does (silence,
garbage, a line without end, a closed connection) ends up in there. `evaluation.evaluate` compares a transcript with a
`Probe`, and its findings depend on these two alone. `probe_all` does both for many probes, `answer` with what a user
gave and for what a user reads. All of it is plain Python, so that it runs on a host that has nothing else.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from .conversation import converse
from .evaluation import (
    REQUIRED,
    Finding,
    certificate_expiry,
    certificate_name,
    evaluate,
    mechanisms,
    timestamp,
)
from .probe import InputError, read_probes

if TYPE_CHECKING:
    from .probe import Probe
    from .relay import Answer, Battery
    from .transcript import Transcript

_CAPABILITIES = ("CHUNKING", "DSN", "EXPN", "PIPELINING", "SMTPUTF8", "STARTTLS", "VRFY")


@dataclass(frozen=True)
class Result:
    """A probe, what happened, and what is to be said about it."""

    probe: Probe
    transcript: Transcript
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Say whether everything required is as expected."""
        return not self.required

    @property
    def required(self) -> tuple[Finding, ...]:
        """Return the findings that must not be."""
        return tuple(finding for finding in self.findings if finding.severity == REQUIRED)

    def as_dict(self) -> dict[str, Any]:
        """Return the shape that the module documents."""
        seen = self.transcript
        banner = seen.banner
        return {
            "host": self.probe.host,
            "port": self.probe.port,
            "family": self.probe.family,
            "ok": self.ok,
            "addresses": list(seen.addresses),
            "address": seen.address or None,
            "connected": bool(seen.address),
            "not_reached": dict(seen.refused),
            "banner": {"code": banner.code, "text": banner.text, "host": banner.host} if banner else None,
            "esmtp": seen.is_esmtp,
            "extensions": seen.extensions,
            "extensions_tls": seen.extensions_tls,
            "auth": {
                "plain": [] if self.probe.tls == "implicit" else mechanisms(seen.extensions),
                "tls": mechanisms(seen.extensions_tls),
            },
            "capabilities": _capabilities({**seen.extensions, **seen.extensions_tls}),
            "tls": _tls(self.probe, seen),
            "recipients": [
                {
                    "address": recipient.address,
                    "expected": recipient.expected,
                    "accepted": recipient.accepted,
                    "code": recipient.reply.code if recipient.reply else None,
                    "reply": recipient.reply.text if recipient.reply else None,
                }
                for recipient in seen.recipients
            ],
            "relay": _relay(seen.relay, seen) if seen.relay else None,
            "timings": dict(seen.timings),
            "error": asdict(seen.failure) if seen.failure else None,
            "findings": [asdict(finding) for finding in self.findings],
        }


def answer(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the module smtp_probe returns for its validated options; `failed` says whether it is a failure."""
    limits = {name: params[name] for name in ("timeout", "relay_timeout", "concurrency")}
    if min(limits["timeout"], limits["relay_timeout"]) <= 0 or limits["concurrency"] < 1:
        given = ", ".join(f"{name} is {value:g}" for name, value in limits.items())
        return {
            "failed": True,
            "msg": f"{given}; timeout and relay_timeout have to be more than 0 seconds, and concurrency at least 1. "
            "Nothing was sent.",
        }
    try:
        probes = read_probes(params["probes"])
    except InputError as exc:
        return {"failed": True, "msg": str(exc)}
    results = probe_all(probes, **limits)
    shown = {"changed": False, "probes": [result.as_dict() for result in results]}
    found = [f"{result.probe.target}: {finding}" for result in results for finding in result.required]
    if found and params["fail"]:
        return {**shown, "failed": True, "msg": " ".join(found)}
    return {**shown, "failed": False}


def probe_all(probes: Sequence[Probe], timeout: float, concurrency: int, relay_timeout: float = 60.0) -> list[Result]:
    """Carry out all probes, at most `concurrency` at a time; keep their order. For times see `converse`."""

    def probed(probe: Probe) -> Result:
        seen = converse(probe, timeout, relay_timeout)
        return Result(probe, seen, evaluate(probe, seen))

    with ThreadPoolExecutor(max_workers=max(1, min(concurrency, len(probes)))) as pool:
        return list(pool.map(probed, probes))


def _capabilities(extensions: dict[str, str]) -> dict[str, Any]:
    size = extensions.get("SIZE", "")
    return {
        "size": int(size) if size.isdecimal() and size.isascii() and len(size) < 19 else None,
        "eightbitmime": "8BITMIME" in extensions,  # a template can name it
        **{keyword.lower(): keyword in extensions for keyword in _CAPABILITIES},
    }


def _tls(probe: Probe, seen: Transcript) -> dict[str, Any] | None:
    looked = seen.tls
    if looked is None:
        return None
    certificate = looked.certificate
    return {
        "mode": looked.mode,
        "handshake": asdict(looked.handshake),
        "version": looked.version or None,
        "cipher": looked.cipher or None,
        "chain": asdict(looked.chain),
        "name": {**asdict(certificate_name(probe, looked)), "expected": probe.tls_name},
        "expiry": asdict(certificate_expiry(looked)),
        "certificate": certificate
        and {
            "subject": certificate.subject,
            "issuer": certificate.issuer,
            "names": list(certificate.names),
            "not_before": timestamp(certificate.not_before),
            "not_after": timestamp(certificate.not_after),
            "days_left": int((certificate.not_after - looked.seen_at) // 86400),
            "serial": certificate.serial,
            "sha256": certificate.sha256,
        },
    }


def _relay(battery: Battery, seen: Transcript) -> dict[str, Any]:
    return {
        "verdict": battery.verdict,
        "reason": battery.doubt if battery.verdict == "undecided" else "",
        "plain_is_refused": battery.plain_is_refused,
        "client": {"address": seen.client, "name": seen.client_name},
        "connections": battery.connections,
        "cases": [_answer(answer) for answer in battery.answers],
        "controls": [_answer(answer) for answer in battery.controls],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    reply = answer.reply
    return {
        "id": answer.case.id,
        "sender": answer.sender,
        "recipient": answer.case.recipient,
        "proves": answer.case.proves,
        "outcome": answer.outcome,
        "code": reply.code if reply else None,
        "reply": reply.text if reply else answer.failure,
    }
