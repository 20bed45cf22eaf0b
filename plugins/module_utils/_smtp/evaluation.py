# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be said about a server: its transcript and what was expected of it become findings."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterator

from .transcript import TLS, Check

if TYPE_CHECKING:
    from .probe import Probe
    from .relay import Battery
    from .transcript import (
        Failure,
        RecipientReply,
        Transcript,
    )

REQUIRED, RECOMMENDED, INFO = "required", "recommended", "info"

#: Days before its end at which a certificate should have been renewed.
RENEWAL_DAYS = 14

#: RFC 8996 forbids the others.
_GOOD_VERSIONS = ("TLSv1.2", "TLSv1.3")

#: Mechanisms that hand over the password itself (RFC 4616, and LOGIN, which was never standardised).
_PLAIN_MECHANISMS = {"PLAIN", "LOGIN"}


@dataclass(frozen=True)
class Finding:
    """One way in which a server is not as expected."""

    id: str
    severity: str  # required, recommended, info
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"expected {self.expected}, found {self.found}. {self.remedy}"


def evaluate(probe: Probe, seen: Transcript) -> tuple[Finding, ...]:
    """Compare what a server did with what is expected of it, everything at once."""
    return tuple(_findings(probe, seen))


def certificate_name(probe: Probe, seen: TLS) -> Check:
    """Say whether the certificate is for the server's name."""
    certificate = seen.certificate
    if certificate is None:
        return Check()
    if certificate.is_for(probe.tls_name):
        return Check(True)
    return Check(False, f"it is for {', '.join(certificate.names) or 'no name'}, not for {probe.tls_name}")


def certificate_expiry(seen: TLS) -> Check:
    """Say whether the certificate is valid at the time of the probe."""
    certificate = seen.certificate
    if certificate is None:
        return Check()
    if seen.seen_at > certificate.not_after:
        return Check(False, f"it expired on {timestamp(certificate.not_after)}")
    if seen.seen_at < certificate.not_before:
        return Check(False, f"it is not valid before {timestamp(certificate.not_before)}")
    return Check(True)


