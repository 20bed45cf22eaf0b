# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what follows from the open-relay test of a listener that a role has just changed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

PASS, WARN, FAIL = "pass", "warn", "fail"
#: What an undecided test does; `auto` fails where the role opened the listener and the probe came from outside.
UNDECIDED = ("auto", WARN, FAIL)

_CLOSE = "Restrict the inbound relay controls of the Configuration document, then run again."


@dataclass(frozen=True)
class Decision:
    """What a role does after the test.

    `action` is pass, warn or fail. `tested` is whether the listener answered. `undo` is whether the changes of this run
    are undone, which includes closing a listener that they opened.
    """

    action: str
    verdict: str
    tested: bool
    outside: bool
    undo: bool
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Return the decision as plain data."""
        return asdict(self)


def decide(
    probe: Mapping[str, Any],
    *,
    host: str,
    internet_domains: Iterable[str],
    opened: bool,
    undecided: str = "auto",
) -> Decision:
    """Return what follows from the result of smtp_probe for one listener.

    `opened` is whether the role itself opened the listener. A probe host that could not be reached, a module that
    failed and a listener that did not answer are no test.
    """
    first = next(iter(probe.get("probes") or ()), None) or {}
    relay = first.get("relay") or {}
    if not relay or not first.get("banner"):
        reason = _why_untested(probe, first)
        return Decision(
            FAIL, "undecided", False, False, False, f"{host} could not be tested for an open relay: {reason}"
        )
    verdict = str(relay.get("verdict", "undecided"))
    client = relay.get("client") or {}
    outside = _is_outside(client, str(first.get("address") or ""), internet_domains)
    if verdict == "closed":
        return Decision(PASS, verdict, True, outside, False, "")
    where = _where(client, outside=outside)
    if verdict == "open":
        proof = _finding(first, "relay_open") or "an open relay."
        message = f"{host} is {proof} {where} {_CLOSE}{'' if outside else _INSIDE}"
        return Decision(FAIL, verdict, True, outside, True, message)
    if undecided == "auto":
        action = FAIL if opened and outside and not relay.get("plain_is_refused") else WARN
    else:
        action = undecided
    message = f"{host}: the open-relay test is undecided: {_doubt(relay)}. {where} {_remedy(relay, outside=outside)}"
    return Decision(action, verdict, True, outside, action == FAIL, message)


_INSIDE = (
    " A host of the server's own Internet domain may be allowed to relay; set verify_mail_probe_from to another one."
)


def _why_untested(probe: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    if probe.get("unreachable"):
        reason = f"the host that probes (verify_mail_probe_from) cannot be reached: {probe.get('msg', '')}"
    elif first:
        error = first.get("error") or {}
        reason = f"its SMTP listener did not answer: {error.get('text') or 'there was no greeting'}"
    else:
        reason = str(probe.get("msg") or "the probe returned no result")
    port = first.get("port", 25)
    return f"{reason.rstrip('. ')}. Make port {port} of the host reachable for verify_mail_probe_from, then run again."


def _is_outside(client: Mapping[str, Any], server: str, internet_domains: Iterable[str]) -> bool:
    """Return whether the probe came from outside: from another host, whose name is in none of the server's domains."""
    address, name = str(client.get("address") or ""), str(client.get("name") or "").lower().rstrip(".")
    try:
        if ipaddress.ip_address(address.partition("%")[0]).is_loopback or address == server:
            return False
    except ValueError:
        return False
    domains = [domain.lower().rstrip(".") for domain in internet_domains]
    return not any(name == domain or name.endswith(f".{domain}") for domain in domains)


def _where(client: Mapping[str, Any], *, outside: bool) -> str:
    name = client.get("name") or "no name"
    place = "outside the server's Internet domains" if outside else "the server's own host or Internet domain"
    address = client.get("address") or "an unknown address"
    return f"The probe came from {address} ({name}), which is {place}."


def _doubt(relay: Mapping[str, Any]) -> str:
    """Return why the test is undecided; of many hidden addresses, one is named."""
    hidden = [case for case in relay.get("cases") or () if case["outcome"] == "accepted" and not case["proves"]]
    if not (relay.get("plain_is_refused") and hidden):
        return str(relay.get("reason") or "no reason was given")
    count = f"{len(hidden)} recipients" if len(hidden) > 1 else "a recipient"
    return (
        f"recipients that are plainly foreign were refused, but {count} of its own with a foreign address in the local "
        f"part, such as <{hidden[0]['recipient']}>, were accepted like every other local part"
    )


def _remedy(relay: Mapping[str, Any], *, outside: bool) -> str:
    if relay.get("plain_is_refused"):
        return "Let the server verify that its own recipients exist, and such addresses are refused as well."
    if not outside:
        return "Set verify_mail_probe_from to a host outside the server's Internet domains, then run again."
    return (
        "Set verify_mail_relay_sender to an address that the server accepts mail from and verify_mail_relay_recipient "
        "to one that can receive mail, or set receive_mail_relay_undecided to warn."
    )


def _finding(first: Mapping[str, Any], name: str) -> str:
    found = [str(finding["found"]) for finding in first.get("findings") or () if finding.get("id") == name]
    return f"{'; '.join(found)}." if found else ""
