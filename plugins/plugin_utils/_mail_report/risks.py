# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reviewer has to look at first: rules over one host and its changes, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ansible_collections.opendomino.mail.plugins.module_utils._directory.items import FORMS
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.evidence import DEGREES, TRUSTED
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    CONSOLE,
    DNS,
    DOCUMENT,
    FAILED,
    HIGH,
    HOST,
    LOW,
    MEDIUM,
    NO_RESULT,
    REQUIRED,
    REVIEW,
    RISK_SEVERITIES,
    UNREACHABLE,
    Change,
    Host,
    NotesDomain,
    Risk,
)

Found = Iterable[tuple[str, str, str, str]]
Rule = Callable[[Host], Found]


def risks(domains: Sequence[NotesDomain], kind: str) -> tuple[Risk, ...]:
    """Return all risks, the gravest first. Of a verification, the findings say what is wrong, so only gaps are left."""
    rules = RULES if kind == REVIEW else GAPS
    found = {
        Risk(name, severity, text, remedy, host.name, domain.name): None
        for domain in domains
        for host in domain.hosts
        for rule in rules
        for name, severity, text, remedy in rule(host)
    }
    names = [rule.__name__ for rule in rules]
    return tuple(
        sorted(
            found,
            key=lambda risk: (
                RISK_SEVERITIES.index(risk.severity),
                names.index(risk.id) if risk.id in names else len(names),
                risk.notes_domain,
                risk.host,
                risk.text,
            ),
        )
    )


def open_relay(host: Host) -> Found:
    """Find an open relay: it is misused within hours, whatever else is right."""
    for finding in host.findings:
        if finding.severity == REQUIRED and "relay" in finding.id:
            yield "open_relay", HIGH, finding.found, finding.remedy


def not_looked_at(host: Host) -> Found:
    """Find a host that could not be looked at: what would change there is not known."""
    if host.status == UNREACHABLE:
        yield "not_looked_at", HIGH, f"The host was not reached: {host.reason}", "Reach it, and run again."
    elif host.status == FAILED:
        where = f" (task: {host.task})" if host.task else ""
        yield (
            "not_looked_at",
            HIGH,
            f"The host was not looked at to the end{where}: {host.reason}",
            "Mend it, and run again.",
        )
    elif host.status == NO_RESULT:
        yield "not_looked_at", HIGH, host.reason or "There is no result of the host.", "Run again."


def relay_controls(host: Host) -> Found:
    """Find a change of who may relay, or through whom mail leaves."""
    for change in _documents(host):
        if "relay" in (change.setting or "").casefold() or "relay" in (change.label or "").casefold():
            yield (
                "relay_controls",
                MEDIUM,
                f"{_where(change)}: {_thing(change)} changes, which is about relaying.",
                "Run verify.yml after the change: it tests for an open relay.",
            )


def listener_opened(host: Host) -> Found:
    """Find a listener that is opened: from then on the host answers strangers."""
    if any(_becomes(change, "smtp_listener_task", "1") for change in _documents(host)):
        yield (
            "listener_opened",
            MEDIUM,
            "The SMTP listener is opened. From then on the host takes connections from the Internet.",
            "Run verify.yml after the change, and check the firewall in front of the host.",
        )


def listener_closed(host: Host) -> Found:
    """Find a listener, or its port, that is closed: mail from the Internet ends."""
    for setting in ("smtp_listener_task", "inbound_tcp_port_status"):
        for change in _documents(host):
            if _becomes(change, setting, "0") and change.before not in (None, "", "0"):
                yield (
                    "listener_closed",
                    HIGH,
                    f"{_where(change)}: {_thing(change)} is disabled.",
                    "Is another host to take its mail?",
                )


def plaintext_out(host: Host) -> Found:
    """Find mail that leaves without TLS even where the other side offers it."""
    if host.wishes.get("outbound_port_status") == "enabled":
        yield (
            "plaintext_out",
            MEDIUM,
            "Mail leaves without TLS, also to those who offer STARTTLS.",
            "Set send_mail_outbound_port_status to negotiated_tls.",
        )


def plaintext_in(host: Host) -> Found:
    """Find mail that comes in without TLS."""
    if host.wishes.get("starttls") == "disabled":
        yield (
            "plaintext_in",
            MEDIUM,
            "The listener offers no STARTTLS; others send their mail to it unprotected.",
            "Give the server a TLS certificate, and set receive_mail_starttls to enabled.",
        )
    elif any(_becomes(change, "inbound_starttls", "0") for change in _documents(host)):
        yield "plaintext_in", MEDIUM, "STARTTLS is taken away from the listener.", "Is that meant?"


def lookup_disabled(host: Host) -> Found:
    """Find Internet address lookup that is off: senders get constructed addresses."""
    wanted = host.wishes.get("internet_address_lookup") == "disabled"
    if wanted or any(_becomes(change, "internet_address_lookup", "0") for change in _documents(host)):
        yield (
            "lookup_disabled",
            MEDIUM,
            (
                "Internet address lookup is disabled. A sender whose message carries no Internet address gets a "
                "constructed one, such as Jane_Doe/Acme%ACME@example.com."
            ),
            "Set notes_domain_internet_address_lookup to enabled.",
        )