def timestamp(seconds: float) -> str:
    """Return a time of seconds since 1970 as 2026-03-02T10:00:00Z; beyond what the platform knows, the seconds."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, OSError, ValueError):
        return f"{seconds:.0f} s"


def mechanisms(extensions: dict[str, str]) -> list[str]:
    """Return the authentication mechanisms among offered extensions."""
    return extensions.get("AUTH", "").upper().split()


def _findings(probe: Probe, seen: Transcript) -> Iterator[Finding]:
    if seen.failure is not None and seen.failure.kind != "tls":
        yield _of_failure(seen.failure)
    yield from _of_the_greeting(probe, seen)
    if seen.ehlo is not None and seen.ehlo.code == 250:
        if not seen.is_esmtp:
            yield Finding("esmtp", RECOMMENDED, "EHLO accepted", "HELO only", "Check what filters SMTP on the way.")
        yield from _of_extensions(probe, seen)
    if seen.tls is not None:
        yield from _of_tls(probe, seen.tls)
    yield from _of_recipients(probe, seen)
    if seen.relay is not None:
        yield from _of_relay(seen.relay)


def _of_failure(failure: Failure) -> Finding:
    if failure.step == "resolve":
        remedy = "Check the name and this host's resolver (/etc/resolv.conf, /etc/hosts)."
        return Finding("resolves", REQUIRED, "the name to resolve on this host", failure.text, remedy)
    if failure.step == "connect":
        remedy = "Check that the server listens on this port, and that routes and firewalls let this host through."
        return Finding("connects", REQUIRED, "a connection", failure.text, remedy)
    remedies = {
        "timeout": "The server, or what stands before it, is too slow or silent: look at its load and log, "
        "or allow a longer timeout.",
        "closed": "Look at the server's log and its connection controls for this host.",
        "closing": "Look at the server's log and its connection controls for this host.",
        "protocol": "Check that what listens there is an SMTP server.",
    }
    what = "a greeting" if failure.step == "banner" else f"a reply to {failure.step.upper()}"
    return Finding("conversation", REQUIRED, what, failure.text, remedies[failure.kind])


def _of_the_greeting(probe: Probe, seen: Transcript) -> Iterator[Finding]:
    if seen.banner is None:
        return
    if seen.banner.code != 220:
        yield Finding(
            "greeting",
            REQUIRED,
            "a greeting with code 220",
            f"`{seen.banner}`",
            "The server takes no mail from this host: look at its connection controls and its log.",
        )
        return
    expected_host = probe.expect_banner_host.rstrip(".")
    if expected_host and seen.banner.host.rstrip(".").lower() != expected_host.lower():
        yield Finding(
            "banner_host",
            REQUIRED,
            f"the host name {expected_host} in the greeting",
            seen.banner.host or "no host name",
            "Correct the fully qualified Internet host name in the Server document, or whose address this is.",
        )
    if seen.banner.version:
        yield Finding(
            "banner_version",
            INFO,
            "no version in the greeting",
            seen.banner.version,
            "Versions tell strangers which holes to try. On Domino, set SMTPGreeting in notes.ini.",
        )
    greeted = seen.ehlo_tls or seen.ehlo
    if greeted is not None and greeted.code != 250:
        yield Finding(
            "ehlo",
            REQUIRED,
            "EHLO or HELO accepted",
            f"`{greeted}`",
            "Look at what the server asks of the name that clients give, and set helo.",
        )


def _of_extensions(probe: Probe, seen: Transcript) -> Iterator[Finding]:
    wants_starttls = probe.tls != "implicit" and (probe.starttls != "ignore" or probe.tls == "starttls")
    if wants_starttls and "STARTTLS" not in seen.extensions:
        yield Finding(
            "starttls",
            REQUIRED if probe.starttls != "ignore" else RECOMMENDED,
            "STARTTLS offered",
            ", ".join(sorted(seen.extensions)) or "no extensions",
            "Enable negotiated TLS for inbound SMTP, check the server's TLS certificate, and check what filters SMTP "
            "on the way.",
        )
    exposed = _PLAIN_MECHANISMS.intersection(mechanisms(seen.extensions))
    if exposed and probe.tls != "implicit":
        yield Finding(
            "auth_without_tls",
            RECOMMENDED,
            "no passwords asked for before TLS",
            f"AUTH {' '.join(sorted(exposed))} offered without TLS",
            "Allow name-and-password authentication on the TLS port and after STARTTLS only.",
        )
    offered = [word for word in ("VRFY", "EXPN") if word in {**seen.extensions, **seen.extensions_tls}]
    if offered:
        yield Finding(
            "address_disclosure",
            INFO,
            "neither VRFY nor EXPN offered",
            " and ".join(offered) + " offered",
            "They can tell strangers which addresses exist: switch them off, unless somebody needs them.",
        )


def _of_tls(probe: Probe, seen: TLS) -> Iterator[Finding]:
    severity = REQUIRED if probe.starttls == "valid" else RECOMMENDED
    if seen.handshake.ok is False:
        yield Finding(
            "tls_handshake",
            REQUIRED if seen.mode == "implicit" else severity,
            "a TLS handshake",
            seen.handshake.text,
            "Look at the server's log, and check that it has a certificate with its key, and protocols in common.",
        )
        return
    if seen.version not in _GOOD_VERSIONS:
        yield Finding(
            "tls_version",
            RECOMMENDED,
            "TLS 1.2 or 1.3",
            seen.version or "no known version",
            "Switch off what is older (RFC 8996), and update what cannot do better.",
        )
    if seen.certificate is None:
        yield Finding(
            "certificate_chain", severity, "a certificate", seen.unreadable, "Install a certificate on the server."
        )
        return
    expected = {
        "certificate_chain": "a chain of certificates up to a trusted authority",
        "certificate_name": f"a certificate for {probe.tls_name}",
        "certificate_expiry": "a certificate that is valid now",
    }
    remedies = {
        "certificate_chain": "Install the certificate together with its intermediate certificates, or name its "
        "authority in ca_path.",
        "certificate_name": "Get a certificate for this name, or set server_name to the name that clients use.",
        "certificate_expiry": "Renew the certificate, and check the clocks of the server and of this host.",
    }
    checks = {
        "certificate_chain": seen.chain,
        "certificate_name": certificate_name(probe, seen),
        "certificate_expiry": certificate_expiry(seen),
    }
    for name, check in checks.items():
        if not check.ok:
            found = check.text if check.ok is False else f"no answer ({check.text})"
            yield Finding(name, severity, expected[name], found, remedies[name])
    days = (seen.certificate.not_after - seen.seen_at) / 86400
    if checks["certificate_expiry"].ok and days < RENEWAL_DAYS:
        yield Finding(
            "certificate_renewal",
            RECOMMENDED,
            f"a certificate that is renewed {RENEWAL_DAYS} days before its end",
            f"it expires on {timestamp(seen.certificate.not_after)}",
            "Renew the certificate.",
        )


def _of_recipients(probe: Probe, seen: Transcript) -> Iterator[Finding]:
    if seen.sender is not None and seen.sender.code != 250:
        yield Finding(
            "sender_accepted",
            REQUIRED,
            f"MAIL FROM:<{probe.sender}> accepted",
            f"`{seen.sender}`",
            "Look at the server's sender controls; the null sender has to be accepted (RFC 5321 section 6.1)."
            if not probe.sender
            else "Look at the server's sender controls, or use another sender.",
        )
        return
    for recipient in seen.recipients:
        if recipient.reply is None:
            continue  # the failure says why
        if recipient.expected == "accepted" and not recipient.accepted:
            yield _of_refused(recipient)
        elif recipient.expected == "refused" and recipient.accepted is not False:
            yield _of_accepted(recipient)


def _of_refused(recipient: RecipientReply) -> Finding:
    remedy = (
        "Check that the domain is local to the server, and that exactly one entry of its directory has this address."
        if recipient.accepted is False
        else "The server may accept it later: try again, and look at its log."
    )
    expected = f"recipient {recipient.address} accepted"
    return Finding("recipient_accepted", REQUIRED, expected, f"`{recipient.reply}`", remedy)


def _of_accepted(recipient: RecipientReply) -> Finding:
    if recipient.accepted:
        return Finding(
            "recipient_refused",
            REQUIRED,
            f"recipient {recipient.address} refused",
            f"`{recipient.reply}`",
            "The server takes mail that it should not take: for a domain that is not local this is an open relay. "
            "Restrict its relay and recipient controls.",
        )
    return Finding(
        "recipient_refused",
        RECOMMENDED,
        f"recipient {recipient.address} refused for good (5xx)",
        f"`{recipient.reply}`",
        "The server may accept it later: try again, and look at its log.",
    )


def _of_relay(battery: Battery) -> Iterator[Finding]:
    if battery.verdict == "open":
        accepted = "; ".join(
            f"{answer.case.id}: from <{answer.sender}> to <{answer.case.recipient}> `{answer.reply}`"
            for answer in battery.proofs
        )
        yield Finding(
            "relay_open",
            REQUIRED,
            "no relaying for strangers",
            f"an open relay, which accepts {accepted}",
            "Close it now: restrict the inbound relay controls of the Configuration document (on other servers, what "
            "they name relay restrictions). If this host may relay on purpose, probe from one that may not.",
        )
    elif battery.verdict == "undecided":
        yield Finding(
            "relay_undecided",
            RECOMMENDED,
            "no relaying for strangers, proven by refusals",
            battery.doubt,
            "Let the server verify that recipients of its own domains exist, so that hidden addresses are refused."
            if battery.hints
            else "Try again later or from another host, and look at the server's log.",
        )