def item_not_confirmed(host: Host) -> Found:
    """Find an item whose name is not documented publicly: the server's own design is the last word."""
    for change in _documents(host):
        if change.name and change.evidence and change.evidence not in TRUSTED:
            yield (
                "item_not_confirmed",
                MEDIUM,
                f"{_where(change)}: {_thing(change)} is {change.evidence} ({DEGREES[change.evidence]}).",
                "Look at the document in the Domino Directory after the change.",
            )


def removal(host: Host) -> Found:
    """Find a document or DNS record that is removed."""
    for change in host.changes:
        if change.kind == DOCUMENT and change.action == "deleted":
            yield "removal", HIGH, f"{change.title} is removed.", "Is that meant? Keep a copy of the document."
        elif change.kind == DNS:
            gone = [value for value in change.before or [] if value not in (change.after or [])]
            if gone:
                yield "removal", MEDIUM, f"{change.name}: {', '.join(gone)} is removed from DNS.", "Is that meant?"


def mail_led_elsewhere(host: Host) -> Found:
    """Find an Internet domain whose mail DNS does not lead to the host."""
    published = {
        (change.name, str(value)) for change in host.changes if change.kind == DNS for value in change.after or []
    }
    for domain in host.exchangers:
        if domain.error:
            yield "mail_led_elsewhere", MEDIUM, f"{domain.name}: {domain.error}", "Mend DNS before the change."
        elif host.host_name.casefold() not in [mx.name for mx in domain.exchangers] and not any(
            name.startswith(f"{domain.name}. MX") for name, _value in published
        ):
            yield (
                "mail_led_elsewhere",
                MEDIUM,
                f"The MX records of {domain.name} do not name {host.host_name}.",
                "Publish an MX record for it.",
            )
        for exchanger in domain.exchangers:
            if exchanger.problem and exchanger.name == host.host_name.casefold():
                yield (
                    "mail_led_elsewhere",
                    MEDIUM,
                    f"MX {exchanger.preference} {exchanger.name} of {domain.name} has a problem: {exchanger.problem}.",
                    "Mend DNS before the change.",
                )


def dns_not_looked_at(host: Host) -> Found:
    """Find a host of which nobody looked whether DNS leads mail to it."""
    if host.receives and not host.looked_at_dns and not any(change.kind == DNS for change in host.changes):
        yield (
            "dns_not_looked_at",
            LOW,
            "Nobody looked whether DNS leads mail to the host (receive_mail_check_dns).",
            "Look at the MX records of its Internet domains.",
        )


def server_restart(host: Host) -> Found:
    """Find a Global Domain document that waits for a server restart."""
    if any(change.form == "Domain" for change in _documents(host)):
        yield (
            "server_restart",
            LOW,
            "The Global Domain document changes. Domino reads it at server start only.",
            "Restart the servers of the Notes domain when it suits.",
        )


def task_restart(host: Host) -> Found:
    """Find a server task that is restarted: mail waits for a moment."""
    for change in host.changes:
        if change.kind == CONSOLE and change.name.casefold().startswith("restart task"):
            yield "task_restart", LOW, f'"{change.name}" is sent: mail waits for a moment.', "Choose a quiet moment."


GAPS: tuple[Rule, ...] = (not_looked_at,)
RULES: tuple[Rule, ...] = (
    open_relay,
    not_looked_at,
    listener_closed,
    removal,
    relay_controls,
    plaintext_out,
    plaintext_in,
    lookup_disabled,
    item_not_confirmed,
    mail_led_elsewhere,
    listener_opened,
    dns_not_looked_at,
    server_restart,
    task_restart,
)
#: What a rule is about, as a heading; and the meaning for those who read review.json.
TITLES = {
    "open_relay": "Open relay",
    "not_looked_at": "Host not looked at",
    "listener_closed": "Listener closed",
    "removal": "Something is removed",
    "relay_controls": "Relaying",
    "plaintext_out": "Mail leaves unprotected",
    "plaintext_in": "Mail comes in unprotected",
    "lookup_disabled": "Internet address lookup off",
    "item_not_confirmed": "Item not confirmed in public",
    "mail_led_elsewhere": "DNS does not lead mail here",
    "listener_opened": "Listener opened",
    "dns_not_looked_at": "DNS not looked at",
    "server_restart": "Waits for a server restart",
    "task_restart": "Server task restarted",
}


def _documents(host: Host) -> Iterable[Change]:
    return (change for change in host.changes if change.kind == DOCUMENT)


def _becomes(change: Change, setting: str, value: str) -> bool:
    return change.setting == setting and str(change.after) == value


def _where(change: Change) -> str:
    """Return what document it is; the host's own needs no name, so that hosts have the risk in common."""
    return FORMS[change.form].title if change.scope == HOST and change.form else change.title


def _thing(change: Change) -> str:
    return f'"{change.label}" [{change.name}]' if change.label else f"item {change.name}"
